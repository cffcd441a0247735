//! `getchaintips`: all blocks that no other one extends.

use chain::tree::{BlockTree, EntryId};
use rpc::{Method, Outcome};
use serde_json::json;

use super::named;
use crate::shapes;
use crate::state::{Node, blocking};

pub(super) fn getchaintips(node: Node) -> Method {
    Method::declare(
        "blockchain",
        "getchaintips",
        "Lists all blocks that no other one extends, the highest first.",
    )
    .result(shapes::array(shapes::object(vec![
        ("height", shapes::number("The block's height")),
        ("hash", shapes::hex("Its hash")),
        ("branchlen", shapes::number("How many blocks before it are off the best chain, itself included")),
        (
            "status",
            shapes::text(
                "invalid: it or one before it breaks a rule; headers-only: blocks of the branch are not there; \
                 valid-headers: they were not checked; valid-fork: they were, and another chain is better; active: it is \
                 the tip",
            ),
        ),
    ])))
    .example("", "")
    .handle(move |_request| {
        let node = node.clone();
        async move { blocking(&node, |node| chain_tips(&node.chain.tree())).await }
    })
}

fn chain_tips(tree: &BlockTree) -> Outcome {
    let active = named::tip(tree)?;
    let mut tips = tree.tips();
    tips.sort_by_key(|id| std::cmp::Reverse(tree.entry(*id).height));
    let describe = |id: EntryId| {
        let entry = tree.entry(id);
        let fork = tree.entry(tree.fork(id, active));
        let status = if tree.is_active(id) {
            "active"
        } else if !entry.is_sound() {
            "invalid"
        } else if !entry.is_complete() {
            "headers-only"
        } else {
            match entry.validity {
                chain::index::Validity::Scripts => "valid-fork",
                _ => "valid-headers",
            }
        };
        json!({
            "height": entry.height,
            "hash": entry.hash.to_string(),
            "branchlen": entry.height - fork.height,
            "status": status,
        })
    };
    Ok(tips.into_iter().map(describe).collect())
}
