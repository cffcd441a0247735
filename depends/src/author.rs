//! Writing recipes: a first one from an archive, and moving one to another version.
//!
//! What is written is for people to read and finish. Nothing here builds anything.

mod inspect;
mod license;
mod scaffold;
mod update;
mod version;

use std::path::PathBuf;

use crate::archive::ArchiveError;
use crate::digest::Digest;
use crate::extract::ExtractError;
use crate::fetch::RouteError;
use crate::recipe::RecipeError;
use crate::recipe::set::SetError;
use crate::tree::TreeError;

pub use scaffold::{Origin, Scaffold, Scaffolded};
pub use update::{Change, Update, Updated};

/// Why a recipe was not written.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum AuthorError {
    /// There is such a recipe.
    #[error("{} exists already", path.display())]
    #[diagnostic(help("to move it to another version, update it"))]
    Exists {
        /// The recipe.
        path: PathBuf,
    },
    /// The archive cannot be had.
    #[error("{route}: {source}")]
    Fetch {
        /// The route.
        route: String,
        /// Why.
        source: Box<RouteError>,
    },
    /// No route of an archive leads to the new version.
    #[error("no route leads to {file}:{}", failures.iter().map(|line| format!("\n  {line}")).collect::<String>())]
    NoRoute {
        /// The archive's new name.
        file: String,
        /// Each route, and why it does not.
        failures: Vec<String>,
    },
    /// The archive has another digest than was said.
    #[error("{file} has the digest {actual}, not {expected}")]
    WrongDigest {
        /// The archive.
        file: String,
        /// What was said.
        expected: Digest,
        /// What it has.
        actual: Digest,
    },
    /// A digest was said for a recipe of several archives.
    #[error("the recipe has {n_archives} archives, and one digest was given")]
    OneDigest {
        /// How many.
        n_archives: usize,
    },
    /// The recipe has this version already.
    #[error("{name} has version {version} already")]
    SameVersion {
        /// The package.
        name: String,
        /// The version.
        version: String,
    },
    /// No route or file name has the version in it.
    #[error("nothing in the routes to {file} says version {version}")]
    #[diagnostic(help("change the recipe's routes by hand"))]
    NoVersion {
        /// The archive.
        file: String,
        /// The recipe's version.
        version: String,
    },
    /// A crate's version is not that of the package.
    #[error("the crate {name} {version} has versions of its own")]
    #[diagnostic(help("say which one carries the new version: --crate-version"))]
    CrateVersion {
        /// The crate.
        name: String,
        /// Its version in the recipe.
        version: String,
    },
    /// Archives of one source hold different trees.
    #[error("the archives of the new version hold different trees: {}", list(trees))]
    DifferentTrees {
        /// The archives, with their trees' digests.
        trees: Vec<(String, Digest)>,
    },
    /// The new source does not go with the rest of the recipe.
    #[error("the new source does not go with the recipe:{}", reasons.iter().map(|line| format!("\n  {line}")).collect::<String>())]
    #[diagnostic(help("nothing was changed; with --force the recipe is moved all the same"))]
    DoesNotFit {
        /// What does not go.
        reasons: Vec<String>,
    },
    /// The archive cannot be unpacked.
    #[error(transparent)]
    Extract(#[from] ExtractError),
    /// The unpacked source cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A package cannot be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// What would be written is no recipe.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Recipe(#[from] RecipeError),
    /// A recipe cannot be read.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Set(#[from] SetError),
    /// A file cannot be read or written; the error names it.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

fn list(trees: &[(String, Digest)]) -> String {
    let trees: Vec<String> = trees
        .iter()
        .map(|(file, digest)| format!("{file} {digest}"))
        .collect();
    trees.join(", ")
}
