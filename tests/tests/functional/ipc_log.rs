//! What is logged of the calls between processes, on both of their ends.

use anyhow::{Context as _, Result, ensure};
use functional_tests::{Daemon, DataDir, Log, Node, for_multiprocess};
use serde_json::json;

for_multiprocess![
    logs_both_ends_of_a_call,
    logs_what_calls_carry_when_asked,
    logs_nothing_of_a_call_unless_asked,
    logs_which_trace_a_call_belongs_to,
    prints_what_both_processes_say,
];

/// The number of the process in the first line that tells of a launch.
fn launched(log: &Log) -> Result<u32> {
    let line = log.wait_for_line("a launch", |line| {
        line.message.starts_with("Process syscoin-node pid ") && line.message.ends_with(" launched")
    })?;
    line.message
        .split(' ')
        .nth(3)
        .and_then(|pid| pid.parse().ok())
        .with_context(|| format!("no pid in {line:?}"))
}

fn logs_both_ends_of_a_call() -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(Daemon::SyscoinNode, &data_dir, &[])?;
    let parent = node.pid()?;
    node.rpc()?.call("echoipc", json!(["secret argument"]))?;
    let child = launched(&node.log())?;
    node.log()
        .wait_for(&format!("Process syscoin-node pid {child} exited with status 0"))?;
    node.stop()?;

    let lines = data_dir.log().lines()?;
    let of_ipc = lines
        .iter()
        .filter(|line| line.groups.last().is_some_and(|category| category == "ipc"));
    let messages: Vec<&str> = of_ipc.map(|line| line.message.as_str()).collect();
    let of_process = |pid: u32| -> Result<Vec<&str>> {
        let prefix = format!("{{syscoin-node-{pid}/");
        let own = messages
            .iter()
            .filter_map(|message| message.strip_prefix(prefix.as_str()));
        own.map(|rest| {
            rest.split_once("} ")
                .map(|(_, message)| message)
                .context("no end of the thread's name")
        })
        .collect()
    };
    let methods = [
        ("Init", "construct"),
        ("Init", "makeEcho"),
        ("Echo", "echo"),
        ("Echo", "destroy"),
    ];
    let mut expected_of_parent = Vec::new();
    let mut expected_of_child = Vec::new();
    for ((interface, method), number) in methods.into_iter().zip(1..) {
        expected_of_parent.push(format!("IPC client send {interface}.{method}$Params"));
        expected_of_parent.push(format!("IPC client recv {interface}.{method}$Results"));
        expected_of_child.push(format!(
            "IPC server recv request  #{number} {interface}.{method}$Params"
        ));
        // The first call names no thread to run on, so it is answered at once.
        if method != "construct" {
            expected_of_child.push(format!(
                "IPC server post request  #{number} {{syscoin-node-{child}/"
            ));
        }
        expected_of_child.push(format!(
            "IPC server send response #{number} {interface}.{method}$Results"
        ));
    }
    check_sequence(&of_process(parent)?, &expected_of_parent)?;
    check_sequence(&of_process(child)?, &expected_of_child)?;
    let text = data_dir.log().text()?;
    let whole = [
        "IPC server: socket connected.",
        "IPC server: socket disconnected.",
    ];
    for message in whole {
        ensure!(text.contains(message), "no {message:?} in {text}");
    }
    Ok(())
}

/// Checks that each of `messages` that speaks of requests begins with the expected text in its place.
fn check_sequence(messages: &[&str], expected: &[String]) -> Result<()> {
    let calls: Vec<&&str> = messages
        .iter()
        .filter(|message| {
            message.starts_with("IPC client send")
                || message.starts_with("IPC client recv")
                || message.contains(" #")
        })
        .collect();
    let is_same = calls.len() == expected.len()
        && calls
            .iter()
            .zip(expected)
            .all(|(message, start)| message.starts_with(start.as_str()));
    ensure!(is_same, "expected {expected:#?}, found {calls:#?}");
    Ok(())
}

