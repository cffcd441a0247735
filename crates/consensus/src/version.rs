//! What a block's version says beside the votes for rules.
//!
//! Bit 8 marks merge mining, bit 7 NEVM data, and the bits from 16 on hold the chain's number.

use bitcoin::block::Version;
use thiserror::Error;

use crate::network::Network;
use crate::params::Params;

/// The bit of merge-mined blocks.
pub const AUX_POW_BIT: i32 = 1 << 8;

/// The bit of blocks with NEVM data.
pub const NEVM_BIT: i32 = 1 << 7;

/// Where the chain's number begins.
const CHAIN_ID_SHIFT: u32 = 16;

/// The chain's number today, in its place; it is this one whatever the chain's parameters say.
const CHAIN_ID: i32 = 16 << CHAIN_ID_SHIFT;

/// The chain's number before DIP3, in its place.
const OLD_CHAIN_ID: i32 = 4096 << CHAIN_ID_SHIFT;

/// The three bits above those of votes and chain numbers.
const TOP_BITS: i32 = 0b111 << 28;

/// Whether the block is merge-mined.
#[must_use]
pub fn is_aux_pow(version: Version) -> bool {
    version.to_consensus() & AUX_POW_BIT != 0
}

/// Whether NEVM data follows the block's transactions.
#[must_use]
pub fn is_nevm(version: Version) -> bool {
    version.to_consensus() & NEVM_BIT != 0
}

/// Whether the block says nothing of merge mining.
#[must_use]
pub fn is_legacy(version: Version) -> bool {
    version.to_consensus() == 1
}

/// The number of a merge-mined block's chain: 0 in a block that is not merge-mined, and before DIP3.
#[must_use]
pub fn chain_id(version: Version) -> i32 {
    if is_aux_pow(version) {
        (version.to_consensus() >> CHAIN_ID_SHIFT) & 0x1f
    } else {
        0
    }
}

/// The number of a merge-mined block's chain as it was written before DIP3.
#[must_use]
pub fn old_chain_id(version: Version) -> i32 {
    if is_aux_pow(version) {
        (version.to_consensus() >> CHAIN_ID_SHIFT) & 0x1fff
    } else {
        0
    }
}

/// The version of a block that is to be merge-mined for the chain of this number, made of one that is not.
#[must_use]
pub fn merge_mined(version: Version, chain_id: i32) -> Version {
    Version::from_consensus(version.to_consensus() | AUX_POW_BIT | chain_id << CHAIN_ID_SHIFT)
}

/// The version without merge mining, by the rules of the block's height.
#[must_use]
pub fn base_version(version: Version, height: u32, params: &Params) -> i32 {
    let chain_id = if params.heights.dip3.is_active(height) {
        CHAIN_ID
    } else {
        OLD_CHAIN_ID
    };
    version.to_consensus() & !AUX_POW_BIT & !chain_id
}

/// A version that a block of its height may not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum VersionError {
    /// Version 1 where blocks must say whether they are merge-mined.
    #[error("late-legacy-block")]
    LateLegacy,
    /// A block without NEVM data where there must be some.
    #[error("nevm-version-expected")]
    NevmExpected,
    /// A base version that is too old, or another chain's number.
    #[error("bad-version(0x{base:08x}), rejected nVersion=0x{version:08x} block")]
    Bad {
        /// The version without merge mining.
        base: i32,
        /// The whole version.
        version: i32,
    },
}

/// Checks that a block's version is not merge mining's first.
///
/// # Errors
/// [`VersionError::LateLegacy`].
pub fn check_legacy(version: Version, height: u32, params: &Params) -> Result<(), VersionError> {
    if is_legacy(version) && !params.allows_legacy_blocks(height) {
        return Err(VersionError::LateLegacy);
    }
    Ok(())
}

