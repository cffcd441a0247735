//! `getblock` and `getblockheader`.

use bitcoin::consensus::encode::{serialize, serialize_hex};
use bitcoin::hex::DisplayHex as _;
use chain::ChainError;
use chain::tree::{BlockTree, EntryId};
use chain::undo::BlockUndo;
use consensus::auxpow::AuxPow;
use consensus::block::Block;
use consensus::params::AddressParams;
use encoding::json::{PreviousOutputs, SpentCoin, transaction, transaction_with_spent};
use rpc::{Kind, Method, Outcome, Param, RpcError, Shape, ShapeKind};
use serde_json::{Map, Value, json};

use super::difficulty::difficulty;
use super::{named, shapes as block_shapes};
use crate::serialization::Serialization;
use crate::state::{Node, NodeState, blocking};
use crate::{shapes, values};

pub(super) fn methods(node: &Node) -> Vec<Method> {
    vec![getblockheader(node.clone()), getblock(node.clone())]
}

fn getblockheader(node: Node) -> Method {
    Method::declare("blockchain", "getblockheader", "Gives a block's header.")
        .param(Param::required("blockhash", Kind::Hex, "The block's hash"))
        .param(Param::defaulted(
            "verbose",
            Kind::Boolean,
            true,
            "Whether to give an object, or the header's bytes with the work of another chain, if it has that",
        ))
        .result_when("verbose", shapes::object(block_shapes::header()))
        .result_when("no verbose", shapes::hex("The header's bytes"))
        .example(
            "\"00000c937983704a73af28acdec37b049d214adbda81d7e2a3dd146f6ed09\"",
            "\"00000c937983704a73af28acdec37b049d214adbda81d7e2a3dd146f6ed09\"",
        )
        .handle(move |request| {
            let node = node.clone();
            async move {
                let hash = values::hash(request.arguments.value("blockhash"), "hash")?;
                let is_verbose = request.arguments.optional("verbose")?.unwrap_or(true);
                blocking(&node, move |node| {
                    let id = {
                        let tree = node.chain.tree();
                        let id = named::block(&tree, &hash)?;
                        if is_verbose {
                            return Ok(Value::Object(header(&tree, id)?));
                        }
                        id
                    };
                    Ok(header_bytes(node, id)?.to_lower_hex_string().into())
                })
                .await
            }
        })
}

/// A header's bytes. The work of another chain is kept with the block alone.
pub(crate) fn header_bytes(node: &NodeState, id: EntryId) -> Result<Vec<u8>, RpcError> {
    let pure = node.chain.tree().entry(id).header;
    if !consensus::version::is_aux_pow(pure.version) {
        return Ok(serialize(&pure));
    }
    Ok(serialize(&read(node, id)?.header))
}

/// A block that is there.
pub(in crate::methods) fn read(node: &NodeState, id: EntryId) -> Result<Block, RpcError> {
    check_is_there(node, id)?;
    node.chain
        .read_block(id)
        .map_err(|_unreadable| RpcError::misc("Block not found on disk"))
}

/// A block's bytes, as those who ask for them get them.
pub(crate) fn read_bytes(node: &NodeState, id: EntryId) -> Result<Vec<u8>, ChainError> {
    match node.serialization() {
        // It is in its file as it is written.
        Serialization::WithWitnesses => node.chain.read_block_bytes(id),
        stripped @ Serialization::WithoutWitnesses => Ok(stripped.block(&node.chain.read_block(id)?)),
    }
}

/// What a block that is there spent.
pub(in crate::methods) fn read_undo(node: &NodeState, id: EntryId) -> Result<BlockUndo, RpcError> {
    let was_pruned = {
        let tree = node.chain.tree();
        let entry = tree.entry(id);
        entry.height > 0 && entry.undo_position.is_none() && node.chain.is_pruned()
    };
    if was_pruned {
        return Err(RpcError::misc("Undo data not available (pruned data)"));
    }
    node.chain
        .read_undo(id)
        .map_err(|_unreadable| RpcError::misc("Can't read undo data from disk"))
}

