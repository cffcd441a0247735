//! An ordered store in one file, which says whose it is.
//!
//! Owns what all stores of a chain have in common: how a file is made, found to be the right one and changed. What is in
//! it is its user's matter.

mod error;
mod guard;
mod make;
mod sealed;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use fs_err as fs;
use redb::backends::FileBackend;
use redb::{ReadTransaction, ReadableDatabase, TableDefinition, WriteTransaction};

pub use error::DatabaseError;
pub(crate) use error::is_disk_full;
pub use guard::is_guarded;

use error::at;
use sealed::{FirstError, Sealed};

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

/// An open store. What is committed stays, whenever the process or the machine stops.
#[derive(Debug)]
pub struct Database {
    path: PathBuf,
    /// There until the end.
    store: Option<redb::Database>,
    /// What went wrong first with the file.
    first_error: FirstError,
    /// What was found damaged first. Nothing is read or written after that.
    damage: OnceLock<String>,
    /// Whether what was done with the store was broken off by a panic.
    has_panicked: AtomicBool,
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
        let file = fs::OpenOptions::new().read(true).write(true).open(&path)?;
        if file.metadata()?.len() == 0 {
            let reason = "it is empty".to_owned();
            return Err(DatabaseError::Damaged { path, reason });
        }
        let backend = FileBackend::new(file.into_parts().0).map_err(|error| at(&path, error))?;
        let sealed = Sealed::new(backend).map_err(|error| at(&path, redb::Error::Io(error)))?;
        let Some(sealed) = sealed else {
            return Err(DatabaseError::Unsealed { path });
        };
        let first_error = sealed.first_error();
        let opened = guard::catch(|| {
            let mut builder = redb::Builder::new();
            Ok(builder.set_cache_size(cache_bytes).create_with_backend(sealed)?)
        });
        let store = match opened {
            Ok(opened) => opened.map_err(|error: redb::Error| at(&path, error))?,
            Err(panicked) => {
                let reason = panicked.into_damage();
                return Err(DatabaseError::Damaged { path, reason });
            }
        };
        let database = Self {
            path,
            store: Some(store),
            first_error,
            damage: OnceLock::new(),
            has_panicked: AtomicBool::new(false),
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
        self.guarded(|| read(&self.store().begin_read()?))
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
        let result = self.guarded(|| write(self.store(), change))?;
        if self.is_new.swap(false, Ordering::Relaxed)
            && let Some(directory) = self.path.parent()
        {
            sync_directory(directory)?;
        }
        Ok(result)
    }

    /// Does something with what the store gave, which reads more of it.
    ///
    /// # Errors
    /// [`DatabaseError`] if that fails, or once anything was found damaged: a panic of the store's own is damage.
    ///
    /// # Panics
    /// Where `act` itself does.
    pub fn guarded<T>(&self, act: impl FnOnce() -> Result<T, redb::Error>) -> Result<T, DatabaseError> {
        if let Some(reason) = self.damage.get() {
            return Err(self.damaged(reason));
        }
        let error = match guard::catch(act) {
            Ok(Ok(result)) => return Ok(result),
            Ok(Err(redb::Error::PreviousIo)) => {
                let first = self.first_error.get().map(redb::Error::Io);
                at(&self.path, first.unwrap_or(redb::Error::PreviousIo))
            }
            Ok(Err(error)) => at(&self.path, error),
            Err(panicked) => {
                if panicked.is_of_store() {
                    self.has_panicked.store(true, Ordering::Relaxed);
                }
                self.damaged(panicked.into_damage())
            }
        };
        // Another thread may have come first: what the store says after that is of no use.
        match error {
            DatabaseError::Damaged { path, reason } => Err(DatabaseError::Damaged {
                path,
                reason: self.damage.get_or_init(|| reason).clone(),
            }),
            error => Err(self.damage.get().map_or(error, |reason| self.damaged(reason))),
        }
    }

    /// The error that says that what the store holds cannot be.
    #[must_use]
    pub fn damaged(&self, reason: impl Into<String>) -> DatabaseError {
        DatabaseError::Damaged {
            path: self.path.clone(),
            reason: reason.into(),
        }
    }

    fn store(&self) -> &redb::Database {
        self.store.as_ref().expect("it is there until the end")
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

impl Drop for Database {
    fn drop(&mut self) {
        let Some(store) = self.store.take() else { return };
        if self.has_panicked.load(Ordering::Relaxed) {
            // It may hold locks of its own, for which it would wait here for ever. The file is closed with the process.
            std::mem::forget(store);
        } else {
            // What it cannot write now, it does without when it is opened again.
            _ = guard::catch(|| drop(store));
        }
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
    // With this the store opens at once after a crash, whatever its size, and commits in two steps, which seals rely on.
    transaction.set_quick_repair(true);
    match guard::catch(|| change(&transaction)) {
        Ok(result) => {
            let result = result?;
            transaction.commit()?;
            Ok(result)
        }
        Err(panicked) if panicked.is_of_store() => {
            // Giving the change up may wait for ever for what the store holds.
            std::mem::forget(transaction);
            panicked.go_on()
        }
        Err(panicked) => {
            // Others may go on, and write.
            transaction.abort()?;
            panicked.go_on()
        }
    }
}
