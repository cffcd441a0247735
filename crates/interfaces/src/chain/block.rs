//! What is said of blocks and of what is spent and unspent in them.

use bitcoin::{Block, BlockHash, TxOut};

use crate::{BlockRef, UnixTime};

/// A place in a chain of blocks, which is understood by who has another chain with a common beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockLocator {
    /// Hashes of blocks from that place backwards, ever further apart, the genesis block last. Empty for no place.
    pub have: Vec<BlockHash>,
}

/// Which costly parts of a block are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BlockParts {
    /// [`FoundBlock::locator`].
    pub locator: bool,
    /// [`FoundBlock::data`].
    pub data: bool,
}

/// A block that the node has the header of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundBlock {
    /// The block.
    pub block: BlockRef,
    /// The header's time.
    pub time: UnixTime,
    /// The latest time of the block and all before it.
    pub max_time: UnixTime,
    /// The median of the times of the block and the ten before it, as in BIP 113 <https://bips.dev/113/>.
    pub median_time_past: UnixTime,
    /// Whether it is part of the active chain.
    pub in_active_chain: bool,
    /// The block after it, where both are part of the active chain.
    pub next: Option<BlockRef>,
    /// Its place, where that was wanted.
    pub locator: Option<BlockLocator>,
    /// The block itself; `None` where it was not wanted or is not on disk.
    pub data: Option<Block>,
}

/// Two blocks and the last block that both stand on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommonAncestor {
    /// `None` where the two have none or one of them is unknown.
    pub ancestor: Option<FoundBlock>,
    /// `None` where it is unknown.
    pub first: Option<FoundBlock>,
    /// `None` where it is unknown.
    pub second: Option<FoundBlock>,
}

/// The kinds of filters that nodes make of blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockFilterKind {
    /// The basic filter of BIP 158 <https://bips.dev/158/>.
    Basic,
}

/// An output that is not spent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coin {
    /// The output.
    pub output: TxOut,
    /// The height of its block; `None` where it is in the mempool.
    pub height: Option<u32>,
    /// Whether it comes from a coinbase, whose outputs must mature.
    pub is_coinbase: bool,
}