fn check_is_there(node: &NodeState, id: EntryId) -> Result<(), RpcError> {
    let tree = node.chain.tree();
    let entry = tree.entry(id);
    if entry.has_data() {
        return Ok(());
    }
    let was_pruned = node.chain.is_pruned() && entry.transactions > 0;
    Err(RpcError::misc(match was_pruned {
        true => "Block not available (pruned data)",
        false => "Block not found on disk",
    }))
}

/// What is known of a block without reading it.
pub(crate) fn header(tree: &BlockTree, id: EntryId) -> Result<Map<String, Value>, RpcError> {
    let tip = tree.entry(named::tip(tree)?);
    let entry = tree.entry(id);
    let next = match tree.is_active(id) {
        true => tree.active(entry.height + 1),
        false => None,
    };
    let confirmations = match tree.is_active(id) {
        true => i64::from(tip.height - entry.height) + 1,
        false => -1,
    };
    let pure = &entry.header;
    let fields = [
        ("hash", json!(entry.hash.to_string())),
        ("confirmations", json!(confirmations)),
        ("height", json!(entry.height)),
        ("version", json!(pure.version.to_consensus())),
        (
            "versionHex",
            json!(format!("{:08x}", pure.version.to_consensus())),
        ),
        ("merkleroot", json!(pure.merkle_root.to_string())),
        ("time", json!(pure.time)),
        ("mediantime", json!(tree.median_time_past(id))),
        ("nonce", json!(pure.nonce)),
        ("bits", json!(format!("{:08x}", pure.bits.to_consensus()))),
        ("difficulty", values::double(difficulty(pure.bits))),
        ("chainwork", json!(work(entry.chain_work))),
        ("nTx", json!(entry.transactions)),
    ];
    let mut object: Map<String, Value> = fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    if let Some(parent) = entry.parent {
        object.insert(
            "previousblockhash".to_owned(),
            tree.entry(parent).hash.to_string().into(),
        );
    }
    if let Some(next) = next {
        object.insert(
            "nextblockhash".to_owned(),
            tree.entry(next).hash.to_string().into(),
        );
    }
    // There are no masternodes here that could lock blocks in.
    object.insert("chainlock".to_owned(), false.into());
    Ok(object)
}

/// Work as 64 hexadecimal digits.
pub(in crate::methods) fn work(work: bitcoin::Work) -> String {
    work.to_be_bytes().to_lower_hex_string()
}

