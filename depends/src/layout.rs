//! Where things lie: sources, work, built packages and prefixes.

use std::path::{Path, PathBuf};

use crate::options::Options;
use crate::plan::Unit;

/// The directories of a run.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The directory that holds all others, unless options move them.
    pub base: PathBuf,
    /// The recipes.
    pub recipes: PathBuf,
    /// The source archives.
    pub sources: PathBuf,
    /// The built packages.
    pub cache: PathBuf,
    /// What is being built.
    pub work: PathBuf,
}

impl Layout {
    /// The directories below `base`, with those that the options move.
    #[must_use]
    pub fn new(base: PathBuf, recipes: PathBuf, options: &Options) -> Self {
        Self {
            sources: options
                .path("SOURCES_PATH")
                .map_or_else(|| base.join("sources"), |path| base.join(path)),
            cache: options
                .path("BASE_CACHE")
                .map_or_else(|| base.join("built"), |path| base.join(path)),
            work: base.join("work"),
            base,
            recipes,
        }
    }

    /// The prefix for a host.
    #[must_use]
    pub fn prefix(&self, triplet: &str) -> PathBuf {
        self.base.join(triplet)
    }

    /// The directory that a unit is built in.
    ///
    /// Makefiles and configure scripts fail where a path has a space or another special character. Where the work
    /// directory's path has one, packages are built below the system's directory for temporary files.
    #[must_use]
    pub fn unit(&self, unit: &Unit) -> PathBuf {
        let name = format!("{}-{}", unit.recipe.version, unit.short_key());
        let root = if is_plain(&self.work) {
            self.work.join("build")
        } else {
            let work = crate::digest::Digest::of(self.work.as_os_str().as_encoded_bytes());
            std::env::temp_dir().join(format!("depends-{}", work.short(11)))
        };
        root.join(&unit.machine.triplet).join(unit.name()).join(name)
    }

    /// The file that a unit's log is written to.
    #[must_use]
    pub fn log(&self, unit: &Unit) -> PathBuf {
        self.work
            .join("log")
            .join(&unit.machine.triplet)
            .join(format!("{}.log", unit.file_stem()))
    }

    /// The file that is locked while a unit is built or a prefix composed.
    #[must_use]
    pub fn lock(&self, name: &str) -> PathBuf {
        self.work.join("locks").join(name)
    }
}

fn is_plain(path: &Path) -> bool {
    let plain = |character: char| character.is_ascii_alphanumeric() || "/._-+".contains(character);
    path.to_str().is_some_and(|text| text.chars().all(plain))
}
