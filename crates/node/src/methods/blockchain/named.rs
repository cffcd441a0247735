//! How callers name blocks.

use bitcoin::BlockHash;
use chain::tree::{BlockTree, EntryId};
use rpc::{Request, RpcError, code};

use crate::values;

/// The tip of a tree.
///
/// # Errors
/// There is none yet.
pub(in crate::methods) fn tip(tree: &BlockTree) -> Result<EntryId, RpcError> {
    tree.tip()
        .ok_or_else(|| RpcError::new(code::IN_WARMUP, "Loading block index…"))
}

/// The block whose hash an argument is.
pub(in crate::methods) fn block(tree: &BlockTree, hash: &BlockHash) -> Result<EntryId, RpcError> {
    tree.find(hash)
        .ok_or_else(|| RpcError::new(code::INVALID_ADDRESS_OR_KEY, "Block not found"))
}

/// An argument that is a block's hash.
pub(in crate::methods) fn hash(request: &Request, name: &str) -> Result<BlockHash, RpcError> {
    values::hash(request.arguments.value(name), name)
}
