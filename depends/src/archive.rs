//! Packages as archives: the same tree always gives the same bytes.
//!
//! Names are sorted, owners and times are fixed, modes are 0644 or 0755, and nothing of the machine gets in.

use std::collections::BTreeMap;
use std::io::{self, Read as _, Write};
use std::path::{Component, Path, PathBuf};

use flate2::{Compression, GzBuilder, read::GzDecoder};
use tar::{EntryType, Header};

/// Why a tree cannot be packed or unpacked.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// A file cannot be read or written; the error names it.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Only files, directories and links are packed.
    #[error("{} is neither a file, a directory nor a link", path.display())]
    UnknownKind {
        /// The path in the tree.
        path: PathBuf,
    },
    /// A link would lead out of wherever the package is installed.
    #[error("the link {} leads out of the package, to {}", path.display(), target.display())]
    EscapingLink {
        /// The link in the tree.
        path: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// An archive of the cache holds something that is never packed.
    #[error("the archive holds {}, which does not belong there", path.display())]
    Foreign {
        /// The entry.
        path: PathBuf,
    },
    /// A file of an archive is there already.
    #[error("{} is in {}, and also in a package that was unpacked before", path.display(), archive.display())]
    Conflict {
        /// The file in the package.
        path: PathBuf,
        /// The package's archive.
        archive: PathBuf,
    },
    /// Two packages bring the same file into one prefix.
    #[error("{} is in {}, and also in {}", path.display(), archives[0].display(), archives[1].display())]
    Twice {
        /// The file in the prefix.
        path: PathBuf,
        /// The packages' archives.
        archives: Box<[PathBuf; 2]>,
    },
}

/// Writes all that is below `directory` to `output`.
///
/// # Errors
/// Something cannot be read or does not belong in a package, or `output` fails.
pub fn pack(directory: &Path, output: impl Write) -> Result<(), ArchiveError> {
    let encoder = GzBuilder::new().mtime(0).write(output, Compression::default());
    let mut builder = tar::Builder::new(encoder);
    for path in walk(directory)? {
        append(&mut builder, directory, &path)?;
    }
    builder.into_inner()?.finish()?.flush()?;
    Ok(())
}

fn append(builder: &mut tar::Builder<impl Write>, directory: &Path, path: &Path) -> Result<(), ArchiveError> {
    let full = directory.join(path);
    let metadata = fs_err::symlink_metadata(&full)?;
    let mut header = Header::new_gnu();
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(0);
    if metadata.is_dir() {
        header.set_entry_type(EntryType::Directory);
        header.set_mode(0o755);
        builder.append_data(&mut header, path, io::empty())?;
    } else if metadata.is_symlink() {
        let target = fs_err::read_link(&full)?;
        if escapes(path, &target) {
            return Err(ArchiveError::EscapingLink {
                path: path.to_owned(),
                target,
            });
        }
        header.set_entry_type(EntryType::Symlink);
        header.set_mode(0o777);
        builder.append_link(&mut header, path, target)?;
    } else if metadata.is_file() {
        header.set_entry_type(EntryType::Regular);
        header.set_mode(if is_executable(&metadata) { 0o755 } else { 0o644 });
        header.set_size(metadata.len());
        builder.append_data(&mut header, path, fs_err::File::open(&full)?)?;
    } else {
        return Err(ArchiveError::UnknownKind {
            path: path.to_owned(),
        });
    }
    Ok(())
}

/// Unpacks an archive that [`pack`] made into `directory`, beside what is there, and returns the paths of its files
/// and links.
///
/// # Errors
/// A file is there already, the archive is damaged or not one of ours, or the disk is full.
pub fn unpack(archive: &Path, directory: &Path) -> Result<Vec<PathBuf>, ArchiveError> {
    let mut files = Vec::new();
    unpack_each(archive, directory, &mut |path| {
        files.push(path.to_owned());
        Ok(())
    })?;
    Ok(files)
}

