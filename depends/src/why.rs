//! Why a package is built again: what decides it now, compared with what decided it when it was built before.
//!
//! Nothing is built or fetched, and no archive is read. What is compared are the preimages of keys.

mod compare;
mod history;

use std::path::PathBuf;
use std::time::SystemTime;

use crate::digest::Digest;
use crate::plan::Variant;

pub use compare::{Change, Difference};
pub(crate) use history::Finder;

/// What there is to say about a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// The package's name, with `native_` before it for a native tool.
    pub label: String,
    /// Its key now.
    pub key: Digest,
    /// The triplet of the machine that it runs on, or `any`.
    pub machine: String,
    /// What it is built as.
    pub variant: Variant,
    /// The archive under the key, if it is in the cache.
    pub archive: Option<PathBuf>,
    /// Why what is in the cache under the key is not used.
    pub damaged: Option<String>,
    /// What the package was before: the build that was asked for, or the last for this machine and variant. Nothing
    /// where nothing was asked for and the package is in the cache, or where it was never built.
    pub against: Option<Built>,
    /// How the two differ, where there is something to compare with; its changes are empty where they do not.
    pub comparison: Option<Comparison>,
    /// All other builds of the package that are known, for any machine and variant, the newest first.
    pub others: Vec<Built>,
    /// The reason of the last attempt to build it under this key, if that failed.
    pub last_failure: Option<String>,
}

/// A build of a package that is in the cache or in a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// Its key.
    pub key: Digest,
    /// Its version.
    pub version: String,
    /// The triplet of the machine that it runs on, or `any`.
    pub machine: String,
    /// `release` or `debug`; nothing where the two are the same.
    pub variant: Option<String>,
    /// When it was built.
    pub when: SystemTime,
    /// The archive, while it is in the cache.
    pub archive: Option<PathBuf>,
}

/// How two keys of a package come to differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The package's name.
    pub package: String,
    /// The earlier key.
    pub before: Digest,
    /// The later key.
    pub after: Digest,
    /// What differs in the package itself.
    pub changes: Vec<Change>,
    /// What differs in the packages that it needs.
    pub dependencies: Vec<DependencyChange>,
}

/// A difference in what a package needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DependencyChange {
    /// The name of the package that it needs.
    pub name: String,
    /// Whether programs of it run, instead of its libraries being used.
    pub native: bool,
    /// Its key before; nothing where it was not needed.
    pub before: Option<Digest>,
    /// Its key now; nothing where it is not needed any more.
    pub after: Option<Digest>,
    /// How the two keys come to differ; nothing where there are not two, or where nobody remembers what one of them
    /// stood for.
    pub why: Option<Comparison>,
}

/// A key that leads to no build, or to several.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
#[error("{prefix} is the beginning of {} of {package}", if *n_found == 0 { "no key" } else { "several keys" })]
#[diagnostic(help("{help}"))]
pub struct KeyError {
    /// What was given.
    pub prefix: String,
    /// The package.
    pub package: String,
    /// How many keys begin so.
    pub n_found: usize,
    /// The keys that there are.
    pub help: String,
}

impl Comparison {
    /// Compares the keys `before` and `after` of `package`, and those of its dependencies where they differ;
    /// `preimage` finds what a key of a package stands for. `None` where one of the two is not to be found.
    pub(crate) fn new(
        package: &str,
        before: Digest,
        after: Digest,
        preimage: &dyn Fn(&str, Digest) -> Option<String>,
    ) -> Option<Self> {
        let parse = |key| -> Option<serde_json::Map<String, serde_json::Value>> {
            serde_json::from_str(&preimage(package, key)?).ok()
        };
        let (earlier, later) = (parse(before)?, parse(after)?);
        let mut dependencies = Vec::new();
        for (field, native) in [("dependencies", false), ("native_dependencies", true)] {
            let keys = |map: &serde_json::Map<String, serde_json::Value>| compare::keys(map.get(field));
            let (earlier, later) = (keys(&earlier), keys(&later));
            let names: std::collections::BTreeSet<&String> = earlier.keys().chain(later.keys()).collect();
            for name in names {
                let (before, after) = (earlier.get(name).copied(), later.get(name).copied());
                if before == after {
                    continue;
                }
                let why = before
                    .zip(after)
                    .and_then(|(before, after)| Self::new(name, before, after, preimage));
                dependencies.push(DependencyChange {
                    name: name.clone(),
                    native,
                    before,
                    after,
                    why,
                });
            }
        }
        Some(Self {
            package: package.to_owned(),
            before,
            after,
            changes: compare::changes(&earlier, &later),
            dependencies,
        })
    }

    /// All packages that changed by themselves or through what they need, each once, causes before what they cause.
    #[must_use]
    pub fn causes_first(&self) -> Vec<&Self> {
        let mut found = Vec::new();
        self.collect(&mut found);
        found
    }

    fn collect<'a>(&'a self, found: &mut Vec<&'a Self>) {
        let is_known = |known: &&Self| {
            (&known.package, known.before, known.after) == (&self.package, self.before, self.after)
        };
        if found.iter().any(is_known) {
            return;
        }
        for dependency in &self.dependencies {
            if let Some(why) = &dependency.why {
                why.collect(found);
            }
        }
        found.push(self);
    }
}
