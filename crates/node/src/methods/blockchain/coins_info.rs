//! `gettxoutsetinfo`: what there is to say of all outputs that are not spent.

use chain::indexes::{BlockId, Index as _, StatisticsIndex, StatisticsRecord, Totals};
use chain::snapshot::{HashKind, statistics};
use chain::tree::EntryId;
use rpc::{Kind, Method, Outcome, Param, Request, RpcError, Shape, code};
use serde_json::{Value, json};

use super::named::HashOrHeight;
use super::{named, scan};
use crate::shapes;
use crate::state::{Node, NodeState, blocking};

/// After so many coins it is looked whether the node stops.
const PAUSE: u64 = 8192;

pub(super) fn gettxoutsetinfo(node: Node) -> Method {
    Method::declare(
        "blockchain",
        "gettxoutsetinfo",
        "Tells of all outputs that are not spent. It may take long, unless -coinstatsindex is used.",
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
            Kind::Number,
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
        ("height", shapes::number("The height up to which this tells")),
        ("bestblock", shapes::hex("The block up to which this tells")),
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
            shapes::number("How many transactions have such outputs; not known to the index").optional(),
        ),
        (
            "disk_size",
            shapes::number("About how many bytes they take on disk; not known to the index").optional(),
        ),
        (
            "total_unspendable_amount",
            shapes::amount("What can never be spent; known to the index alone").optional(),
        ),
        ("block_info", block_info().optional()),
    ]))
    .example("", "")
    .example("\"none\"", "\"none\"")
    .example("\"none\" 1000", "\"none\", 1000")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let question = Question::of(&request)?;
            blocking(&node, move |node| answer(node, &question)).await
        }
    })
}

fn block_info() -> Shape {
    shapes::object(vec![
        ("prevout_spent", shapes::amount("What the block spent")),
        ("coinbase", shapes::amount("What its coinbase created")),
        (
            "new_outputs_ex_coinbase",
            shapes::amount("What its other transactions created"),
        ),
        (
            "unspendable",
            shapes::amount("What of it can never be spent, or was not taken"),
        ),
        (
            "unspendables",
            shapes::object(vec![
                ("genesis_block", shapes::amount("The genesis block's outputs")),
                (
                    "bip30",
                    shapes::amount("Coinbases that others of the same id took the place of"),
                ),
                (
                    "scripts",
                    shapes::amount("What scripts hold that can never be fulfilled"),
                ),
                (
                    "unclaimed_rewards",
                    shapes::amount("What the miner might have taken and did not"),
                ),
            ]),
        ),
    ])
}

/// What is asked.
struct Question {
    kind: HashKind,
    kind_name: String,
    /// The block's hash or height, null for the tip's.
    block: Value,
    uses_index: bool,
}

impl Question {
    fn of(request: &Request) -> Result<Self, RpcError> {
        let name: Option<String> = request.arguments.optional("hash_type")?;
        let name = name.unwrap_or_else(|| "hash_serialized_3".to_owned());
        let kind = match name.as_str() {
            "hash_serialized_3" => HashKind::Serialized,
            "muhash" => HashKind::MuHash,
            "none" => HashKind::None,
            other => {
                let text = format!("'{other}' is not a valid hash_type");
                return Err(RpcError::invalid_parameter(text));
            }
        };
        Ok(Self {
            kind,
            kind_name: name,
            block: request.arguments.value("hash_or_height").clone(),
            uses_index: request.arguments.optional("use_index")?.unwrap_or(true),
        })
    }
}

fn answer(node: &NodeState, question: &Question) -> Outcome {
    let index = node.indexes.statistics.as_ref();
    if !question.block.is_null() {
        let refused = |text| Err(RpcError::invalid_parameter(text));
        if index.is_none() {
            return refused("Querying specific block heights requires coinstatsindex");
        }
        if question.kind == HashKind::Serialized {
            return refused("hash_serialized_3 hash type cannot be queried for a specific block");
        }
        if !question.uses_index {
            return refused("Cannot set use_index to false when querying for a specific block");
        }
    }
    match index {
        Some(index) if question.uses_index && question.kind != HashKind::Serialized => {
            look_up(node, index, question)
        }
        _ => count(node, question),
    }
}

