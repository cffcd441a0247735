//! The node's unconfirmed transactions, kept as its chain is.

mod fees;
mod file;
mod options;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use bitcoin::{OutPoint, Transaction, Txid, Wtxid};
use chain::ChainObserver;
use chain::mining::NextBlock;
use consensus::block::Block;
use consensus::nevm::{NevmHash, NevmRoots};
use consensus::params::Params;
use consensus::transaction::Coin;
use mempool::accept::{Accepted, Purpose, Rejection};
use mempool::{
    ChainReadError, ChainView, Config, DisconnectedTransactions, Event, EventKind, Fate, FeeRate, Mempool,
    Selected, SelectionLimits, Tip,
};

pub(crate) use fees::{Fees, Occasion};
pub(crate) use file::{Import, ImportError, import, save};
pub(crate) use options::{OptionError, config, options, rate};

use crate::state::NodeState;

/// A tip that is older, in seconds, does not tell what is paid at present.
const MAX_TIP_AGE: u64 = 3 * 60 * 60;

/// The transactions of so many blocks come back when `invalidateblock` takes more than them away.
const BLOCKS_BROUGHT_BACK: u32 = 10;

/// What a block has room for, and what is kept free of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    /// The weight of all, with what is kept free.
    pub(crate) max_weight: u64,
    /// The weight of header and coinbase.
    pub(crate) reserved_weight: u64,
    /// The cost of the coinbase's signature operations.
    pub(crate) reserved_sigop_cost: u64,
    /// What pays less is left out.
    pub(crate) min_rate: FeeRate,
}

/// The pool of a node. Whoever holds its lock may read coins, and must not change the chain.
pub(crate) struct Pool {
    inner: Mutex<Inner>,
    /// How often the pool has changed, for those who must not wait for it.
    updates: Arc<AtomicU64>,
    is_loaded: AtomicBool,
    /// Who has the chain that the pool follows.
    node: OnceLock<Weak<NodeState>>,
}

struct Inner {
    mempool: Mempool,
    /// What the chain has taken back and not put into other blocks yet.
    disconnected: DisconnectedTransactions,
    /// What is known of fees, where they are followed.
    fees: Option<Fees>,
    listeners: Vec<Listener>,
    updates: Arc<AtomicU64>,
}

/// Hears what happened to the pool, each thing once and in order. The pool waits for it.
type Listener = Box<dyn Fn(&[Event]) + Send>;

impl Inner {
    /// Tells those who follow the pool what happened to it: by itself, or by a block of this height.
    fn report(&mut self, block: Option<u32>, node: Option<&NodeState>) {
        self.updates.store(self.mempool.updates(), Ordering::Relaxed);
        let mut events = self.mempool.take_events();
        if !events.is_empty() {
            self.listeners.iter().for_each(|listener| listener(&events));
        }
        let Some(fees) = &mut self.fees else { return };
        let is_telling = |kind| kind == EventKind::Added { tells_of_fees: true };
        if events.iter().any(|event| is_telling(event.kind)) && !node.is_some_and(is_current) {
            for event in events.iter_mut().filter(|event| is_telling(event.kind)) {
                event.kind = EventKind::Added { tells_of_fees: false };
            }
        }
        if block.is_some() || !events.is_empty() {
            fees.follow(&events, block);
        }
    }
}

/// Whether what is paid now is paid for the next block: the chain is up to the present.
fn is_current(node: &NodeState) -> bool {
    if node.chain.is_initial_block_download() {
        return false;
    }
    let now = node.chain.clock().now();
    let tree = node.chain.tree();
    let Some(tip) = tree.tip().map(|tip| tree.entry(tip)) else {
        return false;
    };
    let best = tree.best_header().map_or(0, |best| tree.entry(best).height);
    u64::from(tip.header.time) + MAX_TIP_AGE >= now && tip.height + 1 >= best
}

