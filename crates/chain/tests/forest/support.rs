//! Trees of blocks on a regtest chain whose first coins can be spent.

#![expect(clippy::unwrap_used, reason = "a test that fails may say so by panicking")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bitcoin::block::Version;
use bitcoin::{
    Amount, BlockHash, CompactTarget, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness,
    absolute, transaction,
};
use chain::files::FileSizes;
use chain::mining::{Chosen, NextBlock, Search, assemble, solve};
use chain::snapshot::{HashKind, statistics};
use chain::{ChainstateManager, Clock, Config, Pruning, Rebuild};
use consensus::block::Block;
use consensus::subsidy::block_subsidy;
use consensus::{Network, Params};
use tempfile::TempDir;

/// The time of the node, in seconds since 1970.
const NOW: u64 = 1_600_000_000;

/// The blocks that all trees stand on.
const BASE: u32 = 108;

/// How many coins the blocks of a tree spend; each can be spent once in a chain.
pub(crate) const COINS: usize = 8;

/// A block of a tree.
pub(crate) struct Node {
    pub(crate) block: Arc<Block>,
    pub(crate) hash: BlockHash,
    pub(crate) height: u32,
    /// The block before it in the tree; none if that is the last of the base.
    pub(crate) parent: Option<usize>,
    /// The coins that are spent up to here.
    spent: BTreeSet<usize>,
    /// Whether it and all before it are valid.
    pub(crate) is_valid: bool,
}

/// What a block of a tree is: the block before it, counted back from itself, and the coins that it spends.
pub(crate) type Plan = (usize, BTreeSet<usize>);

pub(crate) struct Base {
    directory: TempDir,
    pub(crate) blocks: Vec<Arc<Block>>,
}

/// The chain that all trees stand on.
pub(crate) fn base() -> &'static Base {
    static CHAIN: OnceLock<Base> = OnceLock::new();
    CHAIN.get_or_init(|| {
        let directory = TempDir::new().unwrap();
        let manager = open(directory.path(), Rebuild::Nothing);
        let mut blocks: Vec<Arc<Block>> = Vec::new();
        for height in 1..=BASE {
            let previous = blocks
                .last()
                .map_or(manager.params().genesis.hash(), |block| block.header.block_hash());
            let block = Arc::new(make(previous, height, 0, Vec::new()));
            assert_eq!(manager.process_block(&block).unwrap().verdict, Some(Ok(())));
            blocks.push(block);
        }
        manager.flush().unwrap();
        drop(manager);
        Base { directory, blocks }
    })
}

impl Base {
    /// A directory with the chain in it.
    pub(crate) fn copy(&self) -> TempDir {
        let copy = TempDir::new().unwrap();
        copy_directory(self.directory.path(), copy.path());
        copy
    }
}

fn copy_directory(from: &Path, to: &Path) {
    fs_err::create_dir_all(to).unwrap();
    for entry in fs_err::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_directory(&entry.path(), &target);
        } else {
            fs_err::copy(entry.path(), target).unwrap();
        }
    }
}

/// Opens the chain in a directory and makes the best one active.
pub(crate) fn open(directory: &Path, rebuild: Rebuild) -> ChainstateManager {
    let clock = Arc::new(Clock::default());
    clock.set(NOW);
    let config = Config {
        params: Params::new(Network::Regtest),
        blocks: directory.join("blocks"),
        index: directory.join("blocks/index"),
        coins: directory.join("chainstate"),
        // So few that coins are written now and then.
        cache_bytes: 20_000,
        threads: 1,
        sizes: FileSizes::Small,
        rebuild,
        pruning: Pruning::Never,
        max_tip_age: Duration::from_secs(24 * 60 * 60),
    };
    let manager = ChainstateManager::open(config, clock, Vec::new()).unwrap();
    manager.rebuild().unwrap();
    manager.activate().unwrap();
    manager
}

