//! What an output asks for, by the form of its script.

use bitcoin::Script;
use bitcoin::opcodes::all::{OP_CHECKMULTISIG, OP_CHECKSIG, OP_PUSHNUM_1, OP_PUSHNUM_16, OP_RETURN};
use bitcoin::script::{Instruction, Instructions};

/// The most keys that a script may name.
const MAX_KEYS: u8 = 20;

/// What an output asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutputKind {
    /// A signature of a key.
    PublicKey,
    /// A signature of a key with a hash.
    PublicKeyHash,
    /// A script with a hash.
    ScriptHash,
    /// Signatures of some of several keys.
    Multisig {
        /// How many signatures.
        required: u8,
        /// Of how many keys.
        keys: u8,
    },
    /// Nothing: it is data.
    Data,
    /// A signature of a key with a hash, in the witness.
    WitnessKeyHash,
    /// A script with a hash, in the witness.
    WitnessScriptHash,
    /// A signature of a key or a script under it (BIP 341).
    Taproot,
    /// A witness of a version that means nothing yet.
    WitnessUnknown,
    /// Something else.
    Other,
}

impl OutputKind {
    /// What an output with this script asks for.
    #[must_use]
    pub fn of(script: &Script) -> Self {
        if script.is_p2sh() {
            return Self::ScriptHash;
        }
        if let Some(version) = script.witness_version() {
            return match version.to_num() {
                0 if script.is_p2wpkh() => Self::WitnessKeyHash,
                0 if script.is_p2wsh() => Self::WitnessScriptHash,
                0 => Self::Other,
                1 if script.is_p2tr() => Self::Taproot,
                _ => Self::WitnessUnknown,
            };
        }
        let bytes = script.as_bytes();
        if bytes.first() == Some(&OP_RETURN.to_u8()) && Script::from_bytes(&bytes[1..]).is_push_only() {
            return Self::Data;
        }
        if is_public_key(script) {
            return Self::PublicKey;
        }
        if script.is_p2pkh() {
            return Self::PublicKeyHash;
        }
        multisig(script).unwrap_or(Self::Other)
    }
}

/// Whether the bytes have the length that a key has which begins as they do.
fn is_key(bytes: &[u8]) -> bool {
    matches!(
        (bytes.first(), bytes.len()),
        (Some(2 | 3), 33) | (Some(4 | 6 | 7), 65)
    )
}

fn is_public_key(script: &Script) -> bool {
    match script.as_bytes() {
        [length @ (33 | 65), rest @ ..] if rest.len() == usize::from(*length) + 1 => {
            rest.last() == Some(&OP_CHECKSIG.to_u8()) && is_key(&rest[..rest.len() - 1])
        }
        _ => false,
    }
}

/// A number from 1 to 20, as short as it can be pushed.
fn small_number(instruction: &Instruction<'_>) -> Option<u8> {
    match instruction {
        Instruction::Op(opcode) => {
            let code = opcode.to_u8();
            (OP_PUSHNUM_1.to_u8()..=OP_PUSHNUM_16.to_u8())
                .contains(&code)
                .then(|| code - OP_PUSHNUM_1.to_u8() + 1)
        }
        Instruction::PushBytes(bytes) => match bytes.as_bytes() {
            [number @ 17..=MAX_KEYS] => Some(*number),
            _ => None,
        },
    }
}

fn multisig(script: &Script) -> Option<OutputKind> {
    let mut instructions: Instructions<'_> = script.instructions_minimal();
    let required = small_number(&instructions.next()?.ok()?)?;
    let mut keys = 0_u8;
    let named = loop {
        let instruction = instructions.next()?.ok()?;
        match instruction {
            Instruction::PushBytes(bytes) if is_key(bytes.as_bytes()) => keys = keys.checked_add(1)?,
            other => break small_number(&other)?,
        }
    };
    let ends = matches!(instructions.next()?.ok()?, Instruction::Op(OP_CHECKMULTISIG))
        && instructions.next().is_none();
    (ends && named == keys && keys >= required).then_some(OutputKind::Multisig { required, keys })
}

#[cfg(test)]
mod tests {
    use bitcoin::ScriptBuf;

    use super::*;

    fn check(hex: &str, expected: OutputKind) {
        let script = ScriptBuf::from_hex(hex).expect("it is hexadecimal");
        assert_eq!(OutputKind::of(&script), expected, "{hex}");
    }

    #[test]
    fn outputs_are_told_apart_by_their_form() {
        let key = format!("21{}", "02".repeat(33));
        let hash = "11".repeat(20);
        let long = "11".repeat(32);
        check(&format!("{key}ac"), OutputKind::PublicKey);
        check(&format!("41{}ac", "04".repeat(65)), OutputKind::PublicKey);
        check(&format!("21{}ac", "05".repeat(33)), OutputKind::Other);
        check(&format!("76a914{hash}88ac"), OutputKind::PublicKeyHash);
        check(&format!("a914{hash}87"), OutputKind::ScriptHash);
        check(&format!("0014{hash}"), OutputKind::WitnessKeyHash);
        check(&format!("0020{long}"), OutputKind::WitnessScriptHash);
        check("0003111111", OutputKind::Other);
        check(&format!("5120{long}"), OutputKind::Taproot);
        check(&format!("5114{hash}"), OutputKind::WitnessUnknown);
        check(&format!("6020{long}"), OutputKind::WitnessUnknown);
        check("6a", OutputKind::Data);
        check("6a0401020304", OutputKind::Data);
        check("6a04010203", OutputKind::Other);
        check("6aac", OutputKind::Other);
        check("", OutputKind::Other);
    }

    #[test]
    fn several_signatures_are_asked_for_with_as_many_keys_as_are_named() {
        let key = format!("21{}", "02".repeat(33));
        let two_of_three = OutputKind::Multisig { required: 2, keys: 3 };
        check(&format!("52{key}{key}{key}53ae"), two_of_three);
        check(&format!("52{key}{key}53ae"), OutputKind::Other);
        check(&format!("53{key}{key}52ae"), OutputKind::Other);
        check(&format!("52{key}{key}52aeae"), OutputKind::Other);
        check(&format!("00{key}51ae"), OutputKind::Other);
        let many = key.repeat(17);
        check(
            &format!("51{many}0111ae"),
            OutputKind::Multisig {
                required: 1,
                keys: 17,
            },
        );
        check(&format!("51{key}0101ae"), OutputKind::Other);
    }
}
