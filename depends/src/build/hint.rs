//! What the log of a failed command says of the reason, where the reason is that builds are closed (a header of a
//! package that the recipe does not declare, the network, a place that builds must not write to) or that the disk is
//! full.
//!
//! A log is only words, so that these are hints and nothing depends on them.

use std::fmt;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::Context;
use crate::archive;
use crate::cache::Lookup;

/// How much of the end of a log is looked at, in bytes.
const TAIL: u64 = 64 * 1024;

/// Where the system keeps headers.
const SYSTEM_HEADERS: [&str; 2] = ["/usr/include", "/usr/local/include"];

/// What programs say when there is no network.
const NO_NETWORK: [&str; 6] = [
    "could not resolve host",
    "temporary failure in name resolution",
    "network is unreachable",
    "name or service not known",
    "failed to connect to",
    "unable to resolve host",
];

/// What programs say when a disk is full.
const NO_SPACE: &str = "no space left on device";

/// With less room than this, in bytes, the disk is taken for full even where no program says so: its last words may
/// have found no room in the log.
const LEAST_ROOM: u64 = 32 * 1024;

/// Why a build probably failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// There was no room for what it wrote.
    DiskFull {
        /// The package's directory.
        directory: PathBuf,
    },
    /// It includes a header of the system that no recipe brought.
    SystemHeader {
        /// The header, as it is included.
        header: String,
        /// Where the system has it.
        path: PathBuf,
    },
    /// It includes a header of a package that its recipe does not declare.
    UndeclaredPackage {
        /// The header, as it is included.
        header: String,
        /// The package that has it.
        package: String,
    },
    /// It wanted to reach the network.
    Network,
    /// It wanted to write where it must not.
    Write {
        /// The line of the log.
        line: String,
    },
}

impl fmt::Display for Hint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DiskFull { directory } => write!(
                formatter,
                "the disk that holds {} is full; what was built before is kept, and the next run goes on from there",
                directory.display()
            ),
            Self::SystemHeader { header, path } => write!(
                formatter,
                "{header} is not of a declared dependency: the system's {} is hidden from builds, so that it is not \
                 found by accident; declare a package that has it in `dependencies`",
                path.display()
            ),
            Self::UndeclaredPackage { header, package } => write!(
                formatter,
                "{header} is of the package {package}, which the recipe does not name in `dependencies`"
            ),
            Self::Network => write!(
                formatter,
                "builds have no network: what is to be downloaded belongs in the recipe's `source`, or declare \
                 `sandbox.network` with a reason"
            ),
            Self::Write { line } => write!(
                formatter,
                "builds write to their own directories alone, and the home directory is not one of them: {line}"
            ),
        }
    }
}

impl Context<'_> {
    /// What the end of the log says of the reason.
    pub(super) fn hint(&self) -> Option<Hint> {
        let text = self.tail().unwrap_or_default();
        if text.to_lowercase().contains(NO_SPACE) || has_no_room(&self.directory) {
            return Some(Hint::DiskFull {
                directory: self.directory.clone(),
            });
        }
        if let Some(header) = missing_header(&text)
            && let Some(hint) = self.owner_of(header)
        {
            return Some(hint);
        }
        let lower = text.to_lowercase();
        if lower.lines().any(is_about_the_network) {
            return Some(Hint::Network);
        }
        refused_write(&text).map(|line| Hint::Write {
            line: line.to_owned(),
        })
    }

    /// Who has a header that was not found.
    fn owner_of(&self, header: &str) -> Option<Hint> {
        let header = header.to_owned();
        let declared = self.plan.dependency_closure(self.index);
        let others = self.plan.units.iter().enumerate().filter(|(index, unit)| {
            *index != self.index && !declared.contains(index) && unit.name() != self.unit().name()
        });
        let path = Path::new("include").join(&header);
        for (_, unit) in others {
            if let Lookup::Found(entry) = self.cache.peek(unit)
                && archive::contains(&entry.archive, &path).unwrap_or(false)
            {
                let package = unit.name().to_owned();
                return Some(Hint::UndeclaredPackage { header, package });
            }
        }
        let path = SYSTEM_HEADERS
            .iter()
            .map(|directory| Path::new(directory).join(&header))
            .find(|path| path.exists() && self.sandbox.hides(path))?;
        Some(Hint::SystemHeader { header, path })
    }

    /// The end of the log, as far as it can be read.
    fn tail(&self) -> Option<String> {
        let mut log = fs_err::File::open(self.log_path).ok()?;
        let length = log.metadata().ok()?.len();
        log.seek(SeekFrom::Start(length.saturating_sub(TAIL))).ok()?;
        let mut bytes = Vec::new();
        log.read_to_end(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// Whether next to nothing can be written to the file system that holds `directory`.
fn has_no_room(directory: &Path) -> bool {
    rustix::fs::statvfs(directory)
        .is_ok_and(|system| system.f_bavail.saturating_mul(system.f_frsize) < LEAST_ROOM)
}

/// The header that the first complaint of a compiler names.
fn missing_header(text: &str) -> Option<&str> {
    text.lines().find_map(|line| {
        let (_, rest) = line.split_once("fatal error: ")?;
        let header = match rest.split_once(": ") {
            Some((header, "No such file or directory" | "Permission denied")) => header,
            _ => rest.strip_prefix('\'')?.strip_suffix("' file not found")?,
        };
        // A header that is there and hidden is named with its place.
        let header = SYSTEM_HEADERS
            .iter()
            .find_map(|directory| header.strip_prefix(directory)?.strip_prefix('/'))
            .unwrap_or(header);
        (!header.starts_with('/')).then_some(header)
    })
}

/// Whether a line in lower case tells that a server cannot be reached.
fn is_about_the_network(line: &str) -> bool {
    NO_NETWORK.iter().any(|words| line.contains(words))
        || (line.contains("connect: ") && line.contains("permission denied"))
}

/// The first line that tells of a refused write.
fn refused_write(text: &str) -> Option<&str> {
    text.lines().find(|line| {
        let line = line.to_lowercase();
        line.contains("read-only file system")
            || (line.contains("permission denied")
                && ["cannot create", "cannot touch", "mkdir", "open", "write"]
                    .iter()
                    .any(|word| line.contains(word)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_missing_header_is_read_from_what_compilers_say() {
        for (line, expected) in [
            (
                "a.c:1:10: fatal error: zlib.h: No such file or directory",
                Some("zlib.h"),
            ),
            (
                "a.c:1:10: fatal error: sys/z.h: Permission denied",
                Some("sys/z.h"),
            ),
            (
                "a.c:1:10: fatal error: /usr/include/z/z.h: Permission denied",
                Some("z/z.h"),
            ),
            ("a.c:1:10: fatal error: 'zlib.h' file not found", Some("zlib.h")),
            ("cc1: fatal error: /build/a.c: No such file or directory", None),
            ("a.c:1:1: error: unknown type name", None),
        ] {
            assert_eq!(missing_header(line), expected, "{line}");
        }
    }

    #[test]
    fn a_refused_write_is_told_from_other_refusals() {
        for (line, expected) in [
            ("mkdir: cannot create directory '/x': Read-only file system", true),
            ("sh: 1: cannot create /home/x: Permission denied", true),
            ("sh: 1: ./configure: Permission denied", false),
        ] {
            assert_eq!(refused_write(line).is_some(), expected, "{line}");
        }
    }
}
