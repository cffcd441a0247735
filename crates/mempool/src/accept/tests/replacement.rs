//! What a transaction that replaces others must pay, and which ones it may replace.

use super::*;

#[test]
fn replacements_pay_for_what_they_replace() {
    use RejectionKind::MempoolPolicy;

    let mut rig = Rig::new(Config::default());
    let (coin, other) = (rig.model.fund(100_000), rig.model.fund(100_000));
    let parent = spend(&[coin], &[99_000]);
    let txid = rig.take(&parent);
    let child = rig.take(&spend(&[OutPoint::new(txid, 0)], &[97_000]));
    let cheap = spend(&[coin], &[99_001]);
    rig.check(
        &cheap,
        MempoolPolicy,
        &format!(
            "insufficient fee, rejecting replacement {}; new feerate 0.00010406 SYS/kvB <= old feerate 0.00010416 SYS/kvB",
            cheap.compute_txid()
        ),
    );
    let less = spend(&[coin], &[97_001]);
    rig.check(
        &less,
        MempoolPolicy,
        &format!(
            "insufficient fee, rejecting replacement {}, less fees than conflicting txs; 0.00002999 < 0.00003",
            less.compute_txid()
        ),
    );
    let little = spend(&[coin], &[96_905]);
    rig.check(
        &little,
        MempoolPolicy,
        &format!(
            "insufficient fee, rejecting replacement {}, not enough additional fees to relay; 0.00000095 < 0.00000096",
            little.compute_txid()
        ),
    );
    let unconfirmed = rig.take(&spend(&[other], &[99_000]));
    let adding = spend(&[coin, OutPoint::new(unconfirmed, 0)], &[150_000]);
    rig.check(
        &adding,
        MempoolPolicy,
        &format!(
            "replacement-adds-unconfirmed, replacement {} adds unconfirmed input, idx 1",
            adding.compute_txid()
        ),
    );
    let own = spend(&[coin, OutPoint::new(txid, 0)], &[150_000]);
    rig.check(
        &own,
        RejectionKind::Consensus,
        &format!(
            "bad-txns-spends-conflicting-tx, {} spends conflicting transaction {txid}",
            own.compute_txid()
        ),
    );
    rig.pool.take_events();
    let better = rig.take(&spend(&[coin], &[96_904]));
    let kinds: Vec<_> = rig
        .pool
        .take_events()
        .iter()
        .map(|event| (event.kind, event.txid))
        .collect();
    let replaced = EventKind::Removed(RemovalReason::Replaced);
    let added = EventKind::Added { tells_of_fees: true };
    assert_eq!(kinds, [(replaced, child), (replaced, txid), (added, better)]);

    let (many, settled) = (rig.model.fund(10_000_000), rig.model.fund(100_000));
    let mut limits = rig.pool.config().limits;
    limits.descendant_count = 200;
    rig = Rig {
        pool: Mempool::new(Config {
            limits,
            ..Config::default()
        }),
        model: rig.model,
    };
    let root = rig.take(&spend(&[many], &[90_000; 100]));
    for vout in 0..100 {
        rig.take(&spend(&[OutPoint::new(root, vout)], &[80_000]));
    }
    let all = spend(&[many], &[1_000_000]);
    rig.check(
        &all,
        MempoolPolicy,
        &format!(
            "too many potential replacements, rejecting replacement {}; too many potential replacements (101 > 100)\n",
            all.compute_txid()
        ),
    );
    rig.take(&changed(&spend(&[settled], &[99_000]), |one| {
        one.input[0].sequence = Sequence::MAX;
    }));
    rig.check(
        &spend(&[settled], &[90_000]),
        MempoolPolicy,
        "txn-mempool-conflict",
    );
    let full_replacement = Config {
        full_replacement: true,
        ..Config::default()
    };
    rig = Rig {
        pool: Mempool::new(full_replacement),
        model: rig.model,
    };
    rig.take(&changed(&spend(&[settled], &[99_000]), |one| {
        one.input[0].sequence = Sequence::MAX;
    }));
    rig.take(&spend(&[settled], &[90_000]));
    assert_eq!(rig.pool.len(), 1);
}
