//! What wallets and other observers hear of the chain and the pool, in order and one thing at a time.
//!
//! The node does not wait for them. What is kept for a slow one is of one size, whatever a block has: its data is read from
//! the disk when it is told of.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use bitcoin::{BlockHash, Transaction};
use chain::ChainObserver;
use consensus::block::Block;
use interfaces::{
    BlockInfo, BlockLocator, ChainRole, Handler, InterfaceError, Notifications, RemovalReason, UnixTime,
};
use mempool::{Event, EventKind};
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::blocks;
use crate::served::failed;
use crate::state::{Node, NodeState};

/// How long observers may take to hear what there is to hear at the end.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What an observer may leave unheard.
const MOST_UNHEARD: usize = 100_000;

/// Something that happened.
#[derive(Debug, Clone)]
enum Notice {
    Added(Arc<Transaction>),
    Removed(Arc<Transaction>, RemovalReason),
    Connected(BlockHash),
    Disconnected(BlockHash),
    Tip,
    Flushed(ChainRole, BlockLocator),
}

/// Those who follow the chain. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Observers(Arc<Mutex<Vec<Weak<Queue>>>>);

/// What one observer has to hear.
#[derive(Debug)]
struct Queue {
    unheard: Mutex<VecDeque<Notice>>,
    progress: watch::Sender<Progress>,
}

/// How far an observer has got.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Progress {
    /// How much has happened.
    happened: u64,
    /// How much of it the observer has heard.
    heard: u64,
    is_over: bool,
}

impl Observers {
    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Queue>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn queues(&self) -> Vec<Arc<Queue>> {
        let mut queues = self.lock();
        queues.retain(|queue| queue.strong_count() > 0);
        queues.iter().filter_map(Weak::upgrade).collect()
    }

    fn send(&self, notice: &Notice) {
        for queue in self.queues() {
            queue.push(notice.clone());
        }
    }

    /// Hears of the chain and the pool from now on.
    pub(crate) fn watch(&self, node: &Arc<NodeState>) {
        node.chain.observe(Arc::new(Watch {
            observers: self.clone(),
            node: Arc::downgrade(node),
        }));
        let observers = self.clone();
        node.pool
            .report_to(move |events| events.iter().for_each(|event| observers.tell_of(event)));
    }

    fn tell_of(&self, event: &Event) {
        let transaction = Arc::clone(&event.transaction);
        let notice = match event.kind {
            EventKind::Added { .. } => Notice::Added(transaction),
            EventKind::Removed(reason) => match reason {
                // The block is told of.
                mempool::RemovalReason::Block => return,
                mempool::RemovalReason::Expiry => Notice::Removed(transaction, RemovalReason::Expiry),
                mempool::RemovalReason::SizeLimit => Notice::Removed(transaction, RemovalReason::SizeLimit),
                mempool::RemovalReason::Reorg => Notice::Removed(transaction, RemovalReason::Reorganization),
                mempool::RemovalReason::Conflict => Notice::Removed(transaction, RemovalReason::Conflict),
                mempool::RemovalReason::Replaced => Notice::Removed(transaction, RemovalReason::Replaced),
            },
        };
        self.send(&notice);
    }

    /// Says that all up to the tip is on the disk.
    fn flushed(&self, node: &NodeState) {
        if self.queues().is_empty() {
            return;
        }
        let locator = blocks::tip_locator(&node.chain.tree());
        if !locator.have.is_empty() {
            self.send(&Notice::Flushed(role(node), locator));
        }
    }

    /// Tells an observer, which is one of `own` as well, of what happens from now on, on this runtime.
    pub(super) fn follow(
        &self,
        own: &Self,
        observer: Arc<dyn Notifications>,
        node: Arc<NodeState>,
        runtime: &Handle,
    ) -> Arc<dyn Handler> {
        let queue = Arc::new(Queue {
            unheard: Mutex::default(),
            progress: watch::Sender::default(),
        });
        for observers in [self, own] {
            let mut queues = observers.lock();
            queues.retain(|queue| queue.strong_count() > 0);
            queues.push(Arc::downgrade(&queue));
        }
        let ended = watch::Sender::new(false);
        let subscription = Subscription {
            progress: queue.progress.clone(),
            ended: ended.subscribe(),
        };
        // The node's end ends the runtime, and with it the subscription.
        runtime.spawn(async move {
            queue.tell(&*observer, &node).await;
            drop((observer, node));
            ended.send_replace(true);
        });
        Arc::new(subscription)
    }

    /// Tells nobody anything more.
    fn end(&self) {
        for queue in self.queues() {
            queue.progress.send_modify(|progress| progress.is_over = true);
        }
    }

    /// Waits until what has happened so far is heard by all.
    pub(super) async fn all_heard(&self) {
        for queue in self.queues() {
            let mut progress = queue.progress.subscribe();
            let due = progress.borrow().happened;
            let is_heard = |progress: &Progress| progress.heard >= due || progress.is_over;
            // The sender is in the queue.
            _ = progress.wait_for(is_heard).await;
        }
    }
}

/// Hears of the chain for all of them.
struct Watch {
    observers: Observers,
    node: Weak<NodeState>,
}

