//! What an output's script asks for, as far as it is one of the forms that wallets know.

use bitcoin::Script;
use bitcoin::opcodes::all::{OP_CHECKMULTISIG, OP_CHECKSIG, OP_PUSHNUM_1, OP_PUSHNUM_16, OP_RETURN};
use bitcoin::script::Instruction;

/// The most keys that a script of several signatures may name.
pub const MAX_KEYS_OF_MULTISIG: usize = 20;

/// A form of output script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScriptKind<'a> {
    /// None of the others.
    NonStandard,
    /// A public key, of 33 or 65 bytes, and `OP_CHECKSIG`.
    PublicKey(&'a [u8]),
    /// The hash of a public key.
    PublicKeyHash([u8; 20]),
    /// The hash of a script (BIP 16).
    ScriptHash([u8; 20]),
    /// Several keys, of which some must have signed.
    Multisig {
        /// How many.
        required: usize,
        /// The keys, of 33 or 65 bytes each.
        keys: Vec<&'a [u8]>,
    },
    /// Data that nobody can spend.
    NullData,
    /// The hash of a public key, for a witness (BIP 141).
    WitnessKeyHash([u8; 20]),
    /// The hash of a script, for a witness (BIP 141).
    WitnessScriptHash([u8; 32]),
    /// A taproot output's key (BIP 341).
    Taproot([u8; 32]),
    /// A witness program that has no meaning yet.
    WitnessUnknown {
        /// From 1 to 16.
        version: u8,
        /// From 2 to 40 bytes.
        program: &'a [u8],
    },
}

impl<'a> ScriptKind<'a> {
    /// What this script is.
    #[must_use]
    pub fn of(script: &'a Script) -> Self {
        if script.is_p2sh() {
            return Self::ScriptHash(array(&script.as_bytes()[2..22]));
        }
        if let Some((version, program)) = witness_program(script) {
            return match (version, program.len()) {
                (0, 20) => Self::WitnessKeyHash(array(program)),
                (0, 32) => Self::WitnessScriptHash(array(program)),
                (0, _) => Self::NonStandard,
                (1, 32) => Self::Taproot(array(program)),
                _ => Self::WitnessUnknown { version, program },
            };
        }
        if is_null_data(script) {
            return Self::NullData;
        }
        if let Some(key) = public_key(script) {
            return Self::PublicKey(key);
        }
        if script.is_p2pkh() {
            return Self::PublicKeyHash(array(&script.as_bytes()[3..23]));
        }
        match multisig(script) {
            Some((required, keys)) => Self::Multisig { required, keys },
            None => Self::NonStandard,
        }
    }

    /// The name in RPC results.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::NonStandard => "nonstandard",
            Self::PublicKey(_) => "pubkey",
            Self::PublicKeyHash(_) => "pubkeyhash",
            Self::ScriptHash(_) => "scripthash",
            Self::Multisig { .. } => "multisig",
            Self::NullData => "nulldata",
            Self::WitnessKeyHash(_) => "witness_v0_keyhash",
            Self::WitnessScriptHash(_) => "witness_v0_scripthash",
            Self::Taproot(_) => "witness_v1_taproot",
            Self::WitnessUnknown { .. } => "witness_unknown",
        }
    }
}

/// The names that [`ScriptKind::name`] gives.
pub const KIND_NAMES: [&str; 10] = [
    "nonstandard",
    "pubkey",
    "pubkeyhash",
    "scripthash",
    "multisig",
    "nulldata",
    "witness_v0_scripthash",
    "witness_v0_keyhash",
    "witness_v1_taproot",
    "witness_unknown",
];

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes
        .try_into()
        .expect("the script's form says how many bytes there are")
}

fn witness_program(script: &Script) -> Option<(u8, &[u8])> {
    let version = script.witness_version()?.to_num();
    Some((version, &script.as_bytes()[2..]))
}

fn is_null_data(script: &Script) -> bool {
    let Some((first, rest)) = script.as_bytes().split_first() else {
        return false;
    };
    *first == OP_RETURN.to_u8() && Script::from_bytes(rest).is_push_only()
}

/// Whether a public key that begins with this byte has this length. Whether it is on the curve is not looked at.
pub(crate) fn has_key_length(key: &[u8]) -> bool {
    match key.first() {
        Some(2 | 3) => key.len() == 33,
        Some(4 | 6 | 7) => key.len() == 65,
        _ => false,
    }
}

