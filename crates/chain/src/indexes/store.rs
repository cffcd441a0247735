//! What all indexes keep: up to which block they are, and after which blocks they can go on.

use std::path::Path;

use bitcoin::BlockHash;
use bitcoin::hashes::Hash;
use redb::{Table, TableDefinition, WriteTransaction};

use super::BlockId;
use crate::database::{Contents, Database, DatabaseError, Identity};

/// A block's key: the height, the highest byte first, and the hash.
pub(super) type Key = [u8; 36];

/// The blocks after which the index can go on, and what it must know for that.
const POINTS: TableDefinition<'_, Key, &[u8]> = TableDefinition::new("points");
/// The block up to which the index is, under [`BEST`].
const STATE: TableDefinition<'_, &str, Key> = TableDefinition::new("state");
const BEST: &str = "best";

/// What becomes of the points that are left when the chain is reorganised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Forks {
    /// They stay, because what the index knows of a block is so in any chain.
    Keep,
    /// They are forgotten, and their blocks taken in anew when they come again.
    Forget,
}

/// The store of an index.
#[derive(Debug)]
pub struct IndexStore {
    database: Database,
    forks: Forks,
}

/// A change of an index that takes in blocks.
pub(super) struct Change<'a> {
    transaction: &'a WriteTransaction,
    points: Table<'a, Key, &'static [u8]>,
}

impl IndexStore {
    pub(super) fn open(
        directory: &Path,
        identity: &Identity,
        forks: Forks,
        contents: Contents,
        cache_bytes: usize,
        make_tables: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
    ) -> Result<Self, DatabaseError> {
        let database = Database::open(directory, identity, contents, cache_bytes, |transaction| {
            transaction.open_table(POINTS)?;
            transaction.open_table(STATE)?;
            make_tables(transaction)
        })?;
        Ok(Self { database, forks })
    }

    /// The block up to which the index is; none if it is empty.
    ///
    /// # Errors
    /// [`DatabaseError`] if reading fails.
    pub fn best(&self) -> Result<Option<BlockId>, DatabaseError> {
        self.database.read(|transaction| {
            let best = transaction.open_table(STATE)?.get(BEST)?;
            Ok(best.map(|key| parse_key(&key.value())))
        })
    }

    /// The size of the store, in bytes on the disk.
    ///
    /// # Errors
    /// [`DatabaseError`] if it cannot be found out.
    pub fn size(&self) -> Result<u64, DatabaseError> {
        self.database.size()
    }

    pub(super) fn database(&self) -> &Database {
        &self.database
    }

    /// What must be known to go on after a block, if that is possible.
    pub(super) fn point(&self, id: &BlockId) -> Result<Option<Vec<u8>>, DatabaseError> {
        self.database.read(|transaction| {
            let value = transaction.open_table(POINTS)?.get(&key(id))?;
            Ok(value.map(|value| value.value().to_vec()))
        })
    }

    /// Goes back to a block after which the index can go on, or to the beginning.
    pub(super) fn rewind(&self, to: Option<BlockId>) -> Result<(), DatabaseError> {
        self.database.write(|transaction| {
            let mut state = transaction.open_table(STATE)?;
            match to {
                Some(id) => state.insert(BEST, &key(&id))?,
                None => state.remove(BEST)?,
            };
            if self.forks == Forks::Forget {
                let mut points = transaction.open_table(POINTS)?;
                let first = to.map_or(0, |id| id.height + 1);
                points.retain_in(first_key(first).., |_key, _value| false)?;
            }
            Ok(())
        })
    }

    /// Takes in blocks up to `best`: all that `change` does is done, or nothing.
    pub(super) fn advance<T>(
        &self,
        best: &BlockId,
        change: impl FnOnce(&mut Change<'_>) -> Result<T, redb::Error>,
    ) -> Result<T, DatabaseError> {
        self.database.write(|transaction| {
            let points = transaction.open_table(POINTS)?;
            let mut writing = Change { transaction, points };
            let result = change(&mut writing)?;
            transaction.open_table(STATE)?.insert(BEST, &key(best))?;
            Ok(result)
        })
    }
}

impl<'a> Change<'a> {
    pub(super) fn transaction(&self) -> &'a WriteTransaction {
        self.transaction
    }

    /// From now on, the index can go on after this block.
    pub(super) fn add_point(&mut self, id: &BlockId, value: &[u8]) -> Result<(), redb::Error> {
        self.points.insert(&key(id), value)?;
        Ok(())
    }

    /// Forgets points from one height to before another, unless they are to be kept.
    pub(super) fn forget_points(
        &mut self,
        heights: std::ops::Range<u32>,
        keeps: impl Fn(u32) -> bool,
    ) -> Result<(), redb::Error> {
        let range = first_key(heights.start)..first_key(heights.end);
        self.points
            .retain_in(range, |key, _value| keeps(parse_key(&key).height))?;
        Ok(())
    }
}

pub(super) fn key(id: &BlockId) -> Key {
    let mut key = first_key(id.height);
    key[4..].copy_from_slice(id.hash.as_byte_array());
    key
}

/// What is not above the key of any block at this height.
fn first_key(height: u32) -> Key {
    let mut key = [0; 36];
    key[..4].copy_from_slice(&height.to_be_bytes());
    key
}

fn parse_key(key: &Key) -> BlockId {
    let (height, hash) = key.split_first_chunk().expect("a key is longer");
    let hash = hash.try_into().expect("32 bytes are left");
    BlockId {
        height: u32::from_be_bytes(*height),
        hash: BlockHash::from_byte_array(hash),
    }
}
