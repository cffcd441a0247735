//! Remembering which nodes were reached.

use super::{AddressManager, Id, Place, Table};
use crate::bucket::NEW_BUCKETS;
use crate::endpoint::Endpoint;
use crate::entry::PeerAddress;

/// How many entries may wait for places that others have.
const MAX_COLLISIONS: usize = 10;

/// How long a node that was reached keeps its place, in seconds.
const REPLACEMENT: u64 = 4 * 60 * 60;

/// How long it may take to find out whether a node still answers, in seconds.
const TEST_WINDOW: u64 = 40 * 60;

/// How long a node that is tried has to answer, in seconds.
const ANSWER: u64 = 60;

impl AddressManager {
    /// Notes that a node was reached, and moves it to the tried ones. Where its place there is taken, it waits until
    /// [`resolve_collisions`](Self::resolve_collisions) finds that free. Whether it was moved.
    pub fn good(&mut self, endpoint: &Endpoint, now: u64) -> bool {
        self.reached(endpoint, true, now)
    }

    fn reached(&mut self, endpoint: &Endpoint, waits: bool, now: u64) -> bool {
        self.last_good = now;
        let Some(id) = self.ids.get(endpoint).copied() else {
            return false;
        };
        let entry = self.entry_mut(id);
        entry.last_success = i64::try_from(now).unwrap_or(i64::MAX);
        entry.last_try = now;
        entry.attempts = 0;
        // When it was seen stays as it is: it would tell others whom we are connected to.
        if entry.is_tried {
            return false;
        }
        let place = self.tried_place(endpoint);
        if waits && self.at(Table::Tried, place).is_some() {
            if self.collisions.len() < MAX_COLLISIONS {
                self.collisions.insert(id);
            }
            tracing::debug!(target: "addrman", "the place of {endpoint} among the tried ones is taken");
            return false;
        }
        self.make_tried(id, place);
        true
    }

    fn make_tried(&mut self, id: Id, place: Place) {
        let (endpoint, source) = {
            let entry = self.entry(id);
            (entry.peer.endpoint, entry.source)
        };
        let first = self.key.new_bucket(&endpoint, &source);
        for step in 0..NEW_BUCKETS {
            if self.entry(id).n_places == 0 {
                break;
            }
            let own = self.place_in((first + step) % NEW_BUCKETS, &endpoint);
            if self.at(Table::New, own) == Some(id) {
                self.put(Table::New, own, None);
                self.entry_mut(id).n_places -= 1;
            }
        }
        self.n_new -= 1;
        if let Some(former) = self.at(Table::Tried, place) {
            self.make_new(former, place);
        }
        self.put(Table::Tried, place, Some(id));
        self.n_tried += 1;
        self.entry_mut(id).is_tried = true;
    }

    /// Puts a tried entry back among the new ones.
    fn make_new(&mut self, id: Id, place: Place) {
        self.put(Table::Tried, place, None);
        self.n_tried -= 1;
        let entry = self.entry_mut(id);
        entry.is_tried = false;
        let (endpoint, source) = (entry.peer.endpoint, entry.source);
        let back = self.new_place(&endpoint, &source);
        self.clear(back);
        self.put(Table::New, back, Some(id));
        self.entry_mut(id).n_places = 1;
        self.n_new += 1;
    }

    /// Gives places among the tried ones to those that wait, where who has them is known to fail.
    pub fn resolve_collisions(&mut self, now: u64) {
        for id in self.collisions.clone() {
            if self.is_settled(id, now) {
                self.collisions.remove(&id);
            }
        }
    }

    /// Whether an entry need not wait any longer, which may now have its place.
    fn is_settled(&mut self, id: Id, now: u64) -> bool {
        let Some(entry) = self.entries.get(&id).filter(|entry| !entry.is_tried) else {
            return true;
        };
        let endpoint = entry.peer.endpoint;
        let waited = now.saturating_sub(entry.reached());
        let Some(former) = self.at(Table::Tried, self.tried_place(&endpoint)) else {
            self.reached(&endpoint, false, now);
            return true;
        };
        let former = self.entry(former);
        let since_try = now.saturating_sub(former.last_try);
        if now.saturating_sub(former.reached()) < REPLACEMENT {
            return true;
        }
        let fails = since_try < REPLACEMENT && since_try > ANSWER;
        let was_not_tested = since_try >= REPLACEMENT && waited > TEST_WINDOW;
        if fails || was_not_tested {
            self.reached(&endpoint, false, now);
        }
        fails || was_not_tested
    }

    /// One of the tried nodes whose place another waits for, so that it can be found out whether it still answers.
    pub fn select_collision(&mut self) -> Option<PeerAddress> {
        let known = &self.entries;
        self.collisions.retain(|id| known.contains_key(id));
        if self.collisions.is_empty() {
            return None;
        }
        let chosen = self.random.below(self.collisions.len());
        let id = self.collisions.iter().nth(chosen).copied()?;
        let place = self.tried_place(&self.entry(id).peer.endpoint);
        Some(self.entry(self.at(Table::Tried, place)?).peer)
    }
}
