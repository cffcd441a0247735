//! A process that is killed while it does to a chain what users ask for: takes blocks, holds some for invalid and sound
//! again, and removes files.
//!
//! The process is this test program again, told to run [`changes_a_chain_if_a_parent_asks`] alone.

#![expect(clippy::unwrap_used, reason = "a test that fails may say so by panicking")]

use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use bitcoin::consensus::encode::serialize;
use chain::files::{BlockScan, FileSizes};
use chain::index::Failure;
use chain::snapshot::{CoinsStatistics, HashKind, statistics};
use chain::tree::EntryId;
use chain::{ChainstateManager, Clock, Config, Pruning};
use consensus::block::Block;
use tempfile::TempDir;

use crate::branch;
use crate::support::{Rig, START, config_at, spend};

const TEST: &str = "crash::changes_a_chain_if_a_parent_asks";
const DIRECTORY: &str = "CHAIN_TEST_DIRECTORY";
const BLOCKS: &str = "CHAIN_TEST_BLOCKS";

const MAGIC: [u8; 4] = [0xfa, 0xbf, 0xb5, 0xda];

/// How often a process is killed.
const N_KILLS: u32 = 100;

/// After how many kills the chain is brought to its end, and after how many of these another begins.
const N_KILLS_TO_END: u32 = 5;
const N_ENDS: u32 = 2;

/// The longest that a process is let run, in microseconds, after it has opened the chain.
const LONGEST: u32 = 25_000;

/// A number below this one, another each time.
fn any(below: u32) -> u32 {
    let number = RandomState::new().hash_one(()) % u64::from(below);
    u32::try_from(number).unwrap()
}

/// Opens a chain in small files, with so many bytes of memory for coins: if they are few, coins are written often.
fn open(directory: &Path, cache_bytes: usize) -> ChainstateManager {
    let clock = Arc::new(Clock::default());
    clock.set(START + 100_000);
    let config = Config {
        sizes: FileSizes::Small,
        pruning: Pruning::Manual,
        cache_bytes,
        ..config_at(directory)
    };
    let manager = ChainstateManager::open(config, clock, Vec::new()).unwrap();
    manager.rebuild().unwrap();
    manager.activate().unwrap();
    manager
}

/// 601 blocks, most of which spend, and four on one of the last that are not the best.
fn blocks() -> (Vec<Block>, Rig) {
    let rig = Rig::new();
    let mut blocks = rig.mine_many(101);
    for place in 0..500 {
        let spent = spend(&blocks[place], 0, 1000);
        blocks.push(rig.mine(1, vec![spent]));
    }
    let other = branch(&rig, &blocks[..594], 2, 4);
    let at = 597;
    blocks.splice(at..at, other);
    (blocks, rig)
}

/// The blocks that the chain has never had.
fn missing(manager: &ChainstateManager, blocks: &[Block]) -> Vec<Block> {
    let tree = manager.tree();
    let is_missing = |block: &&Block| {
        let id = tree.find(&block.header.block_hash());
        id.is_none_or(|id| tree.entry(id).transactions == 0)
    };
    blocks.iter().filter(is_missing).cloned().collect()
}

fn process(manager: &ChainstateManager, blocks: impl IntoIterator<Item = Block>) {
    for block in blocks {
        // A block on one that is held for invalid is refused, and comes again.
        manager.process_block(&Arc::new(block)).unwrap();
    }
}

/// What is held for invalid by itself.
fn invalid(manager: &ChainstateManager) -> Vec<EntryId> {
    let tree = manager.tree();
    let invalid = tree.iter().filter(|(_id, entry)| entry.failure == Failure::Own);
    invalid.map(|(id, _entry)| id).collect()
}

