//! Which nodes a node remembers.

mod add;
mod good;
mod select;

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use crate::bucket::{BUCKET_SIZE, Key, NEW_BUCKETS, TRIED_BUCKETS};
use crate::endpoint::Endpoint;
use crate::entry::Entry;
use crate::network::Network;
use crate::random::Random;

/// The number of an entry.
pub(crate) type Id = u32;

/// How many buckets an address may be in that was not tried.
pub(crate) const MAX_PLACES: usize = 8;

/// One of the two tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Table {
    /// Addresses that were told of.
    New,
    /// Addresses that were reached.
    Tried,
}

/// A place in a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The bucket.
    pub bucket: usize,
    /// The place in it.
    pub position: usize,
}

impl Place {
    fn index(self) -> usize {
        self.bucket * BUCKET_SIZE + self.position
    }

    fn from_index(index: usize) -> Self {
        Self {
            bucket: index / BUCKET_SIZE,
            position: index % BUCKET_SIZE,
        }
    }
}

/// The nodes that a node remembers, in two tables of buckets. In which buckets an address may be depends on a secret, on
/// its [group](crate::NetAddress), and, as long as it was not reached, on the group of those who told of it: someone
/// with few groups of addresses reaches few buckets, whatever he tells.
///
/// Times are in seconds since 1970.
pub struct AddressManager {
    pub(crate) key: Key,
    pub(crate) random: Random,
    pub(crate) entries: HashMap<Id, Entry>,
    pub(crate) ids: HashMap<Endpoint, Id>,
    /// All entries, in an order that changes at random as it is used.
    pub(crate) order: Vec<Id>,
    new: Vec<Option<Id>>,
    tried: Vec<Option<Id>>,
    pub(crate) n_new: usize,
    pub(crate) n_tried: usize,
    next_id: Id,
    /// When a node was last reached.
    last_good: u64,
    /// Entries that wait for their place among the tried ones, until what is there is known to fail.
    collisions: BTreeSet<Id>,
}

