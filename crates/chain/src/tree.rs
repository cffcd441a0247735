//! All blocks that the node ever heard of, in memory: a tree that grows from the genesis block, and the chain in it that
//! is the active one.
//!
//! Knows no files and decides on no rules: whoever adds an entry has checked its header. Entries are never removed.

mod assumed;
mod candidates;
mod entry;
mod invalid;
mod skip;
mod votes;

use std::collections::{BTreeSet, HashMap};

use bitcoin::block::Header;
use bitcoin::{BlockHash, Work};
use consensus::work::{ChainEntry, block_work, median_time_past};

use assumed::Snapshot;
use candidates::Candidate;
pub use entry::{Entry, EntryId};
use votes::Votes;

use crate::index::{Failure, IndexRecord, Validity};

/// How many blocks' times the median time past is of.
const MEDIAN_OF: usize = 11;

/// The blocks.
#[derive(Debug)]
pub struct BlockTree {
    entries: Vec<Entry>,
    by_hash: HashMap<BlockHash, EntryId>,
    /// The active chain by height; empty until the genesis block is connected.
    active: Vec<EntryId>,
    /// Blocks that could be the tip: complete with all before them, not known to be invalid, and not worse than the tip.
    candidates: BTreeSet<Candidate>,
    /// Blocks that are there while one before them is not, by their parent.
    unlinked: HashMap<EntryId, Vec<EntryId>>,
    best_header: Option<EntryId>,
    /// The block with the most work among those that are known to be invalid.
    best_invalid: Option<EntryId>,
    /// The number of the next block that becomes complete; the first of several with the same work wins.
    next_sequence: i64,
    /// The number of the next block that is preferred to others; they count downwards.
    next_precious: i64,
    /// Entries whose record on disk is not up to date.
    changed: BTreeSet<EntryId>,
    /// How far votes for rules are.
    votes: Votes,
    /// What the active chain went on from, if it did not begin with the genesis block.
    snapshot: Option<Snapshot>,
}

impl Default for BlockTree {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            by_hash: HashMap::new(),
            active: Vec::new(),
            candidates: BTreeSet::new(),
            unlinked: HashMap::new(),
            best_header: None,
            best_invalid: None,
            next_sequence: 1,
            next_precious: -1,
            changed: BTreeSet::new(),
            votes: Votes::default(),
            snapshot: None,
        }
    }
}

impl BlockTree {
    /// The block of an entry.
    #[must_use]
    pub fn entry(&self, id: EntryId) -> &Entry {
        &self.entries[id.0 as usize]
    }

    fn entry_mut(&mut self, id: EntryId) -> &mut Entry {
        self.changed.insert(id);
        &mut self.entries[id.0 as usize]
    }

    /// The entry of a block.
    #[must_use]
    pub fn find(&self, hash: &BlockHash) -> Option<EntryId> {
        self.by_hash.get(hash).copied()
    }