/// Grows a tree.
pub(crate) fn grow(plans: &[Plan]) -> Vec<Node> {
    let base = base();
    let mut nodes: Vec<Node> = Vec::new();
    for (number, (back, spends)) in plans.iter().enumerate() {
        let parent = number.checked_sub(1 + back);
        let (previous, height, mut spent, parent_is_valid) = match parent {
            Some(parent) => {
                let parent = &nodes[parent];
                (parent.hash, parent.height, parent.spent.clone(), parent.is_valid)
            }
            None => (
                base.blocks.last().unwrap().header.block_hash(),
                BASE,
                BTreeSet::new(),
                true,
            ),
        };
        let is_valid = parent_is_valid && spends.is_disjoint(&spent);
        spent.extend(spends);
        let transactions = spends.iter().map(|coin| spend(&base.blocks[*coin])).collect();
        let block = make(previous, height + 1, number + 1, transactions);
        nodes.push(Node {
            hash: block.header.block_hash(),
            block: Arc::new(block),
            height: height + 1,
            parent,
            spent,
            is_valid,
        });
    }
    nodes
}

/// A block that differs from others of its height by a number.
fn make(previous: BlockHash, height: u32, number: usize, transactions: Vec<Transaction>) -> Block {
    let params = Params::new(Network::Regtest);
    let time = u32::try_from(NOW).unwrap() - 10_000 + height;
    let next = NextBlock {
        previous,
        height,
        median_time_past: time - 1,
        version: Version::from_consensus(0x2000_0000),
        time,
        bits: CompactTarget::from_consensus(0x207f_ffff),
        subsidy: block_subsidy(height, &params),
        session: None,
        is_segwit: true,
    };
    let chosen = transactions.into_iter().map(|transaction| Chosen {
        transaction,
        fee: Amount::ZERO,
        sigop_cost: 0,
    });
    let number = u32::try_from(number).unwrap();
    let mut block = assemble(
        &next,
        chosen.collect(),
        ScriptBuf::from_bytes(vec![0x51]),
        1 + number,
    )
    .block;
    let found = solve(&mut block, &mut 1_000_000, &|| false, &params);
    assert_eq!(found, Search::Found);
    block
}

/// Spends what a coinbase took.
fn spend(block: &Block) -> Transaction {
    let coinbase = &block.transactions[0];
    Transaction {
        version: transaction::Version::TWO,
        lock_time: absolute::LockTime::ZERO,
        input: vec![TxIn {
            previous_output: OutPoint::new(coinbase.compute_txid(), 0),
            script_sig: ScriptBuf::new(),
            sequence: Sequence::MAX,
            witness: Witness::new(),
        }],
        output: vec![TxOut {
            value: coinbase.output[0].value,
            script_pubkey: ScriptBuf::from_bytes(vec![0x52]),
        }],
    }
}

/// The height and hash of the tip.
pub(crate) fn tip(manager: &ChainstateManager) -> (u32, BlockHash) {
    let tree = manager.tree();
    let entry = tree.entry(tree.tip().unwrap());
    (entry.height, entry.hash)
}

/// The hash of all coins.
pub(crate) fn coins_hash(manager: &ChainstateManager) -> String {
    manager.flush().unwrap();
    let coins = manager.lock_coins();
    let snapshot = coins.snapshot().unwrap();
    let statistics = statistics(snapshot.iter().unwrap(), HashKind::Serialized).unwrap();
    statistics.hash.unwrap().to_string()
}

/// The hash of all coins after a block of a tree, as one finds it who hears of no other blocks.
pub(crate) fn expected_coins(nodes: &[Node], tip: BlockHash) -> String {
    let directory = base().copy();
    let manager = open(directory.path(), Rebuild::Nothing);
    let mut path = Vec::new();
    let mut next = nodes.iter().position(|node| node.hash == tip);
    while let Some(number) = next {
        path.push(number);
        next = nodes[number].parent;
    }
    for number in path.into_iter().rev() {
        let verdict = manager.process_block(&nodes[number].block).unwrap().verdict;
        assert_eq!(verdict, Some(Ok(())));
    }
    coins_hash(&manager)
}
