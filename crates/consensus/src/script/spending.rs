//! A transaction together with what it spends.

use std::sync::OnceLock;

use bitcoin::consensus::encode::serialize;
use bitcoin::{Transaction, TxOut};

use super::checker::TransactionChecker;
use super::library::{ConsensusScriptError, PreparedTransaction};
use super::sighash::Parts;
use super::{ScriptFlags, sighash};

/// A transaction, the outputs that it spends, and what the hashes that its inputs sign have in common.
///
/// What is in common is computed once, by the first input that needs it, and threads share it.
#[derive(Debug)]
pub struct SpendingTransaction<'a> {
    transaction: &'a Transaction,
    spent: &'a [TxOut],
    parts: OnceLock<Parts>,
    prepared: OnceLock<PreparedTransaction>,
}

impl<'a> SpendingTransaction<'a> {
    /// A transaction and the outputs that it spends, in the order of its inputs.
    ///
    /// # Errors
    /// [`ConsensusScriptError::SpentOutputs`] if there are not as many outputs as inputs.
    pub fn new(transaction: &'a Transaction, spent: &'a [TxOut]) -> Result<Self, ConsensusScriptError> {
        if transaction.input.len() != spent.len() {
            return Err(ConsensusScriptError::SpentOutputs);
        }
        Ok(Self {
            transaction,
            spent,
            parts: OnceLock::new(),
            prepared: OnceLock::new(),
        })
    }

    /// The transaction.
    #[must_use]
    pub fn transaction(&self) -> &'a Transaction {
        self.transaction
    }

    /// The outputs that it spends, in the order of its inputs.
    #[must_use]
    pub fn spent(&self) -> &'a [TxOut] {
        self.spent
    }

    /// What checks signatures of an input, which must be one of the transaction's.
    #[must_use]
    pub fn checker(&self, input: usize) -> Option<TransactionChecker<'_>> {
        (input < self.spent.len()).then(|| TransactionChecker::new(self, input))
    }

    /// Whether an input may spend its output, as the library says: [`PreparedTransaction::verify`].
    ///
    /// # Errors
    /// As [`PreparedTransaction::verify`].
    pub fn verify_consensus(&self, input: usize, flags: ScriptFlags) -> Result<(), ConsensusScriptError> {
        if input >= self.spent.len() {
            return Err(ConsensusScriptError::Input);
        }
        let prepare = || {
            PreparedTransaction::new(&serialize(self.transaction), self.spent).expect(
                "transactions with inputs are read as they are written, and there is an output for each",
            )
        };
        self.prepared.get_or_init(prepare).verify(input, flags)
    }

    pub(super) fn parts(&self) -> &sighash::Parts {
        self.parts
            .get_or_init(|| Parts::new(self.transaction, self.spent))
    }
}
