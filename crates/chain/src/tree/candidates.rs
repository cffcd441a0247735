//! Which block could be the tip.

use std::cmp::Reverse;

use bitcoin::Work;

use super::{BlockTree, EntryId};
use crate::FilePosition;
use crate::index::{Failure, Validity};

/// A block that could be the tip; the greatest is the best. Of blocks with the same work the first that was complete wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Candidate {
    work: Work,
    sequence: Reverse<i64>,
    pub(super) id: Reverse<EntryId>,
}

impl BlockTree {
    fn candidate(&self, id: EntryId) -> Candidate {
        let entry = self.entry(id);
        Candidate {
            work: entry.chain_work,
            sequence: Reverse(entry.sequence),
            id: Reverse(id),
        }
    }

    /// Adds a block that may be better than the tip.
    fn consider(&mut self, id: EntryId) {
        let candidate = self.candidate(id);
        if self.tip().is_none_or(|tip| self.candidate(tip) <= candidate) {
            self.candidates.insert(candidate);
        }
    }

    pub(super) fn drop_worse_candidates(&mut self) {
        if let Some(tip) = self.tip() {
            self.candidates = self.candidates.split_off(&self.candidate(tip));
        }
    }

    /// The block to be the tip, if all goes well: all blocks between are there and not known to be invalid. It may be the
    /// tip already.
    pub(crate) fn most_work(&mut self) -> Option<EntryId> {
        while let Some(best) = self.candidates.last().copied() {
            let id = best.id.0;
            if !self.keeps_base(id) {
                self.candidates.remove(&best);
                continue;
            }
            let Some(obstacle) = self.obstacle(id) else {
                return Some(id);
            };
            let is_missing = self.entry(obstacle).is_sound();
            // What lies between the obstacle and the candidate can be no candidate either.
            for between in self
                .chain(id)
                .take_while(|id| *id != obstacle)
                .collect::<Vec<_>>()
            {
                if is_missing {
                    let parent = self.entry(between).parent.expect("it is above the obstacle");
                    let waiting = self.unlinked.entry(parent).or_default();
                    if !waiting.contains(&between) {
                        waiting.push(between);
                    }
                } else if self.entry(between).is_sound() {
                    self.entry_mut(between).failure = Failure::Ancestor;
                    self.consider_invalid(between);
                }
                let candidate = self.candidate(between);
                self.candidates.remove(&candidate);
            }
            self.candidates.remove(&best);
        }
        None
    }

    /// The block nearest to the active chain, from this one down, that is invalid or not there.
    fn obstacle(&self, id: EntryId) -> Option<EntryId> {
        self.chain(id)
            .take_while(|id| !self.is_active(*id))
            .filter(|id| !self.entry(*id).is_sound() || !self.entry(*id).has_data())
            .last()
    }

    /// Notes that a block is there, with so many transactions. It and those that waited for it may be candidates then.
    pub(crate) fn received(&mut self, id: EntryId, transactions: u32, position: FilePosition) {
        let is_base = self.assumed_base() == Some(id);
        let entry = self.entry_mut(id);
        entry.transactions = transactions;
        if !is_base {
            entry.chain_transactions = 0;
        }
        entry.position = Some(position);
        entry.undo_position = None;
        entry.validity = entry.validity.max(Validity::Transactions);
        self.link(id);
    }

    /// Notes whether witnesses count in a block that is taken in.
    pub(crate) fn set_segwit(&mut self, id: EntryId, is_segwit: bool) {
        self.entry_mut(id).is_segwit = is_segwit;
    }

    /// Counts the transactions up to a block and up to those that waited for it, where all before are there.
    pub(crate) fn link(&mut self, id: EntryId) {
        let mut ready = vec![id];
        while let Some(id) = ready.pop() {
            let entry = self.entry(id);
            let before = match entry.parent {
                None => 0,
                Some(parent) if self.entry(parent).is_complete() => self.entry(parent).chain_transactions,
                Some(parent) => {
                    let waiting = self.unlinked.entry(parent).or_default();
                    if !waiting.contains(&id) {
                        waiting.push(id);
                    }
                    continue;
                }
            };
            let was_complete = self.entry(id).is_complete();
            let sequence = self.next_sequence;
            self.next_sequence += 1;
            let entry = &mut self.entries[id.0 as usize];
            entry.chain_transactions = before + u64::from(entry.transactions);
            // The block of a snapshot was taken to be complete before, and stays the first one.
            if !was_complete {
                entry.sequence = sequence;
            }
            if entry.is_sound() && entry.has_data() {
                self.consider(id);
            }
            ready.extend(self.unlinked.remove(&id).unwrap_or_default());
        }
    }

