//! An input.

use std::collections::BTreeMap;

use bitcoin::hashes::Hash;
use bitcoin::hex::DisplayHex as _;
use bitcoin::psbt::Input;
use bitcoin::taproot::{ControlBlock, LeafVersion};
use bitcoin::{ScriptBuf, TxOut};
use consensus::params::AddressParams;
use encoding::address::program_hex;
use encoding::amount::to_json;
use encoding::assembly::sighash_name;
use encoding::json::{output_script, plain_script, signature_script, transaction};
use rpc::{Shape, ShapeKind};
use serde_json::{Map, Value, json};

use super::parts::{self, Members, add};
use crate::shapes;

pub(super) fn shape() -> Members {
    let by_key = |key, value| Shape::new(ShapeKind::Map(key, Box::new(shapes::hex(value))), "");
    let preimages = || by_key("hash", "What has this hash").optional();
    let mut members = vec![
        (
            "non_witness_utxo",
            shapes::object(shapes::transaction("The id")).optional(),
        ),
        (
            "witness_utxo",
            shapes::object(vec![
                ("amount", shapes::amount("The amount in SYS")),
                ("scriptPubKey", shapes::output_script()),
            ])
            .optional(),
        ),
        (
            "partial_signatures",
            by_key("pubkey", "The signature of this key").optional(),
        ),
        ("sighash", shapes::text("What signatures should cover").optional()),
        ("redeem_script", parts::script_shape().optional()),
        ("witness_script", parts::script_shape().optional()),
        ("bip32_derivs", parts::origins_shape().optional()),
        (
            "final_scriptSig",
            shapes::object(vec![
                ("asm", shapes::text("The script's operations in words")),
                ("hex", shapes::hex("The script")),
            ])
            .optional(),
        ),
        (
            "final_scriptwitness",
            shapes::array(shapes::hex("An item of the witness")).optional(),
        ),
        ("ripemd160_preimages", preimages()),
        ("sha256_preimages", preimages()),
        ("hash160_preimages", preimages()),
        ("hash256_preimages", preimages()),
    ];
    members.extend(taproot_shape());
    members.extend([
        ("unknown", parts::unknown_shape().optional()),
        ("proprietary", parts::proprietary_shape().optional()),
    ]);
    members
}

fn taproot_shape() -> Members {
    let signatures = parts::objects(vec![
        ("pubkey", shapes::hex("The key")),
        (
            "leaf_hash",
            shapes::hex("The hash of the script that it signs for"),
        ),
        ("sig", shapes::hex("The signature")),
    ]);
    let scripts = parts::objects(vec![
        ("script", shapes::hex("The script")),
        ("leaf_ver", shapes::number("The version")),
        (
            "control_blocks",
            shapes::array(shapes::hex("A way to the tree's root")),
        ),
    ]);
    vec![
        (
            "taproot_key_path_sig",
            shapes::hex("The signature of the output's key").optional(),
        ),
        ("taproot_script_path_sigs", signatures.optional()),
        ("taproot_scripts", scripts.optional()),
        ("taproot_bip32_derivs", parts::taproot_origins_shape().optional()),
        (
            "taproot_internal_key",
            shapes::hex("The key that the output's is made of").optional(),
        ),
        (
            "taproot_merkle_root",
            shapes::hex("The hash of the tree of scripts").optional(),
        ),
    ]
}