/// Does something to a chain.
fn change(manager: &ChainstateManager, blocks: &[Block]) {
    match any(8) {
        0..=3 => {
            let missing = missing(manager, blocks);
            process(manager, missing.into_iter().take(any(15) as usize));
        }
        4 => manager.flush().unwrap(),
        5 => {
            let id = {
                let tree = manager.tree();
                let height = tree.entry(tree.tip().unwrap()).height;
                let back = any(12);
                tree.active(height.saturating_sub(back).max(1))
            };
            if let Some(id) = id {
                manager.invalidate_block(id).unwrap();
            }
        }
        6 => {
            for id in invalid(manager) {
                manager.reconsider_block(id).unwrap();
            }
        }
        _ => manager.prune(any(600)).unwrap(),
    }
}

/// Brings a chain to its end, and says what its coins are then.
fn end(manager: &ChainstateManager, blocks: &[Block]) -> (String, CoinsStatistics) {
    for id in invalid(manager) {
        manager.reconsider_block(id).unwrap();
    }
    process(manager, missing(manager, blocks));
    manager.flush().unwrap();
    let coins = manager.lock_coins();
    let snapshot = coins.snapshot().unwrap();
    let found = statistics(snapshot.iter().unwrap(), HashKind::Serialized).unwrap();
    (snapshot.best_block().unwrap().to_string(), found)
}

/// Runs a process and kills it at some moment. Returns how often it had changed the chain.
fn kill_at_some_moment(directory: &Path, blocks: &Path) -> usize {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", TEST])
        .env(DIRECTORY, directory)
        .env(BLOCKS, blocks)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let (sender, changes) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        let lines = output.lines().map(Result::unwrap);
        lines
            .filter(|line| line == "changed")
            .for_each(|_| sender.send(()).unwrap());
    });
    // Now and then it is killed while it opens the chain.
    if any(4) > 0 {
        changes
            .recv()
            .expect("a process ends by itself only if something is wrong");
    }
    let end = Instant::now() + Duration::from_micros(any(LONGEST).into());
    let mut count = 1;
    loop {
        match changes.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(()) => count += 1,
            Err(mpsc::RecvTimeoutError::Timeout) => break,
            Err(mpsc::RecvTimeoutError::Disconnected) => panic!("the process ended by itself"),
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap();
    count
}

#[test]
fn a_process_that_is_killed_at_any_moment_leaves_a_chain_that_reaches_the_same_coins() {
    let (blocks, rig) = blocks();
    let expected = end(&rig.manager, &blocks);
    assert_eq!(expected.0, blocks.last().unwrap().header.block_hash().to_string());
    assert_eq!(expected.1.coins, 601);
    let file = rig.directory.path().join("all.dat");
    let mut bytes = Vec::new();
    for block in &blocks {
        let block = serialize(block);
        bytes.extend(MAGIC);
        bytes.extend(u32::try_from(block.len()).unwrap().to_le_bytes());
        bytes.extend(block);
    }
    fs_err::write(&file, bytes).unwrap();

    let mut n_changes = 0;
    let mut n_pruned = 0;
    for _turn in 0..N_KILLS / N_KILLS_TO_END / N_ENDS {
        let directory = TempDir::new().unwrap();
        for _end in 0..N_ENDS {
            for _kill in 0..N_KILLS_TO_END {
                n_changes += kill_at_some_moment(directory.path(), &file);
            }
            let manager = open(directory.path(), 1 << 24);
            assert_eq!(end(&manager, &blocks), expected);
            n_pruned += u32::from(manager.is_pruned());
        }
    }
    assert!(
        n_changes > N_KILLS as usize && n_pruned > 0,
        "{n_changes} {n_pruned}"
    );
}

/// Does nothing unless a parent asks for something.
#[test]
fn changes_a_chain_if_a_parent_asks() {
    let Some(directory) = std::env::var_os(DIRECTORY).map(PathBuf::from) else {
        return;
    };
    let scan = BlockScan::open(Path::new(&std::env::var_os(BLOCKS).unwrap()), MAGIC).unwrap();
    let blocks: Vec<_> = scan.map(|scanned| scanned.unwrap().block).collect();
    let manager = open(&directory, 2_000);
    loop {
        change(&manager, &blocks);
        // The harness would keep what is printed in the usual way.
        writeln!(std::io::stdout(), "\nchanged").unwrap();
    }
}
