//! The coins as a block would make them.

use bitcoin::{BlockHash, OutPoint};
use consensus::nevm::{NevmHash, NevmRoots};
use consensus::script::is_unspendable;
use consensus::transaction::Coin;

use super::layer::Layer;
use super::nevm::{Committed, NevmLayer};
use super::{CoinExists, CoinsCache, Overwrite};
use crate::database::DatabaseError;

/// A view of the coins of a [`CoinsCache`], whose changes stay here until they are committed. Dropping it undoes them.
#[derive(Debug)]
pub struct CoinsView<'a> {
    cache: &'a mut CoinsCache,
    layer: Layer,
    nevm: NevmLayer,
    best_block: Option<BlockHash>,
}

impl<'a> CoinsView<'a> {
    pub(super) fn new(cache: &'a mut CoinsCache) -> Self {
        Self {
            best_block: cache.best_block,
            cache,
            layer: Layer::default(),
            nevm: NevmLayer::default(),
        }
    }

    /// A coin, if it is there. What the cache does not know of it is kept there.
    ///
    /// # Errors
    /// [`DatabaseError`] if reading fails.
    pub fn get(&mut self, outpoint: &OutPoint) -> Result<Option<&Coin>, DatabaseError> {
        match self.layer.get(outpoint) {
            Some(coin) => Ok(coin),
            None => self.cache.get(outpoint),
        }
    }

    /// Whether nothing was changed in this view yet.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        self.layer.len() == 0
    }

    /// Whether a coin is there without what this view changed. Nothing is kept.
    ///
    /// # Errors
    /// [`DatabaseError`] if reading fails.
    pub fn was_there(&self, outpoint: &OutPoint) -> Result<bool, DatabaseError> {
        self.cache.has(outpoint)
    }

    /// Makes room for so many changes, so that it need not be made bit by bit.
    pub fn make_room(&mut self, changes: usize) {
        self.layer.make_room(changes);
    }

    /// Adds a coin, unless it could never be spent.
    ///
    /// # Errors
    /// [`CoinExists`] if another is known to be there, and must not be.
    pub fn add(&mut self, outpoint: OutPoint, coin: Coin, overwrite: Overwrite) -> Result<(), CoinExists> {
        if is_unspendable(&coin.output.script_pubkey) {
            return Ok(());
        }
        self.layer.add(outpoint, coin, overwrite)
    }

    /// Spends a coin and returns it, if it is there.
    ///
    /// # Errors
    /// [`DatabaseError`] if reading fails.
    pub fn spend(&mut self, outpoint: &OutPoint) -> Result<Option<Coin>, DatabaseError> {
        if self.layer.get(outpoint).is_some() {
            return Ok(self.layer.spend(outpoint));
        }
        let coin = self.cache.get(outpoint)?.cloned();
        if coin.is_some() {
            self.layer.mark_spent(*outpoint);
        }
        Ok(coin)
    }

    /// What a block of the NEVM holds, if a block of the chain commits to it.
    ///
    /// # Errors
    /// [`DatabaseError`] if reading fails.
    pub fn nevm_roots(&self, block: &NevmHash) -> Result<Option<NevmRoots>, DatabaseError> {
        Ok(self.committed(block)?.map(|committed| committed.roots))
    }

    fn committed(&self, block: &NevmHash) -> Result<Option<Committed>, DatabaseError> {
        match self.nevm.committed(block) {
            Some(committed) => Ok(committed),
            None => self.cache.committed(block),
        }
    }

    /// Says what a block of the NEVM holds, as the block of this height does, unless an earlier one said so.
    ///
    /// # Errors
    /// [`DatabaseError`] if reading fails.
    pub fn commit_to_nevm(
        &mut self,
        block: NevmHash,
        roots: NevmRoots,
        height: u32,
    ) -> Result<(), DatabaseError> {
        if self.committed(&block)?.is_none() {
            self.nevm.set_committed(block, Some(Committed { roots, height }));
        }
        Ok(())
    }

    /// Takes back what the block of this height said of a block of the NEVM.
    ///
    /// # Errors
    /// [`DatabaseError`] if reading fails.
    pub fn withdraw_from_nevm(&mut self, block: NevmHash, height: u32) -> Result<(), DatabaseError> {
        if self
            .committed(&block)?
            .is_some_and(|committed| committed.height == height)
        {
            self.nevm.set_committed(block, None);
        }
        Ok(())
    }

    /// Whether a transaction of the NEVM made tokens.
    ///
    /// # Errors
    /// [`DatabaseError`] if reading fails.
    pub fn is_minted(&self, transaction: &NevmHash) -> Result<bool, DatabaseError> {
        match self.nevm.is_minted(transaction) {
            Some(is_minted) => Ok(is_minted),
            None => self.cache.is_minted(transaction),
        }
    }

    /// Says whether a transaction of the NEVM made tokens.
    pub fn set_minted(&mut self, transaction: NevmHash, is_minted: bool) {
        self.nevm.set_minted(transaction, is_minted);
    }

    /// The block up to which the coins are.
    #[must_use]
    pub fn best_block(&self) -> Option<BlockHash> {
        self.best_block
    }

    /// Says up to which block the coins are.
    pub fn set_best_block(&mut self, best_block: BlockHash) {
        self.best_block = Some(best_block);
    }

    /// Hands the changes to the cache.
    pub fn commit(self) {
        self.cache.layer.absorb(self.layer);
        self.cache.nevm.absorb(self.nevm);
        self.cache.best_block = self.best_block;
    }
}
