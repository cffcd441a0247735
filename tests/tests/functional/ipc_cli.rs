//! `syscoin-cli -ipcconnect`: which way the client takes, and what it says when there is none.

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use functional_tests::{Cli, Daemon, DataDir, Executable, Finished, Node, Port, Program, for_multiprocess};
use rustix::process::Signal;

for_multiprocess![
    calls_over_ipc_without_knowing_a_password,
    takes_http_when_told_or_when_nobody_listens,
    takes_http_when_the_listener_does_not_let_it,
    says_why_there_is_no_way,
    waits_for_a_node_that_starts,
    stops_a_node_and_hears_that_it_stops,
    may_call_what_the_whitelist_lets_the_cookie,
    serves_without_an_http_server,
    warns_of_nothing_when_processes_leave_in_order,
    calls_over_tcp_with_a_key,
    is_refused_over_tcp_without_a_key,
    a_client_without_a_listed_server_is_told_its_key,
];

const WRONG_PASSWORD: &str = "-rpcpassword=wrong";
const REFUSED_PASSWORD: &str = "error: Authorization failed: Incorrect rpcuser or rpcpassword";
const FOO: &str = "[\n  \"foo\"\n]\n";

fn start<'a>(data_dir: &'a DataDir, options: &[&str]) -> Result<Node<'a>> {
    Node::start(Daemon::SyscoinNode, data_dir, options)
}

/// Calls `echo foo`.
fn echo(data_dir: &DataDir, options: &[&str]) -> Result<Finished> {
    let mut words = options.to_vec();
    words.extend(["echo", "foo"]);
    Cli::new(data_dir).run(&words)
}

fn check_echo(data_dir: &DataDir, options: &[&str]) -> Result<()> {
    let finished = echo(data_dir, options)?;
    finished.check_success().with_context(|| format!("{options:?}"))?;
    ensure!(finished.stdout == FOO, "{options:?}: {finished:?}");
    Ok(())
}

fn calls_over_ipc_without_knowing_a_password() -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = start(&data_dir, &["-ipcbind=unix", "-ipcbind=unix:other ₿.sock"])?;
    let other = format!("-ipcconnect=unix:{}", data_dir.regtest("other ₿.sock").display());
    for address in [
        &[][..],
        &["-ipcconnect=auto"],
        &["-ipcconnect=unix"],
        &["-ipcconnect=unix:other ₿.sock"],
        &[&other],
    ] {
        let mut options = vec![WRONG_PASSWORD];
        options.extend(address);
        check_echo(&data_dir, &options)?;
    }
    // Failures of methods, and their status, are those of HTTP.
    let finished = Cli::new(&data_dir).run(&[WRONG_PASSWORD, "nonsense"])?;
    assert_eq!(
        finished.stderr,
        "error code: -32601\nerror message:\nMethod not found\n"
    );
    assert_eq!(finished.status.code(), Some(32601 & 0xff));
    let options = [WRONG_PASSWORD, "-rpcwallet=w ₿", "-stdin", "-named", "echo"];
    let named = Cli::new(&data_dir).run_with_input(&options, "arg0=foo\n")?;
    named.check_success()?;
    assert_eq!(named.stdout, FOO);
    node.stop()
}

fn takes_http_when_told_or_when_nobody_listens() -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = start(&data_dir, &["-ipcbind=unix"])?;
    for options in [
        &["-noipcconnect"][..],
        &["-ipcconnect=0"],
        &["-rpcconnect=127.0.0.1"],
        &["-rpcconnect=127.0.0.1", "-ipcconnect=auto"],
    ] {
        check_echo(&data_dir, options)?;
        let mut wrong = vec![WRONG_PASSWORD];
        wrong.extend(options);
        echo(&data_dir, &wrong)?.check_failure(REFUSED_PASSWORD)?;
    }
    node.stop()?;
    let node = start(&data_dir, &[])?;
    check_echo(&data_dir, &[])?;
    echo(&data_dir, &[WRONG_PASSWORD])?.check_failure(REFUSED_PASSWORD)?;
    node.stop()
}

fn takes_http_when_the_listener_does_not_let_it() -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = start(&data_dir, &["-ipcbind=unix,allow=mining+echo"])?;
    check_echo(&data_dir, &[])?;
    echo(&data_dir, &["-ipcconnect=unix"])?.check_failure("error: Init.makeRpc is not allowed here")?;
    node.stop()
}

