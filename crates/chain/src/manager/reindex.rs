//! Making the index anew from the files of blocks, and taking blocks from files of others.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use bitcoin::BlockHash;
use consensus::block::{Block, HashedBlock};

use super::accept::Origin;
use super::{ChainError, ChainstateManager};
use crate::FilePosition;
use crate::files::{BlockScan, FilesError, ScannedBlock};
use crate::observer::LongWork;
use crate::rejection::RejectionKind;

/// A block that was found before its parent.
type Early = (FilePosition, u32);

impl ChainstateManager {
    /// Makes the index anew if it was opened for that; see [`Rebuild`](super::Rebuild). Blocks may be in any order in the
    /// files. Afterwards the best chain is the active one.
    ///
    /// If it is interrupted, it begins again when the chain is opened the next time.
    ///
    /// # Errors
    /// [`ChainError`] if the chain cannot be read or written.
    pub fn rebuild(&self) -> Result<(), ChainError> {
        if !self.is_rebuilding() {
            return Ok(());
        }
        let _writer = self.write();
        let count = (0..)
            .take_while(|number| self.files.config().block_file(*number).is_file())
            .count() as u64;
        let genesis = self.params().genesis.block();
        let mut early: HashMap<BlockHash, Vec<Early>> = HashMap::new();
        for number in 0..u32::try_from(count).unwrap_or(u32::MAX) {
            tracing::info!("Reindexing block file blk{number:05}.dat...");
            self.tell(|observer| observer.progressed(LongWork::Reindexing, number.into(), count));
            for scanned in self.scan(number, 0)? {
                let (block, position, length) = scanned?;
                if self.is_interrupted() {
                    return Ok(());
                }
                self.reindex_block(&block, (position, length), &mut early)?;
            }
        }
        if self.tree().find(&genesis.block_hash()).is_none() {
            self.begin(&genesis)?;
        }
        self.finish_rebuilding()?;
        tracing::info!("Reindexing finished");
        self.activate_best_chain(None)?;
        Ok(())
    }

    /// Takes a block in, and those that waited for it.
    fn reindex_block(
        &self,
        block: &Block,
        place: Early,
        early: &mut HashMap<BlockHash, Vec<Early>>,
    ) -> Result<(), ChainError> {
        let mut ready = vec![(block.clone(), place)];
        while let Some((block, (position, length))) = ready.pop() {
            let hash = block.header.block_hash();
            if self.tree().is_empty() && hash == self.params().genesis.hash() {
                self.files
                    .note_block(position, length, 0, block.header.pure().time);
                let mut tree = self.tree_mut();
                let id = tree.add_header(*block.header.pure());
                tree.received(id, 1, position);
            } else {
                match self.accept_block(&HashedBlock::new(&block), Origin::Files { position, length })? {
                    Ok(_) => {}
                    Err(rejection) if rejection.kind == RejectionKind::MissingParent => {
                        let previous = block.header.pure().prev_blockhash;
                        out_of_order(&block);
                        early.entry(previous).or_default().push((position, length));
                        continue;
                    }
                    Err(rejection) => {
                        tracing::info!("block {hash} in the files is not taken: {rejection}");
                        continue;
                    }
                }
            }
            for place in early.remove(&hash).unwrap_or_default() {
                let child = self.files.read_block(place.0)?;
                its_turn(&child);
                ready.push((child, place));
            }
        }
        Ok(())
    }

    /// Takes the blocks of a file in upstream's format (`-loadblock`), and returns how many were new.
    ///
    /// # Errors
    /// [`ChainError`] if the file cannot be read, or the chain not be written.
    pub fn load_blocks(&self, path: &Path) -> Result<u64, ChainError> {
        let unreadable = |source| ChainError::System {
            what: "a file of -loadblock cannot be read",
            source,
        };
        let mut early: HashMap<BlockHash, Vec<Arc<Block>>> = HashMap::new();
        let mut new = 0;
        for scanned in BlockScan::open(path, self.params().magic).map_err(unreadable)? {
            let mut ready = vec![Arc::new(scanned.map_err(unreadable)?.block)];
            while let Some(block) = ready.pop() {
                if self.is_interrupted() {
                    return Ok(new);
                }
                let processed = self.process_block(&block)?;
                match processed.verdict {
                    Some(Err(rejection)) if rejection.kind == RejectionKind::MissingParent => {
                        let previous = block.header.pure().prev_blockhash;
                        out_of_order(&block);
                        early.entry(previous).or_default().push(block);
                        continue;
                    }
                    Some(Err(_)) => {}
                    _ => new += u64::from(processed.is_new),
                }
                let children = early.remove(&block.header.block_hash()).unwrap_or_default();
                children.iter().for_each(|child| its_turn(child));
                ready.extend(children);
            }
        }
        Ok(new)
    }

    /// The blocks of a file of the chain's own, from a place on.
    pub(super) fn scan(
        &self,
        number: u32,
        from: u32,
    ) -> Result<impl Iterator<Item = Result<(Block, FilePosition, u32), ChainError>> + use<>, ChainError>
    {
        let path = self.files.config().block_file(number);
        let scan = BlockScan::open_at(&path, self.params().magic, from.into()).map_err(FilesError::File)?;
        Ok(
            scan.filter_map(move |scanned: io::Result<ScannedBlock>| match scanned {
                Ok(scanned) => {
                    let offset = u32::try_from(scanned.offset).ok()?;
                    Some(Ok((
                        scanned.block,
                        FilePosition { file: number, offset },
                        scanned.length,
                    )))
                }
                Err(error) => Some(Err(FilesError::File(error).into())),
            }),
        )
    }
}

fn out_of_order(block: &Block) {
    let (hash, parent) = (block.header.block_hash(), block.header.pure().prev_blockhash);
    tracing::debug!(target: "reindex", "LoadExternalBlockFile: Out of order block {hash}, parent {parent} not known");
}

fn its_turn(child: &Block) {
    let (hash, parent) = (child.header.block_hash(), child.header.pure().prev_blockhash);
    tracing::debug!(target: "reindex", "LoadExternalBlockFile: Processing out of order child {hash} of {parent}");
}
