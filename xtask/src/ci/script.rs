//! Running a document's commands as its reader would: one `/bin/sh`, a home of its own, no profile chosen yet.
//!
//! xshell waits for a program's output to end, which a node that was left running never does; so the shell here
//! writes to a file, leads a process group, and has a deadline after which the whole group is ended.

use std::fmt::Write as _;
use std::io;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use fs_err as fs;
use miette::{IntoDiagnostic as _, Result, miette};
use site_profile::CONFIG_SITE;
use xshell::Shell;

use crate::{cargo, workspace};

/// How long the commands of one document may take. They find everything built.
const DEADLINE: Duration = Duration::from_secs(300);
/// How long to wait for a port that somebody else has.
const PORT_DEADLINE: Duration = Duration::from_secs(60);
/// A line that begins so ends a block's output. No program prints this character.
const SEPARATOR: char = '\u{1e}';
/// How much of a failed block's output is shown.
const TAIL: usize = 40;

/// Waits until nobody listens on `port`: commands that start a node on its usual port need it.
///
/// # Errors
/// Somebody still does at the deadline.
pub(super) fn await_port(port: u16) -> Result<()> {
    let start = Instant::now();
    while let Err(error) = TcpListener::bind(("127.0.0.1", port)) {
        if start.elapsed() > PORT_DEADLINE {
            let help = "stop the node that has it, and run this step again";
            return Err(miette!(help = help, "port {port} is in use: {error}"));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

/// Runs commands in the user's own surroundings, with the output where the user sees it.
///
/// # Errors
/// They fail.
pub(super) fn run_plainly(commands: &str) -> Result<()> {
    let shell = Shell::new().into_diagnostic()?;
    shell.change_dir(workspace::root());
    let command = cargo::outside(&shell, "/bin/sh")
        .args(["-eu", "-c", commands])
        .env_remove(CONFIG_SITE);
    command.quiet().run().into_diagnostic()
}

/// Blocks of commands that share one shell.
#[derive(Debug, Default)]
pub(super) struct Script {
    text: String,
}

/// What a script did.
#[derive(Debug)]
pub(super) struct Output {
    /// What each block printed, as far as blocks ended well.
    pub(super) blocks: Vec<String>,
    /// What the last block printed, if it did not end well.
    rest: String,
    pub(super) status: ExitStatus,
}

impl Output {
    /// The end of what the failed block printed.
    pub(super) fn tail(&self) -> String {
        let lines: Vec<_> = self.rest.lines().collect();
        lines[lines.len().saturating_sub(TAIL)..].join("\n")
    }
}

impl Script {
    /// Adds a block.
    pub(super) fn add(&mut self, commands: &str) {
        writeln!(self.text, "{commands}\nprintf '\\036\\n'").expect("a string takes all that is written");
    }

    /// Runs the blocks in order, until one fails.
    ///
    /// # Errors
    /// The shell cannot be started, or does not end in time.
    pub(super) fn run(&self) -> Result<Output> {
        let directory = tempfile::tempdir().into_diagnostic()?;
        let (home, printed) = (directory.path().join("home"), directory.path().join("printed"));
        fs::create_dir(&home).into_diagnostic()?;
        let mut child = self.start(&home, &printed).into_diagnostic()?;
        let group = child.id();
        let (sender, receiver) = mpsc::channel();
        let waiter = std::thread::spawn(move || sender.send(child.wait()));
        let status = receiver.recv_timeout(DEADLINE);
        // Whatever the commands left running ends with them; the group may be empty.
        end_group(group)?;
        let text = String::from_utf8_lossy(&fs::read(&printed).into_diagnostic()?).into_owned();
        let Ok(status) = status else {
            return Err(miette!(
                "the commands did not end within {} s; they print\n{text}",
                DEADLINE.as_secs()
            ));
        };
        let _ = waiter.join();
        let mut blocks: Vec<String> = text
            .split_terminator(&format!("{SEPARATOR}\n"))
            .map(str::to_owned)
            .collect();
        let rest = if text.ends_with(&format!("{SEPARATOR}\n")) {
            None
        } else {
            blocks.pop()
        };
        Ok(Output {
            blocks,
            rest: rest.unwrap_or_default(),
            status: status.into_diagnostic()?,
        })
    }

    fn start(&self, home: &Path, printed: &Path) -> io::Result<Child> {
        let file = fs::OpenOptions::new().create(true).append(true).open(printed)?;
        let mut command = Command::new("/bin/sh");
        command
            .args(["-eu", "-c", &self.text])
            .current_dir(workspace::root());
        command
            .stdin(Stdio::null())
            .stdout(file.file().try_clone()?)
            .stderr(file.file().try_clone()?);
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(cargo::is_set_by_cargo_run))
        {
            command.env_remove(name);
        }
        // The reader's data directory is not ours to fill; Rust's own directories stay where they are.
        if let Some(user) = std::env::home_dir() {
            for (name, place) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
                if std::env::var_os(name).is_none() {
                    command.env(name, user.join(place));
                }
            }
        }
        command.env("HOME", home).env_remove(CONFIG_SITE);
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.spawn()
    }
}

fn end_group(group: u32) -> Result<()> {
    let shell = Shell::new().into_diagnostic()?;
    let command = shell.cmd("/bin/sh").args(["-c", &format!("kill -KILL -{group}")]);
    command
        .quiet()
        .ignore_status()
        .ignore_stderr()
        .run()
        .into_diagnostic()
}
