//! The node's unconfirmed transactions, kept as its chain is.

mod file;
mod options;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use bitcoin::{OutPoint, Transaction};
use chain::mining::{Chosen, NextBlock};
use chain::{ChainObserver, ChainstateManager};
use consensus::block::Block;
use consensus::limits::MAX_BLOCK_WEIGHT;
use consensus::transaction::Coin;
use mempool::accept::{Accepted, Purpose, Rejection};
use mempool::{ChainReadError, ChainView, Config, DisconnectedTransactions, Mempool, SelectionLimits, Tip};

pub(crate) use file::{load, save};
pub(crate) use options::{config, options};

use crate::state::NodeState;

/// What is kept free in a block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    /// The weight of header and coinbase.
    pub(crate) reserved_weight: u64,
    /// The cost of the coinbase's signature operations.
    pub(crate) reserved_sigop_cost: u64,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            reserved_weight: 8_000,
            reserved_sigop_cost: 400,
        }
    }
}

/// The pool of a node. Whoever holds its lock may read coins, and must not change the chain.
pub(crate) struct Pool {
    inner: Mutex<Inner>,
    is_loaded: AtomicBool,
    /// Who has the chain that the pool follows.
    node: OnceLock<Weak<NodeState>>,
}

struct Inner {
    mempool: Mempool,
    /// What the chain has taken back and not put into other blocks yet.
    disconnected: DisconnectedTransactions,
}

impl Pool {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            inner: Mutex::new(Inner {
                mempool: Mempool::new(config),
                disconnected: DisconnectedTransactions::default(),
            }),
            is_loaded: AtomicBool::new(false),
            node: OnceLock::new(),
        }
    }

    /// Lets the pool follow the chain of a node.
    pub(crate) fn follow(self: &Arc<Self>, node: &Arc<NodeState>) {
        // It follows one chain, from its beginning on.
        _ = self.node.set(Arc::downgrade(node));
        node.chain.observe(Arc::clone(self) as Arc<dyn ChainObserver>);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads or changes the pool.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Mempool) -> T) -> T {
        let mut inner = self.lock();
        let outcome = work(&mut inner.mempool);
        // Nobody follows single transactions yet.
        drop(inner.mempool.take_events());
        outcome
    }

    /// Takes a transaction in, or says whether it would be.
    pub(crate) fn accept(
        &self,
        transaction: &Arc<Transaction>,
        chain: &ChainstateManager,
        purpose: Purpose,
    ) -> Result<Accepted, Rejection> {
        let now = chain.clock().now();
        self.with(|pool| pool.accept(transaction, &View(chain), now, purpose))
    }

    /// What the next block should have: the best transactions that there is room for beside what is kept free for others.
    pub(crate) fn select(&self, next: &NextBlock, room: Room) -> Vec<Chosen> {
        let limits = SelectionLimits {
            max_weight: MAX_BLOCK_WEIGHT,
            reserved_weight: room.reserved_weight,
            reserved_sigop_cost: room.reserved_sigop_cost,
            ..SelectionLimits::new(next.height, next.median_time_past)
        };
        let selected = self.with(|pool| pool.select_for_block(&limits));
        let chosen = selected.into_iter().map(|selected| Chosen {
            transaction: Transaction::clone(&selected.transaction),
            fee: selected.fee,
            sigop_cost: selected.sigop_cost,
        });
        chosen.collect()
    }

    /// Whether the transactions of the last run are back.
    pub(crate) fn is_loaded(&self) -> bool {
        self.is_loaded.load(Ordering::Relaxed)
    }

    pub(crate) fn finish_loading(&self) {
        self.is_loaded.store(true, Ordering::Relaxed);
    }
}

impl ChainObserver for Pool {
    fn block_connected(&self, block: &Arc<Block>, _height: u32) {
        let Some(node) = self.node.get().and_then(Weak::upgrade) else {
            return;
        };
        let mut inner = self.lock();
        inner
            .mempool
            .remove_for_block(&block.transactions, node.chain.clock().now());
        inner.disconnected.remove_block(&block.transactions);
        drop(inner.mempool.take_events());
    }

    fn block_disconnected(&self, block: &Arc<Block>, _height: u32) {
        self.lock().disconnected.add_block(&block.transactions);
    }

    fn tip_changed(&self, _tip: bitcoin::BlockHash, _height: u32) {
        let Some(node) = self.node.get().and_then(Weak::upgrade) else {
            return;
        };
        let mut inner = self.lock();
        if inner.disconnected.is_empty() {
            return;
        }
        let disconnected = std::mem::take(&mut inner.disconnected);
        let now = node.chain.clock().now();
        let updated = inner
            .mempool
            .update_for_reorg(disconnected, &View(&node.chain), now);
        drop(inner.mempool.take_events());
        if let Err(error) = updated {
            tracing::error!("unconfirmed transactions cannot be brought up to the chain: {error}");
        }
    }
}

/// The chain as the pool asks it.
pub(crate) struct View<'a>(pub(crate) &'a ChainstateManager);

impl ChainView for View<'_> {
    fn coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, ChainReadError> {
        self.0
            .coin(outpoint)
            .map_err(|error| ChainReadError(error.into()))
    }

    fn tip(&self) -> Tip {
        let tree = self.0.tree();
        let tip = tree.tip().expect("there is a tip before there are transactions");
        Tip {
            height: tree.entry(tip).height,
            median_time_past: tree.median_time_past(tip),
        }
    }

    fn median_time_past(&self, height: u32) -> u32 {
        let tree = self.0.tree();
        tree.active(height).map_or(0, |id| tree.median_time_past(id))
    }
}
