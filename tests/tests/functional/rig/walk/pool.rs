//! Unconfirmed transactions: made, signed, tried, sent, replaced and confirmed.

use anyhow::{Result, ensure};
use functional_tests::rig::{RIG_KEYS, RigNode, Wanted};
use functional_tests::text;
use serde_json::{Value, json};

use super::{NOTHING, hash_rows, rows};

pub(super) fn walk(node: &mut RigNode) -> Result<()> {
    empty(node)?;
    let coin = coinbase(node, 1)?;
    let first = spend(
        node,
        &json!([{ "txid": coin, "vout": 0, "sequence": 1 }]),
        "49.999",
    )?;
    try_and_send(node, &first)?;
    let replacing = spend(
        node,
        &json!([{ "txid": coin, "vout": 0, "sequence": 1 }]),
        "49.998",
    )?;
    let replacing = text(&node.expect(
        "sendrawtransaction",
        json!({ "hexstring": replacing, "maxfeerate": 0 }),
        &Wanted::Success,
    )?)?;
    node.expect("getrawmempool", json!([]), &Wanted::Exactly(json!([replacing])))?;
    family(node, &replacing)?;
    confirm(node)
}

fn empty(node: &mut RigNode) -> Result<()> {
    let info = node.expect(
        "getmempoolinfo",
        json!([]),
        &Wanted::Only(&[
            "loaded",
            "size",
            "bytes",
            "usage",
            "total_fee",
            "maxmempool",
            "mempoolminfee",
            "minrelaytxfee",
            "incrementalrelayfee",
            "unbroadcastcount",
            "fullrbf",
        ]),
    )?;
    ensure!(info["size"] == 0 && info["maxmempool"] == 300_000_000, "{info}");
    rows(
        node,
        "getrawmempool",
        &[
            (json!([]), Wanted::Exactly(json!([]))),
            (json!([true]), Wanted::Exactly(json!({}))),
            (
                json!({ "mempool_sequence": true }),
                Wanted::Only(&["txids", "mempool_sequence"]),
            ),
            (
                json!([true, true]),
                Wanted::Error(-8, "Verbose results cannot contain mempool sequence values."),
            ),
        ],
    )?;
    for method in ["getmempoolentry", "getmempoolancestors", "getmempooldescendants"] {
        node.expect(
            method,
            json!([NOTHING]),
            &Wanted::Error(-5, "Transaction not in mempool"),
        )?;
    }
    rows(
        node,
        "testmempoolaccept",
        &[
            (
                json!([[]]),
                Wanted::Error(-8, "Array must contain between 1 and 25 transactions."),
            ),
            (
                json!([["ff22"]]),
                Wanted::Error(
                    -22,
                    "TX decode failed: ff22 Make sure the tx has at least one input.",
                ),
            ),
            (json!(["ff22"]), Wanted::ErrorLike(-3, "Wrong type passed")),
        ],
    )?;
    node.expect(
        "sendrawtransaction",
        json!(["ff22"]),
        &Wanted::Error(-22, "TX decode failed. Make sure the tx has at least one input."),
    )?;
    rows(
        node,
        "prioritisetransaction",
        &[
            (
                json!([NOTHING, 1, 0]),
                Wanted::Error(
                    -8,
                    "Priority is no longer supported, dummy argument to prioritisetransaction must be 0.",
                ),
            ),
            (
                json!({ "txid": NOTHING, "fee_delta": 5 }),
                Wanted::Exactly(json!(true)),
            ),
            (json!([NOTHING, 0, -5]), Wanted::Exactly(json!(true))),
            (
                json!(["foo", 0, 0]),
                Wanted::Error(-8, "txid must be of length 64 (not 3, for 'foo')"),
            ),
        ],
    )?;
    node.expect(
        "getprioritisedtransactions",
        json!([]),
        &Wanted::Exactly(json!({})),
    )?;
    hash_rows(node, "getrawtransaction", "parameter 1")
}

/// The id of the coinbase at a height.
fn coinbase(node: &mut RigNode, height: u32) -> Result<String> {
    let hash = node.call("getblockhash", json!([height]))?;
    text(&node.call("getblock", json!([hash]))?["tx"][0])
}

/// A signed transaction with one output.
fn spend(node: &mut RigNode, inputs: &Value, amount: &str) -> Result<String> {
    let (address, key) = RIG_KEYS[0];
    let raw = node.expect(
        "createrawtransaction",
        json!({ "inputs": inputs, "outputs": [{ address: amount }] }),
        &Wanted::Success,
    )?;
    let decoded = node.expect("decoderawtransaction", json!([raw]), &Wanted::Success)?;
    ensure!(
        decoded["vout"][0]["scriptPubKey"]["address"] == address,
        "{decoded}"
    );
    let signed = node.expect(
        "signrawtransactionwithkey",
        json!([raw, [key]]),
        &Wanted::Members(&["hex", "complete"]),
    )?;
    ensure!(signed["complete"] == true, "{signed}");
    text(&signed["hex"])
}

