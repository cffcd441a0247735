//! What came of a package.

use std::collections::BTreeMap;

use bitcoin::{Amount, Txid, Wtxid};
use thiserror::Error;

use crate::accept::{Accepted, Rejection};

/// Why a package as a whole is refused, shown as upstream's reason and, after a comma, details.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PackageError {
    /// There are more than 25.
    #[error("package-too-many-transactions")]
    TooMany,
    /// Together they weigh too much.
    #[error("package-too-large")]
    TooLarge,
    /// One spends what a later one makes.
    #[error("package-not-sorted")]
    NotSorted,
    /// Two spend the same.
    #[error("conflict-in-package")]
    Conflict,
    /// The last does not spend from each of the others.
    #[error("package-not-child-with-parents")]
    NotChildWithParents,
    /// The last spends from a transaction that is neither of the package nor confirmed.
    #[error("package-not-child-with-unconfirmed-parents")]
    MissingParents,
    /// Together they do not pay enough.
    #[error("package-fee-too-low")]
    FeeTooLow,
    /// Too much would stand on one another.
    #[error("package-mempool-limits, {0}")]
    Limits(String),
    /// One of the transactions is refused.
    #[error("transaction failed")]
    Transaction,
}

/// What came of a package's transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransactionOutcome {
    /// It was taken in, or would be.
    Accepted(Accepted),
    /// It was there before.
    InPool {
        /// Its id.
        txid: Txid,
        /// Its size in virtual bytes.
        size: u64,
        /// What it pays.
        fee: Amount,
    },
    /// It was there before with another witness.
    OtherWitness {
        /// Its id.
        txid: Txid,
        /// The hash of the one that is there.
        in_pool: Wtxid,
    },
    /// It was refused.
    Rejected(Rejection),
}

/// What came of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageResult {
    /// Why it, or a part of it, was refused.
    pub error: Option<PackageError>,
    /// What came of its transactions; those are missing that were not looked at.
    pub transactions: BTreeMap<Wtxid, TransactionOutcome>,
}

impl PackageResult {
    pub(super) fn refused(error: PackageError) -> Self {
        Self {
            error: Some(error),
            transactions: BTreeMap::new(),
        }
    }

    pub(super) fn of_one(wtxid: Wtxid, result: Result<Accepted, Rejection>) -> Self {
        let error = result.is_err().then_some(PackageError::Transaction);
        let outcome = match result {
            Ok(accepted) => TransactionOutcome::Accepted(accepted),
            Err(rejection) => TransactionOutcome::Rejected(rejection),
        };
        Self {
            error,
            transactions: BTreeMap::from([(wtxid, outcome)]),
        }
    }
}
