//! How pushes, signatures and keys are encoded.

use bitcoin::opcodes::all::{OP_PUSHBYTES_0, OP_PUSHDATA1, OP_PUSHDATA2};
use bitcoin::secp256k1::ecdsa::Signature;

use crate::script::read::Operation;
use crate::script::{ScriptError, ScriptFlags, SignatureVersion};

const COMPRESSED_SIZE: usize = 33;
const UNCOMPRESSED_SIZE: usize = 65;

/// The bit of a signature's last byte with which it signs its own input alone.
const ANYONE_CAN_PAY: u8 = 0x80;

/// Whether a push is as short as it can be.
pub(super) fn is_shortest_push(operation: Operation<'_>) -> bool {
    let opcode = operation.opcode;
    match operation.data {
        [] => opcode == OP_PUSHBYTES_0.to_u8(),
        // Numbers that have an operation of their own.
        [1..=16 | 0x81] => false,
        data if data.len() < usize::from(OP_PUSHDATA1.to_u8()) => usize::from(opcode) == data.len(),
        data if data.len() <= usize::from(u8::MAX) => opcode == OP_PUSHDATA1.to_u8(),
        data if data.len() <= usize::from(u16::MAX) => opcode == OP_PUSHDATA2.to_u8(),
        _ => true,
    }
}

/// A script that pushes these bytes by their length, as the first release did.
///
/// # Panics
/// If they are more than 65,535: elements have 520 at most.
pub(super) fn push(bytes: &[u8]) -> Vec<u8> {
    let mut script = Vec::with_capacity(bytes.len() + 3);
    let length = u16::try_from(bytes.len()).expect("elements are short");
    let [low, high] = length.to_le_bytes();
    match length {
        0..=0x4b => script.push(low),
        0x4c..=0xff => script.extend([OP_PUSHDATA1.to_u8(), low]),
        _ => script.extend([OP_PUSHDATA2.to_u8(), low, high]),
    }
    script.extend(bytes);
    script
}

/// Whether a signature, with its last byte, is strict DER.
///
/// # Consensus
/// BIP 66 <https://bips.dev/66/>.
fn is_strict_der(signature: &[u8]) -> bool {
    let [0x30, length, content @ .., _hash_type] = signature else {
        return false;
    };
    signature.len() <= 73
        && usize::from(*length) == content.len()
        && strict_integer(content)
            .and_then(strict_integer)
            .is_some_and(<[u8]>::is_empty)
}

/// What follows an integer that is not negative and no longer than it must be.
fn strict_integer(bytes: &[u8]) -> Option<&[u8]> {
    let [0x02, length, rest @ ..] = bytes else {
        return None;
    };
    let (integer, rest) = rest.split_at_checked(usize::from(*length))?;
    match integer {
        [] | [0x80..=0xff, ..] | [0, 0..=0x7f, ..] => None,
        _ => Some(rest),
    }
}

/// Whether a strict signature has the lower one of its two S values.
fn has_low_s(signature: &[u8]) -> bool {
    let [der @ .., _hash_type] = signature else {
        return false;
    };
    let Ok(signature) = Signature::from_der_lax(der) else {
        return false;
    };
    let mut normalized = signature;
    normalized.normalize_s();
    normalized == signature
}

fn has_known_hash_type(signature: &[u8]) -> bool {
    signature
        .last()
        .is_some_and(|hash_type| matches!(hash_type & !ANYONE_CAN_PAY, 1..=3))
}

/// Checks how a signature is encoded, with its last byte. One that is empty is meant to fail.
pub(super) fn check_signature(signature: &[u8], flags: ScriptFlags) -> Result<(), ScriptError> {
    let needs_der = ScriptFlags::DERSIG | ScriptFlags::LOW_S | ScriptFlags::STRICTENC;
    if signature.is_empty() {
        Ok(())
    } else if flags.intersection(needs_der) != ScriptFlags::NONE && !is_strict_der(signature) {
        Err(ScriptError::SigDer)
    } else if flags.contains(ScriptFlags::LOW_S) && !has_low_s(signature) {
        Err(ScriptError::SigHighS)
    } else if flags.contains(ScriptFlags::STRICTENC) && !has_known_hash_type(signature) {
        Err(ScriptError::SigHashType)
    } else {
        Ok(())
    }
}

/// Checks how a key is encoded.
pub(super) fn check_key(
    key: &[u8],
    flags: ScriptFlags,
    version: SignatureVersion,
) -> Result<(), ScriptError> {
    let is_compressed = key.len() == COMPRESSED_SIZE && matches!(key[0], 2 | 3);
    let is_uncompressed = key.len() == UNCOMPRESSED_SIZE && key[0] == 4;
    if flags.contains(ScriptFlags::STRICTENC) && !is_compressed && !is_uncompressed {
        return Err(ScriptError::PubkeyType);
    }
    let must_be_compressed =
        flags.contains(ScriptFlags::WITNESS_PUBKEYTYPE) && version == SignatureVersion::WitnessV0;
    if must_be_compressed && !is_compressed {
        return Err(ScriptError::WitnessPubkeyType);
    }
    Ok(())
}
