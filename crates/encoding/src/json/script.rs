//! Scripts as objects.

use bitcoin::Script;
use consensus::params::AddressParams;
use serde_json::{Map, Value};

use crate::assembly::{Signatures, from_script};
use crate::descriptor::{Known, infer};
use crate::{Address, ScriptKind};

/// An output's script: words, descriptor, digits, address if it has one, and kind.
#[must_use]
pub fn output_script(script: &Script, chain: &AddressParams) -> Map<String, Value> {
    let known = Known::default();
    described_script(script, &known, chain, true)
}

/// A script with its descriptor as far as is known what stands behind hashes, with or without its digits.
#[must_use]
pub fn described_script(
    script: &Script,
    known: &Known,
    chain: &AddressParams,
    has_digits: bool,
) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("asm".to_owned(), from_script(script, Signatures::Raw).into());
    object.insert("desc".to_owned(), infer(script, known, chain).into());
    if has_digits {
        object.insert("hex".to_owned(), script.to_hex_string().into());
    }
    if let Some(address) = Address::from_script(script) {
        object.insert("address".to_owned(), address.encode(chain).into());
    }
    object.insert("type".to_owned(), ScriptKind::of(script).name().into());
    object
}

/// A script behind a hash: words, digits and kind.
#[must_use]
pub fn plain_script(script: &Script) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("asm".to_owned(), from_script(script, Signatures::Raw).into());
    object.insert("hex".to_owned(), script.to_hex_string().into());
    object.insert("type".to_owned(), ScriptKind::of(script).name().into());
    object
}

/// An input's script: words that say what signatures cover, and digits.
#[must_use]
pub fn signature_script(script: &Script) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("asm".to_owned(), from_script(script, Signatures::Decoded).into());
    object.insert("hex".to_owned(), script.to_hex_string().into());
    object
}
