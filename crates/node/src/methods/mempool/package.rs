//! `submitpackage`: taking a transaction in together with those that it stands on, for which it may pay.

use std::collections::BTreeSet;
use std::sync::Arc;

use bitcoin::{Transaction, Txid};
use encoding::amount::unsigned_to_json;
use encoding::transaction::witness_hash;
use mempool::accept::{PackageError, PackageResult, TransactionOutcome, is_child_with_parents};
use rpc::{Kind, Method, Outcome, Param, RpcError, Shape, ShapeKind, code};
use serde_json::{Map, Value, json};

use super::test_accept::{fees, read, read_several};
use crate::methods::blockchain::tip_of;
use crate::pool::View;
use crate::shapes;
use crate::state::{Node, NodeState, blocking};

pub(super) fn submitpackage(node: Node) -> Method {
    Method::declare(
        "rawtransactions",
        "submitpackage",
        "Takes a transaction among the unconfirmed ones together with those whose outputs it spends, for which it may pay. \
         None of those may spend from another one.",
    )
    .param(Param::required(
        "package",
        Kind::Array(vec![Param::optional("rawtx", Kind::Hex, "A transaction's bytes")]),
        "The transactions, the one that spends from the others last",
    ))
    .result(shape())
    .example("'[\"rawtx1\", \"rawtx2\"]'", "[\"rawtx1\", \"rawtx2\"]")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let texts = read_several(request.arguments.value("package"))?;
            blocking(&node, move |node| {
                let package = texts.iter().map(|text| read(text)).collect::<Result<Vec<_>, _>>()?;
                submit(node, &package)
            })
            .await
        }
    })
}

fn shape() -> Shape {
    let fees = shapes::object(vec![
        ("base", shapes::amount("What it pays")),
        (
            "effective-feerate",
            shapes::amount("What counted, for 1,000 virtual bytes; missing where it was there before")
                .optional(),
        ),
        (
            "effective-includes",
            Shape::new(
                ShapeKind::Array(vec![shapes::hex("A transaction's wtxid")]),
                "The transactions whose fees and sizes that rate is of",
            )
            .optional(),
        ),
    ]);
    let result = shapes::object(vec![
        ("txid", shapes::hex("The transaction's id")),
        (
            "other-wtxid",
            shapes::hex(
                "The wtxid of the same transaction with another witness that was there before, and stays",
            )
            .optional(),
        ),
        ("vsize", shapes::number("Its size in virtual bytes").optional()),
        ("fees", fees.optional()),
    ]);
    shapes::object(vec![
        (
            "tx-results",
            Shape::new(
                ShapeKind::Map("wtxid", Box::new(result)),
                "What became of the transactions",
            ),
        ),
        (
            "replaced-transactions",
            shapes::array(shapes::hex("The id of a transaction that was replaced")).optional(),
        ),
    ])
}

fn submit(node: &NodeState, package: &[Arc<Transaction>]) -> Outcome {
    if !is_child_with_parents(package) {
        return Err(RpcError::new(
            code::VERIFY_ERROR,
            "package topology disallowed. not child-with-parents or parents depend on each other.",
        ));
    }
    tip_of(&node.chain.tree())?;
    let now = node.chain.clock().now();
    let result = node.pool.with(|pool| {
        let result = pool.submit_package(package, &View(node), now);
        if result.error.is_none() {
            for transaction in package {
                pool.add_unbroadcast(transaction.compute_txid());
            }
        }
        result
    });
    match &result.error {
        None => Ok(describe(package, &result)),
        Some(error) => Err(refusal(package, &result, error)),
    }
}

fn refusal(package: &[Arc<Transaction>], result: &PackageResult, error: &PackageError) -> RpcError {
    let rejected =
        package.iter().find_map(
            |transaction| match result.transactions.get(&witness_hash(transaction)) {
                Some(TransactionOutcome::Rejected(rejection)) => Some((transaction, rejection)),
                _ => None,
            },
        );
    match (error, rejected) {
        (PackageError::Transaction, Some((transaction, rejection))) => RpcError::new(
            code::VERIFY_REJECTED,
            format!("{} failed: {}", transaction.compute_txid(), rejection.reason),
        ),
        _ => {
            let text = error.to_string();
            // Details stand behind a comma.
            let reason = text.split(", ").next().unwrap_or_default();
            RpcError::new(code::VERIFY_ERROR, reason)
        }
    }
}

fn describe(package: &[Arc<Transaction>], result: &PackageResult) -> Value {
    let mut results = Map::new();
    let mut replaced = BTreeSet::<Txid>::new();
    for transaction in package {
        let wtxid = witness_hash(transaction);
        let mut told = json!({ "txid": transaction.compute_txid().to_string() });
        match result.transactions.get(&wtxid) {
            Some(TransactionOutcome::Accepted(accepted)) => {
                told["vsize"] = accepted.size.into();
                told["fees"] = fees(accepted);
                replaced.extend(accepted.replaced.iter().map(|replaced| replaced.compute_txid()));
            }
            Some(TransactionOutcome::InPool { size, fee, .. }) => {
                told["vsize"] = (*size).into();
                told["fees"] = json!({ "base": unsigned_to_json(fee.to_sat()) });
            }
            Some(TransactionOutcome::OtherWitness { in_pool, .. }) => {
                told["other-wtxid"] = in_pool.to_string().into();
            }
            Some(TransactionOutcome::Rejected(_)) | None => {}
        }
        results.insert(wtxid.to_string(), told);
    }
    let replaced: Vec<String> = replaced.iter().map(ToString::to_string).collect();
    json!({ "tx-results": results, "replaced-transactions": replaced })
}