fn public_key(script: &Script) -> Option<&[u8]> {
    let (last, rest) = script.as_bytes().split_last()?;
    let (length, key) = rest.split_first()?;
    let is_form = *last == OP_CHECKSIG.to_u8() && usize::from(*length) == key.len();
    (is_form && has_key_length(key)).then_some(key)
}

/// The number that an instruction of so many bytes pushes in the shortest way.
fn small_number(instruction: &Instruction<'_>, length: usize) -> Option<usize> {
    match instruction {
        Instruction::Op(opcode) => {
            let numbers = OP_PUSHNUM_1.to_u8()..=OP_PUSHNUM_16.to_u8();
            let opcode = opcode.to_u8();
            numbers
                .contains(&opcode)
                .then(|| usize::from(opcode - OP_PUSHNUM_1.to_u8()) + 1)
        }
        Instruction::PushBytes(bytes) => match bytes.as_bytes() {
            [number @ 17..=20] if length == 2 => Some(usize::from(*number)),
            _ => None,
        },
    }
}

fn multisig(script: &Script) -> Option<(usize, Vec<&[u8]>)> {
    if script.as_bytes().last() != Some(&OP_CHECKMULTISIG.to_u8()) {
        return None;
    }
    let mut parts = script
        .instruction_indices()
        .map(Result::ok)
        .collect::<Option<Vec<_>>>()?;
    parts.pop();
    let end = script.len() - 1;
    let length = |index: usize| {
        let next = parts.get(index + 1).map_or(end, |(position, _)| *position);
        next - parts[index].0
    };
    let last = parts.len().checked_sub(1).filter(|last| *last > 0)?;
    let required = small_number(&parts[0].1, length(0))?;
    let count = small_number(&parts[last].1, length(last))?;
    let keys = parts[1..last]
        .iter()
        .map(|(_, instruction)| match instruction {
            Instruction::PushBytes(bytes) if has_key_length(bytes.as_bytes()) => Some(bytes.as_bytes()),
            _ => None,
        })
        .collect::<Option<Vec<_>>>()?;
    let fits = keys.len() == count && required <= count && count <= MAX_KEYS_OF_MULTISIG;
    fits.then_some((required, keys))
}

#[cfg(test)]
mod tests {
    use bitcoin::ScriptBuf;

    use super::*;

    const KEY: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

    fn check(hex: &str, expected: &str) {
        let script = ScriptBuf::from_hex(hex).unwrap();
        assert_eq!(ScriptKind::of(&script).name(), expected, "{hex}");
    }

    #[test]
    fn scripts_are_told_apart() {
        let zeros = "00".repeat(20);
        check("", "nonstandard");
        check("51", "nonstandard");
        check(&format!("21{KEY}ac"), "pubkey");
        check(&format!("2105{}ac", &KEY[2..]), "nonstandard");
        check(&format!("76a914{zeros}88ac"), "pubkeyhash");
        check(&format!("a914{zeros}87"), "scripthash");
        check(&format!("0014{zeros}"), "witness_v0_keyhash");
        check(&format!("0015{zeros}00"), "nonstandard");
        check(&format!("0020{}", "00".repeat(32)), "witness_v0_scripthash");
        check(&format!("5120{}", "00".repeat(32)), "witness_v1_taproot");
        check(&format!("5114{zeros}"), "witness_unknown");
        check(&format!("6020{}", "00".repeat(32)), "witness_unknown");
        check("6a", "nulldata");
        check("6a0401020304", "nulldata");
        check("6a5160", "nulldata");
        check("6a61", "nonstandard");
        check("6a0501", "nonstandard");
    }

    #[test]
    fn several_signatures_are_of_keys_and_of_numbers_that_fit() {
        check(&format!("5121{KEY}51ae"), "multisig");
        check(&format!("5221{KEY}21{KEY}52ae"), "multisig");
        check(&format!("5221{KEY}51ae"), "nonstandard");
        check(&format!("5121{KEY}52ae"), "nonstandard");
        check(&format!("0021{KEY}51ae"), "nonstandard");
        check(&format!("010121{KEY}51ae"), "nonstandard");
        check(&format!("5121{KEY}5151ae"), "nonstandard");
        check("ae", "nonstandard");
        check("51ae", "nonstandard");
        check("5151ae", "nonstandard");
        let keys = |count: usize| format!("21{KEY}").repeat(count);
        check(&format!("0111{}0111ae", keys(17)), "multisig");
        check(&format!("0114{}0114ae", keys(20)), "multisig");
        check(&format!("0115{}0115ae", keys(21)), "nonstandard");
        check(&format!("4c0111{}0111ae", keys(17)), "nonstandard");
    }
}
