//! What is made anew, and what is not because something that it needs is missing.

#![expect(clippy::unwrap_used, reason = "a test that fails may say so by panicking")]

use std::sync::{Arc, OnceLock, Weak};

use chain::files::FileSizes;
use chain::{ChainError, ChainObserver, ChainstateManager, Config, LongWork, Pruning, Rebuild};

use crate::support::Rig;

fn small(config: &mut Config) {
    config.sizes = FileSizes::Small;
}

fn pruning(config: &mut Config) {
    small(config);
    config.pruning = Pruning::Manual;
}

/// Ends the work when one file was read.
#[derive(Default)]
struct EndAfterOne(OnceLock<Weak<ChainstateManager>>);

impl ChainObserver for EndAfterOne {
    fn progressed(&self, work: LongWork, done: u64, _total: u64) {
        if (work, done) == (LongWork::Reindexing, 1) {
            self.0.get().and_then(Weak::upgrade).unwrap().interrupt();
        }
    }
}

#[test]
fn blocks_that_come_while_not_all_files_are_read_take_no_place_of_others() {
    let rig = Rig::with(small);
    let blocks = rig.mine_many(400);
    let (tip, coins) = (rig.tip(), rig.coins());
    let new: Vec<_> = (0..3).map(|_| rig.template(9, Vec::new())).collect();
    let closed = rig.close();
    let anew = closed.config(|config| {
        small(config);
        config.rebuild = Rebuild::Everything;
    });
    let observer = Arc::new(EndAfterOne::default());
    let observers = vec![Arc::clone(&observer) as _];
    let manager = ChainstateManager::open(anew, Arc::clone(&closed.clock), observers).unwrap();
    let manager = Arc::new(manager);
    observer.0.set(Arc::downgrade(&manager)).unwrap();
    manager.rebuild().unwrap();
    let known = manager.tree().len();
    assert!(
        manager.is_rebuilding() && known > 1 && known < blocks.len(),
        "{known}"
    );
    // Their parents are known, so that they would be written after those that were found.
    for block in blocks[known - 1..].iter().chain(&new) {
        let processed = manager.process_block(&Arc::new(block.clone())).unwrap();
        assert_eq!((processed.is_new, processed.verdict), (true, None));
    }
    assert_eq!(manager.tree().len(), known);
    drop(manager);

    // It begins again by itself.
    let rig = closed.start(small);
    assert_eq!((rig.tip(), rig.coins()), (tip, coins));
}

#[test]
fn coins_are_not_begun_anew_without_the_blocks_that_were_pruned() {
    let rig = Rig::with(pruning);
    rig.mine_many(600);
    rig.manager.prune(300).unwrap();
    assert!(rig.manager.is_pruned());
    let closed = rig.close();
    fs_err::remove_dir_all(closed.config(pruning).coins).unwrap();
    let error = closed.open(pruning).unwrap_err();
    assert!(matches!(error, ChainError::Pruned), "{error}");
}

#[test]
fn files_that_are_not_read_again_are_removed_where_files_are_pruned() {
    let rig = Rig::with(pruning);
    rig.mine_many(600);
    rig.manager.prune(300).unwrap();
    let closed = rig.close();
    let blocks = closed.config(pruning).blocks;
    let files = || {
        let entries = fs_err::read_dir(&blocks).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.ends_with(".dat")).collect::<Vec<_>>()
    };
    assert!(!files().is_empty() && !blocks.join("blk00000.dat").exists());
    fs_err::write(blocks.join("blk.dat"), "").unwrap();
    let manager = closed
        .open(|config| {
            pruning(config);
            config.rebuild = Rebuild::Everything;
        })
        .unwrap();
    assert_eq!(files(), ["blk.dat"]);
    manager.rebuild().unwrap();
    assert!(blocks.join("blk00000.dat").exists());
}

#[test]
fn an_index_is_not_begun_beside_coins() {
    let rig = Rig::new();
    rig.mine_many(3);
    rig.manager.flush().unwrap();
    let closed = rig.close();
    let blocks = closed.config(|_| ()).blocks;
    fs_err::remove_dir_all(&blocks).unwrap();
    for rebuild in [Rebuild::Nothing, Rebuild::Coins] {
        let error = closed.open(|config| config.rebuild = rebuild).unwrap_err();
        assert!(matches!(error, ChainError::MissingIndex { .. }), "{error}");
    }
    assert!(!blocks.exists());
}
