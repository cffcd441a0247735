//! From what is on disk to a chain.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use bitcoin::BlockHash;
use consensus::block::{Block, HashedBlock};
use fs_err as fs;

use super::log::utc;
use super::{ChainError, ChainstateManager, Config, Pruning, Rebuild};
use crate::clock::Clock;
use crate::coins::{CoinsCache, CoinsDatabase};
use crate::connect::ScriptChecker;
use crate::database::Contents;
use crate::files::{BlockFiles, FilesConfig};
use crate::index::{Flag, IndexBatch, IndexDatabase};
use crate::manager::accept::Origin;
use crate::manager::stores::Stores;
use crate::observer::ChainObserver;
use crate::tree::BlockTree;

/// How much of its file each store keeps in memory, in bytes; coins are kept above it.
pub const STORE_CACHE: usize = 2 << 20;

impl ChainstateManager {
    /// Opens a chain, or begins one. What was known when the process ended last is known again, however it ended: blocks
    /// that were written to the files after the index was are found there.
    ///
    /// Nothing is connected yet: see [`activate`](Self::activate).
    ///
    /// # Errors
    /// [`ChainError`] if what is on disk cannot be used, with what to do about it.
    pub fn open(
        config: Config,
        clock: Arc<Clock>,
        observers: Vec<Arc<dyn ChainObserver>>,
    ) -> Result<Self, ChainError> {
        check_both(&config)?;
        let magic = config.params.magic;
        let system = |what| move |source| ChainError::System { what, source };
        fs::create_dir_all(&config.blocks).map_err(system("the directory of blocks cannot be made"))?;
        let mut rebuild = config.rebuild;
        let mut index = IndexDatabase::open(
            &config.index,
            magic,
            contents(rebuild == Rebuild::Everything),
            STORE_CACHE,
        )?;
        if index.flag(Flag::Reindexing)? && rebuild != Rebuild::Everything {
            tracing::info!("the index was being made anew when the process ended: beginning again");
            rebuild = Rebuild::Everything;
            drop(index);
            index = IndexDatabase::open(&config.index, magic, Contents::Wipe, STORE_CACHE)?;
        }
        let is_pruned = index.flag(Flag::Pruned)?;
        if is_pruned && rebuild == Rebuild::Coins {
            return Err(ChainError::Pruned);
        }
        let stores = Stores::open(
            &config.coins,
            &config.params,
            contents(rebuild != Rebuild::Nothing),
        )?;
        let validated = CoinsCache::new(stores.validated)?;
        let (base, coins, background) = match stores.snapshot {
            None => (None, validated, None),
            Some((base, store)) => (Some(base), CoinsCache::new(store)?, Some(validated)),
        };
        let files = BlockFiles::new(
            FilesConfig {
                directory: config.blocks.clone(),
                magic,
                sizes: config.sizes,
            },
            index.files()?,
        );
        if rebuild == Rebuild::Everything && config.pruning != Pruning::Never {
            tracing::info!("Removing unusable blk?????.dat and rev?????.dat files for -reindex with -prune");
            files.remove_unreachable()?;
        }
        let manager = Self {
            scripts: ScriptChecker::new(config.threads).map_err(system("no thread can be started"))?,
            clock,
            tree: RwLock::new(BlockTree::default()),
            coins: Mutex::new(coins),
            background: Mutex::new(background),
            files,
            index,
            writer: Mutex::new(()),
            loading: Mutex::new(()),
            observers: RwLock::new(observers),
            has_caught_up: AtomicBool::new(false),
            is_rebuilding: AtomicBool::new(rebuild == Rebuild::Everything),
            is_pruned: AtomicBool::new(is_pruned),
            followers: Mutex::default(),
            interrupted: AtomicBool::new(false),
            config: Config { rebuild, ..config },
        };
        manager.load(base.as_ref())?;
        Ok(manager)
    }

