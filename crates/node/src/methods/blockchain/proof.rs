//! `gettxoutproof` and `verifytxoutproof`: proofs that transactions are in a block (BIP 37), with the whole header.

use std::collections::BTreeSet;

use bitcoin::consensus::encode::{self, Decodable as _, serialize};
use bitcoin::hex::DisplayHex as _;
use bitcoin::merkle_tree::PartialMerkleTree;
use bitcoin::{TxMerkleNode, Txid};
use chain::tree::EntryId;
use consensus::block::Block;
use consensus::header::BlockHeader;
use rpc::{Kind, Method, Outcome, Param, RpcError, code};
use serde_json::{Value, json};

use super::named;
use crate::methods::raw_transaction::by_coin;
use crate::state::{Node, NodeState, blocking};
use crate::{shapes, values};

pub(super) fn methods(node: &Node) -> Vec<Method> {
    vec![gettxoutproof(node.clone()), verifytxoutproof(node.clone())]
}

/// What Bitcoin Core says of bytes that end too early.
const TOO_SHORT: &str = "DataStream::read(): end of data: iostream error";

fn gettxoutproof(node: Node) -> Method {
    Method::declare(
        "blockchain",
        "gettxoutproof",
        "Proves that transactions are in a block. Without -txindex and without the block's hash, one of them must have an \
         output that is not spent.",
    )
    .param(Param::required(
        "txids",
        Kind::Array(vec![Param::optional(
            "txid",
            Kind::Hex,
            "A transaction's id",
        )]),
        "The transactions",
    ))
    .param(Param::optional(
        "blockhash",
        Kind::Hex,
        "The hash of the block that they are in",
    ))
    .result(shapes::text(
        "The proof in hexadecimal: the header, with the work of another chain where it has that, and a part of the tree of \
         transactions",
    ))
    .example("'[\"mytxid\"]'", "[\"mytxid\"]")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let txids = wanted(request.arguments.value("txids"))?;
            let hash = match request.arguments.value("blockhash") {
                Value::Null => None,
                _ => Some(named::hash(&request, "blockhash")?),
            };
            blocking(&node, move |node| {
                let id = match hash {
                    Some(hash) => named::block(&node.chain.tree(), &hash)?,
                    None => find(node, &txids)?,
                };
                let block = super::block::read(node, id)
                    .map_err(|_| RpcError::new(code::INTERNAL_ERROR, "Can't read block from disk"))?;
                let proof = prove(&block, &txids).ok_or_else(|| {
                    not_found("Not all transactions found in specified or retrieved block")
                })?;
                Ok(proof.to_lower_hex_string().into())
            })
            .await
        }
    })
}

fn not_found(text: &str) -> RpcError {
    RpcError::new(code::INVALID_ADDRESS_OR_KEY, text)
}

fn wanted(value: &Value) -> Result<BTreeSet<Txid>, RpcError> {
    let values = values::array(value)?;
    if values.is_empty() {
        return Err(RpcError::invalid_parameter("Parameter 'txids' cannot be empty"));
    }
    let mut txids = BTreeSet::new();
    for value in values {
        let txid = values::hash(value, "txid")?;
        if !txids.insert(txid) {
            return Err(RpcError::invalid_parameter(format!(
                "Invalid parameter, duplicated txid: {txid}"
            )));
        }
    }
    Ok(txids)
}

/// The block that the transactions are in, if one of them leads to it.
fn find(node: &NodeState, txids: &BTreeSet<Txid>) -> Result<EntryId, RpcError> {
    for txid in txids {
        if let Some(id) = by_coin(node, *txid)? {
            return Ok(id);
        }
    }
    let (Some(index), Some(first)) = (&node.indexes.transactions, txids.first()) else {
        return Err(not_found("Transaction not yet in block"));
    };
    node.indexes.sync(node, index)?;
    let found = index.find(first, node.chain.files());
    let found = found.map_err(|error| node.fail_index(error))?;
    let (hash, _transaction) = found.ok_or_else(|| not_found("Transaction not yet in block"))?;
    let id = node.chain.tree().find(&hash);
    id.ok_or_else(|| RpcError::new(code::INTERNAL_ERROR, "Transaction index corrupt"))
}

/// The proof that all of the transactions are in a block, if they are.
fn prove(block: &Block, wanted: &BTreeSet<Txid>) -> Option<Vec<u8>> {
    let txids: Vec<Txid> = block
        .transactions
        .iter()
        .map(bitcoin::Transaction::compute_txid)
        .collect();
    let matches: Vec<bool> = txids.iter().map(|txid| wanted.contains(txid)).collect();
    if matches.iter().filter(|is_wanted| **is_wanted).count() != wanted.len() {
        return None;
    }
    let mut proof = serialize(&block.header);
    proof.extend(serialize(&PartialMerkleTree::from_txids(&txids, &matches)));
    Some(proof)
}

/// What a proof says, if its header and its tree belong together.
struct Proven {
    header: BlockHeader,
    /// How many transactions the block has.
    transactions: u32,
    txids: Vec<Txid>,
}

