//! `getblockstats`: what there is to count in a block.

mod count;

use std::collections::BTreeSet;

use rpc::{Kind, Method, Outcome, Param, RpcError, Shape, ShapeKind};
use serde_json::{Map, Value, json};

use super::named;
use crate::shapes;
use crate::state::{Node, NodeState, blocking};
use count::Counts;

/// The height of a genesis block, whose outputs are no coins.
const GENESIS: u32 = 0;

pub(super) fn getblockstats(node: Node) -> Method {
    Method::declare(
        "blockchain",
        "getblockstats",
        "Counts what is in a block: amounts in units, fees in units for a virtual byte. It needs the block and its undo data.",
    )
    .param(
        Param::required("hash_or_height", Kind::Number, "The block's hash, or its height").unchecked(),
    )
    .param(
        Param::hinted(
            "stats",
            Kind::Array(vec![
                Param::optional("height", Kind::String, "A statistic"),
                Param::optional("time", Kind::String, "Another"),
            ]),
            "all",
            "Which of the statistics to give",
        )
        .in_usage("stats"),
    )
    .result(shapes::object(members()))
    .example("1000 '[\"minfeerate\",\"avgfeerate\"]'", "1000, [\"minfeerate\",\"avgfeerate\"]")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let block = named::HashOrHeight::of(request.arguments.value("hash_or_height"))?;
            let wanted: Option<Vec<String>> = request.arguments.optional("stats")?;
            let wanted: BTreeSet<String> = wanted.into_iter().flatten().collect();
            blocking(&node, move |node| select(describe(node, &block)?, &wanted)).await
        }
    })
}

fn members() -> Vec<(&'static str, Shape)> {
    let percentiles = vec![
        shapes::number("Of the cheapest tenth of the weight, the dearest fee"),
        shapes::number("Of the cheapest quarter"),
        shapes::number("Of the cheaper half"),
        shapes::number("Of the cheapest three quarters"),
        shapes::number("Of the cheapest nine tenths"),
    ];
    let number = |name, description| (name, shapes::number(description).optional());
    vec![
        number("avgfee", "The average fee"),
        number("avgfeerate", "The average fee for a virtual byte"),
        number("avgtxsize", "The average size of a transaction, in bytes"),
        ("blockhash", shapes::hex("The block's hash").optional()),
        (
            "feerate_percentiles",
            Shape::new(
                ShapeKind::Tuple(percentiles),
                "Fees for a virtual byte, by the weight that pays them",
            )
            .optional(),
        ),
        number("height", "The block's height"),
        number("ins", "Inputs, but for the coinbase's"),
        number("maxfee", "The highest fee"),
        number("maxfeerate", "The highest fee for a virtual byte"),
        number("maxtxsize", "The size of the largest transaction"),
        number("medianfee", "The fee in the middle"),
        number(
            "mediantime",
            "The median of the last eleven blocks' times, in seconds since 1970",
        ),
        number("mediantxsize", "The size in the middle"),
        number("minfee", "The lowest fee"),
        number("minfeerate", "The lowest fee for a virtual byte"),
        number("mintxsize", "The size of the smallest transaction"),
        number("outs", "Outputs"),
        number("subsidy", "What the block may create"),
        number("swtotal_size", "The size of all transactions with a witness"),
        number("swtotal_weight", "Their weight"),
        number("swtxs", "How many they are"),
        number("time", "The block's own time, in seconds since 1970"),
        number("total_out", "The sum of all outputs, but for the coinbase's"),
        number("total_size", "The size of all transactions, but for the coinbase"),
        number("total_weight", "Their weight"),
        number("totalfee", "The sum of all fees"),
        number("txs", "Transactions, the coinbase counted"),
        number("utxo_increase", "Outputs less inputs"),
        number("utxo_size_inc", "By how many bytes there is more to keep, about"),
        number("utxo_increase_actual", "Outputs that can be spent less inputs"),
        number(
            "utxo_size_inc_actual",
            "By how many bytes these are more to keep, about",
        ),
    ]
}

fn describe(node: &NodeState, named: &named::HashOrHeight) -> Result<Map<String, Value>, RpcError> {
    let (id, hash, height, time, median_time) = {
        let tree = node.chain.tree();
        let id = named.find(&tree)?;
        let entry = tree.entry(id);
        (
            id,
            entry.hash,
            entry.height,
            entry.header.time,
            tree.median_time_past(id),
        )
    };
    let block = super::block::read(node, id)?;
    let undo = super::block::read_undo(node, id)?;
    let subsidy = consensus::subsidy::block_subsidy(height, node.chain.params()).to_sat();
    let counts = Counts::of(&block, &undo, height == GENESIS);
    let mut members = match counts.to_json() {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    members.insert("blockhash".to_owned(), hash.to_string().into());
    members.insert("height".to_owned(), height.into());
    members.insert("mediantime".to_owned(), median_time.into());
    members.insert("subsidy".to_owned(), subsidy.into());
    members.insert("time".to_owned(), time.into());
    Ok(members)
}

/// The statistics that are wanted; all of them where none is named.
fn select(mut all: Map<String, Value>, wanted: &BTreeSet<String>) -> Outcome {
    if wanted.is_empty() {
        return Ok(all.into());
    }
    let mut selected = json!({});
    for name in wanted {
        let value = all
            .remove(name)
            .ok_or_else(|| RpcError::invalid_parameter(format!("Invalid selected statistic '{name}'")))?;
        selected[name] = value;
    }
    Ok(selected)
}
