//! Why the chain does not take a block.

use std::fmt;

use consensus::BlockResult;
use consensus::block::BlockError;
use consensus::header::HeaderError;

use crate::connect::ConnectError;

/// How grave it is, by upstream's `BlockValidationResult`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RejectionKind {
    /// It breaks a rule.
    Consensus,
    /// It was found invalid before.
    CachedInvalid,
    /// Its header breaks a rule.
    InvalidHeader,
    /// What came with the header is not what it stands for.
    Mutated,
    /// The block before it is not known.
    MissingParent,
    /// A block before it is invalid.
    InvalidParent,
    /// Its time is too far ahead.
    TimeFuture,
    /// A block that the chain must have at its height is another one.
    Checkpoint,
}

/// Why a block is not taken. It is shown as upstream does: the reason, and the details after a comma.
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
    pub(crate) fn new(kind: RejectionKind, reason: &str, details: &str) -> Self {
        Self {
            kind,
            reason: reason.to_owned(),
            details: details.to_owned(),
        }
    }

    /// Splits a text into reason and details.
    fn of(result: BlockResult, text: &str) -> Self {
        let kind = match result {
            BlockResult::Consensus => RejectionKind::Consensus,
            BlockResult::InvalidHeader => RejectionKind::InvalidHeader,
            BlockResult::Mutated => RejectionKind::Mutated,
            BlockResult::TimeFuture => RejectionKind::TimeFuture,
        };
        let (reason, details) = text.split_once(", ").unwrap_or((text, ""));
        Self::new(kind, reason, details)
    }

    /// Whether no block with this hash can ever be valid.
    #[must_use]
    pub fn is_final(&self) -> bool {
        !matches!(
            self.kind,
            RejectionKind::Mutated | RejectionKind::MissingParent | RejectionKind::TimeFuture
        )
    }
}

impl From<HeaderError> for Rejection {
    fn from(error: HeaderError) -> Self {
        Self::of(error.result(), &error.to_string())
    }
}

impl From<BlockError> for Rejection {
    fn from(error: BlockError) -> Self {
        Self::of(error.result(), &error.to_string())
    }
}

impl From<ConnectError> for Rejection {
    fn from(error: ConnectError) -> Self {
        Self::of(error.result(), &error.to_string())
    }
}
