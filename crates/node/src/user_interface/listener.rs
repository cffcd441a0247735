//! Somebody who follows a node, in tests.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use interfaces::{EventListener, InterfaceError, NodeEvent};
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

    async fn write_down(&self, what: String) -> Result<(), InterfaceError> {
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
impl EventListener for Listener {
    async fn hear(&self, event: NodeEvent) -> Result<(), InterfaceError> {
        let what = match event {
            NodeEvent::InitMessage(text) => text,
            NodeEvent::Message(text, style) => format!("{style:?} {text}"),
            NodeEvent::Progress { title, percent, .. } => format!("{title} {percent}"),
            NodeEvent::InitWallet => "wallet".to_owned(),
            NodeEvent::Connections(count) => count.to_string(),
            NodeEvent::NetworkActive(is_active) => format!("active {is_active}"),
            NodeEvent::Alert => "alert".to_owned(),
            NodeEvent::Bans => "bans".to_owned(),
            NodeEvent::BlockTip { state, tip, .. } => format!("{state:?} {}", tip.block.height),
            NodeEvent::HeaderTip { tip, .. } => format!("header {}", tip.block.height),
            NodeEvent::ShutdownRequested => "shutdown".to_owned(),
        };
        self.write_down(what).await
    }
}
