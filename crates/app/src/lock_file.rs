//! `.lock`: one process per data directory.
//!
//! Two kinds of lock are taken: the C++ executables take the POSIX record lock, which does not keep out a second user
//! in the same process; the other kind does.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// Holds the lock; it ends with the value, and with the process however that ends.
#[derive(Debug)]
pub struct LockFile {
    _file: File,
}

/// The lock was not to be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else holds it.
    #[error(
        "Cannot obtain a lock on data directory {directory}. {package} is probably already running.",
        directory = directory.display(),
        package = crate::program::PACKAGE_NAME
    )]
    Held {
        /// The directory.
        directory: PathBuf,
    },
    /// The lock file cannot be made or locked.
    #[error("Cannot write to data directory '{directory}'; check permissions.", directory = directory.display())]
    Unwritable {
        /// The directory.
        directory: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl LockFile {
    /// Locks `.lock` in this directory.
    pub(crate) fn acquire(directory: &Path) -> Result<Self, LockError> {
        let held = || LockError::Held {
            directory: directory.to_owned(),
        };
        let unwritable = |source| LockError::Unwritable {
            directory: directory.to_owned(),
            source,
        };
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        let file = options.open(directory.join(".lock")).map_err(unwritable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(held()),
            Err(TryLockError::Error(source)) => return Err(unwritable(source)),
        }
        #[cfg(unix)]
        match rustix::fs::fcntl_lock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::ACCESS) => return Err(held()),
            Err(error) => return Err(unwritable(error.into())),
        }
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_lock_is_refused_until_it_is_dropped() {
        let directory = tempfile::tempdir().unwrap();
        let lock = LockFile::acquire(directory.path()).unwrap();
        let error = LockFile::acquire(directory.path()).unwrap_err();
        let expected = format!(
            "Cannot obtain a lock on data directory {}. Syscoin Core is probably already running.",
            directory.path().display()
        );
        assert_eq!(error.to_string(), expected);
        drop(lock);
        LockFile::acquire(directory.path()).unwrap();
    }

    #[test]
    fn a_directory_that_cannot_be_written_is_named() {
        let error = LockFile::acquire(Path::new("/nonexistent/₿")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "Cannot write to data directory '/nonexistent/₿'; check permissions."
        );
    }
}
