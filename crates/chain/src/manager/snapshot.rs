//! Going on from a snapshot: its coins are taken into a store of their own, and its block becomes the tip.

use std::io::Read;
use std::sync::TryLockError;

use bitcoin::{BlockHash, OutPoint};
use consensus::limits::money_range;
use consensus::params::AssumedCoins;
use consensus::transaction::Coin;
use thiserror::Error;

use super::open::STORE_CACHE;
use super::stores::Places;
use super::{ChainError, ChainstateManager};
use crate::coins::{CoinsCache, CoinsDatabase};
use crate::database::{Contents, DatabaseError};
use crate::snapshot::{CoinsHash, SnapshotError, SnapshotReader};
use crate::tree::{BlockTree, EntryId};

/// So many coins are written at once.
const BATCH: usize = 100_000;

/// A snapshot that was loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadedSnapshot {
    /// How many coins it has.
    pub coins: u64,
    /// The block that it is of.
    pub base: BlockHash,
    /// The block's height.
    pub height: u32,
}

/// A snapshot that is not used. Nothing has changed. Texts are those of Bitcoin Core v26 where it has them.
#[derive(Debug, Error)]
pub enum SnapshotRefusal {
    /// Nobody knows which coins the block has.
    #[error("assumeutxo block hash in snapshot metadata not recognized ({0})")]
    Unknown(BlockHash),
    /// Another one is being loaded.
    #[error("another snapshot is being loaded")]
    Loading,
    /// The chain went on from one already.
    #[error("can't activate a snapshot-based chainstate more than once")]
    Twice,
    /// The block's header is not there.
    #[error(
        "The base block header ({0}) must appear in the headers chain. Make sure all headers are syncing, and call \
         loadtxoutset again"
    )]
    NoHeader(BlockHash),
    /// The block is at another height than its coins are known of.
    #[error("assumeutxo height in snapshot metadata not recognized ({0}) - refusing to load snapshot")]
    Height(u32),
    /// The block, or one before it, is invalid.
    #[error("The base block header ({0}) is part of an invalid chain")]
    Invalid(BlockHash),
    /// The active chain is as good.
    #[error("work does not exceed active chainstate")]
    Work,
    /// The file is damaged.
    #[error(transparent)]
    File(#[from] SnapshotError),
    /// A coin cannot be one of the block's.
    #[error("bad snapshot data after deserializing {0} coins")]
    Coin(u64),
    /// These are not the block's coins.
    #[error("bad snapshot content hash: expected {expected}, got {found}")]
    Hash {
        /// Which hash they should have.
        expected: CoinsHash,
        /// Which they have.
        found: CoinsHash,
    },
    /// The caller's guard did not let it go on.
    #[error("can't activate a snapshot when mempool not empty")]
    Guard,
    /// The process is ending.
    #[error("the node is stopping")]
    Interrupted,
}

/// A refusal, or a failure that says nothing of the snapshot.
enum Failure {
    Refused(SnapshotRefusal),
    Chain(ChainError),
}

impl<E: Into<SnapshotRefusal>> From<E> for Failure {
    fn from(refusal: E) -> Self {
        Self::Refused(refusal.into())
    }
}

impl From<ChainError> for Failure {
    fn from(error: ChainError) -> Self {
        Self::Chain(error)
    }
}

impl From<DatabaseError> for Failure {
    fn from(error: DatabaseError) -> Self {
        Self::Chain(error.into())
    }
}

impl ChainstateManager {
    /// Takes in the coins of a snapshot, and lets the active chain go on from its block. The blocks before it are checked in
    /// the background when they come.
    ///
    /// Blocks can be taken in while the coins are. When they are there, `guard` is called with what is left to do, and does
    /// it unless something is in the way; the chain does not change meanwhile. It may hold locks that are taken while
    /// coins are not locked.
    ///
    /// # Errors
    /// [`ChainError`] if the chain cannot be read or written; the refusal within says why the snapshot is not used.
    pub fn load_snapshot<R: Read>(
        &self,
        reader: SnapshotReader<R>,
        guard: impl FnOnce(&mut dyn FnMut()),
    ) -> Result<Result<LoadedSnapshot, SnapshotRefusal>, ChainError> {
        match self.try_load_snapshot(reader, guard) {
            Ok(loaded) => Ok(Ok(loaded)),
            Err(Failure::Chain(error)) => Err(error),
            Err(Failure::Refused(refusal)) => {
                let failed = match refusal {
                    SnapshotRefusal::Work => "activation failed - ",
                    _ => "",
                };
                tracing::warn!("[snapshot] {failed}{refusal}");
                Ok(Err(refusal))
            }
        }
    }