/// Reads a proof.
///
/// # Errors
/// It is none.
fn read(mut bytes: &[u8]) -> Result<Option<Proven>, encode::Error> {
    let header = BlockHeader::consensus_decode(&mut bytes)?;
    let tree = PartialMerkleTree::consensus_decode(&mut bytes)?;
    let mut txids = Vec::new();
    let root: Option<TxMerkleNode> = tree.extract_matches(&mut txids, &mut Vec::new()).ok();
    let is_of_block = root == Some(header.pure().merkle_root);
    Ok(is_of_block.then(|| Proven {
        transactions: tree.num_transactions(),
        header,
        txids,
    }))
}

fn verifytxoutproof(node: Node) -> Method {
    Method::declare(
        "blockchain",
        "verifytxoutproof",
        "Gives the transactions that a proof is of. That its block is not in the best chain is an error.",
    )
    .param(Param::required(
        "proof",
        Kind::Hex,
        "The proof that gettxoutproof gave",
    ))
    .result(shapes::array(shapes::hex(
        "A transaction's id; none if the proof does not hold",
    )))
    .example("\"proof\"", "\"proof\"")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let bytes = values::bytes(request.arguments.value("proof"), "proof")?;
            let proven = read(&bytes).map_err(|_unreadable| RpcError::misc(TOO_SHORT))?;
            match proven {
                None => Ok(json!([])),
                Some(proven) => verify(node.get()?, &proven),
            }
        }
    })
}

fn verify(node: &NodeState, proven: &Proven) -> Outcome {
    let tree = node.chain.tree();
    let id = tree.find(&proven.header.block_hash());
    let id = id.filter(|id| tree.is_active(*id) && tree.entry(*id).transactions > 0);
    let id = id.ok_or_else(|| not_found("Block not found in chain"))?;
    if tree.entry(id).transactions != proven.transactions {
        return Ok(json!([]));
    }
    Ok(proven.txids.iter().map(ToString::to_string).collect())
}

#[cfg(test)]
mod tests {
    use bitcoin::{Amount, Transaction, TxOut};
    use consensus::block::transactions_root;
    use proptest::prelude::*;

    use super::*;

    fn block(transactions: u64) -> Block {
        let mut genesis = consensus::Params::new(consensus::Network::Regtest)
            .genesis
            .block();
        let coinbase = genesis.txdata[0].clone();
        genesis.txdata = (0..transactions)
            .map(|place| Transaction {
                output: vec![TxOut {
                    value: Amount::from_sat(place),
                    script_pubkey: coinbase.output[0].script_pubkey.clone(),
                }],
                ..coinbase.clone()
            })
            .collect();
        genesis.header.merkle_root = transactions_root(&genesis.txdata).root;
        genesis.into()
    }

    proptest! {
        #[test]
        fn what_is_proven_is_read_back(places in prop::collection::vec(any::<bool>(), 1..40)) {
            let block = block(places.len() as u64);
            let ids = block.transactions.iter().map(Transaction::compute_txid);
            let chosen: Vec<Txid> = ids.zip(&places).filter(|(_, is_chosen)| **is_chosen).map(|(txid, _)| txid).collect();
            let proof = prove(&block, &chosen.iter().copied().collect()).unwrap();
            let proven = read(&proof).unwrap().unwrap();
            prop_assert_eq!(&proven.header, &block.header);
            prop_assert_eq!(proven.transactions as usize, places.len());
            prop_assert_eq!(proven.txids, chosen);
            for length in 0..proof.len() {
                prop_assert!(read(&proof[..length]).is_err());
            }
        }

        #[test]
        fn a_changed_proof_proves_nothing_else(
            places in prop::collection::vec(any::<bool>(), 2..20),
            at: prop::sample::Index,
            change in 1_u8..,
        ) {
            let block = block(places.len() as u64);
            let ids: Vec<Txid> = block.transactions.iter().map(Transaction::compute_txid).collect();
            let chosen: BTreeSet<Txid> =
                ids.iter().zip(&places).filter(|(_, is_chosen)| **is_chosen).map(|(txid, _)| *txid).collect();
            let mut proof = prove(&block, &chosen).unwrap();
            let at = at.index(proof.len());
            proof[at] ^= change;
            let Ok(Some(proven)) = read(&proof) else { return Ok(()) };
            // The header is another, which no chain has, or the tree is read as before.
            let is_same = proven.header == block.header && proven.txids.iter().all(|txid| ids.contains(txid));
            prop_assert!(is_same || proven.header.block_hash() != block.header.block_hash());
        }

        #[test]
        fn any_bytes_are_a_proof_or_not(bytes: Vec<u8>) {
            _ = read(&bytes);
        }
    }

    #[test]
    fn a_transaction_that_is_elsewhere_is_not_proven() {
        let here = block(3);
        let elsewhere = block(4).transactions[3].compute_txid();
        assert_eq!(prove(&here, &BTreeSet::from([elsewhere])), None);
    }
}
