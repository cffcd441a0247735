//! Unconfirmed transactions: which ones a node takes, what becomes of them with the chain, and from one run to the next.

use anyhow::{Result, ensure};
use functional_tests::{Daemon, DataDir, KEY_ADDRESS, Node, for_each_daemon, text};
use serde_json::{Value, json};

for_each_daemon![
    takes_a_transaction_until_it_is_confirmed,
    refuses_transactions_in_upstreams_words,
    tells_of_families_of_transactions,
    replaces_a_transaction_by_one_that_pays_more,
    takes_transactions_back_when_their_block_goes,
    takes_the_transactions_of_ten_blocks_back_at_most,
    keeps_transactions_from_one_run_to_the_next,
    refuses_policies_that_do_not_fit,
];

fn takes_a_transaction_until_it_is_confirmed(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    rpc.wait_until_loaded()?;
    let coins = rpc.mine_spendable(1)?;
    let transaction = rpc.spend(&json!([{ "txid": coins[0], "vout": 0 }]), 49.999)?;
    let tested = rpc.call("testmempoolaccept", json!([[transaction]]))?;
    assert_eq!(tested[0]["allowed"], true, "{tested}");
    assert_eq!(tested[0]["fees"]["base"].to_string(), "0.00100000");
    let txid = rpc.send_transaction(&transaction)?;
    assert_eq!(tested[0]["txid"], txid);
    assert_eq!(rpc.call("getrawmempool", json!([]))?, json!([txid]));
    let entry = rpc.call("getmempoolentry", json!([txid]))?;
    assert_eq!(
        (&entry["vsize"], &entry["height"]),
        (&tested[0]["vsize"], &json!(101))
    );
    let info = rpc.call("getmempoolinfo", json!([]))?;
    assert_eq!((&info["size"], &info["bytes"]), (&json!(1), &entry["vsize"]));
    assert_eq!(
        rpc.send_transaction(&transaction)?,
        txid,
        "a second time is no mistake"
    );
    assert_eq!(rpc.call("gettxout", json!([coins[0], 0]))?, Value::Null);
    assert_ne!(rpc.call("gettxout", json!([coins[0], 0, false]))?, Value::Null);
    assert_eq!(rpc.call("gettxout", json!([txid, 0]))?["confirmations"], 0);
    let spending = rpc.call("gettxspendingprevout", json!([[{ "txid": coins[0], "vout": 0 }]]))?;
    assert_eq!(spending[0]["spendingtxid"], txid);

    let hash = rpc.call("generatetoaddress", json!([1, KEY_ADDRESS]))?[0].clone();
    let block = rpc.call("getblock", json!([hash, 2]))?;
    assert_eq!(block["tx"][1]["txid"], txid);
    assert_eq!(
        block["tx"][0]["vout"][0]["value"].to_string(),
        "50.00100000",
        "the fee is the miner's"
    );
    assert_eq!(rpc.call("getrawmempool", json!([]))?, json!([]));
    assert_eq!(
        rpc.refusal("sendrawtransaction", json!([transaction]))?,
        (-27, "Transaction already in block chain".to_owned())
    );
    node.stop()
}

