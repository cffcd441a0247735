//! The one way in which the engine starts programs: without the caller's environment and without standard input.

#[cfg(unix)]
mod umask;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

/// A program that is about to be started.
#[derive(Debug)]
pub struct Program {
    command: Command,
    streams: Streams,
    #[cfg(target_os = "linux")]
    entry: Option<crate::sandbox::Entry>,
}

/// Where a program reads and writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Streams {
    /// It reads nothing and writes to a log.
    Log,
    /// Those of the caller.
    Terminal,
}

/// A program that did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// It could not be started.
    #[error("cannot start {}", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It ended with a failure.
    #[error("{} ended with {status}", program.display())]
    Failed {
        /// The program.
        program: PathBuf,
        /// How it ended.
        status: ExitStatus,
    },
}

impl Program {
    /// A program with an empty environment.
    #[must_use]
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        command.env_clear().stdin(Stdio::null());
        #[cfg(unix)]
        umask::apply(&mut command);
        // On Windows, programs do not even start without these.
        for name in ["SystemRoot", "SystemDrive", "windir"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        Self {
            command,
            streams: Streams::Log,
            #[cfg(target_os = "linux")]
            entry: None,
        }
    }

    /// Appends an argument.
    #[must_use]
    pub fn argument(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Appends arguments.
    #[must_use]
    pub fn arguments(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn environment(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Sets variables of its environment.
    #[must_use]
    pub fn environments(mut self, variables: &[(OsString, OsString)]) -> Self {
        self.command
            .envs(variables.iter().map(|(name, value)| (name, value)));
        self
    }

    /// Sets the directory that it runs in.
    #[must_use]
    pub fn directory(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// Gives it a share of the job server.
    #[must_use]
    pub fn job_server(mut self, client: &jobserver::Client) -> Self {
        client.configure_make(&mut self.command);
        self
    }

    /// Gives it the caller's standard input, output and error.
    #[must_use]
    pub fn on_terminal(mut self) -> Self {
        self.command
            .stdin(Stdio::inherit())
            .stdout(Stdio::inherit())
            .stderr(Stdio::inherit());
        self.streams = Streams::Terminal;
        self
    }

    /// The same program, told of the directory `from` under the name `to`, wherever its arguments and its environment
    /// name it. The directory that it runs in is not changed. Whatever else is to happen at its start comes after this.
    #[must_use]
    pub(crate) fn told_of(self, from: &Path, to: &Path) -> Self {
        if from == to {
            return self;
        }
        let rename = |text: &OsStr| rename(text, from, to);
        let mut program = Self::new(rename(self.command.get_program()));
        for argument in self.command.get_args() {
            program.command.arg(rename(argument));
        }
        for (name, value) in self.command.get_envs() {
            program.command.env(name, value.map(rename).unwrap_or_default());
        }
        if let Some(directory) = self.command.get_current_dir() {
            program.command.current_dir(directory);
        }
        match self.streams {
            Streams::Log => program,
            Streams::Terminal => program.on_terminal(),
        }
    }

    /// Confines it from its start.
    #[cfg(target_os = "linux")]
    #[must_use]
    pub(crate) fn confinement(mut self, entry: crate::sandbox::Entry) -> Self {
        self.entry = Some(entry);
        self
    }

    /// The command as it will be run.
    #[must_use]
    pub fn command(&self) -> &Command {
        &self.command
    }

    /// Runs it and returns what it wrote.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn output(mut self) -> Result<Output, ProgramError> {
        let program = PathBuf::from(self.command.get_program());
        self.command
            .output()
            .map_err(|source| ProgramError::Start { program, source })
    }

    /// Starts it with both of its outputs going to the end of `log`, unless it is to run on a terminal.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(mut self, log: &File) -> Result<Running, ProgramError> {
        // What the entry closes must have been made ready before: it comes last.
        #[cfg(target_os = "linux")]
        if let Some(entry) = self.entry.take() {
            entry.apply(&mut self.command, self.streams == Streams::Terminal);
        }
        let program = PathBuf::from(self.command.get_program());
        let start = |source| ProgramError::Start {
            program: program.clone(),
            source,
        };
        if self.streams == Streams::Log {
            self.command
                .stdout(log.try_clone().map_err(start)?)
                .stderr(log.try_clone().map_err(start)?);
        }
        let child = self.command.spawn().map_err(start)?;
        Ok(Running { program, child })
    }

    /// Runs it with both of its outputs going to the end of `log`.
    ///
    /// # Errors
    /// It cannot be started, or ends with a failure.
    pub fn run(self, log: &File) -> Result<(), ProgramError> {
        self.start(log)?.wait()
    }
}

/// A program that was started.
#[derive(Debug)]
pub struct Running {
    program: PathBuf,
    child: Child,
}

impl Running {
    /// The number of its process, which is taken until [`wait`](Self::wait) returns.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it ends.
    ///
    /// # Errors
    /// It ends with a failure.
    pub fn wait(mut self) -> Result<(), ProgramError> {
        match self.child.wait() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(ProgramError::Failed {
                program: self.program,
                status,
            }),
            Err(source) => Err(ProgramError::Start {
                program: self.program,
                source,
            }),
        }
    }
}

/// The text with `to` wherever it names `from` or what lies in it, and not a neighbour whose name begins alike.
fn rename(text: &OsStr, from: &Path, to: &Path) -> OsString {
    let (Some(mut rest), Some(from)) = (text.to_str(), from.to_str()) else {
        return text.to_owned();
    };
    let mut renamed = OsString::new();
    while let Some((before, after)) = rest.split_once(from) {
        let goes_on = |next: char| next.is_alphanumeric() || "-_.+".contains(next);
        renamed.push(before);
        renamed.push(if after.starts_with(goes_on) {
            OsStr::new(from)
        } else {
            to.as_os_str()
        });
        rest = after;
    }
    renamed.push(rest);
    renamed
}

/// The command as one line for people and shells, with its directory and environment before it.
#[must_use]
pub fn show(command: &Command) -> String {
    let quote = |text: &OsStr| {
        let text = text.to_string_lossy();
        let plain = |character: char| character.is_ascii_alphanumeric() || "-_./=+,:@%".contains(character);
        if !text.is_empty() && text.chars().all(plain) {
            text.into_owned()
        } else {
            format!("'{}'", text.replace('\'', r"'\''"))
        }
    };
    let directory = command.get_current_dir().map_or_else(String::new, |directory| {
        format!("cd {} && ", quote(directory.as_os_str()))
    });
    let environment: String = command
        .get_envs()
        .filter_map(|(name, value)| Some(format!("{}={} ", name.to_string_lossy(), quote(value?))))
        .collect();
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(quote)
        .collect();
    format!("{directory}env -i {environment}{}", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_do_not_see_the_callers_environment() {
        let output = Program::new("/usr/bin/env")
            .environment("ONE", "1")
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "ONE=1");
    }

    #[test]
    fn a_shown_command_can_be_typed_again() {
        let program = Program::new("sh")
            .arguments(["-c", "echo it's \"$A\""])
            .environment("A", "a b")
            .directory(Path::new("/"));
        let line = show(program.command());
        assert_eq!(line, r#"cd / && env -i A='a b' sh -c 'echo it'\''s "$A"'"#);
        let output = Program::new("/bin/sh")
            .arguments(["-c", &line])
            .environment("PATH", "/usr/bin:/bin")
            .output();
        assert!(output.is_ok());
    }

    #[test]
    fn a_directory_goes_by_another_name_wherever_it_is_named() {
        let program = Program::new("/x/a/bin/sh")
            .arguments([
                "-I/x/a/include",
                "/x/ab",
                "/x/a-1",
                "/x/a.log",
                "-Da=/x/a:/x/a/b",
                "/x/a",
            ])
            .environment("HOME", "/x/a/home")
            .directory(Path::new("/x/a/build"))
            .told_of(Path::new("/x/a"), Path::new("/b"));
        assert_eq!(
            show(program.command()),
            "cd /x/a/build && env -i HOME=/b/home /b/bin/sh -I/b/include /x/ab /x/a-1 /x/a.log -Da=/b:/b/b /b"
        );
    }

    #[test]
    fn a_program_that_fails_is_named() {
        let log = tempfile::tempfile().unwrap();
        let error = Program::new("/bin/sh")
            .arguments(["-c", "exit 3"])
            .run(&log)
            .unwrap_err();
        assert_eq!(error.to_string(), "/bin/sh ended with exit status: 3");
        let error = Program::new("/no/such").run(&log).unwrap_err();
        assert_eq!(error.to_string(), "cannot start /no/such");
    }
}
