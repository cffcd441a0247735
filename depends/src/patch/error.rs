//! Why a patch was not applied.

use std::io;
use std::path::PathBuf;

/// A patch that was not applied.
#[derive(Debug, thiserror::Error)]
pub enum PatchError {
    /// A file cannot be read or written; the error names the path.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The patch is no unified diff.
    #[error("{}: {reason}", patch.display())]
    Malformed {
        /// The patch.
        patch: PathBuf,
        /// What its parser says.
        reason: String,
    },
    /// A line of the patch belongs to no hunk, or a hunk to no file.
    #[error("{}:{line}: this line belongs to no change of a file", patch.display())]
    Stray {
        /// The patch.
        patch: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// The patch changes no file.
    #[error("{} changes nothing", patch.display())]
    Empty {
        /// The patch.
        patch: PathBuf,
    },
    /// A path is not one below the tree.
    #[error("{}: {file:?} is outside the source tree", patch.display())]
    Outside {
        /// The patch.
        patch: PathBuf,
        /// The path, as the patch gives it.
        file: String,
    },
    /// A path leads through a symbolic link, or to something that is no file.
    #[error("{}: {} is, or is reached through, something that is not a file or directory", patch.display(), file.display())]
    NotAFile {
        /// The patch.
        patch: PathBuf,
        /// The path, in the tree.
        file: PathBuf,
    },
    /// The patch changes a file that is not there.
    #[error("{}: {} does not exist", patch.display(), file.display())]
    Missing {
        /// The patch.
        patch: PathBuf,
        /// The path, in the tree.
        file: PathBuf,
    },
    /// The patch makes a file that is there already.
    #[error("{}: {} exists already", patch.display(), file.display())]
    Exists {
        /// The patch.
        patch: PathBuf,
        /// The path, in the tree.
        file: PathBuf,
    },
    /// The patch deletes a file that holds more than the patch says.
    #[error("{}: {} has other content than the patch deletes", patch.display(), file.display())]
    NotEmptied {
        /// The patch.
        patch: PathBuf,
        /// The path, in the tree.
        file: PathBuf,
    },
    /// The patch has a binary change, or makes a symbolic link or a submodule.
    #[error("{}: {} has a {kind}, which is not supported", patch.display(), file.display())]
    Unsupported {
        /// The patch.
        patch: PathBuf,
        /// The path, in the tree.
        file: PathBuf,
        /// What the patch has for it.
        kind: &'static str,
    },
    /// A hunk does not fit.
    #[error("{}: hunk {hunk} does not fit {}: {mismatch}", patch.display(), file.display())]
    Hunk {
        /// The patch.
        patch: PathBuf,
        /// The path, in the tree.
        file: PathBuf,
        /// The number of the hunk in its file, from 1.
        hunk: usize,
        /// Where it does not fit.
        mismatch: Box<HunkMismatch>,
    },
}

/// Where a hunk does not fit a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HunkMismatch {
    /// A line is another one.
    #[error("line {line} is {actual:?}, not {expected:?}{}", elsewhere(*found_at))]
    Line {
        /// The line, from 1.
        line: usize,
        /// What the patch says.
        expected: String,
        /// What the file says.
        actual: String,
        /// The line at which the whole hunk would fit.
        found_at: Option<usize>,
    },
    /// The file is too short.
    #[error("it ends before line {line}, which should be {expected:?}{}", elsewhere(*found_at))]
    End {
        /// The line, from 1.
        line: usize,
        /// What the patch says.
        expected: String,
        /// The line at which the whole hunk would fit.
        found_at: Option<usize>,
    },
    /// The hunk begins before the end of the one before it, or after the file's end.
    #[error("line {line} is not a place for it")]
    Place {
        /// The line, from 1.
        line: usize,
    },
    /// A line without a line break, which can only be the last, would come before others.
    #[error("line {line} would come after one without a line break")]
    NoLineBreak {
        /// The line of the result, from 1.
        line: usize,
    },
}

fn elsewhere(found_at: Option<usize>) -> String {
    found_at.map_or_else(String::new, |line| format!(" (it would fit at line {line})"))
}
