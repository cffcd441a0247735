//! The prefix of a host: put together from the archives of its packages, and left untouched while it is what it
//! should be.

mod manifest;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::archive::{self, ArchiveError};
use crate::atomic;
use crate::digest::Digest;
use crate::scratch::Scratch;

/// Whether the prefix at `path` is made of what `id` stands for and no file of it changed since.
#[must_use]
pub fn is_current(path: &Path, id: Digest) -> bool {
    manifest::is_current(path, id)
}

/// A prefix that is put together beside its place, by any number of threads.
pub struct Composition {
    fresh: Scratch,
    /// The files that are there or about to be, with the archives that bring them.
    files: Mutex<BTreeMap<PathBuf, Option<Arc<Path>>>>,
    /// The first failure, after which nothing good can come of it.
    failure: Mutex<Option<ArchiveError>>,
}

impl Composition {
    /// An empty prefix that is to be at `path`. What killed runs have left of theirs is removed.
    ///
    /// # Errors
    /// Its directory cannot be made.
    pub fn begin(path: &Path) -> io::Result<Self> {
        let common = unfinished(path);
        for left in Scratch::abandoned(&common)? {
            atomic::remove_directory(&left)?;
        }
        Ok(Self {
            fresh: Scratch::new(&common, "run-")?,
            files: Mutex::default(),
            failure: Mutex::default(),
        })
    }

    /// Adds what is in an archive, below a directory of the prefix. A failure is told at the end.
    pub fn add(&self, archive: &Path, directory: &str) {
        if self.failure().is_some() {
            return;
        }
        if let Err(error) = self.unpack(archive, directory) {
            self.failure().get_or_insert(error);
        }
    }

    fn unpack(&self, archive: &Path, directory: &str) -> Result<(), ArchiveError> {
        let target = self.fresh.path().join(directory);
        fs_err::create_dir_all(&target)?;
        let archive: Arc<Path> = archive.into();
        archive::unpack_each(&archive, &target, &mut |file| {
            let path = Path::new(directory).join(file);
            let mut files = self
                .files
                .lock()
                .expect("no holder panics because none calls out");
            match files.insert(path.clone(), Some(Arc::clone(&archive))) {
                Some(Some(other)) => {
                    let mut archives =
                        Box::new([other, Arc::clone(&archive)].map(|archive| archive.to_path_buf()));
                    // Which came first is chance.
                    archives.sort();
                    Err(ArchiveError::Twice { path, archives })
                }
                _ => Ok(()),
            }
        })
    }

    fn failure(&self) -> MutexGuard<'_, Option<ArchiveError>> {
        self.failure
            .lock()
            .expect("no holder panics because none calls out")
    }

    /// Adds files that are in no archive, and puts all in place at `path`. Whoever calls holds the prefix's lock. `id`
    /// is the digest over everything else.
    ///
    /// # Errors
    /// An archive is damaged, two packages bring the same file, or the disk is full; what was at `path` is still there.
    pub fn finish(self, path: &Path, id: Digest, files: &[(&str, String)]) -> Result<(), ArchiveError> {
        if let Some(error) = self.failure().take() {
            return Err(error);
        }
        let mut all = self
            .files
            .into_inner()
            .expect("no holder panics because none calls out");
        for (file, text) in files {
            atomic::write(&self.fresh.path().join(file), text.as_bytes())?;
            all.insert(PathBuf::from(file), None);
        }
        manifest::write(self.fresh.path(), id, all.keys())?;
        open_to_all(self.fresh.path())?;
        replace(path, self.fresh.path())?;
        Ok(())
    }
}

/// The directory that takes what is to become the prefix at `path`: on the same file system, wherever that is.
pub(crate) fn unfinished(path: &Path) -> PathBuf {
    path.with_file_name(format!(
        ".composing-{}",
        path.file_name().unwrap_or_default().to_string_lossy()
    ))
}

/// How the names of temporary directories for the prefix at `path` begin.
fn temporary(path: &Path) -> String {
    format!(".{}-", path.file_name().unwrap_or_default().to_string_lossy())
}

/// Renames `fresh` to `path`; what was there before is moved aside first, and back if that fails.
fn replace(path: &Path, fresh: &Path) -> io::Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    atomic::sweep(parent, &temporary(path))?;
    if !path.exists() {
        return fs_err::rename(fresh, path);
    }
    let aside = tempfile::Builder::new()
        .prefix(&temporary(path))
        .tempdir_in(parent)?;
    let old = aside.path().join("prefix");
    fs_err::rename(path, &old)?;
    fs_err::rename(fresh, path).inspect_err(|_| {
        // Should this fail too, the next run finds no prefix and composes one.
        let _ = fs_err::rename(&old, path);
    })
}

/// Temporary directories are private; a prefix is for everybody.
fn open_to_all(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs_err::set_permissions(path, std::fs::Permissions::from_mode(0o755))?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn composed() -> (tempfile::TempDir, PathBuf, Digest) {
        let directory = tempfile::tempdir().unwrap();
        let tree = directory.path().join("tree");
        fs_err::create_dir_all(tree.join("lib")).unwrap();
        fs_err::write(tree.join("lib/liba.a"), "a").unwrap();
        let archive = directory.path().join("a.tar.gz");
        archive::pack(&tree, fs_err::File::create(&archive).unwrap()).unwrap();
        let prefix = directory.path().join("host");
        let id = Digest::of(b"one");
        let composition = Composition::begin(&prefix).unwrap();
        composition.add(&archive, "");
        composition.add(&archive, "native");
        composition
            .finish(&prefix, id, &[("share/profile", "p".to_owned())])
            .unwrap();
        (directory, prefix, id)
    }

    #[test]
    fn a_prefix_is_current_until_its_packages_or_its_files_change() {
        let (_directory, prefix, id) = composed();
        assert!(prefix.join("native/lib/liba.a").is_file());
        assert!(is_current(&prefix, id));
        assert!(!is_current(&prefix, Digest::of(b"two")));
        fs_err::write(prefix.join("lib/liba.a"), "changed").unwrap();
        assert!(!is_current(&prefix, id));
    }

    #[test]
    fn a_prefix_that_cannot_be_replaced_stays() {
        let (directory, prefix, id) = composed();
        assert!(replace(&prefix, &directory.path().join("absent")).is_err());
        assert!(is_current(&prefix, id));
    }

    #[test]
    fn a_lost_file_is_noticed() {
        let (_directory, prefix, id) = composed();
        fs_err::remove_file(prefix.join("share/profile")).unwrap();
        assert!(!is_current(&prefix, id));
    }

    #[test]
    fn two_packages_with_one_file_are_refused_and_the_old_prefix_stays() {
        let (directory, prefix, id) = composed();
        let archive = directory.path().join("a.tar.gz");
        let composition = Composition::begin(&prefix).unwrap();
        composition.add(&archive, "");
        composition.add(&archive, "");
        assert!(matches!(
            composition.finish(&prefix, Digest::of(b"two"), &[]),
            Err(ArchiveError::Twice { .. })
        ));
        assert!(is_current(&prefix, id));
        assert!(Scratch::abandoned(&unfinished(&prefix)).unwrap().is_empty());
    }

    #[test]
    fn what_a_killed_run_has_left_goes_with_the_next_composition() {
        let (_directory, prefix, _) = composed();
        let left = unfinished(&prefix).join("run-left");
        fs_err::create_dir_all(left.join("lib")).unwrap();
        Composition::begin(&prefix).unwrap();
        assert!(!left.exists());
    }
}
