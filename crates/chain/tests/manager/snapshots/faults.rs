//! What goes wrong with a snapshot: wrong coins, files that are none, and processes that end in the middle.

use std::path::Path;
use std::sync::Arc;

use bitcoin::Amount;
use chain::coins::CoinsDatabase;
use chain::database::Contents;
use chain::mining::{change_header, seal};
use chain::snapshot::SnapshotReader;
use chain::{ChainError, Config, Rebuild, SnapshotRefusal, Verification};
use fs_err as fs;

use super::{BASE, Coins, Source, is_there, load, process_all, snapshot, states};
use crate::support::Rig;

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
    let last = Arc::new(source.blocks[BASE - 1].clone());
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
    let error = rig.manager.process_block(&Arc::new(block)).unwrap_err();
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
    let error = source.loaded().close().open(|_| ()).unwrap_err();
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
        let closed = rig.close();
        cut(closed.directory.path());
        let manager = closed.open(|config| source.assume(config)).unwrap();
        manager.activate().unwrap();
        let rig = closed.with(manager);
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
