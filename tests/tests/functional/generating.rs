//! Blocks on demand, what is known of the pace of all miners, and the options about blocks.

use anyhow::{Context as _, Result, ensure};
use functional_tests::{Daemon, DataDir, KEY_ADDRESS, Node, START, for_each_daemon, text};
use serde_json::{Value, json};

use crate::mining::template;

for_each_daemon![
    makes_blocks_of_what_it_is_told,
    refuses_to_make_blocks_in_upstreams_words,
    takes_transactions_by_what_they_count_as,
    estimates_what_all_miners_do_by_work_and_time,
    makes_blocks_as_options_say,
    refuses_options_about_blocks_that_do_not_fit,
    ends_with_the_last_time_that_a_header_can_have,
];

fn makes_blocks_of_what_it_is_told(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let coins = rpc.mine_spendable(2)?;
    let pooled = rpc.spend(&json!([{ "txid": coins[0], "vout": 0 }]), 49.999)?;
    let pooled = rpc.send_transaction(&pooled)?;
    let raw = rpc.spend(&json!([{ "txid": coins[1], "vout": 0 }]), 49.99)?;
    let tip = rpc.tip()?;
    let made = rpc.call("generateblock", json!([KEY_ADDRESS, [raw, pooled], false]))?;
    assert_eq!(rpc.tip()?, tip, "it is only told");
    assert_eq!(rpc.call("submitblock", json!([made["hex"]]))?, Value::Null);
    assert_eq!(made["hash"], rpc.tip()?);
    let block = rpc.call("getblock", json!([made["hash"], 2]))?;
    let decoded = rpc.call("decoderawtransaction", json!([raw]))?;
    assert_eq!(
        [&block["tx"][1]["txid"], &block["tx"][2]["txid"]],
        [&decoded["txid"], &json!(pooled)]
    );
    assert_eq!(
        block["tx"][0]["vout"][0]["value"].to_string(),
        "50.00000000",
        "the fees are nobody's"
    );
    assert_eq!(rpc.call("getrawmempool", json!([]))?, json!([]));
    let made = rpc.call("generateblock", json!(["raw(51)", []]))?;
    assert_eq!(made, json!({ "hash": rpc.tip()? }));
    node.stop()
}

fn refuses_to_make_blocks_in_upstreams_words(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let coins = rpc.mine_spendable(1)?;
    let tip = rpc.tip()?;
    let spend = rpc.spend(&json!([{ "txid": coins[0], "vout": 0 }]), 49.999)?;
    let unknown = "00".repeat(32);
    let key = "tpubD6NzVbkrYhZ4WaWSyoBvQwbpLkojyoTZPRsgXELWz3Popb3qkjcJyJUGLnL4qHHoQvao8ESaAstxYSnhyswJ76uZPStJRJCTKvosUCJZL5B";
    for (params, code, expected) in [
        (
            json!(["x", []]),
            -5,
            "Error: Invalid address or descriptor".to_owned(),
        ),
        (
            json!([format!("wpkh({key}/*)"), []]),
            -8,
            "Ranged descriptor not accepted. Maybe pass through deriveaddresses first?".to_owned(),
        ),
        (
            json!([KEY_ADDRESS, [unknown]]),
            -5,
            format!("Transaction {unknown} not in mempool."),
        ),
        (
            json!([KEY_ADDRESS, ["0x"]]),
            -22,
            "Transaction decode failed for 0x. Make sure the tx has at least one input.".to_owned(),
        ),
        (
            json!([KEY_ADDRESS, [spend, spend]]),
            -25,
            "TestBlockValidity failed: bad-txns-inputs-missingorspent, CheckTxInputs: inputs missing/spent"
                .to_owned(),
        ),
    ] {
        let refused = rpc.refusal("generateblock", params.clone())?;
        assert_eq!(refused, (code, expected), "{params}");
    }
    assert_eq!(rpc.tip()?, tip);
    node.stop()
}

fn takes_transactions_by_what_they_count_as(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &["-blockmintxfee=0"])?;
    let mut rpc = node.rpc()?;
    let coins = rpc.mine_spendable(2)?;
    let mut ids = Vec::new();
    for (coin, left) in coins.iter().zip([49.999, 49.99]) {
        let transaction = rpc.spend(&json!([{ "txid": coin, "vout": 0 }]), left)?;
        ids.push(rpc.send_transaction(&transaction)?);
    }
    let [poor, rich] = [&ids[0], &ids[1]];
    let mut now = rpc.tip_time()?;
    for (id, delta, expected) in [
        (poor, 0, &[rich, poor][..]),
        (poor, 900_000, &[poor, rich]),
        // Together, that is less than nothing.
        (poor, -1_000_001, &[rich]),
        (rich, -1_000_000, &[rich]),
        (rich, -1, &[]),
        (poor, 1, &[poor]),
    ] {
        rpc.call("prioritisetransaction", json!([id, null, delta]))?;
        now += 10;
        rpc.call("setmocktime", json!([now]))?;
        let told = template(&mut rpc)?;
        let found = told["transactions"].as_array().context("no list")?.iter();
        let found: Vec<_> = found.map(|one| &one["txid"]).collect();
        assert_eq!(found, expected, "{id} {delta}");
        let value = told["coinbasevalue"].as_u64().context("no value")?;
        let fees = [(poor, 100_000), (rich, 1_000_000)];
        let fees = fees.iter().filter(|(id, _)| expected.contains(id));
        assert_eq!(value, 5_000_000_000 + fees.map(|(_, fee)| fee).sum::<u64>());
    }
    assert_eq!(
        rpc.call("getprioritisedtransactions", json!([]))?,
        json!({
            poor: { "fee_delta": -100_000, "in_mempool": true },
            rich: { "fee_delta": -1_000_001, "in_mempool": true },
        })
    );
    let refused = rpc.refusal("prioritisetransaction", json!([poor, 1, 1]))?;
    let expected = "Priority is no longer supported, dummy argument to prioritisetransaction must be 0.";
    assert_eq!(refused, (-8, expected.to_owned()));
    node.stop()
}

