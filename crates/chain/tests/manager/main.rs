//! A chain from outside: blocks go in, and the best of them are the chain, however the process ends.

mod crash;
mod indexes;
mod observers;
mod rebuild;
mod snapshots;
mod support;

use bitcoin::ScriptBuf;
use bitcoin::address::NetworkUnchecked;
use chain::files::FileSizes;
use chain::mining::{assemble, change_header, seal};
use chain::{Pruning, Rebuild, RejectionKind, Verification};
use consensus::block::Block;
use support::{Rig, nowhere, spend, spend_outpoint};

/// Blocks on this one, which is not the tip, made by a chain of their own.
fn branch(rig: &Rig, blocks: &[Block], number: u8, count: usize) -> Vec<Block> {
    let other = Rig::new();
    other.clock.set(rig.clock.now());
    for block in blocks {
        other.process(block);
    }
    (0..count).map(|_| other.mine(number, Vec::new())).collect()
}

#[test]
fn blocks_on_demand_have_the_published_hashes() {
    let rig = Rig::new();
    let address: bitcoin::Address<NetworkUnchecked> = "mjTkW3DjgyZck4KbiRusZsqTgaYTxdSz6z".parse().unwrap();
    let script: ScriptBuf = address.assume_checked().script_pubkey();
    let mut hashes = Vec::new();
    for _ in 0..100 {
        let next = rig.manager.next_block().unwrap();
        let mut block = assemble(&next, Vec::new(), script.clone(), 1).block;
        rig.solve(&mut block);
        assert_eq!(rig.process(&block).verdict, Some(Ok(())));
        hashes.push(block.header.block_hash().to_string());
    }
    assert_eq!(
        hashes[0],
        "38116ec93dfc6c4d55a67d7a3c1f8349c4d6ba10e9e09693760be6ddabee333b"
    );
    assert_eq!(
        hashes[99],
        "0988393aa1ef9b532f79b4f00d61f3b6c3ca2482cab1657e0d85a5b50b0457a8"
    );
}

#[test]
fn the_chain_with_the_most_work_is_the_active_one() {
    let rig = Rig::new();
    let first = rig.mine_many(3);
    let other = branch(&rig, &first[..1], 1, 3);
    for block in &other[..2] {
        let processed = rig.process(block);
        assert_eq!(
            (processed.is_new, processed.verdict),
            (true, None),
            "not better yet"
        );
    }
    assert_eq!(rig.tip(), first[2].header.block_hash());
    assert_eq!(rig.process(&other[2]).verdict, Some(Ok(())));
    assert_eq!(rig.tip(), other[2].header.block_hash());
    let again = rig.process(&other[2]);
    assert_eq!((again.is_new, again.verdict), (false, None));
}

#[test]
fn coins_are_those_of_the_active_chain() {
    let rig = Rig::new();
    let base = rig.mine_many(101);
    let before = rig.coins();
    let spending = rig.mine(2, vec![spend(&base[0], 0, 1000)]);
    let after = rig.coins();
    assert_ne!(before, after);
    rig.manager.invalidate_block(rig.id(&spending)).unwrap();
    assert_eq!(rig.coins(), before);
    assert_eq!(rig.height(), 101);
    assert_eq!(rig.refusal(&spending).kind, RejectionKind::CachedInvalid);
    rig.manager.reconsider_block(rig.id(&spending)).unwrap();
    assert_eq!(rig.coins(), after);
}

#[test]
fn a_script_that_fails_is_explained_where_scripts_run_one_after_the_other() {
    for (threads, reason) in [
        (
            1,
            "mandatory-script-verify-flag-failed (Operation not valid with the current stack size)",
        ),
        (2, "block-validation-failed"),
    ] {
        let rig = Rig::with(|config| config.threads = threads);
        let base = rig.mine_many(101);
        let (mut first, fee) = spend(&base[0], 0, 0);
        first.output[0].script_pubkey = ScriptBuf::from_bytes(vec![0x75]);
        let second = spend_outpoint(bitcoin::OutPoint::new(first.compute_txid(), 0), 1);
        let block = rig.template(3, vec![(first, fee), (second, 0)]);
        assert_eq!(rig.refusal(&block).reason, reason);
    }
}

