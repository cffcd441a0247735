//! Chains that go on from a snapshot, and what becomes of them when it is validated, wrong, or cut off.

#![expect(clippy::unwrap_used, reason = "a test that fails may say so by panicking")]

use std::path::Path;

use bitcoin::{Amount, OutPoint};
use chain::coins::CoinsDatabase;
use chain::database::Contents;
use chain::files::FileSizes;
use chain::indexes::{Index as _, TransactionIndex, catch_up};
use chain::mining::{change_header, seal};
use chain::snapshot::{HashKind, SnapshotReader, statistics, write_snapshot};
use chain::{ChainError, Config, LoadedSnapshot, Pruning, Rebuild, SnapshotRefusal, Verification};
use consensus::block::Block;
use consensus::params::AssumedCoins;
use consensus::transaction::Coin;
use fs_err as fs;
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
fn wrong_coins_are_found_out_and_nothing_that_stands_on_them_is_kept() {
    let source = Source::new(|coins| {
        for (_outpoint, coin) in coins {
            coin.output.value += Amount::from_sat(1);
        }
    });
    let rig = source.loaded();
    process_all(&rig, &source.blocks[BASE..]);
    process_all(&rig, &source.blocks[..BASE - 1]);
    let last = std::sync::Arc::new(source.blocks[BASE - 1].clone());
    let error = rig.manager.process_block(&last).unwrap_err();
    assert!(
        matches!(
            error,
            ChainError::BadSnapshot {
                from: 120,
                to: 110,
                ..
            }
        ),
        "{error}"
    );
    let rig = source.reopen(rig);
    assert!(is_there(&rig, "chainstate_snapshot_INVALID") && !is_there(&rig, "chainstate_snapshot"));
    assert_eq!(states(&rig), [(120, true)]);
    assert_eq!(rig.coins(), source.rig.coins());
    // What the blocks spent was written anew.
    assert_eq!(rig.manager.verify_chain(4, 0).unwrap(), Verification::Sound);
}

#[test]
fn a_chain_with_an_invalid_block_before_the_snapshot_is_left() {
    let honest = Rig::new();
    let before = honest.mine_many(20);
    let mut block = honest.template(1, Vec::new());
    block.transactions[0].output[0].value += Amount::from_sat(1);
    seal(&mut block);
    honest.solve(&mut block);
    let mut headers = vec![block.clone()];
    for _ in 0..5 {
        let mut next = headers.last().unwrap().clone();
        let previous = next.header.block_hash();
        change_header(&mut next, |header| {
            header.prev_blockhash = previous;
            header.time += 1;
        });
        honest.solve(&mut next);
        headers.push(next);
    }
    let (assumed, file) = snapshot(&headers[5], 26, &Vec::new());
    let assume = |config: &mut Config| config.params.assumed_coins = vec![assumed];
    let rig = Rig::with(assume);
    rig.clock.set(honest.clock.now());
    for block in before.iter().chain(&headers) {
        rig.manager.accept_header(&block.header).unwrap();
    }
    load(&rig, &file).unwrap();
    process_all(&rig, &before);
    let error = rig
        .manager
        .process_block(&std::sync::Arc::new(block))
        .unwrap_err();
    assert!(
        matches!(error, ChainError::BadSnapshot { from: 26, to: 20, .. }),
        "{error}"
    );
    let rig = rig.reopen(assume);
    assert_eq!(rig.tip(), honest.tip());
    assert!(matches!(load(&rig, &file), Err(SnapshotRefusal::Invalid(_))));
}