fn refuses_transactions_in_upstreams_words(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let coins = rpc.mine_spendable(1)?;
    let input = json!([{ "txid": coins[0], "vout": 0 }]);
    let unsigned = rpc.call("createrawtransaction", json!([input, [{ KEY_ADDRESS: 49 }]]))?;
    let nowhere = rpc.call(
        "createrawtransaction",
        json!([[{ "txid": "00".repeat(31) + "01", "vout": 0 }], [{ KEY_ADDRESS: 1 }]]),
    )?;
    let tip = rpc.call("getbestblockhash", json!([]))?;
    let young = text(&rpc.call("getblock", json!([tip]))?["tx"][0])?;
    let young = rpc.spend(&json!([{ "txid": young, "vout": 0 }]), 49.0)?;
    let cheap = rpc.spend(&input, 49.999_999_99)?;
    let dear = rpc.spend(&input, 10.0)?;
    let dust = rpc.spend(&input, 0.000_002)?;
    for (transaction, expected) in [
        (
            "00",
            (-22, "TX decode failed. Make sure the tx has at least one input."),
        ),
        (&text(&nowhere)?, (-25, "bad-txns-inputs-missingorspent")),
        (
            &text(&unsigned)?,
            (
                -26,
                "mandatory-script-verify-flag-failed (Witness program hash mismatch)",
            ),
        ),
        (
            &young,
            (
                -26,
                "bad-txns-premature-spend-of-coinbase, tried to spend coinbase at depth 1",
            ),
        ),
        (&cheap, (-26, "min relay fee not met, 1 < 110")),
        (
            &dear,
            (
                -25,
                "Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)",
            ),
        ),
        (&dust, (-26, "dust")),
    ] {
        let refused = rpc.refusal("sendrawtransaction", json!([transaction]))?;
        assert_eq!((refused.0, refused.1.as_str()), expected);
    }
    for (transactions, expected) in [
        (json!([text(&nowhere)?]), "missing-inputs"),
        (json!([dear]), "max-fee-exceeded"),
        (json!([dust]), "dust"),
    ] {
        let tested = rpc.call("testmempoolaccept", json!([transactions]))?;
        assert_eq!(tested[0]["reject-reason"], expected, "{tested}");
    }
    let refused = rpc.refusal("testmempoolaccept", json!([[]]))?;
    assert_eq!(
        refused,
        (-8, "Array must contain between 1 and 25 transactions.".to_owned())
    );
    let refused = rpc.refusal("getmempoolentry", json!(["00".repeat(32)]))?;
    assert_eq!(refused, (-5, "Transaction not in mempool".to_owned()));
    assert_eq!(rpc.call("getrawmempool", json!([]))?, json!([]));
    node.stop()
}

fn tells_of_families_of_transactions(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let coins = rpc.mine_spendable(1)?;
    let parent = rpc.spend(&json!([{ "txid": coins[0], "vout": 0 }]), 49.999)?;
    let parent = rpc.send_transaction(&parent)?;
    let child = rpc.spend_unconfirmed(&parent, 49.999, 49.998)?;
    let child = rpc.send_transaction(&child)?;
    assert_eq!(rpc.call("getmempoolancestors", json!([child]))?, json!([parent]));
    assert_eq!(
        rpc.call("getmempooldescendants", json!([parent]))?,
        json!([child])
    );
    let told = rpc.call("getmempooldescendants", json!([parent, true]))?;
    assert_eq!(told[&child]["depends"], json!([parent]));
    assert_eq!(told[&child]["fees"]["ancestor"].to_string(), "0.00200000");
    rpc.call("prioritisetransaction", json!([child, 0, 500]))?;
    let entry = rpc.call("getmempoolentry", json!([child]))?;
    assert_eq!(entry["fees"]["modified"].to_string(), "0.00100500");
    let changed = rpc.call("getprioritisedtransactions", json!([]))?;
    assert_eq!(
        changed,
        json!({ &child: { "fee_delta": 500, "in_mempool": true } })
    );
    let sequence = rpc.call("getrawmempool", json!([false, true]))?;
    assert_eq!(sequence["txids"].as_array().map(Vec::len), Some(2));
    node.stop()
}

fn replaces_a_transaction_by_one_that_pays_more(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let coins = rpc.mine_spendable(1)?;
    let input = json!([{ "txid": coins[0], "vout": 0, "sequence": 1 }]);
    let first = rpc.spend(&input, 49.999)?;
    rpc.send_transaction(&first)?;
    let worse = rpc.spend(&input, 49.999_5)?;
    let (code, reason) = rpc.refusal("sendrawtransaction", json!([worse]))?;
    ensure!(
        code == -26 && reason.starts_with("insufficient fee, rejecting replacement "),
        "{code} {reason}"
    );
    let better = rpc.spend(&input, 49.998)?;
    let better = rpc.send_transaction(&better)?;
    assert_eq!(rpc.call("getrawmempool", json!([]))?, json!([better]));
    node.stop()
}

