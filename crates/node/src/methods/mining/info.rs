//! What miners are told.

use chain::tree::BlockTree;
use rpc::{Kind, Method, Outcome, Param};
use serde_json::json;

use crate::methods::blockchain::{difficulty, tip_of};
use crate::state::{Node, NodeState, blocking};
use crate::{shapes, values};

pub(super) fn methods(node: &Node) -> Vec<Method> {
    vec![getmininginfo(node.clone()), getnetworkhashps(node.clone())]
}

fn getmininginfo(node: Node) -> Method {
    Method::declare("mining", "getmininginfo", "Tells what concerns miners.")
        .result(shapes::object(vec![
            ("blocks", shapes::number("The height of the best chain")),
            (
                "currentblockweight",
                shapes::number(
                    "The weight of the block that this node made last, found or not, with what it kept free; missing until \
                     there is one",
                )
                .optional(),
            ),
            (
                "currentblocktx",
                shapes::number("How many transactions that block had without the coinbase").optional(),
            ),
            ("difficulty", shapes::number("How hard the tip was to find")),
            ("networkhashps", shapes::number("Hashes a second of all miners")),
            ("pooledtx", shapes::number("Transactions that are not confirmed")),
            (
                "chain",
                shapes::text("The chain's name: main, test, signet or regtest"),
            ),
            ("warnings", shapes::text("What users should know")),
        ]))
        .example("", "")
        .handle(move |_request| {
            let node = node.clone();
            async move {
                blocking(&node, |node| {
                    // Who has both has the pool first.
                    let pooled = node.pool.with(|pool| pool.len());
                    let tree = node.chain.tree();
                    let entry = tree.entry(tip_of(&tree)?);
                    let mut info = json!({ "blocks": entry.height });
                    if let Some(last) = node.miner.last() {
                        info["currentblockweight"] = last.weight.into();
                        info["currentblocktx"] = last.transactions.into();
                    }
                    info["difficulty"] = values::double(difficulty(entry.header.bits));
                    info["networkhashps"] = values::double(hash_rate(&tree, 120, entry.height));
                    info["pooledtx"] = pooled.into();
                    info["chain"] = node.chain.params().network.name().into();
                    info["warnings"] = node.warnings.text().into();
                    Ok(info)
                })
                .await
            }
        })
}

fn getnetworkhashps(node: Node) -> Method {
    Method::declare(
        "mining",
        "getnetworkhashps",
        "Estimates how many hashes a second all miners make, from the work of some blocks.",
    )
    .param(Param::defaulted(
        "nblocks",
        Kind::Number,
        120,
        "How many blocks; 0 or less: those since the target changed",
    ))
    .param(Param::defaulted(
        "height",
        Kind::Number,
        -1,
        "The last of them; below 0, or above the tip: the tip",
    ))
    .result(shapes::number("Hashes a second"))
    .example("", "")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let small = |name, default| match request.arguments.value(name) {
                serde_json::Value::Null => Ok(default),
                value => values::small_integer(value),
            };
            let (count, height) = (small("nblocks", 120)?, small("height", -1)?);
            blocking(&node, move |node| estimate(node, count, height)).await
        }
    })
}

fn estimate(node: &NodeState, count: i32, height: i32) -> Outcome {
    let tree = node.chain.tree();
    let tip = tree.entry(tip_of(&tree)?).height;
    let last = match u32::try_from(height) {
        Ok(height) if height <= tip => height,
        _ => tip,
    };
    if last == 0 {
        return Ok(0.into());
    }
    let count = match u32::try_from(count) {
        Ok(0) | Err(_) => {
            let interval = consensus::work::retarget_interval(last, node.chain.params());
            last % interval + 1
        }
        Ok(count) => count,
    };
    Ok(values::double(hash_rate(&tree, count, last)))
}

/// Hashes a second by the work of `count` blocks up to a height of the best chain.
fn hash_rate(tree: &BlockTree, count: u32, height: u32) -> f64 {
    let count = count.min(height);
    let (Some(last), Some(first)) = (tree.active(height), tree.active(height - count)) else {
        return 0.0;
    };
    let times = tree
        .chain(last)
        .take(count as usize + 1)
        .map(|id| tree.entry(id).header.time);
    let (earliest, latest) = times.fold((u32::MAX, 0), |(earliest, latest), time| {
        (earliest.min(time), latest.max(time))
    });
    if earliest >= latest {
        return 0.0;
    }
    let work = tree.chain_work(last) - tree.chain_work(first);
    let bytes = work.to_be_bytes();
    let work = bytes.iter().fold(0.0, |sum, byte| sum * 256.0 + f64::from(*byte));
    work / f64::from(latest - earliest)
}
