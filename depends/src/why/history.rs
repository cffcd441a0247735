//! What was built before: in the cache, and in the records of runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Deserialize;

use super::{Built, KeyError};
use crate::cache::Cache;
use crate::digest::Digest;
use crate::plan::{Plan, Unit};
use crate::record::{Outcome, Records};

/// Finds what keys stand for: in the plan, in the cache and in the records.
pub(crate) struct Finder<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) cache: &'a Cache,
    pub(crate) records: &'a Records,
}

/// All builds of one package that are known.
pub(crate) struct History {
    /// The builds, the newest first.
    pub(crate) builds: Vec<Built>,
}

/// The part of a preimage that says what a build was for.
#[derive(Deserialize)]
struct Purpose {
    name: String,
    version: String,
    machine: String,
    variant: Option<String>,
}

impl Finder<'_> {
    /// The text that a package's key stands for.
    pub(crate) fn preimage(&self, package: &str, key: Digest) -> Option<String> {
        if let Some(unit) = self.plan.units.iter().find(|unit| unit.key == key) {
            return Some(unit.preimage.clone());
        }
        let end = format!("-{}.key.json", key.short(11));
        let files = files(self.cache, package);
        let in_cache = files
            .iter()
            .filter(|path| path.to_string_lossy().ends_with(&end))
            .filter_map(|path| fs_err::read_to_string(path).ok())
            .find(|text| Digest::of(text.as_bytes()) == key);
        in_cache.or_else(|| self.records.preimage(key))
    }

    /// All builds of the package that are known.
    pub(crate) fn history(&self, package: &str) -> History {
        let mut builds: BTreeMap<Digest, Built> = BTreeMap::new();
        for path in files(self.cache, package) {
            let archive = archive_beside(&path);
            let Ok(when) = fs_err::metadata(&archive).and_then(|metadata| metadata.modified()) else {
                continue;
            };
            let Ok(text) = fs_err::read_to_string(&path) else {
                continue;
            };
            let archive = Some(archive);
            if let Some(built) = built(package, &text, when, archive) {
                builds.insert(built.key, built);
            }
        }
        for record in self.records.list() {
            for unit in &record.units {
                if !matches!(unit.outcome, Outcome::Ready(_)) || builds.contains_key(&unit.key) {
                    continue;
                }
                let Some(text) = self.records.preimage(unit.key) else {
                    continue;
                };
                if let Some(built) = built(package, &text, record.started + unit.end(), None) {
                    builds.insert(built.key, built);
                }
            }
        }
        let mut builds: Vec<Built> = builds.into_values().collect();
        builds.sort_by_key(|built| std::cmp::Reverse(built.when));
        History { builds }
    }

    /// Why the last attempt to build the unit failed, if it did.
    pub(crate) fn last_failure(&self, unit: &Unit) -> Option<String> {
        let records = self.records.list();
        let mut attempts = records.iter().flat_map(|record| &record.units);
        let last = attempts.find(|attempt| attempt.key == unit.key)?;
        match &last.outcome {
            Outcome::Failed(reason) => Some(reason.clone()),
            Outcome::Ready(_) | Outcome::Cancelled | Outcome::Stopped => None,
        }
    }
}

impl History {
    /// The newest build with the unit's machine and variant and another key than the unit's.
    pub(crate) fn last_other(&self, unit: &Unit) -> Option<&Built> {
        self.builds.iter().find(|built| {
            let variant = built.variant.as_deref();
            built.key != unit.key
                && built.machine == unit.platform()
                && variant.is_none_or(|variant| variant == unit.variant.name())
        })
    }

    /// The build whose key begins with `prefix`.
    ///
    /// # Errors
    /// There is none, or there are several.
    pub(crate) fn find(&self, package: &str, prefix: &str) -> Result<&Built, KeyError> {
        let lower = prefix.to_ascii_lowercase();
        let matching: Vec<&Built> = self
            .builds
            .iter()
            .filter(|built| built.key.to_string().starts_with(&lower))
            .collect();
        if let [built] = matching[..]
            && !prefix.is_empty()
        {
            return Ok(built);
        }
        let keys: Vec<String> = self.builds.iter().map(|built| built.key.short(16)).collect();
        let help = if keys.is_empty() {
            "no build of it is known".to_owned()
        } else {
            format!("the keys of its builds, the newest first: {}", keys.join(", "))
        };
        Err(KeyError {
            prefix: prefix.to_owned(),
            package: package.to_owned(),
            n_found: matching.len(),
            help,
        })
    }
}

/// The preimages of a package's keys in the cache, for all machines.
fn files(cache: &Cache, package: &str) -> Vec<PathBuf> {
    let entries = |directory: &Path| fs_err::read_dir(directory).into_iter().flatten().flatten();
    entries(cache.directory())
        .flat_map(|machine| entries(&machine.path().join(package)))
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().ends_with(KEY))
        .collect()
}

const KEY: &str = ".key.json";

fn archive_beside(preimage: &Path) -> PathBuf {
    let name = preimage.file_name().unwrap_or_default().to_string_lossy();
    preimage.with_file_name(format!("{}.tar.gz", name.trim_end_matches(KEY)))
}

/// What a preimage says, if it is one of the package's.
fn built(package: &str, preimage: &str, when: SystemTime, archive: Option<PathBuf>) -> Option<Built> {
    let purpose: Purpose = serde_json::from_str(preimage).ok()?;
    (purpose.name == package).then(|| Built {
        key: Digest::of(preimage.as_bytes()),
        version: purpose.version,
        machine: purpose.machine,
        variant: purpose.variant,
        when,
        archive,
    })
}
