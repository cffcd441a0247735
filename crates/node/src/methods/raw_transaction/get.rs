//! `getrawtransaction`: a transaction by its id, wherever it is.

use bitcoin::{BlockHash, Transaction, Txid};
use chain::tree::EntryId;
use encoding::json::{PreviousOutputs, SpentCoin, transaction, transaction_with_spent};
use rpc::{Kind, Method, Outcome, Param, RpcError, Shape, ShapeKind, code};
use serde_json::{Map, Value};

use crate::methods::blockchain::read_block;
use crate::state::{Node, NodeState, blocking};
use crate::{shapes, values};

pub(super) fn getrawtransaction(node: Node) -> Method {
    let mut members = vec![(
        "in_active_chain",
        shapes::flag("Whether the block is in the best chain; told unless it is unconfirmed").optional(),
    )];
    members.extend(shapes::transaction("The transaction's id"));
    members.extend([
        (
            "fee",
            shapes::amount("What it pays, where what it spends is known").optional(),
        ),
        ("hex", shapes::hex("The transaction's bytes")),
        ("blockhash", shapes::hex("The block that it is in").optional()),
        (
            "confirmations",
            shapes::number("Blocks from that one to the tip, both counted").optional(),
        ),
        (
            "time",
            Shape::new(ShapeKind::Time, "The same as blocktime").optional(),
        ),
        (
            "blocktime",
            Shape::new(ShapeKind::Time, "The block's time, in seconds since 1970").optional(),
        ),
    ]);
    Method::declare(
        "rawtransactions",
        "getrawtransaction",
        "Gives a transaction: one that is not confirmed, one in the block that is named, or one in the chain. Those in the chain \
         are found by -txindex, or without it as long as one of their outputs is not spent.",
    )
    .param(Param::required("txid", Kind::Hex, "The transaction's id"))
    .param(
        Param::defaulted(
            "verbosity|verbose",
            Kind::Number,
            0,
            "0 for the transaction's bytes, 1 for an object, 2 for one with what it spends too",
        )
        .unchecked(),
    )
    .param(Param::optional("blockhash", Kind::Hex, "The block to look in"))
    .result_when("verbosity 0", shapes::hex("The transaction's bytes"))
    .result_when("verbosity 1", shapes::object(members))
    .result_when(
        "verbosity 2",
        Shape::new(ShapeKind::Elision, "As for 1, with fee, and what each input spends in prevout"),
    )
    .example("\"mytxid\" true", "\"mytxid\", true")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let txid: Txid = values::hash(request.arguments.value("txid"), "parameter 1")?;
            let verbosity = match request.arguments.value("verbosity") {
                Value::Null => 0,
                Value::Bool(is_verbose) => (*is_verbose).into(),
                value => rpc::FromArgument::from_argument(value)?,
            };
            let block: Option<BlockHash> = match request.arguments.value("blockhash") {
                Value::Null => None,
                value => Some(values::hash(value, "parameter 3")?),
            };
            blocking(&node, move |node| get(node, txid, verbosity, block)).await
        }
    })
}

/// A transaction, and the block that it is in.
pub(crate) type Found = (Transaction, Option<EntryId>);

fn get(node: &NodeState, txid: Txid, verbosity: i32, block: Option<BlockHash>) -> Outcome {
    let genesis = node.chain.params().genesis.block();
    if genesis.txdata[0].compute_txid() == txid {
        return Err(RpcError::new(
            code::INVALID_ADDRESS_OR_KEY,
            "The genesis block coinbase is not considered an ordinary transaction and cannot be retrieved",
        ));
    }
    let named = match block {
        None => None,
        Some(hash) => Some(
            node.chain
                .tree()
                .find(&hash)
                .ok_or_else(|| RpcError::new(code::INVALID_ADDRESS_OR_KEY, "Block hash not found"))?,
        ),
    };
    let (found, block) = match named {
        Some(id) => in_block(node, txid, id)?,
        None => anywhere(node, txid)?,
    };
    let hex = node.serialization().transaction_hex(&found);
    if verbosity <= 0 {
        return Ok(hex.into());
    }
    let mut object = Map::new();
    // One that was found in the chain is in it, whether a block was named or not.
    if let Some(id) = block {
        object.insert(
            "in_active_chain".to_owned(),
            node.chain.tree().is_active(id).into(),
        );
    }
    object.extend(members(node, &found, block, verbosity));
    object.insert("hex".to_owned(), hex.into());
    if let Some(id) = block {
        let tree = node.chain.tree();
        let entry = tree.entry(id);
        object.insert("blockhash".to_owned(), entry.hash.to_string().into());
        if tree.is_active(id) {
            let tip = tree.tip().map_or(0, |tip| tree.entry(tip).height);
            object.insert("confirmations".to_owned(), (tip - entry.height + 1).into());
            object.insert("time".to_owned(), entry.header.time.into());
            object.insert("blocktime".to_owned(), entry.header.time.into());
        } else {
            object.insert("confirmations".to_owned(), 0.into());
        }
    }
    Ok(object.into())
}

