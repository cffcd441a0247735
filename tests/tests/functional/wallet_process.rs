//! The process that wallets are to live in, which `syscoin-node` keeps running.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use functional_tests::{
    Daemon, DataDir, Executable, Node, Program, for_multiprocess, process_table, wait_until,
};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::json;

for_multiprocess![
    is_started_again_when_it_is_killed,
    is_not_started_without_wallets,
    leaves_when_the_node_stops,
    does_not_outlive_a_node_that_is_killed,
    may_be_stopped_without_the_node_stopping,
    leaves_after_the_node_when_a_terminal_interrupts_both,
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
        Ok(process_table::has_ended(pid).then_some(()))
    })
}

fn send(pid: u32, signal: Signal) -> Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    Ok(kill_process(pid.context("not a process id")?, signal)?)
}

fn kill(pid: u32) -> Result<()> {
    send(pid, Signal::KILL)
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

/// Waits until the wallet's process serves the node.
fn serving_wallet_process(node: &Node<'_>) -> Result<u32> {
    let pid = wallet_process(node, None)?;
    node.log().wait_for("IPC server: socket connected")?;
    node.log().wait_for("IPC client recv Init.construct$Results")?;
    Ok(pid)
}

fn may_be_stopped_without_the_node_stopping() -> Result<()> {
    const PATIENCE: Duration = Duration::from_secs(5);
    let data_dir = DataDir::new()?;
    let node = start(&data_dir, &[])?;
    let pid = serving_wallet_process(&node)?;
    send(pid, Signal::STOP)?;
    wait_until("the wallet's process to stop", || {
        Ok((process_table::state(pid)? == 'T').then_some(()))
    })?;
    ensure!(node.rpc()?.call("echoipc", json!(["x"]))? == json!("x"));
    let log = node.log();
    let start = Instant::now();
    node.stop()?;
    ensure!(start.elapsed() < PATIENCE, "it took {:?}", start.elapsed());
    // It was let go on, and left by itself.
    log.wait_for(&format!("Process syscoin-wallet pid {pid} exited with status 0"))
        .map(drop)
}

fn leaves_after_the_node_when_a_terminal_interrupts_both() -> Result<()> {
    let data_dir = DataDir::new()?;
    let mut command = Command::new(Executable::SyscoinNode.path()?);
    // A group of its own, as a shell gives to what is started in a terminal.
    command.arg(data_dir.option()).arg("-debug=ipc").process_group(0);
    let mut node = Node::adopt(Program::start_command(command)?, &data_dir);
    node.wait_for_rpc()?;
    let pid = serving_wallet_process(&node)?;
    let group = i32::try_from(node.pid()?).ok().and_then(Pid::from_raw);
    kill_process_group(group.context("not a process id")?, Signal::INT)?;
    let log = node.log();
    let finished = node.wait()?;
    finished.check_success()?;
    assert_eq!(
        finished.stdout,
        "[syscoin-wallet] SIGINT received — waiting for parent to shut down.\n"
    );
    let lines = log.lines()?;
    let place = |part: &str| lines.iter().position(|line| line.message.contains(part));
    let exit = format!("Process syscoin-wallet pid {pid} exited with status 0");
    let places = [
        place("Shutdown: In progress..."),
        place(&exit),
        place("Shutdown: done"),
    ];
    ensure!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{places:?}"
    );
    ensure!(!process_table::exists(pid));
    Ok(())
}
