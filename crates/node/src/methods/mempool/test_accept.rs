//! `testmempoolaccept`: what would become of transactions.

use std::sync::Arc;

use bitcoin::Transaction;
use encoding::amount::{to_json, unsigned_to_json};
use encoding::transaction::{Form, from_hex, witness_hash};
use mempool::FeeRate;
use mempool::accept::{Accepted, PackageError, PackageResult, RejectionKind, TransactionOutcome};
use rpc::{Kind, Method, Param, RpcError, Shape, ShapeKind, code};
use serde_json::{Value, json};

use super::send::{max_fee_rate, max_fee_rate_param};
use crate::methods::blockchain::tip_of;
use crate::pool::View;
use crate::state::{Node, blocking};
use crate::{shapes, values};

/// How many transactions may be tested or sent together.
const MOST: usize = 25;

/// Reads transactions of which there may be so many.
pub(super) fn read_several(value: &Value) -> Result<Vec<String>, RpcError> {
    let texts: Vec<String> = values::array(value)?
        .iter()
        .map(|value| values::text(value).map(str::to_owned))
        .collect::<Result<_, _>>()?;
    if texts.is_empty() || texts.len() > MOST {
        return Err(RpcError::invalid_parameter(format!(
            "Array must contain between 1 and {MOST} transactions."
        )));
    }
    Ok(texts)
}

pub(super) fn testmempoolaccept(node: Node) -> Method {
    let result = shapes::object(vec![
        ("txid", shapes::hex("The transaction's id")),
        ("wtxid", shapes::hex("The hash that covers its witness too")),
        (
            "package-error",
            shapes::text("Why none of them would be taken").optional(),
        ),
        (
            "allowed",
            shapes::flag("Whether it would be taken; missing where it was not looked at").optional(),
        ),
        ("vsize", shapes::number("Its size in virtual bytes").optional()),
        (
            "fees",
            shapes::object(vec![
                ("base", shapes::amount("What it pays")),
                (
                    "effective-feerate",
                    shapes::amount("What counted, for 1,000 virtual bytes"),
                ),
                (
                    "effective-includes",
                    Shape::new(
                        ShapeKind::Array(vec![shapes::hex("A transaction's wtxid")]),
                        "The transactions whose fees and sizes that rate is of",
                    ),
                ),
            ])
            .optional(),
        ),
        (
            "reject-reason",
            shapes::text("Why it would not be taken").optional(),
        ),
    ]);
    Method::declare(
        "rawtransactions",
        "testmempoolaccept",
        "Tells whether transactions would be taken among the unconfirmed ones, parents before their children.",
    )
    .param(Param::required(
        "rawtxs",
        Kind::Array(vec![Param::optional("rawtx", Kind::Hex, "A transaction's bytes")]),
        "The transactions",
    ))
    .param(max_fee_rate_param())
    .result(shapes::array(result))
    .example("'[\"signedhex\"]'", "[\"signedhex\"]")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let texts = read_several(request.arguments.value("rawtxs"))?;
            let max_rate = max_fee_rate(request.arguments.value("maxfeerate"))?;
            blocking(&node, move |node| {
                let package = texts.iter().map(|text| read(text)).collect::<Result<Vec<_>, _>>()?;
                tip_of(&node.chain.tree())?;
                let now = node.chain.clock().now();
                let result = node
                    .pool
                    .with(|pool| pool.test_package(&package, &View(node), now));
                Ok(describe(&package, &result, max_rate))
            })
            .await
        }
    })
}

pub(super) fn read(text: &str) -> Result<Arc<Transaction>, RpcError> {
    from_hex(text, Form::Witness).map(Arc::new).ok_or_else(|| {
        RpcError::new(
            code::DESERIALIZATION_ERROR,
            format!("TX decode failed: {text} Make sure the tx has at least one input."),
        )
    })
}

fn describe(package: &[Arc<Transaction>], result: &PackageResult, max_rate: FeeRate) -> Value {
    let of_package = match &result.error {
        None | Some(PackageError::Transaction) => None,
        Some(error) => Some(reason(&error.to_string())),
    };
    // Nothing is told of those after the first that pays too much.
    let mut is_over = false;
    let told = package.iter().map(|transaction| {
        let wtxid = witness_hash(transaction);
        let mut told = json!({
            "txid": transaction.compute_txid().to_string(),
            "wtxid": wtxid.to_string(),
        });
        if let Some(error) = &of_package {
            told["package-error"] = error.as_str().into();
        }
        if is_over {
            return told;
        }
        // The pool knows a transaction without inputs by another hash than upstream does.
        match result.transactions.get(&transaction.compute_wtxid()) {
            None => {}
            Some(TransactionOutcome::Accepted(accepted)) => {
                if pays_too_much(accepted, max_rate) {
                    told["allowed"] = false.into();
                    told["reject-reason"] = "max-fee-exceeded".into();
                    is_over = true;
                } else {
                    told["allowed"] = true.into();
                    told["vsize"] = accepted.size.into();
                    told["fees"] = fees(accepted);
                }
            }
            Some(TransactionOutcome::Rejected(rejection)) => {
                told["allowed"] = false.into();
                told["reject-reason"] = match rejection.kind {
                    RejectionKind::MissingInputs => "missing-inputs".into(),
                    _ => rejection.reason.as_str().into(),
                };
            }
            Some(TransactionOutcome::InPool { .. }) => {
                told["allowed"] = false.into();
                told["reject-reason"] = "txn-already-in-mempool".into();
            }
            Some(TransactionOutcome::OtherWitness { .. }) => {
                told["allowed"] = false.into();
                told["reject-reason"] = "txn-same-nonwitness-data-in-mempool".into();
            }
        }
        told
    });
    told.collect()
}

fn pays_too_much(accepted: &Accepted, max_rate: FeeRate) -> bool {
    let fee = i64::try_from(accepted.fee.to_sat()).unwrap_or(i64::MAX);
    let most = max_rate.fee(accepted.size);
    most > 0 && fee > most
}

pub(super) fn fees(accepted: &Accepted) -> Value {
    let includes = accepted.effective_includes.iter().map(ToString::to_string);
    json!({
        "base": unsigned_to_json(accepted.fee.to_sat()),
        "effective-feerate": to_json(accepted.effective_rate.units()),
        "effective-includes": includes.collect::<Vec<_>>(),
    })
}

/// What stands before the details.
fn reason(text: &str) -> String {
    text.split(", ").next().unwrap_or_default().to_owned()
}
