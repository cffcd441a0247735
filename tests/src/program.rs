//! A started executable: its input, its outputs, its end.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::{Executable, wait_until};

/// A running executable, which is killed when this value is dropped before its end.
///
/// Its outputs go to files, so that it never blocks on a reader that is slow.
#[derive(Debug)]
pub struct Program {
    child: Child,
    stdout: File,
    stderr: File,
    has_ended: bool,
}

/// What an executable left behind when it ended.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

impl Program {
    /// Starts `executable` with `arguments` and nothing on its standard input.
    ///
    /// # Errors
    /// When it is missing or cannot be started.
    pub fn start<A: AsRef<OsStr>>(executable: Executable, arguments: &[A]) -> Result<Self> {
        Self::start_with_input(executable, arguments, "")
    }

    /// Starts `executable` with `arguments`, `input` being what it can read from its standard input.
    ///
    /// # Errors
    /// When it is missing or cannot be started.
    pub fn start_with_input<A: AsRef<OsStr>>(
        executable: Executable,
        arguments: &[A],
        input: &str,
    ) -> Result<Self> {
        let mut command = Command::new(executable.path()?);
        let mut stdin = tempfile::tempfile()?;
        stdin.write_all(input.as_bytes())?;
        stdin.rewind()?;
        command.args(arguments).stdin(stdin);
        Self::start_command(command)
    }

    /// Starts what `command` describes; its outputs are redirected.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_command(mut command: Command) -> Result<Self> {
        let stdout = tempfile::tempfile()?;
        let stderr = tempfile::tempfile()?;
        command
            .stdout(Stdio::from(stdout.try_clone()?))
            .stderr(Stdio::from(stderr.try_clone()?));
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        Ok(Self {
            child,
            stdout,
            stderr,
            has_ended: false,
        })
    }

    /// Starts `executable` with `arguments` and waits for its end.
    ///
    /// # Errors
    /// When it cannot be started or does not end in time.
    pub fn run<A: AsRef<OsStr>>(executable: Executable, arguments: &[A]) -> Result<Finished> {
        Self::start(executable, arguments)?.wait()
    }

    /// Its process id.
    ///
    /// # Errors
    /// Never for a process that the system has started.
    pub fn pid(&self) -> Result<Pid> {
        Pid::from_raw(i32::try_from(self.child.id())?).context("process id 0")
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// When it has ended already.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        kill_process(self.pid()?, signal).with_context(|| format!("cannot send {signal:?}"))
    }

    /// What it wrote to standard output so far.
    ///
    /// # Errors
    /// When that is not UTF-8.
    pub fn stdout(&self) -> Result<String> {
        contents(&self.stdout)
    }

    /// What it wrote to standard error so far.
    ///
    /// # Errors
    /// When that is not UTF-8.
    pub fn stderr(&self) -> Result<String> {
        contents(&self.stderr)
    }

    /// Whether it still runs.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn is_running(&mut self) -> Result<bool> {
        Ok(self.status()?.is_none())
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it does not end in time.
    pub fn wait(mut self) -> Result<Finished> {
        let status = wait_until("the end of the process", || self.status())?;
        Ok(Finished {
            status,
            stdout: contents(&self.stdout)?,
            stderr: contents(&self.stderr)?,
        })
    }

    fn status(&mut self) -> Result<Option<ExitStatus>> {
        let status = self.child.try_wait()?;
        self.has_ended |= status.is_some();
        Ok(status)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        // Processes that it spawned end by themselves when it dies, unless that is what is broken.
        #[cfg(target_os = "linux")]
        for pid in crate::process_table::children(self.child.id()).unwrap_or_default() {
            if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Finished {
    /// Makes sure of a good end: code 0 and not a byte on standard error.
    ///
    /// # Errors
    /// When it ended in another way, with what it said.
    pub fn check_success(&self) -> Result<()> {
        ensure!(
            self.status.code() == Some(0) && self.stderr.is_empty(),
            "not a clean end: {self:#?}"
        );
        Ok(())
    }

    /// Makes sure of an end with code 1 and exactly `message` and a line feed on standard error.
    ///
    /// # Errors
    /// When it ended in another way, with what it said.
    pub fn check_failure(&self, message: &str) -> Result<()> {
        let is_expected = self.status.code() == Some(1) && self.stderr == format!("{message}\n");
        ensure!(is_expected, "expected code 1 and {message:?}, got: {self:#?}");
        Ok(())
    }
}

/// All of a file, without moving the position that the writing process shares.
fn contents(file: &File) -> Result<String> {
    let mut bytes = vec![0; usize::try_from(file.metadata()?.len())?];
    file.read_exact_at(&mut bytes, 0)?;
    String::from_utf8(bytes).context("an output is not UTF-8")
}

/// Arguments of different kinds as one list.
pub(crate) fn arguments<'a>(parts: impl IntoIterator<Item = &'a str>) -> Vec<OsString> {
    parts.into_iter().map(OsString::from).collect()
}
