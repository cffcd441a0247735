//! Partially signed transactions: what a node and descriptors add to them, until they are sent.

use anyhow::{Context as _, Result, ensure};
use functional_tests::{Daemon, DataDir, KEY, KEY_ADDRESS, Node, RpcClient, for_each_daemon, text};
use serde_json::{Value, json};

for_each_daemon![
    signs_with_descriptors_what_the_chain_has,
    adds_the_transactions_that_are_known,
    refuses_what_is_no_descriptor,
];

/// The public key of [`KEY`].
const PUBLIC: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

fn create(rpc: &mut RpcClient, txid: &str, coins: f64) -> Result<String> {
    let inputs = json!([{ "txid": txid, "vout": 0 }]);
    text(&rpc.call("createpsbt", json!([inputs, [{ KEY_ADDRESS: coins }]]))?)
}

/// What a transaction knows of its first input.
fn input(rpc: &mut RpcClient, psbt: &Value) -> Result<Value> {
    Ok(rpc.call("decodepsbt", json!([psbt]))?["inputs"][0].clone())
}

fn signs_with_descriptors_what_the_chain_has(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let coins = rpc.mine_spendable(1)?;
    let psbt = create(&mut rpc, &coins[0], 49.999)?;
    assert_eq!(
        rpc.call("analyzepsbt", json!([psbt]))?["next"],
        "updater",
        "what is spent is not known"
    );
    let updated = rpc.call("utxoupdatepsbt", json!([psbt]))?;
    let known = input(&mut rpc, &updated)?;
    assert_eq!(known["witness_utxo"]["amount"].to_string(), "50.00000000");
    assert_eq!(known["bip32_derivs"], Value::Null);

    let descriptor = format!("wpkh([d34db33f/84h]{PUBLIC})");
    let updated = rpc.call("utxoupdatepsbt", json!([psbt, [descriptor]]))?;
    let shown = rpc.call("decodepsbt", json!([updated]))?;
    assert_eq!(shown["fee"].to_string(), "0.00100000");
    for place in ["inputs", "outputs"] {
        assert_eq!(
            shown[place][0]["bip32_derivs"],
            json!([{ "pubkey": PUBLIC, "master_fingerprint": "d34db33f", "path": "m/84h" }])
        );
    }
    let analysis = rpc.call("analyzepsbt", json!([updated]))?;
    assert_eq!(analysis["next"], "signer");
    assert_eq!(analysis["estimated_vsize"], 110);

    let private = json!([{ "desc": format!("wpkh({KEY})") }]);
    let partial = rpc.call(
        "descriptorprocesspsbt",
        json!([psbt, private, "ALL", false, false]),
    )?;
    assert_eq!(
        (&partial["complete"], &partial["hex"]),
        (&json!(false), &Value::Null)
    );
    let known = input(&mut rpc, &partial["psbt"])?;
    ensure!(known["partial_signatures"][PUBLIC].is_string(), "{known}");
    assert_eq!(known["bip32_derivs"], Value::Null, "nobody asked for it");
    let combined = rpc.call("combinepsbt", json!([[updated, partial["psbt"]]]))?;
    assert_eq!(rpc.call("analyzepsbt", json!([combined]))?["next"], "finalizer");
    let finalized = rpc.call("finalizepsbt", json!([combined]))?;
    assert_eq!(finalized["complete"], true);

    let complete = rpc.call("descriptorprocesspsbt", json!([psbt, private]))?;
    assert_eq!(complete["complete"], true);
    assert_eq!(complete["hex"], finalized["hex"]);
    assert_eq!(
        rpc.call("analyzepsbt", json!([complete["psbt"]]))?["next"],
        "extractor"
    );
    rpc.send_transaction(&text(&complete["hex"])?)?;
    node.stop()
}

fn adds_the_transactions_that_are_known(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &["-txindex"])?;
    let mut rpc = node.rpc()?;
    let coins = rpc.mine_spendable(1)?;
    rpc.wait_until_synced(&["txindex"])?;
    let psbt = create(&mut rpc, &coins[0], 49.999)?;
    let updated = rpc.call("utxoupdatepsbt", json!([psbt]))?;
    let known = input(&mut rpc, &updated)?;
    assert_eq!(known["non_witness_utxo"]["txid"], json!(coins[0]));
    assert_eq!(known["witness_utxo"]["amount"].to_string(), "50.00000000");

    let parent = rpc.spend(&json!([{ "txid": coins[0], "vout": 0 }]), 49.999)?;
    let parent = rpc.send_transaction(&parent)?;
    let child = create(&mut rpc, &parent, 49.998)?;
    let updated = rpc.call("utxoupdatepsbt", json!([child]))?;
    let known = input(&mut rpc, &updated)?;
    assert_eq!(known["non_witness_utxo"]["txid"], json!(parent));
    // Who signs needs not be told of it either.
    let child = rpc.spend(&json!([{ "txid": parent, "vout": 0 }]), 49.998)?;
    rpc.send_transaction(&child)?;

    // Taproot's signatures cover all amounts, so that nobody needs the transaction.
    let taproot = format!("tr({KEY})");
    let info = rpc.call("getdescriptorinfo", json!([taproot]))?;
    let public = text(&info["descriptor"])?;
    let address = text(&rpc.call("deriveaddresses", json!([public]))?[0])?;
    let block = rpc.call("generatetoaddress", json!([101, address]))?[0].clone();
    let coinbase = text(&rpc.call("getblock", json!([block]))?["tx"][0])?;
    let psbt = create(&mut rpc, &coinbase, 49.999)?;
    let updated = rpc.call("utxoupdatepsbt", json!([psbt, [public]]))?;
    let known = input(&mut rpc, &updated)?;
    assert_eq!(known["non_witness_utxo"], Value::Null);
    assert_eq!(known["taproot_internal_key"], json!(&PUBLIC[2..]));
    let complete = rpc.call("descriptorprocesspsbt", json!([updated, [taproot]]))?;
    rpc.send_transaction(&text(&complete["hex"])?)?;
    node.stop()
}

fn refuses_what_is_no_descriptor(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let psbt = create(&mut rpc, &"11".repeat(32), 1.0)?;
    for method in ["utxoupdatepsbt", "descriptorprocesspsbt"] {
        for (descriptor, expected) in [
            (json!({}), (-8, "Descriptor needs to be provided in scan object")),
            (
                json!(1),
                (-8, "Scan object needs to be either a string or an object"),
            ),
            (
                json!({ "desc": "wpkh(x)", "range": [2, 1] }),
                (-8, "Range specified as [begin,end] must not have begin after end"),
            ),
            (json!("wpkh(x)"), (-5, "wpkh(): key 'x' is not valid")),
        ] {
            let refused = rpc.refusal(method, json!([psbt, [descriptor]]))?;
            assert_eq!((refused.0, refused.1.as_str()), expected, "{method} {descriptor}");
        }
        let refused = rpc.refusal(method, json!(["x", []]))?;
        assert_eq!(
            (refused.0, refused.1.as_str()),
            (-22, "TX decode failed invalid base64")
        );
    }
    let refused = rpc.refusal("descriptorprocesspsbt", json!([psbt, [], "SOME"]))?;
    assert_eq!(refused, (-8, "SOME is not a valid sighash parameter.".to_owned()));
    let unchanged = rpc.call("utxoupdatepsbt", json!([psbt]))?;
    assert_eq!(
        unchanged.as_str().context("no text")?,
        psbt,
        "nothing is known of it"
    );
    node.stop()
}
