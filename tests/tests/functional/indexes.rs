//! Indexes beside the chain, and what is found by them.

use anyhow::{Result, ensure};
use functional_tests::{CHAIN_ADDRESS, Daemon, DataDir, Node, RpcClient, for_each_daemon, text};
use serde_json::json;

for_each_daemon![
    finds_transactions_by_an_index,
    finds_what_it_can_without_an_index,
    keeps_indexes_up_to_the_chain,
    answers_from_indexes_that_have_just_begun,
    tells_how_indexes_hold_pruning_back,
    refuses_indexes_whose_next_blocks_are_gone,
    keeps_what_was_pruned_pruned,
    refuses_indexes_that_there_cannot_be,
];

/// Anyone can spend what goes there.
const DESCRIPTOR: &str = "raw(51)";

/// A transaction in a block of its own, which spends the coinbase of the first block; and what that block is.
struct Spent {
    coinbase: String,
    spender: String,
    block: String,
}

fn spend_a_coinbase(rpc: &mut RpcClient) -> Result<Spent> {
    let hashes = rpc.call("generatetodescriptor", json!([101, DESCRIPTOR]))?;
    let first = rpc.call("getblock", json!([hashes[0]]))?;
    let raw = rpc.call(
        "createrawtransaction",
        json!([[{ "txid": first["tx"][0], "vout": 0 }], [{ "data": "00" }]]),
    )?;
    let made = rpc.call("generateblock", json!([CHAIN_ADDRESS, [raw]]))?;
    let block = rpc.call("getblock", json!([made["hash"]]))?;
    Ok(Spent {
        coinbase: text(&first["tx"][0])?,
        spender: text(&block["tx"][1])?,
        block: text(&made["hash"])?,
    })
}

fn finds_transactions_by_an_index(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &["-txindex"])?;
    let mut rpc = node.rpc()?;
    let spent = spend_a_coinbase(&mut rpc)?;
    rpc.wait_until_synced(&["txindex"])?;
    // Neither has an output that could be spent.
    for (txid, confirmations) in [(&spent.coinbase, 102), (&spent.spender, 1)] {
        let found = rpc.call("getrawtransaction", json!([txid, 1]))?;
        assert_eq!(
            (&found["txid"], &found["confirmations"]),
            (&json!(txid), &json!(confirmations))
        );
    }
    let whole = rpc.call("getrawtransaction", json!([spent.spender, 2]))?;
    assert_eq!(whole["vin"][0]["prevout"]["height"], 1);
    assert_eq!(whole["fee"].to_string(), "50.00000000");
    assert_eq!(
        rpc.refusal("getrawtransaction", json!(["00".repeat(32)]))?,
        (
            -5,
            "No such mempool or blockchain transaction. Use gettransaction for wallet transactions."
                .to_owned()
        )
    );
    node.stop()
}

fn finds_what_it_can_without_an_index(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let spent = spend_a_coinbase(&mut rpc)?;
    let (code, text) = rpc.refusal("getrawtransaction", json!([spent.spender]))?;
    ensure!(
        code == -5 && text.starts_with("No such mempool transaction. Use -txindex or provide a block hash"),
        "{code} {text}"
    );
    let named = rpc.call("getrawtransaction", json!([spent.spender, true, spent.block]))?;
    assert_eq!(
        (&named["in_active_chain"], &named["blockhash"]),
        (&json!(true), &json!(spent.block))
    );
    let last = rpc.call("getblock", json!([spent.block]))?;
    let unspent = rpc.call("getrawtransaction", json!([last["tx"][0], 1]))?;
    assert_eq!(unspent["blockhash"], spent.block);
    for (params, expected) in [
        (
            json!([spent.spender, 0, "00".repeat(32)]),
            (-5, "Block hash not found"),
        ),
        (
            json!([spent.coinbase, 0, spent.block]),
            (
                -5,
                "No such transaction found in the provided block. Use gettransaction for wallet transactions.",
            ),
        ),
        (
            json!(["4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"]),
            (
                -5,
                "The genesis block coinbase is not considered an ordinary transaction and cannot be retrieved",
            ),
        ),
        (
            json!(["00"]),
            (-8, "parameter 1 must be of length 64 (not 2, for '00')"),
        ),
    ] {
        let refused = rpc.refusal("getrawtransaction", params)?;
        assert_eq!((refused.0, refused.1.as_str()), expected);
    }
    node.stop()
}

