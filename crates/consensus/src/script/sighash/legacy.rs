//! What inputs without witnesses sign, as in the first release.

use bitcoin::hashes::sha256::HashEngine;
use bitcoin::hashes::{Hash, HashEngine as _, sha256d};
use bitcoin::opcodes::all::OP_CODESEPARATOR;
use bitcoin::{Script, Transaction, VarInt};

use super::{ANYONE_CAN_PAY, SignedOutputs, write};
use crate::script::read::Operations;

/// What an output is signed as that has to be there, but is not signed: an amount of -1 and no script.
const NO_OUTPUT: [u8; 9] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0];

/// What an input without witnesses signs.
///
/// # Consensus
/// Each `OP_CODESEPARATOR` is left out. An input that signs an output of its own place, where there is none, signs the
/// number 1.
///
/// # Panics
/// If the transaction has no such input.
#[must_use]
pub fn legacy_hash(
    transaction: &Transaction,
    input: usize,
    script_code: &Script,
    hash_type: u32,
) -> sha256d::Hash {
    let outputs = SignedOutputs::of(hash_type);
    if outputs == SignedOutputs::Single && input >= transaction.output.len() {
        let mut one = [0; 32];
        one[0] = 1;
        return sha256d::Hash::from_byte_array(one);
    }
    let mut engine = sha256d::Hash::engine();
    write(&mut engine, &transaction.version);
    if hash_type & ANYONE_CAN_PAY == 0 {
        write_count(&mut engine, transaction.input.len());
        for (place, other) in transaction.input.iter().enumerate() {
            write(&mut engine, &other.previous_output);
            if place == input {
                write_script_code(&mut engine, script_code);
                write(&mut engine, &other.sequence);
            } else {
                write_count(&mut engine, 0);
                let signed = if outputs == SignedOutputs::All {
                    other.sequence.0
                } else {
                    0
                };
                write(&mut engine, &signed);
            }
        }
    } else {
        let signed = &transaction.input[input];
        write_count(&mut engine, 1);
        write(&mut engine, &signed.previous_output);
        write_script_code(&mut engine, script_code);
        write(&mut engine, &signed.sequence);
    }
    match outputs {
        SignedOutputs::All => write(&mut engine, &transaction.output),
        SignedOutputs::None => write_count(&mut engine, 0),
        SignedOutputs::Single => {
            write_count(&mut engine, input + 1);
            for _other in 0..input {
                engine.input(&NO_OUTPUT);
            }
            write(&mut engine, &transaction.output[input]);
        }
    }
    write(&mut engine, &transaction.lock_time);
    write(&mut engine, &hash_type);
    sha256d::Hash::from_engine(engine)
}

fn write_count(engine: &mut HashEngine, count: usize) {
    write(engine, &VarInt(count as u64));
}

/// Hashes a script without its separators.
///
/// Upstream leaves out what cannot be read at the end, but for the operation itself; it counts it as there, however.
fn write_script_code(engine: &mut HashEngine, script: &Script) {
    let mut operations = Operations::new(script);
    let separators = operations
        .by_ref()
        .filter(|operation| operation.opcode == OP_CODESEPARATOR.to_u8())
        .count();
    operations.skip_head();
    let readable = script.len() - operations.rest().len();
    write_count(engine, script.len() - separators);
    if separators == 0 {
        engine.input(&script.as_bytes()[..readable]);
        return;
    }
    let mut operations = Operations::new(Script::from_bytes(&script.as_bytes()[..readable]));
    let mut rest = operations.rest();
    while let Some(operation) = operations.next() {
        if operation.opcode == OP_CODESEPARATOR.to_u8() {
            engine.input(&rest[..rest.len() - operations.rest().len() - 1]);
            rest = operations.rest();
        }
    }
    engine.input(rest);
}

/// A script without what is found in it where operations begin; `None` if it is not found. It is not nothing.
///
/// # Consensus
/// A signature cannot sign itself: before witnesses, it is removed from the script that it signs.
pub(crate) fn find_and_delete(script: &[u8], needle: &[u8]) -> Option<Vec<u8>> {
    if !script.windows(needle.len()).any(|window| window == needle) {
        return None;
    }
    let mut result = Vec::with_capacity(script.len());
    let mut rest = script;
    let mut is_found = false;
    loop {
        while let Some(after) = rest.strip_prefix(needle) {
            rest = after;
            is_found = true;
        }
        let mut operations = Operations::new(Script::from_bytes(rest));
        if operations.next().is_none() {
            break;
        }
        let length = rest.len() - operations.rest().len();
        result.extend(&rest[..length]);
        rest = operations.rest();
    }
    result.extend(rest);
    is_found.then_some(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(script: &str, needle: &str, expected: &str) {
        let bytes = |hex| {
            bitcoin::ScriptBuf::from_hex(hex)
                .expect("hexadecimal")
                .into_bytes()
        };
        let script = bytes(script);
        let result = find_and_delete(&script, &bytes(needle)).unwrap_or(script);
        assert_eq!(Script::from_bytes(&result).to_hex_string(), expected);
    }

    #[test]
    fn what_is_found_is_deleted_where_operations_begin() {
        check("0302ff03", "0302ff03", "");
        check("0302ff030302ff03", "0302ff03", "");
        check("0302ff030302ff03", "02", "0302ff030302ff03");
        check("0302ff030302ff03", "ff", "0302ff030302ff03");
        check("0302ff030302ff03", "03", "02ff0302ff03");
        check("02feed5169", "feed51", "02feed5169");
        check("02feed5169", "02feed51", "69");
        check("516902feed5169", "feed51", "516902feed5169");
        check("516902feed5169", "02feed51", "516969");
        // What is left where something was is not looked at again.
        check("00005151", "0051", "0051");
        check("000051005151", "0051", "0051");
        check("0003feed", "03feed", "00");
        check("0003feed", "00", "03feed");
        // A push of more than there is ends the search.
        check("4c05ac", "ac", "4c05ac");
        check("ac4c05ac", "ac", "4c05ac");
    }
}