fn says_why_there_is_no_way() -> Result<()> {
    let data_dir = DataDir::new()?;
    let port = data_dir.rpc_port().number();
    let nobody = |text: &str| {
        format!(
            "error: timeout on transient error: {text}\n\nProbably syscoin-node is not running or not listening on a \
             unix socket. Can be started with:\n\n    syscoin-node -chain=regtest -ipcbind=unix"
        )
    };
    let rows: [(&[&str], String); 5] = [
        (&["-ipcconnect=unix"], nobody("No such file or directory")),
        (
            &["-ipcconnect=auto"],
            format!(
                "error: timeout on transient error: Could not connect to the server 127.0.0.1:{port}\n\nMake sure the \
                 syscoind server is running and that you are connecting to the correct RPC port."
            ),
        ),
        (
            &["-ipcconnect=unix", "-rpcconnect=127.0.0.1"],
            "error: -rpcconnect and -ipcconnect options cannot both be enabled".to_owned(),
        ),
        (&["-ipcconnect=x"], "error: Unrecognized address 'x'".to_owned()),
        (&["-ipcconnect=1"], "error: Unrecognized address '1'".to_owned()),
    ];
    for (options, message) in rows {
        echo(&data_dir, options)?.check_failure(&message)?;
    }
    let node = start(&data_dir, &["-ipcbind=unix"])?;
    node.program().signal(Signal::KILL)?;
    node.wait()?;
    echo(&data_dir, &["-ipcconnect=unix"])?.check_failure(&nobody("Connection refused"))
}

fn waits_for_a_node_that_starts() -> Result<()> {
    let data_dir = DataDir::new()?;
    let client = Cli::new(&data_dir).start(
        &[
            "-ipcconnect=unix",
            "-rpcwait",
            "-rpcwaittimeout=60",
            "echo",
            "foo",
        ],
        "",
    )?;
    let node = start(&data_dir, &["-ipcbind=unix"])?;
    let finished = client.wait()?;
    finished.check_success()?;
    assert_eq!(finished.stdout, FOO);
    node.stop()
}

fn stops_a_node_and_hears_that_it_stops() -> Result<()> {
    for _ in 0..10 {
        let data_dir = DataDir::new()?;
        let node = start(&data_dir, &["-ipcbind=unix"])?;
        let finished = Cli::new(&data_dir).run(&["-ipcconnect=unix", "stop"])?;
        finished.check_success()?;
        assert_eq!(finished.stdout, "Syscoin Core stopping\n");
        node.wait()?.check_success()?;
    }
    Ok(())
}

fn may_call_what_the_whitelist_lets_the_cookie() -> Result<()> {
    let data_dir = DataDir::new()?;
    let options = [
        "-ipcbind=unix",
        "-rpcwhitelist=__cookie__:uptime,stop",
        "-rpcwhitelist=root:echo",
    ];
    let node = start(&data_dir, &options)?;
    let cli = Cli::new(&data_dir);
    cli.run(&["-ipcconnect=unix", "uptime"])?.check_success()?;
    // What the client says of itself gives no rights.
    for user in ["-rpcuser=root", "-rpcuser="] {
        echo(&data_dir, &["-ipcconnect=unix", user])?
            .check_failure("error: Rpc.executeRpc is not allowed here")?;
    }
    node.log()
        .wait_for("RPC User __cookie__ not allowed to call method echo")?;
    node.stop()
}

fn serves_without_an_http_server() -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::spawn(Daemon::SyscoinNode, &data_dir, &["-server=0", "-ipcbind=unix"])?;
    node.log().wait_for("Done loading")?;
    check_echo(&data_dir, &[])?;
    ensure!(!data_dir.regtest(".cookie").exists());
    Cli::new(&data_dir).run(&["stop"])?.check_success()?;
    node.wait()?.check_success()
}

fn warns_of_nothing_when_processes_leave_in_order() -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = start(&data_dir, &["-ipcbind=unix"])?;
    check_echo(&data_dir, &["-ipcconnect=unix"])?;
    let call = Cli::new(&data_dir).run(&["-ipcconnect=unix", "echoipc", "foo"])?;
    call.check_success()?;
    let log = node.log();
    node.stop()?;
    let text = log.text()?;
    ensure!(text.contains("IPC server: socket disconnected."), "{text}");
    ensure!(
        !text.contains("given up") && !text.contains("[warning] ipc:"),
        "{text}"
    );
    Ok(())
}

