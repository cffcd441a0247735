//! Coins in memory, above the store.

use bitcoin::{BlockHash, OutPoint, Txid};
use consensus::nevm::{NevmHash, NevmRoots};
use consensus::script::is_unspendable;
use consensus::transaction::Coin;

use super::database::{CoinsDatabase, CoinsSnapshot};
use super::layer::Layer;
use super::nevm::{Committed, NevmLayer};
use super::{CoinExists, CoinsView, Overwrite};
use crate::database::DatabaseError;

/// The coins as they are, of which the store knows what was flushed.
///
/// It keeps what it reads and changes until it is told to [`flush`](Self::flush): whoever owns it watches its
/// [`memory`](Self::memory). If the process stops before, the store is as it was after the last flush.
#[derive(Debug)]
pub struct CoinsCache {
    database: CoinsDatabase,
    pub(super) layer: Layer,
    pub(super) nevm: NevmLayer,
    pub(super) best_block: Option<BlockHash>,
}

impl CoinsCache {
    /// A cache that knows nothing yet.
    ///
    /// # Errors
    /// [`DatabaseError`] if reading fails.
    pub fn new(database: CoinsDatabase) -> Result<Self, DatabaseError> {
        let best_block = database.best_block()?;
        Ok(Self {
            database,
            layer: Layer::default(),
            nevm: NevmLayer::default(),
            best_block,
        })
    }

    /// A coin, if it is there. It is kept in memory.
    ///
    /// # Errors
    /// [`DatabaseError`] if reading fails.
    pub fn get(&mut self, outpoint: &OutPoint) -> Result<Option<&Coin>, DatabaseError> {
        if self.layer.get(outpoint).is_none()
            && let Some(coin) = self.database.get(outpoint)?
        {
            self.layer.keep(*outpoint, coin);
        }
        Ok(self.layer.get(outpoint).flatten())
    }

    /// A coin, if it is there. Nothing is kept.
    ///
    /// # Errors
    /// [`DatabaseError`] if reading fails.
    pub fn peek(&self, outpoint: &OutPoint) -> Result<Option<Coin>, DatabaseError> {
        match self.layer.get(outpoint) {
            Some(coin) => Ok(coin.cloned()),
            None => self.database.get(outpoint),
        }
    }

    /// Whether a coin is there. Nothing is kept.
    pub(super) fn has(&self, outpoint: &OutPoint) -> Result<bool, DatabaseError> {
        match self.layer.get(outpoint) {
            Some(coin) => Ok(coin.is_some()),
            None => self.database.has(outpoint),
        }
    }

    /// One of the coins of a transaction with so many outputs at most, if there is one. Nothing is kept.
    ///
    /// # Errors
    /// [`DatabaseError`] if reading fails.
    pub fn peek_any(&self, txid: &Txid, outputs: u32) -> Result<Option<Coin>, DatabaseError> {
        if let Some(coin) = self.layer.any_of(txid, outputs) {
            return Ok(Some(coin.clone()));
        }
        self.database
            .find_of(txid, |outpoint| self.layer.get(outpoint).is_none())
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
        let coin = self.database.get(outpoint)?;
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

    pub(super) fn committed(&self, block: &NevmHash) -> Result<Option<Committed>, DatabaseError> {
        match self.nevm.committed(block) {
            Some(committed) => Ok(committed),
            None => self.database.committed(block),
        }
    }

    /// Whether a transaction of the NEVM made tokens.
    ///
    /// # Errors
    /// [`DatabaseError`] if reading fails.
    pub fn is_minted(&self, transaction: &NevmHash) -> Result<bool, DatabaseError> {
        match self.nevm.is_minted(transaction) {
            Some(is_minted) => Ok(is_minted),
            None => self.database.is_minted(transaction),
        }
    }

    /// The block up to which the coins are; none if nothing was ever written.
    #[must_use]
    pub fn best_block(&self) -> Option<BlockHash> {
        self.best_block
    }

    /// Says up to which block the coins are.
    pub fn set_best_block(&mut self, best_block: BlockHash) {
        self.best_block = Some(best_block);
    }

    /// A view above, whose changes come here when it is committed.
    #[must_use]
    pub fn view(&mut self) -> CoinsView<'_> {
        CoinsView::new(self)
    }

    /// Writes all changes to the store, and keeps the coins in memory.
    ///
    /// # Errors
    /// [`DatabaseError`] if writing fails: nothing is written then.
    pub fn sync(&mut self) -> Result<(), DatabaseError> {
        let changes = self.layer.changes();
        let has_changes = !changes.is_empty() || !self.nevm.is_empty();
        if has_changes || self.database.best_block()? != self.best_block {
            self.database.write_all(changes, &self.nevm, self.best_block)?;
            self.layer.settle();
            self.nevm = NevmLayer::default();
        }
        Ok(())
    }

