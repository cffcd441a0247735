//! What callers say of blocks, and checks that they ask for.

use bitcoin::BlockHash;
use chain::tree::EntryId;
use chain::{ChainError, ChainstateManager, Pruning, Verification};
use rpc::{Kind, Method, Param, RpcError, Shape, ShapeKind, code};
use serde_json::Value;

use super::named;
use crate::state::{Node, blocking};
use crate::{shapes, values};

/// A time in seconds since 1970; numbers below it are heights.
const EARLIEST_TIME: u32 = 1_000_000_000;

pub(super) fn methods(node: &Node) -> Vec<Method> {
    vec![
        chosen(
            node.clone(),
            "hidden",
            "invalidateblock",
            "Takes a block for invalid, until reconsiderblock.",
            ChainstateManager::invalidate_block,
        ),
        chosen(
            node.clone(),
            "hidden",
            "reconsiderblock",
            "Takes a block, those before it and those after it for valid again, and checks them anew.",
            ChainstateManager::reconsider_block,
        ),
        chosen(
            node.clone(),
            "blockchain",
            "preciousblock",
            "Takes a block for the first of those with the same work, until the node stops or another one is preferred.",
            ChainstateManager::precious_block,
        ),
        verifychain(node.clone()),
        pruneblockchain(node.clone()),
    ]
}

type Choice = fn(&ChainstateManager, EntryId) -> Result<(), ChainError>;

fn chosen(
    node: Node,
    category: &'static str,
    name: &'static str,
    description: &'static str,
    choose: Choice,
) -> Method {
    Method::declare(category, name, description)
        .param(Param::required("blockhash", Kind::Hex, "The block's hash"))
        .result(Shape::new(ShapeKind::Null, ""))
        .example("\"blockhash\"", "\"blockhash\"")
        .handle(move |request| {
            let node = node.clone();
            async move {
                let hash: BlockHash = named::hash(&request, "blockhash")?;
                blocking(&node, move |node| {
                    let id = named::block(&node.chain.tree(), &hash)?;
                    if name == "invalidateblock" && node.chain.tree().is_assumed(id) {
                        return Err(RpcError::misc(
                            "The active chain stands on a snapshot of this block or a later one, which is not validated yet",
                        ));
                    }
                    choose(&node.chain, id).map_err(|error| node.fail(&error))?;
                    Ok(Value::Null)
                })
                .await
            }
        })
}

fn verifychain(node: Node) -> Method {
    Method::declare("blockchain", "verifychain", "Checks the last blocks again.")
        .param(Param::defaulted(
            "checklevel",
            Kind::Number,
            3,
            "How thoroughly: 0 reads them, 1 checks each by itself, 2 reads their undo data, 3 disconnects them and 4 connects \
             them again, in memory",
        ))
        .param(Param::defaulted("nblocks", Kind::Number, 6, "How many; 0 for all"))
        .result(shapes::flag("Whether they were checked and nothing was found"))
        .example("", "")
        .handle(move |request| {
            let node = node.clone();
            async move {
                let small = |name, default| match request.arguments.value(name) {
                    Value::Null => Ok(default),
                    value => values::small_integer(value),
                };
                let level = u32::try_from(small("checklevel", 3)?).unwrap_or(0).min(4);
                let count = u32::try_from(small("nblocks", 6)?).unwrap_or(0);
                blocking(&node, move |node| {
                    let outcome = node.chain.verify_chain(level, count);
                    let outcome = outcome.map_err(|error| node.fail(&error))?;
                    Ok((outcome == Verification::Sound).into())
                })
                .await
            }
        })
}

fn pruneblockchain(node: Node) -> Method {
    Method::declare("blockchain", "pruneblockchain", "Removes old files of blocks.")
        .param(Param::required(
            "height",
            Kind::Number,
            "Up to which height, or up to two hours before which time in seconds since 1970",
        ))
        .result(shapes::number("The height of the last block that is not there"))
        .example("1000", "1000")
        .handle(move |request| {
            let node = node.clone();
            async move {
                let height = values::small_integer(request.arguments.value("height"))?;
                blocking(&node, move |node| {
                    let chain = &node.chain;
                    if chain.config().pruning == Pruning::Never {
                        return Err(RpcError::misc(
                            "Cannot prune blocks because node is not in prune mode.",
                        ));
                    }
                    let height = height_to_prune(chain, height)?;
                    chain.prune(height).map_err(|error| node.fail(&error))?;
                    let tree = chain.tree();
                    let tip = named::tip(&tree)?;
                    let lowest = tree.chain(tip).take_while(|id| tree.entry(*id).has_data()).last();
                    let lowest = lowest.map_or(0, |id| tree.entry(id).height);
                    Ok((i64::from(lowest) - 1).into())
                })
                .await
            }
        })
}

/// Up to which height blocks go, by a height or a time.
fn height_to_prune(chain: &ChainstateManager, height: i32) -> Result<u32, RpcError> {
    let Ok(height) = u32::try_from(height) else {
        return Err(RpcError::invalid_parameter("Negative block height."));
    };
    let tree = chain.tree();
    let tip = tree.entry(named::tip(&tree)?).height;
    let height = match height {
        time if time > EARLIEST_TIME => {
            // Blocks may be some time ahead of those before them.
            let time = time.saturating_sub(2 * 60 * 60);
            let first = (0..=tip).filter_map(|height| tree.active(height));
            let first = first
                .map(|id| tree.entry(id))
                .find(|entry| entry.latest_time >= time);
            first.map(|entry| entry.height).ok_or_else(|| {
                RpcError::invalid_parameter("Could not find block with at least the specified timestamp.")
            })?
        }
        height => height,
    };
    if tip < chain.prune_after() {
        return Err(RpcError::misc("Blockchain is too short for pruning."));
    }
    if height > tip {
        return Err(RpcError::new(
            code::INVALID_PARAMETER,
            "Blockchain is shorter than the attempted prune height.",
        ));
    }
    Ok(height)
}
