//! Running scripts, whatever checks their signatures.
//!
//! What is valid in a block, [`PreparedTransaction`](super::PreparedTransaction) decides.

mod arithmetic;
mod conditions;
mod encoding;
mod evaluation;
mod number;
mod signatures;
mod stack;
mod witness;

use bitcoin::{Script, Witness};

use self::encoding::push;
use self::evaluation::evaluate;
use self::number::is_true;
use self::witness::{program, verify_program};
use super::checker::{ExecutionData, SignatureChecker};
use super::read::is_push_only;
use super::{ScriptError, ScriptFlags};

/// The elements that operations take and leave.
type Stack = Vec<Vec<u8>>;

/// Which rules signatures follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureVersion {
    /// Those of the first release.
    Base,
    /// Those of witness programs of version 0 (BIP 143).
    WitnessV0,
    /// Those of taproot's keys (BIP 341).
    Taproot,
    /// Those of taproot's scripts (BIP 342).
    Tapscript,
}

/// How a witness program was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nesting {
    /// It is the script of the output.
    Bare,
    /// The output's script is its hash (BIP 16).
    InP2sh,
}

/// Whether an input's script and witness may spend an output with this script.
///
/// Of the rules, [`WITNESS`](ScriptFlags::WITNESS) and [`CLEANSTACK`](ScriptFlags::CLEANSTACK) mean nothing without
/// [`P2SH`](ScriptFlags::P2SH).
///
/// # Errors
/// [`ScriptError`] with the first reason why it may not.
pub fn verify_script(
    script_sig: &Script,
    script_pubkey: &Script,
    witness: &Witness,
    flags: ScriptFlags,
    checker: &dyn SignatureChecker,
) -> Result<(), ScriptError> {
    if flags.contains(ScriptFlags::SIGPUSHONLY) && !is_push_only(script_sig) {
        return Err(ScriptError::SigPushOnly);
    }
    let run = |stack: &mut Stack, script: &Script| {
        let mut execution = ExecutionData::default();
        evaluate(
            stack,
            script,
            flags,
            checker,
            SignatureVersion::Base,
            &mut execution,
        )
    };
    let mut stack = Stack::new();
    run(&mut stack, script_sig)?;
    let is_p2sh = flags.contains(ScriptFlags::P2SH) && script_pubkey.is_p2sh();
    let pushed = if is_p2sh { stack.clone() } else { Stack::new() };
    run(&mut stack, script_pubkey)?;
    must_be_true(&stack)?;
    let has_witnesses = flags.contains(ScriptFlags::WITNESS);
    let mut has_program = false;

    if has_witnesses && let Some(program) = program(script_pubkey) {
        has_program = true;
        if !script_sig.is_empty() {
            return Err(ScriptError::WitnessMalleated);
        }
        verify_program(witness, program, flags, checker, Nesting::Bare)?;
        stack.truncate(1);
    }

    if is_p2sh {
        if !is_push_only(script_sig) {
            return Err(ScriptError::SigPushOnly);
        }
        stack = pushed;
        let redeem_script = stack
            .pop()
            .expect("the output's script has found the hash of an element");
        let redeem_script = Script::from_bytes(&redeem_script);
        run(&mut stack, redeem_script)?;
        must_be_true(&stack)?;
        if has_witnesses && let Some(program) = program(redeem_script) {
            has_program = true;
            if script_sig.as_bytes() != push(redeem_script.as_bytes()) {
                return Err(ScriptError::WitnessMalleatedP2sh);
            }
            verify_program(witness, program, flags, checker, Nesting::InP2sh)?;
            stack.truncate(1);
        }
    }

    if flags.contains(ScriptFlags::CLEANSTACK) && stack.len() != 1 {
        return Err(ScriptError::CleanStack);
    }
    if has_witnesses && !has_program && !witness.is_empty() {
        return Err(ScriptError::WitnessUnexpected);
    }
    Ok(())
}

/// Checks that a script has left something that counts as true.
fn must_be_true(stack: &Stack) -> Result<(), ScriptError> {
    match stack.last() {
        Some(top) if is_true(top) => Ok(()),
        _ => Err(ScriptError::EvalFalse),
    }
}
