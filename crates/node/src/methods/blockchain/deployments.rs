//! `getdeploymentinfo`: which rules hold after a block, and how far the votes for others are.

use chain::VotesBefore;
use chain::tree::{BlockTree, EntryId};
use consensus::Params;
use consensus::params::{BuriedDeployment, DeploymentStart, VersionBitsDeployment};
use consensus::vote::{ThresholdState, VotingChain as _, threshold_state, votes_for};
use rpc::{Kind, Method, Param, Shape, ShapeKind};
use serde_json::{Map, Value, json};

use super::{named, shapes as block_shapes};
use crate::shapes;
use crate::state::{Node, blocking};

pub(super) fn getdeploymentinfo(node: Node) -> Method {
    let bip9 = shapes::object(vec![
        (
            "bit",
            shapes::number("The bit of the version that votes, while voting goes on").optional(),
        ),
        (
            "start_time",
            block_shapes::time("When voting begins, in seconds since 1970"),
        ),
        (
            "timeout",
            block_shapes::time("When it ends, in seconds since 1970"),
        ),
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
