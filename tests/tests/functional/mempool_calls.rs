//! What calls about unconfirmed transactions take, refuse and import.

use anyhow::{Result, ensure};
use functional_tests::{Daemon, DataDir, KEY, KEY_ADDRESS, Node, RpcClient, for_each_daemon, text};
use serde_json::{Value, json};

for_each_daemon![
    imports_what_a_file_has_and_what_of_it_is_wanted,
    refuses_to_burn_more_than_was_said,
    refuses_outputs_that_are_none,
    finds_transactions_with_what_they_spend,
];

fn imports_what_a_file_has_and_what_of_it_is_wanted(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let coins = rpc.mine_spendable(1)?;
    let transaction = rpc.spend(&json!([{ "txid": coins[0], "vout": 0 }]), 49.999)?;
    let txid = rpc.send_transaction(&transaction)?;
    rpc.call("prioritisetransaction", json!([txid, 0, 7]))?;
    node.stop()?;

    let node = Node::start(daemon, &data_dir, &["-persistmempool=0"])?;
    let mut rpc = node.rpc()?;
    rpc.wait_until_loaded()?;
    assert_eq!(rpc.call("getrawmempool", json!([]))?, json!([]));
    let failed = "Unable to import mempool file, see debug.log for details.";
    let nowhere = data_dir.regtest("nowhere.dat");
    fs_err::write(data_dir.regtest("nothing.dat"), "nothing of the kind")?;
    for path in [nowhere, data_dir.regtest("nothing.dat")] {
        let refused = rpc.refusal("importmempool", json!([path.to_str()]))?;
        assert_eq!(refused, (-1, failed.to_owned()));
    }
    let file = data_dir.regtest("mempool.dat");
    let refused = rpc.refusal("importmempool", json!([file.to_str(), { "use_current_time": 1 }]))?;
    ensure!(refused.0 == -3, "{refused:?}");

    rpc.call("setmocktime", json!([2_000_000_000]))?;
    rpc.call("generatetoaddress", json!([1, KEY_ADDRESS]))?;
    assert_eq!(rpc.call("importmempool", json!([file.to_str()]))?, json!({}));
    let entry = rpc.call("getmempoolentry", json!([txid]))?;
    assert_eq!(
        (&entry["time"], &entry["unbroadcast"]),
        (&json!(2_000_000_000), &json!(false))
    );
    assert_eq!(entry["fees"]["modified"].to_string(), "0.00100000");
    rpc.call(
        "importmempool",
        json!({ "filepath": file.to_str(), "apply_fee_delta_priority": true, "apply_unbroadcast_set": true }),
    )?;
    node.log()
        .wait_for("0 succeeded, 0 failed, 0 expired, 1 already there, 1 waiting for initial broadcast")?;
    // As old as it was, nobody would have it any more.
    rpc.call(
        "importmempool",
        json!({ "filepath": file.to_str(), "use_current_time": false }),
    )?;
    node.log()
        .wait_for("0 succeeded, 0 failed, 1 expired, 0 already there, 0 waiting for initial broadcast")?;
    let entry = rpc.call("getmempoolentry", json!([txid]))?;
    assert_eq!(entry["unbroadcast"], true);
    assert_eq!(entry["fees"]["modified"].to_string(), "0.00100007");
    node.stop()
}

/// A unit of the token 7 at the first output.
const TOKENS: &str = "0107010001";

/// A signed transaction that burns a coin, of a version.
fn burn(rpc: &mut RpcClient, coin: &str, version: u32) -> Result<String> {
    let raw = rpc.call(
        "createrawtransaction",
        json!([
            [{ "txid": coin, "vout": 0 }],
            { "data": TOKENS, "data_amount": 1, "data_version": version, KEY_ADDRESS: 48.999 },
        ]),
    )?;
    text(&rpc.call("signrawtransactionwithkey", json!([raw, [KEY]]))?["hex"])
}

