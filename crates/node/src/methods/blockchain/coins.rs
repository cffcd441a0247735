//! The methods about coins.

use bitcoin::{OutPoint, TxOut};
use chain::snapshot::{HashKind, statistics};
use consensus::transaction::Coin;
use encoding::json::output_script;
use rpc::{Kind, Method, Outcome, Param, RpcError, Shape, ShapeKind, code};
use serde_json::{Value, json};

use super::named;
use crate::state::{Node, NodeState, blocking};
use crate::{shapes, values};

pub(super) fn methods(node: &Node) -> Vec<Method> {
    vec![gettxout(node.clone()), gettxoutsetinfo(node.clone())]
}

fn gettxout(node: Node) -> Method {
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
            let place: i64 = request.arguments.required("n")?;
            let Ok(vout) = u32::try_from(place) else {
                return Ok(Value::Null);
            };
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

fn gettxoutsetinfo(node: Node) -> Method {
    Method::declare(
        "blockchain",
        "gettxoutsetinfo",
        "Tells of all outputs that are not spent. It may take long.",
    )
    .param(Param::defaulted(
        "hash_type",
        Kind::String,
        "hash_serialized_3",
        "By which hash nodes can compare them: hash_serialized_3, muhash or none",
    ))
    .param(
        Param::hinted(
            "hash_or_height",
            Kind::Hex,
            "the tip",
            "Up to which block, for which there must be -coinstatsindex",
        )
        .unchecked(),
    )
    .param(Param::defaulted(
        "use_index",
        Kind::Boolean,
        true,
        "Whether -coinstatsindex may be used",
    ))
    .result(shapes::object(vec![
        ("height", shapes::number("The tip's height")),
        ("bestblock", shapes::hex("The tip's hash")),
        ("txouts", shapes::number("How many outputs there are")),
        (
            "bogosize",
            shapes::number("A measure of how much space they take that does not depend on how they are kept"),
        ),
        ("hash_serialized_3", shapes::hex("Their hash in order").optional()),
        ("muhash", shapes::hex("Their hash in any order").optional()),
        ("total_amount", shapes::amount("Their sum")),
        (
            "transactions",
            shapes::number("How many transactions have such outputs").optional(),
        ),
        (
            "disk_size",
            shapes::number("About how many bytes they take on disk").optional(),
        ),
    ]))
    .example("", "")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let kind: Option<String> = request.arguments.optional("hash_type")?;
            let name = kind.unwrap_or_else(|| "hash_serialized_3".to_owned());
            let kind = match name.as_str() {
                "hash_serialized_3" => HashKind::Serialized,
                "muhash" => HashKind::MuHash,
                "none" => HashKind::None,
                other => {
                    let text = format!("'{other}' is not a valid hash_type");
                    return Err(RpcError::invalid_parameter(text));
                }
            };
            if !request.arguments.value("hash_or_height").is_null() {
                return Err(RpcError::invalid_parameter(
                    "Querying specific block heights requires coinstatsindex",
                ));
            }
            blocking(&node, move |node| count(node, kind, &name)).await
        }
    })
}

fn count(node: &NodeState, kind: HashKind, name: &str) -> Outcome {
    node.chain.flush().map_err(|error| node.fail(&error))?;
    let coins = node.chain.lock_coins();
    let database = |error| RpcError::new(code::INTERNAL_ERROR, format!("Unable to read UTXO set: {error}"));
    let snapshot = coins.snapshot().map_err(database)?;
    let found = statistics(snapshot.iter().map_err(database)?, kind).map_err(database)?;
    let (best, size) = (snapshot.best_block(), coins.database().size().map_err(database)?);
    let tree = node.chain.tree();
    let tip = match best.and_then(|hash| tree.find(&hash)) {
        Some(id) => tree.entry(id),
        None => tree.entry(named::tip(&tree)?),
    };
    let mut object = json!({
        "height": tip.height,
        "bestblock": tip.hash.to_string(),
        "txouts": found.coins,
        "bogosize": found.bogo_size,
    });
    let members = object.as_object_mut().expect("it is an object");
    if let Some(hash) = found.hash {
        members.insert(name.to_owned(), hash.to_string().into());
    }
    let total = u64::try_from(found.amount).unwrap_or(u64::MAX);
    members.insert(
        "total_amount".to_owned(),
        encoding::amount::unsigned_to_json(total),
    );
    members.insert("transactions".to_owned(), found.transactions.into());
    members.insert("disk_size".to_owned(), size.into());
    Ok(object)
}
