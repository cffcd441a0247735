//! An ordered store in one file, which says whose it is.
//!
//! Owns what all stores of a chain have in common: how a file is made, found to be the right one and changed. What is in
//! it is its user's matter.

mod make;

use std::io;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use fs_err as fs;
use redb::{ReadTransaction, ReadableDatabase, TableDefinition, WriteTransaction};
use thiserror::Error;

/// What a store is: in a table of its own.
const IDENTITY: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("identity");
const KIND: &str = "kind";
const VERSION: &str = "version";
const MAGIC: &str = "magic";

/// The file by which a directory of upstream's stores is known.
const UPSTREAMS_FILE: &str = "CURRENT";

/// What a store must be to be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// What is in it, which is also the file's name without its ending.
    pub kind: &'static str,
    /// The version of how it is written. Files of another version are refused.
    pub version: u32,
    /// The bytes that the chain's messages begin with.
    pub magic: [u8; 4],
}

/// What becomes of what a store holds when it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contents {
    /// It is there as before.
    Keep,
    /// It is removed, whatever it is.
    Wipe,
}

/// A store that cannot be opened, read or written.
#[derive(Debug, Error)]
pub enum DatabaseError {
    /// A directory or a file cannot be made or removed.
    #[error(transparent)]
    File(#[from] io::Error),
    /// Another process, or another part of this one, has it.
    #[error("{path} is in use")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The directory holds a store of Syscoin Core, which is of another make.
    #[error("{path} is of Syscoin Core, whose databases cannot be read", path = path.display())]
    Upstreams {
        /// The directory.
        path: PathBuf,
    },
    /// It is of another version.
    #[error("{path} is of version {found}, and only version {known} can be read")]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The version of this program.
        known: u32,
    },
    /// It is of another chain.
    #[error("{path} is of another network")]
    Network {
        /// The file.
        path: PathBuf,
    },
    /// What it holds cannot be.
    #[error("{path} is damaged: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What cannot be.
        reason: String,
    },
    /// The store does not do what it should.
    #[error("{path}: {source}")]
    Store {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: Box<redb::Error>,
    },
}

impl DatabaseError {
    /// Whether there is no room on the disk.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        let error = match self {
            Self::File(error) => error,
            Self::Store { source, .. } => match &**source {
                redb::Error::Io(error) => error,
                _ => return false,
            },
            _ => return false,
        };
        is_disk_full(error)
    }
}

/// Whether the error is that there is no room on the disk.
pub(crate) fn is_disk_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// An open store. What is committed stays, whenever the process or the machine stops.
#[derive(Debug)]
pub struct Database {
    path: PathBuf,
    store: redb::Database,
    /// Whether the file may not be found under its name after the machine has stopped.
    is_new: AtomicBool,
}

