//! `analyzepsbt`: what a partially signed transaction still needs.

use bitcoin::hex::DisplayHex;
use bitcoin::psbt::Psbt;
use bitcoin::{Transaction, TxOut};
use consensus::transaction::sigop_cost;
use encoding::amount::to_json;
use encoding::transaction::{stripped_bytes, to_bytes};
use mempool::FeeRate;
use mempool::policy::virtual_size;
use rpc::{Kind, Method, Param, RpcError, Shape, ShapeKind};
use serde_json::{Map, Value, json};
use signing::Missing;
use signing::psbt::{Analysis, InputAnalysis, Role, analyze};

use super::read;
use crate::shapes;
use crate::state::Node;

pub(super) fn analyzepsbt(node: Node) -> Method {
    Method::declare(
        "rawtransactions",
        "analyzepsbt",
        "Tells how far a partially signed transaction is, and what it still needs.",
    )
    .param(Param::required("psbt", Kind::String, "The transaction in base64"))
    .result(shape())
    .example("\"psbt\"", "\"psbt\"")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let text: String = request.arguments.required("psbt")?;
            let psbt = read(&text)?;
            // What a signature operation counts for is the pool's to say; there is none while the node starts.
            let bytes_per_sigop = match node.get() {
                Ok(node) => node.pool.with(|pool| pool.config().bytes_per_sigop),
                Err(_) => mempool::Config::default().bytes_per_sigop,
            };
            tokio::task::spawn_blocking(move || show(&psbt, bytes_per_sigop))
                .await
                .map_err(|error| RpcError::misc(error.to_string()))
        }
    })
}

fn shape() -> Shape {
    let missing = vec![
        (
            "pubkeys",
            shapes::array(shapes::hex("The hash of a key")).optional(),
        ),
        (
            "signatures",
            shapes::array(shapes::hex("The hash of a key that has not signed")).optional(),
        ),
        (
            "redeemscript",
            shapes::hex("The HASH160 hash of the script that is behind it").optional(),
        ),
        (
            "witnessscript",
            shapes::hex("The SHA256 hash of the script that is behind it").optional(),
        ),
    ];
    let input = shapes::object(vec![
        ("has_utxo", shapes::flag("Whether what it spends is known")),
        ("is_final", shapes::flag("Whether it is complete")),
        ("missing", shapes::object(missing).optional()),
        ("next", shapes::text("Who must have it next").optional()),
    ]);
    shapes::object(vec![
        ("inputs", shapes::array(input).optional()),
        (
            "estimated_vsize",
            shapes::number("The size in virtual bytes once it is signed").optional(),
        ),
        (
            "estimated_feerate",
            shapes::amount("What it pays for 1,000 of them").optional(),
        ),
        (
            "fee",
            Shape::new(
                ShapeKind::Amount,
                "What it pays, where all outputs that it spends are known",
            )
            .optional(),
        ),
        ("next", shapes::text("Who must have it next")),
        ("error", shapes::text("Why it can never be complete").optional()),
    ])
}

fn show(psbt: &Psbt, bytes_per_sigop: u64) -> Value {
    match analyze(psbt) {
        Ok(analysis) => describe(&analysis, bytes_per_sigop),
        Err(error) => json!({ "next": Role::Creator.name(), "error": error.to_string() }),
    }
}

fn describe(analysis: &Analysis, bytes_per_sigop: u64) -> Value {
    let mut told = Map::new();
    if !analysis.inputs.is_empty() {
        told.insert(
            "inputs".to_owned(),
            analysis.inputs.iter().map(describe_input).collect(),
        );
    }
    if let (Some((transaction, spent)), Some(fee)) = (&analysis.estimate, analysis.fee) {
        let size = size(transaction, spent, bytes_per_sigop);
        told.insert("estimated_vsize".to_owned(), size.into());
        told.insert(
            "estimated_feerate".to_owned(),
            to_json(FeeRate::of(fee, size).units()),
        );
    }
    if let Some(fee) = analysis.fee {
        told.insert("fee".to_owned(), to_json(fee));
    }
    told.insert("next".to_owned(), analysis.next.name().into());
    told.into()
}

fn size(transaction: &Transaction, spent: &[TxOut], bytes_per_sigop: u64) -> u64 {
    let cost = sigop_cost(transaction, |index| spent[index].script_pubkey.as_script());
    let weight = stripped_bytes(transaction).len() * 3 + to_bytes(transaction).len();
    virtual_size(weight as u64, cost, bytes_per_sigop)
}

fn describe_input(input: &InputAnalysis) -> Value {
    let mut told = json!({
        "has_utxo": input.has_output,
        "is_final": input.is_final,
        "next": input.next.name(),
    });
    let missing = describe_missing(&input.missing);
    if !missing.is_empty() {
        told["missing"] = missing.into();
    }
    told
}

fn describe_missing(missing: &Missing) -> Map<String, Value> {
    let mut told = Map::new();
    for (name, keys) in [("pubkeys", &missing.keys), ("signatures", &missing.signatures)] {
        if !keys.is_empty() {
            let keys = keys.iter().map(DisplayHex::to_lower_hex_string);
            told.insert(name.to_owned(), keys.collect());
        }
    }
    if let Some(hash) = &missing.redeem_script {
        told.insert("redeemscript".to_owned(), hash.to_lower_hex_string().into());
    }
    if let Some(hash) = &missing.witness_script {
        told.insert("witnessscript".to_owned(), hash.to_lower_hex_string().into());
    }
    told
}
