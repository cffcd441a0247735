//! Why an archive was not unpacked.

use std::io;
use std::path::PathBuf;

/// An archive that was not unpacked.
#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    /// The tree's place is taken.
    #[error("{} exists already", path.display())]
    Exists {
        /// The place.
        path: PathBuf,
    },
    /// The file system refused to hold the tree; the error names the path.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The archive cannot be read to its end.
    #[error("{} is damaged or cannot be read", archive.display())]
    Read {
        /// The archive.
        archive: PathBuf,
        /// What its reader says.
        source: io::Error,
    },
    /// The file is something else than a tar archive.
    #[error("{} is {found}, not a tar archive (plain, gzip, xz or bzip2)", archive.display())]
    Format {
        /// The file.
        archive: PathBuf,
        /// What its first bytes look like.
        found: &'static str,
    },
    /// The archive holds an entry that is not unpacked.
    #[error("{}: {entry:?} {reason}", archive.display())]
    Refused {
        /// The archive.
        archive: PathBuf,
        /// The entry's path, as the archive gives it.
        entry: String,
        /// What is wrong with it.
        reason: RefusedEntry,
    },
    /// The archive unpacks to more than it may.
    #[error("{} unpacks to more than {limit}", archive.display())]
    TooLarge {
        /// The archive.
        archive: PathBuf,
        /// What was exceeded.
        limit: String,
    },
    /// Patterns of what to unpack match nothing of the archive.
    #[error("{} has nothing that these patterns of `only` match: {}", archive.display(), patterns.join(", "))]
    NoMatch {
        /// The archive.
        archive: PathBuf,
        /// The patterns.
        patterns: Vec<String>,
    },
    /// A root that is no path inside an archive.
    #[error("{}: the root {root:?} is not a relative path without `..`", archive.display())]
    InvalidRoot {
        /// The archive.
        archive: PathBuf,
        /// The root, as the recipe gives it.
        root: String,
    },
    /// The root is not a directory of the archive.
    #[error("{} holds no directory {root:?}; at its top there is {}", archive.display(), names(top))]
    NoRoot {
        /// The archive.
        archive: PathBuf,
        /// The root that was looked for.
        root: PathBuf,
        /// What the archive holds at its top.
        top: Vec<String>,
    },
    /// No root was given and the archive has not just one directory at its top.
    #[error("{} has no single top-level directory; at its top there is {}", archive.display(), names(top))]
    NoSingleRoot {
        /// The archive.
        archive: PathBuf,
        /// What the archive holds at its top.
        top: Vec<String>,
    },
}

/// What is wrong with an entry of an archive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefusedEntry {
    /// The path begins with `/`.
    #[error("is an absolute path")]
    Absolute,
    /// The path has a component `..`.
    #[error("leads upwards with `..`")]
    Upwards,
    /// The path is empty, or holds a zero byte.
    #[error("is not a path")]
    NotAPath,
    /// Something else has this path already.
    #[error("is in the archive twice")]
    Duplicate,
    /// A parent of the path is a file or a symbolic link.
    #[error("lies below {parent:?}, which is not a directory")]
    BelowNonDirectory {
        /// The parent.
        parent: PathBuf,
    },
    /// A device, a pipe, or a kind of entry that nobody knows.
    #[error("is {kind}")]
    Kind {
        /// What it is.
        kind: &'static str,
    },
    /// The link leads out of the tree.
    #[error("is a link to {target:?}, which is outside the source tree")]
    EscapingLink {
        /// The link's target.
        target: String,
    },
    /// The symbolic link leads in a circle.
    #[error("is a link to {target:?}, which leads in a circle")]
    CircularLink {
        /// The link's target.
        target: String,
    },
    /// The hard link's target is no file that was unpacked before it.
    #[error("is a hard link to {target:?}, which is no file before it in the tree")]
    MissingTarget {
        /// The link's target.
        target: String,
    },
    /// The entry's extended header cannot be understood.
    #[error("has a malformed extended header")]
    MalformedHeader,
}

/// The first few of some names.
fn names(names: &[String]) -> String {
    const N_SHOWN: usize = 10;
    if names.is_empty() {
        return "nothing".to_owned();
    }
    let mut text = names.iter().take(N_SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > N_SHOWN {
        text.push_str(", …");
    }
    text
}
