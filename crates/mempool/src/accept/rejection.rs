//! Why a transaction does not come in.

use std::fmt;

use consensus::TransactionResult;
use consensus::script::InputScriptError;
use consensus::transaction::{InputError, TokenError, TransactionError};

use crate::fee_rate::FeeRate;
use crate::policy::NotStandard;
use crate::view::ChainReadError;

/// How grave it is, by upstream's `TxValidationResult`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RejectionKind {
    /// It breaks a rule of blocks.
    Consensus,
    /// It spends something unusual.
    InputsNotStandard,
    /// It is unusual.
    NotStandard,
    /// It spends what is not there.
    MissingInputs,
    /// It spends too early.
    PrematureSpend,
    /// Its witness may be another one than its sender gave it.
    WitnessMutated,
    /// Its witness was taken away.
    WitnessStripped,
    /// It is here or in a block already, or spends what another one spends.
    Conflict,
    /// It does not pay enough, or does not fit in.
    MempoolPolicy,
    /// It could not be found out.
    Unavailable,
}

/// Why a transaction does not come in. It is shown as upstream does: the reason, and the details after a comma.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Rejection {
    /// How grave it is.
    pub kind: RejectionKind,
    /// Upstream's reject reason.
    pub reason: String,
    /// Details for people; may be empty.
    pub details: String,
}

impl fmt::Display for Rejection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.reason)?;
        if !self.details.is_empty() {
            write!(formatter, ", {}", self.details)?;
        }
        Ok(())
    }
}

impl Rejection {
    pub(super) fn new(kind: RejectionKind, reason: impl Into<String>, details: String) -> Self {
        Self {
            kind,
            reason: reason.into(),
            details,
        }
    }

    /// A reason alone.
    pub(super) fn plain(kind: RejectionKind, reason: &str) -> Self {
        Self::new(kind, reason, String::new())
    }

    pub(super) fn policy(reason: &str, details: String) -> Self {
        Self::new(RejectionKind::MempoolPolicy, reason, details)
    }

    /// The fee is below what `rate` asks of `size`.
    pub(super) fn below(reason: &str, fee: i64, rate: FeeRate, size: u64) -> Self {
        Self::policy(reason, format!("{fee} < {}", rate.fee(size)))
    }

    fn of(result: TransactionResult, reason: String, text: &str) -> Self {
        let kind = match result {
            TransactionResult::Consensus => RejectionKind::Consensus,
            TransactionResult::MissingInputs => RejectionKind::MissingInputs,
            TransactionResult::PrematureSpend => RejectionKind::PrematureSpend,
        };
        let details = text[reason.len()..].trim_start_matches(", ").to_owned();
        Self::new(kind, reason, details)
    }
}

impl From<TransactionError> for Rejection {
    fn from(error: TransactionError) -> Self {
        Self::of(error.result(), error.reject_reason(), &error.to_string())
    }
}

impl From<InputError> for Rejection {
    fn from(error: InputError) -> Self {
        Self::of(error.result(), error.reject_reason(), &error.to_string())
    }
}

impl From<TokenError> for Rejection {
    fn from(error: TokenError) -> Self {
        Self::of(error.result(), error.reject_reason(), &error.to_string())
    }
}

impl From<NotStandard> for Rejection {
    fn from(error: NotStandard) -> Self {
        Self::plain(RejectionKind::NotStandard, &error.to_string())
    }
}

impl From<InputScriptError> for Rejection {
    fn from(error: InputScriptError) -> Self {
        let kind = match error {
            InputScriptError::Mandatory(_) => RejectionKind::Consensus,
            InputScriptError::NonMandatory(_) => RejectionKind::NotStandard,
        };
        Self::plain(kind, &error.to_string())
    }
}

impl From<ChainReadError> for Rejection {
    fn from(error: ChainReadError) -> Self {
        Self::new(RejectionKind::Unavailable, "chain-unavailable", error.to_string())
    }
}