/// As [`unpack`]. Each path of a file or a link is told to `claim` before it is made.
pub(crate) fn unpack_each(
    archive: &Path,
    directory: &Path,
    claim: &mut dyn FnMut(&Path) -> Result<(), ArchiveError>,
) -> Result<(), ArchiveError> {
    let mut reader = tar::Archive::new(GzDecoder::new(io::BufReader::new(fs_err::File::open(archive)?)));
    reader.set_preserve_mtime(false);
    for entry in reader.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        if !path
            .components()
            .all(|component| matches!(component, Component::Normal(_)))
        {
            return Err(ArchiveError::Foreign { path });
        }
        let target = directory.join(&path);
        match entry.header().entry_type() {
            EntryType::Directory => {
                fs_err::create_dir_all(&target)?;
                continue;
            }
            EntryType::Symlink => {
                let link = entry.link_name()?.unwrap_or_default().into_owned();
                if escapes(&path, &link) {
                    return Err(ArchiveError::EscapingLink { path, target: link });
                }
            }
            EntryType::Regular => {}
            _ => return Err(ArchiveError::Foreign { path }),
        }
        claim(&path)?;
        if target.symlink_metadata().is_ok() {
            return Err(ArchiveError::Conflict {
                path,
                archive: archive.to_owned(),
            });
        }
        if let Some(parent) = target.parent() {
            fs_err::create_dir_all(parent)?;
        }
        entry.unpack(&target)?;
    }
    Ok(())
}

/// The contents of the files of an archive that lie below `directory`, by their paths.
///
/// # Errors
/// The archive cannot be read or is damaged.
pub fn read_below(archive: &Path, directory: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>, ArchiveError> {
    let mut reader = tar::Archive::new(GzDecoder::new(io::BufReader::new(fs_err::File::open(archive)?)));
    let mut found = BTreeMap::new();
    for entry in reader.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        if path.starts_with(directory) && entry.header().entry_type() == EntryType::Regular {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            found.insert(path, bytes);
        }
    }
    Ok(found)
}

/// Whether an archive has a file at `path`.
///
/// # Errors
/// The archive cannot be read.
pub(crate) fn contains(archive: &Path, path: &Path) -> io::Result<bool> {
    let file = io::BufReader::new(fs_err::File::open(archive)?);
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
    for entry in archive.entries()? {
        if entry?.path()? == path {
            return Ok(true);
        }
    }
    Ok(false)
}

/// All paths below `directory`, relative to it, parents before children, in the order of their bytes.
///
/// # Errors
/// A directory cannot be read.
pub fn walk(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut waiting = vec![PathBuf::new()];
    while let Some(relative) = waiting.pop() {
        for entry in fs_err::read_dir(directory.join(&relative))? {
            let entry = entry?;
            let path = relative.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                waiting.push(path.clone());
            }
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a link at `path` leads above the root that `path` is relative to.
fn escapes(path: &Path, target: &Path) -> bool {
    let mut depth = path.components().count().saturating_sub(1);
    for component in target.components() {
        match component {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return true,
        }
    }
    false
}

#[cfg(unix)]
fn is_executable(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &std::fs::Metadata) -> bool {
    true
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn tree(order: [&str; 3], mode: u32) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        fs_err::create_dir_all(directory.path().join("lib/a long name ".repeat(10))).unwrap();
        for name in order {
            let path = directory.path().join("lib").join(name);
            fs_err::write(&path, name).unwrap();
            fs_err::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        symlink("a", directory.path().join("lib/link")).unwrap();
        directory
    }

    fn packed(directory: &Path) -> Vec<u8> {
        let mut bytes = Vec::new();
        pack(directory, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn neither_the_order_of_writing_nor_umask_changes_an_archive() {
        let one = tree(["a", "b", "c"], 0o600);
        let other = tree(["c", "a", "b"], 0o664);
        assert_eq!(packed(one.path()), packed(other.path()));
        assert_ne!(packed(one.path()), packed(tree(["a", "b", "c"], 0o700).path()));
    }

    #[test]
    fn what_is_packed_unpacks_the_same() {
        let tree = tree(["a", "b", "c"], 0o644);
        let bytes = packed(tree.path());
        let file = tree.path().with_extension("tar.gz");
        fs_err::write(&file, &bytes).unwrap();
        let copy = tempfile::tempdir().unwrap();
        let files = unpack(&file, copy.path()).unwrap();
        assert_eq!(files.len(), 4);
        assert_eq!(packed(copy.path()), bytes);
        assert!(matches!(
            unpack(&file, copy.path()),
            Err(ArchiveError::Conflict { .. })
        ));
        fs_err::write(&file, &bytes[..bytes.len() / 2]).unwrap();
        assert!(unpack(&file, tempfile::tempdir().unwrap().path()).is_err());
        fs_err::remove_file(file).unwrap();
    }

    #[test]
    fn links_that_lead_out_are_not_packed() {
        for target in ["/etc/passwd", "../../x"] {
            let tree = tree(["a", "b", "c"], 0o644);
            symlink(target, tree.path().join("lib/out")).unwrap();
            assert!(
                matches!(
                    pack(tree.path(), io::sink()),
                    Err(ArchiveError::EscapingLink { .. })
                ),
                "{target}"
            );
        }
    }
}
