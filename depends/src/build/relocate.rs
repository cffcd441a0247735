//! What becomes of a staged tree: unwanted files go, and what names a prefix names it relative to itself.

use super::{BuildError, Context, DEPENDENCIES, INSTALL_PREFIX, NATIVE};
use crate::archive::walk;
use crate::atomic;
use crate::glob::matches;

impl Context<'_> {
    /// Removes libtool's archives, which name build paths and serve nobody, and what the recipe lists.
    pub(super) fn remove_unwanted(&self) -> Result<(), BuildError> {
        let prefix = self.staged_prefix();
        for path in walk(&prefix)? {
            let text = path.to_string_lossy();
            let unwanted =
                text.ends_with(".la") || self.unit().remove.iter().any(|pattern| matches(pattern, &text));
            let full = prefix.join(&path);
            let Ok(metadata) = full.symlink_metadata() else {
                continue;
            };
            match (unwanted, metadata.is_dir()) {
                (true, true) => atomic::remove_directory(&full)?,
                (true, false) => fs_err::remove_file(full)?,
                (false, _) => {}
            }
        }
        Ok(())
    }

    /// Makes pkg-config and CMake files find the prefix from where they lie.
    pub(super) fn relocate(&self) -> Result<(), BuildError> {
        let prefix = self.staged_prefix();
        // A package for another machine finds native programs in the directory for these; on the machine that builds,
        // packages and native programs lie together.
        let is_cross = self.unit().machine.triplet != self.plan.build.triplet;
        let native = if is_cross { "/native" } else { "" };
        let place = self.place();
        let (dependencies, natives) = (place.join(DEPENDENCIES), place.join(NATIVE));
        for path in walk(&prefix)? {
            let anchor = match path.extension().and_then(|extension| extension.to_str()) {
                Some("pc") => "${pcfiledir}",
                Some("cmake") => "${CMAKE_CURRENT_LIST_DIR}",
                _ => continue,
            };
            let full = prefix.join(&path);
            if !full.symlink_metadata()?.is_file() {
                continue;
            }
            let text = fs_err::read_to_string(&full)?;
            let up = "/..".repeat(path.components().count() - 1);
            let here = format!("{anchor}{up}");
            let relocated = text
                .replace(INSTALL_PREFIX, &here)
                .replace(&*dependencies.to_string_lossy(), &here)
                .replace(&*natives.to_string_lossy(), &format!("{here}{native}"));
            if relocated != text {
                fs_err::write(full, relocated)?;
            }
        }
        Ok(())
    }
}
