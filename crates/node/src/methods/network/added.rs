//! Nodes that users name.

use rpc::{Kind, Method, Outcome, Param, Request, RpcError, Shape, ShapeKind, code};
use serde_json::{Value, json};

use super::no_connections;
use crate::shapes;
use crate::state::{Node, NodeState};

/// Kinds of connections that rigs ask for.
const CONNECTION_KINDS: [&str; 4] = ["outbound-full-relay", "block-relay-only", "addr-fetch", "feeler"];

pub(super) fn methods(node: &Node) -> Vec<Method> {
    vec![
        addnode(node.clone()),
        getaddednodeinfo(node.clone()),
        addconnection(node.clone()),
    ]
}

fn addnode(node: Node) -> Method {
    Method::declare(
        "network",
        "addnode",
        "Changes the list of nodes that the node should be connected to, or connects to one now.",
    )
    .param(Param::required(
        "node",
        Kind::String,
        "An address or a name, with or without a port",
    ))
    .param(Param::required(
        "command",
        Kind::String,
        "\"add\" to the list, \"remove\" from it, or \"onetry\" to connect now",
    ))
    .param(Param::hinted(
        "v2transport",
        Kind::Boolean,
        "as -v2transport says",
        "Whether the connection should be encrypted (with \"add\" and \"onetry\")",
    ))
    .result(Shape::new(ShapeKind::Null, ""))
    .example("\"192.168.0.6:8369\" \"add\"", "\"192.168.0.6:8369\", \"add\"")
    .handle(move |request| {
        let node = node.clone();
        async move { add_or_remove(node.get()?, &request) }
    })
}

fn add_or_remove(node: &NodeState, request: &Request) -> Outcome {
    let name: String = request.arguments.required("node")?;
    let command: String = request.arguments.required("command")?;
    let wants_encryption: Option<bool> = request.arguments.optional("v2transport")?;
    if !["add", "remove", "onetry"].contains(&command.as_str()) {
        return Err(RpcError::misc(request.help()));
    }
    let network = &node.network;
    if wants_encryption == Some(true) && !network.services.has_encryption() {
        return Err(RpcError::invalid_parameter(
            "Error: v2transport requested but not enabled (see -v2transport)",
        ));
    }
    match command.as_str() {
        "onetry" => Err(no_connections()),
        "add" if network.added.add(&name) => Ok(Value::Null),
        "add" => Err(RpcError::new(
            code::CLIENT_NODE_ALREADY_ADDED,
            "Error: Node already added",
        )),
        _ => match network.added.remove(&name) {
            Ok(()) => Ok(Value::Null),
            Err(_) => Err(RpcError::new(
                code::CLIENT_NODE_NOT_ADDED,
                "Error: Node could not be removed. It has not been added previously.",
            )),
        },
    }
}

fn getaddednodeinfo(node: Node) -> Method {
    Method::declare(
        "network",
        "getaddednodeinfo",
        "Lists the nodes that the node should be connected to, and whether it is.",
    )
    .param(Param::hinted(
        "node",
        Kind::String,
        "all of them",
        "One of them, as it was added",
    ))
    .result(shapes::array(shapes::object(vec![
        ("addednode", shapes::text("The node, as it was added")),
        ("connected", shapes::flag("Whether there is a connection")),
        (
            "addresses",
            shapes::array(shapes::object(vec![
                ("address", shapes::text("The address at its other end")),
                ("connected", shapes::text("Who made it: inbound or outbound")),
            ])),
        ),
    ])))
    .example("\"192.168.0.201\"", "\"192.168.0.201\"")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let mut listed = node.get()?.network.added.all();
            if let Some(wanted) = request.arguments.optional::<String>("node")? {
                listed.retain(|name| *name == wanted);
                if listed.is_empty() {
                    return Err(RpcError::new(
                        code::CLIENT_NODE_NOT_ADDED,
                        "Error: Node has not been added.",
                    ));
                }
            }
            let told = listed.into_iter();
            let told = told.map(|name| json!({ "addednode": name, "connected": false, "addresses": [] }));
            Ok(told.collect())
        }
    })
}

fn addconnection(node: Node) -> Method {
    Method::declare(
        "hidden",
        "addconnection",
        "Makes a connection of a certain kind (regtest only).",
    )
    .param(Param::required(
        "address",
        Kind::String,
        "An address with its port",
    ))
    .param(Param::required(
        "connection_type",
        Kind::String,
        "outbound-full-relay, block-relay-only, addr-fetch or feeler",
    ))
    .result(shapes::object(vec![
        ("address", shapes::text("The address")),
        ("connection_type", shapes::text("The kind")),
    ]))
    .example(
        "\"192.168.0.6:8369\" \"outbound-full-relay\"",
        "\"192.168.0.6:8369\", \"outbound-full-relay\"",
    )
    .handle(move |request| {
        let node = node.clone();
        async move {
            if node.get()?.chain.params().network != consensus::Network::Regtest {
                return Err(RpcError::misc(
                    "addconnection is for regression testing (-regtest mode) only.",
                ));
            }
            let kind: String = request.arguments.required("connection_type")?;
            if !CONNECTION_KINDS.contains(&kind.trim()) {
                return Err(RpcError::invalid_parameter(request.help()));
            }
            Err(no_connections())
        }
    })
}
