//! What is known of a block, with its place in the tree.

use bitcoin::block::Header;
use bitcoin::{BlockHash, Work};

use crate::FilePosition;
use crate::index::{Failure, Validity};

/// An entry of the tree, for as long as the tree lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(pub(super) u32);

/// A block of the tree.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The first 80 bytes of its header.
    pub header: Header,
    /// Their hash.
    pub hash: BlockHash,
    /// Blocks before it.
    pub height: u32,
    /// The block before it; none before the genesis block.
    pub parent: Option<EntryId>,
    /// A block further back, to find ancestors quickly.
    pub(super) skip: Option<EntryId>,
    /// The work of all blocks up to here.
    pub chain_work: Work,
    /// The latest time of a block up to here, in seconds since 1970.
    pub latest_time: u32,
    /// Up to where it was found valid.
    pub validity: Validity,
    /// Whether witnesses counted when it was taken in (BIP 141).
    pub is_segwit: bool,
    /// Whether it was found invalid.
    pub failure: Failure,
    /// How many transactions it has; zero until the block has been there.
    pub transactions: u32,
    /// How many transactions there are up to here; zero until all blocks up to here have been there.
    pub chain_transactions: u64,
    /// Where the block is, if it is there.
    pub position: Option<FilePosition>,
    /// Where its undo data is, if it is there.
    pub undo_position: Option<FilePosition>,
    /// The lower, the earlier it became complete; below zero for blocks that are preferred.
    pub sequence: i64,
}

impl Entry {
    /// Whether neither the block nor one before it was found invalid.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.failure == Failure::None
    }

    /// Whether the block is there.
    #[must_use]
    pub fn has_data(&self) -> bool {
        self.position.is_some()
    }

    /// Whether all blocks up to here have been there once.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.chain_transactions > 0
    }
}
