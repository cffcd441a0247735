//! What a build is cut off from: the network, files that are neither the toolchain's nor its own, and all writing
//! outside its own directories.
//!
//! On Linux, a build's programs run in namespaces of their own, in a file system put together for them, and under
//! Landlock. Where the system allows no namespaces, Landlock alone serves; where it has neither, nothing does. What
//! is missing is said, never passed over. Everywhere on Linux, a build's programs end with the engine, however that
//! ends.

#[cfg(target_os = "linux")]
mod enter;
#[cfg(target_os = "linux")]
mod guardian;
#[cfg(target_os = "linux")]
mod rules;
#[cfg(target_os = "linux")]
mod steps;
mod view;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::options::Options;
use crate::process::Program;
use crate::recipe::Escapes;
use crate::scratch::Scratch;

#[cfg(target_os = "linux")]
pub(crate) use enter::Entry;
pub(crate) use view::Needs;
use view::View;

/// The directory in the scratch directory that takes what is not finished yet.
pub(crate) const FRESH: &str = "fresh";

/// Where builds lie in file systems of their own.
const PLACES: &str = "/build";

/// The option that chooses the isolation.
const OPTION: &str = "SANDBOX";

/// How far builds are cut off from the machine that they run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// Namespaces and Landlock: no network, no process and no file that is not the build's own or the toolchain's.
    Namespaces,
    /// Landlock alone: files as with namespaces, and no TCP connections; other networking is not prevented.
    Landlock,
    /// Nothing: only the environment and the search paths are the build's own.
    None,
}

impl Isolation {
    /// The name that the option and records use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Namespaces => "namespaces",
            Self::Landlock => "landlock",
            Self::None => "off",
        }
    }
}

impl fmt::Display for Isolation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Why there is no sandbox.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The option has a value that means nothing.
    #[error("SANDBOX={value}: it is auto, namespaces, landlock or off")]
    UnknownChoice {
        /// The value.
        value: String,
    },
    /// The option insists on an isolation that this machine does not offer.
    #[error("SANDBOX={wanted} is not possible on this machine: {reason}")]
    Unavailable {
        /// What was asked for.
        wanted: Isolation,
        /// What the trial showed.
        reason: String,
    },
    /// A file cannot be read or written; the error names it.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The sandbox of a run, in which all builds of that run take place.
#[derive(Debug)]
pub(crate) struct Sandbox {
    isolation: Isolation,
    /// Why the isolation is less than it could be.
    reason: Option<String>,
    #[cfg_attr(
        not(target_os = "linux"),
        expect(dead_code, reason = "other systems have no isolation yet")
    )]
    view: View,
}

/// The directories of one build.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room<'a> {
    /// The build's directory, which holds all others.
    pub(crate) directory: &'a Path,
    /// The name by which the build's programs know that directory: its own, or one that [`Sandbox::place`] gave.
    pub(crate) place: &'a Path,
    /// Directories in it that the build may write to.
    pub(crate) writable: &'a [PathBuf],
    /// Directories in it that it must not.
    pub(crate) read_only: &'a [PathBuf],
    /// What stands for `/tmp`.
    pub(crate) temporary: &'a Path,
}

#[cfg(target_os = "linux")]
impl Room<'_> {
    /// The name by which the build's programs know a path in the build's directory.
    fn seen(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(self.directory) {
            Ok(inside) => self.place.join(inside),
            Err(_) => path.to_owned(),
        }
    }
}

/// Whether the value of the option is one of its words, and what it insists on.
pub(crate) fn wanted(options: &Options) -> Result<Option<Isolation>, SandboxError> {
    match options.text(OPTION) {
        None | Some("auto") => Ok(None),
        Some("namespaces") => Ok(Some(Isolation::Namespaces)),
        Some("landlock") => Ok(Some(Isolation::Landlock)),
        Some("off" | "0" | "no") => Ok(Some(Isolation::None)),
        Some(value) => Err(SandboxError::UnknownChoice {
            value: value.to_owned(),
        }),
    }
}

impl Sandbox {
    /// The strongest isolation that this machine offers, or the one that `wanted` insists on. Each is tried out before
    /// it is relied on; `scratch` takes what the trial writes.
    ///
    /// # Errors
    /// `wanted` cannot be had, or the scratch directory not be written.
    pub(crate) fn new(
        wanted: Option<Isolation>,
        needs: &Needs<'_>,
        scratch: &Path,
    ) -> Result<Self, SandboxError> {
        let view = View::new(needs, scratch)?;
        let mut sandbox = Self {
            isolation: Isolation::None,
            reason: None,
            view,
        };
        let candidates = match wanted {
            Some(isolation) => vec![isolation],
            None => vec![Isolation::Namespaces, Isolation::Landlock, Isolation::None],
        };
        for candidate in candidates {
            sandbox.isolation = candidate;
            match (sandbox.try_out(scratch)?, wanted) {
                (None, _) => break,
                (Some(reason), Some(wanted)) => return Err(SandboxError::Unavailable { wanted, reason }),
                (Some(reason), None) => {
                    let reasons = sandbox.reason.get_or_insert_default();
                    if !reasons.is_empty() {
                        reasons.push_str("; ");
                    }
                    reasons.push_str(&format!("{candidate}: {reason}"));
                }
            }
        }
        Ok(sandbox)
    }

