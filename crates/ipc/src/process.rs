//! Starts child processes that serve one end of a socket pair, and sees them off.
//!
//! The child's end becomes its standard input, which is put there by the system as part of the start: at no moment can
//! another process that is started at the same time inherit it.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::sync::oneshot;

/// The option that names the child's end of the socket pair, as the first of two arguments.
pub(crate) const DESCRIPTOR_OPTION: &str = "-ipcfd";

/// The descriptor that the child finds its end at.
const DESCRIPTOR: &str = "0";

/// The directory that this process's executables are in: where `argv0` says it was started from, or, when it was found
/// by its name alone, where it really is.
///
/// # Errors
/// The system does not say where the executable is.
pub fn executable_directory(argv0: Option<&OsStr>) -> io::Result<PathBuf> {
    if let Some(directory) = argv0.map(Path::new).and_then(Path::parent)
        && !directory.as_os_str().is_empty()
    {
        return std::path::absolute(directory);
    }
    let mut path = std::env::current_exe()?;
    path.pop();
    Ok(path)
}

/// Starts `program` with one end of a new socket pair and gives the other. Runs on the IPC thread, which lives as long
/// as the child should: on Linux the child hears of the death of the thread that started it.
pub(crate) fn spawn(program: &Path) -> io::Result<(UnixStream, Child)> {
    let (ours, theirs) = UnixStream::pair()?;
    let child = Command::new(program)
        .arg(DESCRIPTOR_OPTION)
        .arg(DESCRIPTOR)
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .kill_on_drop(true)
        .spawn()?;
    tracing::debug!(
        target: "ipc",
        "Process {} pid {} launched",
        name(program),
        child.id().unwrap_or_default()
    );
    Ok((ours, child))
}

/// Waits for a child's exit, logs it and gives its status. Once its connection is over, which `disconnected` says, the child has
/// `patience` to go before it is killed.
pub(crate) async fn see_off(
    program: PathBuf,
    mut child: Child,
    disconnected: oneshot::Receiver<()>,
    patience: Duration,
) -> Option<ExitStatus> {
    let name = name(&program);
    let pid = child.id().unwrap_or_default();
    let exited = tokio::select! {
        biased;
        exited = child.wait() => exited,
        _ = disconnected => {
            let_go_on(&child);
            match tokio::time::timeout(patience, child.wait()).await {
                Ok(exited) => exited,
                Err(_late) => {
                    tracing::warn!(
                        "ipc: Process {name} pid {pid} did not exit within {patience:?} and is killed"
                    );
                    // It may have exited just now; waiting tells.
                    let _ = child.start_kill();
                    child.wait().await
                }
            }
        }
    };
    match exited {
        Ok(status) => {
            log_exit(&name, pid, status);
            Some(status)
        }
        Err(error) => {
            tracing::warn!("ipc: Process {name} pid {pid} cannot be waited for: {error}");
            None
        }
    }
}

/// A child that somebody stopped cannot leave before it goes on.
fn let_go_on(child: &Child) {
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
    if let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) {
        // Nothing happens to one that was not stopped. It cannot be another process yet: nobody has waited for it.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::CONT);
    }
}

fn log_exit(name: &str, pid: u32, status: ExitStatus) {
    let end = end(status);
    if status.success() {
        tracing::debug!(target: "ipc", "Process {name} pid {pid} {end}");
    } else {
        tracing::warn!("ipc: Process {name} pid {pid} {end}");
    }
}

/// What became of a process, as a part of a sentence.
pub(crate) fn end(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exited with status {code}"),
        None => format!("was killed by signal {}", status.signal().unwrap_or_default()),
    }
}

/// The program's name in the log.
pub(crate) fn name(program: &Path) -> String {
    program
        .file_name()
        .unwrap_or(program.as_os_str())
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::executable_directory;

    #[test]
    fn programs_are_looked_for_where_the_caller_was_started_from() {
        let rows = [
            ("/usr/bin/syscoin-node", "/usr/bin"),
            ("./syscoin-node", "."),
            ("build/₿/syscoin-node", "build/₿"),
        ];
        for (argv0, expected) in rows {
            let directory = executable_directory(Some(OsStr::new(argv0))).unwrap();
            assert_eq!(directory, std::path::absolute(expected).unwrap());
        }
        let own = std::env::current_exe().unwrap();
        for argv0 in [None, Some(OsStr::new("syscoin-node"))] {
            assert_eq!(executable_directory(argv0).unwrap(), own.parent().unwrap());
        }
    }
}
