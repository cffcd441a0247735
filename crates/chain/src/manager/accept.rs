//! Taking blocks in.

use std::sync::Arc;
use std::thread;

use bitcoin::BlockHash;
use bitcoin::consensus::encode::serialize;
use consensus::block::{
    Block, BlockChecks, BlockContext, BlockError, HashedBlock, check_blob_data, check_block,
    check_block_in_chain,
};
use consensus::header::BlockHeader;
use consensus::pow::check_proof_of_work;

use super::activate::NewBlock;
use super::{ChainError, ChainstateManager};
use crate::FilePosition;
use crate::headers::{accept_header, check_in_chain};
use crate::rejection::{Rejection, RejectionKind};
use crate::tree::{BlockTree, EntryId};

/// What became of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Processed {
    /// Whether it was not there before.
    pub is_new: bool,
    /// What checking it came to; none if it is not better than the tip, so that it was not checked against the coins.
    pub verdict: Option<Result<(), Rejection>>,
}

/// A block with fewer transactions is hashed in less time than a thread needs to begin.
const LARGE: usize = 200;

/// Where a block comes from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Origin {
    /// From somebody: it is written to the files.
    Submitted,
    /// From the files, where it stays.
    Files { position: FilePosition, length: u32 },
}

impl ChainstateManager {
    /// Takes a header into the tree.
    ///
    /// # Errors
    /// [`Rejection`] if it breaks a rule.
    pub fn accept_header(&self, header: &BlockHeader) -> Result<EntryId, Rejection> {
        let (accepted, is_best) = {
            let mut tree = self.tree_mut();
            let best = tree.best_header();
            let accepted = accept_header(&mut tree, header, self.clock.now(), self.params());
            (accepted, tree.best_header() != best)
        };
        if let Err(rejection) = &accepted {
            let hash = header.block_hash();
            tracing::debug!(target: "validation", "AcceptBlockHeader: {hash}, {rejection}");
        }
        if is_best {
            self.tell(|observer| observer.best_header_changed());
        }
        accepted
    }

    /// Takes a block, and makes the best chain the active one. Nothing is taken as long as the index is being made anew.
    ///
    /// # Errors
    /// [`ChainError`] if the chain cannot be read or written, which says nothing of the block.
    pub fn process_block(&self, block: &Arc<Block>) -> Result<Processed, ChainError> {
        let _writer = self.write();
        let known = self.tree().find(&block.header.block_hash());
        let is_new = known.is_none_or(|id| !self.tree().entry(id).has_data());
        if self.is_rebuilding() {
            // Where the files end is not known before all of them were read: what is written now could take the place of
            // blocks that were not found yet.
            return Ok(Processed {
                is_new,
                verdict: None,
            });
        }
        let new = NewBlock::new(block);
        match self.accept_block(&new.hashed, Origin::Submitted)? {
            Err(rejection) => {
                let hash = block.header.block_hash();
                tracing::warn!("ProcessNewBlock: AcceptBlock {hash}, {rejection}");
                Ok(Processed {
                    is_new,
                    verdict: Some(Err(rejection)),
                })
            }
            Ok(_) => Ok(Processed {
                is_new,
                verdict: self.activate_best_chain(Some(&new))?,
            }),
        }
    }

    /// Checks a block as far as that goes without coins, and keeps it. The writer's lock must be held.
    pub(super) fn accept_block(
        &self,
        block: &HashedBlock<'_>,
        origin: Origin,
    ) -> Result<Result<EntryId, Rejection>, ChainError> {
        if let Err(error) = self.check_block(block) {
            return Ok(Err(error.into()));
        }
        let id = match self.accept_header(&block.header) {
            Ok(id) => id,
            Err(rejection) => return Ok(Err(rejection)),
        };
        let tree = self.tree();
        if tree.entry(id).has_data() {
            return Ok(Ok(id));
        }
        let height = tree.entry(id).height;
        let checked = match tree.entry(id).parent {
            Some(parent) => self
                .check_at_place(&tree, parent, block)
                .and_then(|()| self.check_blobs(&tree, id, block, origin)),
            None => Ok(()),
        };
        drop(tree);
        if let Err(rejection) = checked {
            if rejection.is_final() {
                self.tree_mut().fail(id);
                self.tell(|observer| observer.invalid_found());
            }
            return Ok(Err(rejection));
        }
        let time = block.header.pure().time;
        let position = match origin {
            Origin::Submitted => self.files.append_block(&serialize(block.block()), height, time)?,
            Origin::Files { position, length } => {
                self.files.note_block(position, length, height, time);
                position
            }
        };
        let transactions = u32::try_from(block.transactions.len()).expect("a block is smaller than that");
        let mut tree = self.tree_mut();
        tree.set_segwit(id, self.params().heights.segwit.is_active(height));
        tree.received(id, transactions, position);
        drop(tree);
        Ok(Ok(id))
    }

