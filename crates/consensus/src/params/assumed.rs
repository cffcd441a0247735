//! Coins that are known to be right after a block, whoever hands them on.

use bitcoin::BlockHash;

use super::parse_hash;

/// All coins after a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AssumedCoins {
    /// The block's height.
    pub height: u32,
    /// The block.
    pub block: BlockHash,
    /// The coins' hash (`hash_serialized_3`), the last byte that is shown first.
    pub hash: [u8; 32],
    /// How many transactions there are up to the block.
    pub transactions: u64,
}

/// Those of the chain that upstream's tests of snapshots make: upstream names some on regtest alone. It names others at
/// height 200, of a block that it does not name, so that no file is ever of it.
pub(super) fn regtest() -> Vec<AssumedCoins> {
    vec![AssumedCoins {
        height: 110,
        block: parse_hash("07fbf5f448734557e1f33b6919c0e6b93828f0eef1a5938519d8b18d6bfd7510"),
        hash: *parse_hash("6657b736d4fe4db0cbc796789e812d5dba7f5c143764b1b6905612f1830609d1").as_ref(),
        transactions: 111,
    }]
}

impl super::Params {
    /// The coins that are taken for right after a block, if any are.
    ///
    /// None are since the NEVM: coins do not say what blocks before committed to, and which of the NEVM's transactions made
    /// tokens.
    #[must_use]
    pub fn assumed_coins_of(&self, block: &BlockHash) -> Option<&AssumedCoins> {
        self.assumed_coins
            .iter()
            .find(|assumed| assumed.block == *block)
            .filter(|assumed| !self.heights.nevm.is_active(assumed.height))
    }
}

#[cfg(test)]
mod tests {
    use crate::activation::Activation;
    use crate::network::Network;
    use crate::params::Params;

    #[test]
    fn coins_since_the_nevm_are_not_taken_for_right() {
        let mut params = Params::new(Network::Regtest);
        let assumed = params.assumed_coins[0];
        assert!(params.assumed_coins_of(&assumed.block).is_some());
        params.heights.nevm = Activation::at(assumed.height);
        assert!(params.assumed_coins_of(&assumed.block).is_none());
    }
}
