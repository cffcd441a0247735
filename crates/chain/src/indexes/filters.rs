//! The index of blocks' filters (`-blockfilterindex`), which BIP 157 serves.

use std::path::Path;

use bitcoin::bip158::{FilterHash, FilterHeader};
use bitcoin::hashes::Hash;
use redb::TableDefinition;

use super::filter::{basic_filter, filter_matches_any};
use super::store::{Change, Forks, IndexStore, Key, key};
use super::{BlockId, Index, IndexError, IndexedBlock};
use crate::database::{Contents, DatabaseError, Identity};

/// Filters by their blocks.
const FILTERS: TableDefinition<'_, Key, &[u8]> = TableDefinition::new("filters");

const VERSION: u32 = 1;

/// What is known of a block's filter without the filter itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilterRecord {
    /// The hash of the filter.
    pub hash: FilterHash,
    /// The hash of that hash and of the header of the block before (BIP 157).
    pub header: FilterHeader,
}

impl FilterRecord {
    fn to_bytes(self) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(self.hash.as_byte_array());
        bytes[32..].copy_from_slice(self.header.as_byte_array());
        bytes
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (hash, header) = bytes.split_first_chunk()?;
        Some(Self {
            hash: FilterHash::from_byte_array(*hash),
            header: FilterHeader::from_byte_array(header.try_into().ok()?),
        })
    }
}

/// The basic filters of all blocks that were ever in the chain while it was followed, left ones included.
#[derive(Debug)]
pub struct FilterIndex {
    store: IndexStore,
}

impl FilterIndex {
    /// Opens the index in a directory, which is made if it is not there. `magic` are the bytes that the chain's messages
    /// begin with; up to `cache_bytes` of the file are kept in memory.
    ///
    /// # Errors
    /// [`DatabaseError`] if that fails, or what is there is something else.
    pub fn open(
        directory: &Path,
        magic: [u8; 4],
        contents: Contents,
        cache_bytes: usize,
    ) -> Result<Self, DatabaseError> {
        let identity = Identity {
            kind: "filters",
            version: VERSION,
            magic,
        };
        let make_tables = |transaction: &redb::WriteTransaction| {
            transaction.open_table(FILTERS)?;
            Ok(())
        };
        let store = IndexStore::open(
            directory,
            &identity,
            Forks::Keep,
            contents,
            cache_bytes,
            make_tables,
        )?;
        Ok(Self { store })
    }

    /// A block's filter, if it is known.
    ///
    /// # Errors
    /// [`DatabaseError`] if reading fails.
    pub fn filter(&self, id: &BlockId) -> Result<Option<Vec<u8>>, DatabaseError> {
        self.store.database().read(|transaction| {
            let filter = transaction.open_table(FILTERS)?.get(&key(id))?;
            Ok(filter.map(|filter| filter.value().to_vec()))
        })
    }

    /// What is known of a block's filter.
    ///
    /// # Errors
    /// [`DatabaseError`] if reading fails, or what is there cannot be.
    pub fn record(&self, id: &BlockId) -> Result<Option<FilterRecord>, DatabaseError> {
        let Some(point) = self.store.point(id)? else {
            return Ok(None);
        };
        let damaged = || {
            self.store
                .database()
                .damaged(format!("what it has of {id} is no record"))
        };
        FilterRecord::parse(&point).map(Some).ok_or_else(damaged)
    }

    /// Whether a block's filter may have one of the scripts; none if the filter is not known.
    ///
    /// # Errors
    /// [`IndexError`] if reading fails, or what is there is no filter.
    pub fn matches_any<'a>(
        &self,
        id: &BlockId,
        scripts: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Option<bool>, IndexError> {
        let Some(filter) = self.filter(id)? else {
            return Ok(None);
        };
        let hit = filter_matches_any(&filter, id.hash, scripts);
        hit.map(Some)
            .map_err(|source| IndexError::Filter { id: *id, source })
    }

    /// The header of the filter of the block before.
    fn header_before(&self, block: &IndexedBlock) -> Result<FilterHeader, DatabaseError> {
        let Some(height) = block.id.height.checked_sub(1) else {
            return Ok(FilterHeader::all_zeros());
        };
        let id = BlockId {
            height,
            hash: block.block.header.pure().prev_blockhash,
        };
        let missing = || {
            self.store
                .database()
                .damaged(format!("the header of {id} is missing"))
        };
        Ok(self.record(&id)?.ok_or_else(missing)?.header)
    }
}

impl Index for FilterIndex {
    fn name(&self) -> &'static str {
        "basic block filter index"
    }

    fn store(&self) -> &IndexStore {
        &self.store
    }

    fn append(&self, blocks: &[IndexedBlock]) -> Result<(), IndexError> {
        let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else {
            return Ok(());
        };
        let mut header = self.header_before(first)?;
        let write = |change: &mut Change<'_>| {
            let mut filters = change.transaction().open_table(FILTERS)?;
            for block in blocks {
                let filter = basic_filter(block.id.hash, &block.block, &block.undo);
                let hash = FilterHash::hash(&filter);
                header = hash.filter_header(&header);
                let record = FilterRecord { hash, header };
                filters.insert(&key(&block.id), &filter[..])?;
                change.add_point(&block.id, &record.to_bytes())?;
            }
            Ok(())
        };
        Ok(self.store.advance(&last.id, write)?)
    }
}
