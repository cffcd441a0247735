//! The pool: what it holds, and what others may ask of it.

mod change;
mod entry;
mod floor;
mod graph;
mod order;
mod remove;
#[cfg(test)]
pub(crate) mod tests;
mod usage;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use bitcoin::{Amount, OutPoint, Transaction, Txid, Wtxid};
use consensus::nevm::NevmHash;

pub use entry::{Entry, Totals};

use crate::config::Config;
use crate::event::{Event, EventKind};
use crate::fee_rate::FeeRate;
use crate::policy::signals_replacement;
use floor::Floor;
pub(crate) use graph::Certainty;
pub(crate) use order::{Orders, Score};

/// A transaction whose fee counts as another one than it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prioritised {
    /// The transaction, which need not be in the pool.
    pub txid: Txid,
    /// What is added to its fee, in units.
    pub delta: i64,
    /// What its fee counts as, in units, if it is in the pool.
    pub modified_fee: Option<i64>,
}

/// Transactions that no block has, none of which conflict, and all of whose parents are here or confirmed.
#[derive(Debug)]
pub struct Mempool {
    config: Config,
    entries: HashMap<Txid, Entry>,
    by_wtxid: HashMap<Wtxid, Txid>,
    /// Which transaction spends an output.
    spent: HashMap<OutPoint, Txid>,
    /// Which transaction makes tokens by one of the NEVM.
    mints: HashMap<NevmHash, Txid>,
    orders: Orders,
    /// What is added to fees, also of transactions that are not here.
    deltas: BTreeMap<Txid, i64>,
    /// Transactions of this node's own that no peer has asked for yet.
    unbroadcast: BTreeSet<Txid>,
    floor: Floor,
    /// The size of all transactions, in virtual bytes.
    size: u64,
    /// What all pay.
    fees: Amount,
    usage: usize,
    next_sequence: u64,
    /// How often a block template would have to be made anew.
    updates: u64,
    events: Vec<Event>,
}

