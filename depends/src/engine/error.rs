//! Why the engine did not do what it was asked for.

use std::path::PathBuf;

use super::{NoticesError, VendorError};
use crate::archive::ArchiveError;
use crate::author::AuthorError;
use crate::fetch::FetchError;
use crate::host::UnknownHost;
use crate::options::OptionError;
use crate::recipe::set::SetError;
use crate::sandbox::SandboxError;
use crate::schedule::UnitError;
use crate::tool::MissingTools;
use crate::toolchain::ToolchainError;
use crate::why::KeyError;

/// Why the engine did not do what it was asked for.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum EngineError {
    /// A recipe or the selection rules are wrong.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Recipes(#[from] SetError),
    /// An option is wrong.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Option(#[from] OptionError),
    /// The host is not known.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Host(#[from] UnknownHost),
    /// This machine is not known, so that nothing can be built on it.
    #[error("this machine is no known host; packages can be built on {known}")]
    UnknownBuildMachine {
        /// The known hosts.
        known: String,
    },
    /// Programs are missing.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Tools(MissingTools),
    /// A toolchain cannot be used.
    #[error(transparent)]
    Toolchain(ToolchainError),
    /// The isolation that an option asks for is none.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// There is no such package.
    #[error("there is no package {name}")]
    #[diagnostic(help("{help}"))]
    UnknownPackage {
        /// The name.
        name: String,
        /// The nearest name, or all.
        help: String,
    },
    /// The package does not exist for the host.
    #[error("there is no {name} for this host: {reason}")]
    NotPlanned {
        /// The package.
        name: String,
        /// Why.
        reason: String,
    },
    /// Packages were not built.
    #[error("{} not built", plural(.0))]
    Units(Vec<UnitError>),
    /// Sources are missing or wrong.
    #[error("{} without its source", plural(.0))]
    Sources(Vec<(String, FetchError)>),
    /// Packages in the cache are damaged.
    #[error("damaged packages in the cache:{}", .0.iter().map(|line| format!("\n  {line}")).collect::<String>())]
    #[diagnostic(help("build again: they are announced and rebuilt"))]
    DamagedPackages(Vec<String>),
    /// There is no such build, or no single one.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Key(#[from] KeyError),
    /// A package that was built again cannot be compared with the one in the cache.
    #[error("cannot compare {label} with what is in the cache")]
    Verify {
        /// The package.
        label: String,
        /// Why.
        #[source]
        source: ArchiveError,
    },
    /// The prefix cannot be put together.
    #[error("cannot compose {}", path.display())]
    Compose {
        /// The prefix.
        path: PathBuf,
        /// Why.
        #[source]
        source: ArchiveError,
    },
    /// A recipe was not written.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Author(Box<AuthorError>),
    /// Sources are not put into a directory.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Vendor(Box<VendorError>),
    /// The licences' texts are not at hand.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Notices(#[from] NoticesError),
    /// A package of the cache cannot be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A profile whose packages are to be kept cannot be read.
    #[error("{} is no profile, and what it needs cannot be told: {reason}", path.display())]
    #[diagnostic(help("nothing was removed; build its prefix again, or remove it"))]
    Root {
        /// The profile.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file cannot be read or written; the error names it.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl From<AuthorError> for EngineError {
    fn from(error: AuthorError) -> Self {
        Self::Author(Box::new(error))
    }
}

impl From<VendorError> for EngineError {
    fn from(error: VendorError) -> Self {
        Self::Vendor(Box::new(error))
    }
}

fn plural<T>(list: &[T]) -> String {
    match list.len() {
        1 => "one package".to_owned(),
        n => format!("{n} packages"),
    }
}

/// An error with all that caused it, in one line; a cause that the error itself tells is not told again.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}