    /// How far builds are cut off.
    pub(crate) fn isolation(&self) -> Isolation {
        self.isolation
    }

    /// What the user should know about what is not prevented.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let because = self
            .reason
            .as_ref()
            .map_or_else(String::new, |reason| format!(" ({reason})"));
        match self.isolation {
            Isolation::Namespaces => {}
            Isolation::Landlock => warnings.push(format!(
                "packages are built under Landlock alone: networking other than TCP is not prevented{because}"
            )),
            Isolation::None => warnings.push(format!(
                "packages are built without a sandbox: a recipe's build may read, write and download \
                 anything{because}"
            )),
        }
        if self.isolation != Isolation::None
            && let Some(warning) = self.view.shortfall()
        {
            warnings.push(warning);
        }
        warnings
    }

    /// The name by which the programs of `package` in `version` know their directory, which lies at `directory`. In a
    /// file system of their own it is the same on every machine, so that nothing that they write can tell.
    pub(crate) fn place(&self, directory: &Path, escapes: &Escapes, package: &str, version: &str) -> PathBuf {
        if self.isolation_for(escapes) == Isolation::Namespaces {
            Path::new(PLACES).join(format!("{package}-{version}"))
        } else {
            directory.to_owned()
        }
    }

    fn isolation_for(&self, escapes: &Escapes) -> Isolation {
        if escapes.off.is_some() {
            Isolation::None
        } else {
            self.isolation
        }
    }

    /// Whether a file of the system is hidden from builds.
    pub(crate) fn hides(&self, path: &Path) -> bool {
        self.isolation != Isolation::None && self.view.hides(path)
    }

    /// The directories of `path` in which builds see programs, in their order, then those of the system.
    pub(crate) fn search_path(&self, path: &std::ffi::OsStr) -> Vec<PathBuf> {
        self.view.search_path(path)
    }

    /// `program`, which writes to `log`, confined to `room` but for what the recipe lets escape.
    ///
    /// # Errors
    /// The confinement cannot be prepared.
    #[cfg(target_os = "linux")]
    pub(crate) fn confine(
        &self,
        program: Program,
        room: Room<'_>,
        escapes: &Escapes,
        log: &std::fs::File,
    ) -> io::Result<Program> {
        let isolation = self.isolation_for(escapes);
        let directory = program.command().get_current_dir().unwrap_or(room.directory);
        let entry = enter::Entry::new(isolation, &self.view, room, escapes, directory, log)?;
        Ok(program.confinement(entry))
    }

    /// `program` as it is: this system has no isolation yet.
    ///
    /// # Errors
    /// None.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn confine(
        &self,
        program: Program,
        _: Room<'_>,
        _: &Escapes,
        _: &std::fs::File,
    ) -> io::Result<Program> {
        Ok(program)
    }

    /// Runs a shell that may write inside and tries to write outside; says what went wrong, if anything did.
    #[cfg(target_os = "linux")]
    fn try_out(&self, scratch: &Path) -> io::Result<Option<String>> {
        if self.isolation == Isolation::None {
            return Ok(None);
        }
        let trial = Scratch::new(&scratch.join(FRESH), "trial-")?;
        let path = |name: &str| trial.path().join(name);
        for name in ["room", "room/inside", "outside"] {
            fs_err::create_dir_all(path(name))?;
        }
        fs_err::write(path("outside/secret"), "secret")?;
        let writable = [path("room/inside")];
        let room = Room {
            directory: &path("room"),
            place: &self.place(&path("room"), &Escapes::default(), "trial", "1"),
            writable: &writable,
            read_only: &[],
            temporary: &writable[0],
        };
        // It writes beside the room only if it is not confined.
        let script = "echo leak > ../../outside/leak; cat ../../outside/secret > read; echo done > done";
        let log = tempfile::tempfile()?;
        let program = Program::new("/bin/sh")
            .arguments(["-c", script])
            .environment("PATH", "/usr/bin:/bin")
            .directory(&writable[0]);
        let result = self
            .confine(program, room, &Escapes::default(), &log)
            .map(|program| program.run(&log).err().map(|error| crate::chain(&error)));
        let failure = match result {
            Ok(failure) => failure,
            Err(error) => Some(error.to_string()),
        };
        if path("outside/leak").exists() {
            return Ok(Some("a trial wrote outside its directory".to_owned()));
        }
        if fs_err::metadata(path("room/inside/read")).is_ok_and(|metadata| metadata.len() > 0) {
            return Ok(Some("a trial read outside its directory".to_owned()));
        }
        if path("room/inside/done").exists() {
            return Ok(None);
        }
        Ok(Some(failure.unwrap_or_else(|| {
            "a trial could not write inside its directory".to_owned()
        })))
    }

    #[cfg(not(target_os = "linux"))]
    fn try_out(&self, _: &Path) -> io::Result<Option<String>> {
        Ok((self.isolation != Isolation::None).then(|| "only Linux has it".to_owned()))
    }
}
