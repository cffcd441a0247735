//! `syscoin-gui`: with a node of its own, and beside one that runs.

mod end;

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use functional_tests::{
    Daemon, DataDir, Executable, Finished, Node, Port, Program, for_multiprocess, process_table, wait_until,
};
use rustix::process::Signal;
use serde_json::json;

for_multiprocess![
    shows_the_node_that_it_starts_until_that_stops,
    shows_what_the_node_warns_of,
    serves_no_http_unless_it_is_told_to,
    says_once_why_the_node_does_not_start,
    says_how_a_node_ended_that_never_answered,
    shows_a_node_that_runs_and_leaves_it_running,
    says_how_a_node_that_runs_has_ended,
    says_where_no_node_is,
    is_refused_where_user_interfaces_are,
    starts_a_node_where_none_listens,
];

fn arguments(data_dir: &DataDir, options: &[&str]) -> Vec<std::ffi::OsString> {
    let mut arguments = vec![data_dir.option()];
    arguments.extend(["-regtest", "-disablewallet"].map(Into::into));
    arguments.extend(options.iter().map(Into::into));
    arguments
}

fn start(data_dir: &DataDir, options: &[&str]) -> Result<Program> {
    Program::start(Executable::SyscoinGui, &arguments(data_dir, options))
}

fn run(data_dir: &DataDir, options: &[&str]) -> Result<Finished> {
    start(data_dir, options)?.wait()
}

/// Starts it with a node of its own, and waits until that answers.
fn start_both<'a>(data_dir: &'a DataDir, options: &[&str]) -> Result<Node<'a>> {
    let mut gui = Node::adopt(start(data_dir, options)?, data_dir);
    gui.wait_for_rpc()?;
    wait_for_line(gui.program(), "Block ")?;
    Ok(gui)
}

/// The process of its node.
fn node_process(gui: &Node<'_>) -> Result<u32> {
    let children = process_table::children(gui.pid()?)?;
    let is_node = |pid: &u32| {
        process_table::arguments(*pid).is_ok_and(|arguments| arguments[0].ends_with("/syscoin-node"))
    };
    children.into_iter().find(is_node).context("there is no node")
}

fn wait_for_line(program: &Program, beginning: &str) -> Result<()> {
    wait_until(beginning, || {
        let shown = program.stdout()?;
        Ok(shown
            .lines()
            .any(|line| line.starts_with(beginning))
            .then_some(()))
    })
}

fn generate(node: &Node<'_>) -> Result<()> {
    node.rpc()?.call("generatetodescriptor", json!([1, "raw(51)"]))?;
    Ok(())
}

/// Makes sure that lines that begin so were written in this order.
fn check_order(finished: &Finished, beginnings: &[&str]) -> Result<()> {
    let lines: Vec<&str> = finished.stdout.lines().collect();
    let places = beginnings
        .iter()
        .map(|beginning| lines.iter().position(|line| line.starts_with(beginning)));
    let places: Vec<_> = places.collect();
    ensure!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{places:?} {finished:?}"
    );
    Ok(())
}

/// Makes sure that nothing of a node is left, and that it has written all it had to.
fn check_clean_end(data_dir: &DataDir, node: u32) -> Result<()> {
    ensure!(!process_table::exists(node), "the node is waited for");
    ensure!(data_dir.log().text()?.contains("Shutdown: done"));
    ensure!(!data_dir.regtest(".cookie").exists() && !data_dir.regtest("syscoind.pid").exists());
    Ok(())
}

fn shows_the_node_that_it_starts_until_that_stops() -> Result<()> {
    let data_dir = DataDir::new()?;
    let gui = start_both(&data_dir, &[])?;
    let node = node_process(&gui)?;
    assert_ne!(node, gui.pid()?);
    generate(&gui)?;
    wait_for_line(gui.program(), "Block 1 is ")?;
    gui.rpc()?.call("setban", json!(["192.0.2.1", "add"]))?;
    wait_for_line(gui.program(), "The list of bans has changed")?;
    gui.rpc()?.call("setnetworkactive", json!([false]))?;
    wait_for_line(gui.program(), "The network is off")?;
    gui.rpc()?.call("stop", json!([]))?;
    let finished = gui.wait()?;
    finished.check_success()?;
    check_order(
        &finished,
        &[
            "Loading block index…",
            "Verifying blocks…",
            "Done loading",
            "Block 1 is ",
            "The list of bans",
            "The network is off",
            "Shutting down…",
        ],
    )?;
    check_clean_end(&data_dir, node)
}

