//! Where things lie: sources, work, built packages and prefixes.

use std::io;
use std::path::{Path, PathBuf};

use crate::digest::Digest;
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
        self.build_root()
            .join(unit.platform())
            .join(unit.name())
            .join(name)
    }

    /// The directory that holds those of all units.
    pub(crate) fn build_root(&self) -> PathBuf {
        if is_plain(&self.work) {
            return self.work.join("build");
        }
        let work = Digest::of(self.work.as_os_str().as_encoded_bytes());
        std::env::temp_dir().join(format!("depends-{}", work.short(11)))
    }

    /// The directory that takes what sandboxes are made of. It has a plain path, as the builds' directories.
    pub(crate) fn sandbox_root(&self) -> PathBuf {
        if is_plain(&self.work) {
            self.work.join("sandbox")
        } else {
            self.build_root().join("sandbox")
        }
    }

    /// Makes the directory that units are built in.
    ///
    /// # Errors
    /// It cannot be made, or, among the system's temporary files, somebody else has made it.
    pub(crate) fn make_build_root(&self) -> io::Result<()> {
        let root = self.build_root();
        if root.starts_with(&self.work) {
            return fs_err::create_dir_all(root);
        }
        make_private(&root)
    }

    /// The file that a unit's log is written to.
    #[must_use]
    pub fn log(&self, unit: &Unit) -> PathBuf {
        self.work
            .join("log")
            .join(unit.platform())
            .join(format!("{}.log", unit.file_stem()))
    }

    /// The file that is locked while a unit is built or a prefix composed.
    #[must_use]
    pub fn lock(&self, name: &str) -> PathBuf {
        self.work.join("locks").join(name)
    }
}

/// Makes a directory that nobody else can enter, where anybody could have made one of that name before.
#[cfg(unix)]
fn make_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
    match std::fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        result => return result,
    }
    let metadata = fs_err::symlink_metadata(path)?;
    let is_ours = metadata.is_dir() && metadata.uid() == rustix::process::geteuid().as_raw();
    if is_ours && metadata.mode() & 0o077 == 0 {
        return Ok(());
    }
    let message = format!(
        "{} is not a private directory of this user's: remove it",
        path.display()
    );
    Err(io::Error::new(io::ErrorKind::AlreadyExists, message))
}

#[cfg(not(unix))]
fn make_private(path: &Path) -> io::Result<()> {
    fs_err::create_dir_all(path)
}

fn is_plain(path: &Path) -> bool {
    let plain = |character: char| character.is_ascii_alphanumeric() || "/._-+".contains(character);
    path.to_str().is_some_and(|text| text.chars().all(plain))
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn only_a_private_directory_of_ones_own_serves_among_temporary_files() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("root");
        make_private(&path).unwrap();
        make_private(&path).unwrap();
        fs_err::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert!(make_private(&path).is_err());
        let link = directory.path().join("link");
        symlink(directory.path(), &link).unwrap();
        assert!(make_private(&link).is_err());
    }

    #[test]
    fn only_plain_paths_are_built_in() {
        for (path, expected) in [
            ("/a/b-c_1.2+3", true),
            ("/a b", false),
            ("/a$b", false),
            ("/ä", false),
        ] {
            assert_eq!(is_plain(Path::new(path)), expected, "{path}");
        }
    }
}
