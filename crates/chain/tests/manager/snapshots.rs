//! Chains that go on from a snapshot, and what becomes of them when it is validated, wrong, or cut off.

#![expect(clippy::unwrap_used, reason = "a test that fails may say so by panicking")]

mod faults;

use bitcoin::OutPoint;
use chain::database::Contents;
use chain::files::FileSizes;
use chain::indexes::{Index as _, TransactionIndex, catch_up};
use chain::snapshot::{HashKind, SnapshotReader, statistics, write_snapshot};
use chain::{Config, LoadedSnapshot, Pruning, SnapshotRefusal, Verification};
use consensus::block::Block;
use consensus::params::AssumedCoins;
use consensus::transaction::Coin;
use tempfile::TempDir;

use crate::branch;
use crate::support::{Rig, spend};

/// The height of the block that the snapshots are of.
const BASE: usize = 110;

type Coins = Vec<(OutPoint, Coin)>;

/// A chain, and a snapshot of it.
struct Source {
    rig: Rig,
    blocks: Vec<Block>,
    assumed: AssumedCoins,
    file: Vec<u8>,
}

impl Source {
    /// The snapshot has other coins than the chain if `change` changes them.
    fn new(change: impl Fn(&mut Coins)) -> Self {
        let rig = Rig::new();
        let mut blocks = rig.mine_many(BASE);
        rig.manager.flush().unwrap();
        let mut coins: Coins = {
            let coins = rig.manager.lock_coins().snapshot().unwrap();
            coins.iter().unwrap().map(Result::unwrap).collect()
        };
        change(&mut coins);
        let (assumed, file) = snapshot(&blocks[BASE - 1], BASE, &coins);
        // It spends a coin of the snapshot.
        blocks.push(rig.mine(1, vec![spend(&blocks[0], 0, 1000)]));
        blocks.extend(rig.mine_many(9));
        Self {
            rig,
            blocks,
            assumed,
            file,
        }
    }

    fn assume(&self, config: &mut Config) {
        config.params.assumed_coins = vec![self.assumed];
    }

    /// A chain that knows the headers of this one alone.
    fn target(&self, change: impl Fn(&mut Config)) -> Rig {
        let rig = Rig::with(|config| {
            self.assume(config);
            change(config);
        });
        rig.clock.set(self.rig.clock.now());
        for block in &self.blocks {
            rig.manager.accept_header(&block.header).unwrap();
        }
        rig
    }

    /// A chain that has gone on from the snapshot.
    fn loaded(&self) -> Rig {
        let rig = self.target(|_| ());
        load(&rig, &self.file).unwrap();
        rig
    }

    fn reopen(&self, rig: Rig) -> Rig {
        rig.reopen(|config| self.assume(config))
    }
}

fn snapshot(base: &Block, height: usize, coins: &Coins) -> (AssumedCoins, Vec<u8>) {
    let all = || coins.iter().cloned().map(Ok::<_, std::io::Error>);
    let counted = statistics(all(), HashKind::Serialized).unwrap();
    let mut file = Vec::new();
    let block = base.header.block_hash();
    write_snapshot(&mut file, block, counted.coins, all()).unwrap();
    let assumed = AssumedCoins {
        height: u32::try_from(height).unwrap(),
        block,
        hash: counted.hash.unwrap().0,
        transactions: height as u64 + 1,
    };
    (assumed, file)
}

fn load(rig: &Rig, file: &[u8]) -> Result<LoadedSnapshot, SnapshotRefusal> {
    let reader = SnapshotReader::new(file).unwrap();
    rig.manager.load_snapshot(reader, |activate| activate()).unwrap()
}

/// The heights of the chains with coins of their own, and whether all their blocks were checked.
fn states(rig: &Rig) -> Vec<(u32, bool)> {
    let states = rig.manager.chain_states();
    let tree = rig.manager.tree();
    let height = |tip: Option<_>| tree.entry(tip.unwrap()).height;
    let states = states.iter();
    states
        .map(|state| (height(state.tip), state.is_validated))
        .collect()
}

fn is_there(rig: &Rig, name: &str) -> bool {
    rig.directory.path().join(name).exists()
}

fn process_all(rig: &Rig, blocks: &[Block]) {
    for block in blocks {
        assert_eq!(rig.process(block).verdict, Some(Ok(())));
    }
}

#[test]
fn a_chain_goes_on_from_a_snapshot_and_is_validated_when_its_blocks_come() {
    let source = Source::new(|_| ());
    let rig = source.target(|_| ());
    let loaded = load(&rig, &source.file).unwrap();
    assert_eq!((loaded.coins, loaded.height), (110, 110));
    assert_eq!((rig.height(), states(&rig)), (110, vec![(0, true), (110, false)]));
    process_all(&rig, &source.blocks[BASE..]);
    assert_eq!(rig.coins(), source.rig.coins());
    assert_eq!(
        rig.manager.verify_chain(4, 0).unwrap(),
        Verification::Pruned,
        "blocks before the snapshot are not looked at"
    );
    process_all(&rig, &source.blocks[..50]);
    // What was not flushed is there all the same.
    let rig = source.reopen(rig);
    assert_eq!(states(&rig), [(50, true), (120, false)]);
    process_all(&rig, &source.blocks[50..BASE - 1]);
    assert_eq!(states(&rig), [(109, true), (120, false)]);
    process_all(&rig, &source.blocks[BASE - 1..BASE]);
    assert_eq!(states(&rig), [(120, true)]);
    assert_eq!(rig.manager.chain_states()[0].snapshot, Some(source.assumed.block));
    assert_eq!(rig.manager.verify_chain(4, 0).unwrap(), Verification::Sound);
    let transactions = {
        let tree = rig.manager.tree();
        tree.entry(tree.tip().unwrap()).chain_transactions
    };
    assert_eq!(transactions, 122);
    let rig = source.reopen(rig);
    assert_eq!(states(&rig), [(120, true)]);
    assert_eq!(rig.manager.chain_states()[0].snapshot, None);
    assert!(!is_there(&rig, "chainstate_snapshot") && !is_there(&rig, "chainstate_todelete"));
    assert_eq!(rig.coins(), source.rig.coins());
    assert_eq!(rig.manager.verify_chain(4, 0).unwrap(), Verification::Sound);
}

