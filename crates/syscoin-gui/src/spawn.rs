//! A node of this process's own: it is started, shown, and ends before this process does.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitCode, ExitStatus};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use app::Shutdown;
use interfaces::{InterfaceError, Node, NodeEvents, Secret};
use ipc::{EventLoop, SpawnConfig, SpawnedChild, SpawningInit};

use crate::terminal::{self, Terminal};

/// The executable.
const NODE_PROGRAM: &str = "syscoin-node";

/// How long a node may take to answer its first calls.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// How long the node may take to write what it has to the disk, before it is killed.
const EXIT_WITHIN: Duration = Duration::from_secs(10 * 60);

/// How long a node may take to hear that it is to stop, and then to show that it still listens. One that does not answer
/// is told by the end of the connection.
const HEAR_WITHIN: Duration = Duration::from_secs(2);

/// How it ended.
pub(crate) enum End {
    /// The node has ended before: this process is to leave with that.
    Exit(ExitCode),
    /// The user does not wait for the node, which ends when its parent is gone. Whoever tidies up would kill it.
    Abandoned,
}

/// Runs a node with these arguments to its end, or until the user has asked for the end twice.
pub(crate) async fn run(
    event_loop: &EventLoop,
    argv0: Option<&OsString>,
    arguments: Vec<OsString>,
    shutdown: &Shutdown,
) -> anyhow::Result<End> {
    tokio::select! {
        biased;
        ended = run_to_its_end(event_loop, argv0, arguments, shutdown) => ended.map(End::Exit),
        () = shutdown.requested_again() => Ok(End::Abandoned),
    }
}

async fn run_to_its_end(
    event_loop: &EventLoop,
    argv0: Option<&OsString>,
    arguments: Vec<OsString>,
    shutdown: &Shutdown,
) -> anyhow::Result<ExitCode> {
    let directory = ipc::executable_directory(argv0.map(OsString::as_os_str));
    let spawning = SpawningInit::new(
        event_loop.clone(),
        SpawnConfig {
            directory: directory.context("cannot find the own executable")?,
            echo_program: NODE_PROGRAM,
            // It has a log of its own.
            log_settings: Box::new(Vec::new),
            answer_within: ANSWER_WITHIN,
            exit_within: EXIT_WITHIN,
        },
    );
    let started = tokio::select! {
        started = spawning.start_child(NODE_PROGRAM) => started,
        () = shutdown.requested() => {
            spawning.dismiss_children().await;
            return Ok(ExitCode::SUCCESS);
        }
    };
    let SpawnedChild { init, ended, exit } = started?;
    let terminal = Arc::new(Terminal::default());
    let lived = async {
        let node = init.make_node().await?;
        let events = Arc::clone(&terminal) as Arc<dyn NodeEvents>;
        let _events = node.handle_events(events).await?;
        live(&*node, arguments, &terminal, shutdown).await
    };
    let outcome = tokio::select! {
        biased;
        outcome = lived => Some(outcome),
        () = ended.wait() => None,
    };
    drop(init);
    // It is not waited for in vain: what keeps it is the disk.
    spawning.dismiss_children().await;
    let heard = *terminal.heard().borrow();
    let status = exit.wait().await;
    match outcome {
        Some(Err(error)) if !is_disconnection(&error) => Err(error),
        // What was lost with the node is explained by how that ended.
        Some(_) | None => judge(status, heard.has_failed),
    }
}

/// Starts the node, and shows it until it stops, of itself or because the user has enough of it.
///
/// The user is heard whatever the node is waited for: one that was stopped by a signal does not answer.
async fn live(
    node: &dyn Node,
    arguments: Vec<OsString>,
    terminal: &Terminal,
    shutdown: &Shutdown,
) -> anyhow::Result<()> {
    tokio::select! {
        biased;
        shown = show(node, arguments, terminal) => shown,
        () = shutdown.requested() => stop(node).await,
    }
}

/// Starts the node, and shows it until all that it has is on the disk.
async fn show(node: &dyn Node, arguments: Vec<OsString>, terminal: &Terminal) -> anyhow::Result<()> {
    let arguments = arguments
        .into_iter()
        .map(|argument| Secret::from(argument.into_vec()));
    node.initialize(arguments.collect())
        .await?
        .map_err(|refusal| anyhow!("{refusal}"))?;
    let started = node.start().await?.map_err(|refusal| anyhow!("{refusal}"))?;
    terminal::started(&started);
    let mut heard = terminal.heard();
    while !heard.borrow().is_stopping {
        let seen = *heard.borrow();
        terminal::warnings(node).await?;
        // The sender is in the terminal.
        _ = heard
            .wait_for(|heard| heard.alerts != seen.alerts || heard.is_stopping)
            .await;
    }
    Ok(node.shut_down().await?)
}

/// Stops the node, and waits until all that it has is on the disk, or it does not answer.
async fn stop(node: &dyn Node) -> anyhow::Result<()> {
    terminal::line(format_args!(
        "Stopping {NODE_PROGRAM}: a second Ctrl-C leaves it to itself"
    ));
    match tokio::time::timeout(HEAR_WITHIN, node.start_shutdown()).await {
        Ok(told) => told?,
        Err(_silent) => return Ok(()),
    }
    tokio::select! {
        biased;
        stopped = node.shut_down() => Ok(stopped?),
        () = silence(node) => Ok(()),
    }
}

/// Waits until the node does not answer any more.
async fn silence(node: &dyn Node) {
    let mut often = tokio::time::interval(HEAR_WITHIN);
    loop {
        often.tick().await;
        // That it cannot be asked, whoever waits for it is told too.
        if tokio::time::timeout(HEAR_WITHIN, node.shutdown_requested())
            .await
            .is_err()
        {
            return;
        }
    }
}

fn is_disconnection(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(InterfaceError::Disconnected(_)))
}

/// What the node's end means.
fn judge(status: Option<ExitStatus>, has_told: bool) -> anyhow::Result<ExitCode> {
    let Some(status) = status else {
        bail!("{NODE_PROGRAM} ended, and the system does not say how");
    };
    match (status.code(), status.signal()) {
        (Some(0), _) => Ok(ExitCode::SUCCESS),
        (Some(_), _) if has_told => Ok(ExitCode::FAILURE),
        (Some(code), _) => bail!("{NODE_PROGRAM} exited with status {code}: its debug.log says why"),
        (None, signal) => bail!(
            "{NODE_PROGRAM} was killed by signal {}",
            signal.unwrap_or_default()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_that_nobody_wanted_is_told_once() {
        // As the system encodes them: the exit code in the second byte, the signal in the first.
        let rows = [
            (0, false, Ok(())),
            (1 << 8, true, Ok(())),
            (
                1 << 8,
                false,
                Err("syscoin-node exited with status 1: its debug.log says why"),
            ),
            (9, false, Err("syscoin-node was killed by signal 9")),
            (9, true, Err("syscoin-node was killed by signal 9")),
        ];
        for (raw, has_told, expected) in rows {
            let judged = judge(Some(ExitStatus::from_raw(raw)), has_told);
            let judged = judged.map(drop).map_err(|error| error.to_string());
            assert_eq!(judged, expected.map_err(str::to_owned), "{raw} {has_told}");
        }
        assert!(judge(None, false).is_err());
    }
}
