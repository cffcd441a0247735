//! One file's part of a patch, applied to the files in memory.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};

use diffy::Hunk;
use diffy::patch_set::{FileMode, FileOperation, FilePatch};

use super::{Content, Files, PatchError, hunks};

/// Applies `change` to `files`, into which the tree's files are read as they are needed.
pub(super) fn apply(
    patch: &Path,
    tree: &Path,
    change: &FilePatch<'_, [u8]>,
    files: &mut Files,
) -> Result<(), PatchError> {
    let mut work = Work { patch, tree, files };
    // Git writes renames and copies without the prefix that it gives to other paths.
    let operation = match change.operation() {
        operation @ (FileOperation::Rename { .. } | FileOperation::Copy { .. }) => operation.clone(),
        operation => operation.strip_prefix(1),
    };
    let (source, destination) = match &operation {
        FileOperation::Create(path) => (None, Some(work.path(path)?)),
        FileOperation::Delete(path) => (Some(work.path(path)?), None),
        FileOperation::Modify { original, modified } => {
            let (original, modified) = (work.path(original)?, work.path(modified)?);
            // Plain diffs name a saved copy, such as `x.c.orig`, beside the file.
            let path = if work.read(&modified)?.is_some() || work.read(&original)?.is_none() {
                modified
            } else {
                original
            };
            (Some(path.clone()), Some(path))
        }
        FileOperation::Rename { from, to } | FileOperation::Copy { from, to } => {
            (Some(work.path(from)?), Some(work.path(to)?))
        }
    };
    let named = destination
        .as_ref()
        .or(source.as_ref())
        .cloned()
        .unwrap_or_default();
    let unsupported = |kind| PatchError::Unsupported {
        patch: patch.to_owned(),
        file: named.clone(),
        kind,
    };
    let Some(text) = change.patch().as_text() else {
        return Err(unsupported("binary change"));
    };
    let executable = match change.new_mode() {
        None => None,
        Some(FileMode::Regular) => Some(false),
        Some(FileMode::Executable) => Some(true),
        Some(FileMode::Symlink) => return Err(unsupported("symbolic link")),
        Some(FileMode::Gitlink) => return Err(unsupported("submodule")),
    };
    if matches!(change.old_mode(), Some(FileMode::Symlink | FileMode::Gitlink)) {
        return Err(unsupported("symbolic link or submodule"));
    }
    let old = match &source {
        None => Content {
            bytes: Vec::new(),
            executable: false,
        },
        Some(source) => work.source(source, text.hunks())?,
    };
    let bytes = hunks::apply(&old.bytes, text.hunks()).map_err(|(hunk, mismatch)| PatchError::Hunk {
        patch: patch.to_owned(),
        file: source.clone().unwrap_or_else(|| named.clone()),
        hunk,
        mismatch: Box::new(mismatch),
    })?;
    let Some(destination) = destination else {
        return work.delete(named.clone(), &bytes);
    };
    if source.as_ref() != Some(&destination) && work.read(&destination)?.is_some() {
        return Err(PatchError::Exists {
            patch: patch.to_owned(),
            file: destination,
        });
    }
    let new = Content {
        bytes,
        executable: executable.unwrap_or(old.executable),
    };
    if matches!(operation, FileOperation::Rename { .. })
        && let Some(source) = source
    {
        work.files.insert(source, None);
    }
    work.files.insert(destination, Some(new));
    Ok(())
}

struct Work<'a> {
    patch: &'a Path,
    tree: &'a Path,
    files: &'a mut Files,
}

impl Work<'_> {
    /// The path of a file in the tree.
    fn path(&self, name: &[u8]) -> Result<PathBuf, PatchError> {
        let path = Path::new(OsStr::from_bytes(name));
        let is_inside = path
            .components()
            .all(|component| matches!(component, Component::Normal(_)));
        if !is_inside || name.is_empty() || name.contains(&0) {
            return Err(PatchError::Outside {
                patch: self.patch.to_owned(),
                file: String::from_utf8_lossy(name).into_owned(),
            });
        }
        Ok(path.components().collect())
    }

    /// The file at `path`, from the tree if the patch has not touched it.
    fn read(&self, path: &Path) -> Result<Option<Content>, PatchError> {
        if let Some(content) = self.files.get(path) {
            return Ok(content.clone());
        }
        let not_a_file = || PatchError::NotAFile {
            patch: self.patch.to_owned(),
            file: path.to_owned(),
        };
        let mut place = self.tree.to_owned();
        let mut components = path.components().peekable();
        while let Some(component) = components.next() {
            place.push(component);
            let Ok(metadata) = place.symlink_metadata() else {
                return Ok(None);
            };
            let is_last = components.peek().is_none();
            if is_last && metadata.is_file() {
                return Ok(Some(Content {
                    bytes: fs_err::read(&place)?,
                    executable: metadata.permissions().mode() & 0o100 != 0,
                }));
            }
            if is_last || !metadata.is_dir() {
                return Err(not_a_file());
            }
        }
        Err(not_a_file())
    }

    /// The file that hunks are applied to. One that has no lines before the first hunk need not exist: plain diffs make
    /// files so.
    fn source(&self, path: &Path, hunks: &[Hunk<'_, [u8]>]) -> Result<Content, PatchError> {
        if let Some(content) = self.read(path)? {
            return Ok(content);
        }
        match hunks {
            [hunk] if hunk.old_range().is_empty() && hunk.old_range().start() == 0 => Ok(Content {
                bytes: Vec::new(),
                executable: false,
            }),
            _ => Err(PatchError::Missing {
                patch: self.patch.to_owned(),
                file: path.to_owned(),
            }),
        }
    }

    fn delete(&mut self, path: PathBuf, left: &[u8]) -> Result<(), PatchError> {
        if !left.is_empty() {
            return Err(PatchError::NotEmptied {
                patch: self.patch.to_owned(),
                file: path,
            });
        }
        self.files.insert(path, None);
        Ok(())
    }
}
