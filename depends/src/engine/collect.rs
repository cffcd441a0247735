//! Collecting what is not needed any more: built packages by age and size, leftovers of killed runs, unused sources.
//!
//! What the options plan, what a prefix was made of and what a run holds on to is never removed.

mod leftovers;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use site_profile::Profile;

use super::{Engine, EngineError};
use crate::cache::{Removal, Stored};
use crate::profile;

/// How many digits of a key are in the names of files.
const N_KEY_DIGITS: usize = 11;

/// What is to be collected. Leftovers of killed runs are, in any case.
#[derive(Debug, Clone, Default)]
pub struct Collection {
    /// Packages that no run needed for this time.
    pub older_than: Option<Duration>,
    /// Packages, those first that were not needed for the longest time, until the cache is no larger; in bytes.
    pub max_size: Option<u64>,
    /// Profiles whose packages stay, or directories: prefixes, or such that hold profiles.
    pub roots: Vec<PathBuf>,
    /// Also the source files that no recipe names.
    pub sources: bool,
    /// Only say what would go.
    pub dry_run: bool,
}

/// What [`Engine::collect`] removed, or would remove.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Collected {
    /// What is gone.
    pub removed: Vec<Removed>,
    /// The packages that stay though the rules would have them go, because a run needs them at this moment.
    pub in_use: Vec<PathBuf>,
    /// How many packages stay.
    pub n_kept: usize,
    /// How many of these stay because of a root.
    pub n_rooted: usize,
    /// The size of all packages that stay, in bytes.
    pub kept_bytes: u64,
    /// The sources directory, where it was left alone because an option names it.
    pub kept_sources: Option<PathBuf>,
}

/// Something that was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// Where it was; of a package, the archive.
    pub path: PathBuf,
    /// What it was.
    pub what: What,
    /// Its size in bytes.
    pub n_bytes: u64,
}

/// What was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A built package, with the files beside its archive.
    Package,
    /// A directory in which nobody works any more.
    Scratch,
    /// A file that was never finished, or that belongs to a package which is not there.
    Leftover,
    /// The log of a build that failed.
    Log,
    /// A source file.
    Source,
}

impl Collected {
    /// The size of all that was removed, in bytes.
    #[must_use]
    pub fn removed_bytes(&self) -> u64 {
        self.removed.iter().map(|removed| removed.n_bytes).sum()
    }

    fn add(&mut self, what: What, path: PathBuf, n_bytes: u64) {
        self.removed.push(Removed { path, what, n_bytes });
    }
}

impl Engine {
    /// Removes what `collection` says, safely beside other runs.
    ///
    /// # Errors
    /// As [`Engine::plan`], since what the options need is to stay; a profile cannot be read, or something not removed.
    pub fn collect(&self, collection: &Collection) -> Result<Collected, EngineError> {
        let roots = self.rooted_keys(&collection.roots)?;
        let mut collected = Collected::default();
        self.collect_packages(collection, &roots, &mut collected)?;
        self.collect_leftovers(collection.dry_run, &mut collected)?;
        if collection.sources {
            self.collect_sources(collection.dry_run, &mut collected)?;
        }
        Ok(collected)
    }

    fn collect_packages(
        &self,
        collection: &Collection,
        roots: &BTreeSet<String>,
        collected: &mut Collected,
    ) -> Result<(), EngineError> {
        let cache = self.cache();
        let mut stored = cache.stored()?;
        stored.sort_by_key(|stored| stored.last_use);
        let mut n_bytes: u64 = stored.iter().map(|stored| stored.n_bytes).sum();
        let now = SystemTime::now();
        for stored in stored {
            let is_rooted = roots.contains(&stored.short_key);
            let is_large = collection.max_size.is_some_and(|limit| n_bytes > limit);
            if !is_rooted && (is_large || is_old(&stored, collection.older_than, now)) {
                match cache.remove(&stored, collection.dry_run)? {
                    Removal::Removed => {
                        n_bytes -= stored.n_bytes;
                        collected.add(What::Package, stored.archive, stored.n_bytes);
                        continue;
                    }
                    Removal::Absent => continue,
                    Removal::InUse => collected.in_use.push(stored.archive),
                }
            }
            collected.n_kept += 1;
            collected.n_rooted += usize::from(is_rooted);
            collected.kept_bytes += stored.n_bytes;
        }
        Ok(())
    }

    /// The beginnings of all keys whose packages stay.
    fn rooted_keys(&self, roots: &[PathBuf]) -> Result<BTreeSet<String>, EngineError> {
        let plan = self.plan()?;
        let mut keys: BTreeSet<String> = plan.units.iter().map(crate::plan::Unit::short_key).collect();
        let mut profiles = Vec::new();
        if self.layout.base.is_dir() {
            for entry in fs_err::read_dir(&self.layout.base)? {
                let profile = entry?.path().join(profile::PATH);
                if profile.is_file() {
                    profiles.push(profile);
                }
            }
        }
        for root in roots {
            profiles.extend(profiles_at(root)?);
        }
        for path in profiles {
            let error = |reason: String| EngineError::Root {
                path: path.clone(),
                reason,
            };
            let text = fs_err::read_to_string(&path).map_err(|cause| error(cause.to_string()))?;
            let profile = Profile::parse(&text, &path).map_err(|cause| error(cause.to_string()))?;
            let short = |key: &str| key.get(..N_KEY_DIGITS).map(str::to_owned);
            keys.extend(
                profile
                    .packages
                    .values()
                    .filter_map(|package| short(&package.key)),
            );
        }
        Ok(keys)
    }
}

fn is_old(stored: &Stored, older_than: Option<Duration>, now: SystemTime) -> bool {
    older_than.is_some_and(|limit| now.duration_since(stored.last_use).is_ok_and(|age| age >= limit))
}

/// The profiles that a root stands for.
fn profiles_at(root: &Path) -> Result<Vec<PathBuf>, EngineError> {
    if !root.is_dir() {
        return Ok(vec![root.to_owned()]);
    }
    let of_prefix = root.join(profile::PATH);
    if of_prefix.is_file() {
        return Ok(vec![of_prefix]);
    }
    let mut found = Vec::new();
    for entry in fs_err::read_dir(root)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            found.push(path);
        }
    }
    if found.is_empty() {
        return Err(EngineError::Root {
            path: root.to_owned(),
            reason: "the directory is no prefix and holds no *.toml".to_owned(),
        });
    }
    Ok(found)
}
