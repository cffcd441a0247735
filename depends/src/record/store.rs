//! The records of the last runs, and the preimages of the keys that they name.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::{Outcome, Record};
use crate::atomic;
use crate::digest::Digest;
use crate::observer::Origin;
use crate::plan::Plan;

/// How many runs are remembered.
const KEPT: usize = 40;

/// The directory of the records, which need not exist.
#[derive(Debug, Clone)]
pub struct Records {
    directory: PathBuf,
}

impl Records {
    /// The records in `directory`.
    #[must_use]
    pub fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// All records that can be read, the newest first.
    #[must_use]
    pub fn list(&self) -> Vec<Record> {
        let mut files = names(&self.runs());
        files.sort();
        let read = |name: &String| {
            let text = fs_err::read_to_string(self.runs().join(name)).ok()?;
            serde_json::from_str(&text).ok()
        };
        files.iter().rev().filter_map(read).collect()
    }

    /// The newest record of a run for `host` that built something; without one, the newest for `host`.
    #[must_use]
    pub fn last(&self, host: &str) -> Option<Record> {
        let mut records = self.list();
        records.retain(|record| record.host == host);
        let index = records.iter().position(Record::built_something).unwrap_or(0);
        (!records.is_empty()).then(|| records.swap_remove(index))
    }

    /// The text that the key stands for, where a record names the key and the package was not in the cache before.
    #[must_use]
    pub fn preimage(&self, key: Digest) -> Option<String> {
        let text = fs_err::read_to_string(self.preimage_path(key)).ok()?;
        (Digest::of(text.as_bytes()) == key).then_some(text)
    }

    /// Keeps a record, and forgets those that are too many.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub(crate) fn save(&self, record: &Record, plan: &Plan) -> io::Result<()> {
        for unit in &record.units {
            // What was in the cache lies there with its preimage.
            if unit.outcome == Outcome::Ready(Origin::Cache) {
                continue;
            }
            let path = self.preimage_path(unit.key);
            if let Some(planned) = plan.units.iter().find(|planned| planned.key == unit.key)
                && !path.is_file()
            {
                atomic::write(&path, planned.preimage.as_bytes())?;
            }
        }
        let since = record.started.duration_since(UNIX_EPOCH).unwrap_or_default();
        let name = format!("{:020}-{}.json", since.as_nanos(), std::process::id());
        let text = serde_json::to_string(record).map_err(io::Error::from)?;
        atomic::write(&self.runs().join(name), text.as_bytes())?;
        self.forget()
    }

    fn forget(&self) -> io::Result<()> {
        let mut runs = names(&self.runs());
        if runs.len() <= KEPT {
            return Ok(());
        }
        runs.sort();
        for name in &runs[..runs.len() - KEPT] {
            atomic::remove_file(&self.runs().join(name))?;
        }
        let named: BTreeSet<String> = self
            .list()
            .iter()
            .flat_map(|record| &record.units)
            .map(|unit| format!("{}.json", unit.key))
            .collect();
        for name in names(&self.preimages()) {
            if !named.contains(&name) {
                atomic::remove_file(&self.preimages().join(name))?;
            }
        }
        Ok(())
    }

    fn runs(&self) -> PathBuf {
        self.directory.join("runs")
    }

    fn preimages(&self) -> PathBuf {
        self.directory.join("keys")
    }

    fn preimage_path(&self, key: Digest) -> PathBuf {
        self.preimages().join(format!("{key}.json"))
    }
}

/// The names of the JSON files in a directory.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs_err::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.ends_with(".json"))
        .collect()
}
