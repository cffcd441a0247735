//! The chain that leads to a snapshot: it goes on in the background as its blocks come, to find out whether the snapshot is
//! right.

use bitcoin::BlockHash;

use super::activate::NewBlock;
use super::stores::Places;
use super::{ChainError, ChainstateManager};
use crate::coins::{CoinsCache, CoinsSnapshot};
use crate::database::DatabaseError;
use crate::rejection::Rejection;
use crate::snapshot::{CoinsHash, HashKind, statistics};
use crate::tree::EntryId;

/// After so many blocks in the background the log tells of it.
const LOG_EVERY: u32 = 2_000;

/// After so many coins it is looked whether the process ends.
const PAUSE: u64 = 8_192;

/// By which files of blocks are kept for the chain in the background.
const FOLLOWER: &str = "the validation of a snapshot";

/// A chain with coins of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct ChainState {
    /// Its last block; none before the genesis block is connected.
    pub tip: Option<EntryId>,
    /// About which part of the chain it has, from 0 to 1.
    pub progress: f64,
    /// The block of the snapshot that it went on from, if it did.
    pub snapshot: Option<BlockHash>,
    /// Whether all its blocks were checked.
    pub is_validated: bool,
    /// How much memory its coins may take, in bytes.
    pub cache_bytes: usize,
}

/// What is next for the chain in the background.
enum Step {
    Connect(EntryId),
    Disconnect(EntryId, EntryId),
    /// It has reached the snapshot.
    Compare,
    /// The chain that the snapshot is of is invalid.
    Refuse,
    /// The next block is not there.
    Wait,
}

impl ChainstateManager {
    /// The chains with coins of their own: the one in the background, if there is one, and the active one.
    #[must_use]
    pub fn chain_states(&self) -> Vec<ChainState> {
        let cache_bytes = self.cache_bytes();
        let tree = self.tree();
        let state = |tip: Option<EntryId>, snapshot: Option<EntryId>, is_validated| ChainState {
            tip,
            progress: tip.map_or(0.0, |tip| self.progress(&tree, tip)),
            snapshot: snapshot.map(|base| tree.entry(base).hash),
            is_validated,
            cache_bytes,
        };
        let is_assumed = tree.assumed_base().is_some();
        let active = state(tree.tip(), tree.snapshot_base(), !is_assumed);
        match is_assumed {
            true => vec![state(tree.validated_tip(), None, true), active],
            false => vec![active],
        }
    }

    /// How much memory coins of one chain may take, in bytes.
    pub(super) fn cache_bytes(&self) -> usize {
        match self.tree().assumed_base() {
            Some(_) => self.config.cache_bytes / 2,
            None => self.config.cache_bytes,
        }
    }

    /// Takes up the chain in the background, if there is one.
    pub(super) fn load_background(&self) -> Result<(), ChainError> {
        let background = self.background();
        let Some(coins) = &*background else {
            return Ok(());
        };
        let tip = match coins.best_block() {
            None => None,
            Some(best) => Some(self.tree().find(&best).ok_or(ChainError::UnknownTip(best))?),
        };
        self.note_background(tip);
        Ok(())
    }

    /// Notes how far the chain in the background is.
    pub(super) fn note_background(&self, tip: Option<EntryId>) {
        self.tree_mut().validated_up_to(tip);
        let height = tip.map_or(0, |tip| self.tree().entry(tip).height);
        self.keep_for(FOLLOWER, height);
    }

