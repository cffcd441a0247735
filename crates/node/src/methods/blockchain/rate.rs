//! `getchaintxstats`: how many transactions the chain has, and how fast they came.

use std::collections::HashMap;

use chain::tree::{BlockTree, EntryId};
use rpc::{Kind, Method, Outcome, Param, RpcError};
use serde_json::{Value, json};

use super::{named, shapes as block_shapes};
use crate::state::{Node, blocking};
use crate::{shapes, values};

pub(super) fn getchaintxstats(node: Node) -> Method {
    Method::declare(
        "blockchain",
        "getchaintxstats",
        "Tells how many transactions the chain has, and how many a second there were lately.",
    )
    .param(Param::hinted(
        "nblocks",
        Kind::Number,
        "one month",
        "Of how many blocks to tell",
    ))
    .param(Param::hinted(
        "blockhash",
        Kind::Hex,
        "the tip",
        "The last of these blocks",
    ))
    .result(shapes::object(vec![
        (
            "time",
            block_shapes::time("The last block's time, in seconds since 1970"),
        ),
        (
            "txcount",
            shapes::number("Transactions up to it; not known before a snapshot that is not validated yet")
                .optional(),
        ),
        ("window_final_block_hash", shapes::hex("The last block's hash")),
        ("window_final_block_height", shapes::number("Its height")),
        (
            "window_block_count",
            shapes::number("Of how many blocks this tells"),
        ),
        ("window_tx_count", shapes::number("Their transactions").optional()),
        (
            "window_interval",
            shapes::number("Seconds between the first and the last of them").optional(),
        ),
        ("txrate", shapes::number("Transactions a second").optional()),
    ]))
    .example("2016", "2016")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let count = match request.arguments.value("nblocks") {
                Value::Null => None,
                value => Some(values::small_integer(value)?),
            };
            let hash = match request.arguments.value("blockhash") {
                Value::Null => None,
                _ => Some(named::hash(&request, "blockhash")?),
            };
            blocking(&node, move |node| {
                let tree = node.chain.tree();
                let id = match hash {
                    Some(hash) => named::block(&tree, &hash)?,
                    None => named::tip(&tree)?,
                };
                if !tree.is_active(id) {
                    return Err(RpcError::invalid_parameter("Block is not in main chain"));
                }
                transaction_rate(&tree, id, count, node.chain.params().work.spacing)
            })
            .await
        }
    })
}

fn transaction_rate(tree: &BlockTree, id: EntryId, count: Option<i32>, spacing: u32) -> Outcome {
    const MONTH: u32 = 30 * 24 * 60 * 60;
    let last = tree.entry(id);
    let most = last.height.saturating_sub(1);
    let count = match count {
        None => (MONTH / spacing).min(most),
        Some(count) => u32::try_from(count)
            .ok()
            .filter(|count| *count == 0 || *count < last.height)
            .ok_or_else(|| {
                RpcError::invalid_parameter(
                    "Invalid block count: should be between 0 and the block's height - 1",
                )
            })?,
    };
    let before = tree
        .ancestor(id, last.height - count)
        .expect("it is not above the block");
    let first = tree.entry(before);
    let times: HashMap<_, _> = [id, before].map(|id| (id, tree.median_time_past(id))).into();
    let seconds = times[&id].saturating_sub(times[&before]);
    let mut object = json!({
        "time": last.header.time,
        "window_final_block_hash": last.hash.to_string(),
        "window_final_block_height": last.height,
        "window_block_count": count,
    });
    let members = object.as_object_mut().expect("it is an object");
    if last.is_complete() {
        members.insert("txcount".to_owned(), last.chain_transactions.into());
    }
    if count > 0 {
        members.insert("window_interval".to_owned(), seconds.into());
        if !last.is_complete() || !first.is_complete() {
            return Ok(object);
        }
        let transactions = last.chain_transactions - first.chain_transactions;
        members.insert("window_tx_count".to_owned(), transactions.into());
        if seconds > 0 {
            #[expect(clippy::cast_precision_loss, reason = "it is a rate for people")]
            let rate = transactions as f64 / f64::from(seconds);
            members.insert("txrate".to_owned(), values::double(rate));
        }
    }
    Ok(object)
}
