//! A transaction of the pool, and those that it stands on or that stand on it.

use std::collections::BTreeSet;

use bitcoin::{OutPoint, Txid};
use mempool::Mempool;
use rpc::{Kind, Method, Param, RpcError, Shape, ShapeKind};
use serde_json::{Map, Value, json};

use super::{entry, not_in_pool};
use crate::shapes;
use crate::state::{Node, blocking};
use crate::values::{self, OtherMembers};

pub(super) fn methods(node: &Node) -> Vec<Method> {
    vec![
        getmempoolentry(node.clone()),
        relatives(
            node.clone(),
            "getmempoolancestors",
            "Lists the unconfirmed transactions that one stands on.",
            Mempool::ancestors,
        ),
        relatives(
            node.clone(),
            "getmempooldescendants",
            "Lists the unconfirmed transactions that stand on one.",
            Mempool::descendants,
        ),
        gettxspendingprevout(node.clone()),
    ]
}

fn txid_param() -> Param {
    Param::required("txid", Kind::Hex, "The transaction's id")
}

fn getmempoolentry(node: Node) -> Method {
    Method::declare(
        "blockchain",
        "getmempoolentry",
        "Tells of an unconfirmed transaction.",
    )
    .param(txid_param())
    .result(shapes::object(entry::shape()))
    .example("\"mytxid\"", "\"mytxid\"")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let txid: Txid = values::hash(request.arguments.value("txid"), "parameter 1")?;
            let node = node.get()?;
            node.pool.with(|pool| {
                let found = pool.get(&txid).ok_or_else(not_in_pool)?;
                Ok(entry::describe(pool, found))
            })
        }
    })
}

fn relatives(
    node: Node,
    name: &'static str,
    description: &'static str,
    find: fn(&Mempool, &Txid) -> BTreeSet<Txid>,
) -> Method {
    Method::declare("blockchain", name, description)
        .param(txid_param())
        .param(Param::defaulted(
            "verbose",
            Kind::Boolean,
            false,
            "Whether to tell of each, instead of its id alone",
        ))
        .result_when(
            "no verbose",
            Shape::new(ShapeKind::Array(vec![shapes::hex("A transaction's id")]), ""),
        )
        .result_when(
            "verbose",
            Shape::new(
                ShapeKind::Map("transactionid", Box::new(shapes::object(entry::shape()))),
                "",
            ),
        )
        .example("\"mytxid\"", "\"mytxid\"")
        .handle(move |request| {
            let node = node.clone();
            async move {
                let txid: Txid = values::hash(request.arguments.value("txid"), "parameter 1")?;
                let is_verbose = request.arguments.optional("verbose")?.unwrap_or(false);
                blocking(&node, move |node| {
                    node.pool.with(|pool| {
                        pool.get(&txid).ok_or_else(not_in_pool)?;
                        let mut found = find(pool, &txid);
                        found.remove(&txid);
                        if !is_verbose {
                            return Ok(found.iter().map(ToString::to_string).collect());
                        }
                        let entries = found.iter().filter_map(|txid| pool.get(txid));
                        let all = entries.map(|found| (found.txid.to_string(), entry::describe(pool, found)));
                        Ok(Value::Object(all.collect::<Map<_, _>>()))
                    })
                })
                .await
            }
        })
}

fn gettxspendingprevout(node: Node) -> Method {
    Method::declare(
        "blockchain",
        "gettxspendingprevout",
        "Tells which unconfirmed transactions spend outputs.",
    )
    .param(Param::required(
        "outputs",
        Kind::Array(vec![Param::optional(
            "",
            Kind::Object(vec![
                Param::required("txid", Kind::Hex, "The transaction's id"),
                Param::required("vout", Kind::Number, "Which of its outputs"),
            ]),
            "An output",
        )]),
        "The outputs",
    ))
    .result(shapes::array(shapes::object(vec![
        ("txid", shapes::hex("The transaction's id")),
        ("vout", shapes::number("Which of its outputs")),
        (
            "spendingtxid",
            shapes::hex("The transaction that spends it, if there is one").optional(),
        ),
    ])))
    .example(
        "'[{\"txid\":\"mytxid\",\"vout\":0}]'",
        "[{\"txid\":\"mytxid\",\"vout\":0}]",
    )
    .handle(move |request| {
        let node = node.clone();
        async move {
            let outputs = values::array(request.arguments.value("outputs"))?;
            if outputs.is_empty() {
                return Err(RpcError::invalid_parameter(
                    "Invalid parameter, outputs are missing",
                ));
            }
            let outputs: Vec<OutPoint> = outputs.iter().map(outpoint).collect::<Result<_, _>>()?;
            let node = node.get()?;
            Ok(node.pool.with(|pool| {
                let told = outputs.iter().map(|outpoint| {
                    let mut told = json!({ "txid": outpoint.txid.to_string(), "vout": outpoint.vout });
                    if let Some(spender) = pool.spender(outpoint) {
                        told["spendingtxid"] = spender.txid.to_string().into();
                    }
                    told
                });
                told.collect()
            }))
        }
    })
}

fn outpoint(value: &Value) -> Result<OutPoint, RpcError> {
    let members = values::object(value)?;
    let expected = [("txid", "string"), ("vout", "number")];
    values::check_members(members, &expected, OtherMembers::Refused)?;
    let txid = values::hash(values::member(members, "txid"), "txid")?;
    let place = values::small_integer(values::member(members, "vout"))?;
    let vout = u32::try_from(place)
        .map_err(|_| RpcError::invalid_parameter("Invalid parameter, vout cannot be negative"))?;
    Ok(OutPoint { txid, vout })
}
