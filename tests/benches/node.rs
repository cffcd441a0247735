//! Measures a running `syscoin-node`; `cargo xtask bench ipc` runs it and says what the figure means.

use std::io::Read as _;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use functional_tests::{Daemon, DataDir, Node};
use serde_json::json;

/// How long calls are made before the first one counts.
const WARM_UP: Duration = Duration::from_millis(200);

/// How long they are counted.
const MEASURED: Duration = Duration::from_secs(1);

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let measure: fn(&Node<'_>) -> Result<()> = match words.iter().map(String::as_str).collect::<Vec<_>>()[..]
    {
        ["echoipc"] => echoipc,
        ["hold"] => hold,
        _ => bail!("usage: node echoipc | hold; `cargo xtask bench ipc` runs it"),
    };
    let data_dir = DataDir::new()?;
    let mut node = Node::spawn_with(Daemon::SyscoinNode, &data_dir, &[data_dir.option()])?;
    node.wait_for_rpc()?;
    measure(&node)?;
    node.stop()
}

/// Prints milliseconds for a call of `echoipc`, which starts a process, from the request's first byte to the answer's
/// last.
fn echoipc(node: &Node<'_>) -> Result<()> {
    call_for(node, WARM_UP)?;
    println!("{}", call_for(node, MEASURED)?);
    Ok(())
}

fn call_for(node: &Node<'_>, span: Duration) -> Result<f64> {
    let mut rpc = node.rpc()?;
    let begin = Instant::now();
    let mut calls = 0;
    while begin.elapsed() < span {
        rpc.call("echoipc", json!(["x"]))?;
        calls += 1;
    }
    Ok(begin.elapsed().as_secs_f64() * 1e3 / f64::from(calls))
}

/// Keeps a node that has answered a call, names its process, and stops it when the standard input ends.
fn hold(node: &Node<'_>) -> Result<()> {
    node.rpc()?.call("echoipc", json!(["x"]))?;
    println!("{}", node.pid()?);
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
