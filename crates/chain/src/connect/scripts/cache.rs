//! Transactions whose scripts were verified before a block has them.
//!
//! Only the rules of blocks count here: who adds a transaction has held all of its inputs to
//! [`ScriptFlags::MANDATORY`](consensus::script::ScriptFlags::MANDATORY), and only a block with the same rules may rely on
//! it. A transaction's id with its witnesses stands for all that its scripts can see, because it names what is spent.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bitcoin::Wtxid;

/// What an id takes in a table that has just grown, in bytes: it is half empty, and each place has a byte more.
const ENTRY: usize = 2 * (size_of::<Wtxid>() + 1);

/// How much memory it takes unless somebody says otherwise, in bytes.
const DEFAULT_BYTES: usize = 32 << 20;

/// Transactions whose scripts need not run again. When there is no room left, the older half of them is forgotten.
#[derive(Debug)]
pub struct ScriptCache {
    known: Mutex<Known>,
}

/// Places in the tables depend on a number that nobody knows: each process has another one.
#[derive(Debug)]
struct Known {
    newer: HashSet<Wtxid>,
    older: HashSet<Wtxid>,
    /// How many each half may have.
    half: usize,
}

impl Default for ScriptCache {
    fn default() -> Self {
        Self {
            known: Mutex::new(Known {
                newer: HashSet::new(),
                older: HashSet::new(),
                half: half_of(DEFAULT_BYTES),
            }),
        }
    }
}

impl ScriptCache {
    /// Lets it take so much memory, in bytes (`-maxsigcachesize`), and forgets all.
    pub fn resize(&self, bytes: usize) {
        *self.lock() = Known {
            newer: HashSet::new(),
            older: HashSet::new(),
            half: half_of(bytes),
        };
    }

    /// Remembers a transaction all of whose inputs were found to be valid by the rules of blocks.
    pub fn add(&self, wtxid: Wtxid) {
        let mut known = self.lock();
        if known.half == 0 || known.older.contains(&wtxid) {
            return;
        }
        if known.newer.len() >= known.half {
            known.older = std::mem::take(&mut known.newer);
        }
        known.newer.insert(wtxid);
    }

    /// Whether a transaction was remembered. Its id is asked for only if there are any.
    pub(super) fn has(&self, wtxid: impl FnOnce() -> Wtxid) -> bool {
        if self.lock().newer.is_empty() {
            return false;
        }
        let wtxid = wtxid();
        let known = self.lock();
        known.newer.contains(&wtxid) || known.older.contains(&wtxid)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many ids are half of what so many bytes have room for.
fn half_of(bytes: usize) -> usize {
    bytes / ENTRY / 2
}

#[cfg(test)]
mod tests {
    use bitcoin::hashes::Hash as _;

    use super::*;

    fn id(number: u8) -> Wtxid {
        Wtxid::from_byte_array([number; 32])
    }

    fn known(cache: &ScriptCache) -> Vec<u8> {
        (0..=u8::MAX).filter(|number| cache.has(|| id(*number))).collect()
    }

    #[test]
    fn the_newest_are_kept_and_no_more_than_there_is_room_for() {
        let cache = ScriptCache::default();
        cache.resize(6 * ENTRY);
        for number in 0..6 {
            cache.add(id(number));
        }
        assert_eq!(known(&cache), [0, 1, 2, 3, 4, 5]);
        cache.add(id(0));
        cache.add(id(6));
        assert_eq!(known(&cache), [3, 4, 5, 6]);
        for number in 0..200 {
            cache.add(id(number));
            let known = known(&cache);
            assert!(known.len() <= 6 && known.contains(&number), "{known:?}");
        }
    }

    #[test]
    fn without_room_nothing_is_kept() {
        let cache = ScriptCache::default();
        cache.add(id(1));
        cache.resize(2 * ENTRY - 1);
        cache.add(id(2));
        assert_eq!(known(&cache), [] as [u8; 0]);
        assert!(!cache.has(|| unreachable!("there is none")));
    }
}