#[test]
fn blocks_after_the_snapshot_may_have_come_before_it() {
    let source = Source::new(|_| ());
    let rig = source.target(|_| ());
    for block in &source.blocks[BASE..] {
        assert_eq!(rig.process(block).verdict, None);
    }
    load(&rig, &source.file).unwrap();
    assert_eq!(states(&rig), [(0, true), (120, false)]);
    assert_eq!(rig.coins(), source.rig.coins());
}

#[test]
fn blocks_of_another_chain_are_taken_back_in_the_background() {
    let source = Source::new(|_| ());
    let rig = source.target(|_| ());
    let other = branch(&source.rig, &source.blocks[..10], 3, 20);
    process_all(&rig, &source.blocks[..10]);
    process_all(&rig, &other);
    load(&rig, &source.file).unwrap();
    assert_eq!(states(&rig), [(10, true), (110, false)]);
    let rig = source.reopen(rig);
    process_all(&rig, &source.blocks[10..]);
    assert_eq!(states(&rig), [(120, true)]);
    assert_eq!(rig.coins(), source.rig.coins());
}

#[test]
fn the_chain_stays_on_the_snapshot_until_it_is_validated() {
    let source = Source::new(|_| ());
    let rig = source.loaded();
    let base = rig.id(&source.blocks[BASE - 1]);
    let before = rig.id(&source.blocks[50]);
    for id in [base, before] {
        rig.manager.invalidate_block(id).unwrap();
        assert!(rig.manager.tree().entry(id).is_sound());
    }
    let other = branch(&source.rig, &source.blocks[..100], 3, 30);
    process_all(&rig, &source.blocks[..100]);
    for block in &other {
        assert_eq!(rig.process(block).verdict, None);
    }
    assert_eq!(states(&rig), [(100, true), (110, false)]);
    let rig = source.reopen(rig);
    assert_eq!(states(&rig), [(100, true), (110, false)]);
    for block in &source.blocks[100..BASE] {
        rig.process(block);
    }
    assert_eq!(states(&rig), [(130, true)], "the other chain has more work");
    let rig = source.reopen(rig);
    assert_eq!((rig.height(), rig.tip()), (130, other[29].header.block_hash()));
    assert_eq!(rig.manager.verify_chain(4, 0).unwrap(), Verification::Sound);
}

#[test]
fn indexes_follow_what_is_validated() {
    let source = Source::new(|_| ());
    let rig = source.loaded();
    process_all(&rig, &source.blocks[BASE..]);
    process_all(&rig, &source.blocks[..50]);
    let directory = TempDir::new().unwrap();
    let magic = rig.manager.params().magic;
    let index = TransactionIndex::open(directory.path(), magic, Contents::Keep, 1 << 20).unwrap();
    let height = || {
        let best = catch_up(&index, &rig.manager, &|| false).unwrap();
        assert_eq!(best, index.store().best().unwrap());
        best.unwrap().height
    };
    assert_eq!(height(), 50);
    process_all(&rig, &source.blocks[50..BASE]);
    assert_eq!(height(), 120);
}

#[test]
fn files_are_kept_until_their_blocks_are_checked() {
    let source = Source::new(|_| ());
    source.rig.mine_many(620);
    let more: Vec<Block> = {
        let tree = source.rig.manager.tree();
        let ids = (121..=740).map(|height| tree.active(height).unwrap());
        let blocks = ids.collect::<Vec<_>>();
        drop(tree);
        let read = |id| source.rig.manager.read_block(id).unwrap();
        blocks.into_iter().map(read).collect()
    };
    let rig = source.target(|config| {
        config.sizes = FileSizes::Small;
        config.pruning = Pruning::Manual;
    });
    load(&rig, &source.file).unwrap();
    process_all(&rig, &source.blocks[..90]);
    process_all(&rig, &source.blocks[BASE..]);
    process_all(&rig, &more);
    let lowest = || {
        let tree = rig.manager.tree();
        let ids = (1..=740).filter_map(|height| tree.active(height));
        let mut with_data = ids.filter(|id| tree.entry(*id).has_data());
        with_data.next().map(|id| tree.entry(id).height).unwrap()
    };
    rig.manager.prune(1000).unwrap();
    assert_eq!(lowest(), 1);
    process_all(&rig, &source.blocks[90..BASE]);
    assert_eq!(states(&rig), [(740, true)]);
    rig.manager.prune(1000).unwrap();
    // These came last, and are in one file with blocks that are kept.
    assert_eq!(lowest(), 91);
}
