//! Writing, in the order in which upstream writes.

use std::ops::RangeInclusive;

use bitcoin::consensus::Decodable as _;
use bitcoin::ecdsa::Signature;
use bitcoin::hashes::{Hash as _, hash160};
use bitcoin::psbt::{Input, Psbt};
use bitcoin::{PublicKey, VarInt};

/// The type of an input's entry that is a signature; its key is the public key.
const SIGNATURE: u8 = 0x02;

/// The types of an input's entries that lead to its final script and witness.
const PARTS: [RangeInclusive<u8>; 3] = [SIGNATURE..=0x06, 0x0a..=0x0d, 0x13..=0x18];

const MAGIC_BYTES: usize = 5;

/// A partially signed transaction's bytes as upstream writes them, so that texts can be compared: signatures stand in the
/// order of the hashes of their keys, and of an input that is final nothing is left of what leads there.
#[must_use]
pub fn write(psbt: &Psbt) -> Vec<u8> {
    let bytes = psbt.serialize();
    let (written, rest) = bytes.split_at(MAGIC_BYTES);
    let mut written = written.to_vec();
    let mut rest = rest;
    written.extend(entries(&mut rest).concat());
    for input in &psbt.inputs {
        let mut entries = entries(&mut rest);
        if is_final(input) {
            entries.retain(|entry| {
                kind(entry).is_none_or(|kind| !PARTS.iter().any(|parts| parts.contains(&kind)))
            });
        }
        let first = entries.iter().position(|entry| hash(entry).is_some());
        if let Some(first) = first {
            let count = entries[first..]
                .iter()
                .take_while(|entry| hash(entry).is_some())
                .count();
            entries[first..first + count].sort_by_key(|entry| hash(entry));
        }
        written.extend(entries.concat());
    }
    written.extend(rest);
    written
}

/// An input's signatures in the same order.
#[must_use]
pub fn signatures(input: &Input) -> Vec<(&PublicKey, &Signature)> {
    let mut signatures: Vec<_> = input.partial_sigs.iter().collect();
    signatures.sort_by_key(|(key, _)| key.pubkey_hash());
    signatures
}

fn is_final(input: &Input) -> bool {
    let has_script = input
        .final_script_sig
        .as_ref()
        .is_some_and(|script| !script.is_empty());
    let has_witness = input
        .final_script_witness
        .as_ref()
        .is_some_and(|witness| !witness.is_empty());
    has_script || has_witness
}

/// Takes the entries of one map off what was written, the mark of its end the last of them.
fn entries<'a>(rest: &mut &'a [u8]) -> Vec<&'a [u8]> {
    let mut entries = Vec::new();
    loop {
        let start = *rest;
        let key = length(rest);
        *rest = &rest[key..];
        if key > 0 {
            let value = length(rest);
            *rest = &rest[value..];
        }
        entries.push(&start[..start.len() - rest.len()]);
        if key == 0 {
            return entries;
        }
    }
}

fn length(rest: &mut &[u8]) -> usize {
    let length = VarInt::consensus_decode(rest).expect("it was written just now");
    usize::try_from(length.0).expect("what follows is in memory")
}

/// The key of an entry, which begins with the entry's type; nothing for the mark of the end.
fn key(mut entry: &[u8]) -> &[u8] {
    let key = length(&mut entry);
    &entry[..key]
}

fn kind(entry: &[u8]) -> Option<u8> {
    key(entry).first().copied()
}

/// The hash of an entry's public key if it is a signature's.
fn hash(entry: &[u8]) -> Option<hash160::Hash> {
    match key(entry).split_first() {
        Some((&SIGNATURE, key)) => Some(hash160::Hash::hash(key)),
        _ => None,
    }
}
