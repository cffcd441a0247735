//! What is done with one node of those that are connected. There are none, so that none is found.

use bitcoin::hex::FromHex as _;
use rpc::{Kind, Method, Outcome, Param, Request, RpcError, Shape, ShapeKind, code};

use crate::methods::blockchain::{block_hash, tip_of};
use crate::shapes;
use crate::state::{Node, NodeState, blocking};

/// The longest name of a message.
const MAX_NAME: usize = 12;

pub(super) fn methods(node: &Node) -> Vec<Method> {
    vec![
        disconnectnode(node.clone()),
        sendmsgtopeer(node.clone()),
        getblockfrompeer(node.clone()),
    ]
}

fn disconnectnode(node: Node) -> Method {
    Method::declare(
        "network",
        "disconnectnode",
        "Ends the connection to a node, which is named by its address or its number.",
    )
    .param(Param::hinted(
        "address",
        Kind::String,
        "the node of this number",
        "Address and port, as getpeerinfo shows them",
    ))
    .param(Param::hinted(
        "nodeid",
        Kind::Number,
        "the node at this address",
        "The number that getpeerinfo shows",
    ))
    .result(Shape::new(ShapeKind::Null, ""))
    .example("\"192.168.0.6:8369\"", "\"192.168.0.6:8369\"")
    .example("\"\" 1", "\"\", 1")
    .handle(move |request| {
        let node = node.clone();
        async move {
            node.get()?;
            let address: Option<String> = request.arguments.optional("address")?;
            let number: Option<i64> = request.arguments.optional("nodeid")?;
            let is_one = match (address.as_deref(), number) {
                (Some(_), None) | (None | Some(""), Some(_)) => true,
                (None, None) | (Some(_), Some(_)) => false,
            };
            if !is_one {
                return Err(RpcError::new(
                    code::INVALID_PARAMS,
                    "Only one of address and nodeid should be provided.",
                ));
            }
            Err(RpcError::new(
                code::CLIENT_NODE_NOT_CONNECTED,
                "Node not found in connected nodes",
            ))
        }
    })
}

fn sendmsgtopeer(node: Node) -> Method {
    Method::declare(
        "hidden",
        "sendmsgtopeer",
        "Sends a message to a node, for tests. Its header is made here.",
    )
    .param(Param::required(
        "peer_id",
        Kind::Number,
        "The number that getpeerinfo shows",
    ))
    .param(Param::required(
        "msg_type",
        Kind::String,
        "The message's name, of 12 letters at most",
    ))
    .param(Param::required("msg", Kind::Hex, "What follows its header"))
    .result(shapes::object(Vec::new()))
    .example("0 \"addr\" \"ffffff\"", "0, \"addr\", \"ffffff\"")
    .handle(move |request| {
        let node = node.clone();
        async move {
            node.get()?;
            let _peer: i64 = request.arguments.required("peer_id")?;
            let name: String = request.arguments.required("msg_type")?;
            if name.len() > MAX_NAME {
                return Err(RpcError::invalid_parameter(format!(
                    "Error: msg_type too long, max length is {MAX_NAME}"
                )));
            }
            let message: String = request.arguments.required("msg")?;
            Vec::from_hex(&message)
                .map_err(|_| RpcError::invalid_parameter("Error parsing input for msg"))?;
            Err(RpcError::misc("Error: Could not send message to peer"))
        }
    })
}

fn getblockfrompeer(node: Node) -> Method {
    Method::declare(
        "blockchain",
        "getblockfrompeer",
        "Asks a node for a block whose header is known.",
    )
    .param(Param::required("blockhash", Kind::Hex, "The block's hash"))
    .param(Param::required(
        "peer_id",
        Kind::Number,
        "The number that getpeerinfo shows",
    ))
    .result(shapes::object(Vec::new()))
    .example(
        "\"28a2c2d251f46fac05ade79085cbcb2ae4ec67ea24f1f1c7b40a348c00521194\" 0",
        "\"28a2c2d251f46fac05ade79085cbcb2ae4ec67ea24f1f1c7b40a348c00521194\", 0",
    )
    .handle(move |request| {
        let node = node.clone();
        async move { blocking(&node, move |node| ask_for_block(node, &request)).await }
    })
}

fn ask_for_block(node: &NodeState, request: &Request) -> Outcome {
    let hash = block_hash(request, "blockhash")?;
    let _peer: i64 = request.arguments.required("peer_id")?;
    let tree = node.chain.tree();
    let id = tree
        .find(&hash)
        .ok_or_else(|| RpcError::misc("Block header missing"))?;
    let entry = tree.entry(id);
    let tip = tree.entry(tip_of(&tree)?);
    if node.chain.is_pruning() && entry.height > tip.height {
        return Err(RpcError::misc(
            "In prune mode, only blocks that the node has already synced previously can be fetched from a peer",
        ));
    }
    if entry.has_data() {
        return Err(RpcError::misc("Block already downloaded"));
    }
    Err(RpcError::misc("Peer does not exist"))
}
