//! Somebody who follows a node, in tests.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use interfaces::{BlockTip, InterfaceError, MessageStyle, NodeEvents, SynchronizationState};
use tokio::sync::{Semaphore, watch};

/// Writes down what it hears, each with a permit, and fails at the text `fail`.
pub(crate) struct Listener {
    pub(crate) heard: watch::Sender<Vec<String>>,
    pub(crate) permits: Semaphore,
}

impl Listener {
    pub(crate) fn new(permits: usize) -> Arc<Self> {
        Arc::new(Self {
            heard: watch::Sender::new(Vec::new()),
            permits: Semaphore::new(permits),
        })
    }

    async fn hear(&self, what: String) -> Result<(), InterfaceError> {
        self.permits.acquire().await.unwrap().forget();
        let is_failure = what == "fail";
        self.heard.send_modify(|heard| heard.push(what));
        match is_failure {
            true => Err(InterfaceError::unsupported("NodeEvents.initMessage")),
            false => Ok(()),
        }
    }

    /// Waits until this is all that it has heard.
    pub(crate) async fn has_heard(&self, expected: &[&str]) {
        let mut heard = self.heard.subscribe();
        let waiting = heard.wait_for(|heard| heard.len() >= expected.len());
        let waiting = tokio::time::timeout(Duration::from_secs(30), waiting);
        assert_eq!(*waiting.await.expect("it comes in time").unwrap(), expected);
    }

    /// Waits until it hears this.
    pub(crate) async fn hears(&self, expected: &str) {
        let mut heard = self.heard.subscribe();
        let waiting = heard.wait_for(|heard| heard.iter().any(|heard| heard == expected));
        let waiting = tokio::time::timeout(Duration::from_secs(30), waiting);
        assert!(waiting.await.is_ok(), "{expected} {:?}", self.heard.borrow());
    }
}

#[async_trait]
impl NodeEvents for Listener {
    async fn init_message(&self, message: String) -> Result<(), InterfaceError> {
        self.hear(message).await
    }

    async fn message_box(&self, message: String, style: MessageStyle) -> Result<(), InterfaceError> {
        self.hear(format!("{style:?} {message}")).await
    }

    async fn question(
        &self,
        _message: String,
        _non_interactive: String,
        _style: MessageStyle,
    ) -> Result<bool, InterfaceError> {
        Ok(false)
    }

    async fn show_progress(
        &self,
        title: String,
        percent: u8,
        _resume_possible: bool,
    ) -> Result<(), InterfaceError> {
        self.hear(format!("{title} {percent}")).await
    }

    async fn init_wallet(&self) -> Result<(), InterfaceError> {
        self.hear("wallet".to_owned()).await
    }

    async fn num_connections_changed(&self, connections: u64) -> Result<(), InterfaceError> {
        self.hear(connections.to_string()).await
    }

    async fn network_active_changed(&self, active: bool) -> Result<(), InterfaceError> {
        self.hear(format!("active {active}")).await
    }

    async fn alert_changed(&self) -> Result<(), InterfaceError> {
        self.hear("alert".to_owned()).await
    }

    async fn banned_list_changed(&self) -> Result<(), InterfaceError> {
        self.hear("bans".to_owned()).await
    }

    async fn block_tip(
        &self,
        state: SynchronizationState,
        tip: BlockTip,
        _verification_progress: f64,
    ) -> Result<(), InterfaceError> {
        self.hear(format!("{state:?} {}", tip.block.height)).await
    }

    async fn header_tip(
        &self,
        _state: SynchronizationState,
        tip: BlockTip,
        _presync: bool,
    ) -> Result<(), InterfaceError> {
        self.hear(format!("header {}", tip.block.height)).await
    }

    async fn shutdown_requested(&self) -> Result<(), InterfaceError> {
        self.hear("shutdown".to_owned()).await
    }
}
