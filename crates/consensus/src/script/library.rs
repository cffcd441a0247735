//! Bitcoin Core's own script library, which decides what is valid.

mod native;

use bitcoin::TxOut;
use thiserror::Error;

use self::native::Handle;
pub use self::native::sha256_implementation;
use super::{ScriptError, ScriptFlags};

/// Why the library does not say that an input is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ConsensusScriptError {
    /// The scripts were run, and may not spend the output.
    #[error("{0}")]
    Refused(ScriptError),
    /// The bytes are no transaction.
    #[error("the transaction cannot be read")]
    Transaction,
    /// There are bytes after the transaction.
    #[error("the transaction ends before its bytes do")]
    TrailingBytes,
    /// The transaction has no such input.
    #[error("there is no such input")]
    Input,
    /// There are more or less outputs that are spent than there are inputs.
    #[error("there are not as many spent outputs as inputs")]
    SpentOutputs,
    /// A rule is asked for without one that it stands on.
    #[error("the rules stand on others that are missing")]
    Flags,
}

/// A transaction that Bitcoin Core's library has read, with the outputs that it spends.
///
/// What its inputs sign in common is hashed once, and threads share it: inputs cost what their scripts cost, however many
/// there are.
#[derive(Debug)]
pub struct PreparedTransaction {
    handle: Handle,
    n_inputs: usize,
}

impl PreparedTransaction {
    /// Reads a transaction, which is serialised with its witnesses. `spent` are the outputs that it spends, in the order
    /// of its inputs.
    ///
    /// # Errors
    /// [`ConsensusScriptError`] if the bytes are not one transaction of so many inputs.
    pub fn new(transaction: &[u8], spent: &[TxOut]) -> Result<Self, ConsensusScriptError> {
        Ok(Self {
            handle: Handle::new(transaction, spent)?,
            n_inputs: spent.len(),
        })
    }

    /// How many inputs the transaction has.
    #[must_use]
    pub fn n_inputs(&self) -> usize {
        self.n_inputs
    }

    /// Whether an input may spend its output by these rules, as Bitcoin Core's library says.
    ///
    /// # Consensus
    /// This is the rule: where another interpreter says otherwise, that one is wrong.
    ///
    /// # Errors
    /// [`ConsensusScriptError::Refused`] if the input is invalid; the others mean that the question was wrong.
    pub fn verify(&self, input: usize, flags: ScriptFlags) -> Result<(), ConsensusScriptError> {
        if input >= self.n_inputs {
            return Err(ConsensusScriptError::Input);
        }
        // The library ends the process if it is asked this.
        let stands = |rule, on| !flags.contains(rule) || flags.contains(on);
        if !stands(ScriptFlags::WITNESS, ScriptFlags::P2SH)
            || !stands(ScriptFlags::CLEANSTACK, ScriptFlags::P2SH | ScriptFlags::WITNESS)
        {
            return Err(ConsensusScriptError::Flags);
        }
        self.handle
            .verify(input, flags)
            .map_err(ConsensusScriptError::Refused)
    }
}

/// Whether an input may spend its output, as Bitcoin Core's library says.
///
/// This is [`PreparedTransaction::verify`] of a transaction that is read for this input alone: to check more than one,
/// read it once.
///
/// # Errors
/// As [`PreparedTransaction::new`] and [`PreparedTransaction::verify`].
pub fn verify_consensus(
    transaction: &[u8],
    spent: &[TxOut],
    input: usize,
    flags: ScriptFlags,
) -> Result<(), ConsensusScriptError> {
    PreparedTransaction::new(transaction, spent)?.verify(input, flags)
}
