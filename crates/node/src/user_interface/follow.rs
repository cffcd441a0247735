//! What happens in the node, told to those who follow it.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use bitcoin::BlockHash;
use chain::ChainObserver;
use interfaces::SynchronizationState;

use super::{Event, Events, ask};
use crate::state::NodeState;

/// Tells of the chain and of the network from now on, until the node is gone. To be called on its runtime.
pub(crate) fn follow(node: &Arc<NodeState>, events: &Events) {
    node.chain.observe(Arc::new(Tips {
        node: Arc::downgrade(node),
        events: events.clone(),
        header: Mutex::default(),
    }));
    let (mut bans, mut active) = (node.network.bans.changes(), node.network.activity());
    let (events, shutdown) = (events.clone(), node.shutdown.clone());
    tokio::spawn(async move {
        loop {
            // Nobody changes what is gone.
            tokio::select! {
                Ok(()) = bans.changed() => events.send(&Event::Bans),
                Ok(()) = active.changed() => {
                    let is_active = *active.borrow_and_update();
                    events.send(&Event::NetworkActive(is_active));
                }
                () = shutdown.requested() => return,
            }
        }
    });
}

/// Tells of new tips.
struct Tips {
    node: Weak<NodeState>,
    events: Events,
    /// The best header that was told of last.
    header: Mutex<Option<BlockHash>>,
}

impl ChainObserver for Tips {
    fn tip_changed(&self, _hash: BlockHash, _height: u32) {
        let Some(node) = self.node.upgrade() else {
            return;
        };
        let state = match (node.chain.is_rebuilding(), node.chain.is_initial_block_download()) {
            (true, _) => SynchronizationState::Reindexing,
            (false, true) => SynchronizationState::Downloading,
            (false, false) => SynchronizationState::Following,
        };
        let now = ask::started_at(&node);
        if let Some(tip) = now.header_tip {
            let mut header = self.header.lock().unwrap_or_else(PoisonError::into_inner);
            if header.replace(tip.block.hash) != Some(tip.block.hash) {
                self.events.send(&Event::HeaderTip { state, tip });
            }
        }
        if let Some(tip) = now.tip {
            self.events.send(&Event::BlockTip {
                state,
                tip,
                progress: now.verification_progress,
            });
        }
    }
}
