//! Directories of sockets and keys: made when they are missing, never ones that other users can change.

use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::FlockOperation;
use rustix::io::Errno;

/// How long another process may hold the lock, which nobody of good will holds for longer than a few system calls.
const LOCK_WITHIN: Duration = Duration::from_secs(5);

/// After this time the log says what is waited for.
const SILENT: Duration = Duration::from_millis(200);

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(10);

/// The mode's bits that let others than the owner write.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// The mode's bit that lets nobody but their owners remove files.
const STICKY: u32 = 0o1000;

/// A directory that no other process changes things in as long as this lives.
pub(crate) struct LockedDirectory {
    _file: fs_err::File,
}

/// A directory that is no place for sockets or keys.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// It is missing, and cannot be made.
    #[error("Cannot create directory {}: {source}", path.display())]
    Create {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It cannot be opened or locked.
    #[error("{0}")]
    System(#[from] io::Error),
    /// Others could put something of their own in the place of what is ours.
    #[error(
        "Other users can write to directory {0}; take that right from them with: chmod go-w {0}",
        path.display()
    )]
    Writable {
        /// The directory.
        path: PathBuf,
    },
    /// Its owner could put something else in the place of what is ours.
    #[error("Directory {} belongs to another user", path.display())]
    Foreign {
        /// The directory.
        path: PathBuf,
    },
    /// Another process keeps it locked.
    #[error("Another process keeps directory {} locked", path.display())]
    Locked {
        /// The directory.
        path: PathBuf,
    },
}

/// Makes the directory and its parents where they are missing, for their owner alone, and makes sure that nobody else
/// can change what is in it.
pub(crate) fn prepare(path: &Path) -> Result<(), DirectoryError> {
    let created = std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path);
    created.map_err(|source| DirectoryError::Create {
        path: path.to_owned(),
        source,
    })?;
    let metadata = fs_err::metadata(path)?;
    let own = rustix::process::geteuid().as_raw();
    if metadata.uid() != own && metadata.uid() != 0 {
        return Err(DirectoryError::Foreign {
            path: path.to_owned(),
        });
    }
    if !is_safe(metadata.mode()) {
        return Err(DirectoryError::Writable {
            path: path.to_owned(),
        });
    }
    Ok(())
}

fn is_safe(mode: u32) -> bool {
    mode & WRITABLE_BY_OTHERS == 0 || mode & STICKY != 0
}

/// Waits for the lock, which nothing is left of when its holder ends.
pub(crate) fn lock(path: &Path) -> Result<LockedDirectory, DirectoryError> {
    let file = fs_err::File::open(path)?;
    let start = Instant::now();
    let mut has_said = false;
    loop {
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(LockedDirectory { _file: file }),
            Err(Errno::WOULDBLOCK) => {}
            Err(error) => return Err(DirectoryError::System(error.into())),
        }
        let waited = start.elapsed();
        if waited >= LOCK_WITHIN {
            return Err(DirectoryError::Locked {
                path: path.to_owned(),
            });
        }
        if waited >= SILENT && !has_said {
            has_said = true;
            tracing::warn!(
                "ipc: another process keeps directory {} locked: waiting {} s for it",
                path.display(),
                LOCK_WITHIN.as_secs()
            );
        }
        std::thread::park_timeout(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    use super::{DirectoryError, prepare};

    #[test]
    fn missing_directories_are_made_for_their_owner_alone() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b");
        prepare(&path).unwrap();
        for made in [&path, &root.path().join("a")] {
            assert_eq!(
                fs_err::metadata(made).unwrap().permissions().mode() & 0o7777,
                0o700
            );
        }
        prepare(&path).unwrap();
    }

    #[test]
    fn a_directory_that_others_can_change_is_refused() {
        let rows = [
            (0o755, true),
            (0o711, true),
            (0o1777, true),
            (0o775, false),
            (0o757, false),
            (0o702, false),
        ];
        for (mode, accepted) in rows {
            let root = tempfile::tempdir().unwrap();
            fs_err::set_permissions(root.path(), Permissions::from_mode(mode)).unwrap();
            match prepare(root.path()) {
                Ok(()) => assert!(accepted, "{mode:o}"),
                Err(DirectoryError::Writable { path }) => {
                    assert!(!accepted && path == root.path(), "{mode:o}");
                }
                Err(error) => panic!("{mode:o}: {error}"),
            }
        }
    }

    #[test]
    fn what_is_no_directory_is_not_made_one() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        fs_err::write(&file, "").unwrap();
        for path in [file.clone(), file.join("below")] {
            assert!(matches!(prepare(&path), Err(DirectoryError::Create { .. })));
        }
    }
}
