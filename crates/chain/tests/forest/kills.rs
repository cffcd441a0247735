//! A process that is killed while it takes in a tree of blocks and indexes it.
//!
//! The process is this test program again, told to run [`takes_blocks_if_a_parent_asks`] alone.

#![expect(clippy::unwrap_used, reason = "a test that fails may say so by panicking")]

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use bitcoin::consensus::encode::{Decodable, serialize};
use chain::database::Contents;
use chain::indexes::{FilterIndex, Index, StatisticsIndex, TransactionIndex, catch_up};
use chain::snapshot::{HashKind, statistics};
use chain::{ChainstateManager, Rebuild, Verification};
use consensus::block::Block;
use tempfile::NamedTempFile;

use crate::support::{COINS, Node, Plan, base, coins_hash, expected_coins, grow, open, tip};

const TEST: &str = "kills::takes_blocks_if_a_parent_asks";
const DIRECTORY: &str = "CHAIN_TEST_DIRECTORY";
const BLOCKS: &str = "CHAIN_TEST_BLOCKS";

/// How often the process is killed.
const N_KILLS: u32 = 100;

/// The longest that it is let run, in microseconds, after it began to take blocks.
const LONGEST: u64 = 60_000;

/// How many blocks the tree has.
const N_BLOCKS: usize = 280;

/// A tree whose blocks lead away from the best chain, overtake it, and are invalid when they would overtake it, in turns
/// of sixteen.
fn plans() -> Vec<Plan> {
    let plan = |number: usize| {
        let back = match number % 16 {
            0 if number > 0 => 1,
            // A chain that overtakes the one before eight blocks later …
            7 => 5,
            9 | 10 => 1,
            13 => 2,
            _ => 0,
        };
        let spends = match number {
            1 => BTreeSet::from([0]),
            // … but not with this block.
            _ if number % 16 == 15 => BTreeSet::from([0]),
            _ if number % 40 == 3 => BTreeSet::from([1 + number / 40]),
            _ => BTreeSet::new(),
        };
        assert!(spends.iter().all(|coin| *coin < COINS));
        (back, spends)
    };
    (0..N_BLOCKS).map(plan).collect()
}

struct Indexes {
    filters: FilterIndex,
    transactions: TransactionIndex,
    statistics: StatisticsIndex,
}

impl Indexes {
    fn open(directory: &Path, manager: &ChainstateManager) -> Self {
        let path = directory.join("indexes");
        let params = Arc::new(manager.params().clone());
        let (magic, keep) = (params.magic, Contents::Keep);
        Self {
            filters: FilterIndex::open(&path, magic, keep, 1 << 20).unwrap(),
            transactions: TransactionIndex::open(&path, magic, keep, 1 << 20).unwrap(),
            statistics: StatisticsIndex::open(&path, params, keep, 1 << 20).unwrap(),
        }
    }

    fn all(&self) -> [&dyn Index; 3] {
        [&self.filters, &self.transactions, &self.statistics]
    }
}

/// Does nothing unless a parent asks for something.
#[test]
fn takes_blocks_if_a_parent_asks() {
    let Some(directory) = std::env::var_os(DIRECTORY).map(PathBuf::from) else {
        return;
    };
    let blocks = fs_err::read(std::env::var_os(BLOCKS).unwrap()).unwrap();
    let mut rest = &blocks[..];
    let manager = open(&directory, Rebuild::Nothing);
    let indexes = Indexes::open(&directory, &manager);
    // The harness would keep what is printed in the usual way.
    writeln!(std::io::stdout(), "\nbegins").unwrap();
    for number in 0..N_BLOCKS {
        let block = Block::consensus_decode_from_finite_reader(&mut rest).unwrap();
        manager.process_block(&Arc::new(block)).unwrap();
        if number % 7 == 0 {
            manager.flush().unwrap();
        }
        for index in indexes.all() {
            catch_up(index, &manager, &|| false).unwrap();
        }
    }
}

