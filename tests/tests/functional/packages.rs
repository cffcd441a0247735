//! Transactions that are taken together with those that they stand on.

use anyhow::Result;
use functional_tests::{Daemon, DataDir, KEY_ADDRESS, Node, RpcClient, for_each_daemon, text};
use serde_json::{Value, json};

for_each_daemon![
    takes_a_child_with_its_parent,
    replaces_what_a_package_pays_more_than,
    refuses_packages_in_upstreams_words,
];

/// The id and the wtxid of a transaction.
fn ids(rpc: &mut RpcClient, transaction: &str) -> Result<[String; 2]> {
    let decoded = rpc.call("decoderawtransaction", json!([transaction]))?;
    Ok([text(&decoded["txid"])?, text(&decoded["hash"])?])
}

/// A transaction that nobody has seen yet, which spends a coinbase and leaves so many coins, and one that spends it.
fn family(rpc: &mut RpcClient, coinbase: &str, coins: [f64; 2], sequence: u32) -> Result<[String; 2]> {
    let input = json!([{ "txid": coinbase, "vout": 0, "sequence": sequence }]);
    let parent = rpc.spend(&input, coins[0])?;
    let [parent_id, _] = ids(rpc, &parent)?;
    let child = rpc.spend_unconfirmed(&parent_id, coins[0], coins[1])?;
    Ok([parent, child])
}

fn takes_a_child_with_its_parent(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let coins = rpc.mine_spendable(1)?;
    let package = family(&mut rpc, &coins[0], [49.999, 49.99], u32::MAX)?;
    let [parent, child] = [ids(&mut rpc, &package[0])?, ids(&mut rpc, &package[1])?];
    let result = rpc.call("submitpackage", json!([package]))?;
    let size = rpc.call("getmempoolentry", json!([parent[0]]))?["vsize"].clone();
    let told = |[id, wtxid]: &[String; 2], base: &str, rate: &str| {
        json!({
            "txid": id,
            "vsize": size,
            "fees": {
                "base": base.parse::<serde_json::Number>().expect("a number"),
                "effective-feerate": rate.parse::<serde_json::Number>().expect("a number"),
                "effective-includes": [wtxid],
            },
        })
    };
    assert_eq!(size, 110);
    let expected = json!({
        "tx-results": {
            &parent[1]: told(&parent, "0.00100000", "0.00909090"),
            &child[1]: told(&child, "0.00900000", "0.08181818"),
        },
        "replaced-transactions": [],
    });
    assert_eq!(result, expected);
    let entry = rpc.call("getmempoolentry", json!([child[0]]))?;
    assert_eq!(
        (&entry["depends"], &entry["unbroadcast"]),
        (&json!([parent[0]]), &json!(true))
    );
    // They are there: a second time is no mistake.
    let again = rpc.call("submitpackage", json!([package]))?;
    let fees = &again["tx-results"][&child[1]]["fees"];
    assert_eq!(fees.to_string(), "{\"base\":0.00900000}");
    node.stop()
}

fn replaces_what_a_package_pays_more_than(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let coins = rpc.mine_spendable(1)?;
    let poor = family(&mut rpc, &coins[0], [49.999_9, 49.999_8], 1)?;
    rpc.call("submitpackage", json!([poor]))?;
    let mut before = [
        ids(&mut rpc, &poor[0])?[0].clone(),
        ids(&mut rpc, &poor[1])?[0].clone(),
    ];
    let rich = family(&mut rpc, &coins[0], [49.99, 49.98], 1)?;
    let result = rpc.call("submitpackage", json!([rich]))?;
    let mut replaced: Vec<String> = result["replaced-transactions"]
        .as_array()
        .into_iter()
        .flatten()
        .map(text)
        .collect::<Result<_>>()?;
    before.sort();
    replaced.sort();
    assert_eq!(replaced, before);
    assert_eq!(
        rpc.call("getrawmempool", json!([]))?.as_array().map(Vec::len),
        Some(2)
    );
    node.stop()
}

fn refuses_packages_in_upstreams_words(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let coins = rpc.mine_spendable(2)?;
    let [parent, child] = family(&mut rpc, &coins[0], [49.999, 49.99], u32::MAX)?;
    let poor = family(&mut rpc, &coins[0], [50.0, 50.0], u32::MAX)?;
    let unsigned = rpc.call(
        "createrawtransaction",
        json!([[{ "txid": coins[1], "vout": 0 }], [{ KEY_ADDRESS: 49 }]]),
    )?;
    let unsigned = text(&unsigned)?;
    let [unsigned_id, _] = ids(&mut rpc, &unsigned)?;
    let orphan = rpc.spend_unconfirmed(&unsigned_id, 49.0, 48.99)?;
    let [poor_id, _] = ids(&mut rpc, &poor[0])?;
    let cheap = format!("{poor_id} failed: min relay fee not met");
    let topology = "package topology disallowed. not child-with-parents or parents depend on each other.";
    let count = "Array must contain between 1 and 25 transactions.";
    let failed =
        format!("{unsigned_id} failed: mandatory-script-verify-flag-failed (Witness program hash mismatch)");
    for (package, code, expected) in [
        (json!([]), -8, count),
        (json!(vec![&parent; 26]), -8, count),
        (
            json!(["00"]),
            -22,
            "TX decode failed: 00 Make sure the tx has at least one input.",
        ),
        (json!([parent]), -25, topology),
        (json!([child, parent]), -25, topology),
        (json!([poor[0], child]), -25, topology),
        (json!(poor), -26, &cheap),
        (json!([unsigned, orphan]), -26, &failed),
    ] {
        let refused = rpc.refusal("submitpackage", json!([package]))?;
        assert_eq!(refused, (code, expected.to_owned()));
    }
    let (code, _) = rpc.refusal("submitpackage", json!([Value::Null]))?;
    assert_eq!(code, -3);
    assert_eq!(rpc.call("getrawmempool", json!([]))?, json!([]));
    node.stop()
}
