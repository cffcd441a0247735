//! Blocks and headers that miners bring: which ones a node takes, and what it says to the others.

use anyhow::{Context as _, Result};
use functional_tests::{Daemon, DataDir, Node, RpcClient, for_each_daemon};
use serde_json::{Value, json};

use crate::handmade::{Block, from_hex, shown};

for_each_daemon![
    refuses_blocks_in_the_words_of_bip_22,
    takes_headers_before_their_blocks,
    refuses_headers_in_upstreams_words,
    tells_what_is_wrong_with_a_transaction_without_inputs,
];

/// A block that the node would take, with nothing but a coinbase that does not speak of witnesses.
fn plain_block(rpc: &mut RpcClient) -> Result<Block> {
    let template = rpc.call("getblocktemplate", json!([{ "rules": ["segwit"] }]))?;
    let mut block = Block::of(&template)?;
    block.coinbases[0].outputs.truncate(1);
    block.coinbases[0].has_witness = false;
    block.seal();
    Ok(block)
}

/// Hands in a block, with a byte that is not its own.
fn submit(rpc: &mut RpcClient, block: &Block) -> Result<Value> {
    rpc.call("submitblock", json!([block.hex() + "00"]))
}

/// Hands in a header, with what follows it in its block, as some rigs do.
fn submit_header(rpc: &mut RpcClient, block: &Block) -> Result<Value> {
    rpc.call("submitheader", json!([block.hex()]))
}

fn refusal(rpc: &mut RpcClient, block: &Block) -> Result<(i64, String)> {
    rpc.refusal("submitheader", json!([&block.hex()[..160]]))
}

/// How the node sees the chain that ends with a block.
fn status(rpc: &mut RpcClient, block: &Block) -> Result<Option<String>> {
    let hash = shown(&block.header.hash());
    let tips = rpc.call("getchaintips", json!([]))?;
    let tip = tips
        .as_array()
        .context("no list")?
        .iter()
        .find(|tip| tip["hash"] == hash);
    Ok(tip.and_then(|tip| Some(tip["status"].as_str()?.to_owned())))
}

fn refuses_blocks_in_the_words_of_bip_22(daemon: Daemon) -> Result<()> {
    type Change = fn(&mut Block);
    let changes: [(Change, [&str; 2]); 9] = [
        (
            |block| block.coinbases.push(block.coinbases[0].clone()),
            ["bad-txns-duplicate"; 2],
        ),
        (
            |block| {
                let mut spend = block.coinbases[0].clone();
                spend.spent = [1; 32];
                block.coinbases.push(spend);
            },
            ["bad-txns-inputs-missingorspent", "duplicate-invalid"],
        ),
        (
            |block| block.coinbases[0].lock_time = u32::MAX,
            ["bad-txns-nonfinal", "duplicate-invalid"],
        ),
        (
            |block| block.coinbases[0].outputs[0].0 += 1,
            ["bad-cb-amount", "duplicate-invalid"],
        ),
        (
            |block| block.coinbases[0].has_witness = true,
            ["unexpected-witness"; 2],
        ),
        (|block| block.header.root = [1; 32], ["bad-txnmrklroot"; 2]),
        (|block| block.header.time = u32::MAX, ["time-too-new"; 2]),
        (|block| block.header.time = 0, ["time-too-old"; 2]),
        (|block| block.header.previous = [1; 32], ["prev-blk-not-found"; 2]),
    ];
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    rpc.generate(20)?;
    let tip = rpc.tip()?;
    let block = plain_block(&mut rpc)?;
    for (change, expected) in changes {
        let mut changed = block.clone();
        let root = changed.header.root;
        change(&mut changed);
        if changed.header.root == root {
            changed.seal();
        }
        changed.header.search(true);
        for reason in expected {
            assert_eq!(submit(&mut rpc, &changed)?, reason);
        }
    }
    let mut unsolved = block.clone();
    unsolved.header.search(false);
    assert_eq!(submit(&mut rpc, &unsolved)?, "high-hash");
    let mut spending = block.clone();
    spending.coinbases[0].spent = [1; 32];
    let refused = rpc.refusal("submitblock", json!([spending.hex()]))?;
    assert_eq!(refused, (-22, "Block does not start with a coinbase".to_owned()));
    assert_eq!(rpc.tip()?, tip);
    let mut good = block;
    good.header.search(true);
    assert_eq!(submit(&mut rpc, &good)?, Value::Null);
    assert_eq!(rpc.tip()?, shown(&good.header.hash()));
    node.stop()
}