fn refuses_to_burn_more_than_was_said(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &["-acceptnonstdtxn"])?;
    let mut rpc = node.rpc()?;
    let coins = rpc.mine_spendable(1)?;
    let transaction = burn(&mut rpc, &coins[0], 2)?;
    let refused = rpc.refusal("sendrawtransaction", json!([transaction, Value::Null, 0.999]))?;
    let text = "Unspendable output exceeds maximum configured by user (maxburnamount)";
    assert_eq!(refused, (-25, text.to_owned()));
    // Who makes tokens of coins means to burn them.
    let tokens = burn(&mut rpc, &coins[0], 139)?;
    let refused = rpc.refusal("sendrawtransaction", json!([tokens]))?;
    ensure!(
        refused.0 == -26 && !refused.1.contains("maxburnamount"),
        "{refused:?}"
    );
    // Any rate may be allowed, and what is no transaction is told before a rate that is none.
    let refused = rpc.refusal("sendrawtransaction", json!(["00", "x"]))?;
    ensure!(refused.0 == -22, "{refused:?}");
    let refused = rpc.refusal("sendrawtransaction", json!([transaction, "x", 1]))?;
    assert_eq!(refused, (-3, "Invalid amount".to_owned()));
    rpc.call("sendrawtransaction", json!([transaction, 1, 1]))?;
    node.stop()
}

fn refuses_outputs_that_are_none(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let txid = "11".repeat(32);
    for (outputs, expected) in [
        (json!([]), (-8, "Invalid parameter, outputs are missing")),
        (
            json!([{ "txid": 42, "vout": 0 }]),
            (
                -3,
                "JSON value of type number for field txid is not of expected type string",
            ),
        ),
        (
            json!([{ "txid": "hello", "vout": 0 }]),
            (-8, "txid must be of length 64 (not 5, for 'hello')"),
        ),
        (json!([{ "txid": txid }]), (-3, "Missing vout")),
        (json!([{ "vout": 0 }]), (-3, "Missing txid")),
        (
            json!([{ "txid": txid, "vout": "0" }]),
            (
                -3,
                "JSON value of type string for field vout is not of expected type number",
            ),
        ),
        (
            json!([{ "txid": txid, "vout": -1 }]),
            (-8, "Invalid parameter, vout cannot be negative"),
        ),
        (
            json!([{ "txid": txid, "vout": 0, "unknown": 1 }]),
            (-3, "Unexpected key unknown"),
        ),
    ] {
        let refused = rpc.refusal("gettxspendingprevout", json!([outputs]))?;
        assert_eq!((refused.0, refused.1.as_str()), expected, "{outputs}");
    }
    node.stop()
}

fn finds_transactions_with_what_they_spend(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let coins = rpc.mine_spendable(1)?;
    let transaction = rpc.spend(&json!([{ "txid": coins[0], "vout": 0 }]), 49.999)?;
    let txid = rpc.send_transaction(&transaction)?;
    let found = rpc.call("getrawtransaction", json!([txid, 2]))?;
    assert_eq!(
        (&found["fee"], &found["in_active_chain"]),
        (&Value::Null, &Value::Null)
    );
    let block = rpc.call("generatetoaddress", json!([1, KEY_ADDRESS]))?[0].clone();
    for params in [json!([txid, 2]), json!([txid, 2, block])] {
        let found = rpc.call("getrawtransaction", params)?;
        assert_eq!(found["in_active_chain"], true);
        assert_eq!(found["fee"].to_string(), "0.00100000");
        let previous = &found["vin"][0]["prevout"];
        assert_eq!(
            (&previous["generated"], &previous["height"]),
            (&json!(true), &json!(1))
        );
        assert_eq!(previous["value"].to_string(), "50.00000000");
    }
    for (params, expected) in [
        (
            json!([KEY_ADDRESS]),
            (
                -8,
                "parameter 1 must be of length 64 (not 44, for 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080')",
            ),
        ),
        (
            json!(["11".repeat(32)]),
            (
                -5,
                "No such mempool transaction. Use -txindex or provide a block hash to enable blockchain transaction queries. \
                 Use gettransaction for wallet transactions.",
            ),
        ),
        (json!([txid, 1, "22".repeat(32)]), (-5, "Block hash not found")),
        (
            json!([coins[0], 1, block]),
            (
                -5,
                "No such transaction found in the provided block. Use gettransaction for wallet transactions.",
            ),
        ),
    ] {
        let refused = rpc.refusal("getrawtransaction", params)?;
        assert_eq!((refused.0, refused.1.as_str()), expected);
    }
    node.stop()
}
