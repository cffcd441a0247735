//! What differs from chain to chain.
//!
//! Owns the parameters of the four chains and what regtest's options change in them. Nothing here is read from a file or
//! a command line: options come as text of a single value.

mod assumed;
mod deployment;
mod genesis;
mod main;
mod options;
mod regtest;
mod signet;
mod test;

use std::time::Duration;

use bitcoin::{Amount, BlockHash, ScriptBuf, Target, Work};

pub use assumed::AssumedCoins;
pub use deployment::{BuriedDeployment, Deployment, DeploymentStart, VersionBitsDeployment};
pub use genesis::Genesis;
pub use options::{HeightOption, OptionError};

use crate::activation::Activation;
use crate::limits::COIN;
use crate::network::Network;

/// The rules of one chain.
#[derive(Debug, Clone)]
pub struct Params {
    /// Which chain.
    pub network: Network,
    /// What the first block is made of.
    pub genesis: Genesis,
    /// What each message between peers, and each block in a block file, begins with.
    pub magic: [u8; 4],
    /// The default TCP port for peers.
    pub p2p_port: u16,
    /// How addresses and keys are written.
    pub address: AddressParams,
    /// What merge-mined blocks must say.
    pub aux_pow: AuxPowParams,
    /// How much work a block takes.
    pub work: WorkParams,
    /// What a block creates.
    pub subsidy: SubsidySchedule,
    /// Blocks from one to the next that may pay for what masternodes voted for, at the NEVM's pace; before the NEVM there
    /// are 2.5 times as many. None where there are no masternodes.
    pub superblock_cycle: Option<u32>,
    /// What a masternode locks up.
    pub masternode_collateral: Amount,
    /// The NEVM beside the chain.
    pub nevm: NevmParams,
    /// When rules begin to hold.
    pub heights: Heights,
    /// When blocks must carry a quorum commitment; none where there are no quorums.
    pub quorum: Option<QuorumSchedule>,
    /// What a block must be signed for (BIP 325); none where blocks are not signed.
    pub signet_challenge: Option<ScriptBuf>,
    /// Blocks that the chain is known to hold, by ascending height.
    pub checkpoints: &'static [(u32, &'static str)],
    /// Scripts of this block and all before it are taken to be valid (`-assumevalid`).
    pub assume_valid: Option<BlockHash>,
    /// They run nevertheless in blocks that are followed by no more work than miners do in this time: whoever could make
    /// users assume that a wrong block is valid would have to work on it that long.
    pub assume_valid_after: Duration,
    /// Chains with less work are not taken to be the best one (`-minimumchainwork`).
    pub minimum_chain_work: Work,
    /// Coins that `loadtxoutset` takes for right.
    pub assumed_coins: Vec<AssumedCoins>,
    /// Rules that miners vote for (BIP 9).
    pub deployments: [Deployment; VersionBitsDeployment::ALL.len()],
    /// In how many of [`miner_confirmation_window`](Self::miner_confirmation_window) blocks miners must vote for a rule.
    pub rule_change_threshold: u32,
    /// How many blocks a vote takes.
    pub miner_confirmation_window: u32,
}

impl Params {
    /// The parameters of a chain, without any options.
    #[must_use]
    pub fn new(network: Network) -> Self {
        match network {
            Network::Main => main::params(),
            Network::Test => test::params(),
            Network::Signet => signet::params(),
            Network::Regtest => regtest::params(),
        }
    }

    /// Whether a block of this height may have version 1, which says nothing of merge mining.
    #[must_use]
    pub fn allows_legacy_blocks(&self, height: u32) -> bool {
        !self.heights.no_legacy_blocks.is_active(height)
    }

    /// The hash that the block of this height must have, if the chain has a checkpoint there.
    #[must_use]
    pub fn checkpoint(&self, height: u32) -> Option<BlockHash> {
        self.checkpoints
            .binary_search_by_key(&height, |(height, _)| *height)
            .ok()
            .map(|index| parse_hash(self.checkpoints[index].1))
    }

    /// The height of the last checkpoint.
    #[must_use]
    pub fn last_checkpoint(&self) -> Option<u32> {
        self.checkpoints.last().map(|(height, _)| *height)
    }

