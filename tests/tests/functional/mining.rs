//! What a node tells miners, and what it takes from them.

use std::thread;

use anyhow::{Context as _, Result, ensure};
use functional_tests::{
    Daemon, DataDir, KEY_ADDRESS, Node, RpcClient, START, for_each_daemon, text, wait_until,
};
use serde_json::{Value, json};

use crate::handmade::{Block, shown};

for_each_daemon![
    tells_all_that_a_block_is_made_of,
    gives_the_same_template_for_a_while,
    answers_proposals_in_the_words_of_bip_22,
    refuses_requests_in_upstreams_words,
    answers_long_polls_when_there_is_another_tip_and_when_it_stops,
    follows_votes_for_rules_in_templates,
    makes_blocks_of_what_it_is_told,
    refuses_to_make_blocks_in_upstreams_words,
    takes_transactions_by_what_they_count_as,
    estimates_what_all_miners_do_by_work_and_time,
    makes_blocks_as_options_say,
    refuses_options_about_blocks_that_do_not_fit,
];

pub(crate) fn template(rpc: &mut RpcClient) -> Result<Value> {
    rpc.call("getblocktemplate", json!([{ "rules": ["segwit"] }]))
}

fn propose(rpc: &mut RpcClient, block: &Block) -> Result<Value> {
    let request = json!([{ "mode": "proposal", "data": block.hex(), "rules": ["segwit"] }]);
    rpc.call("getblocktemplate", request)
}

/// The pool with a transaction and one that spends it, and their ids.
pub(crate) fn fill_pool(rpc: &mut RpcClient) -> Result<[String; 2]> {
    let coins = rpc.mine_spendable(1)?;
    let parent = rpc.spend(&json!([{ "txid": coins[0], "vout": 0 }]), 49.999)?;
    let parent = rpc.send_transaction(&parent)?;
    let child = rpc.spend_unconfirmed(&parent, 49.999, 49.99)?;
    let child = rpc.send_transaction(&child)?;
    Ok([parent, child])
}

fn tells_all_that_a_block_is_made_of(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let [parent, child] = fill_pool(&mut rpc)?;
    let tip = rpc.tip()?;
    let mut told = template(&mut rpc)?;
    let transactions = told["transactions"].take();
    assert_eq!(
        transactions
            .as_array()
            .context("no list")?
            .iter()
            .map(|one| json!([one["txid"], one["depends"], one["fee"], one["sigops"]]))
            .collect::<Value>(),
        json!([[parent, [], 100_000, 1], [child, [1], 900_000, 1]])
    );
    for one in transactions.as_array().context("no list")? {
        let entry = rpc.call("getmempoolentry", json!([one["txid"]]))?;
        assert_eq!(
            (&one["hash"], &one["weight"]),
            (&entry["wtxid"], &entry["weight"])
        );
        let data = rpc.call("getrawtransaction", json!([one["txid"]]))?;
        assert_eq!(one["data"], data);
    }
    let median = rpc.call("getblockheader", json!([tip]))?["mediantime"].clone();
    let id = text(&told["longpollid"].take())?;
    ensure!(id.len() > 64 && id.starts_with(&tip), "{id}");
    let time = told["curtime"].take();
    ensure!(time.as_u64() > median.as_u64(), "{time} after {median}");
    let commitment = text(&told["default_witness_commitment"].take())?;
    ensure!(
        commitment.len() == 76 && commitment.starts_with("6a24aa21a9ed"),
        "{commitment}"
    );
    let expected = json!({
        "capabilities": ["proposal"],
        "version": 0x2000_0000,
        "rules": ["csv", "!segwit", "taproot"],
        "vbavailable": {},
        "vbrequired": 0,
        "previousblockhash": tip,
        "transactions": null,
        "coinbaseaux": {},
        "coinbasevalue": 5_001_000_000_u64,
        "longpollid": null,
        "target": format!("7fffff{}", "0".repeat(58)),
        "mintime": median.as_u64().context("no time")? + 1,
        "mutable": ["time", "transactions", "prevblock"],
        "noncerange": "00000000ffffffff",
        "sigoplimit": 80_000,
        "sizelimit": 104_663_296,
        "weightlimit": 4_000_000,
        "curtime": null,
        "bits": "207fffff",
        "height": 102,
        "default_witness_commitment": null,
        "version_coinbase": 2,
        "masternode": [],
        "masternode_collateral_height": 0,
        "superblock": [],
        "default_witness_commitment_extra": "",
    });
    assert_eq!(told.to_string(), expected.to_string(), "in this order");

    let told = template(&mut rpc)?;
    let mut block = Block::of(&told)?;
    assert_eq!(propose(&mut rpc, &block)?, Value::Null);
    assert_eq!(rpc.tip()?, tip, "nothing is kept of proposals");
    block.header.search(true);
    assert_eq!(rpc.call("submitblock", json!([block.hex()]))?, Value::Null);
    assert_eq!(rpc.tip()?, shown(&block.header.hash()));
    assert_eq!(rpc.call("getrawmempool", json!([]))?, json!([]));
    node.stop()
}

