//! Signals to a child. Its parent decides when it leaves: Ctrl-C reaches both, and only the parent acts on it.

use std::future::Future;
use std::io::{self, Write as _};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Installs the handlers, and gives what is over when the process is asked to end, or its parent has died without the
/// connection's noticing.
pub(super) fn asked_to_leave(program: &str) -> io::Result<impl Future<Output = ()>> {
    let interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let hangup = signal(SignalKind::hangup())?;
    let parent = rustix::process::getppid();
    ask_for_hangup_when_parent_dies()?;
    let message = format!("[{program}] SIGINT received — waiting for parent to shut down.\n");
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            () = parent_gone(hangup, parent) => {}
            () = ignore(interrupt, &message) => {}
        }
    })
}

/// Says that the signal has no effect, whenever it comes.
async fn ignore(mut interrupt: Signal, message: &str) {
    while interrupt.recv().await.is_some() {
        // Without a standard output there is nobody to tell.
        let _ = io::stdout().write_all(message.as_bytes());
    }
    std::future::pending::<()>().await;
}

/// Terminals and the death of the parent's thread send this signal too: only an orphan leaves.
async fn parent_gone(mut hangup: Signal, parent: Option<rustix::process::Pid>) {
    while hangup.recv().await.is_some() {
        if rustix::process::getppid() != parent {
            return;
        }
    }
    std::future::pending::<()>().await;
}

#[cfg(target_os = "linux")]
fn ask_for_hangup_when_parent_dies() -> io::Result<()> {
    Ok(rustix::process::set_parent_process_death_signal(Some(
        rustix::process::Signal::HUP,
    ))?)
}

#[cfg(not(target_os = "linux"))]
fn ask_for_hangup_when_parent_dies() -> io::Result<()> {
    Ok(())
}
