//! What the user sees: a line for each thing that the node tells.

use std::fmt::Display;
use std::io::Write as _;

use async_trait::async_trait;
use interfaces::{BlockTip, InterfaceError, MessageStyle, Node, NodeEvents, StartedAt, SynchronizationState};
use tokio::sync::watch;

/// The terminal, as the node's events reach it.
#[derive(Debug, Default)]
pub(crate) struct Terminal {
    /// What was heard that somebody has to act on.
    heard: watch::Sender<Heard>,
}

/// What the node has told that is more than a line.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heard {
    /// How often its warnings have changed.
    pub(crate) alerts: u64,
    /// Whether it is about to stop.
    pub(crate) is_stopping: bool,
    /// Whether it has said what went wrong.
    pub(crate) has_failed: bool,
}

impl Terminal {
    /// What was heard, now and later.
    pub(crate) fn heard(&self) -> watch::Receiver<Heard> {
        self.heard.subscribe()
    }
}

/// Writes a line. Who closes the terminal need not read it.
pub(crate) fn line(text: impl Display) {
    let mut stdout = std::io::stdout().lock();
    _ = writeln!(stdout, "{text}");
}

/// Where the node is when it has started.
pub(crate) fn started(at: &StartedAt) {
    match &at.tip {
        Some(tip) => line(described(tip, at.verification_progress)),
        None => line("There are no blocks yet"),
    }
}

/// What the node wants people to know.
pub(crate) async fn warnings(node: &dyn Node) -> Result<(), InterfaceError> {
    for warning in node.get_warnings().await? {
        app::report::warning(warning);
    }
    Ok(())
}

fn described(tip: &BlockTip, progress: f64) -> String {
    let (height, hash) = (tip.block.height, tip.block.hash);
    format!("Block {height} is {hash}, {:.1} % verified", progress * 100.0)
}

#[async_trait]
impl NodeEvents for Terminal {
    async fn init_message(&self, message: String) -> Result<(), InterfaceError> {
        line(message);
        Ok(())
    }

    async fn message_box(&self, message: String, style: MessageStyle) -> Result<(), InterfaceError> {
        match style {
            MessageStyle::Information => line(message),
            MessageStyle::Warning => app::report::warning(message),
            MessageStyle::Error => {
                app::report::error(message);
                self.heard.send_modify(|heard| heard.has_failed = true);
            }
        }
        Ok(())
    }

    /// There is nobody to ask.
    async fn question(
        &self,
        _message: String,
        non_interactive: String,
        _style: MessageStyle,
    ) -> Result<bool, InterfaceError> {
        line(non_interactive);
        Ok(false)
    }

    async fn show_progress(
        &self,
        title: String,
        percent: u8,
        _resume_possible: bool,
    ) -> Result<(), InterfaceError> {
        line(format_args!("{title} {percent} %"));
        Ok(())
    }

    async fn init_wallet(&self) -> Result<(), InterfaceError> {
        Ok(())
    }

    async fn num_connections_changed(&self, connections: u64) -> Result<(), InterfaceError> {
        line(format_args!("Connected peers: {connections}"));
        Ok(())
    }

    async fn network_active_changed(&self, active: bool) -> Result<(), InterfaceError> {
        line(format_args!(
            "The network is {}",
            if active { "on" } else { "off" }
        ));
        Ok(())
    }

    async fn alert_changed(&self) -> Result<(), InterfaceError> {
        self.heard.send_modify(|heard| heard.alerts += 1);
        Ok(())
    }

    async fn banned_list_changed(&self) -> Result<(), InterfaceError> {
        line("The list of bans has changed");
        Ok(())
    }

    async fn block_tip(
        &self,
        _state: SynchronizationState,
        tip: BlockTip,
        verification_progress: f64,
    ) -> Result<(), InterfaceError> {
        line(described(&tip, verification_progress));
        Ok(())
    }

    /// Each line would be followed by one of the block.
    async fn header_tip(
        &self,
        _state: SynchronizationState,
        _tip: BlockTip,
        _presync: bool,
    ) -> Result<(), InterfaceError> {
        Ok(())
    }

    async fn shutdown_requested(&self) -> Result<(), InterfaceError> {
        line("Shutting down…");
        self.heard.send_modify(|heard| heard.is_stopping = true);
        Ok(())
    }
}
