//! `syscoin-cli`: how arguments reach the node, what is printed where, and the exit status.

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use functional_tests::{
    Cli, Connection, Daemon, DataDir, Executable, Node, Program, for_each_daemon, rpcauth,
};
use serde_json::{Value, json};

for_each_daemon![
    prints_texts_raw_and_the_rest_as_json,
    converts_arguments_by_the_method,
    takes_named_arguments,
    reads_arguments_from_standard_input,
    reads_the_password_from_standard_input,
    prints_errors_with_code_and_status,
    tells_of_wrong_credentials,
    finds_the_server_without_a_config_file,
    waits_for_a_node_that_is_not_started_yet,
    calls_the_path_of_a_wallet,
    refuses_arguments_of_getinfo,
    passes_large_and_unusual_texts,
];

/// Runs the client and gives its standard output, without the line feed at the end.
fn output(data_dir: &DataDir, arguments: &[&str]) -> Result<String> {
    let finished = Cli::new(data_dir).run(arguments)?;
    finished
        .check_success()
        .with_context(|| format!("{arguments:?}"))?;
    Ok(finished
        .stdout
        .strip_suffix('\n')
        .unwrap_or(&finished.stdout)
        .to_owned())
}

fn prints_texts_raw_and_the_rest_as_json(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    assert_eq!(
        output(&data_dir, &["echoipc", "raw \"text\" ₿\n2"])?,
        "raw \"text\" ₿\n2"
    );
    assert_eq!(output(&data_dir, &["echoipc", ""])?, "");
    assert_eq!(output(&data_dir, &["echo", "a", "₿"])?, "[\n  \"a\",\n  \"₿\"\n]");
    assert_eq!(output(&data_dir, &["echo"])?, "[\n]");
    ensure!(
        output(&data_dir, &["uptime"])?.parse::<u64>().is_ok(),
        "no number"
    );
    let info: Value = serde_json::from_str(&output(&data_dir, &["getrpcinfo"])?)?;
    ensure!(
        info["logpath"].as_str() == data_dir.regtest("debug.log").to_str(),
        "{info}"
    );
    assert_eq!(output(&data_dir, &["stop"])?, "Syscoin Core stopping");
    node.wait()?.check_success()
}

fn converts_arguments_by_the_method(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let echo =
        |arguments: &[&str]| -> Result<Value> { Ok(serde_json::from_str(&output(&data_dir, arguments)?)?) };
    assert_eq!(
        echo(&["echo", "1", "true", "null", "[1]"])?,
        json!(["1", "true", "null", "[1]"])
    );
    assert_eq!(
        echo(&["echojson", "1", "true", "null", "[1]", "\"x\""])?,
        json!([1, true, null, [1], "x"])
    );
    let wrong = Cli::new(&data_dir).run(&["echojson", "nonsense"])?;
    wrong.check_failure("error: Error parsing JSON: nonsense")?;
    let categories: Value =
        serde_json::from_str(&output(&data_dir, &["logging", "[\"rpc\"]", "[\"http\"]"])?)?;
    assert_eq!(
        (&categories["rpc"], &categories["http"]),
        (&json!(true), &json!(false))
    );
    node.stop()
}

fn takes_named_arguments(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let echo =
        |arguments: &[&str]| -> Result<Value> { Ok(serde_json::from_str(&output(&data_dir, arguments)?)?) };
    assert_eq!(
        echo(&["-named", "echo", "arg0=0", "arg1=a=b", "arg2=₿"])?,
        json!(["0", "a=b", "₿"])
    );
    assert_eq!(
        echo(&["-named", "echo", "0", "1", "2", "arg3=3"])?,
        json!(["0", "1", "2", "3"])
    );
    assert_eq!(
        echo(&["-named", "echojson", "0", "arg1=[1]", "arg2={\"a\":1}"])?,
        json!([0, [1], {"a": 1}])
    );
    let unknown = Cli::new(&data_dir).run(&["-named", "echo", "nonsuch=1"])?;
    ensure!(
        unknown.stderr == "error code: -8\nerror message:\nUnknown named parameter nonsuch\n",
        "{unknown:?}"
    );
    let twice = Cli::new(&data_dir).run(&["-named", "echo", "0", "1", "arg1=1"])?;
    ensure!(
        twice.stderr
            == "error code: -8\nerror message:\nParameter arg1 specified twice both as positional and named argument\n",
        "{twice:?}"
    );
    node.stop()
}

