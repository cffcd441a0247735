//! The process that wallets are to live in, which `syscoin-node` keeps running.

use std::ffi::OsString;

use anyhow::{Context as _, Result, ensure};
use functional_tests::{Daemon, DataDir, Node, for_multiprocess, process_table, wait_until};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

for_multiprocess![
    is_started_again_when_it_is_killed,
    is_not_started_without_wallets,
    leaves_when_the_node_stops,
    does_not_outlive_a_node_that_is_killed,
];

fn start<'a>(data_dir: &'a DataDir, further: &[&str]) -> Result<Node<'a>> {
    let mut options = vec![data_dir.option(), OsString::from("-debug=ipc")];
    options.extend(further.iter().map(OsString::from));
    let mut node = Node::spawn_with(Daemon::SyscoinNode, data_dir, &options)?;
    node.wait_for_rpc()?;
    Ok(node)
}

/// Waits for a wallet's process that runs its own program and is not `former`.
fn wallet_process(node: &Node<'_>, former: Option<u32>) -> Result<u32> {
    let parent = node.pid()?;
    wait_until("the wallet's process", || {
        for pid in process_table::children(parent)? {
            let is_wallet = process_table::arguments(pid)
                .is_ok_and(|arguments| arguments.len() == 3 && arguments[0].ends_with("/syscoin-wallet"));
            if is_wallet && Some(pid) != former {
                return Ok(Some(pid));
            }
        }
        Ok(None)
    })
}

fn wait_for_end(pid: u32) -> Result<()> {
    wait_until("the end of the wallet's process", || {
        Ok(process_table::state(pid)
            .map_or(true, |state| state == 'Z')
            .then_some(()))
    })
}

fn kill(pid: u32) -> Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    Ok(kill_process(pid.context("not a process id")?, Signal::KILL)?)
}

fn is_started_again_when_it_is_killed() -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = start(&data_dir, &[])?;
    let first = wallet_process(&node, None)?;
    kill(first)?;
    // What it ended in the middle of, its start perhaps, is told too.
    node.log().wait_for("; it is started again in 1s")?;
    ensure!(
        node.rpc()?.call("echoipc", json!(["x"]))? == json!("x"),
        "the node lives"
    );
    let second = wallet_process(&node, Some(first))?;
    wait_for_end(first)?;
    ensure!(first != second);
    node.stop()
}

fn is_not_started_without_wallets() -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = start(&data_dir, &["-disablewallet"])?;
    let log = node.log();
    node.stop()?;
    ensure!(log.lines()?.iter().all(|line| !line.message.contains("launched")));
    Ok(())
}

fn leaves_when_the_node_stops() -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = start(&data_dir, &[])?;
    let pid = wallet_process(&node, None)?;
    let log = node.log();
    node.stop()?;
    ensure!(!process_table::exists(pid), "the node waits for it");
    log.wait_for(&format!("Process syscoin-wallet pid {pid} exited with status 0"))?;
    ensure!(
        log.lines()?
            .iter()
            .all(|line| !line.message.contains("is started again")),
        "it was let go, not lost"
    );
    Ok(())
}

fn does_not_outlive_a_node_that_is_killed() -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = start(&data_dir, &[])?;
    let pid = wallet_process(&node, None)?;
    kill(node.pid()?)?;
    wait_for_end(pid)
}
