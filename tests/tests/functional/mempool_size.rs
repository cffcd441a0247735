//! A pool that has no room for what comes.

use anyhow::{Result, ensure};
use functional_tests::{Daemon, DataDir, KEY, KEY_ADDRESS, Node, for_each_daemon, text};
use serde_json::json;

for_each_daemon![tells_when_it_lets_go_of_what_pays_least];

/// More transactions than a pool of 5 MB holds.
const COUNT: u32 = 60;

/// How much data each of them has.
const SIZE: usize = 90_000;

fn tells_when_it_lets_go_of_what_pays_least(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let options = ["-maxmempool=5", "-datacarriersize=100000", "-debug=mempool"];
    let node = Node::start(daemon, &data_dir, &options)?;
    let mut rpc = node.rpc()?;
    let data = "00".repeat(SIZE);
    let coins = rpc.mine_spendable(COUNT as usize)?;
    let mut sent = Vec::new();
    for (number, coin) in (0..COUNT).zip(coins) {
        // Each pays a hundredth of a coin more than the one before.
        let kept = format!("49.{:02}", 90 - number);
        let outputs = json!([{ KEY_ADDRESS: kept }, { "data": data }]);
        let input = json!([{ "txid": coin, "vout": 0 }]);
        let raw = rpc.call("createrawtransaction", json!([input, outputs]))?;
        let signed = rpc.call("signrawtransactionwithkey", json!([raw, [KEY]]))?;
        sent.push(rpc.send_transaction(&text(&signed["hex"])?)?);
    }
    let info = rpc.call("getmempoolinfo", json!([]))?;
    let floor = info["mempoolminfee"].as_f64();
    ensure!(
        floor > info["minrelaytxfee"].as_f64(),
        "nothing had to go: {info}"
    );
    node.log()
        .wait_for("Removed 1 txn, rolling minimum fee bumped to 0.0")?;
    let kept = rpc.call("getrawmempool", json!([]))?;
    let kept = kept.as_array().map(Vec::as_slice).unwrap_or_default();
    ensure!(!kept.contains(&json!(sent[0])), "what pays least is still there");
    ensure!(
        kept.contains(&json!(sent[sent.len() - 1])),
        "what pays most is gone"
    );
    node.stop()
}