#[test]
fn a_block_that_breaks_a_rule_about_coins_changes_nothing() {
    let rig = Rig::new();
    let base = rig.mine_many(101);
    let coins = rig.coins();
    let too_much = {
        let (mut transaction, fee) = spend(&base[0], 0, 0);
        transaction.output[0].value += bitcoin::Amount::ONE_SAT;
        (transaction, fee)
    };
    let refused = {
        let (transaction, fee) = spend(&base[0], 0, 0);
        let mut transaction = transaction;
        transaction.output[0].script_pubkey = ScriptBuf::new();
        (transaction, fee)
    };
    let rows: [(Vec<_>, &str); 5] = [
        (
            vec![(spend_outpoint(nowhere(), 1), 0)],
            "bad-txns-inputs-missingorspent",
        ),
        (
            vec![spend(&base[2], 0, 0)],
            "bad-txns-premature-spend-of-coinbase",
        ),
        (vec![too_much], "bad-txns-in-belowout"),
        (vec![(spend(&base[0], 0, 0).0, 1)], "bad-cb-amount"),
        (
            vec![
                refused.clone(),
                (
                    spend_outpoint(bitcoin::OutPoint::new(refused.0.compute_txid(), 0), 1),
                    0,
                ),
            ],
            "block-validation-failed",
        ),
    ];
    for (transactions, reason) in rows {
        let block = rig.template(3, transactions);
        assert_eq!(rig.refusal(&block).reason, reason);
        assert_eq!(rig.coins(), coins, "{reason}");
        assert_eq!(rig.height(), 101);
        let tested = rig
            .manager
            .test_block(&block, consensus::block::BlockChecks::All)
            .unwrap();
        assert_eq!(tested.unwrap_err().reason, reason);
    }
}

#[test]
fn headers_and_places_of_blocks_are_checked() {
    let rig = Rig::new();
    let base = rig.mine_many(2);
    let changed = |change: fn(&mut bitcoin::block::Header)| {
        let mut block = rig.template(4, Vec::new());
        change_header(&mut block, change);
        rig.solve(&mut block);
        block
    };
    let orphan = changed(|header| header.prev_blockhash = bitcoin::hashes::Hash::all_zeros());
    assert_eq!(rig.refusal(&orphan).reason, "prev-blk-not-found");
    let old = changed(|header| header.time -= 100);
    assert_eq!(rig.refusal(&old).reason, "time-too-old");
    let mut premature = rig.template(4, Vec::new());
    premature.transactions[0].input[0].script_sig = ScriptBuf::from_bytes(vec![0x52, 0x01, 0x01]);
    seal(&mut premature);
    rig.solve(&mut premature);
    assert_eq!(rig.refusal(&premature).reason, "bad-cb-height");
    assert_eq!(rig.refusal(&premature).reason, "duplicate-invalid");
    assert_eq!(rig.tip(), base[1].header.block_hash());
}

#[test]
fn a_chain_is_the_same_after_it_was_killed() {
    let mut rig = Rig::new();
    let base = rig.mine_many(5);
    rig.manager.flush().unwrap();
    // These are in the files alone.
    let last = rig.mine_many(3);
    let other = branch(&rig, &base, 1, 2);
    for block in &other {
        rig.process(block);
    }
    rig = rig.reopen(|_| ());
    assert_eq!(rig.tip(), last[2].header.block_hash());
    assert!(rig.manager.tree().find(&other[1].header.block_hash()).is_some());
    let coins = rig.coins();
    rig.manager.invalidate_block(rig.id(&last[0])).unwrap();
    assert_eq!(rig.tip(), other[1].header.block_hash());
    rig = rig.reopen(|_| ());
    assert_eq!(
        rig.tip(),
        other[1].header.block_hash(),
        "what the user said is remembered"
    );
    rig.manager.reconsider_block(rig.id(&last[0])).unwrap();
    assert_eq!(rig.tip(), last[2].header.block_hash());
    assert_eq!(rig.coins(), coins);
}

