//! Where in the tables an address belongs: a secret key decides, so that nobody can aim at a place.

use bitcoin::hashes::{Hash as _, sha256d};

use crate::address::NetAddress;
use crate::endpoint::Endpoint;
use crate::manager::Table;

/// How many buckets there are for new addresses.
pub(crate) const NEW_BUCKETS: usize = 1024;

/// How many buckets there are for tried addresses.
pub(crate) const TRIED_BUCKETS: usize = 256;

/// How many places a bucket has.
pub(crate) const BUCKET_SIZE: usize = 64;

/// Over how many buckets the addresses of a group are spread that were tried.
const BUCKETS_PER_GROUP: u64 = 8;

/// Over how many buckets those are spread that a group has told of.
const BUCKETS_PER_SOURCE_GROUP: u64 = 64;

/// A secret that no two nodes share.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(pub(crate) [u8; 32]);

/// Bytes that are hashed as a whole.
struct Hasher(Vec<u8>);

impl Hasher {
    fn new(key: &Key) -> Self {
        Self(key.0.to_vec())
    }

    fn number(mut self, number: u64) -> Self {
        self.0.extend(number.to_le_bytes());
        self
    }

    fn plain(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    fn counted(mut self, bytes: &[u8]) -> Self {
        // No key and no group is longer than 252 bytes, up to which the count is one byte.
        self.0.push(u8::try_from(bytes.len()).unwrap_or(u8::MAX));
        self.0.extend(bytes);
        self
    }

    /// The hash's first eight bytes.
    fn finish(self) -> u64 {
        let hash = sha256d::Hash::hash(&self.0).to_byte_array();
        hash.iter()
            .take(8)
            .rev()
            .fold(0, |number, byte| (number << 8) | u64::from(*byte))
    }
}

impl Key {
    /// The bucket of a tried address.
    pub(crate) fn tried_bucket(&self, endpoint: &Endpoint) -> usize {
        let spread = Hasher::new(self).counted(&endpoint.key()).finish();
        let hash = Hasher::new(self)
            .counted(&endpoint.address.group())
            .number(spread % BUCKETS_PER_GROUP)
            .finish();
        remainder(hash, TRIED_BUCKETS)
    }

    /// The bucket of a new address that this source told of.
    pub(crate) fn new_bucket(&self, endpoint: &Endpoint, source: &NetAddress) -> usize {
        let source = source.group();
        let spread = Hasher::new(self)
            .counted(&endpoint.address.group())
            .counted(&source)
            .finish();
        let hash = Hasher::new(self)
            .counted(&source)
            .number(spread % BUCKETS_PER_SOURCE_GROUP)
            .finish();
        remainder(hash, NEW_BUCKETS)
    }

    /// An address's place in a bucket.
    pub(crate) fn position(&self, table: Table, bucket: usize, endpoint: &Endpoint) -> usize {
        let letter = match table {
            Table::New => b'N',
            Table::Tried => b'K',
        };
        let bucket = u32::try_from(bucket).unwrap_or(u32::MAX);
        let hash = Hasher::new(self)
            .plain(&[letter])
            .plain(&bucket.to_le_bytes())
            .counted(&endpoint.key())
            .finish();
        remainder(hash, BUCKET_SIZE)
    }
}

fn remainder(hash: u64, count: usize) -> usize {
    usize::try_from(hash % count as u64).unwrap_or(0)
}