/// Lets the node know of eight blocks that it does not have, of which the first one's hash is given: when that is said to be
/// invalid, the node warns of a chain with more work than its own.
fn foretell_blocks(node: &Node<'_>) -> Result<String> {
    let other_dir = DataDir::new()?;
    let other = Node::start(Daemon::Syscoind, &other_dir, &[])?;
    let mut rpc = other.rpc()?;
    let hashes = rpc.generate(8)?;
    generate(node)?;
    for hash in &hashes {
        let header = rpc.call("getblockheader", json!([hash, false]))?;
        node.rpc()?.call("submitheader", json!([header]))?;
    }
    other.stop()?;
    hashes.into_iter().next().context("there is none")
}

fn shows_what_the_node_warns_of() -> Result<()> {
    let data_dir = DataDir::new()?;
    let gui = start_both(&data_dir, &[])?;
    let first = foretell_blocks(&gui)?;
    gui.rpc()?.call("invalidateblock", json!([first]))?;
    wait_until("the warning", || {
        let shown = gui.program().stderr()?;
        let warning = "Warning: We do not appear to fully agree with our peers!";
        Ok(shown.starts_with(warning).then_some(()))
    })?;
    gui.program().signal(Signal::INT)?;
    let finished = gui.wait()?;
    ensure!(finished.status.code() == Some(0), "{finished:?}");
    Ok(())
}

fn serves_no_http_unless_it_is_told_to() -> Result<()> {
    let data_dir = DataDir::new()?;
    let port = data_dir.rpc_port().number();
    data_dir.write_config(&format!("regtest=1\n[regtest]\nrpcport={port}\n"))?;
    let gui = start(&data_dir, &[])?;
    wait_for_line(&gui, "Block 0 is ")?;
    ensure!(!data_dir.regtest(".cookie").exists());
    ensure!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
    gui.signal(Signal::INT)?;
    gui.wait()?.check_success()?;
    let gui = start_both(&data_dir, &["-server"])?;
    generate(&gui)?;
    gui.program().signal(Signal::INT)?;
    gui.wait()?.check_success()
}

fn says_once_why_the_node_does_not_start() -> Result<()> {
    let data_dir = DataDir::new()?;
    let rows = [
        (
            "-nonsense=1",
            "Error parsing command line arguments: Invalid parameter -nonsense=1",
        ),
        (
            "-daemon",
            "Error parsing command line arguments: Invalid parameter -daemon",
        ),
        ("-prune=-1", "Prune cannot be configured with a negative value."),
        (
            "-rpcallowip=x",
            "Unable to start HTTP server. See debug log for details.",
        ),
        ("-ipcconnect=x", "Unrecognized address 'x'"),
    ];
    for (option, message) in rows {
        let finished = run(&data_dir, &[option])?;
        let last = format!("Error: {message}\n");
        ensure!(
            finished.status.code() == Some(1) && finished.stderr.ends_with(&last),
            "{option} {finished:?}"
        );
    }
    let node = Node::start(Daemon::Syscoind, &data_dir, &[])?;
    let finished = run(&data_dir, &[])?;
    finished.check_failure(&format!(
        "Error: Cannot obtain a lock on data directory {}. Syscoin Core is probably already running.",
        data_dir.regtest("").display().to_string().trim_end_matches('/')
    ))?;
    node.stop()
}

fn says_how_a_node_ended_that_never_answered() -> Result<()> {
    let data_dir = DataDir::new()?;
    let directory = data_dir.outside().join("bin");
    fs::create_dir(&directory)?;
    let gui = directory.join("syscoin-gui");
    let original = Executable::SyscoinGui.path()?;
    if fs::hard_link(&original, &gui).is_err() {
        fs::copy(&original, &gui)?;
    }
    let node = directory.join("syscoin-node");
    for (script, end) in [
        ("exit 3", "exited with status 3"),
        ("kill -9 $$", "was killed by signal 9"),
    ] {
        // Written by another process: what this one writes cannot be run while a child of another test still has it open.
        let written = Command::new("sh")
            .args([
                "-c",
                r#"printf '#!/bin/sh\n%s\n' "$2" > "$1" && chmod 755 "$1""#,
                "sh",
            ])
            .arg(&node)
            .arg(script)
            .status()?;
        ensure!(written.success(), "{written}");
        let mut command = Command::new(&gui);
        command.args(arguments(&data_dir, &[]));
        Program::start_command(command)?.wait()?.check_failure(&format!(
            "Error: cannot start {}: it {end} before it answered",
            node.display()
        ))?;
    }
    Ok(())
}

