//! `scanblocks`: blocks that have to do with scripts, found by their filters.

use std::collections::HashSet;

use bitcoin::{BlockHash, Script, ScriptBuf};
use chain::indexes::{BlockId, FilterIndex};
use chain::tree::{BlockTree, EntryId};
use rpc::{FromArgument as _, Kind, Method, Outcome, Param, Request, RpcError};
use serde_json::{Value, json};

use super::{Action, Running, Scans, check_runs};
use crate::methods::blockchain::{block, filter, named};
use crate::methods::scan_object::{self, Wanted};
use crate::state::{Node, NodeState, blocking};
use crate::{shapes, values};

/// After so many blocks a scan looks whether it is to go on.
const PAUSE: u32 = 1000;

pub(in crate::methods::blockchain) fn scanblocks(node: Node) -> Method {
    let scans = Scans::default();
    Method::declare(
        "blockchain",
        "scanblocks",
        "Looks for blocks that pay to scripts or spend from them, by descriptors. It needs -blockfilterindex, and may take \
         long.",
    )
    .param(super::action_param())
    .param(scan_object::param())
    .param(Param::defaulted(
        "start_height",
        Kind::Number,
        0,
        "The height of the first block to look at",
    ))
    .param(Param::hinted(
        "stop_height",
        Kind::Number,
        "the tip",
        "The height of the last one",
    ))
    .param(filter::type_param())
    .param(Param::optional(
        "options",
        Kind::Options(vec![Param::defaulted(
            "filter_false_positives",
            Kind::Boolean,
            false,
            "Look at each block that is found, and leave out those that only seem to have to do with the scripts",
        )]),
        "",
    ))
    .result_when(
        "action is start",
        shapes::object(vec![
            ("from_height", shapes::number("The height of the first block that was looked at")),
            ("to_height", shapes::number("The height of the last one")),
            (
                "relevant_blocks",
                shapes::array(shapes::hex("A block that seems to have to do with the scripts")),
            ),
            ("completed", shapes::flag("Whether the scan came to its end")),
        ]),
    )
    .result_when("action is abort", super::aborted())
    .result_when(
        "action is status, and a scan is running",
        shapes::object(vec![
            ("progress", super::percent()),
            ("current_height", shapes::number("The height of the block that is looked at")),
        ]),
    )
    .result_when("action is status, and none is", super::nothing())
    .example(
        "start '[\"addr(bcrt1q4u4nsgk6ug0sqz7r3rj9tykjxrsl0yy4d0wwte)\"]' 100 150 basic",
        "\"start\", [\"addr(bcrt1q4u4nsgk6ug0sqz7r3rj9tykjxrsl0yy4d0wwte)\"], 100, 150, \"basic\"",
    )
    .example("status", "\"status\"")
    .handle(move |request| {
        let (node, scans) = (node.clone(), scans.clone());
        async move {
            match super::action(&request)? {
                Action::Abort => Ok(scans.abort().into()),
                Action::Status => Ok(scans.current().map_or(Value::Null, |progress| {
                    json!({ "progress": progress.percent(), "current_height": progress.height() })
                })),
                Action::Start => {
                    let running = scans.begin()?;
                    let question = Question::of(&request)?;
                    blocking(&node, move |node| question.answer(node, &running)).await
                }
            }
        }
    })
}

/// What is looked for, and where.
struct Question {
    objects: Value,
    start: Option<i32>,
    stop: Option<i32>,
    kind: Option<String>,
    looks_at_blocks: bool,
}

impl Question {
    fn of(request: &Request) -> Result<Self, RpcError> {
        let looks_at_blocks = match request.arguments.value("options") {
            Value::Null => false,
            options => match values::member(values::object(options)?, "filter_false_positives") {
                Value::Null => false,
                value => bool::from_argument(value)?,
            },
        };
        Ok(Self {
            objects: super::objects(request)?,
            start: request.arguments.optional("start_height")?,
            stop: request.arguments.optional("stop_height")?,
            kind: request.arguments.optional("filtertype")?,
            looks_at_blocks,
        })
    }

    fn answer(&self, node: &NodeState, running: &Running) -> Outcome {
        let index = filter::index(node, self.kind.as_deref())?;
        let (start, stop, last) = self.range(&node.chain.tree())?;
        let wanted = running.wanted(node, &self.objects)?;
        node.indexes.sync(node, index)?;
        let mut found = Vec::new();
        let mut reached = start;
        let mut is_complete = true;
        for height in start..=stop {
            check_runs(node)?;
            if running.is_aborted() {
                is_complete = false;
                break;
            }
            if (height - start).is_multiple_of(PAUSE) {
                running.is_at(((height - start) * 100).checked_div(stop - start).unwrap_or(0));
                running.is_at_height(height);
            }
            reached = height;
            let (entry, hash) = {
                let tree = node.chain.tree();
                let entry = tree.ancestor(last, height).expect("it is not above the block");
                (entry, tree.entry(entry).hash)
            };
            if matches(node, index, &BlockId { height, hash }, &wanted)?
                && (!self.looks_at_blocks || has_any(node, entry, &wanted)?)
            {
                found.push(hash);
            }
        }
        Ok(json!({
            "from_height": start,
            "to_height": reached,
            "relevant_blocks": found.iter().map(BlockHash::to_string).collect::<Vec<_>>(),
            "completed": is_complete,
        }))
    }

    /// The first height, the last one, and the block there.
    fn range(&self, tree: &BlockTree) -> Result<(u32, u32, EntryId), RpcError> {
        let at = |height: i32| u32::try_from(height).ok().and_then(|height| tree.active(height));
        let refused = |what| RpcError::misc(format!("Invalid {what}"));
        let start = match self.start {
            Some(height) => {
                tree.entry(at(height).ok_or_else(|| refused("start_height"))?)
                    .height
            }
            None => 0,
        };
        let last = match self.stop {
            Some(height) => at(height).ok_or_else(|| refused("stop_height"))?,
            None => named::tip(tree)?,
        };
        let stop = tree.entry(last).height;
        match stop < start {
            true => Err(refused("stop_height")),
            false => Ok((start, stop, last)),
        }
    }
}

/// Whether a block seems to have to do with any of the scripts. A filter that is not there yet tells nothing.
fn matches(node: &NodeState, index: &FilterIndex, id: &BlockId, wanted: &Wanted) -> Result<bool, RpcError> {
    if wanted.is_empty() {
        return Ok(false);
    }
    let scripts = wanted.keys().map(|script| script.as_bytes());
    let hit = index.matches_any(id, scripts);
    hit.map(|hit| hit == Some(true))
        .map_err(|error| node.fail_index(error))
}

/// Whether a block pays to any of the scripts or spends from them.
fn has_any(node: &NodeState, id: EntryId, wanted: &Wanted) -> Result<bool, RpcError> {
    let wanted: HashSet<&Script> = wanted.keys().map(ScriptBuf::as_script).collect();
    let (block, undo) = (block::read(node, id)?, block::read_undo(node, id)?);
    let paid = block
        .transactions
        .iter()
        .flat_map(|transaction| &transaction.output);
    let spent = undo
        .transactions
        .iter()
        .flat_map(|transaction| &transaction.coins);
    let mut outputs = paid.chain(spent.map(|coin| &coin.output));
    Ok(outputs.any(|output| wanted.contains(output.script_pubkey.as_script())))
}
