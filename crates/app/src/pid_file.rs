//! The file that tells service managers and rigs the process id.

use std::io;
use std::path::{Path, PathBuf};

use crate::args::Args;
use crate::data_dir::DataDir;

/// The file's name in the network's directory, for every daemon: `syscoin-node` stands in for `syscoind`.
pub const PID_FILE_NAME: &str = "syscoind.pid";

/// The file, which is removed when this is dropped.
#[derive(Debug)]
pub struct PidFile {
    path: PathBuf,
}

/// The file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("Unable to create the PID file '{path}': {source}", path = path.display())]
pub struct PidFileError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub source: io::Error,
}

impl PidFile {
    /// Where `-pid` puts the file; nowhere with `-nopid`.
    pub fn location(args: &Args, data_dir: &DataDir) -> Option<PathBuf> {
        if args.is_negated("pid") {
            return None;
        }
        Some(
            data_dir
                .network()
                .join(args.path("pid").unwrap_or_else(|| PID_FILE_NAME.into())),
        )
    }

    /// Writes this process's id.
    ///
    /// # Errors
    /// [`PidFileError`] when the file cannot be written.
    pub fn create(path: impl Into<PathBuf>) -> Result<Self, PidFileError> {
        let path = path.into();
        match fs_err::write(&path, format!("{}\n", std::process::id())) {
            Ok(()) => Ok(Self { path }),
            Err(source) => {
                // On a full disk an empty one is left, of which nobody can tell whose it is.
                if source.kind() == io::ErrorKind::StorageFull {
                    let _ = fs_err::remove_file(&path);
                }
                Err(PidFileError { path, source })
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // A file that cannot be removed is overwritten by the next start.
        let _ = fs_err::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_holds_the_id_while_it_lives() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("₿.pid");
        let pid_file = PidFile::create(&path).unwrap();
        assert_eq!(
            fs_err::read_to_string(pid_file.path()).unwrap(),
            format!("{}\n", std::process::id())
        );
        drop(pid_file);
        assert!(!path.exists());
    }

    #[test]
    fn a_file_that_cannot_be_written_is_named() {
        let error = PidFile::create("/nonexistent/x.pid").unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("Unable to create the PID file '/nonexistent/x.pid': "),
            "{error}"
        );
    }
}