fn shows_a_node_that_runs_and_leaves_it_running() -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(Daemon::SyscoinNode, &data_dir, &["-ipcbind=unix"])?;
    let place = data_dir.regtest("node.sock");
    for (count, address) in ["unix", "auto"].into_iter().enumerate() {
        let gui = Program::start(
            Executable::SyscoinGui,
            &[
                data_dir.option(),
                "-regtest".into(),
                format!("-ipcconnect={address}").into(),
            ],
        )?;
        wait_for_line(
            &gui,
            &format!("Connected to the node at unix:{}", place.display()),
        )?;
        generate(&node)?;
        wait_for_line(&gui, &format!("Block {} is ", count + 1))?;
        gui.signal(Signal::INT)?;
        gui.wait()?.check_success()?;
        ensure!(node.rpc()?.call("getblockcount", json!([]))? == json!(count + 1));
    }
    let gui = start(&data_dir, &["-ipcconnect=unix", "-dbcache=4"])?;
    wait_for_line(&gui, "Connected to the node at ")?;
    node.stop()?;
    let finished = gui.wait()?;
    ensure!(finished.status.code() == Some(0), "{finished:?}");
    check_order(&finished, &["Connected", "Shutting down…"])?;
    assert_eq!(
        finished.stderr,
        ["-disablewallet", "-dbcache=4"]
            .map(|option| format!(
                "Warning: {option} has no effect: the node at unix:{} runs already\n",
                place.display()
            ))
            .concat()
    );
    Ok(())
}

fn says_how_a_node_that_runs_has_ended() -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(Daemon::SyscoinNode, &data_dir, &["-ipcbind=unix"])?;
    let options = [data_dir.option(), "-regtest".into(), "-ipcconnect=unix".into()];
    let gui = Program::start(Executable::SyscoinGui, &options)?;
    wait_for_line(&gui, "Connected to the node at ")?;
    node.program().signal(Signal::KILL)?;
    node.wait()?;
    gui.wait()?.check_failure(&format!(
        "Error: the node at unix:{} ended the connection",
        data_dir.regtest("node.sock").display()
    ))
}

fn says_where_no_node_is() -> Result<()> {
    let data_dir = DataDir::new()?;
    let port = Port::reserve()?.number();
    let rows = [
        (
            "unix:there/other.sock".to_owned(),
            format!(
                "cannot connect to the node at unix:{}: No such file or directory",
                data_dir.regtest("there/other.sock").display()
            ),
        ),
        (
            format!("tcp:127.0.0.1:{port}"),
            format!("cannot connect to the node at tcp:127.0.0.1:{port}: Connection refused (os error 111)"),
        ),
    ];
    for (address, message) in rows {
        run(&data_dir, &[&format!("-ipcconnect={address}")])?
            .check_failure(&format!("Error: {message}"))
            .with_context(|| address)?;
    }
    Ok(())
}

fn is_refused_where_user_interfaces_are() -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(
        Daemon::SyscoinNode,
        &data_dir,
        &["-ipcbind=unix,allow=mining+rpc"],
    )?;
    let options = [data_dir.option(), "-regtest".into(), "-ipcconnect=unix".into()];
    Program::run(Executable::SyscoinGui, &options)?.check_failure(&format!(
        "Error: the node at unix:{} does not serve user interfaces: Init.makeNode is not allowed here",
        data_dir.regtest("node.sock").display()
    ))?;
    node.stop()
}

fn starts_a_node_where_none_listens() -> Result<()> {
    let data_dir = DataDir::new()?;
    let gui = start_both(&data_dir, &["-ipcconnect=auto", "-ipcbind=unix"])?;
    let node = node_process(&gui)?;
    let other = Program::start(
        Executable::SyscoinGui,
        &[data_dir.option(), "-regtest".into(), "-ipcconnect=auto".into()],
    )?;
    wait_for_line(&other, "Connected to the node at ")?;
    gui.program().signal(Signal::INT)?;
    gui.wait()?.check_success()?;
    other.wait()?.check_success()?;
    check_clean_end(&data_dir, node)
}
