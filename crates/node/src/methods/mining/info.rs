//! What miners are told.

use chain::tree::BlockTree;
use rpc::{Kind, Method, Outcome, Param, RpcError};
use serde_json::json;

use crate::methods::blockchain::{difficulty, tip_of};
use crate::state::{Node, blocking};
use crate::{shapes, values};

pub(super) fn methods(node: &Node) -> Vec<Method> {
    vec![getmininginfo(node.clone()), getnetworkhashps(node.clone())]
}

fn getmininginfo(node: Node) -> Method {
    Method::declare("mining", "getmininginfo", "Tells what concerns miners.")
        .result(shapes::object(vec![
            ("blocks", shapes::number("The height of the best chain")),
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
                    let tree = node.chain.tree();
                    let entry = tree.entry(tip_of(&tree)?);
                    Ok(json!({
                        "blocks": entry.height,
                        "difficulty": values::double(difficulty(entry.header.bits)),
                        "networkhashps": values::double(hash_rate(&tree, 120, entry.height)),
                        "pooledtx": node.pool.with(|pool| pool.len()),
                        "chain": node.chain.params().network.name(),
                        "warnings": "",
                    }))
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
        "How many blocks; -1: those since the target changed",
    ))
    .param(Param::defaulted(
        "height",
        Kind::Number,
        -1,
        "The last of them; -1: the tip",
    ))
    .result(shapes::number("Hashes a second"))
    .example("", "")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let count: Option<i64> = request.arguments.optional("nblocks")?;
            let height: Option<i64> = request.arguments.optional("height")?;
            blocking(&node, move |node| {
                estimate(node, count.unwrap_or(120), height.unwrap_or(-1))
            })
            .await
        }
    })
}

fn estimate(node: &crate::state::NodeState, count: i64, height: i64) -> Outcome {
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
    if count == 0 {
        return Err(RpcError::invalid_parameter("Invalid nblocks"));
    }
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
    work.log2().exp2() / f64::from(latest - earliest)
}
