//! Taking blocks and headers of miners.

use std::sync::Arc;

use bitcoin::BlockHash;
use bitcoin::consensus::encode::deserialize_partial;
use bitcoin::hex::FromHex as _;
use chain::index::Validity;
use chain::{Rejection, RejectionKind};
use consensus::block::Block;
use consensus::header::BlockHeader;
use rpc::{Kind, Method, Outcome, Param, RpcError, Shape, ShapeKind, code};
use serde_json::Value;

use crate::shapes;
use crate::state::{Node, NodeState, blocking};

pub(super) fn methods(node: &Node) -> Vec<Method> {
    vec![submitblock(node.clone()), submitheader(node.clone())]
}

fn submitblock(node: Node) -> Method {
    Method::declare("mining", "submitblock", "Adds a block to the chain.")
        .param(Param::required("hexdata", Kind::Hex, "The block's bytes"))
        .param(Param::defaulted(
            "dummy",
            Kind::String,
            "ignored",
            "Is ignored (BIP 22)",
        ))
        .result_when("the block is accepted", Shape::new(ShapeKind::Null, ""))
        .result_when("it is not", shapes::text("Why, in the words of BIP 22"))
        .example("\"hexdata\"", "\"hexdata\"")
        .handle(move |request| {
            let node = node.clone();
            async move {
                let text: String = request.arguments.required("hexdata")?;
                blocking(&node, move |node| {
                    let block = read_block(&text)?;
                    if !block
                        .transactions
                        .first()
                        .is_some_and(bitcoin::Transaction::is_coinbase)
                    {
                        return Err(RpcError::new(
                            code::DESERIALIZATION_ERROR,
                            "Block does not start with a coinbase",
                        ));
                    }
                    submit(node, block)
                })
                .await
            }
        })
}

/// A block from its digits, which anything may follow.
pub(super) fn read_block(text: &str) -> Result<Block, RpcError> {
    let block = Vec::from_hex(text)
        .ok()
        .and_then(|bytes| deserialize_partial(&bytes).ok());
    let block = block.map(|(block, _length)| block);
    block.ok_or_else(|| RpcError::new(code::DESERIALIZATION_ERROR, "Block decode failed"))
}

fn submit(node: &NodeState, mut block: Block) -> Outcome {
    match standing(node, &block.header.block_hash()) {
        Some(known @ (Standing::Valid | Standing::Invalid)) => return Ok(known.word().into()),
        Some(Standing::Undecided) | None => {}
    }
    complete(node, &mut block);
    let processed = node
        .chain
        .process_block(&Arc::new(block))
        .map_err(|error| node.fail(&error))?;
    if !processed.is_new && matches!(processed.verdict, None | Some(Ok(()))) {
        return Ok("duplicate".into());
    }
    Ok(match processed.verdict {
        None => "inconclusive".into(),
        Some(Ok(())) => Value::Null,
        Some(Err(rejection)) => reason(&rejection).into(),
    })
}

/// What is known of a block that was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It was checked with all its scripts.
    Valid,
    /// It breaks a rule, or one before it does.
    Invalid,
    /// It was not checked to the end.
    Undecided,
}

impl Standing {
    /// BIP 22's word for it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Valid => "duplicate",
            Self::Invalid => "duplicate-invalid",
            Self::Undecided => "duplicate-inconclusive",
        }
    }
}

/// What is known of a block, if it was there before.
pub(super) fn standing(node: &NodeState, hash: &BlockHash) -> Option<Standing> {
    let tree = node.chain.tree();
    let entry = tree.entry(tree.find(hash)?);
    Some(match entry.is_sound() {
        false => Standing::Invalid,
        true if entry.validity == Validity::Scripts => Standing::Valid,
        true => Standing::Undecided,
    })
}

/// Adds the reserved value to the coinbase's witness, where a miner has left it out though the block commits to witnesses.
fn complete(node: &NodeState, block: &mut Block) {
    let is_segwit = {
        let tree = node.chain.tree();
        let Some(parent) = tree.find(&block.header.pure().prev_blockhash) else {
            return;
        };
        node.chain
            .params()
            .heights
            .segwit
            .is_active(tree.entry(parent).height + 1)
    };
    let Some(coinbase) = block.transactions.first_mut() else {
        return;
    };
    let commits = consensus::block::witness_commitment_index(coinbase).is_some();
    if is_segwit && commits && coinbase.input[0].witness.is_empty() {
        coinbase.input[0]
            .witness
            .push(consensus::block::WITNESS_RESERVED_VALUE);
    }
}

/// A refusal in the words of BIP 22.
pub(in crate::methods) fn reason(rejection: &Rejection) -> String {
    match rejection.reason.is_empty() {
        true => "rejected".to_owned(),
        false => rejection.reason.clone(),
    }
}

fn submitheader(node: Node) -> Method {
    Method::declare("mining", "submitheader", "Takes a header, if it is valid.")
        .param(Param::required(
            "hexdata",
            Kind::Hex,
            "The header's bytes, which anything may follow",
        ))
        .result(Shape::new(ShapeKind::Null, ""))
        .example("\"hexdata\"", "\"hexdata\"")
        .handle(move |request| {
            let node = node.clone();
            async move {
                let text: String = request.arguments.required("hexdata")?;
                blocking(&node, move |node| {
                    // What follows is of no interest: it may be the block itself.
                    let header: Option<BlockHeader> = Vec::from_hex(&text)
                        .ok()
                        .and_then(|bytes| deserialize_partial(&bytes).ok())
                        .map(|(header, _length)| header);
                    let header = header.ok_or_else(|| {
                        RpcError::new(code::DESERIALIZATION_ERROR, "Block header decode failed")
                    })?;
                    let previous = header.pure().prev_blockhash;
                    if node.chain.tree().find(&previous).is_none() {
                        return Err(RpcError::new(
                            code::VERIFY_ERROR,
                            format!("Must submit previous header ({previous}) first"),
                        ));
                    }
                    match node.chain.accept_header(&header) {
                        Ok(_) => Ok(Value::Null),
                        Err(rejection) if rejection.kind == RejectionKind::CachedInvalid => {
                            Err(RpcError::new(code::VERIFY_ERROR, "duplicate-invalid"))
                        }
                        Err(rejection) => Err(RpcError::new(code::VERIFY_ERROR, reason(&rejection))),
                    }
                })
                .await
            }
        })
}
