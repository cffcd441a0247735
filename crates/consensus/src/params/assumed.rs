//! Coins that are known to be right after a block, whoever hands them on.

use super::Params;
use crate::network::Network;

/// All coins after a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AssumedCoins {
    /// The block's height.
    pub height: u32,
    /// The block's hash, as it is shown.
    pub block: &'static str,
    /// The coins' hash (`hash_serialized_3`), as it is shown.
    pub hash: &'static str,
    /// How many transactions there are up to the block.
    pub transactions: u64,
}

/// Those of the chain that upstream's tests of snapshots make.
const REGTEST: &[AssumedCoins] = &[AssumedCoins {
    height: 110,
    block: "07fbf5f448734557e1f33b6919c0e6b93828f0eef1a5938519d8b18d6bfd7510",
    hash: "6657b736d4fe4db0cbc796789e812d5dba7f5c143764b1b6905612f1830609d1",
    transactions: 111,
}];

impl Params {
    /// The coins that `loadtxoutset` takes for right: upstream names some on regtest alone.
    #[must_use]
    pub fn assumed_coins(&self) -> &'static [AssumedCoins] {
        match self.network {
            Network::Regtest => REGTEST,
            Network::Main | Network::Test | Network::Signet => &[],
        }
    }
}
