//! A template as an object.

use std::collections::HashMap;

use bitcoin::hex::DisplayHex as _;
use bitcoin::{Target, Txid};
use chain::mining::Template;
use chain::{VotesBefore, required_bits};
use consensus::limits::{MAX_BLOCK_SIGOPS_COST, MAX_BLOCK_WEIGHT, WITNESS_SCALE_FACTOR};
use consensus::params::VersionBitsDeployment;
use consensus::vote::{ThresholdState, threshold_state};
use encoding::transaction::{to_hex, witness_hash};
use rpc::{Outcome, RpcError, Shape, ShapeKind, code};
use serde_json::{Map, Value, json};

use super::cache::Cached;
use crate::shapes;
use crate::state::NodeState;

/// How large a block may be, in bytes: its weight, and what the NEVM has room for.
const SIZE_LIMIT: u64 = MAX_BLOCK_WEIGHT + 96 * 1024 * 1024;

/// What is told of a template.
pub(super) fn shape() -> Shape {
    let mut members = vec![
        (
            "capabilities",
            shapes::array(shapes::text("What the node can do beyond templates")),
        ),
        ("version", shapes::number("The block's version")),
        (
            "rules",
            shapes::array(shapes::text(
                "A rule that holds; behind an exclamation mark, one that a miner must know of",
            )),
        ),
        (
            "vbavailable",
            Shape::new(
                ShapeKind::Map("rulename", Box::new(shapes::number("The bit that votes for it"))),
                "The rules that are voted for (BIP 9)",
            ),
        ),
        (
            "vbrequired",
            shapes::number("The bits of votes that a block must have: none"),
        ),
        ("previousblockhash", shapes::hex("The tip's hash")),
        ("transactions", shapes::array(shapes::object(transaction_shape()))),
        (
            "coinbaseaux",
            Shape::new(
                ShapeKind::Map("key", Box::new(shapes::hex("Bytes"))),
                "What the coinbase must hold: nothing",
            ),
        ),
        (
            "coinbasevalue",
            shapes::number("What the coinbase may pay, in units: subsidy and fees"),
        ),
        (
            "longpollid",
            shapes::text("What to ask with, to be answered when there is another template"),
        ),
        ("target", shapes::text("What the block's hash may be at most")),
        (
            "mintime",
            Shape::new(ShapeKind::Time, "The earliest time that the block may have"),
        ),
        (
            "mutable",
            shapes::array(shapes::text(
                "What a miner may change: time, transactions or prevblock",
            )),
        ),
        ("noncerange", shapes::hex("The first nonce and the last one")),
        (
            "sigoplimit",
            shapes::number("What the block's signature operations may cost"),
        ),
        (
            "sizelimit",
            shapes::number("How large the block may be, in bytes"),
        ),
        (
            "weightlimit",
            shapes::number("What it may weigh; missing where there is no segwit yet").optional(),
        ),
        ("curtime", Shape::new(ShapeKind::Time, "The time")),
        ("bits", shapes::text("The target in its compact form")),
        ("height", shapes::number("The block's height")),
        (
            "signet_challenge",
            shapes::hex("What the block must be signed for; on signet").optional(),
        ),
        (
            "default_witness_commitment",
            shapes::hex("The script of the output that commits to the witnesses, while nothing is changed")
                .optional(),
        ),
    ];
    members.extend(syscoin_shape());
    shapes::object(members)
}

fn transaction_shape() -> Vec<(&'static str, Shape)> {
    vec![
        ("data", shapes::hex("Its bytes")),
        ("txid", shapes::hex("Its id")),
        ("hash", shapes::hex("The hash that covers its witness too")),
        (
            "depends",
            shapes::array(shapes::number(
                "Which transaction of the list must come before it, counted from 1",
            )),
        ),
        ("fee", shapes::number("What it pays, in units")),
        ("sigops", shapes::number("What its signature operations cost")),
        ("weight", shapes::number("Its weight")),
    ]
}

/// What Syscoin's coinbases need besides.
fn syscoin_shape() -> Vec<(&'static str, Shape)> {
    let payment = || {
        shapes::array(shapes::object(vec![
            ("payee", shapes::text("The address")),
            ("script", shapes::hex("The script")),
            ("amount", shapes::number("What it is paid, in units")),
        ]))
    };
    vec![
        ("version_coinbase", shapes::number("The coinbase's version")),
        ("masternode", payment()),
        (
            "masternode_collateral_height",
            shapes::number("The height of the masternode's collateral; 0 where none is paid"),
        ),
        ("superblock", payment()),
        (
            "default_witness_commitment_extra",
            shapes::hex("What stands behind the commitment in that script").optional(),
        ),
    ]
}

