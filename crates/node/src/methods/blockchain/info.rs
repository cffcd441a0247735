//! What is told of the chain as a whole.

use std::collections::HashMap;

use chain::tree::{BlockTree, EntryId};
use chain::{Pruning, VotesBefore};
use consensus::Params;
use consensus::params::{BuriedDeployment, DeploymentStart, VersionBitsDeployment};
use consensus::vote::{ThresholdState, VotingChain as _, threshold_state, votes_for};
use rpc::{Kind, Method, Outcome, Param, RpcError, Shape, ShapeKind};
use serde_json::{Map, Value, json};

use super::block::work;
use super::difficulty::difficulty;
use super::named;
use crate::state::{Node, NodeState, blocking};
use crate::{shapes, values};

pub(super) fn methods(node: &Node) -> Vec<Method> {
    vec![
        getblockchaininfo(node.clone()),
        getdeploymentinfo(node.clone()),
        getchaintips(node.clone()),
        getchainstates(node.clone()),
        getchaintxstats(node.clone()),
    ]
}

fn time(description: &'static str) -> Shape {
    Shape::new(ShapeKind::Time, description)
}

fn getblockchaininfo(node: Node) -> Method {
    Method::declare(
        "blockchain",
        "getblockchaininfo",
        "Tells how far the chain is and how it is kept.",
    )
    .result(shapes::object(vec![
        (
            "chain",
            shapes::text("The chain's name: main, test, signet or regtest"),
        ),
        ("blocks", shapes::number("The height of the best chain")),
        ("headers", shapes::number("The height of the best header")),
        ("bestblockhash", shapes::hex("The tip's hash")),
        ("difficulty", shapes::number("How hard the tip was to find")),
        ("time", time("The tip's time, in seconds since 1970")),
        (
            "mediantime",
            time("The median of the last eleven blocks' times, in seconds since 1970"),
        ),
        (
            "verificationprogress",
            shapes::number("About which part of the chain is checked, from 0 to 1"),
        ),
        (
            "initialblockdownload",
            shapes::flag("Whether the chain has not caught up with the present yet"),
        ),
        (
            "chainwork",
            shapes::hex("Hashes that the chain is expected to have taken"),
        ),
        (
            "size_on_disk",
            shapes::number("Bytes of the files of blocks and undo data"),
        ),
        ("pruned", shapes::flag("Whether files of blocks may be removed")),
        (
            "pruneheight",
            shapes::number("The lowest block that is there, where others were removed").optional(),
        ),
        (
            "automatic_pruning",
            shapes::flag("Whether they are removed without being asked").optional(),
        ),
        (
            "prune_target_size",
            shapes::number("Bytes that all files may have").optional(),
        ),
        ("warnings", shapes::text("What users should know")),
    ]))
    .example("", "")
    .handle(move |_request| {
        let node = node.clone();
        async move { blocking(&node, describe_chain).await }
    })
}

fn describe_chain(node: &NodeState) -> Outcome {
    let chain = &node.chain;
    let is_initial = chain.is_initial_block_download();
    let progress = chain.verification_progress();
    let size: u64 = chain
        .files()
        .infos()
        .iter()
        .map(|info| u64::from(info.size) + u64::from(info.undo_size))
        .sum();
    let tree = chain.tree();
    let id = named::tip(&tree)?;
    let tip = tree.entry(id);
    let headers = tree.best_header().map_or(0, |best| tree.entry(best).height);
    let mut object = json!({
        "chain": chain.params().network.name(),
        "blocks": tip.height,
        "headers": headers,
        "bestblockhash": tip.hash.to_string(),
        "difficulty": values::double(difficulty(tip.header.bits)),
        "time": tip.header.time,
        "mediantime": tree.median_time_past(id),
        "verificationprogress": values::double(progress),
        "initialblockdownload": is_initial,
        "chainwork": work(tip.chain_work),
        "size_on_disk": size,
        "pruned": chain.is_pruning(),
    });
    let members = object.as_object_mut().expect("it is an object");
    if chain.is_pruning() {
        members.insert("pruneheight".to_owned(), lowest_there(&tree, id).into());
        let pruning = chain.config().pruning;
        members.insert(
            "automatic_pruning".to_owned(),
            matches!(pruning, Pruning::Above(_)).into(),
        );
        if let Pruning::Above(bytes) = pruning {
            members.insert("prune_target_size".to_owned(), bytes.into());
        }
    }
    members.insert("warnings".to_owned(), "".into());
    Ok(object)
}