#[test]
fn a_snapshot_that_is_refused_changes_nothing() {
    let source = Source::new(|_| ());
    let rig = source.target(|_| ());
    let check = |rig: &Rig, file: &[u8], is_expected: fn(&SnapshotRefusal) -> bool| {
        let refusal = load(rig, file).unwrap_err();
        assert!(is_expected(&refusal), "{refusal}");
        assert!(!is_there(rig, "chainstate_snapshot"), "{refusal}");
        assert_eq!(states(rig), [(rig.height(), true)], "{refusal}");
    };
    let cut = &source.file[..source.file.len() - 1];
    check(&rig, cut, |refusal| matches!(refusal, SnapshotRefusal::File(_)));
    let mut other = source.file.clone();
    other[0] ^= 1;
    check(&rig, &other, |refusal| {
        matches!(refusal, SnapshotRefusal::Unknown(_))
    });
    let mut other = source.file.clone();
    other[45] ^= 1;
    check(&rig, &other, |refusal| {
        matches!(refusal, SnapshotRefusal::Hash { .. })
    });
    let mut other = source.file.clone();
    // The number of the first coin's output.
    other[72..76].fill(0xff);
    check(&rig, &other, |refusal| {
        matches!(refusal, SnapshotRefusal::Coin(0))
    });
    let reader = SnapshotReader::new(&source.file[..]).unwrap();
    let refused = rig.manager.load_snapshot(reader, |_activate| ()).unwrap();
    assert!(matches!(refused, Err(SnapshotRefusal::Guard)), "{refused:?}");
    assert!(!is_there(&rig, "chainstate_snapshot"));
    let base = rig.id(&source.blocks[BASE - 1]);
    rig.manager.invalidate_block(base).unwrap();
    check(&rig, &source.file, |refusal| {
        matches!(refusal, SnapshotRefusal::Invalid(_))
    });
    rig.manager.reconsider_block(base).unwrap();
    load(&rig, &source.file).unwrap();
    assert!(matches!(load(&rig, &source.file), Err(SnapshotRefusal::Twice)));
    assert!(is_there(&rig, "chainstate_snapshot"));

    let unaware = Rig::with(|config| source.assume(config));
    check(&unaware, &source.file, |refusal| {
        matches!(refusal, SnapshotRefusal::NoHeader(_))
    });
    let rig = source.target(|config| config.params.assumed_coins[0].height += 1);
    check(&rig, &source.file, |refusal| {
        matches!(refusal, SnapshotRefusal::Height(110))
    });
    let rig = source.target(|_| ());
    process_all(&rig, &source.blocks[..BASE]);
    check(&rig, &source.file, |refusal| {
        matches!(refusal, SnapshotRefusal::Work)
    });
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

#[test]
fn making_anything_anew_leaves_the_snapshot() {
    for rebuild in [Rebuild::Coins, Rebuild::Everything] {
        let source = Source::new(|_| ());
        let rig = source.loaded();
        process_all(&rig, &source.blocks[..50]);
        process_all(&rig, &source.blocks[BASE..]);
        let rig = rig.reopen(|config| config.rebuild = rebuild);
        assert_eq!(states(&rig), [(50, true)], "{rebuild:?}");
        assert!(!is_there(&rig, "chainstate_snapshot"), "{rebuild:?}");
        process_all(&rig, &source.blocks[50..BASE]);
        assert_eq!(rig.height(), if rebuild == Rebuild::Coins { 120 } else { 110 });
    }
}

#[test]
fn a_snapshot_of_which_nothing_is_known_any_more_is_not_opened() {
    let source = Source::new(|_| ());
    let Rig {
        directory,
        clock,
        manager,
    } = source.loaded();
    drop(manager);
    let opened = chain::ChainstateManager::open(crate::support::config(&directory), clock, Vec::new());
    let error = opened.unwrap_err();
    assert!(
        matches!(error, ChainError::UnknownSnapshot(base) if base == source.assumed.block),
        "{error}"
    );
}

#[test]
fn what_was_cut_off_at_any_place_is_found_whole() {
    let source = Source::new(|_| ());
    let validated = || {
        let rig = source.loaded();
        process_all(&rig, &source.blocks[BASE..]);
        process_all(&rig, &source.blocks[..BASE]);
        rig
    };
    let check = |rig: Rig, cut: &dyn Fn(&Path), expected: &[(u32, bool)], is_of: &[String]| {
        let Rig {
            directory,
            clock,
            manager,
        } = rig;
        drop(manager);
        cut(directory.path());
        let mut config = crate::support::config(&directory);
        source.assume(&mut config);
        let manager = chain::ChainstateManager::open(config, clock.clone(), Vec::new()).unwrap();
        manager.activate().unwrap();
        let rig = Rig {
            directory,
            clock,
            manager,
        };
        assert_eq!(states(&rig), expected);
        assert_eq!(rig.coins(), is_of);
        for name in ["chainstate_snapshot", "chainstate_todelete"] {
            assert!(!is_there(&rig, name), "{name}");
        }
    };
    let coins = source.rig.coins();
    let rename = |at: &Path, from: &str, to: &str| fs::rename(at.join(from), at.join(to)).unwrap();
    let done = [(120, true)];
    check(validated(), &|_| (), &done, &coins);
    let first = |at: &Path| rename(at, "chainstate", "chainstate_todelete");
    check(validated(), &first, &done, &coins);
    let both = |at: &Path| {
        first(at);
        rename(at, "chainstate_snapshot", "chainstate");
    };
    check(validated(), &both, &done, &coins);
    let almost = |at: &Path| {
        both(at);
        fs::remove_file(at.join("chainstate_todelete/coins.redb")).unwrap();
    };
    check(validated(), &almost, &done, &coins);

    // Some coins of a snapshot that was not loaded to its end.
    let target = source.target(|_| ());
    process_all(&target, &source.blocks[..10]);
    let before = target.coins();
    let partial = |at: &Path| {
        let directory = at.join("chainstate_snapshot");
        let magic = source.rig.manager.params().magic;
        let store = CoinsDatabase::open(&directory, magic, Contents::Wipe, 1 << 20).unwrap();
        let reader = SnapshotReader::new(&source.file[..]).unwrap();
        let some: Coins = reader.take(20).map(Result::unwrap).collect();
        let changes = some.iter().map(|(outpoint, coin)| (outpoint, Some(coin)));
        store.write(changes, None).unwrap();
    };
    check(target, &partial, &[(10, true)], &before);
    let target = source.target(|_| ());
    let none = target.coins();
    let empty = |at: &Path| fs::create_dir(at.join("chainstate_snapshot")).unwrap();
    check(target, &empty, &[(0, true)], &none);
}
