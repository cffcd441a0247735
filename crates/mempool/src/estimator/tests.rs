//! Blocks that take what pays enough, and what is estimated then.

use std::sync::Arc;

use bitcoin::hashes::Hash;
use bitcoin::{Amount, OutPoint, Txid};
use proptest::prelude::*;

use super::*;
use crate::pool::tests::spend;

/// Something that happened to the transaction of a number, of 1000 virtual bytes.
fn event(kind: EventKind, number: u32, fee: u64, height: u32) -> Event {
    let mut hash = [0; 32];
    hash[..4].copy_from_slice(&number.to_be_bytes());
    Event {
        sequence: 1,
        kind,
        transaction: Arc::new(spend(&[OutPoint::null()], &[1])),
        txid: Txid::from_byte_array(hash),
        fee: Amount::from_sat(fee),
        size: 1000,
        height,
    }
}

const ADDED: EventKind = EventKind::Added { tells_of_fees: true };
const CONFIRMED: EventKind = EventKind::Removed(RemovalReason::Block);

/// For so many blocks, as many transactions come that pay `low` and `high`; the latter are in the next block, and the
/// former after `delay` more, if ever.
fn run(estimator: &mut FeeEstimator, blocks: u32, low: u64, high: u64, delay: Option<u32>) {
    let mut number = 0;
    let mut waiting: Vec<(u32, Event)> = Vec::new();
    for height in 1..=blocks {
        let due = |(until, _): &(u32, Event)| *until <= height;
        let confirmed: Vec<Event> = waiting
            .iter()
            .filter(|waiting| due(waiting))
            .map(|(_, event)| Event {
                kind: CONFIRMED,
                ..event.clone()
            })
            .collect();
        waiting.retain(|waiting| !due(waiting));
        estimator.follow(&confirmed, Some(height));
        for _ in 0..10 {
            number += 2;
            let cheap = event(ADDED, number, low, height);
            let dear = event(ADDED, number + 1, high, height);
            estimator.follow(&[cheap.clone(), dear.clone()], None);
            waiting.push((height + 1, dear));
            waiting.push((delay.map_or(u32::MAX, |delay| height + 1 + delay), cheap));
        }
    }
}

fn smart(estimator: &FeeEstimator, target: u32, mode: Mode) -> (Option<i64>, u32) {
    let estimate = estimator.smart_estimate(target, mode).expect("it is known about");
    (estimate.rate.map(FeeRate::units), estimate.target)
}

#[test]
fn nothing_is_said_before_there_were_blocks() {
    let mut estimator = FeeEstimator::default();
    assert_eq!(smart(&estimator, 2, Mode::Conservative), (None, 0));
    assert_eq!(estimator.smart_estimate(0, Mode::Conservative), None);
    assert_eq!(estimator.smart_estimate(1009, Mode::Conservative), None);
    run(&mut estimator, 4, 2000, 10_000, None);
    assert_eq!(smart(&estimator, 2, Mode::Conservative), (None, 1));
}

#[test]
fn who_is_in_a_hurry_pays_what_those_paid_that_were_in_the_next_block() {
    for mode in [Mode::Economical, Mode::Conservative] {
        let mut estimator = FeeEstimator::default();
        run(&mut estimator, 200, 2000, 10_000, Some(8));
        assert_eq!(smart(&estimator, 1, mode), (Some(10_000), 2));
        assert_eq!(smart(&estimator, 4, mode), (Some(10_000), 4));
        assert_eq!(smart(&estimator, 20, mode), (Some(2000), 20));
        assert_eq!(
            smart(&estimator, 1008, mode),
            (Some(2000), 99),
            "half of what was seen"
        );
    }
    let mut estimator = FeeEstimator::default();
    run(&mut estimator, 200, 2000, 10_000, None);
    assert_eq!(smart(&estimator, 20, Mode::Economical), (Some(10_000), 20));
}

#[test]
fn horizons_say_how_they_know() {
    let mut estimator = FeeEstimator::default();
    run(&mut estimator, 200, 2000, 10_000, Some(8));
    assert_eq!(estimator.raw_estimate(13, 0.95, Horizon::Short), None);
    assert_eq!(estimator.raw_estimate(2, 1.1, Horizon::Short), None);
    let targets =
        [Horizon::Short, Horizon::Medium, Horizon::Long].map(|horizon| estimator.highest_target(horizon));
    assert_eq!(targets, [12, 48, 1008]);
    let estimate = estimator
        .raw_estimate(2, 0.95, Horizon::Short)
        .expect("it is known about");
    assert_eq!((estimate.decay, estimate.scale), (0.962, 1));
    let pass = estimate.pass.expect("some pay enough");
    assert!(pass.start < 10_000.0 && 10_000.0 <= pass.end, "{pass:?}");
    assert_eq!(pass.within_target, pass.total_confirmed);
    let fail = estimate.fail.expect("some do not");
    assert!(fail.end < 10_000.0 && fail.within_target == 0.0, "{fail:?}");
    assert!(fail.in_mempool > 0.0, "those that wait count: {fail:?}");
}

#[test]
fn what_leaves_unconfirmed_has_failed() {
    let mut estimator = FeeEstimator::default();
    estimator.follow(&[], Some(1));
    let low = event(ADDED, 7, 2000, 1);
    estimator.follow(std::slice::from_ref(&low), None);
    for height in 2..12 {
        estimator.follow(&[], Some(height));
    }
    let gone = EventKind::Removed(RemovalReason::Expiry);
    estimator.follow(&[Event { kind: gone, ..low }], None);
    let failed: f64 = estimator.short.failed.iter().flatten().sum();
    assert_eq!(failed, 10.0, "it was not confirmed within 1, 2 … 10 blocks");
    assert!(estimator.tracked.is_empty());
}

#[test]
fn estimates_outlast_a_restart() {
    let mut estimator = FeeEstimator::default();
    run(&mut estimator, 200, 2000, 10_000, Some(8));
    estimator.forget_all();
    let mut bytes = Vec::new();
    estimator.write(&mut bytes).expect("memory takes it");
    let again = FeeEstimator::read(&mut bytes.as_slice()).expect("it was just written");
    for target in [1, 5, 20, 1008] {
        let expected = smart(&estimator, target, Mode::Economical);
        assert_eq!(smart(&again, target, Mode::Economical), expected);
    }
    let mut twice = Vec::new();
    again.write(&mut twice).expect("memory takes it");
    assert_eq!(bytes, twice);
    for length in [0, 7, 100, bytes.len() - 1] {
        assert!(FeeEstimator::read(&mut &bytes[..length]).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damaged_estimates_are_refused_or_can_be_asked(place in 0..200_000_usize, value: u8, target in 1..1009_u32) {
        let mut estimator = FeeEstimator::default();
        run(&mut estimator, 12, 2000, 10_000, Some(2));
        let mut bytes = Vec::new();
        estimator.write(&mut bytes).expect("memory takes it");
        let length = bytes.len();
        bytes[place % length] = value;
        if let Ok(mut again) = FeeEstimator::read(&mut bytes.as_slice()) {
            let height = again.best_height;
            again.follow(&[event(ADDED, 1, 5000, height)], None);
            again.follow(&[event(CONFIRMED, 1, 5000, height)], height.checked_add(1));
            let _estimate = again.smart_estimate(target, Mode::Conservative);
        }
    }
}