/// A template, with the present time.
pub(super) fn describe(node: &NodeState, cached: &Cached) -> Outcome {
    let params = node.chain.params();
    let (next, template) = (&cached.assembled.next, &cached.assembled.template);
    let header = template.block.header.pure();
    let coinbase = &template.block.transactions[0];
    let now = u32::try_from(node.chain.clock().now()).unwrap_or(u32::MAX);
    let time = header.time.max(now).max(next.median_time_past.saturating_add(1));
    let tree = node.chain.tree();
    let previous = tree
        .find(&next.previous)
        .ok_or_else(|| RpcError::new(code::INTERNAL_ERROR, "the template's block is gone"))?;
    // With the time, the target may change.
    let bits = match params.work.minimum_difficulty_after {
        Some(_) => required_bits(&tree, previous, time, params),
        None => header.bits,
    };
    let votes = Votes::count(
        &VotesBefore {
            tree: &tree,
            last: previous,
        },
        next.height,
        params,
    );
    drop(tree);
    let mut rules = vec!["csv"];
    if next.is_segwit {
        rules.push("!segwit");
    }
    if params.signet_challenge.is_some() {
        rules.push("!signet");
    }
    rules.extend(votes.active);
    // Before segwit, signature operations and sizes are counted without the discount of witnesses.
    let scale = match next.is_segwit {
        true => 1,
        false => WITNESS_SCALE_FACTOR,
    };
    let mut told = json!({
        "capabilities": ["proposal"],
        "version": header.version.to_consensus() | votes.locked_in,
        "rules": rules,
        "vbavailable": votes.available,
        "vbrequired": 0,
        "previousblockhash": next.previous.to_string(),
        "transactions": transactions(template, scale),
        "coinbaseaux": {},
        "coinbasevalue": coinbase.output[0].value.to_sat(),
        "longpollid": format!("{}{}", next.previous, cached.updates),
        "target": Target::from_compact(bits).to_be_bytes().to_lower_hex_string(),
        "mintime": next.median_time_past.saturating_add(1),
        "mutable": ["time", "transactions", "prevblock"],
        "noncerange": "00000000ffffffff",
        "sigoplimit": MAX_BLOCK_SIGOPS_COST / scale,
        "sizelimit": SIZE_LIMIT / scale,
    });
    if next.is_segwit {
        told["weightlimit"] = MAX_BLOCK_WEIGHT.into();
    }
    told["curtime"] = time.into();
    told["bits"] = format!("{:08x}", bits.to_consensus()).into();
    told["height"] = next.height.into();
    if let Some(challenge) = &params.signet_challenge {
        told["signet_challenge"] = challenge.to_hex_string().into();
    }
    if let Some(index) = consensus::block::witness_commitment_index(coinbase) {
        told["default_witness_commitment"] = coinbase.output[index].script_pubkey.to_hex_string().into();
    }
    told["version_coinbase"] = coinbase.version.0.into();
    // There are no masternodes: nobody but the miner is paid.
    told["masternode"] = json!([]);
    told["masternode_collateral_height"] = 0.into();
    told["superblock"] = json!([]);
    told["default_witness_commitment_extra"] = template.commitment_data.to_lower_hex_string().into();
    Ok(told)
}

/// How far the votes for rules are in the next block.
#[derive(Default)]
struct Votes {
    /// The rules that hold.
    active: Vec<&'static str>,
    /// Those that are voted for or will hold, with their bits.
    available: Map<String, Value>,
    /// The bits of those that will hold.
    locked_in: i32,
}

impl Votes {
    fn count(before: &VotesBefore<'_>, height: u32, params: &consensus::Params) -> Self {
        let mut votes = Self::default();
        for rule in VersionBitsDeployment::ALL {
            let deployment = params.deployment(rule);
            let state = threshold_state(deployment, height, before, params);
            match state {
                ThresholdState::Defined | ThresholdState::Failed => {}
                ThresholdState::Started | ThresholdState::LockedIn => {
                    votes
                        .available
                        .insert(rule.name().to_owned(), deployment.bit.into());
                    if state == ThresholdState::LockedIn {
                        votes.locked_in |= 1 << deployment.bit;
                    }
                }
                ThresholdState::Active => votes.active.push(rule.name()),
            }
        }
        votes
    }
}

fn transactions(template: &Template, scale: u64) -> Value {
    let mut places: HashMap<Txid, usize> = HashMap::new();
    let paid = template.fees.iter().zip(&template.sigop_costs);
    let chosen = template.block.transactions.iter().skip(1).zip(paid);
    chosen
        .enumerate()
        .map(|(index, (transaction, (fee, sigop_cost)))| {
            let txid = transaction.compute_txid();
            let depends: Vec<usize> = transaction
                .input
                .iter()
                .filter_map(|input| places.get(&input.previous_output.txid).copied())
                .collect();
            places.insert(txid, index + 1);
            json!({
                "data": to_hex(transaction),
                "txid": txid.to_string(),
                "hash": witness_hash(transaction).to_string(),
                "depends": depends,
                "fee": fee.to_sat(),
                "sigops": sigop_cost / scale,
                "weight": transaction.weight().to_wu(),
            })
        })
        .collect()
}
