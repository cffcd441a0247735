//! What a node tells miners, and what it takes from them.

use std::thread;

use anyhow::{Context as _, Result, ensure};
use functional_tests::{Daemon, DataDir, Node, RpcClient, for_each_daemon, text, wait_until};
use serde_json::{Value, json};

use crate::handmade::{Block, shown};

for_each_daemon![
    tells_all_that_a_block_is_made_of,
    gives_the_same_template_for_a_while,
    answers_proposals_in_the_words_of_bip_22,
    refuses_requests_in_upstreams_words,
    answers_long_polls_when_there_is_another_tip_and_when_it_stops,
    follows_votes_for_rules_in_templates,
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
