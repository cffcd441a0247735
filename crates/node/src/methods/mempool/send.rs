//! `sendrawtransaction`, and what it shares with `testmempoolaccept`.

use std::sync::Arc;

use bitcoin::{Amount, OutPoint, Script, Transaction};
use consensus::script::is_unspendable;
use consensus::transaction::TransactionKind;
use encoding::assembly::has_valid_operations;
use encoding::transaction::{Form, from_hex};
use mempool::FeeRate;
use mempool::accept::{Purpose, RejectionKind};
use rpc::{Kind, Method, Outcome, Param, RpcError, code};
use serde_json::Value;

use crate::methods::blockchain::tip_of;
use crate::state::{Node, NodeState, blocking};
use crate::{shapes, values};

/// The most that a transaction may pay.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Most {
    /// So much for its size, or anything where that is nothing.
    Rate(FeeRate),
    /// So much in all.
    Fee(Amount),
}

/// The rate above which a transaction is taken to be a mistake, in units for 1,000 virtual bytes.
const MAX_FEE_RATE: i64 = 10_000_000;

pub(super) fn max_fee_rate_param() -> Param {
    Param::defaulted(
        "maxfeerate",
        Kind::Amount,
        "0.10",
        "Refuse what pays more than this for 1,000 virtual bytes, in coins; 0: take anything",
    )
}

/// The rate of `maxfeerate`.
pub(super) fn max_fee_rate(value: &Value) -> Result<FeeRate, RpcError> {
    if value.is_null() {
        return Ok(FeeRate::per_kvb(MAX_FEE_RATE));
    }
    let units = i64::try_from(values::amount(value)?).unwrap_or(i64::MAX);
    Ok(FeeRate::per_kvb(units))
}

pub(super) fn sendrawtransaction(node: Node) -> Method {
    Method::declare(
        "rawtransactions",
        "sendrawtransaction",
        "Takes a transaction among the unconfirmed ones.",
    )
    .param(Param::required("hexstring", Kind::Hex, "The transaction's bytes"))
    .param(max_fee_rate_param())
    .param(Param::defaulted(
        "maxburnamount",
        Kind::Amount,
        "0.00",
        "Refuse outputs that can never be spent and have more coins than this",
    ))
    .result(shapes::hex("The transaction's id"))
    .example("\"signedhex\"", "\"signedhex\"")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let text: String = request.arguments.required("hexstring")?;
            let max_rate = request.arguments.value("maxfeerate").clone();
            let max_burn = match request.arguments.value("maxburnamount") {
                Value::Null => 0,
                value => values::amount(value)?,
            };
            blocking(&node, move |node| {
                let transaction = from_hex(&text, Form::Witness).ok_or_else(|| {
                    RpcError::new(
                        code::DESERIALIZATION_ERROR,
                        "TX decode failed. Make sure the tx has at least one input.",
                    )
                })?;
                if burns_more(&transaction, max_burn) {
                    return Err(RpcError::new(
                        code::VERIFY_ERROR,
                        "Unspendable output exceeds maximum configured by user (maxburnamount)",
                    ));
                }
                let max_rate = max_fee_rate(&max_rate)?;
                send(node, &Arc::new(transaction), Most::Rate(max_rate))
            })
            .await
        }
    })
}

/// Whether an output that nobody can spend has more than so many units. Some kinds of transactions are meant to burn coins.
fn burns_more(transaction: &Transaction, max_burn: u64) -> bool {
    let is_meant = matches!(
        TransactionKind::of(transaction),
        TransactionKind::CoinToAsset | TransactionKind::Blob
    );
    let is_lost = |script: &Script| is_unspendable(script) || !has_valid_operations(script);
    let mut outputs = transaction.output.iter();
    !is_meant && outputs.any(|output| output.value.to_sat() > max_burn && is_lost(&output.script_pubkey))
}

/// Takes a transaction into the pool, unless it pays too much.
pub(crate) fn send(node: &NodeState, transaction: &Arc<Transaction>, most: Most) -> Outcome {
    let txid = transaction.compute_txid();
    for vout in 0..u32::try_from(transaction.output.len()).unwrap_or(u32::MAX) {
        let coin = node.chain.coin(&OutPoint { txid, vout });
        if coin.map_err(|error| node.fail(&error.into()))?.is_some() {
            return Err(RpcError::new(
                code::VERIFY_ALREADY_IN_CHAIN,
                "Transaction already in block chain",
            ));
        }
    }
    if node.pool.with(|pool| pool.get(&txid).is_some()) {
        return Ok(txid.to_string().into());
    }
    tip_of(&node.chain.tree())?;
    let accept = |purpose| {
        let accepted = node.pool.accept(transaction, node, purpose);
        accepted.map_err(|rejection| {
            let number = match rejection.kind {
                RejectionKind::MissingInputs => code::VERIFY_ERROR,
                _ => code::VERIFY_REJECTED,
            };
            RpcError::new(number, rejection.to_string())
        })
    };
    if !matches!(most, Most::Rate(rate) if rate <= FeeRate::ZERO) {
        let accepted = accept(Purpose::Test)?;
        let fee = i64::try_from(accepted.fee.to_sat()).unwrap_or(i64::MAX);
        let size = transaction.weight().to_vbytes_ceil();
        let limit = match most {
            Most::Rate(rate) => rate.fee(size),
            Most::Fee(amount) => i64::try_from(amount.to_sat()).unwrap_or(i64::MAX),
        };
        if fee > limit {
            return Err(RpcError::new(
                code::VERIFY_ERROR,
                "Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)",
            ));
        }
    }
    accept(Purpose::Keep)?;
    node.pool.with(|pool| pool.add_unbroadcast(txid));
    Ok(txid.to_string().into())
}
