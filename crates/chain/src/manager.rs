//! The chain as a whole: what is on disk, what is in memory, and the one place where they change.
//!
//! One thread at a time changes the chain (`writer`). Whoever reads the tree waits for short moments only; whoever reads
//! coins may wait for a block to be connected. Locks are taken in the order `writer`, `background`, `coins`, `tree`.
//!
//! A chain that goes on from a snapshot has its coins in a directory of its own, until the chain before it, which has its
//! own coins in the background, has reached the snapshot's block and found it right. Then one directory takes the place of
//! the other at the next start.

mod accept;
mod activate;
mod background;
mod choose;
mod error;
mod log;
mod open;
mod prune;
mod read;
mod reindex;
mod snapshot;
mod stores;
mod verify;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use consensus::params::Params;

pub use accept::Processed;
pub use background::ChainState;
pub use error::ChainError;
pub use open::STORE_CACHE;
pub use snapshot::{LoadedSnapshot, SnapshotRefusal};
pub use verify::Verification;

use crate::clock::Clock;
use crate::coins::CoinsCache;
use crate::connect::{ScriptCache, ScriptChecker};
use crate::files::{BlockFiles, FileSizes};
use crate::index::{IndexBatch, IndexDatabase};
use crate::observer::ChainObserver;
use crate::tree::BlockTree;

/// Which parts of what is on disk are made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rebuild {
    /// None.
    Nothing,
    /// The coins, from the blocks that the index knows (`-reindex-chainstate`).
    Coins,
    /// The index and the coins, from the files of blocks (`-reindex`).
    Everything,
}

/// Which files of blocks are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pruning {
    /// None.
    Never,
    /// Those that the user names.
    Manual,
    /// The oldest, when all together have more bytes than this.
    Above(u64),
}

/// What a chain is and where it is kept.
#[derive(Debug, Clone)]
pub struct Config {
    /// The rules.
    pub params: Params,
    /// The directory of the files of blocks, which is made if it is not there.
    pub blocks: PathBuf,
    /// The directory of the index of blocks, which is made if it is not there.
    pub index: PathBuf,
    /// The directory of the coins, which is made if it is not there.
    pub coins: PathBuf,
    /// How much memory coins may take, in bytes (`-dbcache`).
    pub cache_bytes: usize,
    /// On how many threads scripts run (`-par`).
    pub threads: usize,
    /// How large files become.
    pub sizes: FileSizes,
    /// What is made anew.
    pub rebuild: Rebuild,
    /// What is removed.
    pub pruning: Pruning,
    /// A tip that is older than this is not taken for the present one (`-maxtipage`).
    pub max_tip_age: Duration,
}

/// A chain.
pub struct ChainstateManager {
    config: Config,
    clock: Arc<Clock>,
    tree: RwLock<BlockTree>,
    coins: Mutex<CoinsCache>,
    /// The coins of the chain that leads to the snapshot from which the active one went on, until it is validated.
    background: Mutex<Option<CoinsCache>>,
    files: BlockFiles,
    index: IndexDatabase,
    scripts: ScriptChecker,
    /// Held by the one thread that changes the chain.
    writer: Mutex<()>,
    /// Held while a snapshot is loaded.
    loading: Mutex<()>,
    observers: RwLock<Vec<Arc<dyn ChainObserver>>>,
    /// Whether the chain has caught up once.
    has_caught_up: AtomicBool,
    is_rebuilding: AtomicBool,
    is_pruned: AtomicBool,
    /// Up to which heights somebody has followed the chain, by their names.
    followers: Mutex<BTreeMap<&'static str, u32>>,
    interrupted: AtomicBool,
}

impl std::fmt::Debug for ChainstateManager {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ChainstateManager")
            .field("blocks", &self.config.blocks)
            .finish_non_exhaustive()
    }
}

impl ChainstateManager {
    /// What it was opened with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The rules.
    #[must_use]
    pub fn params(&self) -> &Params {
        &self.config.params
    }

    /// The time that it goes by.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// All blocks that are known. The chain does not change while the guard lives: keep it for short moments.
    pub fn tree(&self) -> RwLockReadGuard<'_, BlockTree> {
        self.tree.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn tree_mut(&self) -> RwLockWriteGuard<'_, BlockTree> {
        self.tree.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn coins(&self) -> MutexGuard<'_, CoinsCache> {
        self.coins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn background(&self) -> MutexGuard<'_, Option<CoinsCache>> {
        self.background.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> MutexGuard<'_, ()> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The transactions whose scripts were verified before a block has them.
    #[must_use]
    pub fn script_cache(&self) -> &ScriptCache {
        self.scripts.cache()
    }

    /// Tells whom to tell of changes from now on.
    pub fn observe(&self, observer: Arc<dyn ChainObserver>) {
        self.observers
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(observer);
    }

    fn tell(&self, what: impl Fn(&dyn ChainObserver)) {
        for observer in self
            .observers
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
        {
            what(observer.as_ref());
        }
    }

    /// Lets long work end as soon as it can, for good. What is done is kept.
    pub fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Relaxed);
    }

    fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Writes all that is known to the disk.
    ///
    /// # Errors
    /// [`ChainError`] if that fails: the chain must not be changed any more then.
    pub fn flush(&self) -> Result<(), ChainError> {
        let _writer = self.write();
        self.flush_with_writer()
    }

    /// As [`flush`](Self::flush), with the writer's lock held.
    fn flush_with_writer(&self) -> Result<(), ChainError> {
        let mut background = self.background();
        let mut coins = self.coins();
        self.write_index()?;
        coins.sync()?;
        if let Some(background) = &mut *background {
            background.sync()?;
        }
        drop((background, coins));
        self.tell(|observer| observer.flushed());
        Ok(())
    }

    /// Writes the blocks and what is known of them to the disk, so that coins can follow.
    fn write_index(&self) -> Result<(), ChainError> {
        self.files.sync()?;
        let mut tree = self.tree_mut();
        let changed = tree.take_changed();
        let records = changed.iter().map(|id| tree.record(*id)).collect();
        drop(tree);
        let batch = IndexBatch {
            records,
            files: self.files.take_changes(),
            flags: Vec::new(),
        };
        if batch.records.is_empty() && batch.files.is_empty() {
            return Ok(());
        }
        let written = self.index.write(&batch);
        if written.is_err() {
            self.tree_mut().put_back_changed(changed);
        }
        Ok(written?)
    }

    /// Writes the coins to the disk if they take more memory than they may, and says whether it did: observers are to be
    /// told of it when nothing is locked.
    fn flush_if_large(&self, coins: &mut CoinsCache) -> Result<bool, ChainError> {
        let is_large = coins.memory() > self.cache_bytes();
        if is_large {
            self.write_index()?;
            coins.flush()?;
        }
        Ok(is_large)
    }
}
