//! Whether a package comes out the same when it is built again: two archives compared, down to the first byte that
//! differs.
//!
//! Nothing is built here; the caller has both archives.

mod ar;
mod content;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use crate::archive::{self, ArchiveError};
use crate::atomic;
use crate::digest::Digest;

pub use content::Content;

/// What came of building a package again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The package's name, with `native_` before it for a native tool.
    pub label: String,
    /// The archive in the cache.
    pub archive: PathBuf,
    /// Its digest.
    pub sha256: Digest,
    /// How the package that was built again differs; nothing where it is the same to the bit.
    pub difference: Option<Difference>,
}

/// How two builds of a package differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The first path, by name, that differs.
    pub first: Mismatch,
    /// How many paths differ.
    pub n_paths: usize,
    /// The tree from the cache, to be looked at.
    pub archived: PathBuf,
    /// The tree that was built again, to be looked at.
    pub rebuilt: PathBuf,
}

/// A path that differs between two builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The path in the package; empty where only the archive's own bytes differ.
    pub path: PathBuf,
    /// How it differs.
    pub kind: MismatchKind,
}

/// How a path differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MismatchKind {
    /// It is only in the archive of the cache.
    Missing,
    /// It is only in what was built again.
    Extra,
    /// It is a file in one and a directory or a link in the other.
    Type {
        /// What it is in the cache.
        archived: &'static str,
        /// What was built again.
        rebuilt: &'static str,
    },
    /// The permissions are others.
    Mode {
        /// The mode in the cache.
        archived: u32,
        /// The mode that was built again.
        rebuilt: u32,
    },
    /// The link leads elsewhere.
    Target {
        /// Where it leads in the cache.
        archived: PathBuf,
        /// Where it leads in what was built again.
        rebuilt: PathBuf,
    },
    /// The contents are others.
    Content(Content),
    /// All members are the same, but not how they are packed.
    Packing,
    /// The archive of the cache cannot be unpacked, for this reason.
    Unreadable(String),
}

/// Compares the archive in the cache, whose digest is `sha256`, with the tree of a second build. Where they differ,
/// both trees are left in `directory`, which is made afresh; otherwise nothing is.
///
/// # Errors
/// The tree cannot be packed, or `directory` not written.
pub(crate) fn compare(
    archived: &Path,
    sha256: Digest,
    staged: &Path,
    directory: &Path,
) -> Result<Option<Difference>, ArchiveError> {
    atomic::remove_directory(directory)?;
    fs_err::create_dir_all(directory)?;
    let packed = directory.join("rebuilt.tar.gz");
    archive::pack(staged, io::BufWriter::new(fs_err::File::create(&packed)?))?;
    if Digest::of_file(&packed)? == sha256 {
        atomic::remove_directory(directory)?;
        return Ok(None);
    }
    let trees = ["archived", "rebuilt"].map(|name| directory.join(name));
    for tree in &trees {
        fs_err::create_dir(tree)?;
    }
    archive::unpack(&packed, &trees[1])?;
    let mut mismatches = match archive::unpack(archived, &trees[0]) {
        Ok(_) => compare_trees(&trees[0], &trees[1])?,
        Err(error) => vec![Mismatch {
            path: PathBuf::new(),
            kind: MismatchKind::Unreadable(error.to_string()),
        }],
    };
    if mismatches.is_empty() {
        mismatches.push(Mismatch {
            path: PathBuf::new(),
            kind: MismatchKind::Packing,
        });
    }
    let [archived, rebuilt] = trees;
    Ok(Some(Difference {
        n_paths: mismatches.len(),
        first: mismatches.swap_remove(0),
        archived,
        rebuilt,
    }))
}

/// All paths that differ, in order.
fn compare_trees(archived: &Path, rebuilt: &Path) -> io::Result<Vec<Mismatch>> {
    let (left, right) = (archive::walk(archived)?, archive::walk(rebuilt)?);
    let paths: BTreeSet<&PathBuf> = left.iter().chain(&right).collect();
    let (left, right): (BTreeSet<_>, BTreeSet<_>) = (left.iter().collect(), right.iter().collect());
    let mut mismatches = Vec::new();
    for path in paths {
        let kind = match (left.contains(path), right.contains(path)) {
            (true, false) => Some(MismatchKind::Missing),
            (false, true) => Some(MismatchKind::Extra),
            _ => compare_paths(&archived.join(path), &rebuilt.join(path))?,
        };
        mismatches.extend(kind.map(|kind| Mismatch {
            path: path.clone(),
            kind,
        }));
    }
    Ok(mismatches)
}

fn compare_paths(archived: &Path, rebuilt: &Path) -> io::Result<Option<MismatchKind>> {
    let (left, right) = (
        fs_err::symlink_metadata(archived)?,
        fs_err::symlink_metadata(rebuilt)?,
    );
    let types = (type_name(&left), type_name(&right));
    if types.0 != types.1 {
        return Ok(Some(MismatchKind::Type {
            archived: types.0,
            rebuilt: types.1,
        }));
    }
    if left.is_symlink() {
        let (archived, rebuilt) = (fs_err::read_link(archived)?, fs_err::read_link(rebuilt)?);
        return Ok((archived != rebuilt).then_some(MismatchKind::Target { archived, rebuilt }));
    }
    if left.is_file()
        && let Some(content) = content::compare(archived, rebuilt)?
    {
        return Ok(Some(MismatchKind::Content(content)));
    }
    let modes = (mode(&left), mode(&right));
    // Whoever unpacks makes the directories as they like.
    Ok(
        (left.is_file() && modes.0 != modes.1).then_some(MismatchKind::Mode {
            archived: modes.0,
            rebuilt: modes.1,
        }),
    )
}

fn type_name(metadata: &std::fs::Metadata) -> &'static str {
    if metadata.is_symlink() {
        "a link"
    } else if metadata.is_dir() {
        "a directory"
    } else {
        "a file"
    }
}

#[cfg(unix)]
fn mode(metadata: &std::fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o7777
}

#[cfg(not(unix))]
fn mode(_: &std::fs::Metadata) -> u32 {
    0o644
}

#[cfg(unix)]
#[cfg(test)]
mod tests;
