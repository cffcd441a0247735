//! `scantxoutset`: outputs that are not spent, found by their scripts.

use std::collections::BTreeMap;

use bitcoin::OutPoint;
use chain::coins::CoinsSnapshot;
use consensus::transaction::Coin;
use rpc::{Method, Outcome, RpcError, code};
use serde_json::{Value, json};

use super::{Action, Running, Scans, check_runs};
use crate::methods::blockchain::named;
use crate::methods::scan_object::{self, Wanted};
use crate::shapes;
use crate::state::{Node, NodeState, blocking};

/// After so many coins a scan looks whether it is to go on.
const PAUSE: u64 = 8192;

pub(in crate::methods::blockchain) fn scantxoutset(node: Node) -> Method {
    let unspent = shapes::object(vec![
        ("txid", shapes::hex("The transaction's id")),
        ("vout", shapes::number("Which of its outputs")),
        ("scriptPubKey", shapes::hex("The output's script")),
        ("desc", shapes::text("A descriptor of this output alone")),
        ("amount", shapes::amount("Its amount")),
        ("coinbase", shapes::flag("Whether a coinbase made it")),
        ("height", shapes::number("The height of its block")),
        (
            "asset_guid",
            shapes::number("The kind of token that it holds").optional(),
        ),
        ("asset_amount", shapes::amount("How many of them").optional()),
    ]);
    let scans = Scans::default();
    Method::declare(
        "blockchain",
        "scantxoutset",
        "Looks for outputs that are not spent, by descriptors of their scripts. It may take long. Unconfirmed transactions do \
         not count.",
    )
    .param(super::action_param())
    .param(scan_object::param())
    .result_when(
        "action is start",
        shapes::object(vec![
            ("success", shapes::flag("Whether the scan came to its end")),
            ("txouts", shapes::number("How many outputs were looked at")),
            ("height", shapes::number("The height up to which they are")),
            ("bestblock", shapes::hex("The block up to which they are")),
            ("unspents", shapes::array(unspent)),
            ("total_amount", shapes::amount("The sum of those that were found")),
        ]),
    )
    .result_when("action is abort", super::aborted())
    .result_when(
        "action is status, and a scan is running",
        shapes::object(vec![("progress", super::percent())]),
    )
    .result_when("action is status, and none is", super::nothing())
    .example(
        "start '[\"raw(76a91411b366edfc0a8b66feebae5c2e25a7b6a5d1cf3188ac)#fm24fxxy\"]'",
        "\"start\", [\"raw(76a91411b366edfc0a8b66feebae5c2e25a7b6a5d1cf3188ac)#fm24fxxy\"]",
    )
    .example("status", "\"status\"")
    .example("abort", "\"abort\"")
    .handle(move |request| {
        let (node, scans) = (node.clone(), scans.clone());
        async move {
            match super::action(&request)? {
                Action::Abort => Ok(scans.abort().into()),
                Action::Status => Ok(scans
                    .current()
                    .map_or(Value::Null, |progress| json!({ "progress": progress.percent() }))),
                Action::Start => {
                    let running = scans.begin()?;
                    let objects = super::objects(&request)?;
                    blocking(&node, move |node| {
                        let wanted = running.wanted(node, &objects)?;
                        scan(node, &wanted, &running)
                    })
                    .await
                }
            }
        }
    })
}

/// What a scan found, and how many coins it looked at.
#[derive(Default)]
struct Found {
    coins: BTreeMap<OutPoint, Coin>,
    looked_at: u64,
    is_complete: bool,
}

fn scan(node: &NodeState, wanted: &Wanted, running: &Running) -> Outcome {
    let snapshot = node.chain.coins_snapshot().map_err(|error| node.fail(&error))?;
    let (height, hash) = {
        let tree = node.chain.tree();
        let id = match snapshot.best_block() {
            Some(hash) => named::block(&tree, &hash)?,
            None => named::tip(&tree)?,
        };
        (tree.entry(id).height, tree.entry(id).hash)
    };
    let found = find(node, &snapshot, wanted, running)?;
    let total: u64 = found.coins.values().map(|coin| coin.output.value.to_sat()).sum();
    let describe = |(outpoint, coin)| describe(outpoint, coin, wanted);
    let unspents: Vec<Value> = found.coins.iter().map(describe).collect();
    Ok(json!({
        "success": found.is_complete,
        "txouts": found.looked_at,
        "height": height,
        "bestblock": hash.to_string(),
        "unspents": unspents,
        "total_amount": encoding::amount::unsigned_to_json(total),
    }))
}

fn describe(outpoint: &OutPoint, coin: &Coin, wanted: &Wanted) -> Value {
    let script = &coin.output.script_pubkey;
    let mut unspent = json!({
        "txid": outpoint.txid.to_string(),
        "vout": outpoint.vout,
        "scriptPubKey": script.to_hex_string(),
        "desc": wanted[script],
        "amount": encoding::amount::unsigned_to_json(coin.output.value.to_sat()),
        "coinbase": coin.is_coinbase,
        "height": coin.height,
    });
    if let Some(tokens) = coin.tokens.as_deref() {
        unspent["asset_guid"] = tokens.asset.get().into();
        unspent["asset_amount"] = encoding::amount::unsigned_to_json(tokens.value);
    }
    unspent
}

fn find(
    node: &NodeState,
    snapshot: &CoinsSnapshot,
    wanted: &Wanted,
    running: &Running,
) -> Result<Found, RpcError> {
    let unreadable = |error| RpcError::new(code::INTERNAL_ERROR, format!("Unable to read UTXO set: {error}"));
    let mut found = Found::default();
    if running.is_aborted() {
        return Ok(found);
    }
    for coin in snapshot.iter().map_err(unreadable)? {
        let (outpoint, coin) = coin.map_err(unreadable)?;
        found.looked_at += 1;
        if found.looked_at.is_multiple_of(PAUSE) {
            check_runs(node)?;
            if running.is_aborted() {
                return Ok(found);
            }
            running.is_at(percent_before(&outpoint));
        }
        if wanted.contains_key(&coin.output.script_pubkey) {
            found.coins.insert(outpoint, coin);
        }
    }
    found.is_complete = true;
    Ok(found)
}

/// About which part of all coins comes before one, as they come in the order of random ids.
fn percent_before(outpoint: &OutPoint) -> u32 {
    let id: &[u8; 32] = outpoint.txid.as_ref();
    u32::from(u16::from_be_bytes([id[0], id[1]])) * 100 / 0x1_0000
}
