//! What a transaction by itself is refused for.

use super::*;

#[test]
fn transactions_are_refused_in_upstreams_words() {
    use RejectionKind::{Conflict, Consensus, MempoolPolicy, MissingInputs, NotStandard, PrematureSpend};

    let mut rig = Rig::new(Config::default());
    let coin = rig.model.fund(100_000);
    let good = spend(&[coin], &[90_000]);
    let mut check = |transaction: &Transaction, kind, text: &str| rig.check(transaction, kind, text);
    check(
        &changed(&good, |one| one.output.clear()),
        Consensus,
        "bad-txns-vout-empty",
    );
    check(
        &changed(&good, |one| {
            one.input[0].previous_output = OutPoint::null();
            one.input[0].script_sig = vec![1, 1].into();
        }),
        Consensus,
        "coinbase",
    );
    check(
        &changed(&good, |one| one.version = Version(3)),
        NotStandard,
        "version",
    );
    check(
        &changed(&good, |one| one.version = Version(140)),
        NotStandard,
        "version",
    );
    check(
        &changed(&good, |one| one.output[0].value = Amount::from_sat(329)),
        NotStandard,
        "dust",
    );
    check(
        &changed(&good, |one| one.output[0].script_pubkey = vec![0x6a].into()),
        NotStandard,
        "tx-size-small",
    );
    check(
        &changed(&good, |one| one.lock_time = LockTime::from_consensus(1001)),
        PrematureSpend,
        "non-final",
    );
    check(
        &changed(&good, |one| one.input[0].sequence = Sequence(502)),
        PrematureSpend,
        "non-BIP68-final",
    );
    check(
        &spend(&[OutPoint::new(Txid::from_byte_array([9; 32]), 0)], &[90_000]),
        MissingInputs,
        "bad-txns-inputs-missingorspent",
    );
    check(
        &spend(&[coin], &[100_001]),
        Consensus,
        "bad-txns-in-belowout, value in (0.001) < value out (0.00100001)",
    );
    check(
        &spend(&[coin], &[99_950]),
        MempoolPolicy,
        "min relay fee not met, 50 < 96",
    );
    check(
        &changed(&good, |one| {
            one.input[0].witness = Witness::from_slice(&[vec![0x52]]);
        }),
        Consensus,
        "mandatory-script-verify-flag-failed (Witness program hash mismatch)",
    );
    check(
        &changed(&good, |one| one.input[0].witness.clear()),
        RejectionKind::WitnessStripped,
        "mandatory-script-verify-flag-failed (Witness program was passed an empty witness)",
    );
    let txid = rig.take(&good);
    rig.check(&good, Conflict, "txn-already-in-mempool");
    let other_witness = changed(&good, |one| {
        one.input[0].witness = Witness::from_slice(&[vec![1], vec![0x51]]);
    });
    rig.check(&other_witness, Conflict, "txn-same-nonwitness-data-in-mempool");
    rig.model.connect(vec![good.clone()]);
    rig.pool.remove_for_block(std::slice::from_ref(&good), NOW);
    assert!(rig.pool.get(&txid).is_none());
    rig.check(&good, Conflict, "txn-already-known");
}

#[test]
fn unusual_coins_are_spent_only_where_the_owner_allows() {
    for (requires_standard, expected) in [
        (
            true,
            Err((
                RejectionKind::InputsNotStandard,
                "bad-txns-nonstandard-inputs".to_owned(),
            )),
        ),
        (false, Ok(())),
    ] {
        let mut rig = Rig::new(Config {
            requires_standard,
            ..Config::default()
        });
        let coin = rig.model.fund(100_000);
        let known = rig.model.coins.get_mut(&coin).expect("it was just made");
        known.output.script_pubkey = vec![0x51].into();
        let transaction = changed(&spend(&[coin], &[90_000]), |one| one.input[0].witness.clear());
        assert_eq!(rig.submit(&transaction).map(|_txid| ()), expected);
    }
}

#[test]
fn the_chain_hears_of_scripts_that_blocks_need_not_run() {
    let mut rig = Rig::new(Config::default());
    let (first, second) = (rig.model.fund(100_000), rig.model.fund(100_000));
    let valid = spend(&[first], &[90_000]);
    let invalid = changed(&spend(&[second], &[90_000]), |one| {
        one.input[0].witness = Witness::from_slice(&[vec![0x52]]);
    });
    rig.take(&valid);
    rig.submit(&invalid).unwrap_err();
    assert_eq!(
        *rig.model.verified.borrow(),
        std::collections::BTreeSet::from([valid.compute_wtxid()])
    );
}

#[test]
fn coins_may_lose_the_tokens_that_they_hold_unless_there_cannot_be_so_many() {
    let mut rig = Rig::new(Config::default());
    let mut fund = |value| {
        let coin = rig.model.fund(100_000);
        let known = rig.model.coins.get_mut(&coin).expect("it was just made");
        let asset = std::num::NonZeroU64::MIN;
        known.tokens = Some(Box::new(consensus::transaction::Tokens { asset, value }));
        coin
    };
    let [one, most, more] = [1, MAX_MONEY, 1].map(&mut fund);
    rig.take(&spend(&[one], &[90_000]));
    rig.check(
        &spend(&[most, more], &[190_000]),
        RejectionKind::Consensus,
        "bad-txns-asset-inputvalues-outofrange",
    );
}

