//! Indexes beside a chain that changes.

#![expect(clippy::unwrap_used, reason = "a test that fails may say so by panicking")]

use std::sync::Arc;

use chain::indexes::{
    BlockId, FilterIndex, Index, IndexedChain, StatisticsIndex, TransactionIndex, basic_filter, catch_up,
};
use chain::snapshot::{HashKind, statistics};

use chain::Pruning;
use chain::database::Contents;
use chain::files::FileSizes;
use consensus::Params;
use tempfile::TempDir;

use crate::support::{Rig, spend};

struct Indexes {
    filters: FilterIndex,
    transactions: TransactionIndex,
    statistics: StatisticsIndex,
}

impl Indexes {
    fn open(directory: &TempDir, params: &Params) -> Self {
        let open = directory.path();
        Self {
            filters: FilterIndex::open(open, params.magic, Contents::Keep, 1 << 20).unwrap(),
            transactions: TransactionIndex::open(open, params.magic, Contents::Keep, 1 << 20).unwrap(),
            statistics: StatisticsIndex::open(open, Arc::new(params.clone()), Contents::Keep, 1 << 20)
                .unwrap(),
        }
    }

    fn catch_up(&self, rig: &Rig) -> BlockId {
        let tip = BlockId {
            height: rig.height(),
            hash: rig.tip(),
        };
        let indexes: [&dyn Index; 3] = [&self.filters, &self.transactions, &self.statistics];
        for index in indexes {
            let best = catch_up(index, &rig.manager, &|| false).unwrap();
            assert_eq!(best, Some(tip), "{}", index.name());
        }
        tip
    }

    /// Compares the statistics with those of the coins, and the filter with the tip's.
    fn check(&self, rig: &Rig) {
        let tip = self.catch_up(rig);
        let record = self.statistics.record(&tip).unwrap().unwrap();
        rig.manager.flush().unwrap();
        let coins = rig.manager.lock_coins();
        let snapshot = coins.snapshot().unwrap();
        let expected = statistics(snapshot.iter().unwrap(), HashKind::MuHash).unwrap();
        assert_eq!(Some(record.hash), expected.hash);
        assert_eq!(
            (record.coins, record.bogo_size),
            (expected.coins, expected.bogo_size)
        );
        assert_eq!(u128::from(record.amount), expected.amount);
        drop(coins);
        let block = rig.manager.read(&tip).unwrap();
        let filter = self.filters.filter(&tip).unwrap();
        assert_eq!(filter, Some(basic_filter(tip.hash, &block.block, &block.undo)));
    }
}

#[test]
fn indexes_follow_a_chain_that_is_reorganised() {
    let rig = Rig::new();
    let directory = TempDir::new().unwrap();
    let indexes = Indexes::open(&directory, rig.manager.params());
    let first = rig.mine(1, Vec::new());
    rig.mine_many(100);
    indexes.check(&rig);

    let paying = rig.mine(2, vec![spend(&first, 0, 1000)]);
    indexes.check(&rig);
    let transaction = &paying.transactions[1];
    let txid = transaction.compute_txid();
    let found = |indexes: &Indexes| {
        let found = indexes.transactions.find(&txid, rig.manager.files()).unwrap();
        found.map(|(hash, found)| {
            assert_eq!(&found, transaction);
            hash
        })
    };
    assert_eq!(found(&indexes), Some(paying.header.block_hash()));

    rig.manager.invalidate_block(rig.id(&paying)).unwrap();
    indexes.check(&rig);
    rig.mine(3, Vec::new());
    let again = rig.mine(4, vec![spend(&first, 0, 1000)]);
    indexes.check(&rig);
    assert_eq!(found(&indexes), Some(again.header.block_hash()));
}

#[test]
fn files_are_kept_until_indexes_have_taken_them_in() {
    let rig = Rig::with(|config| {
        config.sizes = FileSizes::Small;
        config.pruning = Pruning::Manual;
    });
    let directory = TempDir::new().unwrap();
    let indexes = Indexes::open(&directory, rig.manager.params());
    let stopped = catch_up(&indexes.filters, &rig.manager, &|| true).unwrap();
    assert_eq!(stopped, None);
    rig.mine_many(600);
    let first = rig.directory.path().join("blocks/blk00000.dat");
    rig.manager.prune(300).unwrap();
    assert!(first.exists());
    catch_up(&indexes.filters, &rig.manager, &|| false).unwrap();
    rig.manager.prune(300).unwrap();
    assert!(!first.exists());
}