/// The height of the lowest block from which all up to the tip are there.
fn lowest_there(tree: &BlockTree, tip: EntryId) -> u32 {
    tree.chain(tip)
        .take_while(|id| tree.entry(*id).has_data())
        .last()
        .map_or(0, |id| tree.entry(id).height)
}

fn getdeploymentinfo(node: Node) -> Method {
    let bip9 = shapes::object(vec![
        (
            "bit",
            shapes::number("The bit of the version that votes, while voting goes on").optional(),
        ),
        ("start_time", time("When voting begins, in seconds since 1970")),
        ("timeout", time("When it ends, in seconds since 1970")),
        (
            "min_activation_height",
            shapes::number("The rule never holds below this height"),
        ),
        (
            "status",
            shapes::text("How far voting is at the block: defined, started, locked_in, active or failed"),
        ),
        (
            "since",
            shapes::number("The height of the first block with this status"),
        ),
        ("status_next", shapes::text("How far it is at the next block")),
        (
            "statistics",
            shapes::object(vec![
                ("period", shapes::number("Blocks of a period")),
                (
                    "threshold",
                    shapes::number("Votes that the rule needs in a period").optional(),
                ),
                ("elapsed", shapes::number("Blocks of this period so far")),
                ("count", shapes::number("Votes in it so far")),
                (
                    "possible",
                    shapes::flag("Whether there can be enough of them still").optional(),
                ),
            ])
            .optional(),
        ),
        (
            "signalling",
            shapes::text("For each block of the period: # where it votes, - where not").optional(),
        ),
    ]);
    let deployment = shapes::object(vec![
        ("type", shapes::text("buried or bip9")),
        (
            "height",
            shapes::number("The height of the first block that the rule holds for").optional(),
        ),
        (
            "active",
            shapes::flag("Whether the rule holds for the next block"),
        ),
        ("bip9", bip9.optional()),
    ]);
    Method::declare(
        "blockchain",
        "getdeploymentinfo",
        "Tells which rules hold after a block.",
    )
    .param(Param::hinted(
        "blockhash",
        Kind::Hex,
        "the tip",
        "The block's hash",
    ))
    .result(shapes::object(vec![
        ("hash", shapes::hex("The block's hash")),
        ("height", shapes::number("Its height")),
        (
            "deployments",
            Shape::new(
                ShapeKind::Map("name", Box::new(deployment)),
                "The rules by their names",
            ),
        ),
    ]))
    .example("", "")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let hash = match request.arguments.value("blockhash") {
                Value::Null => None,
                _ => Some(named::hash(&request, "blockhash")?),
            };
            blocking(&node, move |node| {
                let tree = node.chain.tree();
                let id = match hash {
                    Some(hash) => named::block(&tree, &hash)?,
                    None => named::tip(&tree)?,
                };
                Ok(json!({
                    "hash": tree.entry(id).hash.to_string(),
                    "height": tree.entry(id).height,
                    "deployments": deployments(&tree, id, node.chain.params()),
                }))
            })
            .await
        }
    })
}

fn deployments(tree: &BlockTree, id: EntryId, params: &Params) -> Map<String, Value> {
    let next = tree.entry(id).height + 1;
    let mut all = Map::new();
    for rule in BuriedDeployment::ALL {
        let activation = params.buried(rule);
        if let Some(height) = activation.height() {
            let buried = json!({ "type": "buried", "active": activation.is_active(next), "height": height });
            all.insert(rule.name().to_owned(), buried);
        }
    }
    for rule in VersionBitsDeployment::ALL {
        if params.deployment(rule).start != DeploymentStart::NeverActive {
            all.insert(rule.name().to_owned(), voted(tree, id, rule, params));
        }
    }
    all
}

