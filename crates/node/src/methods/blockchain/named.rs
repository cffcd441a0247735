//! How callers name blocks.

use bitcoin::BlockHash;
use chain::tree::{BlockTree, EntryId};
use rpc::{FromArgument as _, Request, RpcError, code};
use serde_json::Value;

use crate::values;

/// The tip of a tree.
///
/// # Errors
/// There is none yet.
pub(crate) fn tip(tree: &BlockTree) -> Result<EntryId, RpcError> {
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

/// How callers name a block where they may do so by its height in the best chain.
#[derive(Debug, Clone, Copy)]
pub(in crate::methods) enum HashOrHeight {
    Hash(BlockHash),
    Height(i32),
}

impl HashOrHeight {
    /// Reads an argument.
    pub(in crate::methods) fn of(value: &Value) -> Result<Self, RpcError> {
        if !value.is_number() {
            return Ok(Self::Hash(values::hash(value, "hash_or_height")?));
        }
        let height = i32::try_from(i64::from_argument(value)?);
        Ok(Self::Height(
            height.map_err(|_large| RpcError::misc("JSON integer out of range"))?,
        ))
    }

    /// The block.
    pub(in crate::methods) fn find(&self, tree: &BlockTree) -> Result<EntryId, RpcError> {
        match self {
            Self::Hash(hash) => block(tree, hash),
            Self::Height(height) => {
                let Ok(wanted) = u32::try_from(*height) else {
                    return Err(RpcError::invalid_parameter(format!(
                        "Target block height {height} is negative"
                    )));
                };
                tree.active(wanted).ok_or_else(|| {
                    let tip = tree.tip().map_or(0, |tip| tree.entry(tip).height);
                    RpcError::invalid_parameter(format!(
                        "Target block height {height} after current tip {tip}"
                    ))
                })
            }
        }
    }
}
