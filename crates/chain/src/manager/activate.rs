//! Making the best chain the active one.

use std::sync::Arc;

use bitcoin::BlockHash;
use consensus::Params;
use consensus::block::{Block, HashedBlock};
use consensus::work::{spacing, takes_longer_than};

use super::{ChainError, ChainstateManager};
use crate::coins::{CoinsCache, CoinsView};
use crate::connect::{
    ConnectContext, ConnectError, ConnectFailure, Connected, Disconnected, ScriptChecker, connect_block,
    disconnect_block,
};
use crate::observer::LongWork;
use crate::rejection::Rejection;
use crate::tree::{BlockTree, EntryId};

/// Users are told of progress when so many blocks were connected.
const PROGRESS_EVERY: u64 = 1_000;

/// A block that somebody has just handed over.
pub(super) struct NewBlock<'a> {
    pub(super) hash: BlockHash,
    block: &'a Arc<Block>,
    pub(super) hashed: HashedBlock<'a>,
}

impl<'a> NewBlock<'a> {
    pub(super) fn new(block: &'a Arc<Block>) -> Self {
        Self {
            hash: block.header.block_hash(),
            block,
            hashed: HashedBlock::new(block),
        }
    }
}

impl ChainstateManager {
    /// Makes the best chain the active one, as far as it is valid.
    ///
    /// # Errors
    /// [`ChainError`] if the chain cannot be read or written.
    pub fn activate(&self) -> Result<(), ChainError> {
        let _writer = self.write();
        self.activate_best_chain(None)?;
        Ok(())
    }

    /// As [`activate`](Self::activate), with the writer's lock held; tells what came of `new`, if it was connected or
    /// refused. It need not be read from the disk.
    pub(super) fn activate_best_chain(
        &self,
        new: Option<&NewBlock<'_>>,
    ) -> Result<Option<Result<(), Rejection>>, ChainError> {
        let mut verdict = self.validate_background(new)?;
        let mut connected = 0;
        self.leave_unsound()?;
        while !self.is_interrupted() {
            let (target, tip) = {
                let mut tree = self.tree_mut();
                (tree.most_work(), tree.tip())
            };
            let Some(target) = target.filter(|target| tip != Some(*target)) else {
                break;
            };
            self.leave(target)?;
            for id in self.path_to(target) {
                let outcome = self.connect_tip(id, new)?;
                let is_new = new.is_some_and(|new| new.hash == self.tree().entry(id).hash);
                let is_valid = outcome.is_ok();
                if is_new {
                    verdict = Some(outcome);
                }
                if !is_valid || self.is_interrupted() {
                    break;
                }
                connected += 1;
                if connected % PROGRESS_EVERY == 0 {
                    let (done, total) = {
                        let tree = self.tree();
                        (tree.entry(id).height, tree.entry(target).height)
                    };
                    self.tell(|observer| {
                        observer.progressed(LongWork::Connecting, done.into(), total.into());
                    });
                }
            }
            self.prune_if_large()?;
            if self.tree().tip() != tip {
                self.tell_tip();
            }
        }
        Ok(verdict)
    }

    pub(super) fn tell_tip(&self) {
        let tip = {
            let tree = self.tree();
            tree.tip()
                .map(|tip| tree.entry(tip))
                .map(|entry| (entry.hash, entry.height))
        };
        if let Some((hash, height)) = tip {
            self.tell(|observer| observer.tip_changed(hash, height));
        }
    }

    /// Disconnects blocks that the index knows to be invalid: the process was killed when the coins had not followed yet.
    /// A snapshot's block cannot be disconnected.
    fn leave_unsound(&self) -> Result<(), ChainError> {
        let is_unsound = || {
            let tree = self.tree();
            let tip = tree.tip().filter(|tip| tree.assumed_base() != Some(*tip));
            tip.is_some_and(|tip| !tree.entry(tip).is_sound())
        };
        if !is_unsound() {
            return Ok(());
        }
        while is_unsound() {
            self.disconnect_tip()?;
        }
        self.tree_mut().reconsider_all();
        Ok(())
    }

    /// Disconnects blocks until the tip is an ancestor of `target`.
    fn leave(&self, target: EntryId) -> Result<(), ChainError> {
        let Some(tip) = self.tree().tip() else {
            return Ok(());
        };
        let fork = self.tree().fork(tip, target);
        while self.tree().tip() != Some(fork) {
            self.disconnect_tip()
                .inspect_err(|error| tracing::error!("Failed to disconnect block: {error}"))?;
        }
        Ok(())
    }

