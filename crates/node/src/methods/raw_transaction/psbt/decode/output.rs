//! An output.

use bitcoin::psbt::Output;
use bitcoin::taproot::TapTree;
use encoding::json::plain_script;
use serde_json::{Map, Value, json};

use super::parts::{self, Members, add};
use crate::shapes;

pub(super) fn shape() -> Members {
    let leaf = vec![
        ("depth", shapes::number("The depth in the tree")),
        ("leaf_ver", shapes::number("The version")),
        ("script", shapes::hex("The script")),
    ];
    vec![
        ("redeem_script", parts::script_shape().optional()),
        ("witness_script", parts::script_shape().optional()),
        ("bip32_derivs", parts::origins_shape().optional()),
        (
            "taproot_internal_key",
            shapes::hex("The key that the output's is made of").optional(),
        ),
        ("taproot_tree", parts::objects(leaf).optional()),
        ("taproot_bip32_derivs", parts::taproot_origins_shape().optional()),
        ("unknown", parts::unknown_shape().optional()),
        ("proprietary", parts::proprietary_shape().optional()),
    ]
}

pub(super) fn show(output: &Output) -> Value {
    let mut told = Map::new();
    for (name, script) in [
        ("redeem_script", &output.redeem_script),
        ("witness_script", &output.witness_script),
    ] {
        if let Some(script) = script.as_ref().filter(|script| !script.is_empty()) {
            add(&mut told, name, plain_script(script).into());
        }
    }
    add(
        &mut told,
        "bip32_derivs",
        parts::origins(&output.bip32_derivation),
    );
    let internal = output.tap_internal_key.map(|key| key.to_string());
    add(&mut told, "taproot_internal_key", internal.into());
    if let Some(found) = &output.tap_tree {
        add(&mut told, "taproot_tree", tree(found));
    }
    add(
        &mut told,
        "taproot_bip32_derivs",
        parts::taproot_origins(&output.tap_key_origins),
    );
    add(&mut told, "proprietary", parts::proprietary(&output.proprietary));
    add(&mut told, "unknown", parts::unknown(&output.unknown));
    told.into()
}

fn tree(tree: &TapTree) -> Value {
    let leaves = tree.script_leaves().map(|leaf| {
        json!({
            "depth": leaf.merkle_branch().len(),
            "leaf_ver": leaf.version().to_consensus(),
            "script": leaf.script().to_hex_string(),
        })
    });
    leaves.collect()
}
