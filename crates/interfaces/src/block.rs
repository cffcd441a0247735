//! How interfaces name blocks.

use bitcoin::BlockHash;

/// A block by its hash, with its place in the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlockRef {
    /// The hash of the block's header.
    pub hash: BlockHash,
    /// Blocks before it: the genesis block's height is 0. At most `i32::MAX`, which is what the wire carries.
    pub height: u32,
}
