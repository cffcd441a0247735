//! The engine's targets that remove what it made.

use std::path::PathBuf;

use super::{Engine, EngineError};
use crate::atomic;
use crate::host::Host;

/// What [`Engine::clean`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Directories that are gone.
    pub removed: Vec<PathBuf>,
    /// Directories that stay, because the user named them.
    pub kept: Vec<PathBuf>,
}

impl Engine {
    /// Removes the prefixes, the work and the cache, and with `all` the sources; never a directory that an option
    /// named. Returns what was removed and what was kept.
    ///
    /// # Errors
    /// Something cannot be removed.
    pub fn clean(&self, all: bool) -> Result<Cleaned, EngineError> {
        let mut cleaned = Cleaned::default();
        let mut directories: Vec<(PathBuf, bool)> = Host::all()
            .iter()
            .map(|host| (self.layout.prefix(&host.triplet), false))
            .collect();
        directories.push((self.layout.work.clone(), false));
        directories.push((self.layout.cache.clone(), self.options.is_given("BASE_CACHE")));
        if all {
            directories.push((self.layout.sources.clone(), self.options.is_given("SOURCES_PATH")));
        }
        for (path, supplied) in directories {
            if !path.exists() {
                continue;
            }
            if supplied {
                cleaned.kept.push(path);
                continue;
            }
            atomic::remove_directory(&path)?;
            cleaned.removed.push(path);
        }
        Ok(cleaned)
    }
}