fn ipc_key(data_dir: &DataDir, words: &[&str]) -> Result<String> {
    let mut arguments = vec![data_dir.option(), "-regtest".into(), "ipc-key".into()];
    arguments.extend(words.iter().map(Into::into));
    let finished = Program::run(Executable::SyscoinNode, &arguments)?;
    finished.check_success()?;
    Ok(finished.stdout.trim_end().to_owned())
}

/// A port, as the rest of an address.
fn free_address(port: &Port) -> String {
    format!("127.0.0.1:{}", port.number())
}

fn calls_over_tcp_with_a_key() -> Result<()> {
    let (server, client, port) = (DataDir::new()?, DataDir::new()?, Port::reserve()?);
    let address = free_address(&port);
    let node = start(
        &server,
        &[
            &format!("-ipcbind=tcp:{address}"),
            "-rpcwhitelist=ann:echo",
            "-rpcwhitelistdefault=0",
        ],
    )?;
    ipc_key(&server, &["authorize", "ann", &ipc_key(&client, &["show"])?])?;
    ipc_key(&client, &["trust", &address, &ipc_key(&server, &["show"])?])?;
    let connect = format!("-ipcconnect=tcp:{address}");
    check_echo(&client, &[&connect])?;
    // The key's name is the user.
    Cli::new(&client)
        .run(&[&connect, "uptime"])?
        .check_failure("error: Rpc.executeRpc is not allowed here")?;
    node.log()
        .wait_for("RPC User ann not allowed to call method uptime")?;
    node.stop()
}

fn is_refused_over_tcp_without_a_key() -> Result<()> {
    let (server, client, port) = (DataDir::new()?, DataDir::new()?, Port::reserve()?);
    let address = free_address(&port);
    let node = start(&server, &[&format!("-ipcbind=tcp:{address}")])?;
    let key = ipc_key(&client, &["show"])?;
    ipc_key(&client, &["trust", &address, &ipc_key(&server, &["show"])?])?;
    let connect = format!("-ipcconnect=tcp:{address}");
    let check = |remark: &str| {
        let finished = echo(&client, &[&connect])?;
        let start = format!("error: {address} ended the connection: ");
        let end =
            format!(". It may not know this key: `ipc-key authorize NAME {key}` there makes it known\n");
        ensure!(
            finished.status.code() == Some(1)
                && finished.stderr.starts_with(&start)
                && finished.stderr.ends_with(&end)
                && finished.stdout.is_empty(),
            "{remark}: {finished:?}"
        );
        Ok(())
    };
    check("unknown")?;
    node.log()
        .wait_for(&format!("is turned away: the key {key} is not authorised"))?;
    ipc_key(&server, &["authorize", "ann", &key, "2999-12-31"])?;
    let authorized = server.regtest("ipc/authorized");
    let until_then = fs::read_to_string(&authorized)?;
    fs::write(&authorized, until_then.replace("2999", "2001"))?;
    check("expired")?;
    let over = format!("is turned away: the authorisation of ann, whose key is {key}, is over");
    node.log().wait_for(&over)?;
    ipc_key(&server, &["authorize", "ann", &key])?;
    check_echo(&client, &[&connect])?;
    ipc_key(&server, &["revoke", "ann"])?;
    check("revoked")?;
    node.stop()
}

fn a_client_without_a_listed_server_is_told_its_key() -> Result<()> {
    let (server, client, port) = (DataDir::new()?, DataDir::new()?, Port::reserve()?);
    let address = free_address(&port);
    let connect = format!("-ipcconnect=tcp:{address}");
    echo(&client, &[&connect])?
        .check_failure("error: timeout on transient error: Connection refused (os error 111)")?;
    let node = start(&server, &[&format!("-ipcbind=tcp:{address}")])?;
    let (own, shown) = (ipc_key(&client, &["show"])?, ipc_key(&server, &["show"])?);
    echo(&client, &[&connect])?.check_failure(&format!(
        "error: the key of {address} is not known here. It shows {shown}: if that is what `ipc-key show` prints there, \
         trust it with `ipc-key trust {address} {shown}`"
    ))?;
    ipc_key(&client, &["trust", &address, &own])?;
    echo(&client, &[&connect])?.check_failure(&format!(
        "error: {address} shows the key {shown}, but {own} is expected there: somebody may be in between"
    ))?;
    node.stop()
}
