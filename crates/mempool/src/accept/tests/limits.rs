//! How much is in the pool, for how long, and in which order it leaves.

use super::*;

#[test]
fn chains_are_as_long_as_the_limits_allow() {
    let text = |error: &str| format!("too-long-mempool-chain, {error}");
    let mut rig = Rig::new(Config::default());
    let coin = rig.model.fund(1_000_000);
    let chain = chain_of(coin, 26);
    for transaction in &chain[..25] {
        rig.take(transaction);
    }
    rig.check(
        &chain[25],
        RejectionKind::MempoolPolicy,
        &text("too many unconfirmed ancestors [limit: 25]"),
    );

    let limits = Limits {
        descendant_count: 2,
        ..Limits::default()
    };
    let mut rig = Rig::new(Config {
        limits,
        ..Config::default()
    });
    let coin = rig.model.fund(1_000_000);
    let parent = rig.take(&spend(&[coin], &[300_000; 3]));
    for vout in 0..2 {
        // The second child is one too many, but stands on nothing else.
        rig.take(&spend(&[OutPoint::new(parent, vout)], &[200_000]));
    }
    rig.check(
        &spend(&[OutPoint::new(parent, 2)], &[200_000]),
        RejectionKind::MempoolPolicy,
        &text(&format!("too many descendants for tx {parent} [limit: 2]")),
    );

    let limits = Limits {
        ancestor_size: 250,
        ..Limits::default()
    };
    let mut rig = Rig::new(Config {
        limits,
        ..Config::default()
    });
    let coin = rig.model.fund(1_000_000);
    let chain = chain_of(coin, 3);
    rig.take(&chain[0]);
    rig.take(&chain[1]);
    rig.check(
        &chain[2],
        RejectionKind::MempoolPolicy,
        &text("exceeds ancestor size limit [limit: 250]"),
    );
}

#[test]
fn a_full_pool_drops_what_pays_least_and_asks_for_more_until_time_has_passed() {
    let mut rig = Rig::new(Config {
        max_usage: 20_000,
        ..Config::default()
    });
    let mut rejections = 0;
    for place in 0..40_u64 {
        let coin = rig.model.fund(100_000);
        let transaction = spend(&[coin], &[99_000 - place * 100]);
        let result = rig
            .pool
            .accept(&Arc::new(transaction), &rig.model, NOW, Purpose::Keep);
        rejections += u64::from(result.is_err());
        assert!(rig.pool.usage() <= 20_000);
    }
    assert_eq!(rejections, 0, "each pays more than those before");
    let paying = rig
        .pool
        .iter()
        .last()
        .expect("there is room for some")
        .fee
        .to_sat();
    assert!(paying > 1000, "the first ones were dropped");
    let minimum = rig.pool.minimum_rate(NOW);
    assert!(minimum > FeeRate::per_kvb(10_000), "{minimum}");
    let coin = rig.model.fund(100_000);
    rig.check(
        &spend(&[coin], &[99_000]),
        RejectionKind::MempoolPolicy,
        &format!("mempool min fee not met, 1000 < {}", minimum.fee(96)),
    );
    rig.pool.remove_for_block(&[], NOW);
    assert_eq!(rig.pool.minimum_rate(NOW + 10 * 24 * 60 * 60), FeeRate::ZERO);
}

#[test]
fn transactions_expire_with_what_stands_on_them() {
    let mut rig = Rig::new(Config::default());
    let coin = rig.model.fund(1_000_000);
    for transaction in chain_of(coin, 3) {
        rig.take(&transaction);
    }
    rig.pool.limit_size(NOW + 336 * 60 * 60);
    assert_eq!(rig.pool.len(), 3);
    rig.pool.limit_size(NOW + 336 * 60 * 60 + 1);
    assert!(rig.pool.is_empty());
}

#[test]
fn what_is_prioritised_counts_as_paid() {
    let mut rig = Rig::new(Config::default());
    let coin = rig.model.fund(100_000);
    let free = spend(&[coin], &[100_000]);
    rig.check(
        &free,
        RejectionKind::MempoolPolicy,
        "min relay fee not met, 0 < 96",
    );
    rig.pool.prioritise(free.compute_txid(), 96);
    let txid = rig.take(&free);
    assert_eq!(
        rig.pool.prioritised().next().and_then(|one| one.modified_fee),
        Some(96)
    );
    rig.pool.prioritise(txid, i64::MAX);
    rig.pool.prioritise(txid, -i64::MAX);
    rig.pool.prioritise(txid, 0);
    assert_eq!(rig.pool.delta(&txid), 0, "the sum went no higher than it can");
}

#[test]
fn miners_take_a_poor_parent_for_its_rich_child() {
    let mut rig = Rig::new(Config::default());
    let (one, other) = (rig.model.fund(1_000_000), rig.model.fund(1_000_000));
    let parent = rig.take(&spend(&[one], &[999_800]));
    let child = rig.take(&spend(&[OutPoint::new(parent, 0)], &[900_000]));
    let middle = rig.take(&spend(&[other], &[990_000]));
    let limits = crate::SelectionLimits::new(1001, 0);
    let selected = |rig: &Rig, limits: &crate::SelectionLimits| -> Vec<Txid> {
        let selected = rig.pool.select_for_block(limits);
        selected.into_iter().map(|one| one.txid).collect()
    };
    assert_eq!(selected(&rig, &limits), [parent, child, middle]);
    let small = crate::SelectionLimits {
        max_weight: 4000 + 500,
        ..limits
    };
    assert_eq!(selected(&rig, &small), [middle]);
    let picky = crate::SelectionLimits {
        min_rate: FeeRate::per_kvb(200_000),
        ..limits
    };
    assert_eq!(selected(&rig, &picky), [parent, child]);
    rig.pool.prioritise(middle, 10_000_000);
    assert_eq!(selected(&rig, &limits), [middle, parent, child]);
}

#[test]
fn lists_go_by_depth_and_what_each_pays_itself_whatever_it_counts_as() {
    let mut rig = Rig::new(Config::default());
    let coins: Vec<OutPoint> = (0..4).map(|_| rig.model.fund(1_000_000)).collect();
    let rich = rig.take(&spend(&[coins[0]], &[900_000]));
    let poor = rig.take(&spend(&[coins[1]], &[999_000]));
    let poor_child = rig.take(&spend(&[OutPoint::new(rich, 0)], &[899_000]));
    let rich_child = rig.take(&spend(&[OutPoint::new(poor, 0)], &[980_000]));
    let mut twins = [coins[2], coins[3]].map(|coin| rig.take(&spend(&[coin], &[950_000])));
    twins.sort_unstable();
    rig.pool.prioritise(poor, 10_000_000);
    let listed: Vec<Txid> = rig.pool.iter().map(|entry| entry.txid).collect();
    assert_eq!(listed, [rich, twins[1], twins[0], poor, rich_child, poor_child]);
}
