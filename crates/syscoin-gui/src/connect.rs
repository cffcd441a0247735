//! A node that runs by itself: it is shown, and left running.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{anyhow, bail};
use app::Shutdown;
use interfaces::{Init, InterfaceError, NodeEvents};
use ipc::{Ended, Place};

use crate::terminal::{self, Terminal};

/// Shows the node until it ends, which is no error where it says so first, or the user has enough of it.
pub(crate) async fn run(
    init: &dyn Init,
    place: &Place,
    ended: Ended,
    shutdown: &Shutdown,
) -> anyhow::Result<ExitCode> {
    let refused = |error: InterfaceError| match error {
        InterfaceError::Disconnected(_) => anyhow!("the node at {place} ended the connection"),
        error => anyhow!("the node at {place} does not serve user interfaces: {error}"),
    };
    let terminal = Arc::new(Terminal::default());
    let mut heard = terminal.heard();
    let following = async {
        let node = init.make_node().await.map_err(refused)?;
        let events = Arc::clone(&terminal) as Arc<dyn NodeEvents>;
        let _events = node.handle_events(events).await.map_err(refused)?;
        terminal::line(format_args!("Connected to the node at {place}"));
        loop {
            // A node that is going, or does not answer, is noticed below.
            _ = terminal::warnings(&*node).await;
            let alerts = heard.borrow().alerts;
            // The sender is in the terminal.
            _ = heard.wait_for(|heard| heard.alerts != alerts).await;
        }
    };
    let outcome: anyhow::Result<()> = tokio::select! {
        outcome = following => outcome,
        () = shutdown.requested() => Ok(()),
        () = ended.wait() => match terminal.heard().borrow().is_stopping {
            true => Ok(()),
            false => bail!("the node at {place} ended the connection"),
        },
    };
    outcome.map(|()| ExitCode::SUCCESS)
}
