//! What fees count as, whatever they are.

use bitcoin::Txid;
use rpc::{Kind, Method, Param, RpcError, Shape, ShapeKind};
use serde_json::{Map, Value, json};

use crate::state::Node;
use crate::{shapes, values};

pub(super) fn methods(node: &Node) -> Vec<Method> {
    vec![
        prioritisetransaction(node.clone()),
        getprioritisedtransactions(node.clone()),
    ]
}

fn prioritisetransaction(node: Node) -> Method {
    Method::declare(
        "mining",
        "prioritisetransaction",
        "Lets a transaction count as if it paid more or less, where transactions are chosen for blocks.",
    )
    .param(Param::required("txid", Kind::Hex, "The transaction's id"))
    .param(Param::optional("dummy", Kind::Number, "Must be 0 or null"))
    .param(Param::required(
        "fee_delta",
        Kind::Number,
        "What is added, in units",
    ))
    .result(shapes::flag("Always true"))
    .example("\"txid\" 0.0 10000", "\"txid\", 0.0, 10000")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let txid: Txid = values::hash(request.arguments.value("txid"), "txid")?;
            let delta: i64 = request.arguments.required("fee_delta")?;
            let dummy = request.arguments.value("dummy");
            if !dummy.is_null() && dummy.as_f64() != Some(0.0) {
                return Err(RpcError::invalid_parameter(
                    "Priority is no longer supported, dummy argument to prioritisetransaction must be 0.",
                ));
            }
            node.get()?.pool.with(|pool| pool.prioritise(txid, delta));
            Ok(true.into())
        }
    })
}

fn getprioritisedtransactions(node: Node) -> Method {
    let one = shapes::object(vec![
        ("fee_delta", shapes::number("What is added, in units")),
        (
            "in_mempool",
            shapes::flag("Whether it is among the unconfirmed transactions"),
        ),
    ]);
    Method::declare(
        "mining",
        "getprioritisedtransactions",
        "Lists what prioritisetransaction has changed.",
    )
    .result(Shape::new(ShapeKind::Map("transactionid", Box::new(one)), ""))
    .example("", "")
    .handle(move |_request| {
        let node = node.clone();
        async move {
            Ok(node.get()?.pool.with(|pool| {
                let all = pool.prioritised().map(|prioritised| {
                    let told = json!({
                        "fee_delta": prioritised.delta,
                        "in_mempool": prioritised.modified_fee.is_some(),
                    });
                    (prioritised.txid.to_string(), told)
                });
                Value::Object(all.collect::<Map<_, _>>())
            }))
        }
    })
}
