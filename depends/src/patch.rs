//! Applying patches to source trees: unified diffs of any number of files, plain or as git writes them.
//!
//! A source is known to the bit, so a patch must fit to the line: nothing is searched for, nothing is skipped, and a
//! patch that does not fit changes nothing.

mod change;
mod error;
mod hunks;
mod write;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use diffy::patch_set::{FilePatch, ParseOptions, PatchSet};

pub use error::{HunkMismatch, PatchError};

/// A file of the tree, as it is after the part of the patch that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Content {
    bytes: Vec<u8>,
    executable: bool,
}

/// The files that a patch touches; `None` for one that is not there.
type Files = BTreeMap<PathBuf, Option<Content>>;

/// Applies the patch in the file `patch` to `tree`. The first component of each path in it, such as `a/`, is left out.
///
/// Changed files keep their modes, unless the patch changes them, and get the fixed time of unpacked files.
///
/// # Errors
/// The patch cannot be understood, changes nothing, names something outside the tree, or does not fit exactly: then
/// the tree is as it was.
pub fn apply(patch: &Path, tree: &Path) -> Result<(), PatchError> {
    let bytes = fs_err::read(patch)?;
    let separated = hunks::separate(&bytes);
    let changes = parse(patch, &bytes, &separated)?;
    let mut files = Files::new();
    for change in &changes {
        change::apply(patch, tree, change, &mut files)?;
    }
    if files.is_empty() {
        return Err(PatchError::Empty {
            patch: patch.to_owned(),
        });
    }
    Ok(write::write(tree, &files)?)
}

/// Reads a patch, and makes sure that no line of it was passed over.
fn parse<'a>(
    patch: &Path,
    bytes: &[u8],
    separated: &'a [u8],
) -> Result<Vec<FilePatch<'a, [u8]>>, PatchError> {
    let is_git = bytes
        .split(|&byte| byte == b'\n')
        .any(|line| line.starts_with(b"diff --git "));
    let options = if is_git {
        ParseOptions::gitdiff()
    } else {
        ParseOptions::unidiff()
    };
    let changes = PatchSet::parse_bytes(separated, options)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| PatchError::Malformed {
            patch: patch.to_owned(),
            reason: error.to_string(),
        })?;
    let n_read = changes
        .iter()
        .filter_map(|change| change.patch().as_text())
        .map(|text| text.hunks().len())
        .sum();
    hunks::check_complete(bytes, n_read).map_err(|line| PatchError::Stray {
        patch: patch.to_owned(),
        line,
    })?;
    Ok(changes)
}

#[cfg(test)]
mod tests;
