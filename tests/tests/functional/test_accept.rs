//! `testmempoolaccept`: why transactions would not be taken, and what is told of those that would.

use anyhow::{Context as _, Result};
use functional_tests::{Daemon, DataDir, KEY, KEY_ADDRESS, Node, RpcClient, for_each_daemon, text};
use serde_json::{Value, json};

for_each_daemon![
    names_why_a_transaction_is_not_taken,
    tells_what_counts_of_those_that_are,
    looks_at_transactions_together,
];

/// A signed transaction of any inputs and outputs.
fn transaction(rpc: &mut RpcClient, inputs: &Value, outputs: &Value, lock_time: u32) -> Result<String> {
    let replaceable = false;
    let raw = rpc.call(
        "createrawtransaction",
        json!([inputs, outputs, lock_time, replaceable]),
    )?;
    text(&rpc.call("signrawtransactionwithkey", json!([raw, [KEY]]))?["hex"])
}

fn pay(rpc: &mut RpcClient, coin: &str, coins: f64) -> Result<String> {
    let inputs = json!([{ "txid": coin, "vout": 0 }]);
    transaction(rpc, &inputs, &json!([{ KEY_ADDRESS: coins }]), 0)
}

/// What is told of a transaction.
fn test(rpc: &mut RpcClient, transaction: &str) -> Result<Value> {
    let told = rpc.call("testmempoolaccept", json!([[transaction]]))?;
    Ok(told[0].clone())
}

fn names_why_a_transaction_is_not_taken(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let coins = rpc.mine_spendable(4)?;
    let rpc = &mut rpc;
    let [first, second, third, fourth] = coins.as_slice() else {
        anyhow::bail!("there are not four coins");
    };
    let own = json!([{ KEY_ADDRESS: 49.999 }]);
    let spend = |coin: &str, sequence: u32| json!([{ "txid": coin, "vout": 0, "sequence": sequence }]);
    let data = |bytes: usize, version: u32| json!({ "data": "00".repeat(bytes), "data_version": version, KEY_ADDRESS: 49.999 });
    let confirmed = pay(rpc, first, 49.999)?;
    rpc.send_transaction(&confirmed)?;
    rpc.call("generatetoaddress", json!([1, KEY_ADDRESS]))?;
    let waiting = pay(rpc, second, 49.999)?;
    rpc.send_transaction(&waiting)?;
    let tip = rpc.tip()?;
    let young = text(&rpc.call("getblock", json!([tip]))?["tx"][0])?;

    for (refused, expected) in [
        ("02000000000000000000".to_owned(), "bad-txns-vin-empty"),
        (confirmed.clone(), "txn-already-known"),
        (waiting.clone(), "txn-already-in-mempool"),
        (pay(rpc, second, 49.99)?, "txn-mempool-conflict"),
        (pay(rpc, first, 49.998)?, "missing-inputs"),
        (pay(rpc, third, 50.1)?, "bad-txns-in-belowout"),
        (pay(rpc, third, 0.000_002)?, "dust"),
        (pay(rpc, third, 49.999_999_99)?, "min relay fee not met"),
        (pay(rpc, third, 1.0)?, "max-fee-exceeded"),
        (pay(rpc, &young, 1.0)?, "bad-txns-premature-spend-of-coinbase"),
        (transaction(rpc, &spend(third, 0), &own, 500)?, "non-final"),
        (transaction(rpc, &spend(fourth, 200), &own, 0)?, "non-BIP68-final"),
        (
            transaction(rpc, &spend(third, u32::MAX), &data(1, 3), 0)?,
            "version",
        ),
        (
            transaction(rpc, &spend(third, u32::MAX), &data(81, 2), 0)?,
            "scriptpubkey",
        ),
        (
            transaction(
                rpc,
                &json!([{ "txid": third, "vout": 0 }, { "txid": third, "vout": 0 }]),
                &own,
                0,
            )?,
            "bad-txns-inputs-duplicate",
        ),
    ] {
        let told = test(rpc, &refused)?;
        assert_eq!(told["reject-reason"], expected, "{told}");
        assert_eq!(
            (&told["allowed"], &told["vsize"], &told["fees"]),
            (&json!(false), &Value::Null, &Value::Null)
        );
    }
    let dear = pay(rpc, third, 1.0)?;
    let told = rpc.call("testmempoolaccept", json!([[dear], 0]))?;
    assert_eq!(told[0]["allowed"], true, "any rate may be paid: {told}");
    assert_eq!(
        rpc.call("getrawmempool", json!([]))?.as_array().map(Vec::len),
        Some(1)
    );
    let refused = rpc.refusal("testmempoolaccept", json!([["zz"]]))?;
    assert_eq!(
        refused,
        (
            -22,
            "TX decode failed: zz Make sure the tx has at least one input.".to_owned()
        )
    );
    let refused = rpc.refusal("testmempoolaccept", json!([vec!["00"; 26]]))?;
    assert_eq!(
        refused,
        (-8, "Array must contain between 1 and 25 transactions.".to_owned())
    );
    node.stop()
}

