//! What is said of a node's state.

use crate::{BlockRef, UnixTime};

/// A kind of log messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogCategory {
    /// Its name, as `-debug` takes it.
    pub name: String,
    /// Whether its messages are logged.
    pub active: bool,
}

/// How far a node has got when it has started.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StartedAt {
    /// The tip; `None` where no block is connected.
    pub tip: Option<BlockTip>,
    /// The best header; `None` where there is none.
    pub header_tip: Option<BlockTip>,
    /// An estimate of how much of all transactions is verified, from 0 to 1.
    pub verification_progress: f64,
}

/// The end of a chain of blocks or of headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockTip {
    /// The last block.
    pub block: BlockRef,
    /// Its header's time.
    pub time: UnixTime,
}

/// What the node is doing about the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SynchronizationState {
    /// It reads blocks that it has on disk.
    Reindexing,
    /// It fetches the chain for the first time.
    Downloading,
    /// It follows the chain.
    Following,
}
