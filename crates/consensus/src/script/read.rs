//! Reading scripts without running them.
//!
//! Upstream's counting differs from the `bitcoin` crate's where an operation stands between a number and a check of
//! several signatures, and the limit on signature operations is consensus: scripts are read here.

use bitcoin::Script;
use bitcoin::opcodes::Opcode;
use bitcoin::opcodes::all::{
    OP_CHECKMULTISIG, OP_CHECKMULTISIGVERIFY, OP_CHECKSIG, OP_CHECKSIGVERIFY, OP_PUSHDATA1, OP_PUSHDATA2,
    OP_PUSHDATA4, OP_PUSHNUM_1, OP_PUSHNUM_16, OP_RETURN,
};

use crate::limits::MAX_SCRIPT_SIZE;

/// What several signatures count where their number is not known.
const MAX_KEYS_OF_MULTISIG: u64 = 20;

/// An operation of a script and what it pushes, which is nothing for all that are no pushes of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operation<'a> {
    pub(crate) opcode: u8,
    pub(crate) data: &'a [u8],
}

impl Operation<'_> {
    /// Whether it pushes something, be it bytes or a small number.
    fn is_push(self) -> bool {
        self.opcode <= OP_PUSHNUM_16.to_u8()
    }
}

/// The operations of a script, up to its end or to a push of more bytes than there are.
#[derive(Debug, Clone)]
pub(crate) struct Operations<'a> {
    rest: &'a [u8],
}

impl<'a> Operations<'a> {
    pub(crate) fn new(script: &'a Script) -> Self {
        Self {
            rest: script.as_bytes(),
        }
    }

    /// Whether the script has ended; otherwise what is left cannot be read.
    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// What was not read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Goes on after an operation that pushes more than there is, and after the length that it gives, if that is whole.
    pub(crate) fn skip_head(&mut self) {
        let Some((opcode, rest)) = self.rest.split_first() else {
            return;
        };
        let size = match Opcode::from(*opcode) {
            OP_PUSHDATA1 => 1,
            OP_PUSHDATA2 => 2,
            OP_PUSHDATA4 => 4,
            _ => 0,
        };
        self.rest = rest.get(size..).unwrap_or(rest);
    }

    fn read(&mut self) -> Option<Operation<'a>> {
        let (&opcode, rest) = self.rest.split_first()?;
        let (length, rest) = if opcode < OP_PUSHDATA1.to_u8() {
            (usize::from(opcode), rest)
        } else if opcode == OP_PUSHDATA1.to_u8() {
            let (length, rest) = rest.split_first_chunk::<1>()?;
            (usize::from(length[0]), rest)
        } else if opcode == OP_PUSHDATA2.to_u8() {
            let (length, rest) = rest.split_first_chunk()?;
            (usize::from(u16::from_le_bytes(*length)), rest)
        } else if opcode == OP_PUSHDATA4.to_u8() {
            let (length, rest) = rest.split_first_chunk()?;
            (usize::try_from(u32::from_le_bytes(*length)).ok()?, rest)
        } else {
            (0, rest)
        };
        let (data, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some(Operation { opcode, data })
    }
}

impl<'a> Iterator for Operations<'a> {
    type Item = Operation<'a>;

    fn next(&mut self) -> Option<Operation<'a>> {
        self.read()
    }
}

/// How several signatures are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counting {
    /// As 20, always: the way of outputs and inputs as they are in a transaction.
    Legacy,
    /// As many as the number before says, if there is one: the way of scripts that an input reveals.
    Accurate,
}

/// How many signature operations a script has.
pub(crate) fn count_sigops(script: &Script, counting: Counting) -> u64 {
    let numbers = OP_PUSHNUM_1.to_u8()..=OP_PUSHNUM_16.to_u8();
    let mut count = 0;
    let mut previous = None;
    for operation in Operations::new(script) {
        let opcode = operation.opcode;
        if opcode == OP_CHECKSIG.to_u8() || opcode == OP_CHECKSIGVERIFY.to_u8() {
            count += 1;
        } else if opcode == OP_CHECKMULTISIG.to_u8() || opcode == OP_CHECKMULTISIGVERIFY.to_u8() {
            count += match previous {
                Some(number) if counting == Counting::Accurate && numbers.contains(&number) => {
                    u64::from(number - numbers.start()) + 1
                }
                _ => MAX_KEYS_OF_MULTISIG,
            };
        }
        previous = Some(opcode);
    }
    count
}

/// What the last operation of a script of pushes alone pushes as bytes; `None` if the script is not of pushes alone.
#[must_use]
pub fn last_push(script: &Script) -> Option<&Script> {
    let mut operations = Operations::new(script);
    let mut last: &[u8] = &[];
    for operation in operations.by_ref() {
        if !operation.is_push() {
            return None;
        }
        last = operation.data;
    }
    operations.is_at_end().then_some(Script::from_bytes(last))
}

/// The signature operations of a script that an input reveals: several signatures count as the number before them says.
#[must_use]
pub fn revealed_sigops(script: &Script) -> u64 {
    count_sigops(script, Counting::Accurate)
}

/// Whether a script does nothing but push.
pub(crate) fn is_push_only(script: &Script) -> bool {
    last_push(script).is_some()
}

/// Whether an output with this script can never be spent, by its first operation or its length.
#[must_use]
pub fn is_unspendable(script: &Script) -> bool {
    script.as_bytes().first() == Some(&OP_RETURN.to_u8()) || script.len() > MAX_SCRIPT_SIZE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(hex: &str, legacy: u64, accurate: u64) {
        let script = bitcoin::ScriptBuf::from_hex(hex).expect("hexadecimal");
        let counts = [Counting::Legacy, Counting::Accurate].map(|counting| count_sigops(&script, counting));
        assert_eq!(counts, [legacy, accurate], "{hex}");
    }

    #[test]
    fn signature_operations_are_counted_as_upstream_counts_them() {
        check("", 0, 0);
        check("ac", 1, 1);
        check("adac", 2, 2);
        check("ae", 20, 20);
        check("52ae", 20, 2);
        check("60af", 20, 16);
        check("00ae", 20, 20);
        // Only the operation just before counts as the number.
        check("52acae", 21, 21);
        check("52aeae", 40, 22);
        check("520101ae", 20, 20);
        // Pushed bytes do not count, and nothing does after a push of more than there is.
        check("02acac", 0, 0);
        check("ac4c05ac", 1, 1);
        check("ac4dffff", 1, 1);
        check("ac4effffffffac", 1, 1);
    }

    #[test]
    fn last_pushes_are_of_scripts_of_pushes_alone() {
        for (hex, last) in [
            ("", Some("")),
            ("0151", Some("51")),
            ("015100", Some("")),
            ("015160", Some("")),
            ("4c0151", Some("51")),
            ("015161", None),
            ("0251", None),
        ] {
            let script = bitcoin::ScriptBuf::from_hex(hex).expect("hexadecimal");
            assert_eq!(
                last_push(&script).map(Script::to_hex_string).as_deref(),
                last,
                "{hex}"
            );
        }
    }
}
