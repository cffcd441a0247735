//! A node's chain, and how it is asked: on threads that may wait.

use std::sync::Arc;

use chain::tree::{BlockTree, EntryId};
use interfaces::{BlockParts, FeeRate, FoundBlock, InterfaceError, MessageStyle, NodeEvent};
use mempool::Mempool;

use super::blocks;
use super::notify::Observers;
use crate::served::failed;
use crate::state::NodeState;
use crate::user_interface::{Running, interface_rate};

/// The longest text that users are shown for a client, in bytes.
const MOST_TEXT: usize = 10_000;

/// The chain of a node, as its wallets see it.
pub(crate) struct OwnChain {
    pub(super) running: Arc<Running>,
    /// Those that follow the chain by this object.
    pub(super) observers: Observers,
}

impl OwnChain {
    pub(crate) fn new(running: Arc<Running>) -> Self {
        Self {
            running,
            observers: Observers::default(),
        }
    }

    pub(super) async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&NodeState) -> T + Send + 'static,
    ) -> Result<T, InterfaceError> {
        self.running.blocking(|node| Ok(work(node))).await
    }

    pub(super) async fn tree<T: Send + 'static>(
        &self,
        work: impl FnOnce(&BlockTree) -> T + Send + 'static,
    ) -> Result<T, InterfaceError> {
        self.ask(|node| work(&node.chain.tree())).await
    }

    pub(super) async fn pool<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Mempool) -> T + Send + 'static,
    ) -> Result<T, InterfaceError> {
        self.ask(|node| node.pool.with(|pool| work(pool))).await
    }

    pub(super) async fn find(
        &self,
        parts: BlockParts,
        find: impl FnOnce(&BlockTree) -> Option<EntryId> + Send + 'static,
    ) -> Result<Option<FoundBlock>, InterfaceError> {
        self.running
            .blocking(move |node| blocks::found(node, find, parts))
            .await
    }

    pub(super) async fn pool_rate(
        &self,
        rate: impl FnOnce(&mempool::Config) -> mempool::FeeRate + Send + 'static,
    ) -> Result<FeeRate, InterfaceError> {
        self.pool(|pool| interface_rate(rate(pool.config()))).await
    }

    /// Refuses a text that is too long to be kept for those who have not heard it yet.
    pub(super) fn check_text(text: &str) -> Result<(), InterfaceError> {
        match text.len() {
            ..=MOST_TEXT => Ok(()),
            bytes => Err(failed(format!(
                "a text for users has {bytes} bytes; the limit is {MOST_TEXT}"
            ))),
        }
    }

    pub(super) fn say(&self, text: String, style: MessageStyle) {
        self.running.events.send(&NodeEvent::Message(text, style));
    }
}
