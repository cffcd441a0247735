//! What a node does with files of blocks before it is at rest.

use anyhow::Result;
use functional_tests::{Daemon, DataDir, Node, for_each_daemon};
use serde_json::{Value, json};

for_each_daemon![
    takes_blocks_of_files_and_passes_over_those_that_are_not_there,
    stops_once_files_are_taken,
];

/// A node's file of blocks with three of them above the first, and the tip.
fn blocks(daemon: Daemon, data_dir: &DataDir) -> Result<(String, String)> {
    let node = Node::start(daemon, data_dir, &[])?;
    let mut rpc = node.rpc()?;
    rpc.generate(3)?;
    let tip = rpc.tip()?;
    node.stop()?;
    let file = data_dir.regtest("blocks").join("blk00000.dat");
    Ok((format!("-loadblock={}", file.display()), tip))
}

fn takes_blocks_of_files_and_passes_over_those_that_are_not_there(daemon: Daemon) -> Result<()> {
    let source = DataDir::new()?;
    let (file, tip) = blocks(daemon, &source)?;
    let data_dir = DataDir::new()?;
    let missing = data_dir.path().join("none.dat");
    let missing = missing.display();
    let node = Node::start(daemon, &data_dir, &[&format!("-loadblock={missing}"), &file])?;
    let mut rpc = node.rpc()?;
    rpc.wait_until_loaded()?;
    assert_eq!(rpc.tip()?, tip);
    node.log()
        .wait_for(&format!("Warning: Could not open blocks file {missing}"))?;
    node.stop()
}

fn stops_once_files_are_taken(daemon: Daemon) -> Result<()> {
    let source = DataDir::new()?;
    let (file, tip) = blocks(daemon, &source)?;
    let data_dir = DataDir::new()?;
    // Unconfirmed transactions are not taken back before, and not lost.
    let node = Node::start(daemon, &data_dir, &["-persistmempool=0"])?;
    node.stop()?;
    data_dir.write("regtest/mempool.dat", "as it was")?;
    let log = data_dir.log();
    let node = Node::spawn(daemon, &data_dir, &["-stopafterblockimport", &file])?;
    let finished = node.wait()?;
    finished.check_success()?;
    log.wait_for("Stopping after block import")?;
    let kept = fs_err::read_to_string(data_dir.regtest("mempool.dat"))?;
    assert_eq!(kept, "as it was");
    let node = Node::start(daemon, &data_dir, &["-persistmempool=0"])?;
    let mut rpc = node.rpc()?;
    assert_eq!(rpc.tip()?, tip);
    assert_eq!(rpc.call("getrawmempool", json!([]))?, Value::Array(Vec::new()));
    node.stop()
}
