//! The sources directory: what it holds, and how a file gets into it.

use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::NamedTempFile;

use super::{Mismatch, RouteError};
use crate::atomic::named;
use crate::digest::Digest;
use crate::observer::{Event, Observer};

/// No source is larger; a transfer that does not end must not fill the disk.
const LARGEST_FILE: u64 = 4 << 30;
/// What is left of a transfer by a process that was killed goes after this time.
const LEFTOVER_AGE: Duration = Duration::from_secs(60 * 60);
const PART_SUFFIX: &str = ".part";
/// How many digits of a wrong file's digest are in the name that it is kept under.
const N_BAD_DIGITS: usize = 11;

/// The sources directory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Store<'a> {
    directory: &'a Path,
}

/// What stands under a source file's name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Presence {
    Absent,
    Right(PathBuf),
    Wrong(Mismatch),
}

impl<'a> Store<'a> {
    pub(super) fn new(directory: &'a Path) -> Self {
        Self { directory }
    }

    pub(super) fn presence(self, file: &str, expected: Digest) -> io::Result<Presence> {
        let path = self.directory.join(file);
        match path.metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Presence::Absent),
            Err(error) => return Err(named(&path, &error)),
            Ok(metadata) if !metadata.is_file() => {
                return Err(named(&path, &io::Error::other("is not a file")));
            }
            Ok(_) => {}
        }
        let actual = Digest::of_file(&path)?;
        Ok(if actual == expected {
            Presence::Right(path)
        } else {
            Presence::Wrong(Mismatch {
                place: path.display().to_string(),
                expected,
                actual,
                hint: None,
            })
        })
    }

    /// Opens a new file of which nobody else knows, for what will be `file`.
    fn part(self, file: &str) -> io::Result<NamedTempFile> {
        fs_err::create_dir_all(self.directory)?;
        let prefix = format!(".{file}.");
        self.sweep(&prefix);
        tempfile::Builder::new()
            .prefix(&prefix)
            .suffix(PART_SUFFIX)
            .tempfile_in(self.directory)
            .map_err(|error| named(self.directory, &error))
    }

    /// Deletes what killed processes have left of the same file. That nothing can be deleted is no error here.
    fn sweep(self, prefix: &str) {
        for path in self.leftovers(prefix).unwrap_or_default() {
            let _ = fs_err::remove_file(path);
        }
    }

    /// What killed processes have left of files whose temporary names begin with `prefix`.
    pub(super) fn leftovers(self, prefix: &str) -> io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for entry in fs_err::read_dir(self.directory)? {
            let entry = entry?;
            let name = entry.file_name();
            let is_part = name
                .to_str()
                .is_some_and(|name| name.starts_with(prefix) && name.ends_with(PART_SUFFIX));
            let is_old = || {
                let modified = entry.metadata().and_then(|metadata| metadata.modified()).ok()?;
                let age = SystemTime::now().duration_since(modified).ok()?;
                Some(age > LEFTOVER_AGE)
            };
            if is_part && is_old() == Some(true) {
                found.push(entry.path());
            }
        }
        Ok(found)
    }

    /// Gives a verified file its name. A wrong file that has it is kept under another; at no time is there none.
    fn publish(self, part: NamedTempFile, file: &str, expected: Option<Digest>) -> io::Result<PathBuf> {
        let path = self.directory.join(file);
        if let Some(expected) = expected
            && let Presence::Wrong(mismatch) = self.presence(file, expected)?
        {
            let kept = self
                .directory
                .join(format!("{file}.bad-{}", mismatch.actual.short(N_BAD_DIGITS)));
            match fs_err::hard_link(&path, &kept) {
                // It was kept before, under the name of its digest.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                // The file system has no hard links, or another process was faster.
                Err(_) => match fs_err::rename(&path, &kept) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                },
                Ok(()) => {}
            }
        }
        part.as_file()
            .set_permissions(std::fs::Permissions::from_mode(0o644))?;
        part.as_file().sync_all().map_err(|error| named(&path, &error))?;
        part.persist(&path).map_err(|error| named(&path, &error.error))?;
        fs_err::File::open(self.directory)?.sync_all()?;
        Ok(path)
    }
}

/// A file on its way into the sources directory.
pub(super) struct Delivery<'a> {
    pub(super) package: &'a str,
    pub(super) file: &'a str,
    /// The digest that the file must have, where it is known.
    pub(super) expected: Option<Digest>,
    pub(super) observer: &'a dyn Observer,
    pub(super) store: Store<'a>,
}

