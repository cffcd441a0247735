//! `gettxout`: an output that is not spent.

use bitcoin::{OutPoint, TxOut};
use consensus::transaction::Coin;
use encoding::json::output_script;
use rpc::{Kind, Method, Outcome, Param, Shape, ShapeKind};
use serde_json::{Value, json};

use super::named;
use crate::state::{Node, NodeState, blocking};
use crate::{shapes, values};

pub(super) fn gettxout(node: Node) -> Method {
    Method::declare(
        "blockchain",
        "gettxout",
        "Gives an output that is not spent, or null.",
    )
    .param(Param::required("txid", Kind::Hex, "The transaction's id"))
    .param(Param::required("n", Kind::Number, "Which of its outputs"))
    .param(Param::defaulted(
        "include_mempool",
        Kind::Boolean,
        true,
        "Whether unconfirmed transactions count",
    ))
    .result_when("there is no such output", Shape::new(ShapeKind::Null, ""))
    .result_when(
        "there is",
        shapes::object(vec![
            ("bestblock", shapes::hex("The tip's hash")),
            (
                "confirmations",
                shapes::number("Blocks from its own to the tip, both counted; 0 where it is unconfirmed"),
            ),
            ("value", shapes::amount("Its amount")),
            ("scriptPubKey", shapes::output_script()),
            ("coinbase", shapes::flag("Whether a coinbase made it")),
        ]),
    )
    .example("\"txid\" 1", "\"txid\", 1")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let txid = values::hash(request.arguments.value("txid"), "txid")?;
            let vout: u32 = request.arguments.required("n")?;
            let includes_pool = request.arguments.optional("include_mempool")?.unwrap_or(true);
            blocking(&node, move |node| {
                let outpoint = OutPoint { txid, vout };
                if includes_pool {
                    match in_pool(node, &outpoint) {
                        InPool::Spent => return Ok(Value::Null),
                        InPool::Made(output) => return describe_output(node, &output, 0, false),
                        InPool::Unknown => {}
                    }
                }
                let coin = node
                    .chain
                    .coin(&outpoint)
                    .map_err(|error| node.fail(&error.into()))?;
                coin.map_or(Ok(Value::Null), |coin| describe(node, &coin))
            })
            .await
        }
    })
}

/// What unconfirmed transactions make of an output.
enum InPool {
    /// One of them spends it.
    Spent,
    /// It is of one of them, and not spent.
    Made(TxOut),
    /// They have nothing to do with it.
    Unknown,
}

fn in_pool(node: &NodeState, outpoint: &OutPoint) -> InPool {
    node.pool.with(|pool| {
        if pool.spender(outpoint).is_some() {
            return InPool::Spent;
        }
        let made = pool.get(&outpoint.txid);
        match made.and_then(|entry| entry.transaction.output.get(outpoint.vout as usize)) {
            Some(output) => InPool::Made(output.clone()),
            None => InPool::Unknown,
        }
    })
}

fn describe(node: &NodeState, coin: &Coin) -> Outcome {
    let tip = {
        let tree = node.chain.tree();
        tree.entry(named::tip(&tree)?).height
    };
    let confirmations = i64::from(tip) - i64::from(coin.height) + 1;
    describe_output(node, &coin.output, confirmations, coin.is_coinbase)
}

fn describe_output(node: &NodeState, output: &TxOut, confirmations: i64, is_coinbase: bool) -> Outcome {
    let tree = node.chain.tree();
    let tip = tree.entry(named::tip(&tree)?);
    Ok(json!({
        "bestblock": tip.hash.to_string(),
        "confirmations": confirmations,
        "value": encoding::amount::unsigned_to_json(output.value.to_sat()),
        "scriptPubKey": output_script(&output.script_pubkey, &node.chain.params().address),
        "coinbase": is_coinbase,
    }))
}
