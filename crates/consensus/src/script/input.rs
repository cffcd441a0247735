//! Holding a transaction's inputs to the rules of relay, and the interpreter to the library.

use bitcoin::Txid;
use thiserror::Error;

use super::{ConsensusScriptError, ScriptError, ScriptFlags, SpendingTransaction, verify_script};

/// Why an input may not spend its output. It is shown as upstream's reject reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InputScriptError {
    /// No block may have the transaction.
    #[error("mandatory-script-verify-flag-failed ({0})")]
    Mandatory(ScriptError),
    /// A block may have it, but it is not relayed.
    #[error("non-mandatory-script-verify-flag ({0})")]
    NonMandatory(ScriptError),
}

impl InputScriptError {
    /// Why the script failed.
    #[must_use]
    pub fn script_error(&self) -> ScriptError {
        match *self {
            Self::Mandatory(error) | Self::NonMandatory(error) => error,
        }
    }
}

/// The interpreter and the library do not agree on an input: one of them has a bug, and until it is known which one, the
/// library is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "input {input} of transaction {txid} with script rules {:#x}: the interpreter says \"{}\", the library says \"{}\"",
    flags.bits(), word(interpreter), word(library)
)]
pub struct Disagreement {
    /// The transaction.
    pub txid: Txid,
    /// The input's place.
    pub input: usize,
    /// The rules that they do not agree on.
    pub flags: ScriptFlags,
    /// What the interpreter says.
    pub interpreter: Result<(), ScriptError>,
    /// What the library says.
    pub library: Result<(), ConsensusScriptError>,
}

fn word(result: &Result<(), impl ToString>) -> String {
    match result {
        Ok(()) => "valid".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// Whether an input may spend its output by these rules.
///
/// The interpreter gives the reason, and the library decides what is of [`ScriptFlags::MANDATORY`]. `disagreed` is told if
/// the interpreter says otherwise there, which must not go unheard.
///
/// # Errors
/// [`InputScriptError`] with the interpreter's reason; [`ScriptError::Unknown`] if only the library refuses.
///
/// # Panics
/// If the transaction has no such input.
pub fn check_input(
    spending: &SpendingTransaction<'_>,
    input: usize,
    flags: ScriptFlags,
    disagreed: &dyn Fn(&Disagreement),
) -> Result<(), InputScriptError> {
    judge(spending, input, flags, run(spending, input, flags), disagreed)
}

/// Whether all inputs may spend their outputs by these rules: [`check_input`] of each.
///
/// The library, for which large transactions are dear, is asked about an input only if the interpreter accepts all or
/// refuses this one.
///
/// # Errors
/// The first input's place that may not, and why.
pub fn check_inputs(
    spending: &SpendingTransaction<'_>,
    flags: ScriptFlags,
    disagreed: &dyn Fn(&Disagreement),
) -> Result<(), (usize, InputScriptError)> {
    let inputs = 0..spending.spent().len();
    for input in inputs.clone() {
        let result = run(spending, input, flags);
        if result.is_err() {
            judge(spending, input, flags, result, disagreed).map_err(|error| (input, error))?;
        }
    }
    for input in inputs {
        judge(spending, input, flags, Ok(()), disagreed).map_err(|error| (input, error))?;
    }
    Ok(())
}

/// What the interpreter says.
fn run(spending: &SpendingTransaction<'_>, input: usize, flags: ScriptFlags) -> Result<(), ScriptError> {
    let checker = spending
        .checker(input)
        .expect("callers name inputs of the transaction");
    let script_pubkey = &spending.spent()[input].script_pubkey;
    let input = &spending.transaction().input[input];
    verify_script(&input.script_sig, script_pubkey, &input.witness, flags, &checker)
}

/// Holds what the interpreter says against the library.
fn judge(
    spending: &SpendingTransaction<'_>,
    input: usize,
    flags: ScriptFlags,
    result: Result<(), ScriptError>,
    disagreed: &dyn Fn(&Disagreement),
) -> Result<(), InputScriptError> {
    let mandatory = flags.intersection(ScriptFlags::MANDATORY);
    let library = spending.verify_consensus(input, mandatory);
    // What all rules allow, fewer allow too.
    let interpreter = if result.is_ok() || flags == mandatory {
        result
    } else {
        run(spending, input, mandatory)
    };
    if interpreter.is_ok() != library.is_ok() {
        disagreed(&Disagreement {
            txid: spending.transaction().compute_txid(),
            input,
            flags: mandatory,
            interpreter,
            library,
        });
    }
    match (result, library) {
        (result, Err(_)) => Err(InputScriptError::Mandatory(
            result.err().unwrap_or(ScriptError::Unknown),
        )),
        (Err(error), Ok(())) if flags != mandatory => Err(InputScriptError::NonMandatory(error)),
        (_, Ok(())) => Ok(()),
    }
}
