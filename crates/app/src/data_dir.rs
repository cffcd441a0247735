//! Where a program keeps its files: the data directory and, below it, the network's own.

use std::path::{Path, PathBuf};
use std::{env, io};

use crate::args::Args;
use crate::lock_file::{LockError, LockFile};

/// The directories of one run. Both exist.
#[derive(Debug, Clone)]
pub struct DataDir {
    base: PathBuf,
    network: PathBuf,
}

/// The directories cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// `-datadir` names no directory.
    #[error("Specified data directory \"{path}\" does not exist.")]
    Missing {
        /// As given.
        path: String,
    },
    /// A directory could not be made.
    #[error("Cannot create data directory {path}: {source}", path = path.display())]
    Create {
        /// Absolute.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl DataDir {
    /// Finds the directories and makes those that are missing, readable by their owner alone. The directory that
    /// `-datadir` names must exist.
    ///
    /// # Errors
    /// [`DataDirError`] when a directory is missing or cannot be made.
    pub fn resolve(args: &Args) -> Result<Self, DataDirError> {
        if !option_is_usable(args) {
            return Err(DataDirError::Missing {
                path: args.text_or("datadir", ""),
            });
        }
        let base = base_directory(args);
        let network = match args.network().data_directory() {
            Some(name) => base.join(name),
            None => base.clone(),
        };
        create_private(&network).map_err(|source| DataDirError::Create {
            path: network.clone(),
            source,
        })?;
        Ok(Self { base, network })
    }

    /// The data directory itself, absolute.
    pub fn base(&self) -> &Path {
        &self.base
    }

    /// The network's directory, absolute: the data directory itself on the main chain.
    pub fn network(&self) -> &Path {
        &self.network
    }

    /// Marks the network's directory as in use until the result is dropped.
    ///
    /// # Errors
    /// [`LockError`] when another process uses it or it cannot be written.
    pub fn lock(&self) -> Result<LockFile, LockError> {
        LockFile::acquire(&self.network)
    }
}

/// The network's directory as options imply it, without touching the file system.
pub fn network_directory(args: &Args) -> PathBuf {
    let base = base_directory(args);
    match args.network().data_directory() {
        Some(name) => base.join(name),
        None => base,
    }
}

/// The data directory as options imply it, without touching the file system.
pub fn base_directory(args: &Args) -> PathBuf {
    let path = args.path("datadir").unwrap_or_else(default_directory);
    std::path::absolute(&path).unwrap_or(path)
}

/// Whether `-datadir` is either absent or names a directory.
pub(crate) fn option_is_usable(args: &Args) -> bool {
    args.path("datadir").is_none_or(|path| path.is_dir())
}

/// The data directory of a user who does not choose one.
pub fn default_directory() -> PathBuf {
    if cfg!(windows) {
        return variable("APPDATA").join("Syscoin");
    }
    let home = variable("HOME");
    if cfg!(target_os = "macos") {
        home.join("Library/Application Support/Syscoin")
    } else {
        home.join(".syscoin")
    }
}

fn variable(name: &str) -> PathBuf {
    env::var_os(name)
        .filter(|value| !value.is_empty())
        .map_or_else(|| PathBuf::from("/"), PathBuf::from)
}

fn create_private(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)
}
