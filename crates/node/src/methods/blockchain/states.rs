//! `getchainstates`: the sets of coins that the node holds.

use rpc::Method;
use serde_json::json;

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
        "Lists the sets of coins that the node holds.",
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
                let progress = node.chain.verification_progress();
                let tree = node.chain.tree();
                let tip = tree.entry(named::tip(&tree)?);
                let headers = tree.best_header().map_or(0, |best| tree.entry(best).height);
                Ok(json!({
                    "headers": headers,
                    "chainstates": [{
                        "blocks": tip.height,
                        "bestblockhash": tip.hash.to_string(),
                        "difficulty": values::double(difficulty(tip.header.bits)),
                        "verificationprogress": values::double(progress),
                        "coins_db_cache_bytes": chain::STORE_CACHE,
                        "coins_tip_cache_bytes": node.chain.config().cache_bytes,
                        "validated": true,
                    }],
                }))
            })
            .await
        }
    })
}
