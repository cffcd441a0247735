//! Why a unit was not built.

use std::io;
use std::path::PathBuf;

use super::hint::Hint;
use crate::archive::ArchiveError;
use crate::digest::Digest;
use crate::extract::ExtractError;
use crate::lint::{self, Finding};
use crate::observer::Phase;
use crate::patch::PatchError;
use crate::process::ProgramError;
use crate::tool::MissingTool;
use crate::tree::TreeError;

/// Why a unit was not built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A file cannot be read or written; the error names it.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The source archive cannot be unpacked.
    #[error(transparent)]
    Extract(#[from] ExtractError),
    /// The source tree cannot be read or copied.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The archive holds another tree than the recipe says.
    #[error("the source tree of {package} has the digest {actual}, the recipe says {expected}")]
    WrongTree {
        /// The package.
        package: String,
        /// The recipe's digest.
        expected: Digest,
        /// The tree's.
        actual: Digest,
    },
    /// A patch does not apply.
    #[error(transparent)]
    Patch(#[from] PatchError),
    /// A dependency cannot be unpacked, or two bring the same file.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A command failed.
    #[error("{phase:?} of {package} failed: {source}{}", hint.as_ref().map_or_else(String::new, |hint| format!("; {hint}")))]
    Command {
        /// The package.
        package: String,
        /// What was being done.
        phase: Phase,
        /// The command's failure.
        #[source]
        source: ProgramError,
        /// What its log says of the reason.
        hint: Option<Box<Hint>>,
    },
    /// The build wrote to its home directory.
    #[error(
        "the build of {package} wrote {} to its home directory: what it leaves there would reach other builds",
        file.display()
    )]
    WroteHome {
        /// The package.
        package: String,
        /// One of the files.
        file: PathBuf,
    },
    /// A program of the system disappeared between planning and building.
    #[error("{} is missing", .0.name)]
    MissingTool(MissingTool),
    /// The recipe names a file that the source does not have.
    #[error("the source of {package} has no {path}")]
    NoSuchFile {
        /// The package.
        package: String,
        /// The path in the source.
        path: String,
    },
    /// The package installed nothing.
    #[error("{package} installed nothing below its prefix")]
    NothingStaged {
        /// The package.
        package: String,
    },
    /// The results are not what a package may be.
    #[error(
        "{package} was built, and is not fit to be used:{}\nwhat is meant to be so is excused in the recipe: \
         lint.allow = [{{ rule = \"…\", path = \"…\", why = \"…\" }}]",
        lint::describe(findings)
    )]
    Findings {
        /// The package.
        package: String,
        /// All that is wrong.
        findings: Vec<Finding>,
    },
    /// Another package failed, and the run was ended.
    #[error("not built, because the run was ended")]
    Cancelled,
}
