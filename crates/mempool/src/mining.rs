//! What a miner should take.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use bitcoin::{Amount, Transaction, Txid};
use consensus::limits::{MAX_BLOCK_SIGOPS_COST, MAX_BLOCK_WEIGHT, WITNESS_SCALE_FACTOR};
use consensus::transaction::is_final;

use crate::fee_rate::FeeRate;
use crate::pool::{Mempool, Score, Totals};

/// What a block has room for, and what is worth to be in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SelectionLimits {
    /// The weight that transactions may have together, with what is kept for header and coinbase.
    pub max_weight: u64,
    /// The cost of their signature operations, with what is kept for the coinbase.
    pub max_sigop_cost: u64,
    /// The weight that is kept for header and coinbase.
    pub reserved_weight: u64,
    /// The cost of signature operations that is kept for the coinbase.
    pub reserved_sigop_cost: u64,
    /// What does not pay as much is left out (`-blockmintxfee`).
    pub min_rate: FeeRate,
    /// The block's height.
    pub height: u32,
    /// The median time past of the block before, in seconds since 1970.
    pub median_time_past: u32,
}

impl SelectionLimits {
    /// Upstream's defaults for a block of this height after one with this median time past.
    #[must_use]
    pub fn new(height: u32, median_time_past: u32) -> Self {
        Self {
            max_weight: MAX_BLOCK_WEIGHT - 4000,
            max_sigop_cost: MAX_BLOCK_SIGOPS_COST,
            reserved_weight: 4000,
            reserved_sigop_cost: 400,
            min_rate: FeeRate::per_kvb(1000),
            height,
            median_time_past,
        }
    }
}

/// A transaction that is to be in the block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
    /// The transaction.
    pub transaction: Arc<Transaction>,
    /// Its id.
    pub txid: Txid,
    /// What it pays.
    pub fee: Amount,
    /// The cost of its signature operations.
    pub sigop_cost: u64,
    /// Its weight.
    pub weight: u64,
    /// What its fee counts as, for its size.
    pub rate: FeeRate,
}

/// A miner gives up when so many in a row did not fit in, and the block is almost full.
const MAX_FAILURES: u32 = 1000;

/// A block is almost full if less than this is free of its weight.
const ALMOST_FULL: u64 = 4000;

impl Mempool {
    /// Chooses transactions for a block, with all that they stand on, by what they pay together for each byte: upstream's
    /// `addPackageTxs`. None comes before one that it stands on.
    #[must_use]
    pub fn select_for_block(&self, limits: &SelectionLimits) -> Vec<Selected> {
        Selection::new(self, *limits).run()
    }
}

struct Selection<'a> {
    pool: &'a Mempool,
    limits: SelectionLimits,
    chosen: Vec<Selected>,
    in_block: HashSet<Txid>,
    /// What those whose ancestors were chosen in part still need.
    changed: HashMap<Txid, Totals>,
    changed_order: BTreeSet<(Reverse<Score>, Txid)>,
    failed: HashSet<Txid>,
    weight: u64,
    sigop_cost: u64,
}

impl<'a> Selection<'a> {
    fn new(pool: &'a Mempool, limits: SelectionLimits) -> Self {
        Self {
            pool,
            limits,
            chosen: Vec::new(),
            in_block: HashSet::new(),
            changed: HashMap::new(),
            changed_order: BTreeSet::new(),
            failed: HashSet::new(),
            weight: limits.reserved_weight,
            sigop_cost: limits.reserved_sigop_cost,
        }
    }

    fn key(&self, txid: Txid, totals: &Totals) -> (Reverse<Score>, Txid) {
        let own = self.pool.entry(&txid).own();
        (Reverse(Score::with_ancestors(&own, totals)), txid)
    }

    fn run(mut self) -> Vec<Selected> {
        let mut order = self.pool.orders().by_ancestor_score().copied().peekable();
        let mut failures = 0;
        loop {
            while let Some(txid) = order.peek()
                && (self.in_block.contains(txid)
                    || self.changed.contains_key(txid)
                    || self.failed.contains(txid))
            {
                order.next();
            }
            let unchanged = order
                .peek()
                .map(|txid| self.key(*txid, &self.pool.entry(txid).ancestors));
            let changed = self.changed_order.first().copied();
            let Some(best) = unchanged.into_iter().chain(changed).min() else {
                break;
            };
            let txid = best.1;
            let totals = match self.changed.get(&txid) {
                Some(totals) => *totals,
                None => self.pool.entry(&txid).ancestors,
            };
            if totals.fees < self.limits.min_rate.fee(totals.size).into() {
                break;
            }
            let package = self.package(txid);
            if self.fits(&totals, &package) {
                failures = 0;
                self.take(&package);
                continue;
            }
            self.drop_changed(txid);
            self.failed.insert(txid);
            failures += 1;
            if failures > MAX_FAILURES && self.weight + ALMOST_FULL > self.limits.max_weight {
                break;
            }
        }
        self.chosen
    }

    /// A transaction and what it stands on that is not chosen yet, in an order in which a block may have them.
    fn package(&self, txid: Txid) -> Vec<Txid> {
        let mut package: Vec<Txid> = self
            .pool
            .ancestors(&txid)
            .into_iter()
            .filter(|ancestor| !self.in_block.contains(ancestor))
            .collect();
        package.push(txid);
        package.sort_by_key(|txid| (self.pool.entry(txid).ancestors.count, *txid));
        package
    }

    fn fits(&self, totals: &Totals, package: &[Txid]) -> bool {
        self.weight + WITNESS_SCALE_FACTOR * totals.size < self.limits.max_weight
            && self.sigop_cost + totals.sigop_cost < self.limits.max_sigop_cost
            && package.iter().all(|txid| {
                let transaction = &self.pool.entry(txid).transaction;
                is_final(transaction, self.limits.height, self.limits.median_time_past)
            })
    }

    fn take(&mut self, package: &[Txid]) {
        for txid in package {
            let entry = self.pool.entry(txid);
            self.chosen.push(Selected {
                transaction: Arc::clone(&entry.transaction),
                txid: *txid,
                fee: entry.fee,
                sigop_cost: entry.sigop_cost,
                weight: entry.weight,
                rate: FeeRate::of(entry.modified_fee(), entry.size),
            });
            self.weight += entry.weight;
            self.sigop_cost += entry.sigop_cost;
            self.in_block.insert(*txid);
            self.drop_changed(*txid);
        }
        for txid in package {
            let own = self.pool.entry(txid).own();
            for descendant in self.pool.descendants(txid) {
                if self.in_block.contains(&descendant) || self.failed.contains(&descendant) {
                    continue;
                }
                let before = self.drop_changed(descendant);
                let mut totals = before.unwrap_or(self.pool.entry(&descendant).ancestors);
                totals.subtract(&own);
                let key = self.key(descendant, &totals);
                self.changed_order.insert(key);
                self.changed.insert(descendant, totals);
            }
        }
    }

    fn drop_changed(&mut self, txid: Txid) -> Option<Totals> {
        let totals = self.changed.remove(&txid)?;
        let key = self.key(txid, &totals);
        self.changed_order.remove(&key);
        Some(totals)
    }
}
