//! `-assumevalid`: which scripts a node does not run, and that it runs them nevertheless in blocks that little work
//! follows.

use anyhow::{Result, ensure};
use functional_tests::{Daemon, DataDir, KEY_ADDRESS, Node, RpcClient, for_each_daemon, text};
use serde_json::{Value, json};

use crate::handmade::{Block, from_hex, shown, to_hex};

for_each_daemon![runs_no_scripts_of_blocks_that_are_buried_deep_enough];

/// The height of a block that holds a transaction with a wrong script.
const WRONG: u64 = 102;

/// The first height from which on blocks are said to take 150 seconds: those after the wrong one then stand for more than a
/// tenth of two weeks.
const FIRST_SLOW: u64 = 2050;

/// Keeps what is asked of blocks since DIP3 away.
const OPTIONS: &str = "-dip3params=9000:9000";

/// Lets the reason be told for which a script fails.
const ONE_THREAD: &str = "-par=1";

/// The chain from the wrong block on, as far as it takes.
fn chain(rpc: &mut RpcClient) -> Result<Vec<Block>> {
    // Whatever spends these coins, the script ends with a false value.
    let hashes = rpc.call("generatetodescriptor", json!([WRONG - 1, "raw(00)"]))?;
    let coin = rpc.call("getblock", json!([hashes[0]]))?["tx"][0].clone();
    let spend = rpc.call(
        "createrawtransaction",
        json!([[{ "txid": coin, "vout": 0 }], [{ KEY_ADDRESS: 1.0 }]]),
    )?;
    let template = rpc.call("getblocktemplate", json!([{ "rules": ["segwit"] }]))?;
    let mut block = Block::of(&template)?;
    block.coinbases[0].outputs = vec![(0, vec![0x51])];
    block.coinbases[0].has_witness = false;
    block.add(from_hex(&text(&spend)?)?);
    block.seal();
    block.header.search(true);
    let mut chain = vec![block.clone()];
    block.clear();
    for height in WRONG + 1..=FIRST_SLOW {
        block.header.previous = block.header.hash();
        block.header.time += 1;
        block.coinbases[0].set_height(height);
        block.seal();
        block.header.search(true);
        chain.push(block.clone());
    }
    Ok(chain)
}

/// Gives a node all headers of a chain up to a height, and then the blocks up to the wrong one, of which it says this.
fn verdict(rpc: &mut RpcClient, before: &[Value], chain: &[Block], height: u64) -> Result<Value> {
    for block in before {
        assert_eq!(rpc.call("submitblock", json!([block]))?, Value::Null);
    }
    let count = usize::try_from(height - WRONG + 1)?;
    for block in &chain[..count] {
        rpc.call("submitheader", json!([to_hex(&block.header.bytes())]))?;
    }
    rpc.call("submitblock", json!([chain[0].hex()]))
}

fn runs_no_scripts_of_blocks_that_are_buried_deep_enough(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let source = Node::start(daemon, &data_dir, &[OPTIONS])?;
    let mut from = source.rpc()?;
    let chain = chain(&mut from)?;
    let mut before = Vec::new();
    for height in 1..WRONG {
        let hash = from.call("getblockhash", json!([height]))?;
        before.push(from.call("getblock", json!([hash, 0]))?);
    }
    let wrong = shown(&chain[0].header.hash());
    let assume = format!("-assumevalid={wrong}");
    for (options, height, is_taken) in [
        (&[OPTIONS, ONE_THREAD, &assume][..], FIRST_SLOW, true),
        (&[OPTIONS, ONE_THREAD, &assume], FIRST_SLOW - 1, false),
        (&[OPTIONS, ONE_THREAD], FIRST_SLOW, false),
    ] {
        let data_dir = DataDir::new()?;
        let node = Node::start(daemon, &data_dir, options)?;
        let mut rpc = node.rpc()?;
        let verdict = verdict(&mut rpc, &before, &chain, height)?;
        if is_taken {
            assert_eq!(verdict, Value::Null);
            assert_eq!(rpc.tip()?, wrong);
        } else {
            let reason = text(&verdict)?;
            ensure!(
                reason.starts_with("mandatory-script-verify-flag-failed ("),
                "{height}: {reason}"
            );
        }
        node.stop()?;
    }
    source.stop()
}