fn keeps_indexes_up_to_the_chain(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let options = ["-txindex", "-blockfilterindex", "-coinstatsindex"];
    let names = ["txindex", "basic block filter index", "coinstatsindex"];
    let node = Node::start(daemon, &data_dir, &options)?;
    let mut rpc = node.rpc()?;
    let hashes = rpc.call("generatetodescriptor", json!([20, DESCRIPTOR]))?;
    rpc.wait_until_synced(&names)?;
    node.program().signal(rustix::process::Signal::KILL)?;
    node.wait()?;
    let node = Node::start(daemon, &data_dir, &options)?;
    let mut rpc = node.rpc()?;
    rpc.wait_until_synced(&names)?;
    rpc.call("invalidateblock", json!([hashes[9]]))?;
    rpc.call("generatetodescriptor", json!([15, "raw(52)"]))?;
    let info = rpc.call("getindexinfo", json!([]))?;
    ensure!(
        names.iter().all(|name| info[name]["synced"] == true),
        "an index that follows the chain is said to be on its way to it: {info}"
    );
    rpc.wait_until_synced(&names)?;
    let one = rpc.call("getindexinfo", json!(["txindex"]))?;
    assert_eq!(
        one,
        json!({ "txindex": { "synced": true, "best_block_height": 24 } })
    );
    let all = rpc.call("getindexinfo", json!([""]))?;
    assert_eq!(all, rpc.call("getindexinfo", json!([]))?);
    ensure!(all["txindex"] == one["txindex"], "{all}");
    node.stop()
}

fn answers_from_indexes_that_have_just_begun(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let options = ["-txindex", "-blockfilterindex", "-coinstatsindex"];
    let node = Node::start(daemon, &data_dir, &options)?;
    let mut rpc = node.rpc()?;
    let hashes = rpc.call("generatetodescriptor", json!([150, DESCRIPTOR]))?;
    let info = rpc.call("gettxoutsetinfo", json!(["muhash", 150]))?;
    assert_eq!(info["bestblock"], hashes[149]);
    rpc.call("getblockfilter", json!([hashes[149]]))?;
    node.stop()
}

fn tells_how_indexes_hold_pruning_back(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let options = ["-blockfilterindex", "-fastprune", "-prune=1", "-debug=prune"];
    let node = Node::start(daemon, &data_dir, &options)?;
    let mut rpc = node.rpc()?;
    rpc.call("generatetodescriptor", json!([400, DESCRIPTOR]))?;
    let name = "basic block filter index";
    rpc.wait_until_synced(&[name])?;
    rpc.call("pruneblockchain", json!([50]))?;
    let log = data_dir.log();
    log.wait_for(&format!("{name} limited pruning to height 389"))?;
    let hash = rpc.call("getblockhash", json!([399]))?;
    rpc.call("invalidateblock", json!([hash]))?;
    log.wait_for(&format!("{name} prune lock moved back to 398"))?;
    node.stop()
}

fn refuses_indexes_whose_next_blocks_are_gone(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let pruning = ["-fastprune", "-prune=1"];
    let node = Node::start(daemon, &data_dir, &pruning)?;
    let mut rpc = node.rpc()?;
    rpc.call("generatetodescriptor", json!([600, DESCRIPTOR]))?;
    rpc.call("pruneblockchain", json!([300]))?;
    node.stop()?;
    for (option, name) in [
        ("-blockfilterindex", "basic block filter index"),
        ("-coinstatsindex", "coinstatsindex"),
    ] {
        let options = [&pruning[..], &[option]].concat();
        let finished = Node::spawn(daemon, &data_dir, &options)?.wait()?;
        ensure!(finished.status.code() == Some(1), "{finished:?}");
        let expected = format!(
            "Error: {name} best block of the index goes beyond pruned data. Please disable the index or reindex (which will \
             download the whole blockchain again)\nError: Failed to start indexes, shutting down..\n"
        );
        assert_eq!(finished.stderr, expected);
    }
    Node::start(daemon, &data_dir, &pruning)?.stop()
}

fn keeps_what_was_pruned_pruned(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let pruning = ["-fastprune", "-prune=1"];
    let node = Node::start(daemon, &data_dir, &pruning)?;
    let mut rpc = node.rpc()?;
    rpc.call("generatetodescriptor", json!([600, DESCRIPTOR]))?;
    rpc.call("pruneblockchain", json!([300]))?;
    node.stop()?;
    for options in [&[][..], &["-blockfilterindex"], &["-reindex-chainstate"]] {
        let told = Node::spawn(daemon, &data_dir, options)?.failure()?;
        assert_eq!(
            told,
            ": You need to rebuild the database using -reindex to go back to unpruned mode.  This will redownload the entire \
             blockchain.\nPlease restart with -reindex or -reindex-chainstate to recover.\n",
            "{options:?}"
        );
    }
    Node::start(daemon, &data_dir, &pruning)?.stop()?;
    Node::start(daemon, &data_dir, &["-reindex"])?.stop()
}

fn refuses_indexes_that_there_cannot_be(daemon: Daemon) -> Result<()> {
    for (options, expected) in [
        (
            &["-txindex", "-prune=1"][..],
            "Prune mode is incompatible with -txindex.",
        ),
        (
            &["-blockfilterindex=full"],
            "Unknown -blockfilterindex value full.",
        ),
    ] {
        let data_dir = DataDir::new()?;
        let finished = Node::spawn(daemon, &data_dir, options)?.wait()?;
        ensure!(finished.status.code() == Some(1), "{finished:?}");
        assert_eq!(finished.stderr, format!("Error: {expected}\n"));
    }
    Ok(())
}
