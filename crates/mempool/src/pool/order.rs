//! The orders in which the pool's transactions are wanted.

use std::cmp::{Ordering, Reverse};
use std::collections::BTreeSet;

use bitcoin::Txid;

use super::{Entry, Totals};

/// A fee for a size, which is never zero; ordered by the fee for each byte, without rounding.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Score {
    fees: i128,
    size: u64,
}

impl Score {
    pub(crate) fn of(totals: &Totals) -> Self {
        Self {
            fees: totals.fees,
            size: totals.size,
        }
    }

    /// What a miner looks at: a transaction is worth no more than what it needs, and no more than itself.
    pub(crate) fn with_ancestors(own: &Totals, ancestors: &Totals) -> Self {
        Self::of(own).min(Self::of(ancestors))
    }

    /// What is looked at when the pool is full: a transaction is worth what stands on it, and no less than itself.
    fn with_descendants(entry: &Entry) -> Self {
        Self::of(&entry.own()).max(Self::of(&entry.descendants))
    }
}

impl PartialEq for Score {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Score {}

impl PartialOrd for Score {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Score {
    fn cmp(&self, other: &Self) -> Ordering {
        let product = |one: &Self, other: &Self| one.fees.saturating_mul(other.size.into());
        product(self, other).cmp(&product(other, self))
    }
}

/// A transaction's place by time, by descendants and by ancestors.
type Keys = ((u64, Txid), (Score, Reverse<u64>, Txid), (Reverse<Score>, Txid));

/// The orders. A transaction must be taken out with the values that it was put in with.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    by_time: BTreeSet<(u64, Txid)>,
    by_descendant_score: BTreeSet<(Score, Reverse<u64>, Txid)>,
    by_ancestor_score: BTreeSet<(Reverse<Score>, Txid)>,
}

impl Orders {
    fn keys(entry: &Entry) -> Keys {
        let txid = entry.txid;
        let ancestors = Score::with_ancestors(&entry.own(), &entry.ancestors);
        (
            (entry.time, txid),
            (Score::with_descendants(entry), Reverse(entry.time), txid),
            (Reverse(ancestors), txid),
        )
    }

    pub(super) fn insert(&mut self, entry: &Entry) {
        let (time, descendants, ancestors) = Self::keys(entry);
        self.by_time.insert(time);
        self.by_descendant_score.insert(descendants);
        self.by_ancestor_score.insert(ancestors);
    }

    pub(super) fn remove(&mut self, entry: &Entry) {
        let (time, descendants, ancestors) = Self::keys(entry);
        self.by_time.remove(&time);
        self.by_descendant_score.remove(&descendants);
        self.by_ancestor_score.remove(&ancestors);
    }

    /// The one that has been there for longest, and since when.
    pub(super) fn oldest(&self) -> Option<(u64, Txid)> {
        self.by_time.first().copied()
    }

    /// The one that is removed first if the pool is full.
    pub(super) fn worst(&self) -> Option<Txid> {
        self.by_descendant_score.first().map(|(_, _, txid)| *txid)
    }

    /// The best for a miner first.
    pub(crate) fn by_ancestor_score(&self) -> impl Iterator<Item = &Txid> {
        self.by_ancestor_score.iter().map(|(_, txid)| txid)
    }

    #[cfg(test)]
    pub(super) fn sizes(&self) -> [usize; 3] {
        [
            self.by_time.len(),
            self.by_descendant_score.len(),
            self.by_ancestor_score.len(),
        ]
    }

    #[cfg(test)]
    pub(super) fn contains(&self, entry: &Entry) -> bool {
        let (time, descendants, ancestors) = Self::keys(entry);
        self.by_time.contains(&time)
            && self.by_descendant_score.contains(&descendants)
            && self.by_ancestor_score.contains(&ancestors)
    }
}