fn logs_what_calls_carry_when_asked() -> Result<()> {
    let data_dir = DataDir::new()?;
    let mut node = Node::spawn_with(
        Daemon::SyscoinNode,
        &data_dir,
        &[
            data_dir.option(),
            "-debug=ipc".into(),
            "-loglevel=ipc:trace".into(),
        ],
    )?;
    node.wait_for_rpc()?;
    for text in ["short", &"long ₿".repeat(100)] {
        node.rpc()?.call("echoipc", json!([text]))?;
    }
    node.stop()?;
    let lines = data_dir.log().lines()?;
    let of_trace = lines.iter().filter(|line| line.groups == ["ipc:trace"]);
    let requests: Vec<&str> = of_trace
        .filter_map(|line| line.message.strip_prefix("request data: "))
        .collect();
    ensure!(
        requests.iter().any(|data| data.ends_with("echo = \"short\")")),
        "{requests:?}"
    );
    let cut = requests
        .iter()
        .find(|data| data.contains("echo = \"long"))
        .context("no long request")?;
    ensure!(
        cut.ends_with("...") && cut.chars().count() <= 203,
        "not cut: {cut}"
    );
    Ok(())
}

/// The traces that lines of this kind tell of, in order.
fn traces(data_dir: &DataDir, kind: &str) -> Result<Vec<String>> {
    let prefix = format!("{kind} trace: 00-");
    let lines = data_dir.log().lines()?;
    let of_trace = lines.iter().filter(|line| line.groups == ["ipc:trace"]);
    Ok(of_trace
        .filter_map(|line| line.message.strip_prefix(&prefix).map(str::to_owned))
        .collect())
}

fn logs_which_trace_a_call_belongs_to() -> Result<()> {
    let data_dir = DataDir::new()?;
    let options = [
        data_dir.option(),
        "-disablewallet".into(),
        "-debug=rpc".into(),
        "-debug=ipc".into(),
        "-loglevel=ipc:trace".into(),
    ];
    let mut node = Node::spawn_with(Daemon::SyscoinNode, &data_dir, &options)?;
    node.wait_for_rpc()?;
    for _ in 0..2 {
        node.rpc()?.call("echoipc", json!(["x"]))?;
    }
    node.stop()?;
    // Each RPC call is a span, and makes two calls of the process that it starts.
    let sent = traces(&data_dir, "send")?;
    let [first, second, third, fourth] = sent.as_slice() else {
        anyhow::bail!("not four: {sent:?}");
    };
    ensure!(first == second && third == fourth, "{sent:?}");
    let trace = |text: &str| text.split('-').next().map(str::to_owned);
    ensure!(
        trace(first).is_some_and(|trace| trace.len() == 32) && trace(first) != trace(third),
        "{sent:?}"
    );
    assert_eq!(traces(&data_dir, "request")?, sent);
    Ok(())
}

fn prints_what_both_processes_say() -> Result<()> {
    let data_dir = DataDir::new()?;
    let options = [
        data_dir.option(),
        "-regtest".into(),
        "-printtoconsole".into(),
        "-debug=ipc".into(),
    ];
    data_dir.write_config(&data_dir.rig_config().replace("printtoconsole=0\n", ""))?;
    let mut node = Node::spawn_with(Daemon::SyscoinNode, &data_dir, &options)?;
    node.wait_for_rpc()?;
    node.rpc()?.call("echoipc", json!(["x"]))?;
    let child = launched(&node.log())?;
    let parent = node.pid()?;
    node.rpc()?.call("stop", json!([]))?;
    let finished = node.wait()?;
    finished.check_success()?;
    for part in [
        format!("[ipc] Process syscoin-node pid {child} launched\n"),
        format!("[ipc] {{syscoin-node-{parent}/"),
        format!("[ipc] {{syscoin-node-{child}/"),
        "IPC server recv request  #3 Echo.echo$Params\n".to_owned(),
    ] {
        ensure!(
            finished.stdout.contains(&part),
            "no {part:?} on the console: {}",
            finished.stdout
        );
    }
    Ok(())
}

fn logs_nothing_of_a_call_unless_asked() -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(Daemon::SyscoinNode, &data_dir, &["-debugexclude=ipc"])?;
    node.rpc()?.call("echoipc", json!(["x"]))?;
    node.stop()?;
    let text = data_dir.log().text()?;
    for part in ["IPC client", "IPC server recv", "launched"] {
        ensure!(!text.contains(part), "{part:?} is logged: {text}");
    }
    Ok(())
}
