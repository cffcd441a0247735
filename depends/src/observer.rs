//! What the engine tells whoever drives it, as it happens.

use std::path::Path;
use std::process::Command;

/// Receives the engine's events, from any of its threads.
pub trait Observer: Send + Sync {
    /// Called once for each event, in the order of the thread that it happens on.
    fn notice(&self, event: &Event<'_>);
}

/// An observer that ignores everything.
#[derive(Debug, Default, Clone, Copy)]
pub struct Silent;

impl Observer for Silent {
    fn notice(&self, _event: &Event<'_>) {}
}

/// Something that happened.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A route to a source file is tried.
    Fetching {
        /// The package.
        package: &'a str,
        /// The file's name in the sources directory.
        file: &'a str,
        /// The route, as the recipe gives it.
        route: &'a str,
    },
    /// Part of a file has arrived.
    Received {
        /// The package.
        package: &'a str,
        /// The file's name in the sources directory.
        file: &'a str,
        /// Bytes so far.
        n_bytes: u64,
        /// Bytes in all, where the route knows.
        total: Option<u64>,
    },
    /// The file is there and verified; also said of one that was there before.
    Fetched {
        /// The package.
        package: &'a str,
        /// The file's name in the sources directory.
        file: &'a str,
    },
    /// A route did not lead to the file: the next one is tried.
    RouteFailed {
        /// The package.
        package: &'a str,
        /// The route, as the recipe gives it.
        route: &'a str,
        /// Why.
        reason: &'a str,
    },
    /// A package enters a phase.
    Phase {
        /// The package, with `native_` before it for a native tool.
        package: &'a str,
        /// What is done now.
        phase: Phase,
    },
    /// A package is in the cache.
    Ready {
        /// The package.
        package: &'a str,
    },
    /// A program is started for a package.
    Command {
        /// The package.
        package: &'a str,
        /// The program, its arguments, directory and environment.
        command: &'a Command,
    },
    /// Packages are put together into a prefix.
    Composing {
        /// The prefix.
        prefix: &'a Path,
        /// The packages' names.
        packages: &'a [String],
    },
    /// Something that the user should know, though it stops nothing.
    Warning {
        /// The text.
        message: &'a str,
    },
}

/// What is done with a package, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// The sources are fetched and verified.
    Fetch,
    /// The archive is unpacked.
    Extract,
    /// The patches are applied.
    Preprocess,
    /// The build system is configured.
    Configure,
    /// The package is compiled.
    Build,
    /// The results are installed into a staging directory.
    Stage,
    /// What is not wanted is removed, and what remains is made relocatable.
    Postprocess,
    /// The staged tree is archived in the cache.
    Cache,
}
