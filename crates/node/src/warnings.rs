//! What users should know although the node goes on, as `getblockchaininfo` and other methods show it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use bitcoin::BlockHash;
use chain::tree::BlockTree;
use chain::{ChainObserver, UnknownVotes};
use consensus::Params;
use consensus::vote::ThresholdState;
use interfaces::NodeEvent;
use tokio::sync::mpsc::UnboundedSender;

use crate::state::NodeState;
use crate::user_interface::Events;

/// What is said of an invalid chain with more work. The words are Bitcoin Core's.
const OUTDONE: &str = "Warning: We do not appear to fully agree with our peers! You may need to upgrade, or other nodes may \
                       need to upgrade.";

/// The warnings, of which methods show one: that of an invalid chain goes before others.
#[derive(Debug, Default)]
pub(crate) struct Warnings {
    state: Mutex<State>,
    /// Who is told of each new warning.
    alerts: OnceLock<UnboundedSender<String>>,
    /// Where those are who want to know that there are others now, whatever they are.
    followers: OnceLock<Events>,
}

#[derive(Debug, Default)]
struct State {
    /// The latest of all others.
    general: Option<String>,
    is_outdone: bool,
    votes: UnknownVotes,
    /// The votes of which the log has been told that they are won.
    locked_in: BTreeSet<u8>,
}

impl Warnings {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What methods show: a warning or nothing.
    pub(crate) fn text(&self) -> String {
        self.state().text().to_owned()
    }

    /// Warns of something without running the user's command: the node is about to stop.
    pub(crate) fn set(&self, text: String) {
        self.change(|state| state.general = Some(text));
    }

    /// Changes what there is to warn of, and tells those who follow if other warnings are shown then.
    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state();
        let shown = state.text().to_owned();
        change(&mut state);
        let is_another = state.text() != shown;
        drop(state);
        if let Some(followers) = self.followers.get().filter(|_| is_another) {
            followers.send(&NodeEvent::Alert);
        }
    }

    /// Tells these of each change from now on; only the first to ask are served.
    pub(crate) fn tell(&self, followers: Events) {
        _ = self.followers.set(followers);
    }

    /// Sends new warnings there from now on; only the first to ask is served.
    pub(crate) fn alert(&self, alerts: UnboundedSender<String>) {
        _ = self.alerts.set(alerts);
    }

    /// Looks at the chain as it is now. Before it has caught up with the present, it tells nothing.
    fn look(&self, node: &NodeState) {
        if node.chain.is_initial_block_download() {
            return;
        }
        let mut new = Vec::new();
        {
            // Who has both locks has the tree's first.
            let tree = node.chain.tree();
            self.change(|state| new = state.look(&tree, node.chain.params()));
        }
        for text in new {
            tracing::warn!("{text}");
            if let Some(alerts) = self.alerts.get() {
                // Nobody hears of it when the node stops.
                _ = alerts.send(text);
            }
        }
    }
}

impl State {
    fn text(&self) -> &str {
        match self.is_outdone {
            true => OUTDONE,
            false => self.general.as_deref().unwrap_or_default(),
        }
    }

    /// Looks at the chain, and gives the warnings that are new.
    fn look(&mut self, tree: &BlockTree, params: &Params) -> Vec<String> {
        let mut new = Vec::new();
        for (bit, progress) in self.votes.won(tree, params) {
            let text = format!("Unknown new rules activated (versionbit {bit})");
            if progress != ThresholdState::Active {
                if self.locked_in.insert(bit) {
                    tracing::warn!("{text}, from the next window of blocks on");
                }
            } else if self.general.as_deref() != Some(&text) {
                self.general = Some(text.clone());
                new.push(text);
            }
        }
        let is_outdone = tree.is_outdone_by_invalid();
        if is_outdone && !self.is_outdone {
            new.push(OUTDONE.to_owned());
        }
        self.is_outdone = is_outdone;
        new
    }
}

/// Lets a node's warnings follow its chain.
pub(crate) fn follow(node: &Arc<NodeState>) {
    node.chain.observe(Arc::new(Follower(Arc::downgrade(node))));
}

struct Follower(Weak<NodeState>);

impl Follower {
    fn look(&self) {
        if let Some(node) = self.0.upgrade() {
            node.warnings.look(&node);
        }
    }
}

impl ChainObserver for Follower {
    fn tip_changed(&self, _hash: BlockHash, _height: u32) {
        self.look();
    }

    fn invalid_found(&self) {
        self.look();
    }
}
