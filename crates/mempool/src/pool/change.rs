//! Adding transactions, and keeping what others come to.

use std::collections::BTreeSet;

use bitcoin::{OutPoint, Txid};
use consensus::nevm::Mint;

use super::usage::{LINK, entry_usage};
use super::{Entry, Mempool};
use crate::event::EventKind;

impl Mempool {
    /// Changes a transaction's totals, and keeps the orders right.
    fn modify(&mut self, txid: &Txid, change: impl FnOnce(&mut Entry)) {
        let entry = self
            .entries
            .get_mut(txid)
            .expect("callers name transactions of the pool");
        self.orders.remove(entry);
        change(entry);
        self.orders.insert(entry);
    }

    /// Adds a transaction, whose inputs must be there and not be spent here.
    pub(crate) fn insert(&mut self, mut entry: Entry, tells_of_fees: bool) {
        let txid = entry.txid;
        entry.delta = self.delta(&txid);
        entry.parents = self.parents_of(&entry.transaction);
        entry.children = self.children_of(&entry);
        for parent in &entry.parents {
            self.entries
                .get_mut(parent)
                .expect("parents are here")
                .children
                .insert(txid);
        }
        for child in &entry.children {
            self.entries
                .get_mut(child)
                .expect("children are here")
                .parents
                .insert(txid);
        }
        for input in &entry.transaction.input {
            self.spent.insert(input.previous_output, txid);
        }
        if let Some(mint) = Mint::of(&entry.transaction) {
            self.mints.insert(mint.transaction, txid);
        }
        self.by_wtxid.insert(entry.wtxid, txid);
        self.usage +=
            entry_usage(&entry.transaction) + 2 * LINK * (entry.parents.len() + entry.children.len());
        self.size += entry.size;
        self.fees += entry.fee;
        entry.ancestors = entry.own();
        entry.descendants = entry.own();
        self.orders.insert(&entry);
        self.report(EventKind::Added { tells_of_fees }, &entry);
        let has_children = !entry.children.is_empty();
        self.entries.insert(txid, entry);
        let ancestors = self.ancestors(&txid);
        if has_children {
            let mut descendants = self.descendants(&txid);
            descendants.insert(txid);
            let mut above = ancestors;
            above.insert(txid);
            self.recompute(&above, &descendants);
        } else {
            self.add_leaf(&txid, &ancestors);
        }
    }

    fn add_leaf(&mut self, txid: &Txid, ancestors: &BTreeSet<Txid>) {
        let own = self.entry(txid).own();
        let above = self.sum(ancestors);
        for ancestor in ancestors {
            self.modify(ancestor, |entry| entry.descendants.add(&own));
        }
        self.modify(txid, |entry| entry.ancestors.add(&above));
    }

    /// The transactions of the pool that spend outputs of a transaction: it was confirmed until now.
    fn children_of(&self, entry: &Entry) -> BTreeSet<Txid> {
        let txid = entry.txid;
        let outputs = 0..u32::try_from(entry.transaction.output.len()).unwrap_or(u32::MAX);
        outputs
            .filter_map(|vout| self.spent.get(&OutPoint { txid, vout }).copied())
            .collect()
    }

    /// Adds up anew what stands on the first ones, and what the second ones stand on.
    pub(super) fn recompute(&mut self, ancestors: &BTreeSet<Txid>, descendants: &BTreeSet<Txid>) {
        for txid in ancestors {
            let mut totals = self.sum(&self.descendants(txid));
            totals.add(&self.entry(txid).own());
            self.modify(txid, |entry| entry.descendants = totals);
        }
        for txid in descendants {
            let mut totals = self.sum(&self.ancestors(txid));
            totals.add(&self.entry(txid).own());
            self.modify(txid, |entry| entry.ancestors = totals);
        }
    }

    /// Sets what is added to a transaction's fee, if it is here.
    pub(super) fn set_delta(&mut self, txid: &Txid, delta: i64) {
        if !self.entries.contains_key(txid) {
            return;
        }
        self.modify(txid, |entry| entry.delta = delta);
        let mut ancestors = self.ancestors(txid);
        let mut descendants = self.descendants(txid);
        ancestors.insert(*txid);
        descendants.insert(*txid);
        self.recompute(&ancestors, &descendants);
    }

    /// Takes from ancestors' totals what a transaction that nothing stands on came to.
    pub(super) fn subtract_leaf(&mut self, entry: &Entry, ancestors: &BTreeSet<Txid>) {
        let own = entry.own();
        for ancestor in ancestors {
            self.modify(ancestor, |entry| entry.descendants.subtract(&own));
        }
    }

    /// Takes from descendants' totals what a transaction that stands on nothing came to.
    pub(super) fn subtract_root(&mut self, entry: &Entry, descendants: &BTreeSet<Txid>) {
        let own = entry.own();
        for descendant in descendants {
            self.modify(descendant, |entry| entry.ancestors.subtract(&own));
        }
    }
}
