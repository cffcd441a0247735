//! From the bytes of `peers.dat` to what they say, or what is wrong with them.

use bitcoin::hashes::{Hash as _, sha256d};

use super::address::{Form, read_entry};
use super::bytes::Bytes;
use super::{BUCKETS_MASK, FORMAT, INCOMPATIBLE, MAP_HASH};
use crate::bucket::{BUCKET_SIZE, Key, NEW_BUCKETS, TRIED_BUCKETS};
use crate::check::Inconsistency;
use crate::entry::Entry;
use crate::manager::{AddressManager, Id, MAX_PLACES, Place, Table};

/// The first format with another number of buckets than it says.
const MASKED_BUCKETS: u8 = 1;
/// The first format that says which map of autonomous systems was used.
const MAPPED: u8 = 2;
/// The first format with addresses as in BIP 155.
const WITH_BIP155: u8 = 3;

/// The file cannot be read. Texts are Bitcoin Core's, which rigs match.
#[derive(Debug, thiserror::Error)]
pub enum PeersError {
    /// The file ends too early.
    #[error("AutoFile::read: end of file: iostream error")]
    End,
    /// It belongs to another chain.
    #[error("Invalid network magic number")]
    Magic,
    /// The format cannot be told.
    #[error(
        "Corrupted addrman database: The compat value ({found}) is lower than the expected minimum value {INCOMPATIBLE}.: \
         iostream error"
    )]
    Compatibility {
        /// What stands there.
        found: u8,
    },
    /// A later version has written it.
    #[error(
        "Unsupported format of addrman database: {format}. It is compatible with formats >={oldest}, but the maximum \
         supported by this version is {FORMAT}: iostream error"
    )]
    Unsupported {
        /// The format.
        format: u8,
        /// The oldest that its readers must know.
        oldest: u8,
    },
    /// There are more entries than a table holds, or fewer than none.
    #[error("Corrupt AddrMan serialization: {name}={found}, should be in [0, {max}]: iostream error")]
    Count {
        /// The table's number by upstream's name.
        name: &'static str,
        /// What stands there.
        found: i32,
        /// How many there may be.
        max: usize,
    },
    /// An entry has a form that is not known.
    #[error("Unsupported CAddress disk format version: iostream error")]
    EntryVersion,
    /// An address is longer than any.
    #[error("Address too long: {length} > 512: iostream error")]
    LongAddress {
        /// Its length.
        length: u64,
    },
    /// An address has not its network's length.
    #[error("BIP155 {name} address with length {length} (should be {expected}): iostream error")]
    AddressLength {
        /// The network.
        name: &'static str,
        /// The address's length.
        length: u64,
        /// The network's.
        expected: u64,
    },
    /// A number has more bytes than it needs.
    #[error("non-canonical ReadCompactSize(): iostream error")]
    LongNumber,
    /// What stands there contradicts itself.
    #[error("{0}: iostream error")]
    Inconsistent(#[from] Inconsistency),
    /// The file was changed after it was written.
    #[error("Checksum mismatch, data corrupted")]
    Checksum,
    /// The system has no random numbers.
    #[error("no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

/// Reads what [`write`](super::write) has written for a chain of this magic.
///
/// # Errors
/// [`PeersError`], whose [`Unsupported`](PeersError::Unsupported) means that the file is fine, and somebody else's.
pub fn read(file: &[u8], magic: [u8; 4]) -> Result<AddressManager, PeersError> {
    let mut bytes = Bytes(file);
    if bytes.array()? != magic {
        return Err(PeersError::Magic);
    }
    let format = bytes.byte()?;
    let found = bytes.byte()?;
    let oldest = found
        .checked_sub(INCOMPATIBLE)
        .ok_or(PeersError::Compatibility { found })?;
    if oldest > FORMAT {
        return Err(PeersError::Unsupported { format, oldest });
    }
    let manager = read_tables(&mut bytes, format)?;
    let length = file.len() - bytes.0.len();
    let hash: [u8; 32] = bytes.array()?;
    match sha256d::Hash::hash(&file[..length]).to_byte_array() == hash {
        true => Ok(manager),
        false => Err(PeersError::Checksum),
    }
}

fn read_tables(bytes: &mut Bytes<'_>, format: u8) -> Result<AddressManager, PeersError> {
    let key = Key(bytes.array()?);
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    let mut manager = AddressManager::with_secrets(key, &seed);
    let n_new = bytes.i32()?;
    let n_tried = bytes.i32()?;
    let n_buckets = bytes.u32()?;
    let n_buckets = match format >= MASKED_BUCKETS {
        true => n_buckets ^ BUCKETS_MASK,
        false => n_buckets,
    };
    let n_new = count("nNew", n_new, NEW_BUCKETS * BUCKET_SIZE)?;
    let n_tried = count("nTried", n_tried, TRIED_BUCKETS * BUCKET_SIZE)?;
    let form = match format >= WITH_BIP155 {
        true => Form::Bip155,
        false => Form::Old,
    };
    let mut new = Vec::new();
    for _ in 0..n_new {
        new.push(manager.create(read_entry(bytes, form)?));
    }
    manager.n_new = n_new;
    for _ in 0..n_tried {
        put_tried(&mut manager, read_entry(bytes, form)?);
    }
    let buckets = read_buckets(bytes, n_buckets)?;
    let map_hash: [u8; MAP_HASH] = match format >= MAPPED {
        true => bytes.array()?,
        false => [0; MAP_HASH],
    };
    let is_restored = n_buckets as usize == NEW_BUCKETS && map_hash == [0; MAP_HASH];
    for (bucket, index) in buckets {
        if let Some(id) = usize::try_from(index).ok().and_then(|index| new.get(index)) {
            put_new(&mut manager, *id, is_restored.then_some(bucket));
        }
    }
    for id in new {
        if manager.entry(id).n_places == 0 {
            manager.n_new -= 1;
            manager.forget(id);
        }
    }
    manager.check()?;
    Ok(manager)
}

fn count(name: &'static str, found: i32, max: usize) -> Result<usize, PeersError> {
    let count = usize::try_from(found).ok().filter(|count| *count <= max);
    count.ok_or(PeersError::Count { name, found, max })
}

/// Puts a tried entry into its place. One whose place is taken is lost.
fn put_tried(manager: &mut AddressManager, mut entry: Entry) {
    let endpoint = entry.peer.endpoint;
    let place = manager.tried_place(&endpoint);
    if !endpoint.address.is_valid() || manager.at(Table::Tried, place).is_some() {
        return;
    }
    entry.is_tried = true;
    let id = manager.create(entry);
    manager.put(Table::Tried, place, Some(id));
    manager.n_tried += 1;
}

/// Which entry, by its place among the new ones, is in which bucket.
fn read_buckets(bytes: &mut Bytes<'_>, n_buckets: u32) -> Result<Vec<(usize, u32)>, PeersError> {
    let mut found = Vec::new();
    // A negative number of them is none, as upstream has it.
    let n_buckets = u32::try_from(n_buckets.cast_signed()).unwrap_or(0);
    for bucket in 0..n_buckets {
        for _ in 0..bytes.i32()? {
            found.push((bucket as usize, bytes.u32()?));
        }
    }
    Ok(found)
}

/// Puts a new entry into a bucket again; where that cannot be, into the one in which its source would put it.
fn put_new(manager: &mut AddressManager, id: Id, bucket: Option<usize>) {
    let entry = manager.entry(id);
    let (endpoint, source) = (entry.peer.endpoint, entry.source);
    if !endpoint.address.is_valid() || entry.n_places >= MAX_PLACES {
        return;
    }
    let is_free = |manager: &AddressManager, place: &Place| manager.at(Table::New, *place).is_none();
    let place = bucket
        .map(|bucket| manager.place_in(bucket, &endpoint))
        .filter(|place| is_free(manager, place))
        .or_else(|| Some(manager.new_place(&endpoint, &source)).filter(|place| is_free(manager, place)));
    if let Some(place) = place {
        manager.put(Table::New, place, Some(id));
        manager.entry_mut(id).n_places += 1;
    }
}
