//! Locks between processes, which end with the process that holds them.

use std::fs::TryLockError;
use std::io;
use std::path::Path;

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    file: std::fs::File,
}

impl Lock {
    /// Waits until nobody else holds the lock at `path`; `wait` is called once if somebody does.
    ///
    /// # Errors
    /// The lock's file cannot be made.
    pub(crate) fn acquire(path: &Path, wait: impl FnOnce()) -> io::Result<Self> {
        if let Some(directory) = path.parent() {
            fs_err::create_dir_all(directory)?;
        }
        let file = open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                wait();
                file.lock()?;
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        Ok(Self { file })
    }

    /// Takes the lock at `path`, unless somebody else holds it or nobody ever has.
    ///
    /// # Errors
    /// The lock's file cannot be opened.
    pub(crate) fn try_acquire_existing(path: &Path) -> io::Result<Option<Self>> {
        if !path.is_file() {
            return Ok(None);
        }
        let file = open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

impl Drop for Lock {
    /// A program that another thread is about to start has a copy of the file until it runs: closing ours would not
    /// be enough.
    fn drop(&mut self) {
        // Nothing can be done about a failure; the lock then ends with the last copy.
        let _ = self.file.unlock();
    }
}

fn open(path: &Path) -> io::Result<std::fs::File> {
    let file = fs_err::File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)?;
    Ok(file.into_parts().0)
}
