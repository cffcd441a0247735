//! What a prefix is made of, and how each of its files looked when it was, as a file in the prefix.
//!
//! The first line is the digest over everything else that decided the prefix. Then there is for each file its size in
//! bytes, its time of change in nanoseconds and its path, with spaces between them and a zero byte at the end. A prefix
//! has tens of thousands of files, and a run that has nothing to do does little but look at them.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use crate::digest::Digest;

/// The manifest's place in the prefix.
const PLACE: &str = "share/depends-manifest";

/// Whether the prefix at `path` is made of what `id` stands for and no file of it changed since.
pub(super) fn is_current(path: &Path, id: Digest) -> bool {
    let Ok(text) = fs_err::read_to_string(path.join(PLACE)) else {
        return false;
    };
    let Some((first, records)) = text.split_once('\n') else {
        return false;
    };
    let Ok(prefix) = Prefix::open(path) else {
        return false;
    };
    let is_unchanged = |record: &str| {
        let mut fields = record.splitn(3, ' ');
        let (Some(size), Some(time), Some(file)) = (fields.next(), fields.next(), fields.next()) else {
            return false;
        };
        match (size.parse(), time.parse()) {
            (Ok(size), Ok(time)) => prefix.look(file).is_ok_and(|state| state == (size, time)),
            _ => false,
        }
    };
    first.parse() == Ok(id) && records.split_terminator('\0').all(is_unchanged)
}

/// Writes the manifest of the prefix at `path`, whose files are `files`, in their order.
///
/// # Errors
/// A file is not there, its name is no text, or the manifest cannot be written.
pub(super) fn write<'a>(path: &Path, id: Digest, files: impl Iterator<Item = &'a PathBuf>) -> io::Result<()> {
    let prefix = Prefix::open(path)?;
    let mut text = format!("{id}\n");
    for file in files {
        let name = file.to_str().ok_or_else(|| {
            let message = format!("the name of {} is no text", file.display());
            io::Error::new(io::ErrorKind::InvalidData, message)
        })?;
        let (size, time) = prefix.look(name)?;
        write!(text, "{size} {time} {name}\0").expect("a string takes all that is written");
    }
    crate::atomic::write(&path.join(PLACE), text.as_bytes())
}

/// A prefix whose files are looked at by their names in it.
struct Prefix {
    #[cfg(unix)]
    directory: rustix::fd::OwnedFd,
    #[cfg(not(unix))]
    directory: PathBuf,
}

#[cfg(unix)]
impl Prefix {
    fn open(path: &Path) -> io::Result<Self> {
        use rustix::fs::{Mode, OFlags};
        let directory = rustix::fs::open(path, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Self { directory })
    }

    /// The size and the time of change of a file.
    fn look(&self, file: &str) -> io::Result<(u64, i128)> {
        use rustix::fs::AtFlags;
        let state = rustix::fs::statat(&self.directory, file, AtFlags::SYMLINK_NOFOLLOW)?;
        // The fields' types differ between systems.
        let size = u64::try_from(state.st_size).unwrap_or_default();
        let seconds = i128::from(state.st_mtime);
        Ok((size, seconds * 1_000_000_000 + i128::from(state.st_mtime_nsec)))
    }
}

#[cfg(not(unix))]
impl Prefix {
    fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            directory: path.to_owned(),
        })
    }

    /// The size and the time of change of a file.
    fn look(&self, file: &str) -> io::Result<(u64, i128)> {
        let metadata = fs_err::symlink_metadata(self.directory.join(file))?;
        let time = metadata.modified()?.duration_since(std::time::UNIX_EPOCH);
        let time = time.map_or(0, |duration| i128::try_from(duration.as_nanos()).unwrap_or(0));
        Ok((metadata.len(), time))
    }
}
