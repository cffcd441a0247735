//! Options that are one number, or two: heights of rules, what a masternode needs, and how large a quorum is.

use bitcoin::Amount;

use super::{OptionError, Params, activation, parse_i32};
use crate::limits::{COIN, MAX_MONEY};

/// A rule of regtest whose height is the value of an option of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeightOption {
    /// `-nevmstartheight`
    Nevm,
    /// `-clreceiptstartheight`
    ChainLockReceipts,
    /// `-btccstartheight`
    BitcoinCheckpoints,
    /// `-bridgev2startheight`
    BridgeV2,
}

impl HeightOption {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Nevm,
        Self::ChainLockReceipts,
        Self::BitcoinCheckpoints,
        Self::BridgeV2,
    ];

    /// The option's name, without the hyphen.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Nevm => "nevmstartheight",
            Self::ChainLockReceipts => "clreceiptstartheight",
            Self::BitcoinCheckpoints => "btccstartheight",
            Self::BridgeV2 => "bridgev2startheight",
        }
    }
}

impl Params {
    /// Moves a rule to a height. Heights below zero have been passed by every block.
    pub fn set_height(&mut self, option: HeightOption, height: i64) {
        let height = i32::try_from(height.max(0)).unwrap_or(i32::MAX);
        let place = match option {
            HeightOption::Nevm => &mut self.heights.nevm,
            HeightOption::ChainLockReceipts => &mut self.heights.chainlock_receipts,
            HeightOption::BitcoinCheckpoints => &mut self.heights.bitcoin_checkpoints,
            HeightOption::BridgeV2 => &mut self.heights.bridge_v2,
        };
        *place = activation(height);
    }

    /// Sets how many coins a masternode locks up: the value of `-mncollateral`, which upstream reads as a number of 32
    /// bits without a sign.
    pub fn set_masternode_collateral(&mut self, coins: i64) {
        let [.., a, b, c, d] = coins.to_be_bytes();
        let coins = u64::from(u32::from_be_bytes([a, b, c, d]));
        self.masternode_collateral = Amount::from_sat((coins * COIN).min(MAX_MONEY));
    }

    /// Sets how many members a quorum has, by the value of `-llmqtestparams`: `size:threshold`. How many of them must agree
    /// matters to quorums alone, of which there are none here.
    ///
    /// # Errors
    /// [`OptionError`] if the value has another form. Nothing is changed then.
    pub fn set_quorum_size(&mut self, value: &str) -> Result<(), OptionError> {
        let parts: Vec<&str> = value.split(':').collect();
        let [size, threshold] = parts[..] else {
            return Err(OptionError::QuorumFormat);
        };
        let invalid_size = || OptionError::QuorumSize(size.to_owned());
        let size = parse_i32(size).ok_or_else(invalid_size)?;
        parse_i32(threshold).ok_or_else(|| OptionError::QuorumThreshold(threshold.to_owned()))?;
        let size = u16::try_from(size).map_err(|_range| invalid_size())?;
        if let Some(quorum) = &mut self.quorum {
            quorum.size = size;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bitcoin::BlockHash;
    use bitcoin::hashes::Hash as _;

    use super::*;
    use crate::activation::Activation;
    use crate::block::{is_superblock_height, null_commitment};
    use crate::network::Network;

    #[test]
    fn heights_move_the_rule_they_name() {
        for option in HeightOption::ALL {
            let mut params = Params::new(Network::Regtest);
            params.set_height(option, 17);
            let heights = &params.heights;
            for (other, found) in [
                (HeightOption::Nevm, heights.nevm),
                (HeightOption::ChainLockReceipts, heights.chainlock_receipts),
                (HeightOption::BitcoinCheckpoints, heights.bitcoin_checkpoints),
                (HeightOption::BridgeV2, heights.bridge_v2),
            ] {
                assert_eq!(
                    found == Activation::at(17),
                    option == other,
                    "{option:?} {other:?}"
                );
            }
            params.set_height(option, -1);
            assert_eq!(
                params.heights.bridge_v2 == Activation::at(0),
                option == HeightOption::BridgeV2
            );
        }
    }

    #[test]
    fn superblocks_follow_the_nevm() {
        let mut params = Params::new(Network::Regtest);
        assert!(!is_superblock_height(20, &params));
        params.set_height(HeightOption::Nevm, 20);
        assert!(is_superblock_height(20, &params));
    }

    #[test]
    fn quorums_have_the_size_that_is_asked_for() {
        let mut params = Params::new(Network::Regtest);
        params.set_quorum_size("17:9").unwrap();
        let quorum = params.quorum.unwrap();
        assert_eq!(quorum.size, 17);
        let session = BlockHash::all_zeros();
        // Three bytes for each of two lists of members, instead of one.
        assert_eq!(null_commitment(442, session, &quorum).len(), 316 + 4);
        let malformed = "LLMQ_TEST parameters malformed, expecting <size>:<threshold>";
        for (value, text) in [
            ("", malformed),
            ("1", malformed),
            ("1:2:3", malformed),
            ("x:2", "Invalid LLMQ_TEST size (x)"),
            ("-1:2", "Invalid LLMQ_TEST size (-1)"),
            ("3:", "Invalid LLMQ_TEST threshold ()"),
        ] {
            assert_eq!(
                params.set_quorum_size(value).unwrap_err().to_string(),
                text,
                "{value}"
            );
            assert_eq!(params.quorum.unwrap().size, 17);
        }
    }

    #[test]
    fn collaterals_are_whole_coins() {
        let mut params = Params::new(Network::Regtest);
        assert_eq!(params.masternode_collateral, Amount::from_sat(100_000 * COIN));
        params.set_masternode_collateral(100);
        assert_eq!(params.masternode_collateral, Amount::from_sat(100 * COIN));
        params.set_masternode_collateral(1 << 32 | 7);
        assert_eq!(params.masternode_collateral, Amount::from_sat(7 * COIN));
    }
}