    /// The address of the NEVM's contract that froze the tokens which a block of this height makes.
    #[must_use]
    pub fn bridge_contract(&self, height: u32) -> &[u8; 20] {
        match self.heights.bridge_v2.is_active(height) {
            true => &self.nevm.second_bridge,
            false => &self.nevm.bridge,
        }
    }

    /// The rule that miners vote for.
    #[must_use]
    pub fn deployment(&self, deployment: VersionBitsDeployment) -> &Deployment {
        &self.deployments[deployment as usize]
    }
}

/// The NEVM beside the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NevmParams {
    /// The number of its chain.
    pub chain_id: u64,
    /// The address of the contract that freezes tokens which are made here.
    pub bridge: [u8; 20],
    /// The one that does so since the second bridge.
    pub second_bridge: [u8; 20],
}

/// How addresses and keys are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressParams {
    /// The first byte of a base58 address that pays to a key's hash.
    pub public_key: u8,
    /// The first byte of a base58 address that pays to a script's hash.
    pub script: u8,
    /// The first byte of a private key in wallet import format.
    pub secret_key: u8,
    /// What an extended public key begins with (BIP 32).
    pub extended_public_key: [u8; 4],
    /// What an extended private key begins with (BIP 32).
    pub extended_secret_key: [u8; 4],
    /// What a bech32 address begins with (BIP 173); `-hrp` changes main's.
    pub hrp: String,
}

/// What merge-mined blocks must say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuxPowParams {
    /// The chain's number in the version of its merge-mined blocks.
    pub chain_id: i32,
    /// The number before the rules of DIP3.
    pub old_chain_id: i32,
    /// Whether blocks with another number are refused, and parents with this number.
    pub strict_chain_id: bool,
}

/// How much work a block takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkParams {
    /// The easiest target.
    pub limit: Target,
    /// How long the blocks between two retargets should take, in seconds.
    pub timespan: u32,
    /// How long a block should take before the NEVM, in seconds.
    pub spacing_before_nevm: u32,
    /// How long a block should take from the NEVM's first block on, in seconds.
    pub spacing: u32,
    /// After how many seconds without a block the easiest target will do; `None` where it never does.
    pub minimum_difficulty_after: Option<u32>,
    /// Whether the target ever changes.
    pub retargeting: Retargeting,
}

/// Whether the target ever changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retargeting {
    /// It follows the time that blocks took.
    Follows,
    /// It stays as it is.
    Fixed,
}

/// What a block creates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubsidySchedule {
    /// 50 coins, halved after each `interval` blocks.
    Halving {
        /// In blocks.
        interval: u32,
    },
    /// 5 % less after each `interval` blocks of the NEVM's pace, of which the blocks before the NEVM count as 0.4.
    Yearly {
        /// In blocks.
        interval: u32,
    },
    /// As [`Yearly`](Self::Yearly), but from the NEVM on all blocks count in full, also those before it.
    YearlyRecounted {
        /// In blocks.
        interval: u32,
    },
}

/// When rules begin to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heights {
    /// BIP 34: the coinbase begins with the block's height.
    pub bip34: Activation,
    /// BIP 65: `OP_CHECKLOCKTIMEVERIFY`.
    pub bip65: Activation,
    /// BIP 66: strict signatures.
    pub bip66: Activation,
    /// BIP 68, 112 and 113: relative lock times and median time past.
    pub csv: Activation,
    /// BIP 141, 143 and 147: witnesses.
    pub segwit: Activation,
    /// No block of version 1 any more.
    pub no_legacy_blocks: Activation,
    /// Narrow limits for each retarget.
    pub bridge: Activation,
    /// Masternodes, and versions with the new chain number.
    pub dip3: Activation,
    /// Masternodes are paid.
    pub dip3_enforcement: Activation,
    /// Basic BLS signatures.
    pub v19: Activation,
    /// Blob transactions.
    pub poda: Activation,
    /// NEVM data in blocks, and 150 seconds for each.
    pub nevm: Activation,
    /// Syscoin 5: assets, quorum commitments in coinbases, tags in parents.
    pub nexus: Activation,
    /// The second bridge.
    pub bridge_v2: Activation,
    /// ChainLocks' receipts in coinbases.
    pub chainlock_receipts: Activation,
    /// Masternodes' checkpoints of Bitcoin.
    pub bitcoin_checkpoints: Activation,
}

