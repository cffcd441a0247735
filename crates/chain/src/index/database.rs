//! The store of the index.

use std::path::{Path, PathBuf};

use bitcoin::BlockHash;
use bitcoin::hashes::Hash;
use redb::{ReadableTable, TableDefinition, WriteTransaction};

use super::IndexRecord;
use crate::database::{self, Contents, Database, DatabaseError, Identity};
use crate::files::FileInfo;

/// Records by the height, the highest byte first, and the hash of their block.
const RECORDS: TableDefinition<'_, [u8; 36], &[u8]> = TableDefinition::new("records");
/// What is known of files, by their numbers.
const FILES: TableDefinition<'_, u32, [u8; FileInfo::LENGTH]> = TableDefinition::new("files");
/// Flags by their names; those that are there are set.
const FLAGS: TableDefinition<'_, &str, ()> = TableDefinition::new("flags");

const VERSION: u32 = 1;

const KIND: &str = "index";

/// What is remembered of the chain as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flag {
    /// The index is being made anew from the files of blocks.
    Reindexing,
    /// Files of blocks were removed.
    Pruned,
}

impl Flag {
    fn name(self) -> &'static str {
        match self {
            Self::Reindexing => "reindexing",
            Self::Pruned => "pruned",
        }
    }
}

/// Changes of the index that belong together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IndexBatch {
    /// Records that are new or have changed, each for its block.
    pub records: Vec<IndexRecord>,
    /// What is known now of files, by their numbers.
    pub files: Vec<(u32, FileInfo)>,
    /// Flags that are set or cleared.
    pub flags: Vec<(Flag, bool)>,
}

/// The index on disk.
#[derive(Debug)]
pub struct IndexDatabase {
    database: Database,
}

impl IndexDatabase {
    /// Where the index is in its directory.
    pub(crate) fn file(directory: &Path) -> PathBuf {
        database::file(directory, KIND)
    }

    /// Opens the index in a directory, which is made if it is not there. `magic` are the bytes that the chain's messages
    /// begin with; up to `cache_bytes` of the file are kept in memory.
    ///
    /// One that is wiped has [`Flag::Reindexing`] from the beginning.
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
            kind: KIND,
            version: VERSION,
            magic,
        };
        let make_tables = |transaction: &WriteTransaction| {
            transaction.open_table(RECORDS)?;
            transaction.open_table(FILES)?;
            let mut flags = transaction.open_table(FLAGS)?;
            if contents == Contents::Wipe {
                flags.insert(Flag::Reindexing.name(), ())?;
            }
            Ok(())
        };
        let database = Database::open(directory, &identity, contents, cache_bytes, make_tables)?;
        Ok(Self { database })
    }

    /// Visits all records, those of lower blocks first.
    ///
    /// # Errors
    /// [`DatabaseError`] if reading fails, or a record is of no block.
    pub fn visit_records(&self, mut visit: impl FnMut(BlockHash, IndexRecord)) -> Result<(), DatabaseError> {
        let damaged = self.database.read(|transaction| {
            for entry in transaction.open_table(RECORDS)?.iter()? {
                let (key, value) = entry?;
                let (height, hash) = parse_key(&key.value());
                let record = IndexRecord::parse(value.value(), height);
                match record.filter(|record| record.header.block_hash() == hash) {
                    Some(record) => visit(hash, record),
                    None => return Ok(Some(hash)),
                }
            }
            Ok(None)
        })?;
        match damaged {
            None => Ok(()),
            Some(hash) => Err(self
                .database
                .damaged(format!("the record of {hash} is not of it"))),
        }
    }

    /// What is known of the files of blocks, by their numbers, in order.
    ///
    /// # Errors
    /// [`DatabaseError`] if reading fails.
    pub fn files(&self) -> Result<Vec<(u32, FileInfo)>, DatabaseError> {
        self.database.read(|transaction| {
            let table = transaction.open_table(FILES)?;
            let files = table.iter()?.map(|entry| {
                let (number, info) = entry?;
                Ok((number.value(), FileInfo::from_bytes(&info.value())))
            });
            files.collect()
        })
    }

    /// Whether a flag is set.
    ///
    /// # Errors
    /// [`DatabaseError`] if reading fails.
    pub fn flag(&self, flag: Flag) -> Result<bool, DatabaseError> {
        self.database
            .read(|transaction| Ok(transaction.open_table(FLAGS)?.get(flag.name())?.is_some()))
    }

    /// Makes changes: all of them or, if it fails or the process stops before, none.
    ///
    /// # Errors
    /// [`DatabaseError`] if writing fails.
    pub fn write(&self, batch: &IndexBatch) -> Result<(), DatabaseError> {
        self.database.write(|transaction| {
            let mut records = transaction.open_table(RECORDS)?;
            for record in &batch.records {
                records.insert(&key(record), &record.to_bytes()[..])?;
            }
            let mut files = transaction.open_table(FILES)?;
            for (number, info) in &batch.files {
                files.insert(number, &info.to_bytes())?;
            }
            let mut flags = transaction.open_table(FLAGS)?;
            for (flag, is_set) in &batch.flags {
                if *is_set {
                    flags.insert(flag.name(), ())?;
                } else {
                    flags.remove(flag.name())?;
                }
            }
            Ok(())
        })
    }
}