    /// Checks what holds for a block whatever its chain is. What a large one needs of hashes is computed on two threads,
    /// once it is known to be worth it.
    fn check_block(&self, block: &HashedBlock<'_>) -> Result<(), BlockError> {
        let check = || check_block(block, BlockChecks::All, self.params());
        let tree = self.tree();
        let known = tree.find(&block.header.block_hash());
        let is_here = known.is_some_and(|id| tree.entry(id).has_data());
        drop(tree);
        let is_small = self.config.threads < 2 || block.transactions.len() < LARGE;
        if is_small || is_here || check_proof_of_work(&block.header, self.params()).is_err() {
            return check();
        }
        thread::scope(|scope| {
            // Without another thread this one computes it when it is asked for.
            _ = thread::Builder::new().spawn_scoped(scope, || _ = block.witness_root());
            check()
        })
    }

    fn check_at_place(
        &self,
        tree: &BlockTree,
        parent: EntryId,
        block: &HashedBlock<'_>,
    ) -> Result<(), Rejection> {
        let ancestor = |height| -> BlockHash {
            let ancestor = tree.ancestor(parent, height);
            tree.entry(ancestor.expect("rules ask for blocks before")).hash
        };
        let context = BlockContext {
            height: tree.entry(parent).height + 1,
            median_time_past: tree.median_time_past(parent),
            ancestor: &ancestor,
        };
        Ok(check_block_in_chain(block, &context, self.params())?)
    }

    /// Checks that nobody need know the data of a block's blobs any more. What is in the files was checked when it came.
    fn check_blobs(
        &self,
        tree: &BlockTree,
        id: EntryId,
        block: &Block,
        origin: Origin,
    ) -> Result<(), Rejection> {
        match origin {
            Origin::Files { .. } => Ok(()),
            Origin::Submitted => {
                let (height, median_time) = (tree.entry(id).height, tree.median_time_past(id));
                Ok(check_blob_data(
                    block,
                    height,
                    median_time,
                    self.clock.now(),
                    self.params(),
                )?)
            }
        }
    }

    /// Checks a block that would follow the tip, and keeps nothing of it.
    ///
    /// With [`BlockChecks::Template`] the proof of work and the merkle root may be wrong.
    ///
    /// # Errors
    /// [`ChainError`] if the chain cannot be read.
    pub fn test_block(
        &self,
        block: &Block,
        checks: BlockChecks,
    ) -> Result<Result<(), Rejection>, ChainError> {
        let _writer = self.write();
        let mut coins = self.coins();
        let block = &HashedBlock::new(block);
        let (tip, checked) = {
            let tree = self.tree();
            let previous = block.header.pure().prev_blockhash;
            let Some(tip) = tree.tip().filter(|tip| tree.entry(*tip).hash == previous) else {
                return Ok(Err(Rejection::new(
                    RejectionKind::MissingParent,
                    "inconclusive-not-best-prevblk",
                    "",
                )));
            };
            let checked = check_in_chain(&tree, tip, &block.header, self.clock.now(), self.params())
                .and_then(|()| Ok(check_block(block, checks, self.params())?))
                .and_then(|()| self.check_at_place(&tree, tip, block));
            (tip, checked)
        };
        if let Err(rejection) = checked {
            return Ok(Err(rejection));
        }
        let connected = self.connect_to(block, tip, Some(&self.scripts), &mut coins.view())?;
        Ok(connected.map(|_connected| ()))
    }
}