impl Database {
    /// Opens the store of this kind in a directory, and makes both if they are not there, the store with its tables.
    ///
    /// It keeps up to `cache_bytes` of its file in memory.
    ///
    /// # Errors
    /// [`DatabaseError`] if that fails, or what is there is something else.
    pub fn open(
        directory: &Path,
        identity: &Identity,
        contents: Contents,
        cache_bytes: usize,
        make_tables: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
    ) -> Result<Self, DatabaseError> {
        let path = directory.join(format!("{}.redb", identity.kind));
        fs::create_dir_all(directory)?;
        if contents == Contents::Wipe {
            remove_if_there(&path)?;
        } else if !path.try_exists()? && directory.join(UPSTREAMS_FILE).try_exists()? {
            return Err(DatabaseError::Upstreams {
                path: directory.to_path_buf(),
            });
        }
        let is_new = !path.try_exists()?;
        if is_new {
            make::make(&path, identity, make_tables)?;
        }
        // In some damaged files the store runs into what it takes for its own mistake.
        let opened = std::panic::catch_unwind(AssertUnwindSafe(|| {
            redb::Builder::new().set_cache_size(cache_bytes).open(&path)
        }));
        let store = match opened {
            Ok(opened) => opened.map_err(|error| at(&path, error))?,
            Err(_panic) => {
                return Err(DatabaseError::Damaged {
                    path,
                    reason: "its pages do not fit together".to_owned(),
                });
            }
        };
        let database = Self {
            path,
            store,
            is_new: AtomicBool::new(is_new),
        };
        database.check(identity)?;
        Ok(database)
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The size of the file, in bytes.
    ///
    /// # Errors
    /// [`DatabaseError::File`] if it cannot be found out.
    pub fn size(&self) -> Result<u64, DatabaseError> {
        Ok(fs::metadata(&self.path)?.len())
    }

    /// Reads what the store held at one moment, the present one.
    ///
    /// # Errors
    /// [`DatabaseError`] if reading fails.
    pub fn read<T>(
        &self,
        read: impl FnOnce(&ReadTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, DatabaseError> {
        let read = || read(&self.store.begin_read()?);
        read().map_err(|error| at(&self.path, error))
    }

    /// Changes the store all at once: if this fails or the process stops before it returns, nothing is changed, and
    /// opening takes no longer for it.
    ///
    /// # Errors
    /// [`DatabaseError`] if writing fails. After that the store must be opened anew.
    pub fn write<T>(
        &self,
        change: impl FnOnce(&WriteTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, DatabaseError> {
        let result = write(&self.store, change).map_err(|error| at(&self.path, error))?;
        if self.is_new.swap(false, Ordering::Relaxed)
            && let Some(directory) = self.path.parent()
        {
            sync_directory(directory)?;
        }
        Ok(result)
    }

    /// The error that says that the store does not do what it should.
    #[must_use]
    pub fn failed(&self, error: impl Into<redb::Error>) -> DatabaseError {
        at(&self.path, error)
    }

    /// The error that says that what the store holds cannot be.
    #[must_use]
    pub fn damaged(&self, reason: impl Into<String>) -> DatabaseError {
        DatabaseError::Damaged {
            path: self.path.clone(),
            reason: reason.into(),
        }
    }

    fn check(&self, identity: &Identity) -> Result<(), DatabaseError> {
        let get = |key| {
            self.read(|transaction| {
                let value = transaction.open_table(IDENTITY)?.get(key)?;
                Ok(value.map(|value| value.value().to_vec()))
            })
        };
        if get(KIND)?.as_deref() != Some(identity.kind.as_bytes()) {
            return Err(self.damaged(format!("it holds no {}", identity.kind)));
        }
        if get(MAGIC)?.as_deref() != Some(&identity.magic) {
            return Err(DatabaseError::Network {
                path: self.path.clone(),
            });
        }
        let version = get(VERSION)?.and_then(|version| Some(u32::from_le_bytes(version.try_into().ok()?)));
        let found = version.ok_or_else(|| self.damaged("its version is missing"))?;
        if found != identity.version {
            return Err(DatabaseError::Version {
                path: self.path.clone(),
                found,
                known: identity.version,
            });
        }
        Ok(())
    }
}

/// Makes sure that the names of a directory's files are on the disk.
pub(crate) fn sync_directory(directory: &Path) -> io::Result<()> {
    // Elsewhere directories are no files that could be opened.
    if cfg!(unix) {
        fs::File::open(directory)?.sync_all()?;
    }
    Ok(())
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

fn write<T>(
    store: &redb::Database,
    change: impl FnOnce(&WriteTransaction) -> Result<T, redb::Error>,
) -> Result<T, redb::Error> {
    let mut transaction = store.begin_write()?;
    // With this the store opens at once after a crash, whatever its size.
    transaction.set_quick_repair(true);
    let result = change(&transaction)?;
    transaction.commit()?;
    Ok(result)
}

fn at(path: &Path, error: impl Into<redb::Error>) -> DatabaseError {
    let path = path.to_path_buf();
    match error.into() {
        redb::Error::DatabaseAlreadyOpen => DatabaseError::InUse { path },
        redb::Error::Corrupted(reason) => DatabaseError::Damaged { path, reason },
        redb::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => DatabaseError::Damaged {
            path,
            reason: error.to_string(),
        },
        error => DatabaseError::Store {
            path,
            source: Box::new(error),
        },
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    const COINS: Identity = Identity {
        kind: "coins",
        version: 3,
        magic: [1, 2, 3, 4],
    };

    fn open(directory: &Path, identity: &Identity) -> Result<Database, DatabaseError> {
        Database::open(
            directory,
            identity,
            Contents::Keep,
            1 << 20,
            |_transaction| Ok(()),
        )
    }

    fn check(directory: &Path, identity: &Identity, expected: &str) {
        let error = open(directory, identity).unwrap_err().to_string();
        let place = format!("{}", directory.display());
        assert_eq!(error.replace(&place, "…"), expected);
    }

    #[test]
    fn a_store_is_made_where_there_is_none_and_found_again() {
        let directory = TempDir::new().unwrap();
        let inner = directory.path().join("a").join("b");
        for _turn in 0..2 {
            let database = open(&inner, &COINS).unwrap();
            assert!(database.size().unwrap() > 0);
            assert_eq!(database.path(), inner.join("coins.redb"));
        }
        assert_eq!(fs::read_dir(&inner).unwrap().count(), 1);
    }

    #[test]
    fn a_store_that_was_left_half_made_is_made_anew() {
        let directory = TempDir::new().unwrap();
        fs::write(directory.path().join("coins.new"), "half").unwrap();
        open(directory.path(), &COINS).unwrap();
    }

    #[test]
    fn what_is_another_store_is_refused_with_its_place() {
        let directory = TempDir::new().unwrap();
        let path = directory.path();
        fs::write(path.join("CURRENT"), "MANIFEST-000001\n").unwrap();
        check(
            path,
            &COINS,
            "… is of Syscoin Core, whose databases cannot be read",
        );
        fs::remove_file(path.join("CURRENT")).unwrap();

        let held = open(path, &COINS).unwrap();
        check(path, &COINS, "…/coins.redb is in use");
        drop(held);
        let newer = Identity { version: 2, ..COINS };
        check(
            path,
            &newer,
            "…/coins.redb is of version 3, and only version 2 can be read",
        );
        let other = Identity {
            magic: [1, 2, 3, 5],
            ..COINS
        };
        check(path, &other, "…/coins.redb is of another network");
        fs::rename(path.join("coins.redb"), path.join("index.redb")).unwrap();
        let index = Identity {
            kind: "index",
            ..COINS
        };
        check(path, &index, "…/index.redb is damaged: it holds no index");
        fs::write(path.join("coins.redb"), "no store, but long enough to be one").unwrap();
        let damaged = "…/coins.redb is damaged: Not a redb database: magic number mismatch";
        check(path, &COINS, damaged);

        Database::open(path, &COINS, Contents::Wipe, 0, |_transaction| Ok(())).unwrap();
        open(path, &COINS).unwrap();
    }

    #[test]
    fn a_change_that_fails_changes_nothing() {
        let directory = TempDir::new().unwrap();
        let database = open(directory.path(), &COINS).unwrap();
        let result = database.write(|transaction| {
            transaction.delete_table(IDENTITY)?;
            Err::<(), _>(redb::Error::DatabaseClosed)
        });
        assert!(!result.unwrap_err().is_disk_full());
        drop(database);
        open(directory.path(), &COINS).unwrap();
    }
}
