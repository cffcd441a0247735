//! `getblockfilter`: a block's filter (BIP 157).

use bitcoin::hex::DisplayHex as _;
use chain::database::DatabaseError;
use chain::index::Validity;
use chain::indexes::{BlockId, FilterIndex};
use rpc::{Kind, Method, Outcome, Param, RpcError, code};
use serde_json::json;

use super::named;
use crate::shapes;
use crate::state::{Node, NodeState, blocking};

/// The only kind of filter that there is.
const BASIC: &str = "basic";

pub(super) fn getblockfilter(node: Node) -> Method {
    Method::declare(
        "blockchain",
        "getblockfilter",
        "Gives the filter of a block (BIP 157). It needs -blockfilterindex.",
    )
    .param(Param::required("blockhash", Kind::Hex, "The block's hash"))
    .param(type_param())
    .result(shapes::object(vec![
        ("filter", shapes::hex("The filter")),
        (
            "header",
            shapes::hex("The hash of its hash and of the header of the filter before"),
        ),
    ]))
    .example(
        "\"00000c937983704a73af28acdec37b049d214adbda81d7e2a3dd146f6ed09\" \"basic\"",
        "\"00000c937983704a73af28acdec37b049d214adbda81d7e2a3dd146f6ed09\", \"basic\"",
    )
    .handle(move |request| {
        let node = node.clone();
        async move {
            let hash = named::hash(&request, "blockhash")?;
            let kind: Option<String> = request.arguments.optional("filtertype")?;
            blocking(&node, move |node| {
                let index = index(node, kind.as_deref())?;
                let (id, was_connected) = {
                    let tree = node.chain.tree();
                    let entry = tree.entry(named::block(&tree, &hash)?);
                    let was_connected = entry.validity == Validity::Scripts && entry.is_sound();
                    let height = entry.height;
                    (BlockId { height, hash }, was_connected)
                };
                get(node, index, &id, was_connected)
            })
            .await
        }
    })
}

pub(super) fn type_param() -> Param {
    Param::defaulted("filtertype", Kind::String, BASIC, "The kind of filter: basic")
}

/// The index of filters of a kind.
pub(super) fn index<'a>(node: &'a NodeState, kind: Option<&str>) -> Result<&'a FilterIndex, RpcError> {
    let kind = kind.unwrap_or(BASIC);
    if kind != BASIC {
        return Err(RpcError::new(code::INVALID_ADDRESS_OR_KEY, "Unknown filtertype"));
    }
    let index = node.indexes.filters.as_ref();
    index.ok_or_else(|| RpcError::misc(format!("Index is not enabled for filtertype {kind}")))
}

fn get(node: &NodeState, index: &FilterIndex, id: &BlockId, was_connected: bool) -> Outcome {
    let is_synced = node.indexes.sync(node, index)?;
    let unreadable = |error: DatabaseError| node.fail(&error.into());
    let filter = index.filter(id).map_err(unreadable)?;
    let record = index.record(id).map_err(unreadable)?;
    if let (Some(filter), Some(record)) = (filter, record) {
        return Ok(json!({
            "filter": filter.to_lower_hex_string(),
            "header": record.header.to_string(),
        }));
    }
    let (code, reason) = match (was_connected, is_synced) {
        (false, _) => (
            code::INVALID_ADDRESS_OR_KEY,
            "Block was not connected to active chain.",
        ),
        (true, false) => (
            code::MISC_ERROR,
            "Block filters are still in the process of being indexed.",
        ),
        (true, true) => (
            code::INTERNAL_ERROR,
            "This error is unexpected and indicates index corruption.",
        ),
    };
    Err(RpcError::new(code, format!("Filter not found. {reason}")))
}
