//! Unpacking source archives: tar files, plain or packed with gzip, xz or bzip2.
//!
//! An archive is not trusted, though its digest was checked: it writes nothing outside the new tree, and what it
//! unpacks to depends on its bytes alone. The tree appears complete or not at all.

mod decompress;
mod error;
mod filter;
mod links;
mod sparse;
mod unpack;

use std::path::{Component, Path, PathBuf};

pub use error::{ExtractError, RefusedEntry};

use crate::tree::Staging;
use filter::Filter;

/// What an archive may unpack to at most.
#[derive(Debug, Clone, Copy)]
struct Limits {
    n_entries: u64,
    n_bytes: u64,
}

const LIMITS: Limits = Limits {
    n_entries: 1_000_000,
    n_bytes: 8 << 30,
};

/// Unpacks `archive` into the new directory `into`.
///
/// `root` is the directory of the archive that becomes `into`, with `/` between its components: `Some("")` is the
/// archive's top, and `None` its single top-level directory. Nothing else is unpacked; and of it only what a pattern
/// of `only` matches, if there are any: paths relative to the root, where `*` stands for any characters but `/`, `**`
/// for any, and what lies below a match matches as well.
///
/// Files get the mode 0644, or 0755 if their owner may execute them, and one fixed time; a hard link becomes a copy.
///
/// # Errors
/// `into` exists; the archive is damaged, is no tar archive, or has no such root; it holds an entry that could reach
/// outside the tree, a device or a pipe, one path twice, or more than 1,000,000 entries or 8 GiB; a pattern matches
/// nothing. Nothing is left.
pub fn extract(archive: &Path, root: Option<&str>, only: &[String], into: &Path) -> Result<(), ExtractError> {
    extract_within(archive, root, only, into, LIMITS)
}

fn extract_within(
    archive: &Path,
    root: Option<&str>,
    only: &[String],
    into: &Path,
    limits: Limits,
) -> Result<(), ExtractError> {
    let wanted = root.map(|root| root_path(archive, root)).transpose()?;
    let staging = Staging::beside(into)?.ok_or_else(|| ExtractError::Exists {
        path: into.to_owned(),
    })?;
    let stream = decompress::open(archive)?;
    let mut unpacker = unpack::Unpacker::new(
        archive,
        wanted.as_deref().unwrap_or(Path::new("")),
        Filter::new(only, wanted.is_none()),
        staging,
        limits,
    );
    unpacker.run(stream)?;
    unpacker.finish()
}

/// The path of a root as it is written in a recipe.
fn root_path(archive: &Path, root: &str) -> Result<PathBuf, ExtractError> {
    let path = Path::new(root);
    let is_inside = path
        .components()
        .all(|component| matches!(component, Component::Normal(_) | Component::CurDir));
    if !is_inside {
        return Err(ExtractError::InvalidRoot {
            archive: archive.to_owned(),
            root: root.to_owned(),
        });
    }
    Ok(path
        .components()
        .filter(|component| matches!(component, Component::Normal(_)))
        .collect())
}

#[cfg(test)]
mod tests;
