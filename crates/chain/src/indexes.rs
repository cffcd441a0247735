//! Indexes of the chain that a node may keep: of transactions, of filters of blocks, and of statistics of coins.
//!
//! Each is a store of its own that follows the chain, behind it or beside it: [`catch_up`] brings it to where the chain
//! is, through reorganisations and after a crash of either. Knows no threads: when that is done is the caller's matter.

mod filter;
mod filters;
mod follow;
mod manager;
mod statistics;
mod store;
#[cfg(test)]
mod tests;
mod transactions;

use std::fmt;

use bitcoin::BlockHash;
use bitcoin::consensus::encode;
use consensus::block::Block;
use thiserror::Error;

use crate::FilePosition;
use crate::database::DatabaseError;
use crate::manager::ChainError;
use crate::undo::BlockUndo;

pub use filter::{basic_filter, filter_matches_any};
pub use filters::{FilterIndex, FilterRecord};
pub use follow::{IndexedChain, catch_up};
pub use statistics::{StatisticsIndex, StatisticsRecord, Totals};
pub use store::IndexStore;
pub use transactions::TransactionIndex;

/// A block's place among blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlockId {
    /// How many blocks are before it.
    pub height: u32,
    /// Its hash.
    pub hash: BlockHash,
}

impl fmt::Display for BlockId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "block {} at height {}", self.hash, self.height)
    }
}

/// What an index is told of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedBlock {
    /// Which block it is.
    pub id: BlockId,
    /// The block.
    pub block: Block,
    /// What it spent. The genesis block spent nothing.
    pub undo: BlockUndo,
    /// Where it is.
    pub position: FilePosition,
}

/// An index that cannot go on, or cannot answer.
#[derive(Debug, Error)]
pub enum IndexError {
    /// Its store does not do what it should.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A block or its undo data is not there, or cannot be read.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A block's undo data is of other transactions.
    #[error("the undo data of {0} is not of its transactions")]
    Undo(BlockId),
    /// A filter in the store is none.
    #[error("the filter of {id} is damaged")]
    Filter {
        /// The block.
        id: BlockId,
        /// Why it is none.
        #[source]
        source: bitcoin::bip158::Error,
    },
    /// What is where a block should be is none.
    #[error("there is no block at {position}")]
    Block {
        /// Where.
        position: FilePosition,
        /// Why it is none.
        #[source]
        source: encode::Error,
    },
}

impl IndexError {
    /// Whether there is no room on the disk.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Database(error) => error.is_disk_full(),
            Self::Chain(error) => error.is_disk_full(),
            _ => false,
        }
    }
}

/// What follows the chain.
pub trait Index: Send + Sync {
    /// What `getindexinfo` and the log call it.
    fn name(&self) -> &'static str;

    /// Where it is kept.
    fn store(&self) -> &IndexStore;

    /// Takes in blocks that follow one another, the first one on the store's best block; all or none of them.
    ///
    /// # Errors
    /// [`IndexError`] if they cannot be taken in: nothing is changed then.
    fn append(&self, blocks: &[IndexedBlock]) -> Result<(), IndexError>;
}
