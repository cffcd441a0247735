//! What happened to the pool, for those who follow it.

use std::sync::Arc;

use bitcoin::{Amount, Transaction, Txid};

/// Why a transaction is not in the pool any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RemovalReason {
    /// It was there for too long.
    Expiry,
    /// The pool was full.
    SizeLimit,
    /// A block was disconnected, and it could not be in the next one any more.
    Reorg,
    /// A block has it.
    Block,
    /// A block has another one that spends the same.
    Conflict,
    /// Another one came that spends the same and pays more.
    Replaced,
}

impl RemovalReason {
    /// Upstream's word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Expiry => "expiry",
            Self::SizeLimit => "sizelimit",
            Self::Reorg => "reorg",
            Self::Block => "block",
            Self::Conflict => "conflict",
            Self::Replaced => "replaced",
        }
    }
}

/// What happened to a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// It came in.
    Added {
        /// Whether what it pays tells what others would have to pay: it came alone, on its own, in the usual way.
        tells_of_fees: bool,
    },
    /// It went.
    Removed(RemovalReason),
}

/// Something that happened to the pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Events are numbered without a gap, from 1 on.
    pub sequence: u64,
    /// What happened.
    pub kind: EventKind,
    /// The transaction.
    pub transaction: Arc<Transaction>,
    /// Its id.
    pub txid: Txid,
    /// What it pays.
    pub fee: Amount,
    /// Its size in virtual bytes.
    pub size: u64,
    /// The height of the tip when it came in.
    pub height: u32,
}
