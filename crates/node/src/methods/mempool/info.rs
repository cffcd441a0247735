//! What is told of the pool as a whole, and what is written and read of it.

use std::path::Path;

use encoding::amount::{to_json, unsigned_to_json};
use rpc::{FromArgument as _, Kind, Method, Param, RpcError, Shape, ShapeKind, code};
use serde_json::{Map, Value, json};

use super::entry;
use crate::pool::{Import, import};
use crate::shapes;
use crate::state::{Node, blocking};

pub(super) fn methods(node: &Node) -> Vec<Method> {
    vec![
        getmempoolinfo(node.clone()),
        getrawmempool(node.clone()),
        importmempool(node.clone()),
        savemempool(node.clone()),
    ]
}

fn getmempoolinfo(node: Node) -> Method {
    Method::declare(
        "blockchain",
        "getmempoolinfo",
        "Tells of the unconfirmed transactions as a whole.",
    )
    .result(shapes::object(vec![
        ("loaded", shapes::flag("Whether those of the last run are back")),
        ("size", shapes::number("How many there are")),
        ("bytes", shapes::number("Their size in virtual bytes")),
        (
            "usage",
            shapes::number("About how many bytes of memory they take"),
        ),
        ("total_fee", shapes::amount("What they pay")),
        (
            "maxmempool",
            shapes::number("How many bytes of memory they may take"),
        ),
        (
            "mempoolminfee",
            shapes::amount("What must be paid now for 1,000 virtual bytes"),
        ),
        (
            "minrelaytxfee",
            shapes::amount("What must always be paid for 1,000 virtual bytes"),
        ),
        (
            "incrementalrelayfee",
            shapes::amount("How much more replacements must pay for 1,000 virtual bytes"),
        ),
        (
            "unbroadcastcount",
            shapes::number("How many no peer has asked for yet"),
        ),
        (
            "fullrbf",
            shapes::flag("Whether all may be replaced, whatever they say"),
        ),
    ]))
    .example("", "")
    .handle(move |_request| {
        let node = node.clone();
        async move {
            let node = node.get()?;
            let now = node.chain.clock().now();
            Ok(node.pool.with(|pool| {
                let least = pool.minimum_rate(now).max(pool.config().min_relay);
                let config = pool.config();
                json!({
                    "loaded": node.pool.is_loaded(),
                    "size": pool.len(),
                    "bytes": pool.total_size(),
                    "usage": pool.usage(),
                    "total_fee": unsigned_to_json(pool.total_fees().to_sat()),
                    "maxmempool": config.max_usage,
                    "mempoolminfee": to_json(least.units()),
                    "minrelaytxfee": to_json(config.min_relay.units()),
                    "incrementalrelayfee": to_json(config.incremental.units()),
                    "unbroadcastcount": pool.unbroadcast().len(),
                    "fullrbf": config.full_replacement,
                })
            }))
        }
    })
}

fn getrawmempool(node: Node) -> Method {
    let ids = || Shape::new(ShapeKind::Array(vec![shapes::hex("A transaction's id")]), "");
    Method::declare(
        "blockchain",
        "getrawmempool",
        "Lists the unconfirmed transactions.",
    )
    .param(Param::defaulted(
        "verbose",
        Kind::Boolean,
        false,
        "Whether to tell of each, instead of its id alone",
    ))
    .param(Param::defaulted(
        "mempool_sequence",
        Kind::Boolean,
        false,
        "Whether to number the state of the pool",
    ))
    .result_when("no verbose", ids())
    .result_when(
        "verbose",
        Shape::new(
            ShapeKind::Map("transactionid", Box::new(shapes::object(entry::shape()))),
            "",
        ),
    )
    .result_when(
        "no verbose, mempool_sequence",
        shapes::object(vec![
            ("txids", ids()),
            ("mempool_sequence", shapes::number("The number of the state")),
        ]),
    )
    .example("true", "true")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let is_verbose = request.arguments.optional("verbose")?.unwrap_or(false);
            let has_sequence = request.arguments.optional("mempool_sequence")?.unwrap_or(false);
            if is_verbose && has_sequence {
                return Err(RpcError::invalid_parameter(
                    "Verbose results cannot contain mempool sequence values.",
                ));
            }
            blocking(&node, move |node| {
                Ok(node.pool.with(|pool| {
                    if is_verbose {
                        let all = pool
                            .iter()
                            .map(|found| (found.txid.to_string(), entry::describe(pool, found)));
                        return Value::Object(all.collect::<Map<_, _>>());
                    }
                    let ids: Vec<String> = pool.iter().map(|found| found.txid.to_string()).collect();
                    match has_sequence {
                        true => json!({ "txids": ids, "mempool_sequence": pool.next_sequence() }),
                        false => json!(ids),
                    }
                }))
            })
            .await
        }
    })
}