/// A rule that is voted for.
fn voted(tree: &BlockTree, id: EntryId, rule: VersionBitsDeployment, params: &Params) -> Value {
    let deployment = params.deployment(rule);
    let height = tree.entry(id).height;
    let votes = VotesBefore { tree, last: id };
    let state_at = |height| threshold_state(deployment, height, &votes, params);
    let (state, next) = (state_at(height), state_at(height + 1));
    let window = params.miner_confirmation_window;
    // All blocks of a window have the same state.
    let mut since = height / window * window;
    while since >= window && state_at(since - window) == state {
        since -= window;
    }
    if deployment.start == DeploymentStart::AlwaysActive || state == ThresholdState::Defined {
        since = 0;
    }
    let mut bip9 = Map::new();
    let is_voted = matches!(state, ThresholdState::Started | ThresholdState::LockedIn);
    if is_voted {
        bip9.insert("bit".to_owned(), deployment.bit.into());
    }
    bip9.insert("start_time".to_owned(), deployment.start.to_number().into());
    bip9.insert("timeout".to_owned(), deployment.timeout.into());
    bip9.insert(
        "min_activation_height".to_owned(),
        deployment.minimum_activation_height.into(),
    );
    bip9.insert("status".to_owned(), state.name().into());
    bip9.insert("since".to_owned(), since.into());
    bip9.insert("status_next".to_owned(), next.name().into());
    if is_voted {
        let first = height / window * window;
        let signals: Vec<bool> = (first..=height)
            .map(|height| votes_for(votes.version(height), deployment.bit))
            .collect();
        let count = signals.iter().filter(|votes| **votes).count();
        let elapsed = signals.len();
        let mut statistics = json!({ "period": window, "elapsed": elapsed, "count": count });
        if state == ThresholdState::Started {
            let members = statistics.as_object_mut().expect("it is an object");
            let missing = (params.rule_change_threshold as usize).saturating_sub(count);
            members.insert("threshold".to_owned(), params.rule_change_threshold.into());
            members.insert(
                "possible".to_owned(),
                (window as usize - elapsed >= missing).into(),
            );
        }
        bip9.insert("statistics".to_owned(), statistics);
        let signs: String = signals
            .iter()
            .map(|votes| if *votes { '#' } else { '-' })
            .collect();
        bip9.insert("signalling".to_owned(), signs.into());
    }
    let is_active = next == ThresholdState::Active;
    let mut object = json!({ "type": "bip9" });
    let members = object.as_object_mut().expect("it is an object");
    if is_active {
        let first = if state == ThresholdState::Active {
            since
        } else {
            height + 1
        };
        members.insert("height".to_owned(), first.into());
    }
    members.insert("active".to_owned(), is_active.into());
    members.insert("bip9".to_owned(), bip9.into());
    object
}

fn getchaintips(node: Node) -> Method {
    Method::declare(
        "blockchain",
        "getchaintips",
        "Lists all blocks that no other one extends, the highest first.",
    )
    .result(shapes::array(shapes::object(vec![
        ("height", shapes::number("The block's height")),
        ("hash", shapes::hex("Its hash")),
        ("branchlen", shapes::number("How many blocks before it are off the best chain, itself included")),
        (
            "status",
            shapes::text(
                "invalid: it or one before it breaks a rule; headers-only: blocks of the branch are not there; \
                 valid-headers: they were not checked; valid-fork: they were, and another chain is better; active: it is \
                 the tip",
            ),
        ),
    ])))
    .example("", "")
    .handle(move |_request| {
        let node = node.clone();
        async move { blocking(&node, |node| chain_tips(&node.chain.tree())).await }
    })
}

fn chain_tips(tree: &BlockTree) -> Outcome {
    let active = named::tip(tree)?;
    let mut tips = tree.tips();
    tips.sort_by_key(|id| std::cmp::Reverse(tree.entry(*id).height));
    let describe = |id: EntryId| {
        let entry = tree.entry(id);
        let fork = tree.entry(tree.fork(id, active));
        let status = if tree.is_active(id) {
            "active"
        } else if !entry.is_sound() {
            "invalid"
        } else if !entry.is_complete() {
            "headers-only"
        } else {
            match entry.validity {
                chain::index::Validity::Scripts => "valid-fork",
                _ => "valid-headers",
            }
        };
        json!({
            "height": entry.height,
            "hash": entry.hash.to_string(),
            "branchlen": entry.height - fork.height,
            "status": status,
        })
    };
    Ok(tips.into_iter().map(describe).collect())
}

