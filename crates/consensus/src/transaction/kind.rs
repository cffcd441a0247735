//! What a transaction's version stands for.

use bitcoin::Transaction;
use thiserror::Error;

use crate::error::TransactionResult;
use crate::params::Params;

/// What a transaction is, by its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionKind {
    /// One as Bitcoin's.
    Ordinary,
    /// 80: a masternode registers.
    MasternodeRegister,
    /// 81: its operator changes where it can be found.
    MasternodeUpdateService,
    /// 82: its owner changes who operates it.
    MasternodeUpdateRegistrar,
    /// 83: its operator gives it up.
    MasternodeRevoke,
    /// 85: a coinbase with a quorum's commitment.
    QuorumCommitment,
    /// 137: a blob's hash.
    Blob,
    /// 138: tokens become coins.
    AssetToCoin,
    /// 139: coins become tokens.
    CoinToAsset,
    /// 140: tokens come from the NEVM.
    AssetMint,
    /// 141: tokens go to the NEVM.
    AssetToNevm,
    /// 142: tokens change hands.
    AssetSend,
    /// 128 and 0x7400: as 138 before Nexus.
    LegacyAssetToCoin,
}

impl TransactionKind {
    /// What this transaction is.
    #[must_use]
    pub fn of(transaction: &Transaction) -> Self {
        match transaction.version.0 {
            80 => Self::MasternodeRegister,
            81 => Self::MasternodeUpdateService,
            82 => Self::MasternodeUpdateRegistrar,
            83 => Self::MasternodeRevoke,
            85 => Self::QuorumCommitment,
            128 | 0x7400 => Self::LegacyAssetToCoin,
            137 => Self::Blob,
            138 => Self::AssetToCoin,
            139 => Self::CoinToAsset,
            140 => Self::AssetMint,
            141 => Self::AssetToNevm,
            142 => Self::AssetSend,
            _ => Self::Ordinary,
        }
    }

    /// Whether it says which of its outputs hold tokens.
    #[must_use]
    pub fn is_asset(self) -> bool {
        matches!(
            self,
            Self::AssetToCoin | Self::CoinToAsset | Self::AssetMint | Self::AssetToNevm | Self::AssetSend
        )
    }

    /// Whether it concerns a masternode.
    #[must_use]
    pub fn is_masternode(self) -> bool {
        matches!(
            self,
            Self::MasternodeRegister
                | Self::MasternodeUpdateService
                | Self::MasternodeUpdateRegistrar
                | Self::MasternodeRevoke
        )
    }

    /// Whether the coins of its first output come from burnt tokens and not from its inputs.
    #[must_use]
    pub fn creates_first_output(self) -> bool {
        matches!(self, Self::AssetToCoin | Self::LegacyAssetToCoin)
    }
}

/// A version that no transaction of a block of its height may have. Upstream gives no reason for refusing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum VersionRuleError {
    /// Tokens before Nexus.
    #[error("asset transaction before nexus")]
    AssetBeforeNexus,
    /// Nexus has another version for it.
    #[error("legacy burn since nexus")]
    LegacyBurnSinceNexus,
}

impl VersionRuleError {
    /// How grave it is.
    #[must_use]
    pub fn result(&self) -> TransactionResult {
        TransactionResult::Consensus
    }
}

/// Checks that a transaction of a block of this height may be what its version says. Whether tokens are moved as they may
/// be, [`check_tokens`](super::check_tokens) checks.
///
/// # Errors
/// [`VersionRuleError`] if it is of another era.
pub fn check_kind(transaction: &Transaction, height: u32, params: &Params) -> Result<(), VersionRuleError> {
    let kind = TransactionKind::of(transaction);
    match params.heights.nexus.is_active(height) {
        false if kind.is_asset() => Err(VersionRuleError::AssetBeforeNexus),
        true if kind == TransactionKind::LegacyAssetToCoin => Err(VersionRuleError::LegacyBurnSinceNexus),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Network;
    use crate::transaction::check::tests::transaction;

    #[test]
    fn versions_of_assets_belong_to_their_era() {
        let params = Params::new(Network::Regtest);
        let check = |version, height| {
            let mut transaction = transaction();
            transaction.version.0 = version;
            check_kind(&transaction, height, &params)
        };
        for version in 138..=142 {
            assert_eq!(check(version, 431), Err(VersionRuleError::AssetBeforeNexus));
            assert_eq!(check(version, 432), Ok(()));
        }
        for version in [128, 0x7400] {
            assert_eq!(check(version, 431), Ok(()));
            assert_eq!(check(version, 432), Err(VersionRuleError::LegacyBurnSinceNexus));
        }
        for version in [i32::MIN, -1, 0, 1, 2, 80, 83, 137, 143] {
            assert_eq!((check(version, 431), check(version, 432)), (Ok(()), Ok(())));
        }
    }
}
