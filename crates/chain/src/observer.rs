//! Who hears what happens to the chain.

use std::sync::Arc;

use bitcoin::BlockHash;
use consensus::block::Block;

/// Hears of changes in their order, each before the next one begins. What is called may ask the chain anything, and must
/// not change it.
pub trait ChainObserver: Send + Sync {
    /// A block is the tip now.
    fn block_connected(&self, _block: &Arc<Block>, _height: u32) {}

    /// A block was the tip, and the one before it is now.
    fn block_disconnected(&self, _block: &Arc<Block>, _height: u32) {}

    /// The block that was disconnected last is not wanted any more (`invalidateblock`), the `count`th in a row. More may
    /// follow before the chain rests.
    fn block_given_up(&self, _count: u32) {}

    /// The chain rests at another tip, after any number of blocks were connected and disconnected.
    fn tip_changed(&self, _tip: BlockHash, _height: u32) {}

    /// The header with the most work is another one, whether or not its block is there.
    fn best_header_changed(&self) {}

    /// All up to the tip is on the disk. Blocks that were connected or disconnected before have been told of.
    fn flushed(&self) {}

    /// Blocks before a snapshot from which the chain went on were checked, or all of them were.
    fn validated_further(&self) {}

    /// A block is known to be invalid that was not before.
    fn invalid_found(&self) {}

    /// Long work goes on: how many parts of how many are done.
    fn progressed(&self, _work: LongWork, _done: u64, _total: u64) {}
}

/// Work that users are told about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LongWork {
    /// Files of blocks are read, to make the index anew.
    Reindexing,
    /// Blocks are connected of which the index knows.
    Connecting,
    /// The last blocks are checked again.
    Verifying,
}