fn takes_transactions_back_when_their_block_goes(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let coins = rpc.mine_spendable(1)?;
    let transaction = rpc.spend(&json!([{ "txid": coins[0], "vout": 0 }]), 49.999)?;
    let txid = rpc.send_transaction(&transaction)?;
    let hash = rpc.call("generatetoaddress", json!([1, KEY_ADDRESS]))?[0].clone();
    assert_eq!(rpc.call("getrawmempool", json!([]))?, json!([]));
    rpc.call("invalidateblock", json!([hash]))?;
    assert_eq!(rpc.call("getrawmempool", json!([]))?, json!([txid]));
    // In the block of height 100, what it spends would be too young.
    let below = rpc.call("getblockhash", json!([100]))?;
    rpc.call("invalidateblock", json!([below]))?;
    assert_eq!(rpc.call("getrawmempool", json!([]))?, json!([]));
    rpc.call("reconsiderblock", json!([hash]))?;
    assert_eq!(rpc.call("getbestblockhash", json!([]))?, hash);
    node.stop()
}

fn takes_the_transactions_of_ten_blocks_back_at_most(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let coins = rpc.mine_spendable(12)?;
    let (mut blocks, mut spending) = (Vec::new(), Vec::new());
    for coin in &coins {
        let transaction = rpc.spend(&json!([{ "txid": coin, "vout": 0 }]), 49.999)?;
        spending.push(rpc.send_transaction(&transaction)?);
        blocks.push(rpc.call("generatetoaddress", json!([1, KEY_ADDRESS]))?[0].clone());
    }
    rpc.call("invalidateblock", json!([blocks[0]]))?;
    let pool = rpc.call("getrawmempool", json!([]))?;
    let is_back = |txid: &String| pool.as_array().is_some_and(|pool| pool.contains(&json!(txid)));
    let back: Vec<_> = spending.iter().map(is_back).collect();
    assert_eq!(back, [&[false; 2][..], &[true; 10]].concat());
    rpc.call("reconsiderblock", json!([blocks[0]]))?;
    assert_eq!(rpc.call("getrawmempool", json!([]))?, json!([]));
    node.stop()
}

fn keeps_transactions_from_one_run_to_the_next(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let coins = rpc.mine_spendable(1)?;
    let transaction = rpc.spend(&json!([{ "txid": coins[0], "vout": 0 }]), 49.999)?;
    let txid = rpc.send_transaction(&transaction)?;
    rpc.call("prioritisetransaction", json!([txid, 0, 7]))?;
    let before = rpc.call("getmempoolentry", json!([txid]))?;
    node.stop()?;
    for (options, expected) in [(&["-persistmempool=0"][..], json!([])), (&[], json!([txid]))] {
        let node = Node::start(daemon, &data_dir, options)?;
        let mut rpc = node.rpc()?;
        rpc.wait_until_loaded()?;
        assert_eq!(rpc.call("getrawmempool", json!([]))?, expected, "{options:?}");
        if options.is_empty() {
            assert_eq!(rpc.call("getmempoolentry", json!([txid]))?, before);
            let saved = rpc.call("savemempool", json!([]))?;
            assert_eq!(
                saved["filename"].as_str(),
                data_dir.regtest("mempool.dat").to_str()
            );
        }
        node.stop()?;
    }
    // What is no dump is left where it is, and the node starts.
    fs_err::write(data_dir.regtest("mempool.dat"), "nothing of the kind")?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    rpc.wait_until_loaded()?;
    assert_eq!(rpc.call("getrawmempool", json!([]))?, json!([]));
    node.stop()
}

fn refuses_policies_that_do_not_fit(daemon: Daemon) -> Result<()> {
    for (option, expected) in [
        ("-maxmempool=4", "-maxmempool must be at least 5 MB"),
        (
            "-minrelaytxfee=x",
            "Invalid amount for -minrelaytxfee=<amount>: 'x'",
        ),
    ] {
        let data_dir = DataDir::new()?;
        let finished = Node::spawn(daemon, &data_dir, &[option])?.wait()?;
        ensure!(finished.status.code() == Some(1), "{finished:?}");
        assert_eq!(finished.stderr, format!("Error: {expected}\n"));
    }
    Ok(())
}
