//! What a node tells its user interface.

use async_trait::async_trait;

use super::{BlockTip, SynchronizationState};
use crate::InterfaceError;

/// Hears of what happens in a node, one event at a time.
///
/// The node waits for the answer of [`question`](Self::question) alone; the others it may skip for a slow listener,
/// where a later one says the same with newer values. An error ends the subscription.
///
/// # Errors
/// Each method fails with whatever a remote call can fail with.
#[async_trait]
pub trait NodeEvents: Send + Sync {
    /// What the node is doing while it starts.
    async fn init_message(&self, message: String) -> Result<(), InterfaceError>;

    /// Something to show until it is dismissed.
    async fn message_box(&self, message: String, style: MessageStyle) -> Result<(), InterfaceError>;

    /// Something to answer with yes or no. `non_interactive` is what is logged where nobody can be asked.
    async fn question(
        &self,
        message: String,
        non_interactive: String,
        style: MessageStyle,
    ) -> Result<bool, InterfaceError>;

    /// `title` is `percent` done, from 0 to 100, which ends it. `resume_possible` says that it may be broken off and
    /// taken up later.
    async fn show_progress(
        &self,
        title: String,
        percent: u8,
        resume_possible: bool,
    ) -> Result<(), InterfaceError>;

    /// Wallets can be loaded from now on.
    async fn init_wallet(&self) -> Result<(), InterfaceError>;

    /// A peer has come or gone: there are `connections` now.
    async fn num_connections_changed(&self, connections: u64) -> Result<(), InterfaceError>;

    /// The network has been turned on or off.
    async fn network_active_changed(&self, active: bool) -> Result<(), InterfaceError>;

    /// [`get_warnings`](super::Node::get_warnings) has changed.
    async fn alert_changed(&self) -> Result<(), InterfaceError>;

    /// [`get_banned`](super::Node::get_banned) has changed.
    async fn banned_list_changed(&self) -> Result<(), InterfaceError>;

    /// The tip is another. `verification_progress` goes from 0 to 1.
    async fn block_tip(
        &self,
        state: SynchronizationState,
        tip: BlockTip,
        verification_progress: f64,
    ) -> Result<(), InterfaceError>;

    /// The best header is another. With `presync` it is one that is not kept yet.
    async fn header_tip(
        &self,
        state: SynchronizationState,
        tip: BlockTip,
        presync: bool,
    ) -> Result<(), InterfaceError>;

    /// The node is about to stop, whoever asked for it. It is the last event.
    async fn shutdown_requested(&self) -> Result<(), InterfaceError>;
}

/// How serious a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageStyle {
    /// For information.
    Information,
    /// Something is wrong.
    Warning,
    /// Something failed.
    Error,
}