fn try_and_send(node: &mut RigNode, transaction: &str) -> Result<()> {
    let tested = node.expect(
        "testmempoolaccept",
        json!({ "rawtxs": [transaction] }),
        &Wanted::Success,
    )?;
    Wanted::Only(&["txid", "wtxid", "allowed", "vsize", "fees"]).check(&Ok(tested[0].clone()))?;
    ensure!(tested[0]["allowed"] == true, "{tested}");
    Wanted::Only(&["base", "effective-feerate", "effective-includes"])
        .check(&Ok(tested[0]["fees"].clone()))?;
    let dear = node.expect(
        "testmempoolaccept",
        json!([[transaction], "0.00001"]),
        &Wanted::Success,
    )?;
    ensure!(dear[0]["reject-reason"] == "max-fee-exceeded", "{dear}");
    node.expect(
        "sendrawtransaction",
        json!([transaction, 0.000_01]),
        &Wanted::Error(
            -25,
            "Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)",
        ),
    )?;
    let txid = node.expect("sendrawtransaction", json!([transaction]), &Wanted::Success)?;
    ensure!(txid == tested[0]["txid"], "{txid}");
    let again = node.expect("testmempoolaccept", json!([[transaction]]), &Wanted::Success)?;
    ensure!(again[0]["reject-reason"] == "txn-already-in-mempool", "{again}");
    node.expect("sendrawtransaction", json!([transaction]), &Wanted::Exactly(txid))?;
    Ok(())
}

fn family(node: &mut RigNode, parent: &str) -> Result<()> {
    let (address, key) = RIG_KEYS[0];
    let raw = node.call(
        "createrawtransaction",
        json!([[{ "txid": parent, "vout": 0 }], { address: "49.99" }]),
    )?;
    // The signer knows what the pool has.
    let signed = node.expect("signrawtransactionwithkey", json!([raw, [key]]), &Wanted::Success)?;
    ensure!(signed["complete"] == true, "{signed}");
    let child = text(&node.expect("sendrawtransaction", json!([signed["hex"]]), &Wanted::Success)?)?;
    let entry = node.expect(
        "getmempoolentry",
        json!({ "txid": child }),
        &Wanted::Only(&[
            "vsize",
            "weight",
            "time",
            "height",
            "descendantcount",
            "descendantsize",
            "ancestorcount",
            "ancestorsize",
            "wtxid",
            "fees",
            "depends",
            "spentby",
            "bip125-replaceable",
            "unbroadcast",
        ]),
    )?;
    ensure!(
        entry["depends"] == json!([parent]) && entry["ancestorcount"] == 2,
        "{entry}"
    );
    ensure!(entry["time"] == 1_553_050_000, "{entry}");
    Wanted::Only(&["base", "modified", "ancestor", "descendant"]).check(&Ok(entry["fees"].clone()))?;
    node.expect(
        "getmempoolancestors",
        json!([child]),
        &Wanted::Exactly(json!([parent])),
    )?;
    node.expect(
        "getmempooldescendants",
        json!([parent]),
        &Wanted::Exactly(json!([child])),
    )?;
    node.expect(
        "getmempooldescendants",
        json!({ "txid": parent, "verbose": true }),
        &Wanted::Success,
    )?;
    node.expect("getrawmempool", json!([true]), &Wanted::Success)?;
    node.expect(
        "gettxspendingprevout",
        json!([[{ "txid": parent, "vout": 0 }, { "txid": parent, "vout": 1 }]]),
        &Wanted::Exactly(json!([
            { "txid": parent, "vout": 0, "spendingtxid": child },
            { "txid": parent, "vout": 1 },
        ])),
    )?;
    rows(
        node,
        "gettxspendingprevout",
        &[
            (
                json!([[]]),
                Wanted::Error(-8, "Invalid parameter, outputs are missing"),
            ),
            (
                json!([[{ "txid": NOTHING, "vout": -1 }]]),
                Wanted::Error(-8, "Invalid parameter, vout cannot be negative"),
            ),
        ],
    )?;
    let saved = node.call("savemempool", json!([]))?;
    ensure!(
        saved["filename"].as_str() == node.data_dir().regtest("mempool.dat").to_str(),
        "{saved}"
    );
    Ok(())
}

fn confirm(node: &mut RigNode) -> Result<()> {
    let made = node.expect("generatetoaddress", json!([1, RIG_KEYS[1].0]), &Wanted::Success)?;
    let block = node.expect("getblock", json!([made[0], 3]), &Wanted::Success)?;
    ensure!(block["nTx"] == 3, "{block}");
    assert_eq!(block["tx"][1]["fee"].to_string(), "0.00200000");
    ensure!(
        block["tx"][1]["vin"][0]["prevout"]["generated"] == true,
        "{block}"
    );
    node.expect("getrawmempool", json!([]), &Wanted::Exactly(json!([])))?;
    let hex = block["tx"][2]["hex"].clone();
    node.expect(
        "sendrawtransaction",
        json!([hex]),
        &Wanted::Error(-27, "Transaction already in block chain"),
    )?;
    let tested = node.expect("testmempoolaccept", json!([[hex]]), &Wanted::Success)?;
    ensure!(tested[0]["reject-reason"] == "txn-already-known", "{tested}");
    Ok(())
}
