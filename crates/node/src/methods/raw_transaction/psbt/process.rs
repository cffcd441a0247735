//! `utxoupdatepsbt` and `descriptorprocesspsbt`: what the node and descriptors know, added to a partially signed
//! transaction.

use std::sync::Arc;

use bitcoin::psbt::Psbt;
use bitcoin::{OutPoint, Transaction, TxOut};
use encoding::transaction::to_hex;
use rpc::{Kind, Method, Outcome, Param, RpcError, Shape, ShapeKind};
use serde_json::{Value, json};
use signing::psbt::{Finish, drop_previous_transactions, extract, sign_psbt, update_outputs};
use signing::{Keys, SignatureHashType};

use super::super::sign::{read_sighash_type, sighash_type};
use super::{read, write};
use crate::methods::descriptor::expansions;
use crate::shapes;
use crate::state::{Node, NodeState, blocking};
use crate::values;

fn psbt_param() -> Param {
    Param::required("psbt", Kind::String, "The transaction in base64")
}

fn descriptor_params() -> Kind {
    Kind::Array(vec![
        Param::optional("", Kind::String, "A descriptor"),
        Param::optional(
            "",
            Kind::Object(vec![
                Param::required("desc", Kind::String, "A descriptor"),
                Param::defaulted(
                    "range",
                    Kind::Range,
                    1000,
                    "Of a series, the last number or [first,last]",
                ),
            ]),
            "A descriptor and its numbers",
        ),
    ])
}

pub(super) fn utxoupdatepsbt(node: Node) -> Method {
    Method::declare(
        "rawtransactions",
        "utxoupdatepsbt",
        "Adds to a partially signed transaction what the chain, its index of transactions, the unconfirmed transactions and \
         descriptors tell of what it spends and makes.",
    )
    .param(psbt_param())
    .param(Param::optional(
        "descriptors",
        descriptor_params(),
        "Descriptors of what it spends and makes",
    ))
    .result(Shape::new(ShapeKind::String, "The transaction in base64"))
    .example("\"psbt\"", "\"psbt\"")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let text: String = request.arguments.required("psbt")?;
            let descriptors = request.arguments.value("descriptors").clone();
            blocking(&node, move |node| {
                let keys = keys(&descriptors, node)?.without_secrets();
                let mut psbt = read(&text)?;
                process(node, &mut psbt, &keys, SignatureHashType::ALL, Finish::Partial)?;
                Ok(write(&psbt).into())
            })
            .await
        }
    })
}

pub(super) fn descriptorprocesspsbt(node: Node) -> Method {
    Method::declare(
        "rawtransactions",
        "descriptorprocesspsbt",
        "Adds to a partially signed transaction what the node and descriptors tell of it, and signs what descriptors have the \
         private keys for.",
    )
    .param(psbt_param())
    .param(Param::required(
        "descriptors",
        descriptor_params(),
        "Descriptors of what it spends and makes",
    ))
    .param(sighash_type())
    .param(Param::defaulted(
        "bip32derivs",
        Kind::Boolean,
        true,
        "Whether to add where keys come from",
    ))
    .param(Param::defaulted(
        "finalize",
        Kind::Boolean,
        true,
        "Whether to make final what is complete",
    ))
    .result(shapes::object(vec![
        ("psbt", shapes::text("The transaction in base64")),
        ("complete", shapes::flag("Whether all inputs are final")),
        (
            "hex",
            shapes::hex("The transaction as it is sent, if it is complete").optional(),
        ),
    ]))
    .example(
        "\"psbt\" \"[\\\"descriptor1\\\", \\\"descriptor2\\\"]\"",
        "\"psbt\", [{\"desc\": \"mydescriptor\", \"range\": 21}]",
    )
    .handle(move |request| {
        let node = node.clone();
        async move {
            let arguments = &request.arguments;
            let text: String = arguments.required("psbt")?;
            let descriptors = arguments.value("descriptors").clone();
            let hash_type = read_sighash_type(arguments)?;
            let adds_sources = arguments.optional("bip32derivs")?.unwrap_or(true);
            let finish = match arguments.optional("finalize")?.unwrap_or(true) {
                true => Finish::Final,
                false => Finish::Partial,
            };
            blocking(&node, move |node| {
                let mut keys = keys(&descriptors, node)?;
                if !adds_sources {
                    keys = keys.without_sources();
                }
                let mut psbt = read(&text)?;
                process(node, &mut psbt, &keys, hash_type, finish)?;
                finished(&psbt)
            })
            .await
        }
    })
}

fn finished(psbt: &Psbt) -> Outcome {
    let is_complete = psbt
        .inputs
        .iter()
        .all(|input| input.final_script_sig.is_some() || input.final_script_witness.is_some());
    let mut told = json!({ "psbt": write(psbt), "complete": is_complete });
    if is_complete {
        told["hex"] = to_hex(&extract(psbt)).into();
    }
    Ok(told)
}

fn keys(descriptors: &Value, node: &NodeState) -> Result<Keys, RpcError> {
    let mut keys = Keys::default();
    if descriptors.is_null() {
        return Ok(keys);
    }
    let chain = &node.chain.params().address;
    for descriptor in values::array(descriptors)? {
        expansions(descriptor, chain, |expansion| {
            keys.add_expansion(expansion);
            // A series can have a million numbers.
            match node.shutdown.is_requested() {
                true => Err(RpcError::misc("Shutting down")),
                false => Ok(()),
            }
        })?;
    }
    Ok(keys)
}

fn process(
    node: &NodeState,
    psbt: &mut Psbt,
    keys: &Keys,
    hash_type: SignatureHashType,
    finish: Finish,
) -> Result<(), RpcError> {
    if let Some(index) = &node.indexes.transactions {
        node.indexes.sync(node, index)?;
    }
    for (input, spending) in psbt.inputs.iter_mut().zip(&psbt.unsigned_tx.input) {
        if input.non_witness_utxo.is_some() {
            continue;
        }
        let outpoint = spending.previous_output;
        if let Some(previous) = previous_transaction(node, &outpoint)? {
            input.non_witness_utxo = Some(Arc::unwrap_or_clone(previous));
        } else if let Some(coin) = coin(node, &outpoint)?
            && keys.is_witness_output(&coin.script_pubkey)
        {
            input.witness_utxo = Some(coin);
        }
    }
    sign_psbt(psbt, keys, hash_type, finish);
    update_outputs(psbt, keys);
    drop_previous_transactions(psbt);
    Ok(())
}

/// The transaction with an output, from the index of the chain's transactions or from the unconfirmed ones.
fn previous_transaction(node: &NodeState, outpoint: &OutPoint) -> Result<Option<Arc<Transaction>>, RpcError> {
    let indexed = match &node.indexes.transactions {
        None => None,
        Some(index) => index
            .find(&outpoint.txid, node.chain.files())
            .map_err(|error| node.fail_index(error))?,
    };
    let found = indexed.map(|(_, transaction)| Arc::new(transaction)).or_else(|| {
        let in_pool = |pool: &mut mempool::Mempool| {
            pool.get(&outpoint.txid)
                .map(|entry| Arc::clone(&entry.transaction))
        };
        node.pool.with(in_pool)
    });
    // One without that output would make what is written unreadable.
    Ok(found.filter(|found| (outpoint.vout as usize) < found.output.len()))
}

fn coin(node: &NodeState, outpoint: &OutPoint) -> Result<Option<TxOut>, RpcError> {
    let coin = node.chain.coin(outpoint);
    let coin = coin.map_err(|error| node.fail(&error.into()))?;
    Ok(coin.map(|coin| coin.output))
}