    /// Notes where the undo data of a connected block is.
    pub(crate) fn connected(&mut self, id: EntryId, undo_position: Option<FilePosition>) {
        let entry = self.entry_mut(id);
        if undo_position.is_some() {
            entry.undo_position = undo_position;
        }
        entry.validity = Validity::Scripts;
    }

    /// Notes that a block is invalid, and so are those after it.
    pub(crate) fn fail(&mut self, id: EntryId) {
        self.entry_mut(id).failure = Failure::Own;
        self.consider_invalid(id);
        for number in id.0 + 1..u32::try_from(self.entries.len()).expect("ids have 32 bits") {
            let descendant = EntryId(number);
            let parent = self.entry(descendant).parent;
            if self.entry(descendant).is_sound()
                && parent.is_some_and(|parent| !self.entry(parent).is_sound())
            {
                self.entry_mut(descendant).failure = Failure::Ancestor;
                self.consider_invalid(descendant);
            }
        }
        let sound: Vec<_> = (self.candidates.iter().copied())
            .filter(|candidate| !self.entry(candidate.id.0).is_sound())
            .collect();
        for candidate in sound {
            self.candidates.remove(&candidate);
        }
        if self.best_header.is_some_and(|best| !self.entry(best).is_sound()) {
            self.find_best_header();
        }
    }

    /// Takes a block, those before it and those after it for valid until they are found invalid again.
    pub(crate) fn forgive(&mut self, id: EntryId) {
        let height = self.entry(id).height;
        for number in 0..u32::try_from(self.entries.len()).expect("ids have 32 bits") {
            let other = EntryId(number);
            if self.entry(other).is_sound() {
                continue;
            }
            let is_related = if self.entry(other).height >= height {
                self.ancestor(other, height) == Some(id)
            } else {
                self.ancestor(id, self.entry(other).height) == Some(other)
            };
            if is_related {
                self.entry_mut(other).failure = Failure::None;
                if self.entry(other).is_complete() && self.entry(other).has_data() {
                    self.consider(other);
                }
            }
        }
        self.find_best_header();
        self.find_best_invalid();
    }

    /// Prefers a block to all others with the same work.
    pub(crate) fn prefer(&mut self, id: EntryId) {
        let old = self.candidate(id);
        self.candidates.remove(&old);
        let sequence = self.next_precious;
        self.next_precious -= 1;
        self.entries[id.0 as usize].sequence = sequence;
        if self.entry(id).is_sound() && self.entry(id).is_complete() {
            self.consider(id);
        }
    }

    /// Lets blocks be candidates that are better than a tip from which the chain was taken back.
    pub(crate) fn reconsider_all(&mut self) {
        for number in 0..u32::try_from(self.entries.len()).expect("ids have 32 bits") {
            let id = EntryId(number);
            let entry = self.entry(id);
            if entry.is_sound() && entry.is_complete() && entry.has_data() {
                self.consider(id);
            }
        }
    }

    /// Puts in what the disk remembers of a block. To be followed by [`link`](Self::link) of those that are there.
    pub(crate) fn restore(&mut self, record: &crate::index::IndexRecord) -> EntryId {
        let id = self.add_header(record.header);
        let entry = &mut self.entries[id.0 as usize];
        entry.validity = record.validity;
        entry.is_segwit = record.is_segwit;
        entry.transactions = record.transactions;
        entry.position = record.position;
        entry.undo_position = record.undo_position;
        if entry.failure == Failure::None {
            entry.failure = record.failure;
        }
        self.consider_invalid(id);
        self.changed.remove(&id);
        id
    }

    /// Forgets what was found out about the blocks after this one, which were connected to wrong coins. What they spent is
    /// written anew when they are connected again.
    pub(crate) fn doubt_after(&mut self, base: EntryId) {
        let height = self.entry(base).height;
        let is_sound = self.entry(base).is_sound();
        for number in base.0 + 1..u32::try_from(self.entries.len()).expect("ids have 32 bits") {
            let id = EntryId(number);
            if self.ancestor(id, height) != Some(base) {
                continue;
            }
            let entry = self.entry_mut(id);
            entry.undo_position = None;
            entry.validity = entry.validity.min(Validity::Transactions);
            if is_sound {
                entry.failure = Failure::None;
            }
        }
        if is_sound {
            self.find_best_header();
            self.find_best_invalid();
        }
    }

    /// Notes that neither the block nor its undo data is there any more.
    pub(crate) fn pruned(&mut self, id: EntryId) {
        let entry = self.entry_mut(id);
        entry.position = None;
        entry.undo_position = None;
        let candidate = self.candidate(id);
        if self.tip() != Some(id) {
            self.candidates.remove(&candidate);
        }
        for waiting in self.unlinked.values_mut() {
            waiting.retain(|waiting| *waiting != id);
        }
    }
}
