//! Why a source could not be had.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::digest::Digest;
use crate::tree::TreeError;

/// A source that could not be had.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The recipe gives an archive a name that is no file name.
    #[error("{package}: {file:?} cannot be the name of a source file")]
    FileName {
        /// The package.
        package: String,
        /// The name.
        file: String,
    },
    /// The sources directory cannot be read or written; the error names the path.
    #[error("{package}: cannot keep its source: {source}")]
    Store {
        /// The package.
        package: String,
        /// What the file system says.
        source: io::Error,
    },
    /// No route leads to the source.
    #[error(transparent)]
    Unavailable(Box<Unavailable>),
}

/// Everything that was tried, and how the user can help.
#[derive(Debug)]
pub struct Unavailable {
    /// The package.
    pub package: String,
    /// The files, one of which is enough.
    pub wanted: Vec<Wanted>,
    /// The sources directory.
    pub sources: PathBuf,
    /// What was allowed.
    pub mode: Mode,
    /// What was tried, in order.
    pub failures: Vec<Failure>,
}

/// A file that would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its name in the sources directory.
    pub file: String,
    /// Its digest.
    pub sha256: Digest,
}

/// What was allowed to get a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// All routes.
    Online,
    /// Those that stay on this machine.
    Offline,
    /// None: the sources directory was looked at.
    Check,
}

/// A route that did not lead to the source.
#[derive(Debug)]
pub struct Failure {
    /// The route, as messages name it.
    pub route: String,
    /// Why.
    pub cause: RouteError,
}

impl std::error::Error for Unavailable {}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let package = &self.package;
        match self.mode {
            Mode::Online => write!(f, "{package}: no route leads to its source")?,
            Mode::Offline => write!(f, "{package}: its source is not on this machine")?,
            Mode::Check => write!(f, "{package}: its source is not in {}", self.sources.display())?,
        }
        for failure in &self.failures {
            write!(f, "\n  {}: {}", failure.route, failure.cause)?;
        }
        let start = match self.mode {
            Mode::Offline => "run without --offline, or put ",
            Mode::Online | Mode::Check => "put ",
        };
        for (n_before, wanted) in self.wanted.iter().enumerate() {
            let start = if n_before == 0 { start } else { "or " };
            let end = if n_before + 1 == self.wanted.len() {
                ""
            } else {
                ","
            };
            let (file, sha256) = (&wanted.file, wanted.sha256);
            let help = if n_before == 0 { "help: " } else { "      " };
            write!(
                f,
                "\n  {help}{start}the file {file} with sha256 {sha256} into {}{end}",
                self.sources.display()
            )?;
        }
        Ok(())
    }
}

/// A file with other content than the recipe says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place} has the wrong digest: expected sha256 {expected}, got {actual}{}", in_brackets(hint.as_deref()))]
pub struct Mismatch {
    /// The file, or where its bytes came from.
    pub place: String,
    /// The recipe's digest.
    pub expected: Digest,
    /// The digest of what was found.
    pub actual: Digest,
    /// What may explain it.
    pub hint: Option<String>,
}

fn in_brackets(hint: Option<&str>) -> String {
    hint.map_or_else(String::new, |hint| format!(" ({hint})"))
}

/// Why a route did not lead to a source.
#[derive(Debug, thiserror::Error)]
pub enum RouteError {
    /// The bytes are other ones.
    #[error(transparent)]
    Mismatch(Mismatch),
    /// A local file cannot be read; the error names the path.
    #[error(transparent)]
    Io(io::Error),
    /// The sources directory cannot be written: no other route would help.
    #[error(transparent)]
    Store(io::Error),
    /// The location is malformed.
    #[error("{location:?} is not a location: {reason}")]
    Location {
        /// The location.
        location: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The route needs the network.
    #[error("not tried, because the run is offline")]
    Offline,
    /// The server answers that it does not give the file.
    #[error("the server answers {status}")]
    Status {
        /// The status and its meaning.
        status: String,
    },
    /// The server cannot be reached, or a redirection was not followed.
    #[error("{reason}")]
    Transport {
        /// What the client says, with all its causes.
        reason: String,
    },
    /// The transfer broke off.
    #[error("the transfer broke off after {n_bytes} bytes: {reason}")]
    Interrupted {
        /// How much had arrived.
        n_bytes: u64,
        /// What the client says.
        reason: String,
    },
    /// The file does not end.
    #[error("the file is larger than {limit} bytes")]
    TooLarge {
        /// The most that is accepted.
        limit: u64,
    },
    /// The path does not exist.
    #[error("{} does not exist", path.display())]
    NotThere {
        /// The path.
        path: PathBuf,
    },
    /// The directory holds no such file, and may not be the tree itself.
    #[error("{} holds no {file}, and without tree-sha256 it cannot be the unpacked source itself", directory.display())]
    NoFile {
        /// The directory.
        directory: PathBuf,
        /// The file.
        file: String,
    },
    /// A directory is not the unpacked source.
    #[error("{} holds no {file}, nor is it the unpacked source: expected tree-sha256 {expected}, got {actual}", directory.display())]
    WrongTree {
        /// The directory.
        directory: PathBuf,
        /// The file.
        file: String,
        /// The recipe's digest.
        expected: Digest,
        /// The directory's digest.
        actual: Digest,
    },
    /// A directory cannot be read as a source tree.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A program that the route needs is not installed.
    #[error("{program} is not on this machine ({carried_by})")]
    NoProgram {
        /// The program.
        program: &'static str,
        /// What carries it.
        carried_by: &'static str,
    },
    /// A program failed.
    #[error("`{command}` failed ({status}){}", indented(output))]
    Program {
        /// The program and its first arguments.
        command: String,
        /// How it ended.
        status: String,
        /// The last lines of what it said.
        output: String,
    },
    /// The machine is not set up with Debian's archive.
    #[error("apt's source lists have no entry for Debian's own archive")]
    NotDebian,
    /// The Debian source package has no such file.
    #[error("the source package has no {file}, but {}", listed.join(", "))]
    NotListed {
        /// The file.
        file: String,
        /// What it has.
        listed: Vec<String>,
    },
    /// Cargo fetched the crate, yet its file is not where cargo keeps them.
    #[error("cargo fetched it, but there is no {file} below {}", cache.display())]
    NoCrateFile {
        /// The file.
        file: String,
        /// Cargo's registry cache.
        cache: PathBuf,
    },
}

fn indented(output: &str) -> String {
    output.lines().map(|line| format!("\n    {line}")).collect()
}