fn tells_what_counts_of_those_that_are(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let coins = rpc.mine_spendable(1)?;
    let taken = pay(&mut rpc, &coins[0], 49.999)?;
    let told = test(&mut rpc, &taken)?;
    let size = told["vsize"].as_u64().context("no size")?;
    let decoded = rpc.call("decoderawtransaction", json!([taken]))?;
    assert_eq!(
        (&told["txid"], &told["wtxid"], &told["vsize"]),
        (&decoded["txid"], &decoded["hash"], &decoded["vsize"])
    );
    assert_eq!(told["fees"]["base"].to_string(), "0.00100000");
    let rate = |units: u64| format!("0.{:08}", units * 1000 / size);
    assert_eq!(told["fees"]["effective-feerate"].to_string(), rate(100_000));
    assert_eq!(told["fees"]["effective-includes"], json!([told["wtxid"]]));
    rpc.call("prioritisetransaction", json!([told["txid"], 0, 100_000]))?;
    let again = test(&mut rpc, &taken)?;
    assert_eq!(again["fees"]["base"], told["fees"]["base"]);
    assert_eq!(again["fees"]["effective-feerate"].to_string(), rate(200_000));
    node.stop()
}

fn looks_at_transactions_together(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let coins = rpc.mine_spendable(1)?;
    let parent = pay(&mut rpc, &coins[0], 49.999)?;
    let txid = text(&rpc.call("decoderawtransaction", json!([parent]))?["txid"])?;
    let child = rpc.spend_unconfirmed(&txid, 49.999, 49.998)?;
    let other = pay(&mut rpc, &coins[0], 49.99)?;
    let told = rpc.call("testmempoolaccept", json!([[parent, child]]))?;
    for told in told.as_array().context("no list")? {
        assert_eq!(
            (&told["allowed"], &told["package-error"]),
            (&json!(true), &Value::Null)
        );
    }
    for (package, expected) in [
        (json!([child, parent]), "package-not-sorted"),
        (json!([parent, other]), "conflict-in-package"),
    ] {
        let told = rpc.call("testmempoolaccept", json!([package]))?;
        for told in told.as_array().context("no list")? {
            assert_eq!(
                (&told["package-error"], &told["allowed"]),
                (&json!(expected), &Value::Null)
            );
        }
    }
    // Nothing is said of what stands on one that is refused.
    let told = rpc.call("testmempoolaccept", json!([[parent, child], 0.001]))?;
    assert_eq!(told[0]["reject-reason"], "max-fee-exceeded");
    assert_eq!(
        (&told[1]["allowed"], &told[1]["reject-reason"]),
        (&Value::Null, &Value::Null)
    );
    let alone = test(&mut rpc, &child)?;
    assert_eq!(alone["reject-reason"], "missing-inputs");
    node.stop()
}