#[test]
fn young_coinbases_and_many_signatures_are_refused() {
    let mut rig = Rig::new(Config::default());
    let coin = rig.model.fund(100_000);
    let known = rig.model.coins.get_mut(&coin).expect("it was just made");
    (known.height, known.is_coinbase) = (902, true);
    rig.check(
        &spend(&[coin], &[90_000]),
        RejectionKind::PrematureSpend,
        "bad-txns-premature-spend-of-coinbase, tried to spend coinbase at depth 99",
    );
    rig.model.height += 1;
    rig.take(&spend(&[coin], &[90_000]));

    let mut rig = Rig::new(Config {
        requires_standard: false,
        ..Config::default()
    });
    let coin = rig.model.fund(100_000_000);
    let many = |count: usize| {
        changed(&spend(&[coin], &[1_000_000]), |one| {
            one.output[0].script_pubkey = vec![0xac; count].into();
        })
    };
    rig.check(
        &many(4001),
        RejectionKind::NotStandard,
        "bad-txns-too-many-sigops, 16004",
    );
    let txid = rig.take(&many(4000));
    assert_eq!(rig.pool.get(&txid).map(|entry| entry.size), Some(16_000 * 20 / 4));
}

#[test]
fn scripts_that_only_relay_refuses_are_not_standard() {
    let mut rig = Rig::new(Config {
        requires_standard: false,
        ..Config::default()
    });
    let coin = rig.model.fund(100_000);
    let known = rig.model.coins.get_mut(&coin).expect("it was just made");
    known.output.script_pubkey = vec![0x51].into();
    let push = PushBytesBuf::try_from(vec![7]).expect("short");
    let unclean = changed(&spend(&[coin], &[90_000]), |one| {
        one.input[0].witness.clear();
        one.input[0].script_sig = Builder::new().push_slice(push).push_slice([1, 2]).into_script();
    });
    rig.check(
        &unclean,
        RejectionKind::NotStandard,
        "non-mandatory-script-verify-flag (Data push larger than necessary)",
    );
}

#[test]
fn what_new_rules_of_tokens_refuse_does_not_wait_for_them() {
    let mut rig = Rig::new(Config {
        requires_standard: false,
        ..Config::default()
    });
    // It names the output that holds the tokens twice, which is one way to say so until there is one alone.
    let coin = rig.model.fund(100_000);
    let burn = changed(&spend(&[coin], &[50_000]), |one| {
        one.version = Version(139);
        one.output.push(TxOut {
            value: Amount::from_sat(600),
            script_pubkey: vec![0x6a, 9, 1, 0x86, 0xc3, 0x40, 2, 0, 0x36, 0, 0x35].into(),
        });
    });
    rig.model.params.heights.chainlock_receipts = Activation::at(1003);
    let burnt = rig.take(&burn);
    let child = rig.take(&spend(&[OutPoint::new(burnt, 0)], &[40_000]));
    // A coin that is not there may be one that a reorganisation brings back.
    let known = rig.model.coins.get(&coin).cloned().expect("it was just made");
    for (height, has_coin, expected) in [
        (1000, true, true),
        (1001, true, true),
        (1002, false, true),
        (1002, true, false),
    ] {
        rig.model.height = height;
        rig.model.coins.remove(&coin);
        if has_coin {
            rig.model.coins.insert(coin, known.clone());
        }
        rig.pool.enforce_new_rules(&rig.model).unwrap();
        let is_there = [burnt, child].map(|txid| rig.pool.get(&txid).is_some());
        assert_eq!(is_there, [expected; 2], "{height}");
    }
}

#[test]
fn tokens_move_on_before_they_are_confirmed() {
    let mut rig = Rig::new(Config {
        requires_standard: false,
        ..Config::default()
    });
    // The first output holds 600 tokens of the kind that coins become, or another number of them.
    let moved = |inputs: &[OutPoint], version, burnt, held| {
        changed(&spend(inputs, &[50_000]), |one| {
            one.version = Version(version);
            one.output.push(TxOut {
                value: Amount::from_sat(burnt),
                script_pubkey: vec![0x6a, 7, 1, 0x86, 0xc3, 0x40, 1, 0, held].into(),
            });
        })
    };
    let (coin, other) = (rig.model.fund(100_000), rig.model.fund(100_000));
    let consensus = RejectionKind::Consensus;
    rig.check(
        &moved(&[coin], 139, 601, 0x35),
        consensus,
        "syscoin-burn-mismatch-amount",
    );
    let made = OutPoint::new(rig.take(&moved(&[coin], 139, 600, 0x35)), 0);
    rig.check(
        &moved(&[made, other], 142, 0, 0x36),
        consensus,
        "bad-txns-asset-io-mismatch",
    );
    let sent = OutPoint::new(rig.take(&moved(&[made, other], 142, 0, 0x35)), 0);
    // They may be lost.
    rig.take(&spend(&[sent], &[40_000]));
    let third = rig.model.fund(100_000);
    rig.check(
        &moved(&[third], 140, 0, 0x35),
        consensus,
        "mint-unserialize-failed",
    );
    // Before Nexus there are none.
    rig.model.height = 400;
    rig.check(
        &moved(&[third], 139, 600, 0x35),
        consensus,
        "asset transaction before nexus",
    );
}