impl AddressManager {
    /// A manager that remembers nobody, with a secret of its own.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn new() -> Result<Self, getrandom::Error> {
        let (mut key, mut seed) = ([0; 32], [0; 32]);
        getrandom::fill(&mut key)?;
        getrandom::fill(&mut seed)?;
        Ok(Self::with_secrets(Key(key), &seed))
    }

    pub(crate) fn with_secrets(key: Key, seed: &[u8; 32]) -> Self {
        Self {
            key,
            random: Random::new(seed),
            entries: HashMap::new(),
            ids: HashMap::new(),
            order: Vec::new(),
            new: vec![None; NEW_BUCKETS * BUCKET_SIZE],
            tried: vec![None; TRIED_BUCKETS * BUCKET_SIZE],
            n_new: 0,
            n_tried: 0,
            next_id: 0,
            last_good: 1,
            collisions: BTreeSet::new(),
        }
    }

    /// How many addresses there are, of one table or both, of one network or all.
    #[must_use]
    pub fn len(&self, network: Option<Network>, table: Option<Table>) -> usize {
        let counts = |entry: &&Entry| {
            network.is_none_or(|network| entry.peer.endpoint.address.network() == network)
                && table.is_none_or(|table| entry.is_tried == (table == Table::Tried))
        };
        self.entries.values().filter(counts).count()
    }

    /// Whether it remembers nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What is in a table, in the order of the places. What was not tried may be in several.
    pub fn entries(&self, table: Table) -> impl Iterator<Item = (Place, &Entry)> {
        let places = self.table(table).iter().enumerate();
        places.filter_map(|(index, id)| Some((Place::from_index(index), self.entries.get(&(*id)?)?)))
    }

    /// Notes that a node was tried. `counts` says whether not reaching it would be its fault, and not that of this
    /// machine's connection.
    pub fn attempt(&mut self, endpoint: &Endpoint, counts: bool, now: u64) {
        let last_good = self.last_good;
        if let Some(entry) = self.find_mut(endpoint) {
            entry.last_try = now;
            if counts && entry.last_counted < last_good {
                entry.last_counted = now;
                entry.attempts += 1;
            }
        }
    }

    /// Notes at the end of a connection that the node was there, 20 minutes exactly at most.
    pub fn connected(&mut self, endpoint: &Endpoint, now: u64) {
        if let Some(entry) = self.find_mut(endpoint)
            && now > entry.peer.time + 20 * 60
        {
            entry.peer.time = now;
        }
    }

    /// Notes what a node offers, as it says itself.
    pub fn set_services(&mut self, endpoint: &Endpoint, services: u64) {
        if let Some(entry) = self.find_mut(endpoint) {
            entry.peer.services = services;
        }
    }

    fn find_mut(&mut self, endpoint: &Endpoint) -> Option<&mut Entry> {
        let id = self.ids.get(endpoint)?;
        self.entries.get_mut(id)
    }

    pub(crate) fn entry(&self, id: Id) -> &Entry {
        self.entries
            .get(&id)
            .expect("tables and orders name entries alone")
    }

    pub(crate) fn entry_mut(&mut self, id: Id) -> &mut Entry {
        self.entries
            .get_mut(&id)
            .expect("tables and orders name entries alone")
    }

    pub(crate) fn table(&self, table: Table) -> &[Option<Id>] {
        match table {
            Table::New => &self.new,
            Table::Tried => &self.tried,
        }
    }

    pub(crate) fn at(&self, table: Table, place: Place) -> Option<Id> {
        self.table(table)[place.index()]
    }

    pub(crate) fn put(&mut self, table: Table, place: Place, id: Option<Id>) {
        match table {
            Table::New => self.new[place.index()] = id,
            Table::Tried => self.tried[place.index()] = id,
        }
    }

    /// Where an address belongs among the tried ones.
    pub(crate) fn tried_place(&self, endpoint: &Endpoint) -> Place {
        let bucket = self.key.tried_bucket(endpoint);
        Place {
            bucket,
            position: self.key.position(Table::Tried, bucket, endpoint),
        }
    }

    /// Where an address belongs among the new ones when this source tells of it.
    pub(crate) fn new_place(&self, endpoint: &Endpoint, source: &crate::NetAddress) -> Place {
        self.place_in(self.key.new_bucket(endpoint, source), endpoint)
    }

    /// An address's place in a bucket of new ones.
    pub(crate) fn place_in(&self, bucket: usize, endpoint: &Endpoint) -> Place {
        Place {
            bucket,
            position: self.key.position(Table::New, bucket, endpoint),
        }
    }

    /// Remembers an entry, which is in no table yet.
    pub(crate) fn create(&mut self, mut entry: Entry) -> Id {
        let id = self.next_id;
        self.next_id += 1;
        entry.position = self.order.len();
        self.order.push(id);
        self.ids.insert(entry.peer.endpoint, id);
        self.entries.insert(id, entry);
        id
    }

    /// Forgets an entry that is in no table.
    pub(crate) fn forget(&mut self, id: Id) {
        let position = self.entry(id).position;
        self.swap(position, self.order.len() - 1);
        self.order.pop();
        let endpoint = self.entry(id).peer.endpoint;
        self.ids.remove(&endpoint);
        self.entries.remove(&id);
    }

    /// Lets two entries change their places in the random order.
    pub(crate) fn swap(&mut self, first: usize, second: usize) {
        self.order.swap(first, second);
        for position in [first, second] {
            let id = self.order[position];
            self.entry_mut(id).position = position;
        }
    }

    /// Empties a place among the new ones, and forgets what is in no other.
    pub(crate) fn clear(&mut self, place: Place) {
        let Some(id) = self.at(Table::New, place) else {
            return;
        };
        self.put(Table::New, place, None);
        let entry = self.entry_mut(id);
        entry.n_places -= 1;
        if entry.n_places == 0 {
            self.n_new -= 1;
            self.forget(id);
        }
    }
}

impl fmt::Debug for AddressManager {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AddressManager")
            .field("new", &self.n_new)
            .field("tried", &self.n_tried)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod tests;
