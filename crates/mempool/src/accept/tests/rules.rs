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