fn takes_headers_before_their_blocks(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    rpc.generate(20)?;
    let mut block = plain_block(&mut rpc)?;
    block.header.search(true);
    assert_eq!(status(&mut rpc, &block)?, None);
    // What follows the header is of no interest.
    for digits in [&block.hex()[..160], &block.hex()] {
        assert_eq!(rpc.call("submitheader", json!([digits]))?, Value::Null);
        assert_eq!(status(&mut rpc, &block)?.as_deref(), Some("headers-only"));
    }
    // The header promises transactions that do not come.
    let mut rootless = block.clone();
    rootless.header.root = [1; 32];
    rootless.header.search(true);
    submit_header(&mut rpc, &rootless)?;
    for _ in 0..2 {
        assert_eq!(submit(&mut rpc, &rootless)?, "bad-txnmrklroot");
        assert_eq!(status(&mut rpc, &rootless)?.as_deref(), Some("headers-only"));
    }
    assert_eq!(submit(&mut rpc, &block)?, Value::Null);
    assert_eq!(status(&mut rpc, &block)?.as_deref(), Some("active"));
    assert_eq!(submit_header(&mut rpc, &block)?, Value::Null);
    node.stop()
}

fn refuses_headers_in_upstreams_words(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    rpc.generate(20)?;
    let block = plain_block(&mut rpc)?;
    for digits in ["xx".repeat(80), "ff".repeat(78), String::new()] {
        let refused = rpc.refusal("submitheader", json!([digits]))?;
        assert_eq!(refused, (-22, "Block header decode failed".to_owned()));
    }
    let solved = |change: fn(&mut Block)| {
        let mut changed = block.clone();
        change(&mut changed);
        changed.header.search(true);
        changed
    };
    let orphan = solved(|block| block.header.previous = [1; 32]);
    let (code, text) = refusal(&mut rpc, &orphan)?;
    assert_eq!(
        (code, text),
        (
            -25,
            format!("Must submit previous header ({}) first", "01".repeat(32))
        )
    );
    let early = solved(|block| block.header.time = 1);
    assert_eq!(refusal(&mut rpc, &early)?, (-25, "time-too-old".to_owned()));
    let mut unsolved = block.clone();
    unsolved.header.search(false);
    assert_eq!(refusal(&mut rpc, &unsolved)?, (-25, "high-hash".to_owned()));

    let bad = solved(|block| {
        block.coinbases[0].lock_time = u32::MAX;
        block.seal();
    });
    assert_eq!(submit(&mut rpc, &bad)?, "bad-txns-nonfinal");
    let told = format!("{}, bad-txns-nonfinal", shown(&bad.header.hash()));
    node.log().wait_for(&told)?;
    assert_eq!(refusal(&mut rpc, &bad)?, (-25, "duplicate-invalid".to_owned()));
    let mut above = block.clone();
    above.header.previous = bad.header.hash();
    above.header.search(true);
    assert_eq!(refusal(&mut rpc, &above)?, (-25, "bad-prevblk".to_owned()));
    node.stop()
}

/// A transaction without inputs and outputs, as nodes write it.
const EMPTY: &str = "02000000000000000000";

/// One with an output, and with a witness of no input, which cannot be read.
const WITNESS_OF_NOTHING: &str = "02000000000100010000000000000000015100000000";

fn tells_what_is_wrong_with_a_transaction_without_inputs(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    rpc.generate(1)?;
    let mut block = plain_block(&mut rpc)?;
    block.add(from_hex(EMPTY)?);
    block.seal();
    block.header.search(true);
    assert_eq!(submit(&mut rpc, &block)?, "bad-txns-vin-empty");
    let mut block = plain_block(&mut rpc)?;
    block.add(from_hex(WITNESS_OF_NOTHING)?);
    block.seal();
    block.header.search(true);
    let undecodable = (-22, "Block decode failed".to_owned());
    assert_eq!(rpc.refusal("submitblock", json!([block.hex()]))?, undecodable);

    let shown = rpc.call("decoderawtransaction", json!([EMPTY]))?;
    assert_eq!((&shown["vin"], &shown["vout"]), (&json!([]), &json!([])));
    assert_eq!(
        rpc.refusal("sendrawtransaction", json!([EMPTY]))?,
        (-26, "bad-txns-vin-empty".to_owned())
    );
    let told = rpc.call("testmempoolaccept", json!([[EMPTY]]))?;
    assert_eq!(told[0]["reject-reason"], "bad-txns-vin-empty");

    // With an output its bytes are those of one with a witness, and as such cannot be read. Only where transactions are
    // shown or changed, they are read in the other way too.
    let output = "02000000000100e1f505000000000151 00000000".replace(' ', "");
    let shown = rpc.call("decoderawtransaction", json!([output]))?;
    assert_eq!(
        (&shown["vin"], shown["vout"].as_array().map(Vec::len)),
        (&json!([]), Some(1))
    );
    for method in ["sendrawtransaction", "signrawtransactionwithkey"] {
        let params = match method {
            "sendrawtransaction" => json!([output]),
            _ => json!([output, []]),
        };
        let text = "TX decode failed. Make sure the tx has at least one input.".to_owned();
        assert_eq!(rpc.refusal(method, params)?, (-22, text));
    }
    node.stop()
}