fn key(record: &IndexRecord) -> [u8; 36] {
    let mut key = [0; 36];
    key[..4].copy_from_slice(&record.height.to_be_bytes());
    key[4..].copy_from_slice(record.header.block_hash().as_byte_array());
    key
}

fn parse_key(key: &[u8; 36]) -> (u32, BlockHash) {
    let (height, hash) = key.split_first_chunk().expect("a key is longer");
    let hash = hash.try_into().expect("32 bytes are left");
    (u32::from_be_bytes(*height), BlockHash::from_byte_array(hash))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::super::record::tests::any_record;
    use super::*;
    use crate::files::tests::any_info;

    fn open(directory: &TempDir) -> IndexDatabase {
        IndexDatabase::open(directory.path(), [1; 4], Contents::Keep, 1 << 20).unwrap()
    }

    fn any_batch() -> impl Strategy<Value = IndexBatch> {
        let flag = prop::sample::select(vec![Flag::Reindexing, Flag::Pruned]);
        (
            prop::collection::vec(any_record(), 0..8),
            prop::collection::vec((0_u32..4, any_info()), 0..4),
            prop::collection::vec((flag, any::<bool>()), 0..3),
        )
            .prop_map(|(records, files, flags)| IndexBatch {
                records,
                files,
                flags,
            })
    }

    fn records(index: &IndexDatabase) -> Vec<IndexRecord> {
        let mut records = Vec::new();
        let visit = |hash, record: IndexRecord| {
            assert_eq!(record.header.block_hash(), hash);
            records.push(record);
        };
        index.visit_records(visit).unwrap();
        records
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_was_written_last_is_there_by_height(batches in prop::collection::vec(any_batch(), 0..4)) {
            let directory = TempDir::new().unwrap();
            let mut expected = BTreeMap::new();
            let mut files = BTreeMap::new();
            let mut flags = BTreeMap::new();
            for batch in batches {
                open(&directory).write(&batch).unwrap();
                expected.extend(batch.records.into_iter().map(|record| (key(&record), record)));
                files.extend(batch.files);
                flags.extend(batch.flags.into_iter().map(|(flag, is_set)| (flag.name(), is_set)));
            }
            let index = open(&directory);
            prop_assert_eq!(records(&index), expected.into_values().collect::<Vec<_>>());
            prop_assert_eq!(index.files().unwrap(), files.into_iter().collect::<Vec<_>>());
            for flag in [Flag::Reindexing, Flag::Pruned] {
                let is_set = flags.get(flag.name()).copied().unwrap_or(false);
                prop_assert_eq!(index.flag(flag).unwrap(), is_set);
            }
        }
    }

    #[test]
    fn an_index_that_is_wiped_knows_that_it_is_made_anew() {
        let directory = TempDir::new().unwrap();
        let (files, flags) = (vec![(0, FileInfo::default())], vec![(Flag::Pruned, true)]);
        let batch = IndexBatch {
            files,
            flags,
            ..IndexBatch::default()
        };
        open(&directory).write(&batch).unwrap();
        assert!(!open(&directory).flag(Flag::Reindexing).unwrap());
        let wiped = IndexDatabase::open(directory.path(), [1; 4], Contents::Wipe, 1 << 20).unwrap();
        assert!(wiped.flag(Flag::Reindexing).unwrap());
        assert!(!wiped.flag(Flag::Pruned).unwrap() && wiped.files().unwrap().is_empty());
    }

    #[test]
    fn a_record_under_another_blocks_hash_is_told_as_damage() {
        let directory = TempDir::new().unwrap();
        let index = open(&directory);
        let write = |value: &[u8]| {
            let insert = |transaction: &WriteTransaction| {
                transaction.open_table(RECORDS)?.insert(&[0; 36], value)?;
                Ok(())
            };
            index.database.write(insert).unwrap();
        };
        for value in [&[0; 102][..], &[0; 3]] {
            write(value);
            let error = index.visit_records(|_hash, _record| ()).unwrap_err().to_string();
            assert!(error.ends_with(&format!("the record of {} is not of it", BlockHash::all_zeros())));
        }
    }
}