impl Pool {
    pub(crate) fn new(config: Config, fees: Option<Fees>) -> Self {
        let updates = Arc::<AtomicU64>::default();
        Self {
            inner: Mutex::new(Inner {
                mempool: Mempool::new(config),
                disconnected: DisconnectedTransactions::default(),
                fees,
                listeners: Vec::new(),
                updates: Arc::clone(&updates),
            }),
            updates,
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

    /// Lets somebody hear what happens to the pool from now on.
    pub(crate) fn report_to(&self, listener: impl Fn(&[Event]) + Send + 'static) {
        self.lock().listeners.push(Box::new(listener));
    }

    fn node(&self) -> Option<Arc<NodeState>> {
        self.node.get().and_then(Weak::upgrade)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads or changes the pool.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Mempool) -> T) -> T {
        let mut inner = self.lock();
        let outcome = work(&mut inner.mempool);
        let node = self.node();
        inner.report(None, node.as_deref());
        outcome
    }

    /// Takes a transaction in, or says whether it would be.
    pub(crate) fn accept(
        &self,
        transaction: &Arc<Transaction>,
        node: &NodeState,
        purpose: Purpose,
    ) -> Result<Accepted, Rejection> {
        let now = node.chain.clock().now();
        self.with(|pool| pool.accept(transaction, &View(node), now, purpose))
    }

    /// How often the pool has changed, up to now or a moment ago. This waits for nobody.
    pub(crate) fn updates(&self) -> u64 {
        self.updates.load(Ordering::Relaxed)
    }

    /// Whether it has a transaction.
    pub(crate) fn has(&self, txid: &Txid) -> bool {
        self.lock().mempool.get(txid).is_some()
    }

    /// What the next block should have: the best transactions that there is room for beside what is kept free for others.
    pub(crate) fn select(&self, next: &NextBlock, room: Room) -> Vec<Selected> {
        let limits = SelectionLimits {
            max_weight: room.max_weight,
            reserved_weight: room.reserved_weight,
            reserved_sigop_cost: room.reserved_sigop_cost,
            min_rate: room.min_rate,
            ..SelectionLimits::new(next.height, next.median_time_past)
        };
        self.with(|pool| pool.select_for_block(&limits))
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
    fn block_connected(&self, block: &Arc<Block>, height: u32) {
        let Some(node) = self.node() else {
            return;
        };
        let mut inner = self.lock();
        inner
            .mempool
            .remove_for_block(&block.transactions, node.chain.clock().now());
        if let Err(error) = inner.mempool.enforce_new_rules(&View(&node)) {
            tracing::error!("unconfirmed transactions cannot be held to new rules: {error}");
        }
        inner.disconnected.remove_block(&block.transactions);
        inner.report(Some(height), Some(&node));
    }

    fn block_disconnected(&self, block: &Arc<Block>, _height: u32) {
        let mut inner = self.lock();
        let Inner {
            mempool,
            disconnected,
            ..
        } = &mut *inner;
        mempool.block_disconnected(&block.transactions, disconnected);
        inner.report(None, self.node().as_deref());
    }

    fn block_given_up(&self, count: u32) {
        self.rest(match count {
            ..=BLOCKS_BROUGHT_BACK => Fate::Return,
            _ => Fate::Gone,
        });
    }

    fn tip_changed(&self, _tip: bitcoin::BlockHash, _height: u32) {
        self.rest(Fate::Return);
    }
}

impl Pool {
    /// Brings the pool up to a chain that rests after blocks were disconnected.
    fn rest(&self, fate: Fate) {
        let Some(node) = self.node() else {
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
            .update_for_reorg(disconnected, fate, &View(&node), now);
        inner.report(None, Some(&node));
        if let Err(error) = updated {
            tracing::error!("unconfirmed transactions cannot be brought up to the chain: {error}");
        }
    }
}

/// The chain as the pool asks it.
pub(crate) struct View<'a>(pub(crate) &'a NodeState);

impl ChainView for View<'_> {
    fn coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, ChainReadError> {
        let coin = self.0.chain.coin(outpoint);
        coin.map_err(|error| ChainReadError(self.0.fail(&error.into()).message.into()))
    }

    fn nevm_roots(&self, block: &NevmHash) -> Result<Option<NevmRoots>, ChainReadError> {
        let roots = self.0.chain.nevm_roots(block);
        roots.map_err(|error| ChainReadError(self.0.fail(&error.into()).message.into()))
    }

    fn is_minted(&self, transaction: &NevmHash) -> Result<bool, ChainReadError> {
        let is_minted = self.0.chain.is_minted(transaction);
        is_minted.map_err(|error| ChainReadError(self.0.fail(&error.into()).message.into()))
    }

    fn params(&self) -> &Params {
        self.0.chain.params()
    }

    fn tip(&self) -> Tip {
        let tree = self.0.chain.tree();
        let tip = tree.tip().expect("there is a tip before there are transactions");
        Tip {
            height: tree.entry(tip).height,
            median_time_past: tree.median_time_past(tip),
        }
    }

    fn scripts_verified(&self, wtxid: Wtxid) {
        self.0.chain.script_cache().add(wtxid);
    }

    fn median_time_past(&self, height: u32) -> u32 {
        let tree = self.0.chain.tree();
        tree.active(height).map_or(0, |id| tree.median_time_past(id))
    }
}