    /// The blocks after the tip that lead to `target`, the lowest first.
    fn path_to(&self, target: EntryId) -> Vec<EntryId> {
        let tree = self.tree();
        let mut path: Vec<_> = tree.chain(target).take_while(|id| !tree.is_active(*id)).collect();
        path.reverse();
        path
    }

    /// Connects a block to the tip, its parent. If it is invalid, that is noted.
    fn connect_tip(
        &self,
        id: EntryId,
        new: Option<&NewBlock<'_>>,
    ) -> Result<Result<(), Rejection>, ChainError> {
        let height = self.tree().entry(id).height;
        self.with_block(id, new, |block, hashed| {
            let mut coins = self.coins();
            if let Err(rejection) = self.connect_next(hashed, id, &mut coins)? {
                return Ok(Err(rejection));
            }
            self.tree_mut().set_tip(id);
            let is_flushed = self.flush_if_large(&mut coins)?;
            self.log_tip(id, &coins);
            drop(coins);
            self.tell(|observer| observer.block_connected(block, height));
            if is_flushed {
                self.tell(|observer| observer.flushed());
            }
            Ok(Ok(()))
        })
    }

    /// Does something with the block of an entry, which need not be read if it has just come.
    pub(super) fn with_block<T>(
        &self,
        id: EntryId,
        new: Option<&NewBlock<'_>>,
        act: impl FnOnce(&Arc<Block>, &HashedBlock<'_>) -> Result<T, ChainError>,
    ) -> Result<T, ChainError> {
        let hash = self.tree().entry(id).hash;
        if let Some(new) = new.filter(|new| new.hash == hash) {
            return act(new.block, &new.hashed);
        }
        let block = Arc::new(self.read_block(id)?);
        let hashed = HashedBlock::new(&block);
        check_whole(&hashed)?;
        act(&block, &hashed)
    }

    /// Connects a block to the coins of its parent, and notes what it spent. If it is invalid, that is noted.
    pub(super) fn connect_next(
        &self,
        block: &HashedBlock<'_>,
        id: EntryId,
        coins: &mut CoinsCache,
    ) -> Result<Result<(), Rejection>, ChainError> {
        let (hash, parent) = {
            let tree = self.tree();
            let entry = tree.entry(id);
            (entry.hash, entry.parent)
        };
        let mut undo_position = None;
        match parent {
            // The genesis block's coin cannot be spent.
            None => coins.set_best_block(hash),
            Some(parent) => match self.connect_to_coins(block, id, parent, coins)? {
                Ok(connected) => undo_position = self.keep_undo(id, &connected, block)?,
                Err(rejection) => {
                    tracing::warn!("ConnectTip: ConnectBlock {hash} failed, {rejection}");
                    self.refuse(id, &rejection);
                    return Ok(Err(rejection));
                }
            },
        }
        self.tree_mut().connected(id, undo_position);
        Ok(Ok(()))
    }

    fn connect_to_coins(
        &self,
        block: &HashedBlock<'_>,
        id: EntryId,
        parent: EntryId,
        coins: &mut CoinsCache,
    ) -> Result<Result<Connected, Rejection>, ChainError> {
        let scripts = self.must_run_scripts(id).then_some(&self.scripts);
        let mut view = coins.view();
        let connected = self.connect_to(block, parent, scripts, &mut view)?;
        if connected.is_ok() {
            view.commit();
        }
        Ok(connected)
    }

    /// Connects a block to a view of the coins of its parent. Others can read the tree meanwhile.
    pub(super) fn connect_to(
        &self,
        block: &HashedBlock<'_>,
        parent: EntryId,
        scripts: Option<&ScriptChecker>,
        view: &mut CoinsView<'_>,
    ) -> Result<Result<Connected, Rejection>, ChainError> {
        let median_time_past = |height| {
            let tree = self.tree();
            let ancestor = tree.ancestor(parent, height).expect("locks are of blocks before");
            tree.median_time_past(ancestor)
        };
        let context = ConnectContext {
            height: self.tree().entry(parent).height + 1,
            median_time_past: &median_time_past,
            scripts,
        };
        match connect_block(block, &context, view, self.params()) {
            Ok(connected) => Ok(Ok(connected)),
            Err(ConnectFailure::Invalid(error)) => {
                if let ConnectError::Script(failure) = &error {
                    let (txid, reason) = (failure.txid, &failure.reject_reason);
                    tracing::warn!("ConnectBlock(): CheckInputScripts on {txid} failed with {reason}");
                }
                Ok(Err(error.into()))
            }
            Err(ConnectFailure::Database(error)) => Err(error.into()),
        }
    }

    /// Writes what a block spent, unless that was done when it was connected before.
    fn keep_undo(
        &self,
        id: EntryId,
        connected: &Connected,
        block: &Block,
    ) -> Result<Option<crate::FilePosition>, ChainError> {
        let (position, undo_position) = {
            let tree = self.tree();
            let entry = tree.entry(id);
            (entry.position, entry.undo_position)
        };
        let Some(position) = position.filter(|_| undo_position.is_none()) else {
            return Ok(None);
        };
        let previous = block.header.pure().prev_blockhash;
        Ok(Some(self.files.append_undo(
            position.file,
            &connected.undo,
            previous,
        )?))
    }

    /// Notes that a block is invalid.
    fn refuse(&self, id: EntryId, rejection: &Rejection) {
        let mut tree = self.tree_mut();
        if rejection.is_final() {
            tree.fail(id);
        }
        let entry = tree.entry(id);
        tracing::warn!(
            "InvalidChainFound: invalid block={}  height={}  reason={rejection}",
            entry.hash,
            entry.height
        );
        drop(tree);
        self.tell(|observer| observer.invalid_found());
    }

    /// Takes the tip back.
    pub(super) fn disconnect_tip(&self) -> Result<(), ChainError> {
        let (tip, height, parent) = {
            let tree = self.tree();
            let tip = tree.tip().expect("there is a tip to be disconnected");
            (tip, tree.entry(tip).height, tree.entry(tip).parent)
        };
        let parent = parent.expect("the genesis block stays connected");
        let mut coins = self.coins();
        let block = self.disconnect_last(tip, &mut coins)?;
        self.tree_mut().set_tip(parent);
        let is_flushed = self.flush_if_large(&mut coins)?;
        self.log_tip(parent, &coins);
        drop(coins);
        self.followers_return_to(height - 1);
        self.tell(|observer| observer.block_disconnected(&block, height));
        if is_flushed {
            self.tell(|observer| observer.flushed());
        }
        Ok(())
    }

    /// Takes the last block of these coins back, and returns it.
    pub(super) fn disconnect_last(
        &self,
        id: EntryId,
        coins: &mut CoinsCache,
    ) -> Result<Arc<Block>, ChainError> {
        let (hash, height) = {
            let tree = self.tree();
            (tree.entry(id).hash, tree.entry(id).height)
        };
        let block = Arc::new(self.read_whole_block(id)?);
        let undo = self.read_undo(id)?;
        let mut view = coins.view();
        let disconnected = disconnect_block(&block, undo, &mut view, height, self.params())
            .map_err(|source| ChainError::Disconnect { hash, source })?;
        if disconnected == Disconnected::Unclean {
            tracing::warn!("the coins were not as block {hash} had left them");
        }
        view.commit();
        Ok(block)
    }

    /// A block whose transactions are those that its header names.
    pub(super) fn read_whole_block(&self, id: EntryId) -> Result<Block, ChainError> {
        let block = self.read_block(id)?;
        check_whole(&HashedBlock::new(&block))?;
        Ok(block)
    }

    /// Whether a block's scripts must run: not if it is before the block that is assumed to be valid, in the best chain of
    /// headers, and buried deep enough in it.
    fn must_run_scripts(&self, id: EntryId) -> bool {
        let params = self.params();
        let tree = self.tree();
        let is_before = |later: EntryId| tree.ancestor(later, tree.entry(id).height) == Some(id);
        let Some(assumed) = params
            .assume_valid
            .as_ref()
            .and_then(|hash: &BlockHash| tree.find(hash))
        else {
            return true;
        };
        let Some(best) = tree.best_header() else {
            return true;
        };
        let is_assumed =
            is_before(assumed) && is_before(best) && tree.entry(best).chain_work >= params.minimum_chain_work;
        !is_assumed || !is_buried(&tree, id, best, params)
    }
}

fn check_whole(block: &HashedBlock<'_>) -> Result<(), ChainError> {
    match block.root().root == block.header.pure().merkle_root {
        true => Ok(()),
        false => Err(ChainError::WrongBlock(block.header.block_hash())),
    }
}

/// Whether miners need so long for the work between two blocks, at the pace of the later one, that the earlier one may be
/// taken to be valid.
fn is_buried(tree: &BlockTree, id: EntryId, best: EntryId, params: &Params) -> bool {
    let (block, best) = (tree.entry(id), tree.entry(best));
    let bits = best.header.bits;
    best.chain_work > block.chain_work
        && takes_longer_than(
            best.chain_work - block.chain_work,
            params.assume_valid_after,
            bits,
            spacing(best.height, params),
        )
}
