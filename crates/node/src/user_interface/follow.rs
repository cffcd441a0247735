//! What happens in the node, told to those who follow it.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use bitcoin::BlockHash;
use chain::ChainObserver;
use interfaces::{NodeEvent, SynchronizationState};

use super::{Events, ask};
use crate::state::NodeState;

/// Tells of the chain and of the network from now on, until the node is gone. To be called on its runtime.
pub(crate) fn follow(node: &Arc<NodeState>, events: &Events) {
    node.chain.observe(Arc::new(Tips {
        node: Arc::downgrade(node),
        events: events.clone(),
        header: Mutex::default(),
    }));
    node.warnings.tell(events.clone());
    let (mut bans, mut active) = (node.network.bans.changes(), node.network.activity());
    let (events, shutdown) = (events.clone(), node.shutdown.clone());
    tokio::spawn(async move {
        loop {
            // Nobody changes what is gone.
            tokio::select! {
                Ok(()) = bans.changed() => events.send(&NodeEvent::Bans),
                Ok(()) = active.changed() => {
                    let is_active = *active.borrow_and_update();
                    events.send(&NodeEvent::NetworkActive(is_active));
                }
                () = shutdown.requested() => return,
            }
        }
    });
}

/// Tells of new tips and headers.
struct Tips {
    node: Weak<NodeState>,
    events: Events,
    /// The best header that was told of last.
    header: Mutex<Option<BlockHash>>,
}

impl Tips {
    /// Tells of the best header, unless it is the one that was told of last.
    fn look_at_header(&self, node: &NodeState) {
        // Held before it is looked for: of two threads that look, the later one tells last.
        let mut header = self.header.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(tip) = ask::header_tip(&node.chain.tree()) else {
            return;
        };
        if header.replace(tip.block.hash) != Some(tip.block.hash) {
            let state = synchronization(node);
            self.events.send(&NodeEvent::HeaderTip {
                state,
                tip,
                presync: false,
            });
        }
    }
}

fn synchronization(node: &NodeState) -> SynchronizationState {
    match (node.chain.is_rebuilding(), node.chain.is_initial_block_download()) {
        (true, _) => SynchronizationState::Reindexing,
        (false, true) => SynchronizationState::Downloading,
        (false, false) => SynchronizationState::Following,
    }
}

impl ChainObserver for Tips {
    fn tip_changed(&self, _hash: BlockHash, _height: u32) {
        let Some(node) = self.node.upgrade() else {
            return;
        };
        self.look_at_header(&node);
        let now = ask::started_at(&node);
        if let Some(tip) = now.tip {
            self.events.send(&NodeEvent::BlockTip {
                state: synchronization(&node),
                tip,
                progress: now.verification_progress,
            });
        }
    }

    fn best_header_changed(&self) {
        if let Some(node) = self.node.upgrade() {
            self.look_at_header(&node);
        }
    }

    /// What is invalid may have been the best header.
    fn invalid_found(&self) {
        self.best_header_changed();
    }
}
