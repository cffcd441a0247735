//! What the node answers, in the interface's values.

use std::sync::Arc;

use bitcoin::{Amount, OutPoint, Transaction};
use chain::ChainstateManager;
use chain::tree::{BlockTree, EntryId};
use interfaces::{
    BlockRef, BlockTip, Coin, FeeRate, InterfaceError, Json, Refusal, RpcFailure, StartedAt, UnixTime,
};

use crate::methods::{Most, send};
use crate::served::failed;
use crate::state::NodeState;

fn block_tip(tree: &BlockTree, id: EntryId) -> BlockTip {
    let entry = tree.entry(id);
    BlockTip {
        block: BlockRef {
            hash: entry.hash,
            height: entry.height,
        },
        time: UnixTime::from_seconds(entry.header.time.into()),
    }
}

pub(super) fn tip(tree: &BlockTree) -> Option<BlockTip> {
    tree.tip().map(|id| block_tip(tree, id))
}

pub(super) fn header_tip(tree: &BlockTree) -> Option<BlockTip> {
    tree.best_header().map(|id| block_tip(tree, id))
}

pub(super) fn tip_or_genesis(chain: &ChainstateManager) -> BlockTip {
    tip(&chain.tree()).unwrap_or_else(|| {
        let genesis = &chain.params().genesis;
        BlockTip {
            block: BlockRef {
                hash: genesis.hash(),
                height: 0,
            },
            time: UnixTime::from_seconds(genesis.block().header.time.into()),
        }
    })
}

pub(super) fn started_at(node: &NodeState) -> StartedAt {
    let verification_progress = node.chain.verification_progress();
    let tree = node.chain.tree();
    StartedAt {
        tip: tip(&tree),
        header_tip: header_tip(&tree),
        verification_progress,
    }
}

/// A rate of the pool's. It is no less than zero where it is not one of transactions.
pub(crate) fn interface_rate(rate: mempool::FeeRate) -> FeeRate {
    FeeRate::from_sat_per_kvb(u64::try_from(rate.units()).unwrap_or(0))
}

/// An output that no block spends.
pub(crate) fn coin(node: &NodeState, outpoint: &OutPoint) -> Result<Option<Coin>, InterfaceError> {
    let found = node.chain.coin(outpoint);
    let found = found.map_err(|error| failed(node.fail(&error.into())))?;
    Ok(found.map(|coin| Coin {
        output: coin.output,
        height: Some(coin.height),
        is_coinbase: coin.is_coinbase,
    }))
}

pub(super) fn broadcast(node: &NodeState, transaction: Transaction, max_fee: Amount) -> Result<(), Refusal> {
    match send(node, &Arc::new(transaction), Most::Fee(max_fee)) {
        Ok(_txid) => Ok(()),
        Err(error) => Err(Refusal::new(error.message)),
    }
}

/// What a call's reply says.
pub(super) fn read_answer(text: &str) -> Result<Result<Json, RpcFailure>, InterfaceError> {
    let mut reply: Json = text.parse().map_err(failed)?;
    let error = &reply["error"];
    if error.is_null() {
        return Ok(Ok(reply["result"].take()));
    }
    Ok(Err(RpcFailure {
        code: error["code"]
            .as_i64()
            .and_then(|code| code.try_into().ok())
            .unwrap_or(0),
        message: error["message"].as_str().unwrap_or_default().to_owned(),
    }))
}
