//! `syscoin-wallet -ipcconnect`: beside a node that serves it, and what it says where there is none.

use anyhow::{Context as _, Result, ensure};
use functional_tests::{
    Daemon, DataDir, Executable, Finished, Node, Port, Program, for_multiprocess, wait_until,
};
use rustix::process::Signal;

for_multiprocess![
    says_where_no_node_is,
    does_nothing_where_nobody_says_to_connect,
    serves_a_node_until_that_ends,
    is_refused_where_wallets_are,
    is_refused_over_tcp_without_a_key,
    leaves_when_it_is_told_to_though_the_node_is_silent,
    says_that_the_node_is_gone,
];

fn arguments(data_dir: &DataDir, options: &[&str]) -> Vec<std::ffi::OsString> {
    let mut arguments = vec![data_dir.option(), "-regtest".into()];
    arguments.extend(options.iter().map(Into::into));
    arguments
}

fn run(data_dir: &DataDir, options: &[&str]) -> Result<Finished> {
    Program::run(Executable::SyscoinWallet, &arguments(data_dir, options))
}

const NOTHING_TO_DO: &str = "Error: syscoin-wallet is started by syscoin-node, or connects to one with -ipcconnect, and \
                             does nothing by itself: this version has no wallets";

fn says_where_no_node_is() -> Result<()> {
    let data_dir = DataDir::new()?;
    let socket = data_dir.regtest("node.sock");
    let other = data_dir.regtest("there/other.sock");
    let long = data_dir.regtest(&"x".repeat(108));
    let port = Port::reserve()?.number();
    let rows = [
        (
            "unix".to_owned(),
            format!(
                "cannot connect to the node at unix:{}: No such file or directory",
                socket.display()
            ),
        ),
        (
            "unix:there/other.sock".to_owned(),
            format!(
                "cannot connect to the node at unix:{}: No such file or directory",
                other.display()
            ),
        ),
        (
            format!("unix:{}", long.display()),
            format!(
                "Unix address path \"{}\" exceeded maximum socket path length of 107 bytes",
                long.display()
            ),
        ),
        (
            format!("tcp:127.0.0.1:{port}"),
            format!("cannot connect to the node at tcp:127.0.0.1:{port}: Connection refused (os error 111)"),
        ),
        ("x".to_owned(), "Unrecognized address 'x'".to_owned()),
    ];
    for (address, message) in rows {
        run(&data_dir, &[&format!("-ipcconnect={address}")])?
            .check_failure(&format!("Error: {message}"))
            .with_context(|| address)?;
    }
    let node = Node::start(Daemon::SyscoinNode, &data_dir, &["-ipcbind=unix"])?;
    node.program().signal(Signal::KILL)?;
    node.wait()?;
    run(&data_dir, &["-ipcconnect=unix"])?.check_failure(&format!(
        "Error: cannot connect to the node at unix:{}: Connection refused",
        socket.display()
    ))
}

fn does_nothing_where_nobody_says_to_connect() -> Result<()> {
    let data_dir = DataDir::new()?;
    for options in [
        &[][..],
        &["-ipcconnect=0"],
        &["-noipcconnect"],
        // Nobody listens, nobody has ever listened, and nobody could.
        &["-ipcconnect=auto"],
    ] {
        run(&data_dir, options)?
            .check_failure(NOTHING_TO_DO)
            .with_context(|| format!("{options:?}"))?;
    }
    Ok(())
}

/// Starts it beside a node that serves it.
fn start_served(data_dir: &DataDir, option: &str) -> Result<Program> {
    // The configuration file is the node's, and turns the log on standard output off.
    let program = Program::start(
        Executable::SyscoinWallet,
        &arguments(data_dir, &[option, "-printtoconsole", "-logtimestamps=0"]),
    )?;
    let expected = format!(
        "Connected to the node at unix:{}: its chain has the height 1\n",
        data_dir.regtest("node.sock").display()
    );
    wait_until("the node's chain", || {
        Ok(program.stdout()?.contains(&expected).then_some(()))
    })?;
    Ok(program)
}

fn serves_a_node_until_that_ends() -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(Daemon::SyscoinNode, &data_dir, &["-ipcbind=unix,allow=chain"])?;
    node.rpc()?
        .call("generatetodescriptor", serde_json::json!([1, "raw(51)"]))?;
    for (option, signal) in [
        ("-ipcconnect=unix", Signal::INT),
        ("-ipcconnect=auto", Signal::TERM),
    ] {
        let program = start_served(&data_dir, option)?;
        program.signal(signal)?;
        program.wait()?.check_success()?;
    }
    let program = start_served(&data_dir, "-ipcconnect=unix")?;
    node.stop()?;
    program.wait()?.check_failure(&format!(
        "Error: the node at unix:{} ended the connection",
        data_dir.regtest("node.sock").display()
    ))
}

fn is_refused_where_wallets_are() -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(
        Daemon::SyscoinNode,
        &data_dir,
        &["-ipcbind=unix,allow=rpc+mining"],
    )?;
    for option in ["-ipcconnect=unix", "-ipcconnect=auto"] {
        run(&data_dir, &[option])?.check_failure(&format!(
            "Error: the node at unix:{} does not serve wallets: Init.makeChain is not allowed here",
            data_dir.regtest("node.sock").display()
        ))?;
    }
    node.stop()
}

fn is_refused_over_tcp_without_a_key() -> Result<()> {
    let (server, client, port) = (DataDir::new()?, DataDir::new()?, Port::reserve()?);
    let address = format!("tcp:127.0.0.1:{}", port.number());
    let option = format!("-ipcbind={address}");
    let node = Node::start(Daemon::SyscoinNode, &server, &[&option])?;
    let finished = run(&client, &[&format!("-ipcconnect={address}")])?;
    let beginning = format!(
        "Error: cannot connect to the node at {address}: the key of 127.0.0.1:{} is not known here. It shows ",
        port.number()
    );
    ensure!(
        finished.status.code() == Some(1) && finished.stderr.starts_with(&beginning),
        "{finished:?}"
    );
    node.stop()
}

/// Starts it beside a node that does not answer any more.
fn start_beside(node: &Node<'_>, data_dir: &DataDir) -> Result<Program> {
    node.program().signal(Signal::STOP)?;
    // The configuration file is the node's, and turns this off.
    let options = ["-ipcconnect=unix", "-debug=ipc", "-printtoconsole"];
    let program = Program::start(Executable::SyscoinWallet, &arguments(data_dir, &options))?;
    // The socket takes what is written to it without the node.
    wait_until("the first call", || {
        Ok(program
            .stdout()?
            .contains("IPC client send Init.construct")
            .then_some(()))
    })?;
    Ok(program)
}

fn leaves_when_it_is_told_to_though_the_node_is_silent() -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(Daemon::SyscoinNode, &data_dir, &["-ipcbind=unix"])?;
    for signal in [Signal::INT, Signal::TERM] {
        let program = start_beside(&node, &data_dir)?;
        program.signal(signal)?;
        program.wait()?.check_success()?;
    }
    node.program().signal(Signal::CONT)?;
    node.stop()
}

fn says_that_the_node_is_gone() -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(Daemon::SyscoinNode, &data_dir, &["-ipcbind=unix"])?;
    let program = start_beside(&node, &data_dir)?;
    node.program().signal(Signal::KILL)?;
    node.wait()?;
    program.wait()?.check_failure(&format!(
        "Error: cannot connect to the node at unix:{}: IPC client method call interrupted by disconnect.",
        data_dir.regtest("node.sock").display()
    ))
}
