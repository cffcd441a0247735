//! Writing the files that a patch changed: all are written beside the tree's own before the first is replaced.

use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::Files;
use crate::tree;

/// Brings `tree` to the state of `files`.
pub(super) fn write(tree: &Path, files: &Files) -> io::Result<()> {
    let mut written = Vec::new();
    for (path, content) in files {
        let Some(content) = content else {
            continue;
        };
        let mut file = tempfile::Builder::new().prefix(".patch-").tempfile_in(tree)?;
        file.write_all(&content.bytes)?;
        let mode = if content.executable { 0o755 } else { 0o644 };
        file.as_file()
            .set_permissions(std::fs::Permissions::from_mode(mode))?;
        file.as_file().set_modified(tree::modified())?;
        written.push((path, file));
    }
    for (path, content) in files {
        let place = tree.join(path);
        if content.is_none() && place.symlink_metadata().is_ok() {
            fs_err::remove_file(place)?;
        }
    }
    for (path, file) in written {
        let place = tree.join(path);
        if let Some(parent) = place.parent() {
            fs_err::create_dir_all(parent)?;
        }
        file.persist(&place).map_err(|error| error.error)?;
    }
    Ok(())
}