    /// Connects what is there of the blocks that lead to the snapshot, and compares its coins when all are. Tells what came
    /// of `new`, if it was among them. The writer's lock must be held.
    pub(super) fn validate_background(
        &self,
        new: Option<&NewBlock<'_>>,
    ) -> Result<Option<Result<(), Rejection>>, ChainError> {
        let mut background = self.background();
        let mut verdict = None;
        let mut has_changed = false;
        while let Some(coins) = &mut *background {
            if self.is_interrupted() {
                break;
            }
            match self.background_step() {
                Step::Connect(id) => {
                    let is_new = new.is_some_and(|new| self.tree().entry(id).hash == new.hash);
                    let outcome =
                        self.with_block(id, new, |_block, hashed| self.connect_next(hashed, id, coins))?;
                    if let Err(rejection) = &outcome {
                        let reason = format!("a block before its own is invalid: {rejection}");
                        return Err(self.refuse_snapshot(coins, reason)?);
                    }
                    if is_new {
                        verdict = Some(outcome);
                    }
                    self.note_background(Some(id));
                    // Of these coins nobody is told.
                    _ = self.flush_if_large(coins)?;
                    if self.tree().entry(id).height.is_multiple_of(LOG_EVERY) {
                        self.log_tip_of("[background validation] ", id, coins);
                    }
                }
                Step::Disconnect(id, parent) => {
                    self.disconnect_last(id, coins)?;
                    self.note_background(Some(parent));
                    _ = self.flush_if_large(coins)?;
                }
                Step::Compare => {
                    let Some(is_right) = self.compare(coins)? else {
                        break;
                    };
                    if let Err(reason) = is_right {
                        return Err(self.refuse_snapshot(coins, reason)?);
                    }
                    *background = None;
                    self.tree_mut().confirm();
                    self.keep_no_more_for(FOLLOWER);
                }
                Step::Refuse => {
                    let reason = "a block before its own is invalid".to_owned();
                    return Err(self.refuse_snapshot(coins, reason)?);
                }
                Step::Wait => break,
            }
            has_changed = true;
        }
        drop(background);
        if has_changed {
            self.tell(|observer| observer.validated_further());
        }
        Ok(verdict)
    }

    fn background_step(&self) -> Step {
        let tree = self.tree();
        let Some(base) = tree.assumed_base() else {
            return Step::Wait;
        };
        if !tree.entry(base).is_sound() {
            return Step::Refuse;
        }
        let next = match tree.validated_tip() {
            None => 0,
            Some(tip) if tip == base => return Step::Compare,
            Some(tip) if !tree.is_assumed(tip) => {
                let parent = tree.entry(tip).parent;
                return Step::Disconnect(tip, parent.expect("all chains have the genesis block in common"));
            }
            Some(tip) => tree.entry(tip).height + 1,
        };
        match tree.ancestor(base, next).filter(|id| tree.entry(*id).has_data()) {
            Some(id) => Step::Connect(id),
            None => Step::Wait,
        }
    }

    /// Whether coins up to the snapshot's block are those that it should have, or what is wrong with them; nothing if that
    /// was interrupted.
    fn compare(&self, coins: &mut CoinsCache) -> Result<Option<Result<(), String>>, ChainError> {
        tracing::info!(
            "[snapshot] computing UTXO stats for background chainstate to validate snapshot - this could take a few minutes"
        );
        self.write_index()?;
        coins.flush()?;
        let Some(found) = self.hash_of(&coins.snapshot()?)? else {
            return Ok(None);
        };
        let base = coins.best_block().expect("it is the snapshot's block");
        let assumed = self.params().assumed_coins_of(&base);
        let expected = CoinsHash(assumed.ok_or(ChainError::UnknownSnapshot(base))?.hash);
        if found != expected {
            let reason = format!("the coins of block {base} have the hash {found}, and not {expected}");
            return Ok(Some(Err(reason)));
        }
        tracing::info!("[snapshot] snapshot beginning at {base} has been fully validated");
        Ok(Some(Ok(())))
    }

    /// The hash of all coins of a store; none if that was interrupted.
    pub(super) fn hash_of(&self, coins: &CoinsSnapshot) -> Result<Option<CoinsHash>, DatabaseError> {
        let mut was_interrupted = false;
        let all = coins.iter()?.zip(1_u64..).map_while(|(coin, place)| {
            was_interrupted = place.is_multiple_of(PAUSE) && self.is_interrupted();
            (!was_interrupted).then_some(coin)
        });
        let hash = statistics(all, HashKind::Serialized)?.hash;
        Ok(hash.filter(|_| !was_interrupted))
    }

    /// Lets nothing be used any more that was built on the snapshot, and gives the error with which the process must end.
    fn refuse_snapshot(&self, coins: &mut CoinsCache, reason: String) -> Result<ChainError, ChainError> {
        // Nothing may be connected to its coins from now on.
        self.interrupt();
        let (from, to) = {
            let mut tree = self.tree_mut();
            if let Some(base) = tree.assumed_base() {
                tree.doubt_after(base);
            }
            let height = |id: Option<EntryId>| id.map_or(0, |id| tree.entry(id).height);
            (height(tree.tip()), height(tree.validated_tip()))
        };
        self.write_index()?;
        coins.sync()?;
        Places::of(&self.config.coins)
            .set_snapshot_aside()
            .map_err(DatabaseError::File)?;
        Ok(ChainError::BadSnapshot { reason, from, to })
    }
}