/// Checks what a block's version says of NEVM data, rules and chain.
///
/// # Consensus
/// BIP 34, 65 and 66 each ask for a higher base version. The public test chain asks for none from DIP3 on.
///
/// # Errors
/// [`VersionError::NevmExpected`] and [`VersionError::Bad`].
pub fn check_base(version: Version, height: u32, params: &Params) -> Result<(), VersionError> {
    let heights = &params.heights;
    if heights.nevm.is_active(height) && !is_nevm(version) && params.network != Network::Regtest {
        return Err(VersionError::NevmExpected);
    }
    let base = base_version(version, height, params);
    let is_outdated = (base < 2 && heights.bip34.is_active(height))
        || (base < 3 && heights.bip66.is_active(height))
        || (base < 4 && heights.bip65.is_active(height));
    let is_bad = if heights.dip3.is_active(height) {
        let is_foreign = (base & !TOP_BITS) >= 1 << CHAIN_ID_SHIFT;
        params.network != Network::Test && (is_outdated || is_foreign)
    } else {
        is_outdated
    };
    if is_bad {
        return Err(VersionError::Bad {
            base,
            version: version.to_consensus(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(network: Network, height: u32, version: i32) -> Result<(), String> {
        let params = Params::new(network);
        let version = Version::from_consensus(version);
        check_legacy(version, height, &params)
            .and_then(|()| check_base(version, height, &params))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn versions_of_regtests_miner_are_accepted() {
        for (height, version) in [
            (1, 0x2000_0000),
            (144, 0x3000_0000),
            (431, 0x3000_0000),
            (432, 0x2010_0000),
        ] {
            assert_eq!(check(Network::Regtest, height, version), Ok(()), "{height}");
        }
    }

    #[test]
    fn merge_mined_versions_of_each_era_are_accepted() {
        assert_eq!(check(Network::Main, 1_004_199, 0x3000_0104), Ok(()));
        assert_eq!(check(Network::Main, 1_004_200, 0x2010_0104), Ok(()));
        assert_eq!(check(Network::Main, 1_317_500, 0x2010_0184), Ok(()));
        assert_eq!(check(Network::Test, 840_000, 0x2008_0184), Ok(()));
        assert_eq!(check(Network::Signet, 840_000, 0x2000_0000), Ok(()));
    }

    #[test]
    fn wrong_versions_are_refused_in_upstreams_words() {
        let bad = |base: &str, version: &str| {
            Err(format!(
                "bad-version(0x{base}), rejected nVersion=0x{version} block"
            ))
        };
        for (network, height, version, expected) in [
            (Network::Regtest, 0, 1, Err("late-legacy-block".to_owned())),
            (Network::Regtest, 5, 1, Err("late-legacy-block".to_owned())),
            (Network::Main, 1, 1, Err("late-legacy-block".to_owned())),
            (Network::Regtest, 5, 3, bad("00000003", "00000003")),
            (Network::Regtest, 5, 0x103, bad("00000003", "00000103")),
            (Network::Regtest, 5, 0, bad("00000000", "00000000")),
            (Network::Regtest, 500, i32::MIN, bad("80000000", "80000000")),
            (Network::Regtest, 500, 0x2011_0000, bad("20010000", "20110000")),
            (Network::Regtest, 500, 0x0100_0004, bad("01000004", "01000004")),
            (Network::Main, 1_004_200, 0x2008_0104, bad("20080004", "20080104")),
            (
                Network::Main,
                1_317_500,
                0x2010_0104,
                Err("nevm-version-expected".to_owned()),
            ),
        ] {
            assert_eq!(
                check(network, height, version),
                expected,
                "{network} {height} {version:x}"
            );
        }
    }

    #[test]
    fn chain_numbers_are_read_of_merge_mined_versions_alone() {
        for (version, id, old_id) in [
            (0x2010_0104, 16, 16),
            (0x1000_0104, 0, 0x1000),
            (0x2010_0004, 0, 0),
        ] {
            let version = Version::from_consensus(version);
            assert_eq!((chain_id(version), old_chain_id(version)), (id, old_id));
        }
    }
}
