//! Working by hand in a unit's directory, with all that its own build is given.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use super::{BuildError, Context};
use crate::observer::Phase;
use crate::process::{Program, ProgramError};
use crate::recipe::BuildSystem;

/// A unit that was built as far as was wanted, and waits for somebody's commands. Nobody else builds it meanwhile.
pub struct Session<'a> {
    context: &'a Context<'a>,
    log: &'a Path,
    last: Phase,
}

impl<'a> Session<'a> {
    pub(crate) fn new(context: &'a Context<'a>, log: &'a Path, last: Phase) -> Self {
        Self { context, log, last }
    }

    /// The package, with `native_` before it for a native tool.
    #[must_use]
    pub fn label(&self) -> String {
        self.context.unit().label()
    }

    /// The last phase that it went through.
    #[must_use]
    pub fn last(&self) -> Phase {
        self.last
    }

    /// The directory that holds all of it.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.context.directory
    }

    /// The name by which its commands know that directory.
    #[must_use]
    pub fn place(&self) -> PathBuf {
        self.context.place()
    }

    /// The directory that its commands run in.
    #[must_use]
    pub fn working_directory(&self) -> PathBuf {
        match &self.context.unit().recipe.build {
            BuildSystem::Make { directory, .. } => self.context.source_in(directory),
            _ => self.context.build_directory(),
        }
    }

    /// The log, which has the commands that were run so far.
    #[must_use]
    pub fn log(&self) -> &Path {
        self.log
    }

    /// Runs a command as the build runs its own, but on the caller's terminal, and says how it ended.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn run(&self, words: &[OsString]) -> Result<ExitStatus, BuildError> {
        // The shell finds the program as the build's own shells would.
        let program = Program::new("/bin/sh")
            .arguments(["-c", "exec \"$@\"", "sh"])
            .arguments(words);
        self.start(program)
    }

    /// Runs a shell on the caller's terminal, and says how it ended. Beside the build's own variables it has `TERM` and
    /// a prompt.
    ///
    /// # Errors
    /// There is no shell.
    pub fn run_shell(&self) -> Result<ExitStatus, BuildError> {
        let label = self.label();
        let program = match self.context.search_path.find_tool("bash", &label) {
            Ok(bash) => Program::new(bash).arguments(["--norc", "--noprofile", "-i"]),
            Err(_) => Program::new("/bin/sh").argument("-i"),
        };
        let terminal = std::env::var_os("TERM");
        let program = program
            .environment("TERM", terminal.as_deref().unwrap_or(OsStr::new("dumb")))
            .environment("PS1", format!("({label}) \\W \\$ "));
        self.start(program)
    }

    fn start(&self, program: Program) -> Result<ExitStatus, BuildError> {
        let program = program.directory(&self.working_directory()).on_terminal();
        match self.context.run(program, self.last) {
            Ok(()) => Ok(ExitStatus::default()),
            Err(BuildError::Command {
                source: ProgramError::Failed { status, .. },
                ..
            }) => Ok(status),
            Err(error) => Err(error),
        }
    }
}