pub(super) fn show(input: &Input, chain: &AddressParams) -> Value {
    let mut told = Map::new();
    if let Some(output) = &input.witness_utxo {
        add(&mut told, "witness_utxo", spent(output, chain));
    }
    if let Some(previous) = &input.non_witness_utxo {
        add(&mut told, "non_witness_utxo", transaction(previous, chain).into());
    }
    let signatures = signing::psbt::signatures(input)
        .into_iter()
        .map(|(key, signature)| (key.to_string(), signature.to_vec().to_lower_hex_string().into()));
    add(
        &mut told,
        "partial_signatures",
        Value::Object(signatures.collect()),
    );
    if let Some(kind) = input.sighash_type {
        let name = u8::try_from(kind.to_u32()).ok().and_then(sighash_name);
        add(&mut told, "sighash", name.unwrap_or_default().into());
    }
    show_scripts(input, &mut told);
    add(
        &mut told,
        "ripemd160_preimages",
        preimages(&input.ripemd160_preimages),
    );
    add(&mut told, "sha256_preimages", preimages(&input.sha256_preimages));
    add(
        &mut told,
        "hash160_preimages",
        preimages(&input.hash160_preimages),
    );
    add(
        &mut told,
        "hash256_preimages",
        preimages(&input.hash256_preimages),
    );
    show_taproot(input, &mut told);
    add(&mut told, "proprietary", parts::proprietary(&input.proprietary));
    add(&mut told, "unknown", parts::unknown(&input.unknown));
    told.into()
}

fn spent(output: &TxOut, chain: &AddressParams) -> Value {
    json!({
        // What is read may be more than there can be.
        "amount": to_json(output.value.to_sat().cast_signed()),
        "scriptPubKey": output_script(&output.script_pubkey, chain),
    })
}

fn show_scripts(input: &Input, told: &mut Map<String, Value>) {
    let some = |script: &Option<ScriptBuf>| script.clone().filter(|script| !script.is_empty());
    if let Some(script) = some(&input.redeem_script) {
        add(told, "redeem_script", plain_script(&script).into());
    }
    if let Some(script) = some(&input.witness_script) {
        add(told, "witness_script", plain_script(&script).into());
    }
    add(told, "bip32_derivs", parts::origins(&input.bip32_derivation));
    if let Some(script) = some(&input.final_script_sig) {
        add(told, "final_scriptSig", signature_script(&script).into());
    }
    if let Some(witness) = &input.final_script_witness {
        let items = witness.iter().map(program_hex);
        add(told, "final_scriptwitness", items.collect());
    }
}

fn preimages<H: Hash>(entries: &BTreeMap<H, Vec<u8>>) -> Value
where
    H::Bytes: AsRef<[u8]>,
{
    let told = entries.iter().map(|(hash, preimage)| {
        let hash = hash.to_byte_array().as_ref().to_lower_hex_string();
        (hash, preimage.to_lower_hex_string().into())
    });
    Value::Object(told.collect())
}

fn show_taproot(input: &Input, told: &mut Map<String, Value>) {
    let signature = input
        .tap_key_sig
        .map(|signature| signature.to_vec().to_lower_hex_string());
    add(told, "taproot_key_path_sig", signature.into());
    let signatures = input.tap_script_sigs.iter().map(|((key, leaf), signature)| {
        json!({
            "pubkey": key.to_string(),
            "leaf_hash": leaf.to_string(),
            "sig": signature.to_vec().to_lower_hex_string(),
        })
    });
    add(told, "taproot_script_path_sigs", signatures.collect());
    add(told, "taproot_scripts", scripts(&input.tap_scripts));
    add(
        told,
        "taproot_bip32_derivs",
        parts::taproot_origins(&input.tap_key_origins),
    );
    let internal = input.tap_internal_key.map(|key| key.to_string());
    add(told, "taproot_internal_key", internal.into());
    let root = input.tap_merkle_root.map(|root| root.to_string());
    add(told, "taproot_merkle_root", root.into());
}

/// Each script with all ways to it.
fn scripts(entries: &BTreeMap<ControlBlock, (ScriptBuf, LeafVersion)>) -> Value {
    let mut by_script: BTreeMap<(&ScriptBuf, u8), Vec<String>> = BTreeMap::new();
    for (control, (script, version)) in entries {
        let ways = by_script.entry((script, version.to_consensus())).or_default();
        ways.push(control.serialize().to_lower_hex_string());
    }
    let told = by_script.into_iter().map(|((script, version), ways)| {
        json!({ "script": script.to_hex_string(), "leaf_ver": version, "control_blocks": ways })
    });
    told.collect()
}