/// Why a file did not arrive.
#[derive(Debug)]
pub(super) enum DeliveryError {
    /// The reader failed.
    Read {
        n_bytes: u64,
        source: io::Error,
    },
    /// The sources directory cannot be written.
    Store(io::Error),
    Mismatch {
        expected: Digest,
        actual: Digest,
        n_bytes: u64,
    },
    TooLarge,
}

impl Delivery<'_> {
    /// Stores what `reader` gives, if it has the right digest; `total` is how much there should be, where that is known.
    pub(super) fn receive(&self, reader: impl Read, total: Option<u64>) -> Result<PathBuf, DeliveryError> {
        let mut part = self.store.part(self.file).map_err(DeliveryError::Store)?;
        self.transfer(reader, part.as_file_mut(), total)
            .map_err(|error| match error {
                DeliveryError::Store(error) => {
                    DeliveryError::Store(named(&self.store.directory.join(self.file), &error))
                }
                error => error,
            })?;
        self.store
            .publish(part, self.file, self.expected)
            .map_err(DeliveryError::Store)
    }

    /// Copies a local file, or one that a program has brought.
    pub(super) fn receive_file(&self, path: &Path) -> Result<PathBuf, RouteError> {
        let file = fs_err::File::open(path).map_err(RouteError::Io)?;
        let total = file.metadata().map_err(RouteError::Io)?.len();
        self.receive(file, Some(total)).map_err(|error| match error {
            DeliveryError::Read { source, .. } => RouteError::Io(source),
            DeliveryError::Store(error) => RouteError::Store(error),
            DeliveryError::TooLarge => RouteError::TooLarge { limit: LARGEST_FILE },
            DeliveryError::Mismatch { expected, actual, .. } => RouteError::Mismatch(Mismatch {
                place: path.display().to_string(),
                expected,
                actual,
                hint: None,
            }),
        })
    }

    fn transfer(
        &self,
        reader: impl Read,
        writer: impl Write,
        total: Option<u64>,
    ) -> Result<(), DeliveryError> {
        let mut tee = Tee {
            delivery: self,
            reader,
            writer,
            n_bytes: 0,
            total,
            failure: None,
        };
        let result = Digest::of_reader(&mut tee);
        let n_bytes = tee.n_bytes;
        match (tee.failure, result) {
            (Some(Failure::Write(error)), _) => Err(DeliveryError::Store(error)),
            (Some(Failure::TooLarge), _) => Err(DeliveryError::TooLarge),
            (None, Err(source)) => Err(DeliveryError::Read { n_bytes, source }),
            (None, Ok(actual)) => match self.expected {
                Some(expected) if expected != actual => Err(DeliveryError::Mismatch {
                    expected,
                    actual,
                    n_bytes,
                }),
                _ => Ok(()),
            },
        }
    }
}

/// A reader that writes what it reads, and tells the observer.
struct Tee<'a, R, W> {
    delivery: &'a Delivery<'a>,
    reader: R,
    writer: W,
    n_bytes: u64,
    total: Option<u64>,
    failure: Option<Failure>,
}

/// What broke a transfer off that is not the reader's own error.
enum Failure {
    Write(io::Error),
    TooLarge,
}

impl<R: Read, W: Write> Tee<'_, R, W> {
    fn fail(&mut self, failure: Failure) -> io::Error {
        self.failure = Some(failure);
        io::ErrorKind::BrokenPipe.into()
    }
}

impl<R: Read, W: Write> Read for Tee<'_, R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n_bytes = self.reader.read(buffer)?;
        self.n_bytes += n_bytes as u64;
        if self.n_bytes > LARGEST_FILE {
            return Err(self.fail(Failure::TooLarge));
        }
        if let Err(error) = self.writer.write_all(&buffer[..n_bytes]) {
            return Err(self.fail(Failure::Write(error)));
        }
        self.delivery.observer.notice(&Event::Received {
            package: self.delivery.package,
            file: self.delivery.file,
            n_bytes: self.n_bytes,
            total: self.total,
        });
        Ok(n_bytes)
    }
}

pub(super) fn too_large() -> RouteError {
    RouteError::TooLarge { limit: LARGEST_FILE }
}

#[cfg(test)]
mod tests;
