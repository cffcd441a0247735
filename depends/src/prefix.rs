//! The prefix of a host: put together from the archives of its packages, and left untouched while it is what it
//! should be.

mod manifest;

use std::io;
use std::path::{Path, PathBuf};

use crate::archive::{self, ArchiveError};
use crate::atomic;
use crate::digest::Digest;

/// What goes into a prefix.
#[derive(Debug, Clone)]
pub struct Contents<'a> {
    /// The digest over everything else here.
    pub id: Digest,
    /// The archives, each with the directory in the prefix that takes it.
    pub archives: Vec<(&'a Path, &'a str)>,
    /// Files that are in no archive.
    pub files: Vec<(&'a str, String)>,
}

/// Whether the prefix at `path` is made of what `id` stands for and no file of it changed since.
#[must_use]
pub fn is_current(path: &Path, id: Digest) -> bool {
    manifest::is_current(path, id)
}

/// Puts the prefix together beside `path` and then in its place. Whoever calls holds the prefix's lock.
///
/// # Errors
/// An archive is damaged, two packages bring the same file, or the disk is full; what was at `path` is still there.
pub fn compose(path: &Path, contents: &Contents<'_>) -> Result<(), ArchiveError> {
    let parent = path.parent().unwrap_or(Path::new("."));
    fs_err::create_dir_all(parent)?;
    let temporary = temporary(path);
    atomic::sweep(parent, &temporary)?;
    let fresh = tempfile::Builder::new().prefix(&temporary).tempdir_in(parent)?;
    let mut files = Vec::new();
    for (archive, directory) in &contents.archives {
        let target = fresh.path().join(directory);
        fs_err::create_dir_all(&target)?;
        files.extend(
            archive::unpack(archive, &target)?
                .into_iter()
                .map(|file| Path::new(directory).join(file)),
        );
    }
    for (file, text) in &contents.files {
        atomic::write(&fresh.path().join(file), text.as_bytes())?;
        files.push(PathBuf::from(file));
    }
    manifest::write(fresh.path(), contents.id, files)?;
    open_to_all(fresh.path())?;
    replace(path, fresh.path())?;
    Ok(())
}

/// How the names of temporary directories for the prefix at `path` begin.
fn temporary(path: &Path) -> String {
    format!(".{}-", path.file_name().unwrap_or_default().to_string_lossy())
}

/// Renames `fresh` to `path`; what was there before is moved aside first, and back if that fails.
fn replace(path: &Path, fresh: &Path) -> io::Result<()> {
    if !path.exists() {
        return fs_err::rename(fresh, path);
    }
    let aside = tempfile::Builder::new()
        .prefix(&temporary(path))
        .tempdir_in(path.parent().unwrap_or(Path::new(".")))?;
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
        let contents = Contents {
            id,
            archives: vec![(&archive, ""), (&archive, "native")],
            files: vec![("share/profile", "p".to_owned())],
        };
        compose(&prefix, &contents).unwrap();
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
        let contents = Contents {
            id: Digest::of(b"two"),
            archives: vec![(&archive, ""), (&archive, "")],
            files: vec![],
        };
        assert!(matches!(
            compose(&prefix, &contents),
            Err(ArchiveError::Conflict { .. })
        ));
        assert!(is_current(&prefix, id));
    }
}
