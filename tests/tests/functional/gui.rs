//! `syscoin-gui`: with a node of its own, and beside one that runs.

use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use functional_tests::{
    Daemon, DataDir, Executable, Finished, Node, Port, Program, for_multiprocess, process_table, wait_until,
};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::json;

for_multiprocess![
    shows_the_node_that_it_starts_until_that_stops,
    ends_the_node_before_itself_when_it_is_told_to,
    ends_in_order_when_a_terminal_interrupts_both,
    lets_a_signal_end_the_node,
    says_that_the_node_was_killed,
    does_not_keep_a_node_from_ending_in_order_when_it_is_killed_itself,
    lets_a_node_that_was_stopped_go_on_and_end,
    serves_no_http_unless_it_is_told_to,
    says_once_why_the_node_does_not_start,
    shows_a_node_that_runs_and_leaves_it_running,
    says_how_a_node_that_runs_has_ended,
    says_where_no_node_is,
    is_refused_where_user_interfaces_are,
    starts_a_node_where_none_listens,
];

/// How long it may take to leave.
const PATIENCE: Duration = Duration::from_secs(20);

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

fn send(pid: u32, signal: Signal) -> Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    Ok(kill_process(pid.context("not a process id")?, signal)?)
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

fn ends_the_node_before_itself_when_it_is_told_to() -> Result<()> {
    let data_dir = DataDir::new()?;
    for (signal, height) in [(Signal::INT, 1), (Signal::TERM, 2)] {
        let gui = start_both(&data_dir, &[])?;
        let node = node_process(&gui)?;
        generate(&gui)?;
        let begun = Instant::now();
        gui.program().signal(signal)?;
        let finished = gui.wait()?;
        ensure!(begun.elapsed() < PATIENCE, "it took {:?}", begun.elapsed());
        finished.check_success()?;
        check_order(&finished, &["Done loading", "Shutting down…"])?;
        check_clean_end(&data_dir, node)?;
        let again = Node::start(Daemon::Syscoind, &data_dir, &[])?;
        ensure!(again.rpc()?.call("getblockcount", json!([]))? == json!(height));
        again.stop()?;
    }
    Ok(())
}

fn ends_in_order_when_a_terminal_interrupts_both() -> Result<()> {
    let data_dir = DataDir::new()?;
    let mut command = Command::new(Executable::SyscoinGui.path()?);
    // A group of its own, as a shell gives to what is started in a terminal.
    command.args(arguments(&data_dir, &[])).process_group(0);
    let mut gui = Node::adopt(Program::start_command(command)?, &data_dir);
    gui.wait_for_rpc()?;
    let node = node_process(&gui)?;
    let group = i32::try_from(gui.pid()?).ok().and_then(Pid::from_raw);
    kill_process_group(group.context("not a process id")?, Signal::INT)?;
    let finished = gui.wait()?;
    finished.check_success()?;
    ensure!(
        finished
            .stdout
            .contains("[syscoin-node] SIGINT received — waiting for parent to shut down.\n"),
        "{finished:?}"
    );
    check_clean_end(&data_dir, node)
}

fn lets_a_signal_end_the_node() -> Result<()> {
    let data_dir = DataDir::new()?;
    let gui = start_both(&data_dir, &[])?;
    let node = node_process(&gui)?;
    send(node, Signal::TERM)?;
    gui.wait()?.check_success()?;
    check_clean_end(&data_dir, node)
}

fn says_that_the_node_was_killed() -> Result<()> {
    let data_dir = DataDir::new()?;
    let gui = start_both(&data_dir, &[])?;
    send(node_process(&gui)?, Signal::KILL)?;
    gui.wait()?
        .check_failure("Error: syscoin-node was killed by signal 9")
}

fn does_not_keep_a_node_from_ending_in_order_when_it_is_killed_itself() -> Result<()> {
    let data_dir = DataDir::new()?;
    let gui = start_both(&data_dir, &[])?;
    let node = node_process(&gui)?;
    generate(&gui)?;
    gui.program().signal(Signal::KILL)?;
    gui.wait()?;
    wait_until("the node's end", || {
        Ok(process_table::state(node)
            .map_or(true, |state| state == 'Z')
            .then_some(()))
    })?;
    ensure!(data_dir.log().text()?.contains("Shutdown: done"));
    let again = Node::start(Daemon::SyscoinNode, &data_dir, &[])?;
    ensure!(again.rpc()?.call("getblockcount", json!([]))? == json!(1));
    again.stop()
}

fn lets_a_node_that_was_stopped_go_on_and_end() -> Result<()> {
    let data_dir = DataDir::new()?;
    let gui = start_both(&data_dir, &[])?;
    let node = node_process(&gui)?;
    send(node, Signal::STOP)?;
    wait_until("the node to stop", || {
        Ok((process_table::state(node)? == 'T').then_some(()))
    })?;
    let begun = Instant::now();
    gui.program().signal(Signal::INT)?;
    gui.wait()?.check_success()?;
    ensure!(begun.elapsed() < PATIENCE, "it took {:?}", begun.elapsed());
    check_clean_end(&data_dir, node)
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
