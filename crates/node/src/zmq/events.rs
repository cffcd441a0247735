//! From what happens to chain and pool to messages.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use bitcoin::hashes::Hash;
use bitcoin::{BlockHash, Transaction, Txid};
use chain::ChainObserver;
use consensus::block::Block;
use mempool::{Event, EventKind, RemovalReason};

use super::Publication;
use super::options::Topic;
use crate::serialization::Serialization;
use crate::state::NodeState;

/// Hears of changes, and publishes them.
pub(super) struct Follower {
    publications: Arc<Vec<Publication>>,
    node: Weak<NodeState>,
    serialization: Serialization,
    way: Mutex<Way>,
}

/// The way of the chain from one rest to the next.
#[derive(Default)]
struct Way {
    /// The block that was connected last.
    last: Option<Arc<Block>>,
    /// Whether it began back, from a block that was left.
    is_back: bool,
    /// The blocks that were connected on a way back. As upstream has it, they are published after what the pool made of
    /// those that were left, which it is not done with before the chain rests.
    held: Vec<Arc<Block>>,
}

/// How a body tells what happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    Connected,
    Disconnected,
    Added(u64),
    Removed(u64),
}

impl Follower {
    pub(super) fn new(publications: Arc<Vec<Publication>>, node: &Arc<NodeState>) -> Self {
        Self {
            publications,
            node: Arc::downgrade(node),
            serialization: node.serialization(),
            way: Mutex::default(),
        }
    }

    /// Publishes what happened to the pool. A block's transactions are published with the block.
    pub(super) fn pool_changed(&self, events: &[Event]) {
        for event in events {
            match event.kind {
                EventKind::Added { .. } => {
                    self.transaction(event.txid, &event.transaction);
                    self.sequence(event.txid, Label::Added(event.sequence));
                }
                EventKind::Removed(RemovalReason::Block) => {}
                EventKind::Removed(_) => self.sequence(event.txid, Label::Removed(event.sequence)),
            }
        }
    }

    fn way(&self) -> MutexGuard<'_, Way> {
        self.way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, topic: Topic, body: impl FnOnce() -> Vec<u8>) {
        let mut wanted = self
            .publications
            .iter()
            .filter(|publication| publication.topic == topic)
            .peekable();
        if wanted.peek().is_some() {
            let body = body();
            wanted.for_each(|publication| publication.publish(&body));
        }
    }

    fn transaction(&self, txid: Txid, transaction: &Transaction) {
        self.publish(Topic::TransactionHash, || shown(txid));
        self.publish(Topic::Transaction, || self.serialization.transaction(transaction));
    }

    fn sequence(&self, hash: impl Hash<Bytes = [u8; 32]>, label: Label) {
        self.publish(Topic::Sequence, || sequence_body(hash, label));
    }

    fn block(&self, block: &Block, label: Label) {
        for transaction in &block.transactions {
            self.transaction(transaction.compute_txid(), transaction);
        }
        self.sequence(block.header.block_hash(), label);
    }
}

impl ChainObserver for Follower {
    fn block_connected(&self, block: &Arc<Block>, _height: u32) {
        let mut way = self.way();
        way.last = Some(Arc::clone(block));
        if way.is_back {
            way.held.push(Arc::clone(block));
        } else {
            self.block(block, Label::Connected);
        }
    }

    fn block_disconnected(&self, block: &Arc<Block>, _height: u32) {
        self.way().is_back = true;
        self.block(block, Label::Disconnected);
    }

    fn tip_changed(&self, tip: BlockHash, _height: u32) {
        let Way { last, held, .. } = std::mem::take(&mut *self.way());
        for block in &held {
            self.block(block, Label::Connected);
        }
        // A tip that was left behind by those after it is not new.
        let Some(last) = last.filter(|last| last.header.block_hash() == tip) else {
            return;
        };
        let is_catching_up = |node: Arc<NodeState>| node.chain.is_initial_block_download();
        if self.node.upgrade().is_none_or(is_catching_up) {
            return;
        }
        self.publish(Topic::BlockHash, || shown(tip));
        self.publish(Topic::Block, || self.serialization.block(&last));
    }
}

/// A hash in the order in which it is shown.
fn shown(hash: impl Hash<Bytes = [u8; 32]>) -> Vec<u8> {
    let mut bytes = hash.to_byte_array();
    bytes.reverse();
    bytes.to_vec()
}

fn sequence_body(hash: impl Hash<Bytes = [u8; 32]>, label: Label) -> Vec<u8> {
    let mut body = shown(hash);
    match label {
        Label::Connected => body.push(b'C'),
        Label::Disconnected => body.push(b'D'),
        Label::Added(sequence) => {
            body.push(b'A');
            body.extend_from_slice(&sequence.to_le_bytes());
        }
        Label::Removed(sequence) => {
            body.push(b'R');
            body.extend_from_slice(&sequence.to_le_bytes());
        }
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_tell_what_happened_to_which_hash() {
        let mut bytes = [0; 32];
        bytes[0] = 1;
        bytes[31] = 2;
        let hash = BlockHash::from_byte_array(bytes);
        bytes.reverse();
        for (label, rest) in [
            (Label::Connected, &b"C"[..]),
            (Label::Disconnected, b"D"),
            (Label::Added(258), b"A\x02\x01\0\0\0\0\0\0"),
            (Label::Removed(1), b"R\x01\0\0\0\0\0\0\0"),
        ] {
            assert_eq!(sequence_body(hash, label), [&bytes, rest].concat(), "{label:?}");
        }
    }
}
