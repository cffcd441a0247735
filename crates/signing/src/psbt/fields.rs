//! Fields that nodes read otherwise than the `bitcoin` crate: it refuses preimages that do not have the hash beside them,
//! of which nodes say nothing, and nodes have words of their own for what is wrong with Taproot's.

use std::collections::BTreeSet;

use bitcoin::consensus::encode::{Decodable as _, VarInt};
use bitcoin::hashes::Hash;
use bitcoin::psbt::Psbt;

use super::ReadPsbtError;

/// What each partially signed transaction begins with.
const MAGIC: &[u8] = b"psbt\xff";

/// The kinds of preimages (BIP 174), by the type of their key: how long the hash is, and what upstream calls them.
const PREIMAGES: [(u8, usize, &str); 4] = [
    (0x0a, 20, "ripemd160"),
    (0x0b, 32, "sha256"),
    (0x0c, 20, "hash160"),
    (0x0d, 32, "hash256"),
];

/// The fields of Taproot (BIP 371) whose keys have one length, by their type: what is said of others.
const INPUT_KEYS: [(u8, usize, &str); 5] = [
    (
        0x13,
        1,
        "Input Taproot key signature key is more than one byte type",
    ),
    (0x14, 65, "Input Taproot script signature key is not 65 bytes"),
    (0x16, 33, "Input Taproot BIP32 keypath key is not at 33 bytes"),
    (
        0x17,
        1,
        "Input Taproot internal key key is more than one byte type",
    ),
    (
        0x18,
        1,
        "Input Taproot merkle root key is more than one byte type",
    ),
];
const OUTPUT_KEYS: [(u8, usize, &str); 3] = [
    (
        0x05,
        1,
        "Output Taproot internal key key is more than one byte type",
    ),
    (0x06, 1, "Output Taproot tree key is more than one byte type"),
    (0x07, 33, "Output Taproot BIP32 keypath key is not at 33 bytes"),
];

const KEY_SIGNATURE: u8 = 0x13;
const SCRIPT_SIGNATURE: u8 = 0x14;
const LEAF_SCRIPT: u8 = 0x15;
const TREE: u8 = 0x06;

/// The deepest that a leaf may lie (BIP 341).
const MAX_DEPTH: u8 = 128;

/// A preimage with its hash, whether it has that or not.
pub(super) struct Preimage {
    input: usize,
    kind: u8,
    hash: Vec<u8>,
    value: Vec<u8>,
}

/// A field of an input or an output.
struct Field<'a> {
    key: &'a [u8],
    value: &'a [u8],
    /// Both with their lengths.
    bytes: &'a [u8],
}

/// The bytes of a partially signed transaction without its preimages, and these.
type WithoutPreimages = (Vec<u8>, Vec<Preimage>);

/// Takes the preimages out of a partially signed transaction, and returns its bytes without them. None if it is none, which
/// whoever reads it will find.
///
/// # Errors
/// The first thing that is wrong with a preimage, or with a field of Taproot.
pub(super) fn take_preimages(bytes: &[u8]) -> Result<Option<WithoutPreimages>, ReadPsbtError> {
    let Some(mut rest) = bytes.strip_prefix(MAGIC) else {
        return Ok(None);
    };
    let Some(inputs) = fields(&mut rest).and_then(|global| count_inputs(&global)) else {
        return Ok(None);
    };
    let mut kept = bytes[..bytes.len() - rest.len()].to_vec();
    let mut preimages: Vec<Preimage> = Vec::new();
    for input in 0..inputs {
        let Some(found) = fields(&mut rest) else {
            return Ok(None);
        };
        let mut known = BTreeSet::new();
        for field in found {
            check_input(&field)?;
            match preimage(input, &field)? {
                None => kept.extend_from_slice(field.bytes),
                Some(preimage) => {
                    if !known.insert((preimage.kind, preimage.hash.clone())) {
                        let name = name(preimage.kind);
                        let text = format!("Duplicate Key, input {name} preimage already provided");
                        return Err(ReadPsbtError::Field(text));
                    }
                    preimages.push(preimage);
                }
            }
        }
        kept.push(0);
    }
    kept.extend_from_slice(rest);
    while !rest.is_empty() {
        let Some(found) = fields(&mut rest) else {
            return Ok(None);
        };
        found.iter().try_for_each(check_output)?;
    }
    Ok(Some((kept, preimages)))
}

/// Puts preimages where they were.
pub(super) fn put_preimages(psbt: &mut Psbt, preimages: Vec<Preimage>) {
    for preimage in preimages {
        let Some(input) = psbt.inputs.get_mut(preimage.input) else {
            continue;
        };
        let Preimage {
            kind, hash, value, ..
        } = preimage;
        match kind {
            0x0a => insert(&mut input.ripemd160_preimages, &hash, value),
            0x0b => insert(&mut input.sha256_preimages, &hash, value),
            0x0c => insert(&mut input.hash160_preimages, &hash, value),
            _ => insert(&mut input.hash256_preimages, &hash, value),
        }
    }
}