    fn try_load_snapshot<R: Read>(
        &self,
        reader: SnapshotReader<R>,
        guard: impl FnOnce(&mut dyn FnMut()),
    ) -> Result<LoadedSnapshot, Failure> {
        let _loading = match self.loading.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(SnapshotRefusal::Loading.into()),
        };
        let (base, coins) = (reader.base(), reader.coins());
        let assumed = *self
            .params()
            .assumed_coins_of(&base)
            .ok_or(SnapshotRefusal::Unknown(base))?;
        check_base(&self.tree(), &assumed)?;
        let places = Places::of(&self.config.coins);
        tracing::info!("[snapshot] loading {coins} coins from snapshot {base}");
        let activated =
            CoinsDatabase::open(&places.snapshot, self.params().magic, Contents::Wipe, STORE_CACHE)
                .map_err(Failure::from)
                .and_then(|store| {
                    self.fill(&store, reader, &assumed)?;
                    self.activate_snapshot(store, &assumed, guard)
                });
        if let Err(failure) = activated {
            // If this is cut off, it is done at the next start.
            places.remove_snapshot().map_err(DatabaseError::File)?;
            return Err(failure);
        }
        self.tell_tip();
        let _writer = self.write();
        self.activate_best_chain(None)?;
        Ok(LoadedSnapshot {
            coins,
            base,
            height: assumed.height,
        })
    }

    /// Writes the coins of a snapshot to a store, and checks that they are the right ones.
    fn fill<R: Read>(
        &self,
        store: &CoinsDatabase,
        reader: SnapshotReader<R>,
        assumed: &AssumedCoins,
    ) -> Result<(), Failure> {
        let mut batch: Vec<(OutPoint, Coin)> = Vec::new();
        let write = |batch: &mut Vec<(OutPoint, Coin)>, done: u64| {
            if self.is_interrupted() {
                return Err(Failure::from(SnapshotRefusal::Interrupted));
            }
            batch.sort_unstable_by_key(|(outpoint, _coin)| *outpoint);
            store.write(batch.iter().map(|(outpoint, coin)| (outpoint, Some(coin))), None)?;
            batch.clear();
            tracing::info!("[snapshot] {done} coins loaded");
            Ok(())
        };
        let mut done = 0;
        for coin in reader {
            let (outpoint, coin) = coin?;
            let is_possible = coin.height <= assumed.height
                && outpoint.vout < u32::MAX
                && money_range(coin.output.value.to_sat());
            if !is_possible {
                return Err(SnapshotRefusal::Coin(done).into());
            }
            batch.push((outpoint, coin));
            done += 1;
            if batch.len() == BATCH {
                write(&mut batch, done)?;
            }
        }
        write(&mut batch, done)?;
        let found = self.hash_of(&store.snapshot()?)?;
        let found = found.ok_or(SnapshotRefusal::Interrupted)?;
        let expected = CoinsHash(assumed.hash);
        if found != expected {
            return Err(SnapshotRefusal::Hash { expected, found }.into());
        }
        Ok(())
    }

    /// Makes the block of a snapshot the tip.
    fn activate_snapshot(
        &self,
        store: CoinsDatabase,
        assumed: &AssumedCoins,
        guard: impl FnOnce(&mut dyn FnMut()),
    ) -> Result<(), Failure> {
        let _writer = self.write();
        let base = check_base(&self.tree(), assumed)?;
        // The base must be known when the coins are found that are up to it.
        self.flush_with_writer()?;
        let mut store = Some(store);
        let mut outcome = Err(SnapshotRefusal::Guard.into());
        guard(&mut || {
            if let Some(store) = store.take() {
                outcome = self.go_on_from(store, base, assumed);
            }
        });
        outcome?;
        tracing::info!("[snapshot] successfully activated snapshot {}", assumed.block);
        Ok(())
    }

    fn go_on_from(&self, store: CoinsDatabase, base: EntryId, assumed: &AssumedCoins) -> Result<(), Failure> {
        let mut background = self.background();
        let mut coins = self.coins();
        // From here on the snapshot is found at the next start.
        store.finish_snapshot(assumed.block)?;
        *background = Some(std::mem::replace(&mut *coins, CoinsCache::new(store)?));
        let validated = {
            let mut tree = self.tree_mut();
            let validated = tree.tip();
            tree.assume(base, assumed.transactions);
            tree.set_tip(base);
            validated
        };
        self.note_background(validated);
        Ok(())
    }
}

/// Whether the chain may go on from a block, of which these are the coins.
fn check_base(tree: &BlockTree, assumed: &AssumedCoins) -> Result<EntryId, SnapshotRefusal> {
    if tree.snapshot_base().is_some() {
        return Err(SnapshotRefusal::Twice);
    }
    let base = tree
        .find(&assumed.block)
        .ok_or(SnapshotRefusal::NoHeader(assumed.block))?;
    let entry = tree.entry(base);
    if entry.height != assumed.height {
        return Err(SnapshotRefusal::Height(entry.height));
    }
    if !entry.is_sound() {
        return Err(SnapshotRefusal::Invalid(assumed.block));
    }
    let has_more_work = tree
        .tip()
        .is_none_or(|tip| entry.chain_work > tree.entry(tip).chain_work);
    match has_more_work {
        true => Ok(base),
        false => Err(SnapshotRefusal::Work),
    }
}