fn in_block(node: &NodeState, txid: Txid, id: EntryId) -> Result<Found, RpcError> {
    if !node.chain.tree().entry(id).has_data() {
        return Err(RpcError::misc("Block not available"));
    }
    let block = read_block(node, id)?;
    let mut transactions = block.transactions.into_iter();
    match transactions.find(|transaction| transaction.compute_txid() == txid) {
        Some(found) => Ok((found, Some(id))),
        None => Err(not_found("No such transaction found in the provided block")),
    }
}

/// A transaction of the pool, or of the chain.
///
/// # Errors
/// None is found: [`code::INVALID_ADDRESS_OR_KEY`].
pub(crate) fn anywhere(node: &NodeState, txid: Txid) -> Result<Found, RpcError> {
    let in_pool = node.pool.with(|pool| {
        pool.get(&txid)
            .map(|entry| Transaction::clone(&entry.transaction))
    });
    if let Some(found) = in_pool {
        return Ok((found, None));
    }
    let Some(index) = &node.indexes.transactions else {
        return match by_coin(node, txid)? {
            Some(id) => in_block(node, txid, id),
            None => Err(not_found(
                "No such mempool transaction. Use -txindex or provide a block hash to enable blockchain transaction queries",
            )),
        };
    };
    let is_current = node.indexes.sync(node, index)?;
    let found = index.find(&txid, node.chain.files());
    let found = found.map_err(|error| node.fail_index(error))?;
    found
        .map(|(hash, transaction)| (transaction, node.chain.tree().find(&hash)))
        .ok_or_else(|| {
            not_found(match is_current {
                true => "No such mempool or blockchain transaction",
                false => {
                    "No such mempool transaction. Blockchain transactions are still in the process of being indexed"
                }
            })
        })
}

fn not_found(text: &str) -> RpcError {
    RpcError::new(
        code::INVALID_ADDRESS_OR_KEY,
        format!("{text}. Use gettransaction for wallet transactions."),
    )
}

/// The block of the chain with a transaction of which an output is not spent.
pub(in crate::methods) fn by_coin(node: &NodeState, txid: Txid) -> Result<Option<EntryId>, RpcError> {
    let coin = node.chain.any_coin(&txid);
    let coin = coin.map_err(|error| node.fail(&error.into()))?;
    Ok(coin.and_then(|coin| node.chain.tree().active(coin.height)))
}

fn members(
    node: &NodeState,
    found: &Transaction,
    block: Option<EntryId>,
    verbosity: i32,
) -> Map<String, Value> {
    let chain = &node.chain.params().address;
    if verbosity >= 2
        && let Some(id) = block
        && let Some(coins) = spent(node, found, id)
    {
        let coins: Vec<_> = coins
            .iter()
            .map(|coin| SpentCoin {
                output: &coin.output,
                height: coin.height,
                is_generated: coin.is_coinbase,
            })
            .collect();
        return transaction_with_spent(found, &coins, PreviousOutputs::Shown, chain);
    }
    transaction(found, chain)
}

/// What a transaction of a block spent.
fn spent(node: &NodeState, found: &Transaction, id: EntryId) -> Option<Vec<consensus::transaction::Coin>> {
    let block = read_block(node, id).ok()?;
    let mut undo = node.chain.read_undo(id).ok()?;
    let txid = found.compute_txid();
    let place = block
        .transactions
        .iter()
        .position(|transaction| transaction.compute_txid() == txid)?;
    let place = place
        .checked_sub(1)
        .filter(|place| *place < undo.transactions.len())?;
    Some(undo.transactions.swap_remove(place).coins)
}
