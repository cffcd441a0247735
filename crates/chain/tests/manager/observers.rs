//! What those hear who follow the chain.

#![expect(clippy::unwrap_used, reason = "a test that fails may say so by panicking")]

use std::sync::{Arc, Mutex};

use bitcoin::BlockHash;
use chain::files::FileSizes;
use chain::{ChainObserver, Pruning};
use consensus::block::Block;

use crate::support::Rig;

/// Writes down what it hears.
#[derive(Default)]
struct Listener(Mutex<Vec<String>>);

impl Listener {
    fn follow(rig: &Rig) -> Arc<Self> {
        let listener = Arc::new(Self::default());
        rig.manager
            .observe(Arc::clone(&listener) as Arc<dyn ChainObserver>);
        listener
    }

    fn hear(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    /// What it has heard since it was asked last.
    fn heard(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl ChainObserver for Listener {
    fn block_connected(&self, _block: &Arc<Block>, height: u32) {
        self.hear(format!("connected {height}"));
    }

    fn block_disconnected(&self, _block: &Arc<Block>, height: u32) {
        self.hear(format!("disconnected {height}"));
    }

    fn tip_changed(&self, _tip: BlockHash, height: u32) {
        self.hear(format!("tip {height}"));
    }

    fn best_header_changed(&self) {
        self.hear("header");
    }

    fn flushed(&self) {
        self.hear("flushed");
    }
}

#[test]
fn a_flush_for_want_of_memory_is_told_after_the_block_that_it_holds() {
    let rig = Rig::with(|config| config.cache_bytes = 1);
    let listener = Listener::follow(&rig);
    let block = rig.mine(0, Vec::new());
    assert_eq!(listener.heard(), ["header", "connected 1", "flushed", "tip 1"]);
    rig.manager.invalidate_block(rig.id(&block)).unwrap();
    let heard = listener.heard();
    assert_eq!(heard[..3], ["disconnected 1", "flushed", "tip 0"], "{heard:?}");
}

#[test]
fn all_that_brings_the_chain_to_the_disk_is_told() {
    let rig = Rig::with(|config| {
        config.sizes = FileSizes::Small;
        config.pruning = Pruning::Manual;
    });
    rig.mine_many(600);
    let listener = Listener::follow(&rig);
    rig.manager.flush().unwrap();
    assert_eq!(listener.heard(), ["flushed"]);
    drop(rig.manager.coins_snapshot().unwrap());
    assert_eq!(listener.heard(), ["flushed"]);
    rig.manager.prune(300).unwrap();
    assert!(rig.manager.is_pruned());
    assert_eq!(listener.heard(), ["flushed"]);
    rig.manager.prune(300).unwrap();
    assert!(listener.heard().is_empty(), "nothing was left to be pruned");
}

#[test]
fn a_header_that_is_the_best_is_told_once_whether_or_not_its_block_follows() {
    let rig = Rig::new();
    let block = rig.template(0, Vec::new());
    let listener = Listener::follow(&rig);
    rig.manager.accept_header(&block.header).unwrap();
    rig.manager.accept_header(&block.header).unwrap();
    assert_eq!(listener.heard(), ["header"]);
    rig.process(&block);
    assert_eq!(listener.heard(), ["connected 1", "tip 1"]);
}
