//! A transaction of the pool.

use std::collections::BTreeSet;
use std::sync::Arc;

use bitcoin::{Amount, Transaction, Txid, Wtxid};

/// What a transaction and those that it stands on, or that stand on it, come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// How many they are.
    pub count: u64,
    /// Their size in virtual bytes.
    pub size: u64,
    /// What their fees count as, in units. Each may be anything that 64 bits can say.
    pub fees: i128,
    /// The cost of their signature operations.
    pub sigop_cost: u64,
}

impl Totals {
    pub(super) fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.size += other.size;
        self.fees += other.fees;
        self.sigop_cost += other.sigop_cost;
    }

    pub(crate) fn subtract(&mut self, other: &Self) {
        self.count -= other.count;
        self.size -= other.size;
        self.fees -= other.fees;
        self.sigop_cost -= other.sigop_cost;
    }
}

/// A transaction of the pool.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The transaction.
    pub transaction: Arc<Transaction>,
    /// Its id.
    pub txid: Txid,
    /// The hash that covers its witness too.
    pub wtxid: Wtxid,
    /// What it pays.
    pub fee: Amount,
    /// What is added to that where transactions are compared, in units.
    pub delta: i64,
    /// Its weight.
    pub weight: u64,
    /// Its size in virtual bytes; signature operations make it larger.
    pub size: u64,
    /// The cost of its signature operations.
    pub sigop_cost: u64,
    /// When it came in, in seconds since 1970.
    pub time: u64,
    /// The height of the tip when it came in.
    pub height: u32,
    /// Whether it spends a coinbase.
    pub spends_coinbase: bool,
    /// The transactions of the pool that it spends outputs of.
    pub parents: BTreeSet<Txid>,
    /// The transactions of the pool that spend its outputs.
    pub children: BTreeSet<Txid>,
    /// Itself and all that it stands on.
    pub ancestors: Totals,
    /// Itself and all that stand on it.
    pub descendants: Totals,
}

impl Entry {
    /// What its fee counts as, in units.
    #[must_use]
    pub fn modified_fee(&self) -> i64 {
        self.fee.to_sat().cast_signed().saturating_add(self.delta)
    }

    /// What it comes to alone.
    pub(crate) fn own(&self) -> Totals {
        Totals {
            count: 1,
            size: self.size,
            fees: self.modified_fee().into(),
            sigop_cost: self.sigop_cost,
        }
    }
}
