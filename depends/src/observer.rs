//! What the engine tells whoever drives it, as it happens.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde::{Deserialize, Serialize};

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
    /// A package cannot go on yet.
    Waiting {
        /// The package.
        package: &'a str,
        /// What it waits for.
        reason: Wait,
    },
    /// A package is in the cache.
    Ready {
        /// The package.
        package: &'a str,
        /// How it came there.
        origin: Origin,
    },
    /// A package was not built.
    Failed {
        /// The package.
        package: &'a str,
        /// Why; nothing where the failure of another package ended it.
        reason: Option<&'a str>,
    },
    /// Somebody works in the package's directory from now on.
    Visited {
        /// The package.
        package: &'a str,
    },
    /// A package is about to be built, shut off from the machine.
    Isolated {
        /// The package.
        package: &'a str,
        /// How: an isolation's name, and in words what its recipe lets escape.
        isolation: &'a str,
    },
    /// A program is started for a package.
    Command {
        /// The package.
        package: &'a str,
        /// The program, its arguments, directory and environment.
        command: &'a Command,
    },
    /// A program that was started for a package has ended, well or not.
    Ended {
        /// The package.
        package: &'a str,
        /// The processor time of the program and of all that it ran, where the system tells.
        cpu: Option<Duration>,
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

/// What a package waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wait {
    /// Other downloads, because only a few run at a time.
    Download,
    /// The packages that it needs.
    Dependencies,
    /// A processor: a token of the job server.
    Processor,
    /// Another run, which builds the same package.
    OtherRun,
}

/// How a package came into the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// It was there before.
    Cache,
    /// This run built it.
    Build,
    /// Another run built it while this one waited.
    OtherRun,
}

/// What is done with a package, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
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