#[test]
fn the_index_and_the_coins_can_be_made_anew() {
    let mut rig = Rig::new();
    let base = rig.mine_many(101);
    rig.mine(2, vec![spend(&base[0], 0, 1000)]);
    let (tip, coins) = (rig.tip(), rig.coins());
    for rebuild in [Rebuild::Coins, Rebuild::Everything] {
        rig = rig.reopen(|config| config.rebuild = rebuild);
        assert_eq!((rig.tip(), rig.coins()), (tip, coins.clone()), "{rebuild:?}");
        rig = rig.reopen(|_| ());
        assert_eq!(rig.tip(), tip);
        assert_eq!(rig.manager.verify_chain(4, 0).unwrap(), Verification::Sound);
    }
}

#[test]
fn blocks_are_loaded_from_a_file_in_any_order() {
    let source = Rig::new();
    let base = source.mine_many(3);
    let other = branch(&source, &base[..2], 1, 3);
    let mixed = Rig::new();
    for block in base.iter().chain(&other) {
        mixed.process(block);
    }
    let path = mixed.directory.path().join("blocks/blk00000.dat");
    let rig = Rig::new();
    assert_eq!(rig.manager.load_blocks(&path).unwrap(), 6);
    assert_eq!(rig.tip(), other[2].header.block_hash());
    assert_eq!(rig.manager.load_blocks(&path).unwrap(), 0);
}

#[test]
fn a_precious_block_wins_over_others_with_its_work() {
    let rig = Rig::new();
    let base = rig.mine_many(2);
    let other = branch(&rig, &base[..1], 1, 1);
    rig.process(&other[0]);
    assert_eq!(rig.tip(), base[1].header.block_hash());
    rig.manager.precious_block(rig.id(&other[0])).unwrap();
    assert_eq!(rig.tip(), other[0].header.block_hash());
    rig.manager.precious_block(rig.id(&base[1])).unwrap();
    assert_eq!(rig.tip(), base[1].header.block_hash());
}

#[test]
fn old_files_are_removed_and_new_ones_kept() {
    let small = |config: &mut chain::Config| {
        config.sizes = FileSizes::Small;
        config.pruning = Pruning::Manual;
    };
    let mut rig = Rig::with(small);
    rig.mine_many(600);
    let coins = rig.coins();
    rig.manager.prune(300).unwrap();
    let tip = rig.tip();
    let lowest = |rig: &Rig| {
        let tree = rig.manager.tree();
        (0..=tree.entry(tree.tip().unwrap()).height)
            .find(|height| tree.entry(tree.active(*height).unwrap()).has_data())
            .unwrap()
    };
    let kept = lowest(&rig);
    assert!((1..=301).contains(&kept), "{kept}");
    assert!(!rig.directory.path().join("blocks/blk00000.dat").exists());
    rig = rig.reopen(small);
    assert!(rig.manager.is_pruned());
    assert_eq!((rig.tip(), lowest(&rig), rig.coins()), (tip, kept, coins));
    rig.mine_many(1);
    assert_eq!(rig.manager.verify_chain(4, 0).unwrap(), Verification::Pruned);
}

#[test]
fn old_files_go_by_themselves_before_the_next_growth_would_pass_the_limit() {
    let first_is_there = |limit: u64| {
        let rig = Rig::with(|config| {
            config.sizes = FileSizes::Small;
            config.pruning = Pruning::Above(limit);
        });
        rig.mine_many(650);
        assert!(rig.directory.path().join("blocks/blk00001.dat").exists());
        rig.directory.path().join("blocks/blk00000.dat").exists()
    };
    // About 170 KiB of blocks and undo data, and what files may grow by at once.
    let growth = 17 << 20;
    assert!(!first_is_there(growth + (100 << 10)));
    assert!(first_is_there(growth + (300 << 10)));
}
