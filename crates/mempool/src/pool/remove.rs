//! Removing transactions.

use std::collections::BTreeSet;
use std::sync::Arc;

use bitcoin::{OutPoint, Transaction, Txid};
use consensus::nevm::Mint;

use super::usage::{LINK, entry_usage};
use super::{Entry, Mempool};
use crate::event::{EventKind, RemovalReason};
use crate::fee_rate::FeeRate;

impl Mempool {
    /// Removes one transaction. What stands on it stays.
    fn remove_one(&mut self, txid: &Txid, reason: RemovalReason) {
        let ancestors = self.ancestors(txid);
        let descendants = self.descendants(txid);
        let Some(entry) = self.entries.remove(txid) else {
            return;
        };
        self.orders.remove(&entry);
        self.unlink(&entry);
        if descendants.is_empty() {
            self.subtract_leaf(&entry, &ancestors);
        } else if ancestors.is_empty() {
            self.subtract_root(&entry, &descendants);
        } else {
            self.recompute(&ancestors, &descendants);
        }
        self.report(EventKind::Removed(reason), &entry);
    }

    fn unlink(&mut self, entry: &Entry) {
        for parent in &entry.parents {
            let parent = self.entries.get_mut(parent).expect("parents are here");
            parent.children.remove(&entry.txid);
        }
        for child in &entry.children {
            let child = self.entries.get_mut(child).expect("children are here");
            child.parents.remove(&entry.txid);
        }
        for input in &entry.transaction.input {
            self.spent.remove(&input.previous_output);
        }
        if let Some(mint) = Mint::of(&entry.transaction) {
            self.mints.remove(&mint.transaction);
        }
        self.by_wtxid.remove(&entry.wtxid);
        self.unbroadcast.remove(&entry.txid);
        self.usage -=
            entry_usage(&entry.transaction) + 2 * LINK * (entry.parents.len() + entry.children.len());
        self.size -= entry.size;
        self.fees -= entry.fee;
    }

    /// Removes transactions, all that stand on them included, those first.
    pub(crate) fn remove_all(&mut self, txids: &BTreeSet<Txid>, reason: RemovalReason) {
        let mut order: Vec<(u64, Txid)> = txids
            .iter()
            .map(|txid| (self.entry(txid).ancestors.count, *txid))
            .collect();
        order.sort_unstable_by(|one, other| other.cmp(one));
        for (_, txid) in order {
            self.remove_one(&txid, reason);
        }
    }

    /// Removes a transaction and all that stand on it, also if it is not here itself.
    pub(crate) fn remove_recursively(&mut self, transaction: &Transaction, reason: RemovalReason) {
        let txid = transaction.compute_txid();
        let start: Vec<Txid> = if self.entries.contains_key(&txid) {
            vec![txid]
        } else {
            let outputs = 0..u32::try_from(transaction.output.len()).unwrap_or(u32::MAX);
            outputs
                .filter_map(|vout| self.spent.get(&OutPoint { txid, vout }).copied())
                .collect()
        };
        self.remove_all(&self.with_descendants(start), reason);
    }

    /// A block was connected: removes its transactions, and what cannot be confirmed beside them.
    ///
    /// `transactions` are the block's in their order, `now` is in seconds since 1970.
    pub fn remove_for_block(&mut self, transactions: &[Transaction], now: u64) {
        for transaction in transactions {
            let txid = transaction.compute_txid();
            self.remove_one(&txid, RemovalReason::Block);
            for input in &transaction.input {
                if let Some(conflict) = self.spent.get(&input.previous_output).copied() {
                    self.remove_conflict(&conflict);
                }
            }
            if let Some(conflict) = Mint::of(transaction).and_then(|mint| self.minting(&mint.transaction)) {
                self.remove_conflict(&conflict);
            }
            self.deltas.remove(&txid);
        }
        self.floor.note_block(now);
        self.updates += 1;
    }

    /// Removes a transaction that a block has no room for beside its own.
    fn remove_conflict(&mut self, txid: &Txid) {
        let conflict = Arc::clone(&self.entry(txid).transaction);
        self.deltas.remove(txid);
        self.remove_recursively(&conflict, RemovalReason::Conflict);
    }

    /// Removes what came in before a time, in seconds since 1970, and all that stands on it. Says how many were removed.
    pub(crate) fn expire(&mut self, before: u64) -> usize {
        let count = self.len();
        while let Some((time, txid)) = self.orders.oldest()
            && time < before
        {
            self.remove_all(&self.with_descendants([txid]), RemovalReason::Expiry);
        }
        count - self.len()
    }

    /// Removes what pays least, and all that stands on it, until the pool takes no more than so much memory.
    pub(crate) fn trim(&mut self, most: usize) {
        let count = self.len();
        let mut highest = FeeRate::default();
        while self.usage > most
            && let Some(worst) = self.orders.worst()
        {
            let totals = self.entry(&worst).descendants;
            let rate = FeeRate::of(totals.fees, totals.size).plus(self.config.incremental);
            self.floor.raise(rate);
            highest = highest.max(rate);
            self.remove_all(&self.with_descendants([worst]), RemovalReason::SizeLimit);
        }
        if highest > FeeRate::default() {
            // Rigs wait for these words.
            tracing::debug!(
                "Removed {} txn, rolling minimum fee bumped to {highest}",
                count - self.len()
            );
        }
    }

    /// Removes what has been here for too long, and what there is no room for. `now` is in seconds since 1970.
    pub fn limit_size(&mut self, now: u64) {
        let expired = self.expire(now.saturating_sub(self.config.expiry.as_secs()));
        if expired > 0 {
            tracing::debug!("Expired {expired} transactions from the memory pool");
        }
        self.trim(self.config.max_usage);
    }

    /// Removes those that stand on more than they may, which happens when blocks are disconnected.
    pub(crate) fn enforce_limits(&mut self) {
        let limits = self.config.limits;
        let too_many: Vec<Txid> = self
            .entries
            .values()
            .filter(|entry| {
                entry.ancestors.count > limits.ancestor_count || entry.ancestors.size > limits.ancestor_size
            })
            .map(|entry| entry.txid)
            .collect();
        self.remove_all(&self.with_descendants(too_many), RemovalReason::SizeLimit);
    }
}