impl Mempool {
    /// A pool with nothing in it.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            entries: HashMap::new(),
            by_wtxid: HashMap::new(),
            spent: HashMap::new(),
            mints: HashMap::new(),
            orders: Orders::default(),
            deltas: BTreeMap::new(),
            unbroadcast: BTreeSet::new(),
            floor: Floor::default(),
            size: 0,
            fees: Amount::ZERO,
            usage: 0,
            next_sequence: 1,
            updates: 0,
            events: Vec::new(),
        }
    }

    /// What its owner decided on.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// How many transactions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The size of all transactions, in virtual bytes.
    #[must_use]
    pub fn total_size(&self) -> u64 {
        self.size
    }

    /// What all transactions pay.
    #[must_use]
    pub fn total_fees(&self) -> Amount {
        self.fees
    }

    /// How much memory the pool takes, in bytes; an estimate.
    #[must_use]
    pub fn usage(&self) -> usize {
        self.usage
    }

    /// A transaction.
    #[must_use]
    pub fn get(&self, txid: &Txid) -> Option<&Entry> {
        self.entries.get(txid)
    }

    /// A transaction, by the hash that covers its witness.
    #[must_use]
    pub fn get_by_wtxid(&self, wtxid: &Wtxid) -> Option<&Entry> {
        self.by_wtxid.get(wtxid).and_then(|txid| self.entries.get(txid))
    }

    /// The transaction that spends an output.
    #[must_use]
    pub fn spender(&self, outpoint: &OutPoint) -> Option<&Entry> {
        self.spent.get(outpoint).and_then(|txid| self.entries.get(txid))
    }

    /// The transaction that makes tokens by this one of the NEVM.
    pub(crate) fn minting(&self, transaction: &NevmHash) -> Option<Txid> {
        self.mints.get(transaction).copied()
    }

    /// All transactions, none before one that it stands on: those that stand on fewer first, of these those that pay more
    /// for their size. What fees are made to count as is not seen from it, since the order is told to others.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        let product =
            |paying: &Entry, sized: &Entry| u128::from(paying.fee.to_sat()) * u128::from(sized.size);
        let mut order: Vec<&Entry> = self.entries.values().collect();
        order.sort_unstable_by(|one, other| {
            let by_count = one.ancestors.count.cmp(&other.ancestors.count);
            let by_rate = || product(other, one).cmp(&product(one, other));
            by_count
                .then_with(by_rate)
                .then_with(|| other.txid.cmp(&one.txid))
        });
        order.into_iter()
    }

    /// All transactions that this one stands on.
    #[must_use]
    pub fn ancestors(&self, txid: &Txid) -> BTreeSet<Txid> {
        self.closure(self.entries.get(txid).map(|entry| &entry.parents), |entry| {
            &entry.parents
        })
    }

    /// All transactions that stand on this one.
    #[must_use]
    pub fn descendants(&self, txid: &Txid) -> BTreeSet<Txid> {
        self.closure(self.entries.get(txid).map(|entry| &entry.children), |entry| {
            &entry.children
        })
    }

    /// Whether a transaction would keep within the limits for those that stand on one another.
    ///
    /// # Errors
    /// Why it would not.
    pub fn keeps_within_limits(&self, transaction: &Transaction) -> Result<(), String> {
        let size = transaction.weight().to_vbytes_ceil();
        let within = self.ancestors_within(
            self.parents_of(transaction),
            1,
            size,
            &self.config.limits,
            |entry| entry.descendants,
        );
        within.map(drop).map_err(|error| error.to_string())
    }

    /// Whether a transaction may be replaced: it says so, or one that it stands on does (BIP 125).
    #[must_use]
    pub fn is_replaceable(&self, txid: &Txid) -> bool {
        let signals = |txid: &Txid| {
            let entry = self.entries.get(txid);
            entry.is_some_and(|entry| signals_replacement(&entry.transaction))
        };
        signals(txid) || self.ancestors(txid).iter().any(signals)
    }

    /// The number that the next event will have.
    #[must_use]
    pub fn next_sequence(&self) -> u64 {
        self.next_sequence
    }

    /// A number that grows whenever a block template would be another one.
    #[must_use]
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// What happened since this was asked last. Whoever owns the pool asks after each change.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// The rate below which nothing comes in, because what paid as much was removed when the pool was full. It falls with
    /// time once there are blocks again. `now` is in seconds since 1970.
    pub fn minimum_rate(&mut self, now: u64) -> FeeRate {
        let (usage, most) = (self.usage, self.config.max_usage);
        self.floor.rate(usage, most, self.config.incremental, now)
    }

    /// Adds to what a transaction's fee counts as, be it here or not.
    pub fn prioritise(&mut self, txid: Txid, delta: i64) {
        let sum = self.deltas.get(&txid).copied().unwrap_or(0).saturating_add(delta);
        if sum == 0 {
            self.deltas.remove(&txid);
        } else {
            self.deltas.insert(txid, sum);
        }
        self.set_delta(&txid, sum);
        self.updates += 1;
    }

    /// All transactions whose fees count as others than they are.
    pub fn prioritised(&self) -> impl Iterator<Item = Prioritised> {
        self.deltas.iter().map(|(txid, delta)| Prioritised {
            txid: *txid,
            delta: *delta,
            modified_fee: self.entries.get(txid).map(Entry::modified_fee),
        })
    }

    /// What is added to the fee of a transaction, in units.
    #[must_use]
    pub fn delta(&self, txid: &Txid) -> i64 {
        self.deltas.get(txid).copied().unwrap_or(0)
    }

    /// Remembers that no peer has asked for a transaction of this node's own.
    pub fn add_unbroadcast(&mut self, txid: Txid) {
        if self.entries.contains_key(&txid) {
            self.unbroadcast.insert(txid);
        }
    }

    /// A peer has asked for the transaction.
    pub fn remove_unbroadcast(&mut self, txid: &Txid) {
        self.unbroadcast.remove(txid);
    }

    /// Transactions of this node's own that no peer has asked for.
    #[must_use]
    pub fn unbroadcast(&self) -> &BTreeSet<Txid> {
        &self.unbroadcast
    }

    pub(crate) fn entry(&self, txid: &Txid) -> &Entry {
        &self.entries[txid]
    }

    pub(crate) fn orders(&self) -> &Orders {
        &self.orders
    }

    fn report(&mut self, kind: EventKind, entry: &Entry) {
        self.events.push(Event {
            sequence: self.next_sequence,
            kind,
            transaction: Arc::clone(&entry.transaction),
            txid: entry.txid,
            fee: entry.fee,
            size: entry.size,
            height: entry.height,
        });
        self.next_sequence += 1;
        self.updates += 1;
    }

    /// The parents of a transaction that are here.
    pub(crate) fn parents_of(&self, transaction: &Transaction) -> BTreeSet<Txid> {
        let spent = transaction.input.iter().map(|input| input.previous_output.txid);
        spent.filter(|txid| self.entries.contains_key(txid)).collect()
    }
}
