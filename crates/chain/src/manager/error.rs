//! What goes wrong without a block being to blame.

use std::path::PathBuf;

use bitcoin::BlockHash;
use thiserror::Error;

use crate::connect::DisconnectError;
use crate::database::DatabaseError;
use crate::files::FilesError;

/// The chain cannot be read or written. It must not be changed any more: the process should end.
#[derive(Debug, Error)]
pub enum ChainError {
    /// A store fails.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A file of blocks fails.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// The system does not do what it should.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// A file of blocks is not there.
    #[error(
        "the file of blocks {0} is not there; restart with -reindex to make the index anew from those that are"
    )]
    MissingFile(String),
    /// There are coins, and no index of the blocks that they are of.
    #[error("{index} is not there, though {coins} is; restart with -reindex to make both anew")]
    MissingIndex {
        /// The index.
        index: PathBuf,
        /// The coins.
        coins: PathBuf,
    },
    /// The first block is another chain's.
    #[error("Incorrect or no genesis block found. Wrong datadir for network?")]
    WrongGenesis,
    /// The coins are up to a block that the index does not know.
    #[error(
        "the coins are those up to block {0}, which the index of blocks does not have; restart with -reindex-chainstate to \
         make them anew"
    )]
    UnknownTip(BlockHash),
    /// The chain went on from a snapshot that nothing is known of any more.
    #[error(
        "Assumeutxo data not found for the given blockhash '{0}'; restart with the same -assumeutxo as before, or with \
         -reindex-chainstate to go on without the snapshot"
    )]
    UnknownSnapshot(BlockHash),
    /// The chain went on from a snapshot that has other coins than the chain makes.
    #[error(
        "Syscoin failed to validate the -assumeutxo snapshot state. Either the snapshot was wrong, or the machine or this \
         program is: {reason}. The node stops, and uses nothing that was built on the snapshot: from height {from} the \
         chain goes back to height {to}, and on from there after the next start. The snapshot's coins are left in \
         chainstate_snapshot_INVALID"
    )]
    BadSnapshot {
        /// What was found.
        reason: String,
        /// The height of the chain that stood on it.
        from: u32,
        /// The height of the chain that was validated.
        to: u32,
    },
    /// The files do not hold the block that the index says.
    #[error("what the files of blocks hold is not block {0}; restart with -reindex to make the index anew")]
    WrongBlock(BlockHash),
    /// The block was pruned, or was never there.
    #[error("block {0} is not there")]
    NoData(BlockHash),
    /// The undo data of a connected block is not there.
    #[error("the undo data of block {0} is not there; restart with -reindex to make it anew")]
    NoUndo(BlockHash),
    /// A block cannot be taken back.
    #[error(
        "block {hash} cannot be disconnected: {source}; restart with -reindex-chainstate to make the coins anew"
    )]
    Disconnect {
        /// Which one.
        hash: BlockHash,
        /// Why.
        #[source]
        source: DisconnectError,
    },
    /// Blocks were pruned, and are needed.
    #[error(
        "Block files were pruned: the coins cannot be made anew without them. Restart with -reindex, which fetches all blocks \
         again"
    )]
    Pruned,
}

impl ChainError {
    /// Whether there is no room on the disk.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Database(error)
            | Self::Disconnect {
                source: DisconnectError::Database(error),
                ..
            } => error.is_disk_full(),
            Self::Files(error) => error.is_disk_full(),
            _ => false,
        }
    }
}
