//! Whether all that is kept of the same thing agrees.

use std::collections::HashMap;

use crate::manager::{AddressManager, Id, MAX_PLACES, Table};

/// Tables and entries do not agree. The numbers are upstream's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Corrupt data. Consistency check failed with code {0}")]
pub struct Inconsistency(pub i32);

impl AddressManager {
    /// Checks that tables, entries and orders agree.
    ///
    /// # Errors
    /// The first [`Inconsistency`] that is found.
    pub fn check(&self) -> Result<(), Inconsistency> {
        ensure(self.order.len() == self.n_new + self.n_tried, -7)?;
        let mut n_tried = 0;
        let mut places: HashMap<Id, usize> = HashMap::new();
        for (id, entry) in &self.entries {
            if entry.is_tried {
                ensure(entry.last_success != 0, -1)?;
                ensure(entry.n_places == 0, -2)?;
                n_tried += 1;
            } else {
                ensure(entry.n_places <= MAX_PLACES, -3)?;
                ensure(entry.n_places > 0, -4)?;
                places.insert(*id, entry.n_places);
            }
            ensure(self.ids.get(&entry.peer.endpoint) == Some(id), -5)?;
            ensure(self.order.get(entry.position) == Some(id), -14)?;
            ensure(entry.last_success >= 0, -8)?;
        }
        ensure(n_tried == self.n_tried, -9)?;
        ensure(places.len() == self.n_new, -10)?;
        self.check_tried()?;
        self.check_new(places)?;
        ensure(self.key.0 != [0; 32], -16)
    }

    fn check_tried(&self) -> Result<(), Inconsistency> {
        let mut n_tried = 0;
        for (place, entry) in self.entries(Table::Tried) {
            ensure(entry.is_tried, -11)?;
            let expected = self.tried_place(&entry.peer.endpoint);
            ensure(expected.bucket == place.bucket, -17)?;
            ensure(expected.position == place.position, -18)?;
            n_tried += 1;
        }
        ensure(n_tried == self.n_tried, -13)
    }

    fn check_new(&self, mut places: HashMap<Id, usize>) -> Result<(), Inconsistency> {
        for (place, entry) in self.entries(Table::New) {
            let id = self.ids.get(&entry.peer.endpoint).ok_or(Inconsistency(-12))?;
            let left = places.get_mut(id).ok_or(Inconsistency(-12))?;
            ensure(self.place_in(place.bucket, &entry.peer.endpoint) == place, -19)?;
            *left -= 1;
            if *left == 0 {
                places.remove(id);
            }
        }
        ensure(places.is_empty(), -15)
    }
}

fn ensure(holds: bool, code: i32) -> Result<(), Inconsistency> {
    holds.then_some(()).ok_or(Inconsistency(code))
}