/// In which blocks quorum commitments are expected.
///
/// # Consensus
/// DIP 6 <https://github.com/dashpay/dips/blob/master/dip-0006.md>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuorumSchedule {
    /// Members of a quorum.
    pub size: u16,
    /// Blocks between the sessions that form one.
    pub interval: u32,
    /// The first block of a session that must carry the commitment, counted from the session's first, which is 0.
    pub window_start: u32,
    /// The last one.
    pub window_end: u32,
}

/// What a masternode locks up, but for regtest's `-mncollateral`.
const MASTERNODE_COLLATERAL: Amount = Amount::from_sat(100_000 * COIN);

/// The first bridge's contract, which has one address on all chains.
pub(crate) const BRIDGE: [u8; 20] = [
    0x79, 0x04, 0x29, 0x9b, 0x3d, 0x3d, 0xc1, 0xb0, 0x3d, 0x1d, 0xde, 0xb4, 0x5e, 0x9f, 0xdf, 0x35, 0x76,
    0xac, 0xbd, 0x5f,
];

/// The second bridge's contract on the public chains.
const SECOND_BRIDGE: [u8; 20] = [
    0x28, 0xbd, 0x37, 0xc0, 0x92, 0x65, 0x75, 0xf2, 0x56, 0x8e, 0xa8, 0xf2, 0x97, 0xc0, 0x74, 0x5e, 0xf1,
    0x61, 0x74, 0xab,
];

/// How much work must follow a block that is taken to be valid; a tenth of it is enough on regtest.
const ASSUME_VALID_AFTER: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// A hash of the tables of this module.
fn parse_hash(hex: &str) -> BlockHash {
    hex.parse()
        .expect("tables hold hashes of 64 digits: a test reads all of them")
}

/// A number of the tables of this module.
fn parse_work(hex: &str) -> Work {
    Work::from_unprefixed_hex(hex).expect("tables hold numbers in hexadecimal: a test reads all of them")
}

/// A target of the tables of this module.
fn parse_target(hex: &str) -> Target {
    Target::from_unprefixed_hex(hex).expect("tables hold numbers in hexadecimal: a test reads all of them")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_can_be_read_and_ascend() {
        for network in Network::ALL {
            let params = Params::new(network);
            assert_eq!(params.network, network);
            for (height, hash) in params.checkpoints {
                assert_eq!(
                    params.checkpoint(*height).expect("it is there").to_string(),
                    *hash
                );
            }
            assert!(
                params.checkpoints.is_sorted_by_key(|(height, _)| *height),
                "{network}"
            );
            assert!(params.work.limit > Target::ZERO);
            assert_eq!(params.work.timespan % params.work.spacing, 0);
            assert_eq!(params.work.timespan % params.work.spacing_before_nevm, 0);
        }
        assert_eq!(Params::new(Network::Main).checkpoint(251), None);
        assert_eq!(Params::new(Network::Main).last_checkpoint(), Some(1_632_040));
        assert_eq!(
            Params::new(Network::Main).minimum_chain_work.to_be_bytes()[20..],
            [
                0x5f, 0x7d, 0xbe, 0x37, 0x90, 0xa6, 0x5f, 0x44, 0x0b, 0xac, 0x51, 0xd0
            ]
        );
    }

    #[test]
    fn a_tenth_of_two_weeks_is_enough_on_regtest() {
        for network in Network::ALL {
            let expected = match network {
                Network::Regtest => 120_960,
                _ => 1_209_600,
            };
            let after = Params::new(network).assume_valid_after;
            assert_eq!(after, Duration::from_secs(expected), "{network}");
        }
    }

    #[test]
    fn checkpoints_of_the_first_blocks_are_the_genesis_blocks() {
        let params = Params::new(Network::Regtest);
        assert_eq!(params.checkpoint(0), Some(params.genesis.hash()));
    }
}