fn insert<H: Hash + Ord>(
    preimages: &mut std::collections::BTreeMap<H, Vec<u8>>,
    hash: &[u8],
    value: Vec<u8>,
) {
    let hash = H::from_slice(hash).expect("its length was looked at when it was read");
    preimages.insert(hash, value);
}

fn name(kind: u8) -> &'static str {
    let found = PREIMAGES.iter().find(|(known, ..)| *known == kind);
    found.map_or("", |(_, _, name)| name)
}

/// The preimage that a field is, if it is one.
fn preimage(input: usize, field: &Field<'_>) -> Result<Option<Preimage>, ReadPsbtError> {
    let kind = field.key[0];
    let Some((_, length, name)) = PREIMAGES.iter().find(|(known, ..)| *known == kind) else {
        return Ok(None);
    };
    if field.key.len() != 1 + length {
        let text = format!("Size of key was not the expected size for the type {name} preimage");
        return Err(ReadPsbtError::Field(text));
    }
    Ok(Some(Preimage {
        input,
        kind,
        hash: field.key[1..].to_vec(),
        value: field.value.to_vec(),
    }))
}

fn check_input(field: &Field<'_>) -> Result<(), ReadPsbtError> {
    check_key(field, &INPUT_KEYS)?;
    let refused = |text: &str| Err(ReadPsbtError::Field(text.to_owned()));
    match (field.key[0], field.key.len(), field.value.len()) {
        (KEY_SIGNATURE, _, ..64) => refused("Input Taproot key path signature is shorter than 64 bytes"),
        (KEY_SIGNATURE, _, 66..) => refused("Input Taproot key path signature is longer than 65 bytes"),
        (SCRIPT_SIGNATURE, _, ..64) => {
            refused("Input Taproot script path signature is shorter than 64 bytes")
        }
        (SCRIPT_SIGNATURE, _, 66..) => refused("Input Taproot script path signature is longer than 65 bytes"),
        (LEAF_SCRIPT, ..34, _) => refused("Taproot leaf script key is not at least 34 bytes"),
        (LEAF_SCRIPT, length, _) if (length - 2) % 32 != 0 => {
            refused("Input Taproot leaf script key's control block size is not valid")
        }
        (LEAF_SCRIPT, _, 0) => refused("Input Taproot leaf script must be at least 1 byte"),
        _ => Ok(()),
    }
}

fn check_output(field: &Field<'_>) -> Result<(), ReadPsbtError> {
    check_key(field, &OUTPUT_KEYS)?;
    if field.key[0] != TREE {
        return Ok(());
    }
    let refused = |text: &str| Err(ReadPsbtError::Field(text.to_owned()));
    let mut rest = field.value;
    if rest.is_empty() {
        return refused("Output Taproot tree must not be empty");
    }
    while let [depth, version, script @ ..] = rest {
        rest = script;
        if split(&mut rest).is_none() {
            break;
        }
        if *depth > MAX_DEPTH {
            return refused("Output Taproot tree has as leaf greater than Taproot maximum depth");
        }
        if version & 1 != 0 {
            return refused("Output Taproot tree has a leaf with an invalid leaf version");
        }
    }
    Ok(())
}

fn check_key(field: &Field<'_>, lengths: &[(u8, usize, &str)]) -> Result<(), ReadPsbtError> {
    let of_kind = lengths.iter().find(|(kind, ..)| *kind == field.key[0]);
    match of_kind {
        Some((_, length, text)) if field.key.len() != *length => {
            Err(ReadPsbtError::Field((*text).to_owned()))
        }
        _ => Ok(()),
    }
}

/// How many inputs the unsigned transaction has, by the fields of the whole.
fn count_inputs(global: &[Field<'_>]) -> Option<usize> {
    let transaction = global.iter().find(|field| field.key == [0])?;
    let count = VarInt::consensus_decode(&mut transaction.value.get(4..)?).ok()?;
    usize::try_from(count.0).ok()
}

/// The fields up to the next separator.
fn fields<'a>(rest: &mut &'a [u8]) -> Option<Vec<Field<'a>>> {
    let mut found = Vec::new();
    loop {
        let start = *rest;
        let key = split(rest)?;
        if key.is_empty() {
            return Some(found);
        }
        let value = split(rest)?;
        let bytes = &start[..start.len() - rest.len()];
        found.push(Field { key, value, bytes });
    }
}

/// Bytes that follow their length.
fn split<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = VarInt::consensus_decode(rest).ok()?.0;
    rest.split_off(..usize::try_from(length).ok()?)
}
