//! The engine's targets that remove what it made.

use std::io;
use std::path::{Path, PathBuf};

use super::{Engine, EngineError};
use crate::atomic;
use crate::host::Host;
use crate::prefix::unfinished;

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
    /// named, wherever it lies. Returns what was removed and what was kept.
    ///
    /// # Errors
    /// Something cannot be removed.
    pub fn clean(&self, all: bool) -> Result<Cleaned, EngineError> {
        let layout = &self.layout;
        let mut directories: Vec<PathBuf> = Host::all()
            .iter()
            .map(|host| layout.prefix(&host.triplet))
            .flat_map(|prefix| [unfinished(&prefix), prefix])
            .collect();
        directories.extend([layout.work.clone(), layout.build_root(), layout.cache.clone()]);
        if all {
            directories.push(layout.sources.clone());
        }
        let supplied: Vec<PathBuf> = [("BASE_CACHE", &layout.cache), ("SOURCES_PATH", &layout.sources)]
            .into_iter()
            .filter(|(option, _)| self.options.is_given(option))
            .filter_map(|(_, directory)| fs_err::canonicalize(directory).ok())
            .collect();
        let mut cleaned = Cleaned::default();
        for directory in directories {
            if !directory.exists() {
                continue;
            }
            let kept = remove_except(&directory, &supplied)?;
            if kept.is_empty() {
                cleaned.removed.push(directory);
            }
            for directory in kept {
                if !cleaned.kept.contains(&directory) {
                    cleaned.kept.push(directory);
                }
            }
        }
        Ok(cleaned)
    }
}

/// Removes `path` but for those of `supplied`, which are canonical, that are or lie in it; returns these.
fn remove_except(path: &Path, supplied: &[PathBuf]) -> io::Result<Vec<PathBuf>> {
    let place = fs_err::canonicalize(path);
    if let Ok(place) = &place
        && supplied.contains(place)
    {
        return Ok(vec![path.to_owned()]);
    }
    if !fs_err::symlink_metadata(path)?.is_dir() {
        fs_err::remove_file(path)?;
        return Ok(Vec::new());
    }
    let place = place?;
    if !supplied.iter().any(|directory| directory.starts_with(&place)) {
        atomic::remove_directory(path)?;
        return Ok(Vec::new());
    }
    let mut kept = Vec::new();
    for entry in fs_err::read_dir(path)? {
        kept.extend(remove_except(&entry?.path(), supplied)?);
    }
    Ok(kept)
}
