//! A node's chain, and how it is asked: on threads that may wait.

use std::sync::Arc;

use chain::tree::{BlockTree, EntryId};
use interfaces::{BlockParts, FeeRate, FoundBlock, InterfaceError, MessageStyle, NodeEvent};
use mempool::Mempool;

use super::blocks;
use crate::state::NodeState;
use crate::user_interface::{Running, interface_rate};

/// The chain of a node, as its wallets see it.
pub(crate) struct OwnChain {
    pub(super) running: Arc<Running>,
}

impl OwnChain {
    pub(crate) fn new(running: Arc<Running>) -> Self {
        Self { running }
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

    pub(super) fn say(&self, text: String, style: MessageStyle) {
        self.running.events.send(&NodeEvent::Message(text, style));
    }
}
