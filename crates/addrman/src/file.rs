//! `peers.dat`: a network's magic, both tables, and a hash of all that.
//!
//! Which entry is in which bucket is kept only for the new ones; the rest follows from the secret. The format is Bitcoin
//! Core's fourth, and those before it are read too.

mod address;
mod bytes;
mod read;

use bitcoin::hashes::{Hash as _, sha256d};

pub use read::{PeersError, read};

use crate::bucket::NEW_BUCKETS;
use crate::manager::{AddressManager, Id, Table};
use address::write_entry;

/// The format that is written, and the oldest whose readers can read it.
const FORMAT: u8 = 4;

/// What is added to the number of the oldest format, so that very old readers refuse the file.
const INCOMPATIBLE: u8 = 32;

/// What the number of buckets is combined with, for the same reason.
const BUCKETS_MASK: u32 = 1 << 30;

/// The length of what tells which map of autonomous systems was used: zeros, as none is.
const MAP_HASH: usize = 32;

/// The bytes of the file.
#[must_use]
pub fn write(manager: &AddressManager, magic: [u8; 4]) -> Vec<u8> {
    let mut bytes = magic.to_vec();
    bytes.extend([FORMAT, INCOMPATIBLE + FORMAT]);
    bytes.extend(manager.key.0);
    for number in [
        manager.n_new,
        manager.n_tried,
        NEW_BUCKETS ^ BUCKETS_MASK as usize,
    ] {
        bytes.extend(word(number));
    }
    let mut ids: Vec<Id> = manager.entries.keys().copied().collect();
    ids.sort_unstable();
    let (tried, new): (Vec<Id>, Vec<Id>) = ids.into_iter().partition(|id| manager.entry(*id).is_tried);
    for id in new.iter().chain(&tried) {
        write_entry(&mut bytes, manager.entry(*id));
    }
    for bucket in manager.table(Table::New).chunks(crate::bucket::BUCKET_SIZE) {
        let present: Vec<Id> = bucket.iter().copied().flatten().collect();
        bytes.extend(word(present.len()));
        for id in present {
            let index = new
                .binary_search(&id)
                .expect("what is in the new table is not tried");
            bytes.extend(word(index));
        }
    }
    bytes.extend([0; MAP_HASH]);
    let hash = sha256d::Hash::hash(&bytes);
    bytes.extend(hash.to_byte_array());
    bytes
}

fn word(number: usize) -> [u8; 4] {
    u32::try_from(number)
        .expect("the tables hold less than that")
        .to_le_bytes()
}

#[cfg(test)]
mod tests;
