//! An ordered store in one file, which says whose it is.
//!
//! Owns what all stores of a chain have in common: how a file is made, found to be the right one and changed. What is in
//! it is its user's matter.

mod make;
#[cfg(test)]
mod tests;

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
    /// An empty store takes its place, whatever it is: at once, so that there is always one or the other.
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
    #[error(
        "{path} was written by {age} version of this program: it is of version {found}, and only version {known} can be read",
        age = if found < known { "an older" } else { "a newer" }
    )]
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
        let path = file(directory, identity.kind);
        fs::create_dir_all(directory)?;
        let is_new = contents == Contents::Wipe || !path.try_exists()?;
        if contents == Contents::Keep && is_new && directory.join(UPSTREAMS_FILE).try_exists()? {
            return Err(DatabaseError::Upstreams {
                path: directory.to_path_buf(),
            });
        }
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

/// Where the store of a kind is in its directory.
pub(crate) fn file(directory: &Path, kind: &str) -> PathBuf {
    directory.join(format!("{kind}.redb"))
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
        // A file that is cut off ends before its pages do.
        redb::Error::Io(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
            ) =>
        {
            DatabaseError::Damaged {
                path,
                reason: error.to_string(),
            }
        }
        error => DatabaseError::Store {
            path,
            source: Box::new(error),
        },
    }
}
