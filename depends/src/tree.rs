//! Source trees on disk: their digest, and copies of them. Follows no symbolic link, and keeps nothing that depends
//! on who unpacked a tree, or when.

mod staging;

use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::digest::Digest;

pub(crate) use staging::{Staging, modified};

/// A source tree that cannot be read or copied.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// The file system refused; the error names the path.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The tree holds something that is no source.
    #[error("{} is neither a file, a directory nor a symbolic link", path.display())]
    Special {
        /// The device, socket or pipe.
        path: PathBuf,
    },
    /// The copy's place is taken.
    #[error("{} exists already", path.display())]
    Exists {
        /// The place.
        path: PathBuf,
    },
}

/// The digest of the files below `directory`.
///
/// It is the SHA-256 of one record for each file and symbolic link, in the order of the bytes of their paths, which
/// are relative to `directory` and separated by `/`. A record is one byte, `f` for a file, `x` for an executable
/// one, `l` for a symbolic link; the path's length in bytes, as 8 bytes, least significant first; the path; then
/// the SHA-256 of the file's content, or of the link's target, as 64 hexadecimal digits. A file is executable if its
/// owner may execute it. Directories are not recorded, since packers differ in whether they keep empty ones; nor are
/// times, owners and other permissions.
///
/// # Errors
/// Something cannot be read, or is a device, a socket or a pipe.
pub fn digest(directory: &Path) -> Result<Digest, TreeError> {
    let mut entries = Vec::new();
    list(directory, Path::new(""), &mut entries)?;
    entries.retain(|(_, kind)| *kind != Kind::Directory);
    entries.sort_by(|(left, _), (right, _)| left.as_os_str().as_bytes().cmp(right.as_os_str().as_bytes()));
    let mut records = Vec::new();
    for (path, kind) in entries {
        let place = directory.join(&path);
        let (mark, content) = match kind {
            Kind::File { executable: false } => (b'f', Digest::of_file(&place)?),
            Kind::File { executable: true } => (b'x', Digest::of_file(&place)?),
            Kind::Symlink => (
                b'l',
                Digest::of(fs_err::read_link(&place)?.as_os_str().as_bytes()),
            ),
            Kind::Directory => continue,
        };
        let name = path.as_os_str().as_bytes();
        records.push(mark);
        records.extend((name.len() as u64).to_le_bytes());
        records.extend(name);
        records.extend(content.to_string().bytes());
    }
    Ok(Digest::of(&records))
}

/// Copies the tree at `from` to `to`, with the permissions and times that an unpacked archive has.
///
/// A failed copy leaves nothing behind.
///
/// # Errors
/// `to` exists, or something in the tree cannot be copied.
pub fn copy(from: &Path, to: &Path) -> Result<(), TreeError> {
    let mut entries = Vec::new();
    list(from, Path::new(""), &mut entries)?;
    let mut staging = Staging::beside(to)?.ok_or_else(|| TreeError::Exists { path: to.to_owned() })?;
    for (path, kind) in entries {
        let place = from.join(&path);
        match kind {
            Kind::Directory => staging.directory(&path)?,
            Kind::File { executable } => {
                let mut file = staging.file(&path)?;
                io::copy(&mut fs_err::File::open(&place)?, &mut file)?;
                staging.finish(&file, executable)?;
            }
            Kind::Symlink => staging.symlink(&path, &fs_err::read_link(&place)?)?,
        }
    }
    Ok(staging.publish(Path::new(""))?)
}

/// What stands at a path of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Directory,
    File { executable: bool },
    Symlink,
}

/// Collects what lies below `root/prefix`, a directory before what it holds.
fn list(root: &Path, prefix: &Path, entries: &mut Vec<(PathBuf, Kind)>) -> Result<(), TreeError> {
    for entry in fs_err::read_dir(root.join(prefix))? {
        let entry = entry?;
        let path = prefix.join(entry.file_name());
        let metadata = fs_err::symlink_metadata(entry.path())?;
        if metadata.is_dir() {
            entries.push((path.clone(), Kind::Directory));
            list(root, &path, entries)?;
        } else if metadata.is_symlink() {
            entries.push((path, Kind::Symlink));
        } else if metadata.is_file() {
            let executable = metadata.permissions().mode() & 0o100 != 0;
            entries.push((path, Kind::File { executable }));
        } else {
            return Err(TreeError::Special { path: entry.path() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