    /// Writes all changes to the store, and forgets the coins, so that the memory is free.
    ///
    /// # Errors
    /// [`DatabaseError`] if writing fails: nothing is written or forgotten then.
    pub fn flush(&mut self) -> Result<(), DatabaseError> {
        self.sync()?;
        self.layer = Layer::default();
        Ok(())
    }

    /// All coins that are in the store.
    ///
    /// # Errors
    /// [`DatabaseError`] if reading fails.
    pub fn snapshot(&self) -> Result<CoinsSnapshot, DatabaseError> {
        self.database.snapshot()
    }

    /// The store.
    #[must_use]
    pub fn database(&self) -> &CoinsDatabase {
        &self.database
    }

    /// How many coins are in memory, spent ones that the store does not know of included.
    #[must_use]
    pub fn count(&self) -> usize {
        self.layer.len()
    }

    /// About how much memory the coins take, with what goes with them, in bytes.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.layer.memory() + self.nevm.memory()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use bitcoin::hashes::Hash;
    use bitcoin::{Amount, ScriptBuf, TxOut};
    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::*;
    use crate::database::Contents;

    /// What can be done to coins; a number says which.
    #[derive(Debug, Clone)]
    enum Step {
        Add(u8),
        Spend(u8),
        Sync,
        Flush,
        /// The process stops without a flush, and begins again.
        Stop,
        View(Vec<(bool, u8)>, End),
    }

    #[derive(Debug, Clone, Copy)]
    enum End {
        Commit,
        Drop,
    }

    type Model = BTreeMap<OutPoint, Coin>;

    fn any_step() -> impl Strategy<Value = Step> {
        let changes = prop::collection::vec((any::<bool>(), 0_u8..12), 0..20);
        let end = prop_oneof![Just(End::Commit), Just(End::Drop)];
        prop_oneof![
            6 => (0_u8..12).prop_map(Step::Add),
            6 => (0_u8..12).prop_map(Step::Spend),
            1 => Just(Step::Sync),
            1 => Just(Step::Flush),
            1 => Just(Step::Stop),
            4 => (changes, end).prop_map(|(changes, end)| Step::View(changes, end)),
        ]
    }

    fn outpoint(number: u8) -> OutPoint {
        OutPoint {
            txid: Txid::from_byte_array([number / 3; 32]),
            vout: u32::from(number % 3),
        }
    }

    fn coin(height: u32) -> Coin {
        let script = vec![0x51; height as usize % 50];
        Coin::new(
            TxOut {
                value: Amount::from_sat(height.into()),
                script_pubkey: ScriptBuf::from_bytes(script),
            },
            height,
            height.is_multiple_of(2),
        )
    }

    fn block(number: u32) -> BlockHash {
        BlockHash::hash(&number.to_le_bytes())
    }

    fn open(directory: &Path) -> CoinsCache {
        let database = CoinsDatabase::open(directory, [1; 4], Contents::Keep, 1 << 20).unwrap();
        CoinsCache::new(database).unwrap()
    }

    /// Coins that are new are said to be so; others replace what is there half of the times.
    fn overwrite(model: &Model, outpoint: &OutPoint, turn: u32) -> Overwrite {
        if model.contains_key(outpoint) || turn.is_multiple_of(2) {
            Overwrite::Possible
        } else {
            Overwrite::Never
        }
    }

