//! The cache seen as a directory of entries, whatever recipes there are now: what lies there, when it was last used,
//! and how it goes.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::lease::Alone;
use super::{ARCHIVE, Cache, LOCK, Lease, SIDECARS, STAMP};
use crate::atomic;
use crate::directory::{children, name};
use crate::lock::Lock;

/// An entry as it lies in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The platform that it was built for.
    pub triplet: String,
    /// The package.
    pub package: String,
    /// The first digits of its key.
    pub short_key: String,
    /// The archive.
    pub archive: PathBuf,
    /// The size of all its files, in bytes.
    pub n_bytes: u64,
    /// When a run last needed it.
    pub last_use: SystemTime,
}

/// What became of an entry that was to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Removal {
    Removed,
    /// A run needs it at this moment.
    InUse,
    /// Somebody else was faster.
    Absent,
}

impl Cache {
    /// All entries, in the order of their paths. Files that are not the engine's are passed over.
    ///
    /// # Errors
    /// A directory cannot be read.
    pub fn stored(&self) -> io::Result<Vec<Stored>> {
        let mut stored = Vec::new();
        for (triplet, package, directory) in self.package_directories()? {
            for path in children(&directory)? {
                let Some(stem) = stem(&path, ARCHIVE) else {
                    continue;
                };
                // Other programs keep archives under such names too; only the engine's have the key beside them.
                let is_ours = directory.join(format!("{stem}.key.json")).is_file();
                let Some((_, short_key)) = stem.rsplit_once('-').filter(|_| is_ours) else {
                    continue;
                };
                let files = std::iter::once(ARCHIVE)
                    .chain(SIDECARS)
                    .map(|extension| directory.join(format!("{stem}.{extension}")));
                let mut last_use = SystemTime::UNIX_EPOCH;
                let mut n_bytes = 0;
                for file in files {
                    let Ok(metadata) = fs_err::metadata(&file) else {
                        continue;
                    };
                    n_bytes += metadata.len();
                    if file == path || stem_of_stamp(&file) {
                        last_use = last_use.max(metadata.modified()?);
                    }
                }
                stored.push(Stored {
                    triplet: triplet.clone(),
                    package: package.clone(),
                    short_key: short_key.to_owned(),
                    archive: path,
                    n_bytes,
                    last_use,
                });
            }
        }
        stored.sort_by(|left, right| left.archive.cmp(&right.archive));
        Ok(stored)
    }

    /// Removes an entry, unless a run needs it at this moment. With `keep`, only looks whether it could go.
    ///
    /// # Errors
    /// A file cannot be removed.
    pub(crate) fn remove(&self, stored: &Stored, keep: bool) -> io::Result<Removal> {
        let directory = stored.archive.parent().unwrap_or(&self.directory);
        // Whoever stores an entry holds this lock: the files beside a new archive are not taken for those of the old.
        let _lock = if keep {
            None
        } else {
            Some(Lock::acquire(&directory.join(LOCK), || {})?)
        };
        let _file = match Lease::take_alone(&stored.archive)? {
            Alone::Held(file) => file,
            Alone::InUse => return Ok(Removal::InUse),
            Alone::Absent => return Ok(Removal::Absent),
        };
        if keep {
            return Ok(Removal::Removed);
        }
        // Without its archive an entry is absent, so that nobody finds half of one.
        fs_err::remove_file(&stored.archive)?;
        if let Some(stem) = stem(&stored.archive, ARCHIVE) {
            for extension in SIDECARS {
                atomic::remove_file(&directory.join(format!("{stem}.{extension}")))?;
            }
        }
        Ok(Removal::Removed)
    }

    /// What runs that were killed have left: temporary files, and files beside archives that are not there. With
    /// `keep`, they are only found.
    ///
    /// # Errors
    /// A file cannot be removed.
    pub(crate) fn sweep(&self, keep: bool) -> io::Result<Vec<(PathBuf, u64)>> {
        let mut swept = Vec::new();
        for (_, _, directory) in self.package_directories()? {
            let lock = directory.join(LOCK);
            let Some(_lock) = Lock::try_acquire_existing(&lock)? else {
                continue;
            };
            let files = children(&directory)?;
            // All are judged before any is gone, since some are known by others.
            let leftovers: Vec<_> = files
                .into_iter()
                .filter(|path| *path != lock && is_leftover(path))
                .collect();
            for path in leftovers {
                let n_bytes = fs_err::symlink_metadata(&path)?.len();
                if !keep {
                    atomic::remove_file(&path)?;
                }
                swept.push((path, n_bytes));
            }
        }
        swept.sort();
        Ok(swept)
    }

    /// The directories of packages, with the names of platform and package.
    fn package_directories(&self) -> io::Result<Vec<(String, String, PathBuf)>> {
        let mut found = Vec::new();
        for platform in children(&self.directory)? {
            for directory in children(&platform)? {
                if directory.is_dir() {
                    found.push((name(&platform), name(&directory), directory));
                }
            }
        }
        Ok(found)
    }
}

/// Whether nobody needs the file. Files that the engine did not write are none of its business.
fn is_leftover(path: &Path) -> bool {
    let file = name(path);
    if file.starts_with('.') {
        return atomic::is_temporary(&file) || stem_of_temporary(&file);
    }
    let ours = |extension| {
        let stem = stem(path, extension)?;
        let beside = |extension: &str| path.with_file_name(format!("{stem}.{extension}")).exists();
        // The preimage is the first to come and the last to go, and tells the engine's files from others'.
        Some(!beside(ARCHIVE) && (extension == super::PREIMAGE || beside(super::PREIMAGE)))
    };
    SIDECARS.into_iter().filter_map(ours).any(|leftover| leftover)
}

/// Whether the name is that of an archive that is being written: `.<stem>.<six characters>`.
fn stem_of_temporary(file: &str) -> bool {
    file.strip_prefix('.')
        .and_then(|rest| rest.rsplit_once('.'))
        .is_some_and(|(stem, random)| {
            let key = stem.rsplit_once('-').map_or("", |(_, key)| key);
            random.len() == 6 && key.len() == 11 && key.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
}

fn stem_of_stamp(path: &Path) -> bool {
    stem(path, STAMP).is_some()
}

/// The file's name without `.extension`, where it has it.
fn stem(path: &Path, extension: &str) -> Option<String> {
    let file = path.file_name()?.to_str()?;
    let stem = file.strip_suffix(extension)?.strip_suffix('.')?;
    (!stem.starts_with('.')).then(|| stem.to_owned())
}