/// Counts all coins.
fn count(node: &NodeState, question: &Question) -> Outcome {
    let snapshot = node.chain.coins_snapshot().map_err(|error| node.fail(&error))?;
    let mut seen = 0;
    let coins = snapshot.iter().map_err(unreadable)?.map(|coin| {
        seen += 1;
        if u64::is_multiple_of(seen, PAUSE) {
            scan::check_runs(node)?;
        }
        coin.map_err(unreadable)
    });
    let found = statistics(coins, question.kind)?;
    let size = snapshot.size().map_err(unreadable)?;
    let tree = node.chain.tree();
    let tip = match snapshot.best_block() {
        Some(hash) => tree.entry(named::block(&tree, &hash)?),
        None => tree.entry(named::tip(&tree)?),
    };
    let mut told = json!({
        "height": tip.height,
        "bestblock": tip.hash.to_string(),
        "txouts": found.coins,
        "bogosize": found.bogo_size,
        "total_amount": amount(i128::try_from(found.amount).unwrap_or(i128::MAX)),
        "transactions": found.transactions,
        "disk_size": size,
    });
    if let Some(hash) = found.hash {
        told[&question.kind_name] = hash.to_string().into();
    }
    Ok(told)
}

/// Asks the index.
fn look_up(node: &NodeState, index: &StatisticsIndex, question: &Question) -> Outcome {
    let block = match &question.block {
        Value::Null => None,
        block => Some(HashOrHeight::of(block)?),
    };
    let (id, before) = {
        let tree = node.chain.tree();
        let entry = match &block {
            Some(block) => block.find(&tree)?,
            None => named::tip(&tree)?,
        };
        let parent = tree.entry(entry).parent;
        let name = |entry: EntryId| BlockId {
            height: tree.entry(entry).height,
            hash: tree.entry(entry).hash,
        };
        (name(entry), parent.map(name))
    };
    if !node.indexes.sync(node, index)? {
        let best = index
            .store()
            .best()
            .map_err(unreadable)?
            .map_or(0, |best| best.height);
        if id.height > best {
            return Err(RpcError::new(
                code::INTERNAL_ERROR,
                format!("Unable to get data because coinstatsindex is still syncing. Current height: {best}"),
            ));
        }
    }
    let record = |id: &BlockId| -> Result<StatisticsRecord, RpcError> {
        let record = index.record(id).map_err(unreadable)?;
        record.ok_or_else(|| RpcError::new(code::INTERNAL_ERROR, "Unable to read UTXO set"))
    };
    let found = record(&id)?;
    let before = match before {
        Some(before) => record(&before)?.totals,
        None => Totals::default(),
    };
    let mut told = json!({
        "height": id.height,
        "bestblock": id.hash.to_string(),
        "txouts": found.coins,
        "bogosize": found.bogo_size,
        "total_amount": encoding::amount::unsigned_to_json(found.amount),
        "total_unspendable_amount": amount(found.totals.unspendable()),
        "block_info": describe(found.totals - before),
    });
    if question.kind == HashKind::MuHash {
        told["muhash"] = found.hash.to_string().into();
    }
    Ok(told)
}

fn unreadable(error: impl std::fmt::Display) -> RpcError {
    RpcError::new(code::INTERNAL_ERROR, format!("Unable to read UTXO set: {error}"))
}

/// What one block did.
fn describe(block: Totals) -> Value {
    json!({
        "prevout_spent": amount(block.spent),
        "coinbase": amount(block.coinbase),
        "new_outputs_ex_coinbase": amount(block.new_outputs),
        "unspendable": amount(block.unspendable()),
        "unspendables": {
            "genesis_block": amount(block.genesis),
            // No coinbase of this chain has the id of another.
            "bip30": amount(0),
            "scripts": amount(block.scripts),
            "unclaimed_rewards": amount(block.unclaimed),
        },
    })
}

fn amount(units: i128) -> Value {
    encoding::amount::to_json(i64::try_from(units).unwrap_or(i64::MAX))
}