fn gives_the_same_template_for_a_while(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let coins = rpc.mine_spendable(2)?;
    let now = rpc.tip_time()? + 100;
    rpc.call("setmocktime", json!([now]))?;
    let first = template(&mut rpc)?;
    assert_eq!(
        (&first["curtime"], &first["transactions"]),
        (&json!(now), &json!([]))
    );
    let transaction = rpc.spend(&json!([{ "txid": coins[0], "vout": 0 }]), 49.999)?;
    let txid = rpc.send_transaction(&transaction)?;
    // Only the time is another one.
    rpc.call("setmocktime", json!([now + 5]))?;
    let second = template(&mut rpc)?;
    assert_eq!(second["curtime"], now + 5);
    assert_eq!(
        (&second["longpollid"], &second["transactions"]),
        (&first["longpollid"], &json!([]))
    );
    rpc.call("setmocktime", json!([now + 6]))?;
    let third = template(&mut rpc)?;
    assert_ne!(third["longpollid"], first["longpollid"]);
    assert_eq!(third["transactions"][0]["txid"], txid);
    // A tip is another reason, at any time.
    let tip = rpc.generate(1)?;
    let fourth = template(&mut rpc)?;
    assert_eq!(
        (&fourth["previousblockhash"], &fourth["transactions"]),
        (&json!(tip[0]), &json!([]))
    );
    node.stop()
}

fn answers_proposals_in_the_words_of_bip_22(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    rpc.generate(20)?;
    let tip = rpc.tip()?;
    let block = Block::of(&template(&mut rpc)?)?;
    type Change = fn(&mut Block);
    let changes: [(Change, &str); 11] = [
        (|block| block.header.bits = 0x1c00_00ff, "bad-diffbits"),
        (|block| block.header.time = u32::MAX, "time-too-new"),
        (|block| block.header.time = 0, "time-too-old"),
        (|block| block.header.version = 1, "late-legacy-block"),
        (|block| block.header.version = 3, "bad-version(0x00000003)"),
        (
            |block| block.header.previous = [1; 32],
            "inconclusive-not-best-prevblk",
        ),
        (|block| block.header.root = [1; 32], "bad-txnmrklroot"),
        (|block| block.coinbases[0].spent = [1; 32], "bad-cb-missing"),
        (
            |block| block.coinbases.push(block.coinbases[0].clone()),
            "bad-txns-duplicate",
        ),
        (
            |block| block.coinbases[0].lock_time = u32::MAX,
            "bad-txns-nonfinal",
        ),
        (|block| block.coinbases[0].outputs[0].0 += 1, "bad-cb-amount"),
    ];
    for (change, expected) in changes {
        let mut changed = block.clone();
        let root = changed.header.root;
        change(&mut changed);
        if changed.header.root == root {
            changed.seal();
        }
        assert_eq!(propose(&mut rpc, &changed)?, expected);
    }
    let hex = block.hex();
    for data in ["", "x", &hex[2..], &hex[..hex.len() - 2]] {
        let refused = rpc.refusal("getblocktemplate", json!([{ "mode": "proposal", "data": data }]))?;
        assert_eq!(refused, (-22, "Block decode failed".to_owned()));
    }
    assert_eq!(rpc.tip()?, tip);

    let mut solved = block;
    solved.header.search(true);
    let header = &solved.hex()[..160];
    rpc.call("submitheader", json!([header]))?;
    assert_eq!(propose(&mut rpc, &solved)?, "duplicate-inconclusive");
    assert_eq!(rpc.call("submitblock", json!([solved.hex()]))?, Value::Null);
    assert_eq!(propose(&mut rpc, &solved)?, "duplicate");
    let hash = rpc.tip()?;
    rpc.call("invalidateblock", json!([hash]))?;
    assert_eq!(propose(&mut rpc, &solved)?, "duplicate-invalid");
    assert_eq!(
        rpc.call("submitblock", json!([solved.hex()]))?,
        "duplicate-invalid"
    );
    node.stop()
}

