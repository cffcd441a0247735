//! What rigs ask of masternodes, where the answer is certain for a node that follows none: it waits for peers to tell of
//! them, has had no message that changes the network's parameters, and knows of no block that masternodes agreed on or
//! attested with one of Bitcoin's chain.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use rpc::{Kind, Method, Param, RpcError, Shape, ShapeKind, code};
use serde_json::{Map, Value, json};

use crate::shapes;
use crate::state::Node;

/// The first of the steps in which upstream learns of masternodes. Without peers there is no second.
const FIRST_STEP: (u32, &str) = (1, "MASTERNODE_SYNC_BLOCKCHAIN");

/// In the year 2099: a parameter with this value is off.
const OFF: u64 = 4_070_908_800;

/// The parameters that messages of the network can change, with what they are without: the time from which they are on.
const SPORKS: [(&str, u64); 7] = [
    ("SPORK_9_SUPERBLOCKS_ENABLED", 0),
    ("SPORK_17_QUORUM_DKG_ENABLED", OFF),
    ("SPORK_19_CHAINLOCKS_ENABLED", OFF),
    ("SPORK_21_QUORUM_ALL_CONNECTED", OFF),
    ("SPORK_23_QUORUM_POSE", OFF),
    ("SPORK_TEST", OFF),
    ("SPORK_TEST1", OFF),
];

/// What methods answer that do not do what they are asked.
const FAILURE: &str = "failure";

pub(super) fn methods(node: &Node) -> Vec<Method> {
    vec![
        getchainlocks(),
        getbtccheckpoints(),
        mnsync(node.clone()),
        spork(node.clone()),
    ]
}

fn getchainlocks() -> Method {
    let lock = || {
        vec![
            ("blockhash", shapes::hex("The block's hash").optional()),
            ("height", shapes::number("Its height").optional()),
            ("signature", shapes::hex("The signature").optional()),
        ]
    };
    let mut recent = lock();
    recent.push(("known_block", shapes::flag("Whether the block is known")));
    Method::declare(
        "blockchain",
        "getchainlocks",
        "Tells of the last blocks that masternodes agreed on. There is none as long as the node follows no masternodes.",
    )
    .result(shapes::object(vec![
        ("recent_chainlock", shapes::object(recent)),
        ("active_chainlock", shapes::object(lock())),
    ]))
    .example("", "")
    .handle(async |_request| Err(RpcError::new(code::INTERNAL_ERROR, "Unable to find any chainlock")))
}

fn getbtccheckpoints() -> Method {
    let checkpoint = || {
        vec![
            ("syshash", shapes::hex("The block's hash").optional()),
            ("height", shapes::number("Its height").optional()),
            ("signature", shapes::hex("The signature").optional()),
        ]
    };
    let mut recent = checkpoint();
    recent.push(("known_block", shapes::flag("Whether the block is known")));
    Method::declare(
        "blockchain",
        "getbtccheckpoints",
        "Tells of the last blocks that masternodes attested with a block of Bitcoin's chain. There is none as long as the \
         node follows no masternodes.",
    )
    .result(shapes::object(vec![
        ("recent_btccheckpoint", shapes::object(recent)),
        ("active_btccheckpoint", shapes::object(checkpoint())),
    ]))
    .example("", "")
    .handle(async |_request| {
        Err(RpcError::new(
            code::INTERNAL_ERROR,
            "Unable to find any BTC checkpoint attestation",
        ))
    })
}

fn mnsync(node: Node) -> Method {
    let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let started = Arc::new(AtomicU64::new(started.as_secs()));
    Method::declare(
        "syscoin",
        "mnsync",
        "Tells how far the node is in learning of masternodes, or begins anew. It learns of them from peers alone.",
    )
    .param(Param::required(
        "command",
        Kind::String,
        "\"status\", \"next\" for the next step, or \"reset\" to begin anew",
    ))
    .result_when(
        "command is status",
        shapes::object(vec![
            ("AssetID", shapes::number("The step's number")),
            ("AssetName", shapes::text("Its name")),
            (
                "AssetStartTime",
                Shape::new(ShapeKind::Time, "When it began, in seconds since 1970"),
            ),
            ("Attempt", shapes::number("How many peers were asked in it")),
            (
                "IsBlockchainSynced",
                shapes::flag("Whether the chain was up to its peers'"),
            ),
            ("IsSynced", shapes::flag("Whether all steps are done")),
        ]),
    )
    .result_when("otherwise", shapes::text("success or failure"))
    .example("\"status\"", "\"status\"")
    .handle(move |request| {
        let (node, started) = (node.clone(), Arc::clone(&started));
        async move {
            let command: String = request.arguments.required("command")?;
            let (id, name) = FIRST_STEP;
            match command.as_str() {
                "status" => Ok(json!({
                    "AssetID": id,
                    "AssetName": name,
                    "AssetStartTime": started.load(Ordering::Relaxed),
                    "Attempt": 0,
                    "IsBlockchainSynced": false,
                    "IsSynced": false,
                })),
                "next" => Err(super::network::no_connections()),
                "reset" => {
                    started.store(node.get()?.chain.clock().now(), Ordering::Relaxed);
                    Ok("success".into())
                }
                _ => Ok(FAILURE.into()),
            }
        }
    })
}

fn spork(node: Node) -> Method {
    let by_name = |one| Shape::new(ShapeKind::Map("SPORK_NAME", Box::new(one)), "");
    Method::declare(
        "syscoin",
        "spork",
        "Shows the parameters that messages of the network can change. To change them takes a key that the node does not \
         take.",
    )
    .param(Param::required(
        "command",
        Kind::String,
        "\"show\" for the values, \"active\" for whether they are on, or a parameter's name",
    ))
    .param(Param::optional("value", Kind::Number, "A parameter's new value"))
    .result_when("command is show", by_name(shapes::number("The value")))
    .result_when("command is active", by_name(shapes::flag("Whether it is on")))
    .result_when("otherwise", shapes::text("failure"))
    .example("\"show\"", "\"show\"")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let command: String = request.arguments.required("command")?;
            let show = |value: &dyn Fn(u64) -> Value| {
                let shown = SPORKS.map(|(name, since)| (name.to_owned(), value(since)));
                Value::Object(shown.into_iter().collect::<Map<_, _>>())
            };
            match command.as_str() {
                "show" => Ok(show(&|since| since.into())),
                "active" => {
                    let now = node.get()?.chain.clock().now();
                    Ok(show(&|since| (since < now).into()))
                }
                name if SPORKS.iter().all(|(known, _)| *known != name) => {
                    Err(RpcError::invalid_parameter("Invalid spork name"))
                }
                _ => {
                    let _value: i64 = request.arguments.required("value")?;
                    Ok(FAILURE.into())
                }
            }
        }
    })
}
