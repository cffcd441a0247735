//! A tree in the making: a hidden directory beside the place where the tree will stand, renamed when it is complete.

use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};
use tempfile::TempDir;

/// The modification time of everything in a tree that the engine made: 2000-01-01T00:00:00Z.
///
/// One time for all keeps `make` from rebuilding what a release ships generated, such as `configure`.
pub(crate) fn modified() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(946_684_800)
}

/// A tree that nobody else sees before [`Staging::publish`]. Dropped before that, it leaves nothing behind.
#[derive(Debug)]
pub(crate) struct Staging {
    directory: TempDir,
    to: PathBuf,
    /// Every directory of the tree, a parent before its children.
    directories: Vec<PathBuf>,
}

impl Staging {
    /// Begins a tree that will stand at `to`; `None` if something stands there.
    pub(crate) fn beside(to: &Path) -> io::Result<Option<Self>> {
        if to.symlink_metadata().is_ok() {
            return Ok(None);
        }
        let parent = match to.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        fs_err::create_dir_all(parent)?;
        let directory = tempfile::Builder::new()
            .prefix(".unpack-")
            .tempdir_in(parent)
            .map_err(|error| in_directory(parent, &error))?;
        Ok(Some(Self {
            directory,
            to: to.to_owned(),
            directories: vec![PathBuf::new()],
        }))
    }

    /// Where `path`, relative to the tree, is for now.
    pub(crate) fn place(&self, path: &Path) -> PathBuf {
        self.directory.path().join(path)
    }

    /// Makes a directory, whose parent was made before.
    pub(crate) fn directory(&mut self, path: &Path) -> io::Result<()> {
        fs_err::create_dir(self.place(path))?;
        self.directories.push(path.to_owned());
        Ok(())
    }

    /// Makes an empty file that was not there before, in a directory that was made before.
    pub(crate) fn file(&self, path: &Path) -> io::Result<fs_err::File> {
        fs_err::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(self.place(path))
    }

    /// Gives a written file the permissions and time that are independent of this machine.
    #[expect(clippy::unused_self, reason = "only a file of a staged tree is finished so")]
    pub(crate) fn finish(&self, file: &fs_err::File, executable: bool) -> io::Result<()> {
        let mode = if executable { 0o755 } else { 0o644 };
        file.set_permissions(std::fs::Permissions::from_mode(mode))?;
        file.file().set_modified(modified())
    }

    /// Makes a symbolic link, in a directory that was made before.
    pub(crate) fn symlink(&self, path: &Path, target: &Path) -> io::Result<()> {
        let place = self.place(path);
        symlink(target, &place).map_err(|error| in_directory(&place, &error))?;
        set_time(&place)
    }

    /// Moves `root`, a directory of the tree, to the place where the tree shall stand.
    pub(crate) fn publish(self, root: &Path) -> io::Result<()> {
        for path in self.directories.iter().rev() {
            let place = self.place(path);
            fs_err::set_permissions(&place, std::fs::Permissions::from_mode(0o755))?;
            set_time(&place)?;
        }
        if root.as_os_str().is_empty() {
            let directory = self.directory.path();
            fs_err::rename(directory, &self.to)?;
            // Nothing is left for the guard to delete.
            let _ = self.directory.keep();
            return Ok(());
        }
        fs_err::rename(self.place(root), &self.to)
    }
}

/// Sets the time of `place` itself, also if it is a link.
fn set_time(place: &Path) -> io::Result<()> {
    let seconds = modified()
        .duration_since(SystemTime::UNIX_EPOCH)
        .expect("the fixed time is after 1970 because we chose it so")
        .as_secs();
    let time = Timespec {
        tv_sec: i64::try_from(seconds).expect("the fixed time fits because we chose it so"),
        tv_nsec: 0,
    };
    let times = Timestamps {
        last_access: time,
        last_modification: time,
    };
    utimensat(CWD, place, &times, AtFlags::SYMLINK_NOFOLLOW)
        .map_err(|error| in_directory(place, &error.into()))
}

/// An error that names the path, as those of `fs_err` do.
fn in_directory(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