fn refuses_requests_in_upstreams_words(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let segwit =
        "getblocktemplate must be called with the segwit rule set (call with {\"rules\": [\"segwit\"]})";
    for (request, code, expected) in [
        (json!({}), -8, segwit),
        (json!({ "rules": ["signet"] }), -8, segwit),
        (json!({ "rules": "segwit" }), -8, segwit),
        (json!({ "mode": "x", "rules": ["segwit"] }), -8, "Invalid mode"),
        (
            json!({ "mode": "proposal" }),
            -3,
            "Missing data String key for proposal",
        ),
        (
            json!({ "rules": ["segwit"], "longpollid": "00" }),
            -8,
            "longpollid must be of length 64 (not 2, for '00')",
        ),
    ] {
        let refused = rpc.refusal("getblocktemplate", json!([request]))?;
        assert_eq!(refused, (code, expected.to_owned()), "{request}");
    }
    let (code, _) = rpc.refusal("getblocktemplate", json!([]))?;
    assert_eq!(code, -1);
    for (method, params, code, expected) in [
        (
            "createauxblock",
            json!(["this_an_invalid_address"]),
            -5,
            "Error: Invalid coinbase payout address",
        ),
        (
            "submitauxblock",
            json!(["00".repeat(32), "x"]),
            -8,
            "block hash unknown",
        ),
        ("submitauxblock", json!(["x", "x"]), -8, "block hash unknown"),
        (
            "getauxblock",
            json!([]),
            -18,
            "No wallet is loaded. Load a wallet using loadwallet or create a new one with createwallet. (Note: A default \
             wallet is no longer automatically created)",
        ),
        (
            "getauxblock",
            json!(["00".repeat(32)]),
            -1,
            "getauxblock takes both hash and auxpow, or neither",
        ),
        (
            "getnetworkhashps",
            json!([2_147_483_648_u32]),
            -1,
            "JSON integer out of range",
        ),
    ] {
        let refused = rpc.refusal(method, params.clone())?;
        assert_eq!(refused, (code, expected.to_owned()), "{method} {params}");
    }
    node.stop()
}

/// Waits until a call of the method is being answered.
fn wait_for_call(rpc: &mut RpcClient, method: &str) -> Result<()> {
    wait_until("a call to begin", || {
        let info = rpc.call("getrpcinfo", json!([]))?;
        let active = info["active_commands"].as_array().context("no list")?;
        Ok(active.iter().any(|call| call["method"] == method).then_some(()))
    })
}

fn answers_long_polls_when_there_is_another_tip_and_when_it_stops(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    rpc.generate(1)?;
    let long_poll = |rpc: &mut RpcClient| -> Result<_> {
        let id = template(rpc)?["longpollid"].clone();
        let mut waiting = node.rpc()?;
        let polling = thread::spawn(move || {
            waiting.request(
                "getblocktemplate",
                json!([{ "rules": ["segwit"], "longpollid": id }]),
            )
        });
        wait_for_call(rpc, "getblocktemplate")?;
        Ok(polling)
    };
    let polling = long_poll(&mut rpc)?;
    let tip = rpc.generate(1)?;
    let reply = polling.join().expect("nothing panics there")?;
    assert_eq!(reply.result["previousblockhash"], tip[0]);
    // An id of another tip, and none of a template at all.
    let answered = rpc.call(
        "getblocktemplate",
        json!([{ "rules": ["segwit"], "longpollid": "00".repeat(32) }]),
    )?;
    assert_eq!(answered["previousblockhash"], tip[0]);

    let polling = long_poll(&mut rpc)?;
    node.stop()?;
    let reply = polling.join().expect("nothing panics there")?;
    assert_eq!(reply.refusal()?, (500, -9, "Shutting down"));
    Ok(())
}

fn follows_votes_for_rules_in_templates(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let told = |rpc: &mut RpcClient, height: u64| -> Result<Value> {
        let count = rpc.call("getblockcount", json!([]))?;
        let missing = height - count.as_u64().context("no height")?;
        rpc.generate(u32::try_from(missing)?)?;
        let told = template(rpc)?;
        Ok(json!([told["version"], told["rules"], told["vbavailable"]]))
    };
    let rules = json!(["csv", "!segwit", "taproot"]);
    assert_eq!(
        told(&mut rpc, 142)?,
        json!([0x2000_0000, rules, {}]),
        "nobody votes yet"
    );
    let voted = json!([0x3000_0000, rules, { "testdummy": 28 }]);
    assert_eq!(told(&mut rpc, 143)?, voted);
    assert_eq!(told(&mut rpc, 300)?, voted, "it is locked in");
    assert_eq!(
        told(&mut rpc, 431)?,
        json!([0x2010_0000, ["csv", "!segwit", "testdummy", "taproot"], {}])
    );
    // Where the coinbase must carry a quorum commitment, templates have it.
    assert_eq!(told(&mut rpc, 441)?[0], 0x2010_0000);
    let told = template(&mut rpc)?;
    assert_eq!(told["version_coinbase"], 85);
    let extra = text(&told["default_witness_commitment_extra"])?;
    let commitment = text(&told["default_witness_commitment"])?;
    assert_eq!(extra.len(), 2 * 316);
    assert_eq!(commitment[76..], format!("4d3c01{extra}"));
    node.stop()
}

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
