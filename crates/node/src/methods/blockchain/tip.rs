//! What is asked most often: the height, the tip and the block at a height.

use rpc::{Kind, Method, Param, RpcError};

use super::difficulty::difficulty;
use super::named;
use crate::state::Node;
use crate::{shapes, values};

pub(super) fn methods(node: &Node) -> Vec<Method> {
    vec![
        getblockcount(node.clone()),
        getbestblockhash(node.clone()),
        getblockhash(node.clone()),
        getdifficulty(node.clone()),
    ]
}

fn getblockcount(node: Node) -> Method {
    Method::declare(
        "blockchain",
        "getblockcount",
        "Gives the height of the best chain: the genesis block's is 0.",
    )
    .result(shapes::number("The height"))
    .example("", "")
    .handle(move |_request| {
        let node = node.clone();
        async move {
            let tree = node.get()?.chain.tree();
            Ok(tree.entry(named::tip(&tree)?).height.into())
        }
    })
}

fn getbestblockhash(node: Node) -> Method {
    Method::declare(
        "blockchain",
        "getbestblockhash",
        "Gives the hash of the last block of the best chain.",
    )
    .result(shapes::hex("The hash"))
    .example("", "")
    .handle(move |_request| {
        let node = node.clone();
        async move {
            let tree = node.get()?.chain.tree();
            Ok(tree.entry(named::tip(&tree)?).hash.to_string().into())
        }
    })
}

fn getblockhash(node: Node) -> Method {
    Method::declare(
        "blockchain",
        "getblockhash",
        "Gives the hash of the block of the best chain at a height.",
    )
    .param(Param::required("height", Kind::Number, "The height"))
    .result(shapes::hex("The hash"))
    .example("1000", "1000")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let height: i32 = request.arguments.required("height")?;
            let tree = node.get()?.chain.tree();
            let id = u32::try_from(height).ok().and_then(|height| tree.active(height));
            let id = id.ok_or_else(|| RpcError::invalid_parameter("Block height out of range"))?;
            Ok(tree.entry(id).hash.to_string().into())
        }
    })
}

fn getdifficulty(node: Node) -> Method {
    Method::declare(
        "blockchain",
        "getdifficulty",
        "Tells how much harder the tip was to find than the easiest block of Bitcoin's.",
    )
    .result(shapes::number("The difficulty"))
    .example("", "")
    .handle(move |_request| {
        let node = node.clone();
        async move {
            let tree = node.get()?.chain.tree();
            Ok(values::double(difficulty(
                tree.entry(named::tip(&tree)?).header.bits,
            )))
        }
    })
}
