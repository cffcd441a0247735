//! Directories for what a run needs for a while. One goes with the run; what is left of a killed run is told from what
//! is in use by its lock.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::lock::Lock;

/// The file in the common directory that is locked while directories are made and swept.
const LOCK: &str = ".lock";

/// A directory that goes when it is dropped, locked until then.
#[derive(Debug)]
pub(crate) struct Scratch {
    directory: TempDir,
    lock: std::fs::File,
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A program that is about to start may have a copy of the file; see `Lock`.
        let _ = self.lock.unlock();
    }
}

impl Scratch {
    /// A new directory in `common`, which is made where it is not there, with a name that begins with `prefix`.
    ///
    /// # Errors
    /// It cannot be made or locked.
    pub(crate) fn new(common: &Path, prefix: &str) -> io::Result<Self> {
        fs_err::create_dir_all(common)?;
        let common = fs_err::canonicalize(common)?;
        // Between its making and its locking, a directory looks like what a killed run has left.
        let _lock = Lock::acquire(&common.join(LOCK), || {})?;
        let directory = tempfile::Builder::new().prefix(prefix).tempdir_in(&common)?;
        let (file, _) = fs_err::File::open(directory.path())?.into_parts();
        file.lock()?;
        Ok(Self {
            directory,
            lock: file,
        })
    }

    /// The directory, absolute.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The directories in `common` of which nobody holds the lock; they are not removed.
    ///
    /// # Errors
    /// `common` cannot be read.
    pub(crate) fn abandoned(common: &Path) -> io::Result<Vec<PathBuf>> {
        if !common.is_dir() {
            return Ok(Vec::new());
        }
        let _lock = Lock::acquire(&common.join(LOCK), || {})?;
        let mut found = Vec::new();
        for entry in fs_err::read_dir(common)? {
            let path = entry?.path();
            let is_directory = fs_err::symlink_metadata(&path)?.is_dir();
            if !is_directory {
                continue;
            }
            let (file, _) = fs_err::File::open(&path)?.into_parts();
            if file.try_lock().is_ok() {
                file.unlock()?;
                found.push(path);
            }
        }
        found.sort();
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_holds_is_abandoned() {
        let common = tempfile::tempdir().unwrap();
        let scratch = Scratch::new(common.path(), "a-").unwrap();
        let left = common.path().join("b-left");
        fs_err::create_dir(&left).unwrap();
        assert_eq!(Scratch::abandoned(common.path()).unwrap(), [left]);
        let path = scratch.path().to_owned();
        drop(scratch);
        assert!(!path.exists());
    }
}
