//! `getchainstates`: the sets of coins that the node holds.

use chain::ChainState;
use rpc::{Method, Outcome, RpcError};
use serde_json::{Value, json};

use super::difficulty::difficulty;
use super::named;
use crate::state::{Node, blocking};
use crate::{shapes, values};

pub(super) fn getchainstates(node: Node) -> Method {
    let state = shapes::object(vec![
        ("blocks", shapes::number("The height of the best chain")),
        ("bestblockhash", shapes::hex("The tip's hash")),
        ("difficulty", shapes::number("How hard the tip was to find")),
        (
            "verificationprogress",
            shapes::number("About which part of the chain is checked, from 0 to 1"),
        ),
        (
            "snapshot_blockhash",
            shapes::hex("The block of the snapshot that it began with").optional(),
        ),
        (
            "coins_db_cache_bytes",
            shapes::number("How many bytes the store of coins keeps in memory"),
        ),
        (
            "coins_tip_cache_bytes",
            shapes::number("How many bytes of coins are kept in memory above it"),
        ),
        (
            "validated",
            shapes::flag("Whether all blocks from the first one on were checked"),
        ),
    ]);
    Method::declare(
        "blockchain",
        "getchainstates",
        "Lists the sets of coins that the node holds: that of the active chain last.",
    )
    .result(shapes::object(vec![
        ("headers", shapes::number("The height of the best header")),
        ("chainstates", shapes::array(state)),
    ]))
    .example("", "")
    .handle(move |_request| {
        let node = node.clone();
        async move {
            blocking(&node, |node| {
                let states = node.chain.chain_states();
                let tree = node.chain.tree();
                let headers = tree.best_header().map_or(0, |best| tree.entry(best).height);
                let describe = |state: &ChainState| -> Outcome {
                    let tip = tree.entry(state.tip.map_or_else(|| named::tip(&tree), Ok)?);
                    let mut object = json!({
                        "blocks": tip.height,
                        "bestblockhash": tip.hash.to_string(),
                        "difficulty": values::double(difficulty(tip.header.bits)),
                        "verificationprogress": values::double(state.progress),
                        "coins_db_cache_bytes": chain::STORE_CACHE,
                        "coins_tip_cache_bytes": state.cache_bytes,
                        "validated": state.is_validated,
                    });
                    if let Some(base) = state.snapshot {
                        object["snapshot_blockhash"] = base.to_string().into();
                    }
                    Ok(object)
                };
                let states: Result<Vec<Value>, RpcError> = states.iter().map(describe).collect();
                Ok(json!({ "headers": headers, "chainstates": states? }))
            })
            .await
        }
    })
}
