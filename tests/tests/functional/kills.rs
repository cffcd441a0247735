//! Nodes that are killed at any moment, again and again, come back to the chain and the coins of one that never was.
//!
//! `FUNCTIONAL_KILLS` says how often each of them is killed.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

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

/// The longest that a node is let go on after the moment that was waited for, in microseconds.
const LONGEST: u64 = 60_000;

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
    let options = [
        "-prune=1",
        "-fastprune",
        "-blockfilterindex",
        "-coinstatsindex",
        "-dbcache=4",
    ];
    survive(
        daemon,
        &options,
        &[&[]],
        &["basic block filter index", "coinstatsindex"],
    )
}

fn survive(daemon: Daemon, options: &[&str], restarts: &[&[&str]], indexes: &[&str]) -> Result<()> {
    let (own, others) = (DataDir::new()?, DataDir::new()?);
    let twin = Node::start(daemon, &others, &["-blockfilterindex"])?;
    let mut twin_rpc = twin.rpc()?;
    twin_rpc.call("generatetodescriptor", json!([BEGINNING, "raw(51)"]))?;
    let node = Node::start(daemon, &own, options)?;
    submit(&mut node.rpc()?, &blocks(&mut twin_rpc, 1)?)?;
    node.stop()?;
    let mut deeds = Deeds::default();
    for round in 0..kills() {
        let from = grow(&mut twin_rpc, round)?;
        let blocks = blocks(&mut twin_rpc, from)?;
        let restart = restarts[usize::try_from(round)? % restarts.len()];
        let all: Vec<&str> = options.iter().chain(restart).copied().collect();
        let killed = match any(4) {
            0 => kill_while_it_starts(Node::spawn(daemon, &own, &all)?),
            _ => kill_while_it_works(Node::start(daemon, &own, &all)?, &blocks, &mut deeds),
        };
        killed.with_context(|| format!("round {round}, {restart:?}"))?;

        let node = Node::start(daemon, &own, options)?;
        let mut rpc = node.rpc()?;
        compare(&mut rpc, &mut twin_rpc, &blocks, indexes)
            .with_context(|| format!("round {round}, {restart:?}"))?;
        node.stop()?;
    }
    deeds.check(kills())?;
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

/// Hands blocks in, whatever becomes of them: while a chain is made anew, its node knows no parents.
fn submit(rpc: &mut RpcClient, blocks: &[Value]) -> Result<()> {
    for block in blocks {
        rpc.request("submitblock", json!([block]))?;
    }
    Ok(())
}

/// What a node has done of what it was asked, and how often.
#[derive(Debug, Default)]
struct Deeds {
    all: Mutex<std::collections::BTreeMap<&'static str, u64>>,
    n_blocks: AtomicUsize,
}

impl Deeds {
    /// Asks for something, and notes whether it was done. A refusal is an answer too: a chain that is made anew has no tip
    /// yet, and an index may be far behind.
    fn ask(&self, rpc: &mut RpcClient, method: &'static str, params: Value) -> Result<Option<Value>> {
        let reply = rpc
            .request(method, params)
            .with_context(|| format!("no answer to {method}"))?;
        if reply.error.is_some() {
            return Ok(None);
        }
        let mut all = self.all.lock().expect("nobody panics with it");
        *all.entry(method).or_default() += 1;
        Ok(Some(reply.result))
    }

    /// Whether nodes that were killed so often have done some of everything.
    fn check(&self, kills: u64) -> Result<()> {
        let all = self.all.lock().expect("nobody panics with it");
        let expected = [
            "submitblock",
            "gettxoutsetinfo",
            "invalidateblock",
            "generatetodescriptor",
            "reconsiderblock",
        ];
        let is_done = expected.iter().all(|method| all.contains_key(method));
        // With few kills, some things may not have had their turn.
        ensure!(is_done || kills < 25, "{all:?}");
        Ok(())
    }
}

/// Hands blocks in, with other work between them, and counts them.
fn work(rpc: &mut RpcClient, blocks: &[Value], deeds: &Deeds) -> Result<()> {
    for block in blocks {
        deeds.ask(rpc, "submitblock", json!([block]))?;
        deeds.n_blocks.fetch_add(1, Ordering::Relaxed);
        match any(8) {
            0 => leave_and_return(rpc, deeds)?,
            // The coins are written for it.
            1 => _ = deeds.ask(rpc, "gettxoutsetinfo", json!(["none", null, false]))?,
            // By the index, which takes in what it has not yet.
            2 => _ = deeds.ask(rpc, "gettxoutsetinfo", json!(["muhash"]))?,
            // Refused where nothing is pruned.
            3 => _ = deeds.ask(rpc, "pruneblockchain", json!([1 + any(BEGINNING)]))?,
            _ => {}
        }
    }
    Ok(())
}

/// Takes blocks back, goes on with others, and comes back to the first ones, which are more.
fn leave_and_return(rpc: &mut RpcClient, deeds: &Deeds) -> Result<()> {
    let height = |rpc: &mut RpcClient| -> Result<Option<u64>> {
        let height = deeds.ask(rpc, "getblockcount", json!([]))?;
        Ok(height.and_then(|height| height.as_u64()))
    };
    let Some(before) = height(rpc)? else {
        return Ok(());
    };
    let first = (before + 1).saturating_sub(1 + any(DEEPEST));
    let Some(hash) = deeds.ask(rpc, "getblockhash", json!([first]))? else {
        return Ok(());
    };
    if deeds.ask(rpc, "invalidateblock", json!([hash]))?.is_none() {
        return Ok(());
    }
    // The tip is then what was left like this before, if there is such a thing; it must never become the better one.
    let missing = before.saturating_sub(height(rpc)?.unwrap_or(before));
    let others = if missing > 0 { any(missing) } else { 0 };
    if others > 0 {
        let descriptor = format!("raw({:08x})", 0x5152_0000 + any(0x1_0000));
        deeds.ask(rpc, "generatetodescriptor", json!([others, descriptor]))?;
    }
    deeds.ask(rpc, "reconsiderblock", json!([hash]))?;
    Ok(())
}

/// Lets a little time pass, another each time.
fn wait_a_moment() -> Result<()> {
    let end = Instant::now() + Duration::from_micros(any(LONGEST));
    wait_until("a moment", || Ok((Instant::now() >= end).then_some(())))
}

/// Kills a node before it answers, in most cases.
fn kill_while_it_starts(node: Node<'_>) -> Result<()> {
    for _ in 0..any(8) {
        wait_a_moment()?;
    }
    node.program().signal(Signal::KILL)?;
    check_killed(node)
}

/// Kills a node after it was handed any number of these blocks, in the middle of whatever it does then.
fn kill_while_it_works(node: Node<'_>, blocks: &[Value], deeds: &mut Deeds) -> Result<()> {
    let mut rpc = node.rpc()?;
    deeds.n_blocks = AtomicUsize::new(0);
    let deeds = &*deeds;
    let last = usize::try_from(any(blocks.len() as u64))?;
    std::thread::scope(|scope| {
        let working = scope.spawn(move || work(&mut rpc, blocks, deeds));
        wait_until("blocks to be handed in", || {
            let is_time = deeds.n_blocks.load(Ordering::Relaxed) >= last || working.is_finished();
            Ok(is_time.then_some(()))
        })?;
        wait_a_moment()?;
        let has_ended = working.is_finished();
        node.program().signal(Signal::KILL)?;
        // It ends with an error when the node is gone, and only then.
        let worked = working.join().expect("what fails is an error");
        match has_ended {
            true => worked,
            false => Ok(()),
        }
    })?;
    check_killed(node)
}

/// Whether a node ended because it was killed, and not by itself before.
fn check_killed(node: Node<'_>) -> Result<()> {
    let finished = node.wait()?;
    let signal = std::os::unix::process::ExitStatusExt::signal(&finished.status);
    ensure!(signal == Some(Signal::KILL.as_raw()), "{finished:?}");
    Ok(())
}

/// Holds blocks for sound again that were held for invalid when the node was killed.
fn reconsider(rpc: &mut RpcClient) -> Result<()> {
    let tips = rpc.call("getchaintips", json!([]))?;
    let tips = tips.as_array().context("no list")?;
    for tip in tips.iter().filter(|tip| tip["status"] == "invalid") {
        rpc.call("reconsiderblock", json!([tip["hash"]]))?;
    }
    Ok(())
}

fn compare(rpc: &mut RpcClient, twin: &mut RpcClient, blocks: &[Value], indexes: &[&str]) -> Result<()> {
    let tip = twin.tip()?;
    // What is made anew after a kill goes on meanwhile, and knows no parents yet.
    wait_until("the tip of the node that was not killed", || {
        let found = rpc.request("getbestblockhash", json!([]))?;
        if found.result.is_string() {
            reconsider(rpc)?;
            submit(rpc, blocks)?;
        }
        Ok((found.result == tip.as_str()).then_some(()))
    })?;
    ensure!(rpc.coins()? == twin.coins()?, "the coins are others");
    ensure!(rpc.call("verifychain", json!([4, 30]))? == true);
    rpc.wait_until_synced(indexes)?;
    let by_index = rpc.call("gettxoutsetinfo", json!(["muhash", null, true]))?;
    let by_coins = rpc.call("gettxoutsetinfo", json!(["muhash", null, false]))?;
    ensure!(by_index["muhash"] == by_coins["muhash"], "{by_index} {by_coins}");
    compare_filters(rpc, twin)
}

/// Compares the last filter and its header, which stands on all filters before.
fn compare_filters(rpc: &mut RpcClient, twin: &mut RpcClient) -> Result<()> {
    let tip = rpc.tip()?;
    let own = rpc.call("getblockfilter", json!([tip]))?;
    let expected = twin.call("getblockfilter", json!([tip]))?;
    ensure!(own == expected, "{own} {expected}");
    Ok(())
}
