//! Holding on to an archive while a run needs it, so that collecting the cache leaves it alone.
//!
//! The archive itself is locked, which asks for no right to write and ends with the process.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// While it lives, the archive is not collected.
#[derive(Debug, Clone)]
pub struct Lease {
    _file: Arc<Locked>,
}

/// A file with a lock on it, which is given up as [`Lock`](crate::lock::Lock) gives up its own: at once, whatever copies
/// of the file programs have that are about to start.
#[derive(Debug)]
pub(super) struct Locked {
    file: File,
}

impl Drop for Locked {
    fn drop(&mut self) {
        // Nothing can be done about a failure; the lock then ends with the last copy.
        let _ = self.file.unlock();
    }
}

impl Lease {
    /// Takes hold of the archive at `path`, or returns `None` where there is none.
    ///
    /// # Errors
    /// The archive cannot be opened or locked.
    pub(super) fn take(path: &Path) -> io::Result<Option<Self>> {
        loop {
            let Some(file) = open(path)? else {
                return Ok(None);
            };
            match file.lock_shared() {
                Ok(()) => {}
                // Where nothing can be locked, nothing is collected either.
                Err(error) if error.kind() == io::ErrorKind::Unsupported => {}
                Err(error) => return Err(error),
            }
            // While the lock was waited for, the file may have been collected, or replaced by another.
            if is_at(&file, path)? {
                let file = Arc::new(Locked { file });
                return Ok(Some(Self { _file: file }));
            }
        }
    }

    /// Takes hold of a file before it gets the name under which others look for it.
    pub(super) fn of_new(file: &File) -> io::Result<Self> {
        let file = file.try_clone()?;
        match file.lock_shared() {
            Err(error) if error.kind() != io::ErrorKind::Unsupported => Err(error),
            _ => Ok(Self {
                _file: Arc::new(Locked { file }),
            }),
        }
    }

    /// Locks the archive at `path` against everybody, unless somebody holds on to it.
    ///
    /// # Errors
    /// The archive cannot be opened or locked.
    pub(super) fn take_alone(path: &Path) -> io::Result<Alone> {
        let Some(file) = open(path)? else {
            return Ok(Alone::Absent);
        };
        match file.try_lock() {
            Ok(()) => {
                let locked = Locked { file };
                Ok(if is_at(&locked.file, path)? {
                    Alone::Held(locked)
                } else {
                    Alone::InUse
                })
            }
            Err(TryLockError::WouldBlock) => Ok(Alone::InUse),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// What came of trying to lock an archive against everybody.
pub(super) enum Alone {
    /// It is locked while this lives.
    Held(Locked),
    /// Somebody needs it, or has just replaced it.
    InUse,
    /// It is not there.
    Absent,
}

fn open(path: &Path) -> io::Result<Option<File>> {
    match fs_err::File::open(path) {
        Ok(file) => Ok(Some(file.into_parts().0)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether `path` still names the open file.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = file.metadata()?;
    match fs_err::metadata(path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (metadata.dev(), metadata.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// An open file cannot be removed or replaced here.
#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> io::Result<bool> {
    path.try_exists()
}
