//! `-daemon` and `-daemonwait`: going on in the background.
//!
//! A process with threads cannot fork safely. The process that the user starts therefore starts the same executable
//! again with the same arguments and waits for one byte from it: sent at once with `-daemon`, and when the daemon is
//! ready with `-daemonwait`.

use std::io::{Read as _, Write as _};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, bail};
use app::options::OptionCategory;
use app::{Args, OptionSpec, program};

/// Tells the second process the first one's id. The id makes a value that further processes inherit mean nothing.
const LAUNCHER_VARIABLE: &str = "SYSCOIN_DAEMON_LAUNCHER";

/// What this process has to do with the background.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Nothing.
    Foreground,
    /// It starts the daemon and leaves.
    Launcher,
    /// It is the daemon that a launcher has started.
    Background,
}

/// The options that this is about.
pub(crate) fn options() -> [OptionSpec; 2] {
    [
        OptionSpec::new(
            "daemon",
            OptionCategory::General,
            "Go on in the background (default: 0).",
        ),
        OptionSpec::new(
            "daemonwait",
            OptionCategory::General,
            "Go on in the background, and only return when the start has succeeded or failed (default: 0).",
        ),
    ]
}

pub(crate) fn role(args: &Args) -> anyhow::Result<Role> {
    if !args.flag("daemon", false) && !args.flag("daemonwait", false) {
        return Ok(Role::Foreground);
    }
    if cfg!(not(unix)) {
        bail!("-daemon is not supported on this operating system");
    }
    let launcher = std::env::var(LAUNCHER_VARIABLE).ok();
    let launched = launcher.is_some_and(|launcher| launcher.parse() == Ok(parent_id()));
    Ok(if launched {
        Role::Background
    } else {
        Role::Launcher
    })
}

/// Starts the daemon and waits for its byte.
pub(crate) fn launch() -> anyhow::Result<ExitCode> {
    // Nobody need read it.
    _ = writeln!(std::io::stdout(), "{} starting", program::PACKAGE_NAME);
    let executable = std::env::current_exe().context("cannot find this executable")?;
    let mut command = Command::new(executable);
    command
        .args(std::env::args_os().skip(1))
        .env(LAUNCHER_VARIABLE, std::process::id().to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    #[cfg(unix)]
    if let Some(name) = std::env::args_os().next() {
        std::os::unix::process::CommandExt::arg0(&mut command, name);
    }
    let mut daemon = command.spawn().context("cannot start the daemon")?;
    let mut ready = [0];
    let received = daemon
        .stdout
        .take()
        .map(|mut output| output.read_exact(&mut ready));
    if matches!(received, Some(Ok(()))) {
        return Ok(ExitCode::SUCCESS);
    }
    daemon.wait().context("cannot wait for the daemon")?;
    eprintln!("Error during initialization - check debug.log for details");
    Ok(ExitCode::FAILURE)
}

/// Leaves the terminal's session.
pub(crate) fn detach(args: &Args) -> anyhow::Result<()> {
    #[cfg(unix)]
    rustix::process::setsid().context("cannot leave the session")?;
    if !args.flag("daemonwait", false) {
        send_byte();
    }
    Ok(())
}

/// Lets a launcher that still waits go.
pub(crate) fn report_ready(role: Role) {
    if role == Role::Background {
        send_byte();
    }
}

/// With `-daemon` the launcher leaves after the first byte, and nobody reads the second.
fn send_byte() {
    let mut output = std::io::stdout();
    _ = output.write_all(b"\n").and_then(|()| output.flush());
}

fn parent_id() -> u32 {
    #[cfg(unix)]
    return std::os::unix::process::parent_id();
    #[cfg(not(unix))]
    0
}
