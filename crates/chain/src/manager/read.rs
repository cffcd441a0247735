//! What the chain is asked.

use std::sync::MutexGuard;
use std::sync::atomic::Ordering;

use bitcoin::hashes::Hash;
use bitcoin::{BlockHash, OutPoint, Txid};
use consensus::block::Block;
use consensus::nevm::{NevmHash, NevmRoots};
use consensus::transaction::Coin;

use super::{ChainError, ChainstateManager};
use crate::coins::{CoinsCache, CoinsSnapshot};
use crate::database::DatabaseError;
use crate::files::BlockFiles;
use crate::tree::EntryId;
use crate::undo::BlockUndo;

/// The bytes that a block's hash is of.
const PURE_HEADER: usize = 80;

/// The most outputs that a block has room for: each takes nine bytes that count four times.
const MAX_OUTPUTS: u32 = 4_000_000 / (4 * 9);

impl ChainstateManager {
    /// A coin of the active chain, if it is not spent.
    ///
    /// # Errors
    /// [`DatabaseError`] if reading fails.
    pub fn coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, DatabaseError> {
        self.coins().peek(outpoint)
    }

    /// A coin of a transaction of the active chain, if one is not spent.
    ///
    /// # Errors
    /// [`DatabaseError`] if reading fails.
    pub fn any_coin(&self, txid: &Txid) -> Result<Option<Coin>, DatabaseError> {
        self.coins().peek_any(txid, MAX_OUTPUTS)
    }

    /// What a block of the NEVM holds, if a block of the active chain commits to it.
    ///
    /// # Errors
    /// [`DatabaseError`] if reading fails.
    pub fn nevm_roots(&self, block: &NevmHash) -> Result<Option<NevmRoots>, DatabaseError> {
        self.coins().nevm_roots(block)
    }

    /// Whether a transaction of the NEVM made tokens in the active chain.
    ///
    /// # Errors
    /// [`DatabaseError`] if reading fails.
    pub fn is_minted(&self, transaction: &NevmHash) -> Result<bool, DatabaseError> {
        self.coins().is_minted(transaction)
    }

    /// From which height on witnesses count, if a block of the active chain was taken in where they did not yet.
    #[must_use]
    pub fn unchecked_witnesses(&self) -> Option<u32> {
        let first = self.params().heights.segwit.height()?;
        let tree = self.tree();
        let mut since = tree
            .chain(tree.tip()?)
            .map(|id| tree.entry(id))
            .take_while(|entry| entry.height >= first);
        // The genesis block has no witness, and of blocks that never came there is nothing to check.
        since
            .any(|entry| entry.parent.is_some() && entry.transactions > 0 && !entry.is_segwit)
            .then_some(first)
    }

    /// All coins. Blocks are neither connected nor disconnected while the guard lives.
    pub fn lock_coins(&self) -> MutexGuard<'_, CoinsCache> {
        self.coins()
    }

    /// All coins as they are now, whatever becomes of the chain. They are written to the disk for it.
    ///
    /// # Errors
    /// [`ChainError`] if they cannot be written, after which the chain must not be changed any more.
    pub fn coins_snapshot(&self) -> Result<CoinsSnapshot, ChainError> {
        let _writer = self.write();
        let snapshot = {
            let mut coins = self.coins();
            self.write_index()?;
            coins.sync()?;
            coins.snapshot()?
        };
        self.tell(|observer| observer.flushed());
        Ok(snapshot)
    }

    /// The files of blocks.
    #[must_use]
    pub fn files(&self) -> &BlockFiles {
        &self.files
    }

    /// A block.
    ///
    /// # Errors
    /// [`ChainError`] if it is not there, or cannot be read.
    pub fn read_block(&self, id: EntryId) -> Result<Block, ChainError> {
        let (hash, position) = {
            let tree = self.tree();
            let entry = tree.entry(id);
            (entry.hash, entry.position)
        };
        let block = self.files.read_block(position.ok_or(ChainError::NoData(hash))?)?;
        if block.header.block_hash() != hash {
            return Err(ChainError::WrongBlock(hash));
        }
        Ok(block)
    }

    /// A block's bytes, of which no more is looked at than its header.
    ///
    /// # Errors
    /// [`ChainError`] if it is not there, cannot be read, or is another one.
    pub fn read_block_bytes(&self, id: EntryId) -> Result<Vec<u8>, ChainError> {
        let (hash, position) = {
            let tree = self.tree();
            let entry = tree.entry(id);
            (entry.hash, entry.position)
        };
        let bytes = self
            .files
            .read_block_bytes(position.ok_or(ChainError::NoData(hash))?)?;
        match bytes.get(..PURE_HEADER) {
            Some(header) if BlockHash::hash(header) == hash => Ok(bytes),
            _ => Err(ChainError::WrongBlock(hash)),
        }
    }

    /// The coins that a block spent, a list for each of its transactions but the coinbase.
    ///
    /// # Errors
    /// [`ChainError`] if the block was never connected or was pruned, or if reading fails.
    pub fn read_undo(&self, id: EntryId) -> Result<BlockUndo, ChainError> {
        let (hash, previous, height, position) = {
            let tree = self.tree();
            let entry = tree.entry(id);
            (
                entry.hash,
                entry.header.prev_blockhash,
                entry.height,
                entry.undo_position,
            )
        };
        match position {
            Some(position) => Ok(self.files.read_undo(position, previous)?),
            None if height == 0 => Ok(BlockUndo::default()),
            None => Err(ChainError::NoUndo(hash)),
        }
    }

    /// Whether the chain has not caught up with the present yet. Once it has, this stays false.
    pub fn is_initial_block_download(&self) -> bool {
        if self.has_caught_up.load(Ordering::Relaxed) {
            return false;
        }
        if self.is_rebuilding.load(Ordering::Relaxed) {
            return true;
        }
        let tree = self.tree();
        let Some(tip) = tree.tip().map(|tip| tree.entry(tip)) else {
            return true;
        };
        let age = self.clock.now().saturating_sub(tip.header.time.into());
        if tip.chain_work < self.params().minimum_chain_work || age > self.config.max_tip_age.as_secs() {
            return true;
        }
        drop(tree);
        tracing::info!("Leaving InitialBlockDownload (latching to false)");
        self.has_caught_up.store(true, Ordering::Relaxed);
        false
    }

    /// Whether the files of blocks are read to make the index anew.
    #[must_use]
    pub fn is_rebuilding(&self) -> bool {
        self.is_rebuilding.load(Ordering::Relaxed)
    }

    /// Whether files of blocks were ever removed.
    #[must_use]
    pub fn is_pruned(&self) -> bool {
        self.is_pruned.load(Ordering::Relaxed)
    }
}