fn getblock(node: Node) -> Method {
    let with = |transaction: Vec<(&'static str, Shape)>| block_shapes::block(shapes::object(transaction));
    let transaction_members = || {
        let mut members = shapes::transaction("The transaction's id");
        members.push((
            "fee",
            shapes::amount("What it pays, where what it spends is known").optional(),
        ));
        members.push(("hex", shapes::hex("The transaction's bytes")));
        members
    };
    Method::declare("blockchain", "getblock", "Gives a block.")
        .param(Param::required("blockhash", Kind::Hex, "The block's hash"))
        .param(
            Param::defaulted(
                "verbosity|verbose",
                Kind::Number,
                1,
                "0 for the block's bytes, 1 for an object with the ids of transactions, 2 for one with the transactions, 3 for \
                 one with what they spend too",
            )
            .unchecked(),
        )
        .result_when("verbosity 0", shapes::hex("The block's bytes"))
        .result_when("verbosity 1", block_shapes::block(shapes::hex("A transaction's id")))
        .result_when("verbosity 2", with(transaction_members()))
        .result_when(
            "verbosity 3",
            block_shapes::block(Shape::new(ShapeKind::Elision, "As for 2, with what each input spends in prevout")),
        )
        .example(
            "\"00000c937983704a73af28acdec37b049d214adbda81d7e2a3dd146f6ed09\"",
            "\"00000c937983704a73af28acdec37b049d214adbda81d7e2a3dd146f6ed09\"",
        )
        .handle(move |request| {
            let node = node.clone();
            async move {
                let hash = named::hash(&request, "blockhash")?;
                let verbosity = verbosity(request.arguments.value("verbosity"))?;
                blocking(&node, move |node| {
                    let id = named::block(&node.chain.tree(), &hash)?;
                    check_is_there(node, id)?;
                    if verbosity <= 0 {
                        let bytes = read_bytes(node, id);
                        let bytes = bytes.map_err(|_unreadable| RpcError::misc("Block not found on disk"))?;
                        return Ok(encoding::hex::to_hex(&bytes).into());
                    }
                    describe(node, id, verbosity)
                })
                .await
            }
        })
}

/// A number, or the boolean that it was once.
fn verbosity(value: &Value) -> Result<i32, RpcError> {
    match value {
        Value::Null => Ok(1),
        Value::Bool(is_verbose) => Ok((*is_verbose).into()),
        value => rpc::FromArgument::from_argument(value),
    }
}

fn describe(node: &NodeState, id: EntryId, verbosity: i32) -> Outcome {
    let block = read(node, id)?;
    let chain = &node.chain.params().address;
    let mut object = header(&node.chain.tree(), id)?;
    object.insert("strippedsize".to_owned(), block.base_size().into());
    object.insert("size".to_owned(), json!(serialize(&block).len()));
    object.insert("weight".to_owned(), block.weight().into());
    let transactions: Vec<Value> = match verbosity {
        1 => block
            .transactions
            .iter()
            .map(|transaction| transaction.compute_txid().to_string().into())
            .collect(),
        _ => whole_transactions(node, &block, node.chain.read_undo(id).ok(), verbosity),
    };
    object.insert("tx".to_owned(), transactions.into());
    if let Some(aux_pow) = block.header.aux_pow() {
        object.insert("auxpow".to_owned(), merged_work(aux_pow, chain));
    }
    Ok(object.into())
}

fn whole_transactions(
    node: &NodeState,
    block: &Block,
    undo: Option<BlockUndo>,
    verbosity: i32,
) -> Vec<Value> {
    let chain = &node.chain.params().address;
    let shown = match verbosity {
        2 => PreviousOutputs::Hidden,
        _ => PreviousOutputs::Shown,
    };
    let spent = undo.map(|undo| undo.transactions).unwrap_or_default();
    let mut spent = spent.iter();
    block
        .transactions
        .iter()
        .map(|whole| {
            let coins = match whole.is_coinbase() {
                true => None,
                false => spent.next(),
            };
            let mut object = match coins {
                None => transaction(whole, chain),
                Some(coins) => {
                    let coins: Vec<_> = coins
                        .coins
                        .iter()
                        .map(|coin| SpentCoin {
                            output: &coin.output,
                            height: coin.height,
                            is_generated: coin.is_coinbase,
                        })
                        .collect();
                    transaction_with_spent(whole, &coins, shown, chain)
                }
            };
            let hex = node.serialization().transaction_hex(whole);
            object.insert("hex".to_owned(), hex.into());
            object.into()
        })
        .collect()
}

fn merged_work(aux_pow: &AuxPow, chain: &AddressParams) -> Value {
    let hashes = |branch: &[bitcoin::TxMerkleNode]| -> Vec<String> {
        branch.iter().map(ToString::to_string).collect()
    };
    let mut coinbase = Map::new();
    coinbase.insert(
        "hex".to_owned(),
        encoding::transaction::to_hex(&aux_pow.coinbase).into(),
    );
    coinbase.extend(transaction(&aux_pow.coinbase, chain));
    coinbase.insert(
        "blockhash".to_owned(),
        aux_pow.parent.block_hash().to_string().into(),
    );
    json!({
        "tx": coinbase,
        "chainindex": aux_pow.chain_index,
        "merklebranch": hashes(&aux_pow.coinbase_branch),
        "chainmerklebranch": hashes(&aux_pow.chain_branch),
        "parentblock": serialize_hex(&aux_pow.parent),
    })
}