impl ChainObserver for Watch {
    fn block_connected(&self, block: &Arc<Block>, _height: u32) {
        self.observers.send(&Notice::Connected(block.header.block_hash()));
    }

    fn block_disconnected(&self, block: &Arc<Block>, _height: u32) {
        self.observers
            .send(&Notice::Disconnected(block.header.block_hash()));
    }

    fn tip_changed(&self, _tip: BlockHash, _height: u32) {
        self.observers.send(&Notice::Tip);
    }

    fn flushed(&self) {
        if let Some(node) = self.node.upgrade() {
            self.observers.flushed(&node);
        }
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Notice>> {
        self.unheard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, notice: Notice) {
        let mut unheard = self.lock();
        let is_full = unheard.len() >= MOST_UNHEARD;
        if is_full {
            tracing::warn!("an observer that has {MOST_UNHEARD} things to hear is told no more");
            unheard.clear();
        } else {
            unheard.push_back(notice);
        }
        drop(unheard);
        self.progress.send_modify(|progress| {
            progress.happened += 1;
            progress.is_over |= is_full;
        });
    }

    /// Tells the observer of everything until it is over.
    async fn tell(&self, observer: &dyn Notifications, node: &Arc<NodeState>) {
        let mut progress = self.progress.subscribe();
        while !progress.borrow_and_update().is_over {
            let notice = self.lock().pop_front();
            let Some(notice) = notice else {
                _ = progress.changed().await;
                continue;
            };
            let told = notice.tell(observer, node).await;
            self.progress.send_modify(|progress| {
                progress.heard += 1;
                progress.is_over |= told.is_err();
            });
        }
    }
}

impl Notice {
    async fn tell(self, observer: &dyn Notifications, node: &Arc<NodeState>) -> Result<(), InterfaceError> {
        match self {
            Self::Added(transaction) => {
                observer
                    .transaction_added_to_mempool(Transaction::clone(&transaction))
                    .await
            }
            Self::Removed(transaction, reason) => {
                observer
                    .transaction_removed_from_mempool(Transaction::clone(&transaction), reason)
                    .await
            }
            Self::Connected(hash) => {
                let (role, block) = block_info(node, hash).await?;
                observer.block_connected(role, block).await
            }
            Self::Disconnected(hash) => {
                let (_role, block) = block_info(node, hash).await?;
                observer.block_disconnected(block).await
            }
            Self::Tip => observer.updated_block_tip().await,
            Self::Flushed(role, locator) => observer.chain_state_flushed(role, locator).await,
        }
    }
}

/// Writes the chain to the disk, lets those who follow it hear of that, as long as they can be told, and tells them no more:
/// the next time they follow it, they need not begin before it. Whoever is still to be told something keeps its connection
/// open.
pub(crate) async fn settled(node: &Node) {
    let Ok(node) = node.get().map(Arc::clone) else {
        return;
    };
    // What is in memory may not fit what is on disk any more.
    if !node.observers.queues().is_empty() && node.failure().is_none() {
        let flushing = Arc::clone(&node);
        // Why it cannot be written is told by whoever writes it at the very end.
        if let Ok(Ok(())) = tokio::task::spawn_blocking(move || flushing.chain.flush()).await
            && tokio::time::timeout(LAST_WORDS, node.observers.all_heard())
                .await
                .is_err()
        {
            tracing::debug!("an observer did not hear all that happened");
        }
    }
    node.observers.end();
}

/// Which chain the active one is. Of the one that verifies a snapshot nothing is told.
pub(super) fn role(node: &NodeState) -> ChainRole {
    let states = node.chain.chain_states();
    match states.iter().all(|state| state.is_validated) {
        true => ChainRole::Normal,
        false => ChainRole::AssumedValid,
    }
}

/// What is told of a block.
async fn block_info(
    node: &Arc<NodeState>,
    hash: BlockHash,
) -> Result<(ChainRole, BlockInfo), InterfaceError> {
    let node = Arc::clone(node);
    let work = move || {
        let (id, mut info) = {
            let tree = node.chain.tree();
            let id = tree
                .find(&hash)
                .ok_or_else(|| failed("the block is not known any more"))?;
            let entry = tree.entry(id);
            let info = BlockInfo {
                hash,
                previous: entry.parent.map(|parent| tree.entry(parent).hash),
                height: entry.height,
                chain_time_max: UnixTime::from_seconds(entry.latest_time.into()),
                data: None,
            };
            (id, info)
        };
        info.data = blocks::read(&node, id)?;
        Ok((role(&node), info))
    };
    tokio::task::spawn_blocking(work).await.map_err(failed)?
}

/// An observer's subscription.
struct Subscription {
    progress: watch::Sender<Progress>,
    ended: watch::Receiver<bool>,
}

impl Subscription {
    fn end(&self) {
        self.progress.send_modify(|progress| progress.is_over = true);
    }
}

#[async_trait]
impl Handler for Subscription {
    async fn disconnect(&self) -> Result<(), InterfaceError> {
        self.end();
        // A runtime that has ended tells nobody of anything either.
        _ = self.ended.clone().wait_for(|ended| *ended).await;
        Ok(())
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests;
