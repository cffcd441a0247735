//! What inputs, outputs and the whole have in common.

use std::collections::BTreeMap;

use bitcoin::XOnlyPublicKey;
use bitcoin::bip32::{ChildNumber, DerivationPath, KeySource};
use bitcoin::hex::DisplayHex as _;
use bitcoin::psbt::raw::{Key, ProprietaryKey};
use bitcoin::secp256k1::PublicKey;
use bitcoin::taproot::TapLeafHash;
use rpc::{Shape, ShapeKind};
use serde_json::{Map, Value, json};

use crate::shapes;

/// The members of an object.
pub(super) type Members = Vec<(&'static str, Shape)>;

/// An array of objects.
pub(super) fn objects(members: Members) -> Shape {
    shapes::array(shapes::object(members))
}

pub(super) fn script_shape() -> Shape {
    shapes::object(vec![
        ("asm", shapes::text("The script's operations in words")),
        ("hex", shapes::hex("The script")),
        ("type", shapes::kind()),
    ])
}

fn origin_members() -> Members {
    vec![
        ("pubkey", shapes::hex("The public key")),
        (
            "master_fingerprint",
            shapes::hex("The fingerprint of the key that it comes from"),
        ),
        ("path", shapes::text("The way from that one")),
    ]
}

pub(super) fn origins_shape() -> Shape {
    objects(origin_members())
}

pub(super) fn taproot_origins_shape() -> Shape {
    let mut members = origin_members();
    members.push((
        "leaf_hashes",
        shapes::array(shapes::hex("The hash of a script that the key is in")),
    ));
    objects(members)
}

pub(super) fn proprietary_shape() -> Shape {
    objects(vec![
        ("identifier", shapes::hex("Whose it is")),
        ("subtype", shapes::number("The kind")),
        ("key", shapes::hex("The whole key")),
        ("value", shapes::hex("The value")),
    ])
}

pub(super) fn unknown_shape() -> Shape {
    let value = shapes::hex("The value of a key that is not known");
    Shape::new(ShapeKind::Map("key", Box::new(value)), "")
}

/// The way from a master key, as upstream writes it.
pub(super) fn path(path: &DerivationPath) -> String {
    path.into_iter().fold("m".to_owned(), |text, step| match step {
        ChildNumber::Normal { index } => format!("{text}/{index}"),
        ChildNumber::Hardened { index } => format!("{text}/{index}h"),
    })
}

fn origin(key: &str, (fingerprint, way): &KeySource) -> Value {
    json!({ "pubkey": key, "master_fingerprint": fingerprint.to_string(), "path": path(way) })
}

pub(super) fn origins(keys: &BTreeMap<PublicKey, KeySource>) -> Value {
    keys.iter()
        .map(|(key, source)| origin(&key.to_string(), source))
        .collect()
}

pub(super) fn taproot_origins(keys: &BTreeMap<XOnlyPublicKey, (Vec<TapLeafHash>, KeySource)>) -> Value {
    let told = keys.iter().map(|(key, (leaves, source))| {
        let mut told = origin(&key.to_string(), source);
        told["leaf_hashes"] = leaves.iter().map(TapLeafHash::to_string).collect();
        told
    });
    told.collect()
}

pub(super) fn proprietary(entries: &BTreeMap<ProprietaryKey, Vec<u8>>) -> Value {
    let told = entries.iter().map(|(key, value)| {
        json!({
            "identifier": key.prefix.to_lower_hex_string(),
            "subtype": key.subtype,
            "key": whole_key(&key.to_key()),
            "value": value.to_lower_hex_string(),
        })
    });
    told.collect()
}

pub(super) fn unknown(entries: &BTreeMap<Key, Vec<u8>>) -> Value {
    let told = entries
        .iter()
        .map(|(key, value)| (whole_key(key), value.to_lower_hex_string().into()));
    Value::Object(told.collect::<Map<_, _>>())
}

fn whole_key(key: &Key) -> String {
    format!("{:02x}{}", key.type_value, key.key.to_lower_hex_string())
}

/// Adds a member unless there is nothing to tell.
pub(super) fn add(told: &mut Map<String, Value>, name: &str, value: Value) {
    let is_empty = match &value {
        Value::Null => true,
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    };
    if !is_empty {
        told.insert(name.to_owned(), value);
    }
}
