//! Where lines go: the file, which other processes append to at the same time, and standard output.
//!
//! A line is one `write(2)` on a descriptor opened for appending, so that lines of different processes do not mix.
//! A line that cannot be written is lost; the log never stops a program.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::logging::LogError;
use crate::logging::config::{Console, LogConfig, Opening};

/// What is kept of a file that is cut down.
const KEPT_BYTES: u64 = 10_000_000;
/// Files up to this are left alone.
const LARGE_BYTES: u64 = 11_000_000;

#[derive(Debug)]
pub(crate) struct Sink {
    file: Option<OpenFile>,
    console: Console,
}

#[derive(Debug)]
struct OpenFile {
    file: File,
    path: PathBuf,
    /// The disk was full in the middle of a line.
    broken_line: bool,
}

impl Sink {
    pub(crate) fn open(config: &LogConfig) -> Result<Self, LogError> {
        let file = match &config.file {
            Some(path) => {
                let unwritable = |cause| LogError::Open {
                    path: path.clone(),
                    cause,
                };
                if config.opening == (Opening::NewRun { shrink: true }) {
                    shrink(path).map_err(unwritable)?;
                }
                let mut file = OpenFile {
                    file: append(path).map_err(unwritable)?,
                    path: path.clone(),
                    broken_line: false,
                };
                if matches!(config.opening, Opening::NewRun { .. }) {
                    file.write("\n\n\n\n\n");
                }
                Some(file)
            }
            None => None,
        };
        Ok(Self {
            file,
            console: config.console,
        })
    }

    pub(crate) fn write(&mut self, line: &str) {
        if self.console == Console::Shown {
            let mut output = io::stdout().lock();
            // Nobody may be reading any more.
            let _ = output.write_all(line.as_bytes()).and_then(|()| output.flush());
        }
        if let Some(file) = &mut self.file {
            file.write(line);
        }
    }

    /// Opens the file by its name again, after somebody moved it away. Keeps the old one when that fails.
    pub(crate) fn reopen(&mut self) {
        if let Some(file) = &mut self.file
            && let Ok(reopened) = append(&file.path)
        {
            file.file = reopened;
            file.broken_line = false;
        }
    }
}

impl OpenFile {
    fn write(&mut self, line: &str) {
        let mended = if self.broken_line {
            format!("\n{line}")
        } else {
            String::new()
        };
        let mut rest = if self.broken_line {
            mended.as_bytes()
        } else {
            line.as_bytes()
        };
        let length = rest.len();
        while !rest.is_empty() {
            match self.file.write(rest) {
                Ok(written) if written > 0 => rest = &rest[written..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                _ => break,
            }
        }
        if rest.len() < length {
            self.broken_line = !rest.is_empty();
        }
    }
}

fn append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

/// Cuts a large file down to its end. What is written is a new file that takes the old one's place at once.
fn shrink(path: &Path) -> io::Result<()> {
    let Ok(metadata) = fs_err::metadata(path) else {
        return Ok(());
    };
    if !metadata.is_file() || metadata.len() <= LARGE_BYTES {
        return Ok(());
    }
    // A link stays a link.
    let path = fs_err::canonicalize(path)?;
    let mut old = fs_err::File::open(&path)?;
    old.seek(SeekFrom::Start(metadata.len() - KEPT_BYTES))?;
    let mut end = Vec::new();
    old.read_to_end(&mut end)?;
    let mut temporary = path.clone().into_os_string();
    temporary.push(".tmp");
    let temporary = PathBuf::from(temporary);
    let replaced = fs_err::write(&temporary, end)
        .and_then(|()| fs_err::set_permissions(&temporary, metadata.permissions()))
        .and_then(|()| fs_err::rename(&temporary, &path));
    if replaced.is_err() {
        // A disk without room for the copy is no reason not to start.
        let _ = fs_err::remove_file(&temporary);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logging::config::{Style, TimeStyle};

    fn config(path: &Path, opening: Opening) -> LogConfig {
        LogConfig {
            file: Some(path.to_owned()),
            console: Console::Silent,
            levels: crate::logging::category::Levels::default(),
            style: Style {
                time: TimeStyle::Absent,
                thread_names: false,
                source_locations: false,
            },
            opening,
        }
    }

    #[test]
    fn a_new_run_leaves_a_gap_and_a_joining_process_none() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("₿🦀.log");
        let mut first = Sink::open(&config(&path, Opening::NewRun { shrink: false })).unwrap();
        let mut second = Sink::open(&config(&path, Opening::Join)).unwrap();
        first.write("one\n");
        second.write("two\n");
        first.write("three\n");
        assert_eq!(
            fs_err::read_to_string(&path).unwrap(),
            "\n\n\n\n\none\ntwo\nthree\n"
        );
    }

    #[test]
    fn reopening_follows_the_name() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("debug.log");
        let moved = directory.path().join("debug.log.1");
        let mut sink = Sink::open(&config(&path, Opening::Join)).unwrap();
        sink.write("one\n");
        fs_err::rename(&path, &moved).unwrap();
        sink.write("two\n");
        sink.reopen();
        sink.write("three\n");
        assert_eq!(fs_err::read_to_string(&moved).unwrap(), "one\ntwo\n");
        assert_eq!(fs_err::read_to_string(&path).unwrap(), "three\n");
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_named() {
        let error = Sink::open(&config(Path::new("/nonexistent/₿.log"), Opening::Join)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "Could not open debug log file /nonexistent/₿.log"
        );
    }

    #[test]
    fn only_large_files_are_cut_down() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("debug.log");
        for (size, expected) in [(LARGE_BYTES, LARGE_BYTES), (LARGE_BYTES + 1, KEPT_BYTES)] {
            let mut bytes = vec![b'a'; usize::try_from(size).unwrap()];
            bytes[usize::try_from(size).unwrap() - 1] = b'z';
            fs_err::write(&path, bytes).unwrap();
            shrink(&path).unwrap();
            let left = fs_err::read(&path).unwrap();
            assert_eq!(u64::try_from(left.len()).unwrap(), expected);
            assert_eq!(left.last(), Some(&b'z'));
        }
        assert_eq!(fs_err::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_loses_lines_and_nothing_else() {
        let mut sink = Sink::open(&config(Path::new("/dev/full"), Opening::NewRun { shrink: true })).unwrap();
        sink.write("lost\n");
        sink.write("lost too\n");
    }
}
