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
        // A new directory has one for wallets from the start; without it, they lie in the directory itself.
        for directory in [&base, &network] {
            let path = match directory.exists() {
                true => directory.clone(),
                false => directory.join("wallets"),
            };
            create_private(&path).map_err(|source| DataDirError::Create { path, source })?;
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::{OptionTable, general_options};

    fn args(options: &[&str]) -> Args {
        let argv = ["syscoind"].into_iter().chain(options.iter().copied());
        Args::parse(OptionTable::new().add(general_options()), argv.map(Into::into)).unwrap()
    }

    #[test]
    fn each_network_has_its_directory() {
        let directory = tempfile::tempdir().unwrap();
        let datadir = format!("-datadir={}/", directory.path().display());
        for (chain, expected) in [
            ("main", ""),
            ("test", "testnet3"),
            ("signet", "signet"),
            ("regtest", "regtest"),
        ] {
            let args = args(&[&datadir, &format!("-chain={chain}")]);
            let data_dir = DataDir::resolve(&args).unwrap();
            assert_eq!(data_dir.base(), directory.path());
            assert_eq!(data_dir.network(), directory.path().join(expected));
            assert_eq!(data_dir.network(), network_directory(&args));
            assert!(data_dir.network().is_dir());
            assert_eq!(data_dir.network().join("wallets").is_dir(), !expected.is_empty());
        }
    }

    #[cfg(unix)]
    #[test]
    fn new_directories_are_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let args = args(&[&format!("-datadir={}", directory.path().display()), "-regtest"]);
        let data_dir = DataDir::resolve(&args).unwrap();
        assert_eq!(
            fs_err::metadata(data_dir.network()).unwrap().permissions().mode() & 0o777,
            0o700
        );
    }

    #[test]
    fn a_directory_that_is_named_must_exist() {
        let error = DataDir::resolve(&args(&["-datadir=/nonexistent/₿"])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "Specified data directory \"/nonexistent/₿\" does not exist."
        );
    }

    #[test]
    fn a_relative_directory_becomes_absolute() {
        assert!(base_directory(&args(&["-datadir=src"])).is_absolute());
        assert!(default_directory().is_absolute());
    }
}
