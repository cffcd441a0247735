//! The block that a snapshot is of: the active chain goes on from it before the blocks up to it are there.

use super::{BlockTree, EntryId};

/// Where a chain stands that went on from a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Snapshot {
    /// The block that the snapshot is of.
    base: EntryId,
    validation: Validation,
}

/// How far the chain up to a snapshot's block is validated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Validation {
    /// Up to this block; none before the genesis block is connected.
    UpTo(Option<EntryId>),
    /// The snapshot has the coins that the chain makes.
    Done,
}

impl BlockTree {
    /// Takes it for granted that all blocks up to this one are there and have so many transactions. Blocks that waited for
    /// it may be candidates then, and only what stands on it can be the tip until [`confirm`](Self::confirm).
    pub(crate) fn assume(&mut self, base: EntryId, transactions: u64) {
        self.snapshot = Some(Snapshot {
            base,
            validation: Validation::UpTo(None),
        });
        // This says nothing about the block itself, so that its record stays as it is.
        let entry = &mut self.entries[base.0 as usize];
        if !entry.is_complete() {
            entry.chain_transactions = transactions;
        }
        for waiting in self.unlinked.remove(&base).unwrap_or_default() {
            self.link(waiting);
        }
    }

    /// Notes up to which block the chain is validated that leads to the snapshot.
    pub(crate) fn validated_up_to(&mut self, tip: Option<EntryId>) {
        if let Some(snapshot) = &mut self.snapshot {
            snapshot.validation = Validation::UpTo(tip);
        }
    }

    /// Notes that the snapshot has the right coins: its block is as good as any other now.
    pub(crate) fn confirm(&mut self) {
        if let Some(snapshot) = &mut self.snapshot {
            snapshot.validation = Validation::Done;
        }
        self.reconsider_all();
    }

    /// The block of the snapshot from which the active chain went on in this run or, if it is not validated yet, in an
    /// earlier one.
    #[must_use]
    pub fn snapshot_base(&self) -> Option<EntryId> {
        self.snapshot.map(|snapshot| snapshot.base)
    }

    /// The block of the snapshot that the active chain stands on, if it is not validated yet.
    #[must_use]
    pub fn assumed_base(&self) -> Option<EntryId> {
        let snapshot = self.snapshot?;
        (snapshot.validation != Validation::Done).then_some(snapshot.base)
    }

    /// The last block of the chain all of whose blocks were checked: the tip, unless the active chain went on from a
    /// snapshot that is not validated yet.
    #[must_use]
    pub fn validated_tip(&self) -> Option<EntryId> {
        match self.snapshot.map(|snapshot| snapshot.validation) {
            Some(Validation::UpTo(tip)) => tip,
            Some(Validation::Done) | None => self.tip(),
        }
    }

    /// Whether a block is that of a snapshot which is not validated yet, or one before it.
    #[must_use]
    pub fn is_assumed(&self, id: EntryId) -> bool {
        let height = self.entry(id).height;
        let base = self.assumed_base();
        base.is_some_and(|base| self.ancestor(base, height) == Some(id))
    }

    /// Whether a block could be the tip without leaving the snapshot's block.
    pub(super) fn keeps_base(&self, id: EntryId) -> bool {
        let Some(base) = self.assumed_base() else {
            return true;
        };
        self.ancestor(id, self.entry(base).height) == Some(base)
    }
}