fn reads_arguments_from_standard_input(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let rows: [(&[&str], &str, Value); 4] = [
        (&["-stdin", "echo"], "one\ntwo ₿\n", json!(["one", "two ₿"])),
        (
            &["-stdin", "echo", "zero"],
            "one\n\nthree",
            json!(["zero", "one", "", "three"]),
        ),
        (&["-stdin"], "echo\none\n", json!(["one"])),
        (&["-stdin", "-named", "echo"], "arg1=x\n", json!([null, "x"])),
    ];
    for (arguments, input, expected) in rows {
        let finished = Cli::new(&data_dir).run_with_input(arguments, input)?;
        finished.check_success()?;
        assert_eq!(
            serde_json::from_str::<Value>(&finished.stdout)?,
            expected,
            "{arguments:?} {input:?}"
        );
    }
    node.stop()
}

fn reads_the_password_from_standard_input(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let option = format!("-rpcauth={}", rpcauth("somebody", "secret ₿", "salt"));
    let node = Node::start(daemon, &data_dir, &[&option])?;
    let arguments = ["-rpcuser=somebody", "-stdinrpcpass", "echoipc", "let in"];
    let right = Cli::new(&data_dir).run_with_input(&arguments, "secret ₿\n")?;
    ensure!(right.status.success() && right.stdout == "let in\n", "{right:?}");
    let with_arguments = ["-rpcuser=somebody", "-stdinrpcpass", "-stdin", "echoipc"];
    let both = Cli::new(&data_dir).run_with_input(&with_arguments, "secret ₿\nfrom input")?;
    ensure!(both.status.success() && both.stdout == "from input\n", "{both:?}");
    let wrong = Cli::new(&data_dir).run_with_input(&arguments, "guess\n")?;
    ensure!(
        wrong.status.code() == Some(1) && wrong.stderr.contains("incorrect password attempt")
            || wrong
                .stderr
                .contains("Authorization failed: Incorrect rpcuser or rpcpassword"),
        "{wrong:?}"
    );
    node.stop()
}

fn prints_errors_with_code_and_status(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let rows: [(&[&str], i32, &str); 3] = [
        (
            &["nonsuch"],
            32601 % 256,
            "error code: -32601\nerror message:\nMethod not found\n",
        ),
        (
            &["getmemoryinfo", "nonsuch"],
            8,
            "error code: -8\nerror message:\nunknown mode nonsuch\n",
        ),
        (
            &["logging", "[\"nonsuch\"]"],
            8,
            "error code: -8\nerror message:\nunknown logging category nonsuch\n",
        ),
    ];
    for (arguments, status, message) in rows {
        let finished = Cli::new(&data_dir).run(arguments)?;
        let found = (
            finished.status.code(),
            finished.stdout.as_str(),
            finished.stderr.as_str(),
        );
        assert_eq!(found, (Some(status), "", message), "{arguments:?}");
    }
    // An error with code -1 is printed as its message, which is the method's help.
    let usage = Cli::new(&data_dir).run(&["echoipc"])?;
    ensure!(
        usage.status.code() == Some(1)
            && usage
                .stderr
                .starts_with("error code: -1\nerror message:\nechoipc \"arg\"\n"),
        "{usage:?}"
    );
    let nothing = Cli::new(&data_dir).run(&[])?;
    ensure!(
        nothing.status.code() == Some(1) && nothing.stderr.contains("too few parameters"),
        "{nothing:?}"
    );
    node.stop()
}

fn tells_of_wrong_credentials(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let finished = Cli::new(&data_dir).run(&["-rpcuser=nobody", "-rpcpassword=wrong", "uptime"])?;
    finished.check_failure("error: Authorization failed: Incorrect rpcuser or rpcpassword")?;
    node.stop()
}

