//! What is remembered of toolchains from one run to the next: an identity, while no file that it was read from has
//! changed.
//!
//! Asking a compiler what it is costs several processes, and reading it through costs more; a run that has nothing to do
//! would do little else.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// What decides the result of compiling, by name.
pub(super) type Identity = BTreeMap<String, String>;

/// Identities by what was asked: the tools' words and the search path.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Memory(BTreeMap<String, Known>);

#[derive(Debug, Deserialize, Serialize)]
struct Known {
    identity: Identity,
    witnesses: Witnesses,
}

/// The files that an identity was read from, and how each looked before it was.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Witnesses(BTreeMap<PathBuf, Stamp>);

/// How a file looks from outside. A file that was written to, replaced or given another time looks different.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
struct Stamp {
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    number: u64,
}

impl Memory {
    /// The memory in the file at `path`; one that cannot be read remembers nothing.
    pub(super) fn load(path: &Path) -> Self {
        let text = fs_err::read_to_string(path).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// The identity that `question` had, unless a file that it was read from has changed.
    pub(super) fn recall(&self, question: &str) -> Option<&Identity> {
        let known = self.0.get(question)?;
        let unchanged = |(path, stamp): (&PathBuf, &Stamp)| look(path).is_ok_and(|now| now == *stamp);
        known.witnesses.0.iter().all(unchanged).then_some(&known.identity)
    }

    /// Remembers an identity, and writes all that is remembered to `path`. It only saves time, so that a failure is no
    /// error.
    pub(super) fn keep(&mut self, question: String, identity: Identity, witnesses: Witnesses, path: &Path) {
        self.0.insert(question, Known { identity, witnesses });
        let text = serde_json::to_string(self).unwrap_or_default();
        let _ = crate::atomic::write(path, text.as_bytes());
    }
}

impl Witnesses {
    /// Notes how a file looks before it is read.
    ///
    /// # Errors
    /// It is not there.
    pub(super) fn call(&mut self, path: &Path) -> io::Result<()> {
        self.0.insert(path.to_owned(), look(path)?);
        Ok(())
    }
}

#[cfg(unix)]
fn look(path: &Path) -> io::Result<Stamp> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = fs_err::metadata(path)?;
    Ok(Stamp {
        size: metadata.size(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
        number: metadata.ino(),
    })
}

#[cfg(not(unix))]
fn look(path: &Path) -> io::Result<Stamp> {
    let metadata = fs_err::metadata(path)?;
    let modified = metadata
        .modified()?
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    Ok(Stamp {
        size: metadata.len(),
        modified: (
            i64::try_from(modified.as_secs()).unwrap_or(i64::MAX),
            i64::from(modified.subsec_nanos()),
        ),
        changed: (0, 0),
        number: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_remembered_until_a_witness_changes_in_any_way() {
        let directory = tempfile::tempdir().unwrap();
        let (file, memory) = (directory.path().join("cc"), directory.path().join("memory"));
        fs_err::write(&file, "one").unwrap();
        let time = fs_err::metadata(&file).unwrap().modified().unwrap();
        let mut witnesses = Witnesses::default();
        witnesses.call(&file).unwrap();
        let identity = Identity::from([("cc".to_owned(), "1".to_owned())]);
        Memory::default().keep("q".to_owned(), identity.clone(), witnesses, &memory);
        assert_eq!(Memory::load(&memory).recall("q"), Some(&identity));
        assert_eq!(Memory::load(&memory).recall("another"), None);

        // The same size and time, as a package manager may give them.
        fs_err::write(&file, "two").unwrap();
        std::fs::File::options()
            .write(true)
            .open(&file)
            .unwrap()
            .set_modified(time)
            .unwrap();
        assert_eq!(Memory::load(&memory).recall("q"), None);
        fs_err::write(&memory, "no memory").unwrap();
        assert_eq!(Memory::load(&memory).recall("q"), None);
    }
}
