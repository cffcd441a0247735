//! `decodepsbt`: what a partially signed transaction is made of.

mod input;
mod output;
mod parts;

use std::sync::Arc;

use bitcoin::psbt::Psbt;
use consensus::Params;
use consensus::limits::money_range;
use consensus::params::AddressParams;
use encoding::amount::to_json;
use encoding::json;
use rpc::{Kind, Method, Param, RpcError, Shape, ShapeKind};
use serde_json::{Map, Value, json};

use super::read;
use crate::shapes;

pub(super) fn decodepsbt(params: Arc<Params>) -> Method {
    Method::declare(
        "rawtransactions",
        "decodepsbt",
        "Shows what a partially signed transaction is made of.",
    )
    .param(Param::required("psbt", Kind::String, "The transaction in base64"))
    .result(shapes::object(vec![
        ("tx", shapes::object(shapes::transaction("The id"))),
        (
            "global_xpubs",
            shapes::array(shapes::object(vec![
                ("xpub", shapes::text("An extended public key")),
                (
                    "master_fingerprint",
                    shapes::hex("The fingerprint of the key that it comes from"),
                ),
                ("path", shapes::text("The way from that one")),
            ])),
        ),
        ("psbt_version", shapes::number("The version of the form")),
        ("proprietary", parts::proprietary_shape()),
        ("unknown", parts::unknown_shape()),
        ("inputs", shapes::array(shapes::object(input::shape()))),
        ("outputs", shapes::array(shapes::object(output::shape()))),
        (
            "fee",
            Shape::new(
                ShapeKind::Amount,
                "What it pays, where all outputs that it spends are known",
            )
            .optional(),
        ),
    ]))
    .example("\"psbt\"", "\"psbt\"")
    .handle(move |request| {
        let params = Arc::clone(&params);
        async move {
            let text: String = request.arguments.required("psbt")?;
            // Transactions can be large, and each may come with all that it spends.
            let shown = tokio::task::spawn_blocking(move || Ok(show(&read(&text)?, &params.address)));
            shown
                .await
                .unwrap_or_else(|error| Err(RpcError::misc(error.to_string())))
        }
    })
}

fn show(psbt: &Psbt, chain: &AddressParams) -> Value {
    let xpubs = psbt.xpub.iter().map(|(key, (fingerprint, path))| {
        json!({
            "xpub": key.to_string(),
            "master_fingerprint": fingerprint.to_string(),
            "path": parts::path(path),
        })
    });
    let inputs = psbt.inputs.iter().map(|input| input::show(input, chain));
    let outputs = psbt.outputs.iter().map(output::show);
    let mut told = Map::new();
    told.insert(
        "tx".to_owned(),
        json::transaction(&psbt.unsigned_tx, chain).into(),
    );
    told.insert("global_xpubs".to_owned(), xpubs.collect());
    told.insert("psbt_version".to_owned(), psbt.version.into());
    told.insert("proprietary".to_owned(), parts::proprietary(&psbt.proprietary));
    told.insert("unknown".to_owned(), parts::unknown(&psbt.unknown));
    told.insert("inputs".to_owned(), inputs.collect());
    told.insert("outputs".to_owned(), outputs.collect());
    if let Some(fee) = fee(psbt) {
        told.insert("fee".to_owned(), to_json(fee));
    }
    told.into()
}

/// What is paid, if all that is spent is known and there can be as many coins.
fn fee(psbt: &Psbt) -> Option<i64> {
    let spent = psbt
        .inputs
        .iter()
        .zip(&psbt.unsigned_tx.input)
        .map(|(input, spending)| {
            let previous = input.non_witness_utxo.as_ref();
            let output =
                previous.and_then(|previous| previous.output.get(spending.previous_output.vout as usize));
            output
                .or(input.witness_utxo.as_ref())
                .map(|output| output.value.to_sat())
        });
    let total_in = total(spent)?;
    let total_out = total(
        psbt.unsigned_tx
            .output
            .iter()
            .map(|output| Some(output.value.to_sat())),
    )?;
    Some(total_in.cast_signed() - total_out.cast_signed())
}

fn total(mut units: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    units.try_fold(0_u64, |total, units| {
        let units = units.filter(|units| money_range(*units))?;
        total.checked_add(units).filter(|total| money_range(*total))
    })
}
