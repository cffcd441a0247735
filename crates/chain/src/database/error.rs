//! Why a store cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

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
    /// It is of a version whose stores did not notice damage.
    #[error("{path} was written by an older version of this program, whose stores had no seals", path = path.display())]
    Unsealed {
        /// The file.
        path: PathBuf,
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

/// What a store's own error means, which is in this file.
pub(super) fn at(path: &Path, error: impl Into<redb::Error>) -> DatabaseError {
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
