//! Remembering addresses that others tell.

use super::{AddressManager, MAX_PLACES, Table};
use crate::address::NetAddress;
use crate::entry::{Entry, PeerAddress};

const HOUR: u64 = 60 * 60;
const DAY: u64 = 24 * HOUR;

impl AddressManager {
    /// Remembers addresses of which a node tells, except those that nobody can connect to. `penalty` is how many seconds
    /// older they are taken to be than they are said to be. Whether one of them got a place that it did not have.
    pub fn add(&mut self, peers: &[PeerAddress], source: &NetAddress, penalty: u64, now: u64) -> bool {
        let mut n_added = 0_usize;
        for peer in peers {
            n_added += usize::from(self.add_one(*peer, source, penalty, now));
        }
        if n_added > 0 {
            tracing::debug!(
                target: "addrman",
                "Added {n_added} addresses (of {}) from {source}: {} tried, {} new",
                peers.len(),
                self.n_tried,
                self.n_new
            );
        }
        n_added > 0
    }

    fn add_one(&mut self, peer: PeerAddress, source: &NetAddress, penalty: u64, now: u64) -> bool {
        let endpoint = peer.endpoint;
        if !endpoint.address.is_routable() {
            return false;
        }
        // What a node says of itself is taken as it is.
        let penalty = if endpoint.address == *source { 0 } else { penalty };
        let id = match self.ids.get(&endpoint).copied() {
            Some(id) => {
                if !self.learns(id, peer, penalty, now) {
                    return false;
                }
                id
            }
            None => {
                let time = peer.time.saturating_sub(penalty);
                self.n_new += 1;
                self.create(Entry::new(PeerAddress { time, ..peer }, *source))
            }
        };
        let place = self.new_place(&endpoint, source);
        let present = self.at(Table::New, place);
        if present == Some(id) {
            return false;
        }
        let n_places = self.entry(id).n_places;
        let gives_way = present.is_none_or(|present| {
            let present = self.entry(present);
            present.is_terrible(now) || (present.n_places > 1 && n_places == 0)
        });
        if gives_way {
            self.clear(place);
            self.put(Table::New, place, Some(id));
            self.entry_mut(id).n_places += 1;
        } else if n_places == 0 {
            self.n_new -= 1;
            self.forget(id);
        }
        gives_way
    }

    /// Brings a known entry up to date; whether it should get a further place.
    fn learns(&mut self, id: super::Id, peer: PeerAddress, penalty: u64, now: u64) -> bool {
        let entry = self.entry_mut(id);
        let is_online = now < peer.time + DAY;
        let interval = if is_online { HOUR } else { DAY };
        if entry.peer.time + interval + penalty < peer.time {
            entry.peer.time = peer.time - penalty;
        }
        entry.peer.services |= peer.services;
        if peer.time <= entry.peer.time || entry.is_tried || entry.n_places == MAX_PLACES {
            return false;
        }
        // Each further place is half as likely as the one before.
        let n_places = entry.n_places;
        n_places == 0 || self.random.below(1 << n_places) == 0
    }
}
