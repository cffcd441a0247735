//! Finding blocks in a file of which nothing else is known.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use consensus::block::{Block, transactions_root};
use consensus::limits::MAX_BLOCK_SERIALIZED_SIZE;
use fs_err::File;

use super::decode_block;

/// How many bytes are read at once.
const CHUNK: usize = 64 << 10;

/// The magic and the length.
const PREFIX: usize = 8;

/// The length of the shortest block, which is a header.
const SHORTEST: usize = 80;

/// A block that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannedBlock {
    /// Where it begins, in bytes from the file's beginning.
    pub offset: u64,
    /// How many bytes the file says that it has.
    pub length: u32,
    /// The block.
    pub block: Block,
}

/// The blocks of a file, in their order. What is between them, or only looks like one, is passed over.
#[derive(Debug)]
pub struct BlockScan {
    file: File,
    magic: [u8; 4],
    /// What was read of the file and is not done with, from `start` on.
    window: Vec<u8>,
    start: usize,
    /// Where the window begins in the file.
    window_offset: u64,
    /// Whether nothing of the file is left to be read.
    ended: bool,
}

impl BlockScan {
    /// Begins with a file, whose blocks follow the magic of the chain's messages.
    ///
    /// # Errors
    /// [`io::Error`] if it cannot be opened.
    pub fn open(path: &Path, magic: [u8; 4]) -> io::Result<Self> {
        Self::open_at(path, magic, 0)
    }

    /// Begins with a file at this offset.
    ///
    /// # Errors
    /// [`io::Error`] if it cannot be opened.
    pub fn open_at(path: &Path, magic: [u8; 4], offset: u64) -> io::Result<Self> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(Self {
            file,
            magic,
            window: Vec::new(),
            start: 0,
            window_offset: offset,
            ended: false,
        })
    }

    fn next_block(&mut self) -> io::Result<Option<ScannedBlock>> {
        while self.find_magic()? {
            let after = &self.window[self.start + self.magic.len()..];
            let length = after.first_chunk().map(|length| u32::from_le_bytes(*length));
            // A file may end within the length.
            let Some(length) = length else { return Ok(None) };
            let n_bytes = length as usize;
            if (SHORTEST..=MAX_BLOCK_SERIALIZED_SIZE).contains(&n_bytes) && self.fill(PREFIX + n_bytes)? {
                let first = self.start + PREFIX;
                let bytes = &self.window[first..first + n_bytes];
                if let Some(block) = decode_block(bytes).ok().filter(is_whole) {
                    self.start = first + n_bytes;
                    return Ok(Some(ScannedBlock {
                        offset: self.window_offset + first as u64,
                        length,
                        block,
                    }));
                }
            }
            self.start += 1;
        }
        Ok(None)
    }

    /// Goes on to where the magic is next, and to its length; false if it is nowhere.
    fn find_magic(&mut self) -> io::Result<bool> {
        loop {
            let rest = &self.window[self.start..];
            if let Some(place) = rest
                .windows(self.magic.len())
                .position(|bytes| bytes == self.magic)
            {
                self.start += place;
                self.fill(PREFIX)?;
                return Ok(true);
            }
            // The beginning of a magic may be at the end.
            self.start += rest.len().saturating_sub(self.magic.len() - 1);
            self.skip_hole();
            if !self.fill(self.magic.len())? {
                return Ok(false);
            }
        }
    }

    /// Passes over what was never written, which reads as zeros: the room that was made for blocks, which every start
    /// would read otherwise.
    fn skip_hole(&mut self) {
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::SeekFrom;
            use rustix::io::Errno;
            if self.window[self.start..].iter().any(|byte| *byte != 0) {
                return;
            }
            let end = self.window_offset + self.window.len() as u64;
            match rustix::fs::seek(&self.file, SeekFrom::Data(end)) {
                Ok(next) if next == end => return,
                Ok(next) => self.window_offset = next,
                Err(Errno::NXIO) => {
                    self.window_offset = end;
                    self.ended = true;
                }
                // Not every file system tells.
                Err(_) => return,
            }
            self.window.clear();
            self.start = 0;
        }
    }

    /// Reads on until so many bytes are there from the start on; false if the file ends before.
    fn fill(&mut self, n_bytes: usize) -> io::Result<bool> {
        if self.window.len() - self.start >= n_bytes {
            return Ok(true);
        }
        if self.ended {
            return Ok(false);
        }
        self.window.drain(..self.start);
        self.window_offset += self.start as u64;
        self.start = 0;
        let missing = (n_bytes - self.window.len()).max(CHUNK);
        let read = (&mut self.file)
            .take(missing as u64)
            .read_to_end(&mut self.window)?;
        self.ended = read < missing;
        Ok(self.window.len() >= n_bytes)
    }
}

/// Whether the transactions are those that the header names. What follows a block that was cut off may otherwise be taken
/// for its end, and a block in it be missed.
fn is_whole(block: &Block) -> bool {
    transactions_root(&block.transactions).root == block.header.pure().merkle_root
}

impl Iterator for BlockScan {
    type Item = io::Result<ScannedBlock>;

    fn next(&mut self) -> Option<io::Result<ScannedBlock>> {
        self.next_block().transpose()
    }
}