    /// Puts the tree together. The chain may have gone on from a snapshot, which is of this block.
    fn load(&self, base: Option<&BlockHash>) -> Result<(), ChainError> {
        let genesis = self.params().genesis.block();
        {
            let mut tree = self.tree_mut();
            self.index.visit_records(|_hash, record| {
                // A record whose parent is missing is of no use; the blocks are found in the files again.
                if record.height == 0 || tree.find(&record.header.prev_blockhash).is_some() {
                    tree.restore(&record);
                }
            })?;
            let known: Vec<_> = tree
                .iter()
                .filter(|(_, entry)| entry.transactions > 0)
                .map(|(id, _)| id)
                .collect();
            if let Some(base) = base {
                let assumed = self.params().assumed_coins_of(base);
                let assumed = assumed.ok_or(ChainError::UnknownSnapshot(*base))?;
                let id = tree.find(base).ok_or(ChainError::UnknownTip(*base))?;
                tree.assume(id, assumed.transactions);
            }
            for id in known {
                tree.link(id);
            }
            tree.find_best_header();
        }
        if self.is_rebuilding() {
            return Ok(());
        }
        self.check_files()?;
        if self.tree().is_empty() {
            self.begin(&genesis)?;
        } else if self.tree().find(&genesis.block_hash()).is_none() {
            return Err(ChainError::WrongGenesis);
        }
        self.find_unindexed()?;
        if let Some(best) = self.coins().best_block() {
            let mut tree = self.tree_mut();
            let tip = tree.find(&best).ok_or(ChainError::UnknownTip(best))?;
            tree.set_tip(tip);
            let entry = tree.entry(tip);
            tracing::info!(
                "Loaded best chain: hashBestChain={} height={} date={} progress={:.6}",
                entry.hash,
                entry.height,
                utc(entry.header.time),
                self.progress(&tree, tip)
            );
        } else if self.is_pruned() {
            return Err(ChainError::Pruned);
        }
        self.load_background()
    }

    /// Writes the genesis block.
    pub(super) fn begin(&self, genesis: &bitcoin::Block) -> Result<(), ChainError> {
        let block = Block::from(genesis.clone());
        let time = genesis.header.time;
        let position = self
            .files
            .append_block(&bitcoin::consensus::encode::serialize(&block), 0, time)?;
        {
            let mut tree = self.tree_mut();
            let id = tree.add_header(genesis.header);
            tree.received(id, 1, position);
        }
        self.write_index()
    }

    /// Whether the files are there that the index speaks of.
    fn check_files(&self) -> Result<(), ChainError> {
        let mut numbers: Vec<_> = self
            .tree()
            .iter()
            .filter_map(|(_, entry)| entry.position.map(|position| position.file))
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        tracing::info!("Checking all blk files are present...");
        for number in numbers {
            let path = self.files.config().block_file(number);
            if !path.is_file() {
                return Err(ChainError::MissingFile(path.display().to_string()));
            }
        }
        Ok(())
    }

    /// Takes in the blocks that were written to the files after the index was, for the last time, when a process was
    /// killed.
    fn find_unindexed(&self) -> Result<(), ChainError> {
        let first = self.files.last_file();
        for number in first.. {
            let from = match number == first {
                true => self
                    .files
                    .infos()
                    .get(number as usize)
                    .map_or(0, |info| info.size),
                false => 0,
            };
            if !self.files.config().block_file(number).is_file() {
                break;
            }
            let found = self.take_from_file(number, from)?;
            if found > 0 {
                tracing::info!(
                    "{found} blocks were in blk{number:05}.dat and not in the index: they are now"
                );
            }
        }
        Ok(())
    }

    /// Takes in the blocks of a file from a place on, whose parents are known, and returns how many there were.
    fn take_from_file(&self, number: u32, from: u32) -> Result<u64, ChainError> {
        let mut found = 0;
        for scanned in self.scan(number, from)? {
            let (block, position, length) = scanned?;
            if self
                .tree()
                .find(&block.header.block_hash())
                .is_some_and(|id| self.tree().entry(id).has_data())
            {
                continue;
            }
            match self.accept_block(&HashedBlock::new(&block), Origin::Files { position, length })? {
                Ok(_) => found += 1,
                Err(rejection) => tracing::info!(
                    "block {} in blk{number:05}.dat is not taken: {rejection}",
                    block.header.block_hash()
                ),
            }
        }
        Ok(found)
    }

    /// Whether the user lets files be removed.
    #[must_use]
    pub fn is_pruning(&self) -> bool {
        self.config.pruning != Pruning::Never
    }

    pub(super) fn finish_rebuilding(&self) -> Result<(), ChainError> {
        self.write_index()?;
        self.index.write(&IndexBatch {
            flags: vec![(Flag::Reindexing, false)],
            ..IndexBatch::default()
        })?;
        self.is_rebuilding.store(false, Ordering::Relaxed);
        Ok(())
    }
}

/// Whether the index is there where the coins are: what is not there is begun, and would not fit them.
fn check_both(config: &Config) -> Result<(), ChainError> {
    let index = IndexDatabase::file(&config.index);
    let coins = CoinsDatabase::file(&config.coins);
    match config.rebuild != Rebuild::Everything && coins.exists() && !index.exists() {
        true => Err(ChainError::MissingIndex { index, coins }),
        false => Ok(()),
    }
}

fn contents(is_made_anew: bool) -> Contents {
    match is_made_anew {
        true => Contents::Wipe,
        false => Contents::Keep,
    }
}
