//! Choosing nodes.

use super::{AddressManager, Id, Place, Table};
use crate::bucket::{BUCKET_SIZE, NEW_BUCKETS, TRIED_BUCKETS};
use crate::entry::PeerAddress;
use crate::network::Network;

impl AddressManager {
    /// A node to connect to, of one network or any, with the time of the last try: as often a tried one as a new one, and
    /// seldom one that failed lately. With `new_only`, one that was never reached.
    pub fn select(
        &mut self,
        new_only: bool,
        network: Option<Network>,
        now: u64,
    ) -> Option<(PeerAddress, u64)> {
        let n_new = self.len(network, Some(Table::New));
        let n_tried = match new_only {
            true => 0,
            false => self.len(network, Some(Table::Tried)),
        };
        let (table, buckets) = match (n_new, n_tried) {
            (0, 0) => return None,
            (0, _) => (Table::Tried, TRIED_BUCKETS),
            (_, 0) => (Table::New, NEW_BUCKETS),
            _ if self.random.below(2) == 0 => (Table::Tried, TRIED_BUCKETS),
            _ => (Table::New, NEW_BUCKETS),
        };
        let mut factor = 1.0;
        loop {
            let Some(id) = self.come_upon(table, buckets, network) else {
                continue;
            };
            let chance = factor * self.entry(id).chance(now);
            if self.random.happens(chance) {
                let entry = self.entry(id);
                return Some((entry.peer, entry.last_try));
            }
            factor *= 1.2;
        }
    }

    /// What comes next in some bucket from some place on; often nothing.
    fn come_upon(&mut self, table: Table, buckets: usize, network: Option<Network>) -> Option<Id> {
        let bucket = self.random.below(buckets);
        let first = self.random.below(BUCKET_SIZE);
        (0..BUCKET_SIZE).find_map(|step| {
            let position = (first + step) % BUCKET_SIZE;
            let id = self.at(table, Place { bucket, position })?;
            let own = self.entry(id).peer.endpoint.address.network();
            network.is_none_or(|network| network == own).then_some(id)
        })
    }

    /// Nodes to tell others of, in a random order: up to so many and to such a part of all, of one network or any. 0 means
    /// that there is no such limit.
    pub fn addresses(
        &mut self,
        max: usize,
        max_percent: usize,
        network: Option<Network>,
        now: u64,
    ) -> Vec<PeerAddress> {
        let n_all = self.order.len();
        let mut count = match max_percent {
            0 => n_all,
            percent => percent * n_all / 100,
        };
        if max != 0 {
            count = count.min(max);
        }
        let mut chosen = Vec::new();
        for position in 0..n_all {
            if chosen.len() >= count {
                break;
            }
            let other = position + self.random.below(n_all - position);
            self.swap(position, other);
            let entry = self.entry(self.order[position]);
            let class = entry.peer.endpoint.address.class();
            if network.is_none_or(|network| network == class) && !entry.is_terrible(now) {
                chosen.push(entry.peer);
            }
        }
        chosen
    }
}
