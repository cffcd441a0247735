//! Unconfirmed transactions and what is paid, in the interface's values.

use std::sync::Arc;

use bitcoin::{Amount, OutPoint, Transaction, Txid};
use interfaces::{
    BroadcastMethod, Coin, FeeEstimate, FeeEstimateMode, FeeReason, InterfaceError, PackageLimits, RbfState,
    Refusal, TransactionAncestry,
};
use mempool::Mempool;
use mempool::estimator::{Horizon, Mode};
use mempool::policy::signals_replacement;

use crate::methods::{Most, send};
use crate::state::NodeState;
use crate::user_interface::{coin, interface_rate};

/// The outputs that no block spends, of the pool's transactions too.
pub(super) fn coins(node: &NodeState, outpoints: &[OutPoint]) -> Result<Vec<Option<Coin>>, InterfaceError> {
    let find = |outpoint: &OutPoint| {
        let unconfirmed = node.pool.with(|pool| {
            let entry = pool.get(&outpoint.txid)?;
            entry.transaction.output.get(outpoint.vout as usize).cloned()
        });
        match unconfirmed {
            Some(output) => Ok(Some(Coin {
                output,
                height: None,
                is_coinbase: false,
            })),
            None => coin(node, outpoint),
        }
    };
    outpoints.iter().map(find).collect()
}

pub(super) fn rbf_state(pool: &Mempool, transaction: &Transaction) -> RbfState {
    let txid = transaction.compute_txid();
    match (signals_replacement(transaction), pool.get(&txid).is_some()) {
        (true, _) => RbfState::Replaceable,
        (false, false) => RbfState::Unknown,
        (false, true) if pool.is_replaceable(&txid) => RbfState::Replaceable,
        (false, true) => RbfState::Final,
    }
}

pub(super) fn broadcast(
    node: &NodeState,
    transaction: Transaction,
    max_fee: Amount,
    method: BroadcastMethod,
) -> Result<(), Refusal> {
    if method == BroadcastMethod::Private {
        return Err(Refusal::new("There are no peers to send the transaction to."));
    }
    let txid = transaction.compute_txid();
    send(node, &Arc::new(transaction), Most::Fee(max_fee)).map_err(|error| Refusal::new(error.message))?;
    if method == BroadcastMethod::MempoolOnly {
        node.pool.with(|pool| pool.remove_unbroadcast(&txid));
    }
    Ok(())
}

pub(super) fn ancestry(pool: &Mempool, txid: &Txid) -> Option<TransactionAncestry> {
    let entry = pool.get(txid)?;
    let fees = u64::try_from(entry.ancestors.fees).unwrap_or(0);
    Some(TransactionAncestry {
        ancestors: entry.ancestors.count,
        descendants: entry.descendants.count,
        ancestor_size: entry.ancestors.size,
        ancestor_fees: Amount::from_sat(fees),
    })
}

pub(super) fn limits(pool: &Mempool) -> PackageLimits {
    let limits = pool.config().limits;
    PackageLimits {
        ancestors: limits.ancestor_count,
        descendants: limits.descendant_count,
    }
}

pub(super) fn check_limits(pool: &Mempool, transaction: &Transaction) -> Result<(), Refusal> {
    pool.keeps_within_limits(transaction).map_err(Refusal::new)
}

/// What the ancestors of each output lack; where that cannot be told, wallets go on as if it was nothing.
pub(super) fn individual_bump_fees(
    pool: &Mempool,
    outpoints: &[OutPoint],
    target: interfaces::FeeRate,
) -> Vec<Amount> {
    let lacking = pool.individual_bump_fees(outpoints, own_rate(target));
    let lacking = lacking.unwrap_or_else(|| vec![0; outpoints.len()]);
    lacking.into_iter().map(Amount::from_sat).collect()
}

/// What the ancestors of all outputs lack, as they are spent together.
pub(super) fn combined_bump_fee(
    pool: &Mempool,
    outpoints: &[OutPoint],
    target: interfaces::FeeRate,
) -> Option<Amount> {
    let lacking = pool.combined_bump_fee(outpoints, own_rate(target));
    lacking.map(Amount::from_sat)
}

/// What the pool takes at the moment at least.
pub(super) fn least_rate(node: &NodeState) -> interfaces::FeeRate {
    let now = node.chain.clock().now();
    let least = node
        .pool
        .with(|pool| pool.minimum_rate(now).max(pool.config().min_relay));
    interface_rate(least)
}

/// A rate as the pool has it.
fn own_rate(rate: interfaces::FeeRate) -> mempool::FeeRate {
    mempool::FeeRate::per_kvb(i64::try_from(rate.sat_per_kvb()).unwrap_or(i64::MAX))
}

/// What to pay. Where the pool takes nothing so cheap, it is what that takes.
pub(super) fn estimate(node: &NodeState, target: u32, mode: FeeEstimateMode) -> FeeEstimate {
    let mode = match mode {
        FeeEstimateMode::Economical => Mode::Economical,
        FeeEstimateMode::Unset | FeeEstimateMode::Conservative => Mode::Conservative,
    };
    let estimate = node
        .pool
        .ask_fees(|fees| fees.smart_estimate(target, mode))
        .flatten();
    let rate = estimate.and_then(|estimate| estimate.rate);
    let rate = rate.filter(|rate| *rate != mempool::FeeRate::ZERO);
    FeeEstimate {
        fee_rate: rate.map(interface_rate),
        target_blocks: estimate.map_or(target, |estimate| estimate.target),
        reason: match (rate, mode) {
            (None, _) => FeeReason::None,
            (Some(_), Mode::Conservative) => FeeReason::Conservative,
            (Some(_), Mode::Economical) => FeeReason::FullEstimate,
        },
    }
}

pub(super) fn highest_target(node: &NodeState) -> u32 {
    node.pool
        .ask_fees(|fees| fees.highest_target(Horizon::Long))
        .unwrap_or(0)
}
