//! What stands on what, and how much of it there may be.

use std::collections::BTreeSet;

use bitcoin::Txid;
use thiserror::Error;

use super::{Entry, Mempool, Totals};
use crate::config::Limits;

/// Too much stands on one another, shown as upstream's details.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum LimitError {
    #[error("too many unconfirmed parents [limit: {limit}]")]
    Parents { limit: u64 },
    #[error("too many unconfirmed ancestors [limit: {limit}]")]
    Ancestors { limit: u64 },
    #[error("exceeds ancestor size limit [limit: {limit}]")]
    AncestorSize { limit: u64 },
    #[error("too many descendants for tx {txid} [limit: {limit}]")]
    Descendants { txid: Txid, limit: u64 },
    #[error("exceeds descendant size limit for tx {txid} [limit: {limit}]")]
    DescendantSize { txid: Txid, limit: u64 },
    #[error("package count {count} exceeds ancestor count limit [limit: {limit}]")]
    PackageAncestors { count: u64, limit: u64 },
    #[error("package count {count} exceeds descendant count limit [limit: {limit}]")]
    PackageDescendants { count: u64, limit: u64 },
    #[error("package size {size} exceeds ancestor size limit [limit: {limit}]")]
    PackageAncestorSize { size: u64, limit: u64 },
    #[error("package size {size} exceeds descendant size limit [limit: {limit}]")]
    PackageDescendantSize { size: u64, limit: u64 },
}

impl Mempool {
    /// Where the links lead from here on, all the way.
    pub(super) fn closure(
        &self,
        start: Option<&BTreeSet<Txid>>,
        links: impl Fn(&Entry) -> &BTreeSet<Txid>,
    ) -> BTreeSet<Txid> {
        let mut found: BTreeSet<Txid> = BTreeSet::new();
        let mut open: Vec<Txid> = start.into_iter().flatten().copied().collect();
        while let Some(txid) = open.pop() {
            if found.insert(txid) {
                open.extend(links(self.entry(&txid)));
            }
        }
        found
    }

    /// These and all that stand on them.
    pub(crate) fn with_descendants(&self, txids: impl IntoIterator<Item = Txid>) -> BTreeSet<Txid> {
        let start = txids.into_iter().collect();
        self.closure(Some(&start), |entry| &entry.children)
    }

    /// What transactions come to.
    pub(crate) fn sum<'a>(&self, txids: impl IntoIterator<Item = &'a Txid>) -> Totals {
        let mut totals = Totals::default();
        for txid in txids {
            totals.add(&self.entry(txid).own());
        }
        totals
    }

    /// All ancestors that a transaction with these parents and this size would have, if they are within limits.
    ///
    /// `count` is more than one for a package, which is taken as one transaction that stands on whatever its parts do.
    /// `descendants` says what counts as standing on a transaction, itself included.
    pub(crate) fn ancestors_within(
        &self,
        parents: BTreeSet<Txid>,
        count: u64,
        size: u64,
        limits: &Limits,
        descendants: impl Fn(&Entry) -> Totals,
    ) -> Result<BTreeSet<Txid>, LimitError> {
        if parents.len() as u64 + count > limits.ancestor_count {
            return Err(LimitError::Parents {
                limit: limits.ancestor_count,
            });
        }
        let mut open = parents;
        let mut found = BTreeSet::new();
        let mut total_size = size;
        while let Some(txid) = open.pop_first() {
            found.insert(txid);
            let entry = self.entry(&txid);
            total_size += entry.size;
            let descendants = descendants(entry);
            if descendants.size + size > limits.descendant_size {
                let limit = limits.descendant_size;
                return Err(LimitError::DescendantSize { txid, limit });
            }
            if descendants.count + count > limits.descendant_count {
                let limit = limits.descendant_count;
                return Err(LimitError::Descendants { txid, limit });
            }
            if total_size > limits.ancestor_size {
                let limit = limits.ancestor_size;
                return Err(LimitError::AncestorSize { limit });
            }
            open.extend(entry.parents.iter().filter(|parent| !found.contains(*parent)));
            if (open.len() + found.len()) as u64 + count > limits.ancestor_count {
                let limit = limits.ancestor_count;
                return Err(LimitError::Ancestors { limit });
            }
        }
        Ok(found)
    }

    /// What stands on a transaction through some of the others alone, itself included.
    pub(crate) fn descendants_among(&self, txid: &Txid, others: &BTreeSet<Txid>) -> Totals {
        let mut found = BTreeSet::new();
        let mut open = vec![*txid];
        while let Some(txid) = open.pop() {
            if found.insert(txid) {
                open.extend(self.entry(&txid).children.intersection(others));
            }
        }
        self.sum(&found)
    }

    /// Whether a package with these parents is within limits, whatever its parts have to do with one another.
    pub(crate) fn check_package_limits(
        &self,
        parents: BTreeSet<Txid>,
        count: u64,
        size: u64,
    ) -> Result<(), (LimitError, Certainty)> {
        let limits = &self.config.limits;
        let certain = |error| Err((error, Certainty::Certain));
        if count > limits.ancestor_count {
            let limit = limits.ancestor_count;
            return certain(LimitError::PackageAncestors { count, limit });
        }
        if count > limits.descendant_count {
            let limit = limits.descendant_count;
            return certain(LimitError::PackageDescendants { count, limit });
        }
        if size > limits.ancestor_size {
            let limit = limits.ancestor_size;
            return certain(LimitError::PackageAncestorSize { size, limit });
        }
        if size > limits.descendant_size {
            let limit = limits.descendant_size;
            return certain(LimitError::PackageDescendantSize { size, limit });
        }
        match self.ancestors_within(parents, count, size, limits, |entry| entry.descendants) {
            Ok(_) => Ok(()),
            Err(error @ LimitError::Parents { .. }) => certain(error),
            Err(error) => Err((error, Certainty::Possible)),
        }
    }
}

/// Whether a limit is certainly broken. A package is taken for more than it is where its parts do not all stand on the
/// same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Certainty {
    Certain,
    Possible,
}