    fn run(steps: Vec<Step>) {
        let directory = TempDir::new().unwrap();
        let mut cache = open(directory.path());
        let mut model = Model::new();
        let mut flushed = (model.clone(), None);
        for (turn, step) in (1_u32..).zip(steps) {
            match step {
                Step::Add(number) => {
                    let outpoint = outpoint(number);
                    let overwrite = overwrite(&model, &outpoint, turn);
                    cache.add(outpoint, coin(turn), overwrite).unwrap();
                    model.insert(outpoint, coin(turn));
                    cache.set_best_block(block(turn));
                }
                Step::Spend(number) => {
                    let outpoint = outpoint(number);
                    assert_eq!(cache.spend(&outpoint).unwrap(), model.remove(&outpoint));
                }
                Step::Sync => cache.sync().unwrap(),
                Step::Flush => {
                    cache.flush().unwrap();
                    assert_eq!(cache.count(), 0);
                }
                Step::Stop => {
                    drop(cache);
                    cache = open(directory.path());
                    model = flushed.0.clone();
                    assert_eq!(cache.best_block(), flushed.1);
                }
                Step::View(ref changes, end) => {
                    let before = (model.clone(), cache.best_block());
                    let mut view = cache.view();
                    for (height, &(adds, number)) in (turn * 1000..).zip(changes) {
                        let outpoint = outpoint(number);
                        assert_eq!(view.get(&outpoint).unwrap(), model.get(&outpoint));
                        if adds {
                            let overwrite = overwrite(&model, &outpoint, height);
                            view.add(outpoint, coin(height), overwrite).unwrap();
                            model.insert(outpoint, coin(height));
                        } else {
                            assert_eq!(view.spend(&outpoint).unwrap(), model.remove(&outpoint));
                        }
                    }
                    view.set_best_block(block(turn));
                    assert_eq!(view.best_block(), Some(block(turn)));
                    match end {
                        End::Commit => view.commit(),
                        End::Drop => {
                            drop(view);
                            model = before.0;
                            assert_eq!(cache.best_block(), before.1);
                        }
                    }
                }
            }
            if matches!(step, Step::Sync | Step::Flush) {
                flushed = (model.clone(), cache.best_block());
                let snapshot = cache.snapshot().unwrap();
                let coins: Result<Model, _> = snapshot.iter().unwrap().collect();
                assert_eq!((coins.unwrap(), snapshot.best_block()), flushed);
            }
        }
        for txid in (0..12).step_by(3).map(|number| outpoint(number).txid) {
            let any = cache.peek_any(&txid, 3).unwrap();
            let mut of_transaction = model.iter().filter(|(outpoint, _coin)| outpoint.txid == txid);
            assert_eq!(any.is_some(), of_transaction.clone().next().is_some());
            assert!(any.is_none_or(|any| of_transaction.any(|(_outpoint, coin)| *coin == any)));
        }
        for number in 0..12 {
            let outpoint = outpoint(number);
            assert_eq!(cache.peek(&outpoint).unwrap().as_ref(), model.get(&outpoint));
            assert_eq!(cache.get(&outpoint).unwrap(), model.get(&outpoint));
        }
        let known = (0..12).filter_map(|number| cache.layer.get(&outpoint(number)).flatten());
        let lengths = known.map(|coin| coin.output.script_pubkey.len());
        let expected: usize = lengths
            .map(|length| length + if length == 0 { 0 } else { 16 })
            .sum();
        assert_eq!(cache.layer.script_bytes(), expected);
        assert!(cache.memory() >= expected);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn coins_are_as_in_a_plain_map(steps in prop::collection::vec(any_step(), 0..40)) {
            run(steps);
        }
    }

    #[test]
    fn a_new_coin_takes_no_place_of_one_that_is_there() {
        let directory = TempDir::new().unwrap();
        let mut cache = open(directory.path());
        cache.add(outpoint(1), coin(1), Overwrite::Never).unwrap();
        let exists = Err(CoinExists(outpoint(1)));
        assert_eq!(cache.add(outpoint(1), coin(2), Overwrite::Never), exists);
        let mut view = cache.view();
        view.add(outpoint(2), coin(2), Overwrite::Never).unwrap();
        let exists = Err(CoinExists(outpoint(2)));
        assert_eq!(view.add(outpoint(2), coin(3), Overwrite::Never), exists);
        view.commit();
        assert_eq!(cache.get(&outpoint(1)).unwrap(), Some(&coin(1)));
        assert_eq!(cache.get(&outpoint(2)).unwrap(), Some(&coin(2)));
    }

    #[test]
    fn what_can_never_be_spent_is_not_kept() {
        let directory = TempDir::new().unwrap();
        let mut cache = open(directory.path());
        let mut coin = coin(1);
        for script in [vec![0x6a], vec![0x51; 10_001]] {
            coin.output.script_pubkey = ScriptBuf::from_bytes(script);
            cache.add(outpoint(1), coin.clone(), Overwrite::Never).unwrap();
            let mut view = cache.view();
            view.add(outpoint(1), coin.clone(), Overwrite::Never).unwrap();
            view.commit();
            assert_eq!(cache.count(), 0);
        }
    }

    #[test]
    fn a_coin_that_is_made_and_spent_is_never_written() {
        let directory = TempDir::new().unwrap();
        let mut cache = open(directory.path());
        cache.add(outpoint(1), coin(1), Overwrite::Never).unwrap();
        cache.spend(&outpoint(1)).unwrap();
        assert_eq!(cache.count(), 0);
        cache.add(outpoint(1), coin(1), Overwrite::Never).unwrap();
        let mut view = cache.view();
        view.spend(&outpoint(1)).unwrap();
        view.commit();
        assert_eq!(cache.count(), 0);
    }
}