fn finds_the_server_without_a_config_file(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let port = data_dir.rpc_port().number();
    let cookie = data_dir.regtest(".cookie");
    let cookie_option = format!("-rpccookiefile={}", cookie.display());
    let empty = format!("-datadir={}", data_dir.outside().display());
    for server in [
        &[format!("-rpcconnect=127.0.0.1:{port}")][..],
        &["-rpcconnect=127.0.0.1".to_owned(), format!("-rpcport={port}")],
    ] {
        let mut arguments = vec![empty.as_str(), "-regtest", &cookie_option];
        arguments.extend(server.iter().map(String::as_str));
        arguments.extend(["echoipc", "found"]);
        let finished = Program::run(Executable::SyscoinCli, &arguments)?;
        finished
            .check_success()
            .with_context(|| format!("{arguments:?}"))?;
        assert_eq!(finished.stdout, "found\n");
    }
    node.stop()
}

fn waits_for_a_node_that_is_not_started_yet(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let mut client = Cli::new(&data_dir).start(&["-rpcwait", "echoipc", "at last"], "")?;
    ensure!(client.is_running()?, "it does not wait");
    let node = Node::start(daemon, &data_dir, &[])?;
    let finished = client.wait()?;
    finished.check_success()?;
    assert_eq!(finished.stdout, "at last\n");
    node.stop()
}

fn calls_the_path_of_a_wallet(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    output(&data_dir, &["-rpcwallet=my wallet/₿", "uptime"])?;
    node.log()
        .wait_for("Received a POST request for /wallet/my%20wallet%2F%E2%82%BF from")?;
    output(&data_dir, &["-rpcwallet=", "uptime"])?;
    node.log().wait_for("Received a POST request for /wallet/ from")?;
    node.stop()
}

fn refuses_arguments_of_getinfo(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let with_arguments = Cli::new(&data_dir).run(&["-getinfo", "help"])?;
    with_arguments.check_failure("error: -getinfo takes no arguments")?;
    node.stop()
}

fn passes_large_and_unusual_texts(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let large = "₿ 🏃 x".repeat(100_000);
    let finished = Cli::new(&data_dir).run_with_input(&["-stdin", "echoipc"], &large)?;
    finished.check_success()?;
    ensure!(
        finished.stdout.trim_end_matches('\n') == large,
        "another text came back"
    );
    for text in ["a=b", "'", "\"\\\"", "{\"not\": \"converted\"}", "\u{1}\t"] {
        assert_eq!(output(&data_dir, &["echoipc", text])?, text);
    }
    node.stop()
}

#[test]
fn tells_that_there_is_no_server() -> Result<()> {
    let data_dir = DataDir::new()?;
    let port = data_dir.rpc_port().number();
    ensure!(Connection::open(port).is_err(), "something listens");
    fs::create_dir(data_dir.regtest(""))?;
    fs::write(data_dir.regtest(".cookie"), "__cookie__:00")?;
    let finished = Cli::new(&data_dir).run(&["uptime"])?;
    let text = format!(
        "error: timeout on transient error: Could not connect to the server 127.0.0.1:{port}\n\nMake sure the syscoind \
         server is running and that you are connecting to the correct RPC port.\n"
    );
    ensure!(
        finished.status.code() == Some(1) && finished.stderr == text,
        "{finished:?}"
    );
    let in_vain = Cli::new(&data_dir).run(&["-rpcwait", "-rpcwaittimeout=1", "uptime"])?;
    ensure!(
        in_vain.status.code() == Some(1) && in_vain.stderr == text,
        "{in_vain:?}"
    );
    Ok(())
}

#[test]
fn tells_that_there_are_no_credentials() -> Result<()> {
    let data_dir = DataDir::new()?;
    data_dir.rpc_port().occupy()?;
    let missing = data_dir.outside().join("missing");
    let option = format!("-datadir={}", missing.display());
    Program::run(Executable::SyscoinCli, &[&option, "uptime"])?.check_failure(&format!(
        "Error: Specified data directory \"{}\" does not exist.",
        missing.display()
    ))
}
