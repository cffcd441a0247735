//! What the node is among others.

use std::time::{SystemTime, UNIX_EPOCH};

use app::program::CLIENT_VERSION;
use encoding::amount::to_json;
use rpc::{Kind, Method, Outcome, Param, Shape, ShapeKind};
use serde_json::{Value, json};

use crate::network::{OwnAddress, PROTOCOL_VERSION, Reach, UploadTarget};
use crate::shapes;
use crate::state::{Node, NodeState, blocking};

pub(super) fn methods(node: &Node) -> Vec<Method> {
    vec![
        getnetworkinfo(node.clone()),
        getnettotals(node.clone()),
        setnetworkactive(node.clone()),
    ]
}

fn getnetworkinfo(node: Node) -> Method {
    let counts = |who| shapes::number(who);
    Method::declare(
        "network",
        "getnetworkinfo",
        "Tells what the node is among others, and how it may connect to them.",
    )
    .result(shapes::object(vec![
        ("version", shapes::number("The node's version")),
        ("subversion", shapes::text("How it introduces itself")),
        (
            "protocolversion",
            shapes::number("The version of the protocol between nodes"),
        ),
        ("localservices", shapes::hex("What it offers, as bits")),
        (
            "localservicesnames",
            shapes::array(shapes::text("Something that it offers")),
        ),
        (
            "localrelay",
            shapes::flag("Whether it wants to be told of transactions"),
        ),
        (
            "timeoffset",
            shapes::number("By how many seconds the other nodes' clocks are ahead"),
        ),
        ("networkactive", shapes::flag("Whether it may connect to others")),
        ("connections", counts("How many nodes it is connected to")),
        ("connections_in", counts("How many of them connected to it")),
        ("connections_out", counts("How many of them it connected to")),
        (
            "connections_mn",
            counts("How many of them are masternodes that have shown that they are"),
        ),
        ("connections_mn_in", counts("How many of these connected to it")),
        ("connections_mn_out", counts("How many of these it connected to")),
        ("networks", shapes::array(network_shape())),
        (
            "relayfee",
            shapes::amount("What transactions must pay for 1,000 virtual bytes"),
        ),
        (
            "incrementalfee",
            shapes::amount("How much more replacements must pay for 1,000 virtual bytes"),
        ),
        (
            "localaddresses",
            shapes::array(shapes::object(vec![
                ("address", shapes::text("An address at which it can be reached")),
                ("port", shapes::number("The port")),
                ("score", shapes::number("How well it is known to be right")),
            ])),
        ),
        ("warnings", shapes::text("What users should know")),
    ]))
    .example("", "")
    .handle(move |_request| {
        let node = node.clone();
        async move { blocking(&node, describe).await }
    })
}

fn network_shape() -> Shape {
    shapes::object(vec![
        (
            "name",
            shapes::text("The network (ipv4, ipv6, onion, i2p, cjdns)"),
        ),
        ("limited", shapes::flag("Whether options leave it out")),
        (
            "reachable",
            shapes::flag("Whether the node may connect through it"),
        ),
        ("proxy", shapes::text("Where it is entered, or empty")),
        (
            "proxy_randomize_credentials",
            shapes::flag("Whether each connection has credentials of its own there"),
        ),
    ])
}

fn describe(node: &NodeState) -> Outcome {
    let network = &node.network;
    let (relay, incremental) = node
        .pool
        .with(|pool| (pool.config().min_relay, pool.config().incremental));
    Ok(json!({
        "version": CLIENT_VERSION,
        "subversion": network.user_agent,
        "protocolversion": PROTOCOL_VERSION,
        "localservices": format!("{:016x}", network.services.0),
        "localservicesnames": network.services.names(),
        "localrelay": network.relays_transactions,
        "timeoffset": 0,
        "networkactive": network.is_active(),
        "connections": 0,
        "connections_in": 0,
        "connections_out": 0,
        "connections_mn": 0,
        "connections_mn_in": 0,
        "connections_mn_out": 0,
        "networks": network.reach.iter().map(describe_network).collect::<Vec<_>>(),
        "relayfee": to_json(relay.units()),
        "incrementalfee": to_json(incremental.units()),
        "localaddresses": network.own_addresses.iter().map(describe_address).collect::<Vec<_>>(),
        "warnings": node.warnings.text(),
    }))
}

fn describe_address(own: &OwnAddress) -> Value {
    json!({
        "address": own.endpoint.address.to_string(),
        "port": own.endpoint.port,
        "score": own.score,
    })
}

fn describe_network(reach: &Reach) -> Value {
    json!({
        "name": reach.name,
        "limited": !reach.is_reachable,
        "reachable": reach.is_reachable,
        "proxy": reach.proxy.map_or_else(String::new, |proxy| proxy.to_string()),
        "proxy_randomize_credentials": reach.randomizes_credentials,
    })
}

fn getnettotals(node: Node) -> Method {
    Method::declare(
        "network",
        "getnettotals",
        "Tells how much the node has exchanged with others.",
    )
    .result(shapes::object(vec![
        ("totalbytesrecv", shapes::number("Bytes received")),
        ("totalbytessent", shapes::number("Bytes sent")),
        (
            "timemillis",
            Shape::new(ShapeKind::Time, "The system's time in milliseconds since 1970"),
        ),
        (
            "uploadtarget",
            shapes::object(vec![
                (
                    "timeframe",
                    shapes::number("The seconds over which what is sent is counted"),
                ),
                (
                    "target",
                    shapes::number("How many bytes may be sent in them; 0: any number"),
                ),
                ("target_reached", shapes::flag("Whether they are sent")),
                (
                    "serve_historical_blocks",
                    shapes::flag("Whether old blocks are sent too"),
                ),
                (
                    "bytes_left_in_cycle",
                    shapes::number("Bytes that may still be sent"),
                ),
                (
                    "time_left_in_cycle",
                    shapes::number("Seconds until counting begins anew"),
                ),
            ]),
        ),
    ]))
    .example("", "")
    .handle(move |_request| {
        let node = node.clone();
        async move {
            let target = &node.get()?.network.upload_target;
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            let now = now.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
            Ok(json!({
                "totalbytesrecv": 0,
                "totalbytessent": 0,
                "timemillis": now,
                "uploadtarget": {
                    "timeframe": UploadTarget::CYCLE.as_secs(),
                    "target": target.bytes(),
                    "target_reached": false,
                    "serve_historical_blocks": target.serves_old_blocks(),
                    "bytes_left_in_cycle": target.bytes(),
                    "time_left_in_cycle": target.time_left().as_secs(),
                },
            }))
        }
    })
}

fn setnetworkactive(node: Node) -> Method {
    Method::declare(
        "network",
        "setnetworkactive",
        "Lets the node connect to others, or not.",
    )
    .param(Param::required("state", Kind::Boolean, "Whether it may"))
    .result(shapes::flag("What was said"))
    .example("false", "false")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let network = &node.get()?.network;
            network.set_active(request.arguments.required("state")?);
            Ok(network.is_active().into())
        }
    })
}
