//! Nodes that are killed at any moment, again and again, come back to the chain and the coins of one that never was.
//!
//! `FUNCTIONAL_KILLS` says how often each of them is killed.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result, ensure};
use functional_tests::{CHAIN_ADDRESS, Daemon, DataDir, Node, RpcClient, for_each_daemon, wait_until};
use rustix::process::Signal;
use serde_json::{Value, json};

for_each_daemon![
    reaches_the_same_chain_with_indexes,
    reaches_the_same_chain_while_it_prunes,
];

/// Blocks before the first kill: more than pruning keeps.
const BEGINNING: u64 = 600;

/// So many blocks at most are taken back at once.
const DEEPEST: u64 = 8;

fn kills() -> u64 {
    let wanted = std::env::var("FUNCTIONAL_KILLS").ok();
    wanted.and_then(|wanted| wanted.parse().ok()).unwrap_or(5)
}

/// Any number below a limit. Which one is not repeated: a fault at one moment in many is found in time.
fn any(limit: u64) -> u64 {
    RandomState::new().hash_one(limit) % limit
}

fn reaches_the_same_chain_with_indexes(daemon: Daemon) -> Result<()> {
    let options = ["-txindex", "-blockfilterindex", "-coinstatsindex", "-dbcache=4"];
    let restarts: [&[&str]; 4] = [&[], &["-reindex"], &[], &["-reindex-chainstate"]];
    let names = ["txindex", "basic block filter index", "coinstatsindex"];
    survive(daemon, &options, &restarts, &names)
}

fn reaches_the_same_chain_while_it_prunes(daemon: Daemon) -> Result<()> {
    let options = ["-prune=1", "-fastprune", "-blockfilterindex", "-dbcache=4"];
    survive(daemon, &options, &[&[]], &["basic block filter index"])
}

fn survive(daemon: Daemon, options: &[&str], restarts: &[&[&str]], indexes: &[&str]) -> Result<()> {
    let (own, others) = (DataDir::new()?, DataDir::new()?);
    let twin = Node::start(daemon, &others, &[])?;
    let mut twin_rpc = twin.rpc()?;
    twin_rpc.call("generatetodescriptor", json!([BEGINNING, "raw(51)"]))?;
    let node = Node::start(daemon, &own, options)?;
    feed(&mut node.rpc()?, &blocks(&mut twin_rpc, 1)?, None)?;
    node.stop()?;
    for round in 0..kills() {
        let from = grow(&mut twin_rpc, round)?;
        let blocks = blocks(&mut twin_rpc, from)?;
        let restart = restarts[usize::try_from(round)? % restarts.len()];
        let all: Vec<&str> = options.iter().chain(restart).copied().collect();
        let node = Node::start(daemon, &own, &all)?;
        kill_while_it_works(node, &blocks)?;

        let node = Node::start(daemon, &own, options)?;
        let mut rpc = node.rpc()?;
        compare(&mut rpc, &mut twin_rpc, &blocks, indexes)
            .with_context(|| format!("round {round}, {restart:?}"))?;
        node.stop()?;
    }
    twin.stop()
}

/// Makes the chain longer, and sometimes takes blocks back before. Gives the height from which on it is another one.
fn grow(rpc: &mut RpcClient, round: u64) -> Result<u64> {
    let height = rpc
        .call("getblockcount", json!([]))?
        .as_u64()
        .context("no number")?;
    let taken_back = if round % 2 == 1 { 1 + any(DEEPEST) } else { 0 };
    let first = height + 1 - taken_back;
    if taken_back > 0 {
        let hash = rpc.call("getblockhash", json!([first]))?;
        rpc.call("invalidateblock", json!([hash]))?;
    }
    // Anyone can spend what the first blocks made; each of them is spent once.
    let hash = rpc.call("getblockhash", json!([1 + round]))?;
    let coinbase = rpc.call("getblock", json!([hash]))?["tx"][0].clone();
    let spend = rpc.call(
        "createrawtransaction",
        json!([[{ "txid": coinbase, "vout": 0 }], [{ CHAIN_ADDRESS: 49 }]]),
    )?;
    rpc.call("generateblock", json!([CHAIN_ADDRESS, [spend]]))?;
    let descriptor = format!("raw({:04x})", 0x5151 + round);
    rpc.call(
        "generatetodescriptor",
        json!([taken_back + 1 + any(20), descriptor]),
    )?;
    Ok(first)
}

/// The bytes of the best chain's blocks from a height on.
fn blocks(rpc: &mut RpcClient, from: u64) -> Result<Vec<Value>> {
    let height = rpc
        .call("getblockcount", json!([]))?
        .as_u64()
        .context("no number")?;
    let heights = from..=height;
    heights
        .map(|height| {
            let hash = rpc.call("getblockhash", json!([height]))?;
            rpc.call("getblock", json!([hash, 0]))
        })
        .collect()
}

/// Hands blocks in, with other work between them, and counts them.
fn feed(rpc: &mut RpcClient, blocks: &[Value], count: Option<&AtomicUsize>) -> Result<()> {
    for (number, block) in blocks.iter().enumerate() {
        // While the chain is made anew, blocks may be refused.
        rpc.request("submitblock", json!([block]))?;
        if let Some(count) = count {
            count.fetch_add(1, Ordering::Relaxed);
            match number % 5 {
                // The coins are written for it.
                2 => _ = rpc.request("gettxoutsetinfo", json!(["none"]))?,
                // Refused where nothing is pruned.
                4 => _ = rpc.request("pruneblockchain", json!([BEGINNING / 2]))?,
                _ => {}
            }
        }
    }
    Ok(())
}

/// Kills a node after it was handed any number of these blocks, in the middle of whatever it does then.
fn kill_while_it_works(node: Node<'_>, blocks: &[Value]) -> Result<()> {
    let mut rpc = node.rpc()?;
    let count = AtomicUsize::new(0);
    let last = usize::try_from(any(blocks.len() as u64))?;
    std::thread::scope(|scope| {
        // It ends with an error when the node is gone.
        let feeding = scope.spawn(|| feed(&mut rpc, blocks, Some(&count)));
        wait_until("blocks to be handed in", || {
            let is_time = count.load(Ordering::Relaxed) >= last || feeding.is_finished();
            Ok(is_time.then_some(()))
        })?;
        node.program().signal(Signal::KILL)
    })?;
    node.wait()?;
    Ok(())
}

fn compare(rpc: &mut RpcClient, twin: &mut RpcClient, blocks: &[Value], indexes: &[&str]) -> Result<()> {
    let tip = twin.tip()?;
    // What is made anew after a kill goes on meanwhile, and knows no parents yet.
    wait_until("the tip of the node that was not killed", || {
        feed(rpc, blocks, None)?;
        Ok((rpc.tip()? == tip).then_some(()))
    })?;
    ensure!(rpc.coins()? == twin.coins()?, "the coins are others");
    ensure!(rpc.call("verifychain", json!([4, 30]))? == true);
    rpc.wait_until_synced(indexes)?;
    if indexes.contains(&"coinstatsindex") {
        let by_index = rpc.call("gettxoutsetinfo", json!(["muhash", null, true]))?;
        let by_coins = rpc.call("gettxoutsetinfo", json!(["muhash", null, false]))?;
        ensure!(by_index["muhash"] == by_coins["muhash"], "{by_index} {by_coins}");
    }
    Ok(())
}
