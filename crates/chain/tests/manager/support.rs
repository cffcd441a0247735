//! A regtest chain in a directory of its own, and blocks for it.

#![expect(clippy::unwrap_used, reason = "a test that fails may say so by panicking")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bitcoin::hashes::Hash;
use bitcoin::{
    Amount, BlockHash, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness, absolute,
    transaction,
};
use chain::files::FileSizes;
use chain::mining::{Chosen, Search, assemble, solve};
use chain::tree::EntryId;
use chain::{ChainError, ChainstateManager, Clock, Config, Processed, Pruning, Rebuild, Rejection};
use consensus::block::Block;
use consensus::{Network, Params};
use tempfile::TempDir;

/// A second after the genesis block.
pub(crate) const START: u64 = 1_553_040_332;

pub(crate) struct Rig {
    pub(crate) directory: TempDir,
    pub(crate) clock: Arc<Clock>,
    pub(crate) manager: ChainstateManager,
}

pub(crate) fn config_at(directory: &Path) -> Config {
    Config {
        params: Params::new(Network::Regtest),
        blocks: directory.join("blocks"),
        index: directory.join("blocks/index"),
        coins: directory.join("chainstate"),
        cache_bytes: 1 << 24,
        threads: 2,
        sizes: FileSizes::Normal,
        rebuild: Rebuild::Nothing,
        pruning: Pruning::Never,
        max_tip_age: Duration::from_secs(24 * 60 * 60),
    }
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with(|_| ())
    }

    pub(crate) fn with(change: impl Fn(&mut Config)) -> Self {
        let clock = Arc::new(Clock::default());
        clock.set(START);
        let closed = Closed {
            directory: TempDir::new().unwrap(),
            clock,
        };
        closed.start(change)
    }

    /// Ends it without having flushed it.
    pub(crate) fn close(self) -> Closed {
        let Self {
            directory,
            clock,
            manager,
        } = self;
        drop(manager);
        Closed { directory, clock }
    }

    /// Opens the chain anew, without having flushed it.
    pub(crate) fn reopen(self, change: impl Fn(&mut Config)) -> Self {
        self.close().start(change)
    }

    /// The block after the tip, which pays to a script that this number makes unlike others.
    pub(crate) fn template(&self, number: u8, transactions: Vec<(Transaction, u64)>) -> Block {
        let next = self.manager.next_block().unwrap();
        let chosen = transactions
            .into_iter()
            .map(|(transaction, fee)| Chosen {
                transaction,
                fee: Amount::from_sat(fee),
                sigop_cost: 0,
            })
            .collect();
        let mut block = assemble(&next, chosen, anyone(number), 1).block;
        self.solve(&mut block);
        block
    }

    pub(crate) fn solve(&self, block: &mut Block) {
        let found = solve(block, &mut 1_000_000, &|| false, self.manager.params());
        assert_eq!(found, Search::Found);
    }

    pub(crate) fn process(&self, block: &Block) -> Processed {
        self.manager.process_block(&Arc::new(block.clone())).unwrap()
    }

    /// Adds a block to the tip, and returns it.
    pub(crate) fn mine(&self, number: u8, transactions: Vec<(Transaction, u64)>) -> Block {
        let block = self.template(number, transactions);
        assert_eq!(self.process(&block).verdict, Some(Ok(())));
        block
    }

    pub(crate) fn mine_many(&self, count: usize) -> Vec<Block> {
        (0..count).map(|_| self.mine(0, Vec::new())).collect()
    }

    pub(crate) fn height(&self) -> u32 {
        let tree = self.manager.tree();
        tree.entry(tree.tip().unwrap()).height
    }

    pub(crate) fn tip(&self) -> BlockHash {
        let tree = self.manager.tree();
        tree.entry(tree.tip().unwrap()).hash
    }

    pub(crate) fn id(&self, block: &Block) -> EntryId {
        self.manager.tree().find(&block.header.block_hash()).unwrap()
    }

    pub(crate) fn refusal(&self, block: &Block) -> Rejection {
        self.process(block).verdict.unwrap().unwrap_err()
    }

    /// All coins, in the order of the store.
    pub(crate) fn coins(&self) -> Vec<String> {
        self.manager.flush().unwrap();
        let coins = self.manager.lock_coins();
        let snapshot = coins.snapshot().unwrap();
        snapshot
            .iter()
            .unwrap()
            .map(|coin| format!("{:?}", coin.unwrap()))
            .collect()
    }
}

/// A chain that is not open.
pub(crate) struct Closed {
    pub(crate) directory: TempDir,
    pub(crate) clock: Arc<Clock>,
}

impl Closed {
    pub(crate) fn config(&self, change: impl Fn(&mut Config)) -> Config {
        let mut config = config_at(self.directory.path());
        change(&mut config);
        config
    }

    /// Opens it, and makes nothing anew.
    pub(crate) fn open(&self, change: impl Fn(&mut Config)) -> Result<ChainstateManager, ChainError> {
        ChainstateManager::open(self.config(change), Arc::clone(&self.clock), Vec::new())
    }

    /// Opens it, and brings it to where it can be.
    pub(crate) fn start(self, change: impl Fn(&mut Config)) -> Rig {
        let manager = self.open(change).unwrap();
        manager.rebuild().unwrap();
        manager.activate().unwrap();
        self.with(manager)
    }

    pub(crate) fn with(self, manager: ChainstateManager) -> Rig {
        let Self { directory, clock } = self;
        Rig {
            directory,
            clock,
            manager,
        }
    }
}

/// A script that whoever wants to may satisfy.
pub(crate) fn anyone(number: u8) -> ScriptBuf {
    ScriptBuf::from_bytes(vec![0x01, number, 0x75, 0x51])
}

/// Spends the first output of a transaction of this block, and leaves a fee.
pub(crate) fn spend(block: &Block, place: usize, fee: u64) -> (Transaction, u64) {
    let spent = &block.transactions[place];
    let value = spent.output[0].value.to_sat() - fee;
    let outpoint = OutPoint::new(spent.compute_txid(), 0);
    (spend_outpoint(outpoint, value), fee)
}

pub(crate) fn spend_outpoint(outpoint: OutPoint, value: u64) -> Transaction {
    Transaction {
        version: transaction::Version::TWO,
        lock_time: absolute::LockTime::ZERO,
        input: vec![TxIn {
            previous_output: outpoint,
            script_sig: ScriptBuf::new(),
            sequence: Sequence::MAX,
            witness: Witness::new(),
        }],
        output: vec![TxOut {
            value: Amount::from_sat(value),
            script_pubkey: anyone(7),
        }],
    }
}

pub(crate) fn nowhere() -> OutPoint {
    OutPoint::new(bitcoin::Txid::from_byte_array([9; 32]), 0)
}
