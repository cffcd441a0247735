//! What all refusals have in common.

use std::fmt::Display;

/// How grave it is that a block is refused, by upstream's `BlockValidationResult`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockResult {
    /// The block breaks a rule, and no block with its hash can be valid.
    Consensus,
    /// Its header breaks a rule.
    InvalidHeader,
    /// What came with the header is not what the header stands for: another block with its hash may be valid.
    Mutated,
    /// It may be valid later.
    TimeFuture,
}

/// How grave it is that a transaction is refused, by upstream's `TxValidationResult`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionResult {
    /// It breaks a rule.
    Consensus,
    /// It spends what is not there.
    MissingInputs,
    /// It spends a coinbase, or what is locked, too early.
    PrematureSpend,
}

/// The part of an error's text that upstream calls the reject reason: what stands before the details.
pub(crate) fn reject_reason(error: &impl Display) -> String {
    let text = error.to_string();
    match text.split_once(", ") {
        Some((reason, _)) => reason.to_owned(),
        None => text,
    }
}
