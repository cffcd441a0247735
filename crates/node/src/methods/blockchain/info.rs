//! `getblockchaininfo`: how far the chain is and how it is kept.

use chain::Pruning;
use chain::tree::{BlockTree, EntryId};
use rpc::{Method, Outcome};
use serde_json::json;

use super::block::work;
use super::difficulty::difficulty;
use super::{named, shapes as block_shapes};
use crate::state::{Node, NodeState, blocking};
use crate::{shapes, values};

pub(super) fn getblockchaininfo(node: Node) -> Method {
    Method::declare(
        "blockchain",
        "getblockchaininfo",
        "Tells how far the chain is and how it is kept.",
    )
    .result(shapes::object(vec![
        (
            "chain",
            shapes::text("The chain's name: main, test, signet or regtest"),
        ),
        ("blocks", shapes::number("The height of the best chain")),
        ("headers", shapes::number("The height of the best header")),
        ("bestblockhash", shapes::hex("The tip's hash")),
        ("difficulty", shapes::number("How hard the tip was to find")),
        (
            "time",
            block_shapes::time("The tip's time, in seconds since 1970"),
        ),
        (
            "mediantime",
            block_shapes::time("The median of the last eleven blocks' times, in seconds since 1970"),
        ),
        (
            "verificationprogress",
            shapes::number("About which part of the chain is checked, from 0 to 1"),
        ),
        (
            "initialblockdownload",
            shapes::flag("Whether the chain has not caught up with the present yet"),
        ),
        (
            "chainwork",
            shapes::hex("Hashes that the chain is expected to have taken"),
        ),
        (
            "size_on_disk",
            shapes::number("Bytes of the files of blocks and undo data"),
        ),
        ("pruned", shapes::flag("Whether files of blocks may be removed")),
        (
            "pruneheight",
            shapes::number("The lowest block that is there, where others were removed").optional(),
        ),
        (
            "automatic_pruning",
            shapes::flag("Whether they are removed without being asked").optional(),
        ),
        (
            "prune_target_size",
            shapes::number("Bytes that all files may have").optional(),
        ),
        ("warnings", shapes::text("What users should know")),
    ]))
    .example("", "")
    .handle(move |_request| {
        let node = node.clone();
        async move { blocking(&node, describe_chain).await }
    })
}

fn describe_chain(node: &NodeState) -> Outcome {
    let chain = &node.chain;
    let is_initial = chain.is_initial_block_download();
    let progress = chain.verification_progress();
    let size: u64 = chain
        .files()
        .infos()
        .iter()
        .map(|info| u64::from(info.size) + u64::from(info.undo_size))
        .sum();
    let tree = chain.tree();
    let id = named::tip(&tree)?;
    let tip = tree.entry(id);
    let headers = tree.best_header().map_or(0, |best| tree.entry(best).height);
    let mut object = json!({
        "chain": chain.params().network.name(),
        "blocks": tip.height,
        "headers": headers,
        "bestblockhash": tip.hash.to_string(),
        "difficulty": values::double(difficulty(tip.header.bits)),
        "time": tip.header.time,
        "mediantime": tree.median_time_past(id),
        "verificationprogress": values::double(progress),
        "initialblockdownload": is_initial,
        "chainwork": work(tip.chain_work),
        "size_on_disk": size,
        "pruned": chain.is_pruning(),
    });
    let members = object.as_object_mut().expect("it is an object");
    if chain.is_pruning() {
        members.insert("pruneheight".to_owned(), lowest_there(&tree, id).into());
        let pruning = chain.config().pruning;
        members.insert(
            "automatic_pruning".to_owned(),
            matches!(pruning, Pruning::Above(_)).into(),
        );
        if let Pruning::Above(bytes) = pruning {
            members.insert("prune_target_size".to_owned(), bytes.into());
        }
    }
    members.insert("warnings".to_owned(), node.warnings.text().into());
    Ok(object)
}

/// The height of the lowest block from which all up to the tip are there.
fn lowest_there(tree: &BlockTree, tip: EntryId) -> u32 {
    tree.chain(tip)
        .take_while(|id| tree.entry(*id).has_data())
        .last()
        .map_or(0, |id| tree.entry(id).height)
}