fn estimates_what_all_miners_do_by_work_and_time(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    assert_eq!(rpc.call("getnetworkhashps", json!([]))?, 0);
    for number in 0..130 {
        rpc.call("setmocktime", json!([START + number * 600]))?;
        rpc.generate(1)?;
    }
    // A block takes two hashes.
    let usual = "0.003333333333333334";
    let since_genesis = (260.0_f64 / 77_401.0, json!([1000]));
    let rate = rpc.call("getnetworkhashps", since_genesis.1)?;
    let difference = rate.as_f64().context("no number")? - since_genesis.0;
    ensure!(difference.abs() < 1e-15, "{rate}");
    for (params, expected) in [
        (json!([]), usual),
        (json!([1]), usual),
        (json!([120, 130]), usual),
        (json!([120, 131]), usual),
        (json!([2, 7]), usual),
        (json!([120, 0]), "0"),
        (json!([120, 1]), "2"),
        (json!([0]), &rate.to_string()),
        (json!([-1]), &rate.to_string()),
    ] {
        let told = rpc.call("getnetworkhashps", params.clone())?;
        assert_eq!(told.to_string(), expected, "{params}");
    }
    let info = rpc.call("getmininginfo", json!([]))?;
    assert_eq!(
        info.to_string(),
        json!({
            "blocks": 130,
            "currentblockweight": 4_000,
            "currentblocktx": 0,
            "difficulty": "4.656542373906925e-10".parse::<serde_json::Number>()?,
            "networkhashps": usual.parse::<serde_json::Number>()?,
            "pooledtx": 0,
            "chain": "regtest",
            "warnings": "",
        })
        .to_string(),
        "in this order"
    );
    node.stop()
}

fn makes_blocks_as_options_say(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let info = rpc.call("getmininginfo", json!([]))?;
    assert_eq!(
        info.get("currentblocktx").or(info.get("currentblockweight")),
        None
    );
    let coins = rpc.mine_spendable(2)?;
    let info = rpc.call("getmininginfo", json!([]))?;
    assert_eq!(
        (&info["currentblocktx"], &info["currentblockweight"]),
        (&json!(0), &json!(4_000))
    );
    // One pays little for its size of 110 bytes, the other much.
    let mut ids = Vec::new();
    for (coin, left) in coins.iter().zip([49.999_99, 49.99]) {
        let transaction = rpc.spend(&json!([{ "txid": coin, "vout": 0 }]), left)?;
        ids.push(rpc.send_transaction(&transaction)?);
    }
    node.stop()?;
    for (options, expected) in [
        (&[][..], &[&ids[1], &ids[0]][..]),
        (&["-blockmintxfee=0.0005"], &[&ids[1]]),
        (&["-blockmintxfee=1"], &[]),
        (&["-blockmaxweight=4500"], &[&ids[1]]),
        (&["-blockmaxweight=1"], &[]),
        (&["-blockversion=1237", "-printpriority"], &[&ids[1], &ids[0]]),
    ] {
        let node = Node::start(daemon, &data_dir, options)?;
        let mut rpc = node.rpc()?;
        rpc.wait_until_loaded()?;
        let told = template(&mut rpc)?;
        let found: Vec<_> = told["transactions"]
            .as_array()
            .context("no list")?
            .iter()
            .map(|one| text(&one["txid"]))
            .collect::<Result<_>>()?;
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{options:?}");
        let info = rpc.call("getmininginfo", json!([]))?;
        assert_eq!(info["currentblocktx"], expected.len());
        let line = format!("txid {}", ids[1]);
        let is_logged = node.log().text()?.lines().any(|logged| {
            logged.contains("fee rate 0.0909") && logged.contains("SYS/kvB") && logged.ends_with(&line)
        });
        let has_version = told["version"] == 1237;
        assert_eq!((has_version, is_logged), (options.len() == 2, options.len() == 2));
        node.stop()?;
    }
    Ok(())
}

fn refuses_options_about_blocks_that_do_not_fit(daemon: Daemon) -> Result<()> {
    for (option, expected) in [
        (
            "-blockmintxfee=x",
            "Invalid amount for -blockmintxfee=<amount>: 'x'",
        ),
        (
            "-blockversion=256",
            "-blockversion must be a number of 32 bits without bit 8, that of merge mining: 256",
        ),
    ] {
        let data_dir = DataDir::new()?;
        let finished = Node::spawn(daemon, &data_dir, &[option])?.wait()?;
        ensure!(finished.status.code() == Some(1), "{finished:?}");
        assert_eq!(finished.stderr, format!("Error: {expected}\n"));
    }
    Ok(())
}

fn ends_with_the_last_time_that_a_header_can_have(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    rpc.call("setmocktime", json!([u32::MAX]))?;
    // The median of this block's time and the genesis block's is the last time that there is, then.
    rpc.call("generatetodescriptor", json!([1, "raw(51)"]))?;
    for (method, params) in [
        ("generatetodescriptor", json!([1, "raw(51)"])),
        ("getblocktemplate", json!([{ "rules": ["segwit"] }])),
        ("createauxblock", json!([KEY_ADDRESS])),
    ] {
        let (_code, said) = rpc.refusal(method, params)?;
        ensure!(said.contains("time-too-old"), "{method}: {said}");
    }
    node.stop()
}
