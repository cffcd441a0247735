//! What is said of inputs that are to be relayed.

use std::cell::Cell;

use bitcoin::absolute::LockTime;
use bitcoin::opcodes::all::{OP_CHECKSIG, OP_DROP, OP_NOP4};
use bitcoin::script::{Builder, PushBytesBuf};
use bitcoin::{Amount, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness, transaction};
use consensus::script::{
    Disagreement, InputScriptError, ScriptError, ScriptFlags, SpendingTransaction, check_input, check_inputs,
};

/// A transaction that spends outputs with these scripts, by these scripts.
fn spend(scripts: &[(ScriptBuf, ScriptBuf)]) -> (Transaction, Vec<TxOut>) {
    let output = |script_pubkey| TxOut {
        value: Amount::ONE_BTC,
        script_pubkey,
    };
    let inputs = scripts.iter().map(|(script_sig, _)| TxIn {
        previous_output: OutPoint::null(),
        script_sig: script_sig.clone(),
        sequence: Sequence::MAX,
        witness: Witness::new(),
    });
    let transaction = Transaction {
        version: transaction::Version::TWO,
        lock_time: LockTime::ZERO,
        input: inputs.collect(),
        output: vec![output(ScriptBuf::new())],
    };
    let spent = scripts
        .iter()
        .map(|(_, script_pubkey)| output(script_pubkey.clone()));
    (transaction, spent.collect())
}

/// Says of an input what a node with these rules says, and that nobody disagrees.
fn check(script_sig: Builder, script_pubkey: Builder, flags: ScriptFlags) -> Result<(), String> {
    let (transaction, spent) = spend(&[(script_sig.into_script(), script_pubkey.into_script())]);
    let spending = SpendingTransaction::new(&transaction, &spent).expect("one for each");
    let disagreed = |disagreement: &Disagreement| panic!("{disagreement}");
    let one = check_input(&spending, 0, flags, &disagreed);
    let all = check_inputs(&spending, flags, &disagreed);
    assert_eq!(all, one.map_err(|error| (0, error)));
    one.map_err(|error| error.to_string())
}

fn new() -> Builder {
    Builder::new()
}

#[test]
fn reasons_are_told_with_how_grave_they_are() {
    let standard = ScriptFlags::STANDARD;
    assert_eq!(check(new().push_int(1), new(), standard), Ok(()));
    for (script_sig, script_pubkey, text) in [
        (
            new(),
            new(),
            "mandatory-script-verify-flag-failed (Script evaluated without error but finished with a false/empty top \
             stack element)",
        ),
        (
            new().push_int(1),
            new().push_opcode(OP_NOP4),
            "non-mandatory-script-verify-flag (NOPx reserved for soft-fork upgrades)",
        ),
        (
            new().push_int(1).push_int(1),
            new(),
            "non-mandatory-script-verify-flag (Stack size must be exactly one after execution)",
        ),
        (
            new().push_slice(PushBytesBuf::try_from(vec![0x30]).expect("short")),
            new().push_slice([2; 33]).push_opcode(OP_CHECKSIG),
            "mandatory-script-verify-flag-failed (Non-canonical DER signature)",
        ),
        // It fails for the first reason with all rules, and for another one with those of blocks.
        (
            new().push_int(0),
            new().push_opcode(OP_NOP4),
            "mandatory-script-verify-flag-failed (NOPx reserved for soft-fork upgrades)",
        ),
    ] {
        assert_eq!(check(script_sig, script_pubkey, standard), Err(text.to_owned()));
    }
}

#[test]
fn with_the_rules_of_blocks_what_is_not_standard_is_valid() {
    let discouraged = || new().push_int(1).push_opcode(OP_NOP4);
    assert_eq!(check(new(), discouraged(), ScriptFlags::MANDATORY), Ok(()));
    assert_eq!(
        check(new(), new().push_opcode(OP_NOP4), ScriptFlags::MANDATORY),
        Err(
            "mandatory-script-verify-flag-failed (Script evaluated without error but finished with a false/empty top \
             stack element)"
                .to_owned()
        )
    );
}

#[test]
fn the_first_input_that_fails_is_told() {
    let valid = (new().push_int(1).into_script(), new().into_script());
    let untidy = (new().push_int(1).push_int(1).into_script(), new().into_script());
    let invalid = (new().push_int(0).into_script(), new().into_script());
    let (transaction, spent) = spend(&[valid.clone(), valid, untidy, invalid]);
    let spending = SpendingTransaction::new(&transaction, &spent).expect("one for each");
    let check = |flags| check_inputs(&spending, flags, &|disagreement| panic!("{disagreement}"));
    assert_eq!(
        check(ScriptFlags::STANDARD),
        Err((2, InputScriptError::NonMandatory(ScriptError::CleanStack)))
    );
    assert_eq!(
        check(ScriptFlags::MANDATORY),
        Err((3, InputScriptError::Mandatory(ScriptError::EvalFalse)))
    );
}

/// There is no input on which they are known to disagree: rules that stand on no other one make one up, as the library
/// takes no such question.
#[test]
fn disagreement_is_told_and_the_library_is_right() {
    let (transaction, spent) = spend(&[(
        new().push_int(1).into_script(),
        new().push_opcode(OP_DROP).push_int(1).into_script(),
    )]);
    let spending = SpendingTransaction::new(&transaction, &spent).expect("one for each");
    let told = Cell::new(None);
    let result = check_input(&spending, 0, ScriptFlags::WITNESS, &|disagreement| {
        told.set(Some(disagreement.to_string()));
    });
    assert_eq!(result, Err(InputScriptError::Mandatory(ScriptError::Unknown)));
    assert_eq!(
        told.take(),
        Some(format!(
            "input 0 of transaction {} with script rules 0x800: the interpreter says \"valid\", the library says \"the \
             rules stand on others that are missing\"",
            transaction.compute_txid()
        ))
    );
}