/// Runs the process and kills it at some moment, unless it ends before. Says whether it was killed.
fn kill_at_some_moment(directory: &Path, blocks: &Path, turn: u32) -> bool {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", TEST])
        .env(DIRECTORY, directory)
        .env(BLOCKS, blocks)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let (sender, lines) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        for line in output.lines() {
            // Nobody listens any more after the moment has come.
            _ = sender.send(line.unwrap());
        }
    });
    assert!(
        lines.iter().any(|line| line == "begins"),
        "the process opens the chain"
    );
    let some = RandomState::new().hash_one(turn) % LONGEST;
    let end = Instant::now() + Duration::from_micros(some);
    while lines
        .recv_timeout(end.saturating_duration_since(Instant::now()))
        .is_ok()
    {}
    child.kill().unwrap();
    let status = child.wait().unwrap();
    reader.join().unwrap();
    assert!(status.success() || status.code().is_none(), "{status}");
    status.code().is_none()
}

/// Opens the chain, and checks that it and its indexes are sound.
fn check(directory: &Path, nodes: &[Node]) -> ChainstateManager {
    let manager = open(directory, Rebuild::Nothing);
    let (height, hash) = tip(&manager);
    let node = nodes.iter().find(|node| node.hash == hash);
    let is_base = hash == base().blocks.last().unwrap().header.block_hash();
    assert!(is_base || node.is_some_and(|node| node.is_valid));
    assert_eq!(manager.verify_chain(4, 8).unwrap(), Verification::Sound);
    let indexes = Indexes::open(directory, &manager);
    for index in indexes.all() {
        let best = catch_up(index, &manager, &|| false).unwrap().unwrap();
        assert_eq!((best.height, best.hash), (height, hash), "{}", index.name());
    }
    manager
}

/// Compares the index of statistics with the coins.
fn check_statistics(directory: &Path, manager: &ChainstateManager) {
    manager.flush().unwrap();
    let indexes = Indexes::open(directory, manager);
    let id = indexes.statistics.store().best().unwrap().unwrap();
    let record = indexes.statistics.record(&id).unwrap().unwrap();
    let coins = manager.lock_coins();
    let snapshot = coins.snapshot().unwrap();
    let expected = statistics(snapshot.iter().unwrap(), HashKind::MuHash).unwrap();
    assert_eq!(Some(record.hash), expected.hash);
}

#[test]
fn a_process_that_is_killed_at_any_moment_goes_on_to_the_same_chain() {
    let nodes = grow(&plans());
    let is_as_planned = |(number, node): (usize, &Node)| node.is_valid == (number % 16 != 15);
    assert!(nodes.iter().enumerate().all(is_as_planned));
    let blocks: Vec<u8> = nodes.iter().flat_map(|node| serialize(&*node.block)).collect();
    let file = NamedTempFile::new().unwrap();
    fs_err::write(file.path(), blocks).unwrap();
    let mut directory = base().copy();
    let mut heights = BTreeSet::new();
    let mut kills = 0;
    for turn in 0.. {
        kills += u32::from(kill_at_some_moment(directory.path(), file.path(), turn));
        let manager = check(directory.path(), &nodes);
        let (height, _hash) = tip(&manager);
        heights.insert(height);
        if turn % 20 == 19 {
            for node in &nodes {
                manager.process_block(&node.block).unwrap();
            }
            let (_height, hash) = tip(&manager);
            let best = nodes
                .iter()
                .filter(|node| node.is_valid)
                .map(|node| node.height)
                .max();
            assert_eq!(
                nodes
                    .iter()
                    .find(|node| node.hash == hash)
                    .map(|node| node.height),
                best
            );
            assert_eq!(coins_hash(&manager), expected_coins(&nodes, hash));
            let indexes = Indexes::open(directory.path(), &manager);
            for index in indexes.all() {
                catch_up(index, &manager, &|| false).unwrap();
            }
            drop(indexes);
            check_statistics(directory.path(), &manager);
            drop(manager);
            directory = base().copy();
            if kills >= N_KILLS {
                break;
            }
        }
    }
    assert!(
        heights.len() > 10,
        "the process was killed in many states: {heights:?}"
    );
}
