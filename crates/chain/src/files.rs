//! The files of blocks and of their undo data, in upstream's format: `blk00000.dat`, `rev00000.dat` and so on.
//!
//! A block is preceded by the chain's magic and its length; so is undo data, which is followed by a checksum. Owns what is
//! in the files; where a block lies is remembered in the index.

mod append;
mod blocks;
mod info;
mod layout;
mod scan;
#[cfg(test)]
pub(crate) mod tests;

use std::io;

use bitcoin::consensus::encode::{self, Decodable};
use consensus::block::Block;
use thiserror::Error;

use crate::FilePosition;
use crate::undo::UndoError;

pub use blocks::BlockFiles;
pub use info::FileInfo;
pub use layout::{FileSizes, FilesConfig};
pub use scan::{BlockScan, ScannedBlock};

/// What cannot be read from the files, or written to them.
#[derive(Debug, Error)]
pub enum FilesError {
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] io::Error),
    /// There is nothing of this chain.
    #[error("there is nothing of this chain at {0}")]
    Nothing(FilePosition),
    /// What is there is no block.
    #[error("there is no block at {position}")]
    Block {
        /// Where.
        position: FilePosition,
        /// Why it is none.
        #[source]
        source: encode::Error,
    },
    /// What is there is no undo data.
    #[error("there is no undo data at {position}")]
    Undo {
        /// Where.
        position: FilePosition,
        /// Why it is none.
        #[source]
        source: UndoError,
    },
    /// Undo data is damaged, or is of another block.
    #[error("the undo data at {0} has another checksum")]
    Checksum(FilePosition),
    /// The block or its undo data has more bytes than a file can have.
    #[error("{0} bytes are too many for one file")]
    TooLarge(usize),
}

impl FilesError {
    /// Whether there is no room on the disk.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::File(error) => crate::database::is_disk_full(error),
            _ => false,
        }
    }
}

/// Reads a block of any size; what follows it is not looked at.
fn decode_block(mut bytes: &[u8]) -> Result<Block, encode::Error> {
    Block::consensus_decode_from_finite_reader(&mut bytes)
}