    /// All entries, parents before their children.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (EntryId, &Entry)> {
        let ids = 0..u32::try_from(self.entries.len()).expect("ids have 32 bits");
        ids.map(EntryId).zip(&self.entries)
    }

    /// What is known of the votes that were counted.
    pub(crate) fn votes(&self) -> &Votes {
        &self.votes
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether not even the genesis block is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The header with the most work that is not known to be of an invalid block.
    #[must_use]
    pub fn best_header(&self) -> Option<EntryId> {
        self.best_header
    }

    /// The last block of the active chain.
    #[must_use]
    pub fn tip(&self) -> Option<EntryId> {
        self.active.last().copied()
    }

    /// The block of the active chain at a height.
    #[must_use]
    pub fn active(&self, height: u32) -> Option<EntryId> {
        self.active.get(height as usize).copied()
    }

    /// Whether the block is in the active chain.
    #[must_use]
    pub fn is_active(&self, id: EntryId) -> bool {
        self.active(self.entry(id).height) == Some(id)
    }

    /// Makes this block the tip. The active chain is that of its ancestors then.
    pub(crate) fn set_tip(&mut self, tip: EntryId) {
        let mut height = self.entry(tip).height as usize;
        self.active.truncate(height + 1);
        let missing = tip;
        self.active.resize(height + 1, missing);
        let mut id = tip;
        loop {
            self.active[height] = id;
            let Some(parent) = self.entry(id).parent else {
                break;
            };
            height -= 1;
            if self.active[height] == parent {
                break;
            }
            id = parent;
        }
        self.drop_worse_candidates();
    }

    /// Adds a header whose parent is there, unless it is there already.
    ///
    /// # Panics
    /// If the parent is not there, and there is another entry already.
    pub(crate) fn add_header(&mut self, header: Header) -> EntryId {
        let hash = header.block_hash();
        if let Some(id) = self.find(&hash) {
            return id;
        }
        let id = EntryId(u32::try_from(self.entries.len()).expect("ids have 32 bits"));
        let parent = self.find(&header.prev_blockhash);
        assert!(
            parent.is_some() || self.entries.is_empty(),
            "only the genesis block has no parent"
        );
        let own_work = block_work(header.bits);
        let (height, chain_work, latest_time, failure) = match parent.map(|parent| self.entry(parent)) {
            Some(parent) => (
                parent.height + 1,
                parent.chain_work + own_work,
                parent.latest_time.max(header.time),
                match parent.failure {
                    Failure::None => Failure::None,
                    Failure::Own | Failure::Ancestor => Failure::Ancestor,
                },
            ),
            None => (0, own_work, header.time, Failure::None),
        };
        let skip = parent.and_then(|parent| self.ancestor(parent, skip::skip_height(height)));
        self.entries.push(Entry {
            header,
            hash,
            height,
            parent,
            skip,
            chain_work,
            latest_time,
            validity: Validity::Header,
            is_segwit: false,
            failure,
            transactions: 0,
            chain_transactions: 0,
            position: None,
            undo_position: None,
            sequence: 0,
        });
        self.by_hash.insert(hash, id);
        self.changed.insert(id);
        self.consider_header(id);
        self.consider_invalid(id);
        id
    }

    fn consider_header(&mut self, id: EntryId) {
        let entry = self.entry(id);
        let best_work = self.best_header.map(|best| self.entry(best).chain_work);
        if entry.failure == Failure::None && best_work.is_none_or(|best| best < entry.chain_work) {
            self.best_header = Some(id);
        }
    }

    /// Looks for the best header anew, after some were found invalid or are not taken to be invalid any more.
    pub(crate) fn find_best_header(&mut self) {
        self.best_header = None;
        for number in 0..self.entries.len() {
            self.consider_header(EntryId(u32::try_from(number).expect("ids have 32 bits")));
        }
    }

    /// The ancestor of a block at a height, which is not above its own.
    #[must_use]
    pub fn ancestor(&self, id: EntryId, height: u32) -> Option<EntryId> {
        let mut id = id;
        if height > self.entry(id).height {
            return None;
        }
        loop {
            let entry = self.entry(id);
            if entry.height == height {
                return Some(id);
            }
            id = match entry.skip {
                Some(skip) if skip::is_worthwhile(height, entry.height) => skip,
                _ => entry.parent?,
            };
        }
    }

    /// The last block that two blocks' chains have in common.
    #[must_use]
    pub fn fork(&self, one: EntryId, other: EntryId) -> EntryId {
        let height = self.entry(one).height.min(self.entry(other).height);
        let at_height = |id| self.ancestor(id, height).expect("it is not above the block");
        let (mut one, mut other) = (at_height(one), at_height(other));
        while one != other {
            let parent = |id| {
                self.entry(id)
                    .parent
                    .expect("all blocks have the genesis block in common")
            };
            (one, other) = (parent(one), parent(other));
        }
        one
    }

    /// A block and all before it, the block itself first.
    pub fn chain(&self, id: EntryId) -> impl Iterator<Item = EntryId> + '_ {
        std::iter::successors(Some(id), |id| self.entry(*id).parent)
    }

    /// The median of the times of a block and the ten before it, in seconds since 1970.
    #[must_use]
    pub fn median_time_past(&self, id: EntryId) -> u32 {
        let times = self
            .chain(id)
            .take(MEDIAN_OF)
            .map(|id| self.entry(id).header.time);
        median_time_past(times)
    }

    /// What retargeting needs to know of a block.
    #[must_use]
    pub fn chain_entry(&self, id: EntryId) -> ChainEntry {
        let entry = self.entry(id);
        ChainEntry {
            height: entry.height,
            time: entry.header.time,
            bits: entry.header.bits,
        }
    }

    /// All tips: blocks that no other one extends, and the active tip.
    #[must_use]
    pub fn tips(&self) -> Vec<EntryId> {
        let parents: std::collections::HashSet<EntryId> =
            self.entries.iter().filter_map(|entry| entry.parent).collect();
        self.iter()
            .map(|(id, _)| id)
            .filter(|id| !parents.contains(id) || self.tip() == Some(*id))
            .collect()
    }

    /// The record of an entry, for the disk.
    #[must_use]
    pub fn record(&self, id: EntryId) -> IndexRecord {
        let entry = self.entry(id);
        IndexRecord {
            header: entry.header,
            height: entry.height,
            validity: entry.validity,
            is_segwit: entry.is_segwit,
            failure: entry.failure,
            transactions: entry.transactions,
            position: entry.position,
            undo_position: entry.undo_position,
        }
    }

    /// The entries whose records are not up to date on disk, which are taken to be so from now on.
    pub(crate) fn take_changed(&mut self) -> Vec<EntryId> {
        std::mem::take(&mut self.changed).into_iter().collect()
    }

    /// Takes back [`take_changed`](Self::take_changed), after writing has failed.
    pub(crate) fn put_back_changed(&mut self, changed: Vec<EntryId>) {
        self.changed.extend(changed);
    }

    /// The work of a chain up to a block.
    #[must_use]
    pub fn chain_work(&self, id: EntryId) -> Work {
        self.entry(id).chain_work
    }
}