fn importmempool(node: Node) -> Method {
    let option = |name: &'static str, default: bool, description| {
        Param::defaulted(name, Kind::Boolean, default, description)
    };
    Method::declare(
        "blockchain",
        "importmempool",
        "Takes in the unconfirmed transactions of a mempool.dat. Files of others may bring what does harm: what they say beside \
         their transactions counts only if it is asked for.",
    )
    .param(Param::required("filepath", Kind::String, "The file"))
    .param(Param::optional(
        "options",
        Kind::Options(vec![
            option(
                "use_current_time",
                true,
                "Whether transactions come in now, whenever they did before",
            ),
            option(
                "apply_fee_delta_priority",
                false,
                "Whether to add what fees were made to count as by prioritisetransaction",
            ),
            option(
                "apply_unbroadcast_set",
                false,
                "Whether to remember which of them no peer has asked for",
            ),
        ]),
        "What of the file counts",
    ))
    .result(shapes::object(Vec::new()))
    .example("/path/to/mempool.dat", "\"/path/to/mempool.dat\"")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let path: String = request.arguments.required("filepath")?;
            let options = request.arguments.value("options").clone();
            blocking(&node, move |node| {
                if node.chain.is_initial_block_download() {
                    return Err(RpcError::new(
                        code::CLIENT_IN_INITIAL_DOWNLOAD,
                        "Can only import the mempool after the block download and sync is done.",
                    ));
                }
                let flag = |name, default| match options.get(name) {
                    None | Some(Value::Null) => Ok(default),
                    Some(value) => bool::from_argument(value),
                };
                let what = Import {
                    is_now: flag("use_current_time", true)?,
                    has_deltas: flag("apply_fee_delta_priority", false)?,
                    has_unbroadcast: flag("apply_unbroadcast_set", false)?,
                };
                import(node, Path::new(&path), what).map_err(|error| {
                    tracing::warn!("{error}");
                    RpcError::misc("Unable to import mempool file, see debug.log for details.")
                })?;
                Ok(json!({}))
            })
            .await
        }
    })
}

fn savemempool(node: Node) -> Method {
    Method::declare(
        "blockchain",
        "savemempool",
        "Writes the unconfirmed transactions to mempool.dat, which is read at the next start.",
    )
    .result(shapes::object(vec![(
        "filename",
        shapes::text("Where they are written"),
    )]))
    .example("", "")
    .handle(move |_request| {
        let node = node.clone();
        async move {
            blocking(&node, |node| {
                if !node.pool.is_loaded() {
                    return Err(RpcError::misc("The mempool was not loaded yet"));
                }
                let path = &node.pool_file;
                crate::pool::save(&node.pool, path).map_err(|error| {
                    tracing::warn!("Failed to dump mempool: {error}. Continuing anyway.");
                    RpcError::misc("Unable to dump mempool to disk")
                })?;
                Ok(json!({ "filename": path.to_string_lossy() }))
            })
            .await
        }
    })
}
