//! Checking the last blocks again.

use consensus::block::{BlockChecks, HashedBlock, check_block};

use super::{ChainError, ChainstateManager};
use crate::connect::{Disconnected, disconnect_block};
use crate::observer::LongWork;

/// What checking the last blocks came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verification {
    /// All is well.
    Sound,
    /// The work was told to end.
    Interrupted,
    /// Blocks before some height were pruned, or the chain went on from a snapshot there; those after it are well.
    Pruned,
    /// Something is damaged.
    Damaged(String),
}

impl ChainstateManager {
    /// Checks the last `count` blocks, all of them where it is 0, without changing anything.
    ///
    /// At level 0 they are read, at 1 checked without coins, at 2 their undo data is read, at 3 they are disconnected, and
    /// at 4 connected again (`-checkblocks`, `-checklevel`, `verifychain`).
    ///
    /// # Errors
    /// [`ChainError`] if the coins cannot be read.
    pub fn verify_chain(&self, level: u32, count: u32) -> Result<Verification, ChainError> {
        let _writer = self.write();
        let mut coins = self.coins();
        let Some(tip) = self.tree().tip() else {
            return Ok(Verification::Sound);
        };
        let height = self.tree().entry(tip).height;
        let count = if count == 0 { height } else { count.min(height) };
        tracing::info!("Verifying last {count} blocks at level {level}");
        let mut view = coins.view();
        let mut disconnected = Vec::new();
        let mut outcome = Verification::Sound;
        for id in self.path_down(tip, count) {
            if self.is_interrupted() {
                return Ok(Verification::Interrupted);
            }
            let (hash, height, has_data) = {
                let tree = self.tree();
                let entry = tree.entry(id);
                (entry.hash, entry.height, entry.has_data())
            };
            // Nothing was connected to a snapshot's coins up to its block.
            if (!has_data && self.is_pruned()) || self.tree().is_assumed(id) {
                tracing::info!("VerifyDB(): block verification stopping at height {height} (no data)");
                outcome = Verification::Pruned;
                break;
            }
            let damaged = |what: &str| {
                let text = format!("block {hash} at height {height}: {what}");
                tracing::error!("Verification error: {text}");
                Ok(Verification::Damaged(text))
            };
            let block = match self.read_whole_block(id) {
                Ok(block) => block,
                Err(error) => return damaged(&error.to_string()),
            };
            if level >= 1
                && let Err(error) = check_block(&HashedBlock::new(&block), BlockChecks::All, self.params())
            {
                return damaged(&error.to_string());
            }
            if level >= 2 {
                let undo = match self.read_undo(id) {
                    Ok(undo) => undo,
                    Err(error) => return damaged(&error.to_string()),
                };
                if level >= 3 {
                    match disconnect_block(&block, undo, &mut view, height, self.params()) {
                        Ok(Disconnected::Clean) => {}
                        Ok(Disconnected::Unclean) => return damaged("the coins are not as it left them"),
                        Err(error) => return damaged(&error.to_string()),
                    }
                    disconnected.push((id, block));
                }
            }
            let done = disconnected.len() as u64;
            self.tell(|observer| observer.progressed(LongWork::Verifying, done, count.into()));
        }
        if level < 4 {
            return Ok(outcome);
        }
        while let Some((id, block)) = disconnected.pop() {
            if self.is_interrupted() {
                return Ok(Verification::Interrupted);
            }
            let (hash, height, parent) = {
                let tree = self.tree();
                let entry = tree.entry(id);
                (entry.hash, entry.height, entry.parent)
            };
            let parent = parent.expect("the genesis block was not disconnected");
            let block = HashedBlock::new(&block);
            if let Err(rejection) = self.connect_to(&block, parent, Some(&self.scripts), &mut view)? {
                let text = format!("block {hash} at height {height}: {rejection}");
                return Ok(Verification::Damaged(text));
            }
        }
        Ok(outcome)
    }

    /// So many blocks from the tip down.
    fn path_down(&self, tip: crate::tree::EntryId, count: u32) -> Vec<crate::tree::EntryId> {
        self.tree().chain(tip).take(count as usize).collect()
    }
}