fn getchainstates(node: Node) -> Method {
    let state = shapes::object(vec![
        ("blocks", shapes::number("The height of the best chain")),
        ("bestblockhash", shapes::hex("The tip's hash")),
        ("difficulty", shapes::number("How hard the tip was to find")),
        (
            "verificationprogress",
            shapes::number("About which part of the chain is checked, from 0 to 1"),
        ),
        (
            "snapshot_blockhash",
            shapes::hex("The block of the snapshot that it began with").optional(),
        ),
        (
            "coins_db_cache_bytes",
            shapes::number("How many bytes the store of coins keeps in memory"),
        ),
        (
            "coins_tip_cache_bytes",
            shapes::number("How many bytes of coins are kept in memory above it"),
        ),
        (
            "validated",
            shapes::flag("Whether all blocks from the first one on were checked"),
        ),
    ]);
    Method::declare(
        "blockchain",
        "getchainstates",
        "Lists the sets of coins that the node holds.",
    )
    .result(shapes::object(vec![
        ("headers", shapes::number("The height of the best header")),
        ("chainstates", shapes::array(state)),
    ]))
    .example("", "")
    .handle(move |_request| {
        let node = node.clone();
        async move {
            blocking(&node, |node| {
                let progress = node.chain.verification_progress();
                let tree = node.chain.tree();
                let tip = tree.entry(named::tip(&tree)?);
                let headers = tree.best_header().map_or(0, |best| tree.entry(best).height);
                Ok(json!({
                    "headers": headers,
                    "chainstates": [{
                        "blocks": tip.height,
                        "bestblockhash": tip.hash.to_string(),
                        "difficulty": values::double(difficulty(tip.header.bits)),
                        "verificationprogress": values::double(progress),
                        "coins_db_cache_bytes": chain::STORE_CACHE,
                        "coins_tip_cache_bytes": node.chain.config().cache_bytes,
                        "validated": true,
                    }],
                }))
            })
            .await
        }
    })
}

fn getchaintxstats(node: Node) -> Method {
    Method::declare(
        "blockchain",
        "getchaintxstats",
        "Tells how many transactions the chain has, and how many a second there were lately.",
    )
    .param(Param::hinted(
        "nblocks",
        Kind::Number,
        "one month",
        "Of how many blocks to tell",
    ))
    .param(Param::hinted(
        "blockhash",
        Kind::Hex,
        "the tip",
        "The last of these blocks",
    ))
    .result(shapes::object(vec![
        ("time", time("The last block's time, in seconds since 1970")),
        ("txcount", shapes::number("Transactions up to it")),
        ("window_final_block_hash", shapes::hex("The last block's hash")),
        ("window_final_block_height", shapes::number("Its height")),
        (
            "window_block_count",
            shapes::number("Of how many blocks this tells"),
        ),
        ("window_tx_count", shapes::number("Their transactions").optional()),
        (
            "window_interval",
            shapes::number("Seconds between the first and the last of them").optional(),
        ),
        ("txrate", shapes::number("Transactions a second").optional()),
    ]))
    .example("2016", "2016")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let count: Option<i64> = request.arguments.optional("nblocks")?;
            let hash = match request.arguments.value("blockhash") {
                Value::Null => None,
                _ => Some(named::hash(&request, "blockhash")?),
            };
            blocking(&node, move |node| {
                let tree = node.chain.tree();
                let id = match hash {
                    Some(hash) => named::block(&tree, &hash)?,
                    None => named::tip(&tree)?,
                };
                if !tree.is_active(id) {
                    return Err(RpcError::invalid_parameter("Block is not in main chain"));
                }
                transaction_rate(&tree, id, count, node.chain.params().work.spacing)
            })
            .await
        }
    })
}

fn transaction_rate(tree: &BlockTree, id: EntryId, count: Option<i64>, spacing: u32) -> Outcome {
    const MONTH: u32 = 30 * 24 * 60 * 60;
    let last = tree.entry(id);
    let most = last.height.saturating_sub(1);
    let count = match count {
        None => (MONTH / spacing).min(most),
        Some(count) => u32::try_from(count)
            .ok()
            .filter(|count| *count == 0 || *count < last.height)
            .ok_or_else(|| {
                RpcError::invalid_parameter(
                    "Invalid block count: should be between 0 and the block's height - 1",
                )
            })?,
    };
    let before = tree
        .ancestor(id, last.height - count)
        .expect("it is not above the block");
    let first = tree.entry(before);
    let times: HashMap<_, _> = [id, before].map(|id| (id, tree.median_time_past(id))).into();
    let seconds = times[&id].saturating_sub(times[&before]);
    let mut object = json!({
        "time": last.header.time,
        "txcount": last.chain_transactions,
        "window_final_block_hash": last.hash.to_string(),
        "window_final_block_height": last.height,
        "window_block_count": count,
    });
    if count > 0 {
        let members = object.as_object_mut().expect("it is an object");
        let transactions = last.chain_transactions - first.chain_transactions;
        members.insert("window_tx_count".to_owned(), transactions.into());
        members.insert("window_interval".to_owned(), seconds.into());
        if seconds > 0 {
            #[expect(clippy::cast_precision_loss, reason = "it is a rate for people")]
            let rate = transactions as f64 / f64::from(seconds);
            members.insert("txrate".to_owned(), values::double(rate));
        }
    }
    Ok(object)
}
