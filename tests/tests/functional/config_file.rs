//! `syscoin.conf`: sections, included files, and how it yields to the command line.

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use functional_tests::{Connection, Daemon, DataDir, Node, Program, for_each_daemon, rpcauth};
use rustix::process::Signal;
use serde_json::json;

for_each_daemon![
    obeys_the_section_of_its_network,
    prefers_the_command_line,
    reads_included_files,
    warns_about_inclusions_in_included_files,
    only_logs_unknown_keys,
    warns_about_unknown_sections,
    warns_about_unknown_sections_of_included_files,
    demands_network_settings_in_their_section,
    ignores_comments_and_blanks,
    reads_the_file_that_conf_names,
    answers_nobody_without_a_server,
    logs_where_each_setting_came_from,
];

/// Starts a node with nothing but the data directory on its command line and waits for its server.
fn start<'a>(daemon: Daemon, data_dir: &'a DataDir, options: &[&str]) -> Result<Node<'a>> {
    let mut all = vec![data_dir.option()];
    all.extend(options.iter().map(Into::into));
    let mut node = Node::spawn_with(daemon, data_dir, &all)?;
    node.wait_for_rpc()?;
    Ok(node)
}

/// Whether the node would log what the category rpc has to say.
fn debugs_rpc(node: &Node<'_>) -> Result<bool> {
    Ok(node.rpc()?.call("logging", json!([]))?["rpc"] == json!(true))
}

fn obeys_the_section_of_its_network(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let rpc_port = data_dir.rpc_port().number();
    let other = format!("[main]\ndebug=http\nrpcport=1\n[test]\nnonsuch=1\n[regtest]\nrpcport={rpc_port}\n");
    let rows = [
        ("regtest=1\n", "debug=rpc\n", true),
        ("regtest=1\ndebug=rpc\n", "", true),
        ("chain=regtest\nregtest.debug=rpc\nmain.debug=net\n", "", true),
        ("regtest=1\nmain.debug=rpc\ntest.debug=rpc\n", "", false),
    ];
    for (before, after, is_on) in rows {
        data_dir.write_config(&format!("{before}{other}{after}"))?;
        let node = start(daemon, &data_dir, &[])?;
        ensure!(debugs_rpc(&node)? == is_on, "with {before:?} and {after:?}");
        let http = node.rpc()?.call("logging", json!([]))?["http"].clone();
        ensure!(http == json!(false), "another network's section was obeyed");
        node.stop()?;
    }
    Ok(())
}

fn prefers_the_command_line(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    data_dir.write_config(&format!(
        "{}rpcuser=file\nrpcpassword=file\n",
        data_dir.rig_config()
    ))?;
    let options = [
        data_dir.option(),
        "-rpcuser=command".into(),
        "-rpcpassword=line".into(),
    ];
    let node = Node::spawn_with(daemon, &data_dir, &options)?;
    node.log().wait_for("Done loading")?;
    node.rpc_as("command:line").call("uptime", json!([]))?;
    ensure!(
        node.rpc_as("file:file").post("/", "{}")?.status == 401,
        "the file's credentials serve too"
    );
    node.rpc_as("command:line").call("stop", json!([]))?;
    node.wait()?.check_success()
}

fn reads_included_files(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let absolute = data_dir.outside().join("absolute ₿.conf");
    fs::write(&absolute, "[regtest]\ndebug=http\n")?;
    data_dir.write("relative 🏃.conf", "debug=rpc\n")?;
    data_dir.write_config(&format!(
        "includeconf=relative 🏃.conf\n{}includeconf={}\n",
        data_dir.rig_config(),
        absolute.display()
    ))?;
    let node = start(daemon, &data_dir, &[])?;
    let categories = node.rpc()?.call("logging", json!([]))?;
    assert_eq!(
        (&categories["rpc"], &categories["http"]),
        (&json!(true), &json!(true))
    );
    node.stop()
}

fn warns_about_inclusions_in_included_files(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    data_dir.write("first.conf", "includeconf=second.conf\n")?;
    data_dir.write("second.conf", "debug=rpc\n")?;
    data_dir.write_config(&format!("includeconf=first.conf\n{}", data_dir.rig_config()))?;
    let node = start(daemon, &data_dir, &[])?;
    ensure!(!debugs_rpc(&node)?, "the inner file was read");
    node.program().signal(Signal::TERM)?;
    let finished = node.wait()?;
    let warning =
        "warning: -includeconf cannot be used from included files; ignoring -includeconf=second.conf\n";
    ensure!(
        finished.status.success() && finished.stderr == warning,
        "{finished:?}"
    );
    Ok(())
}

fn only_logs_unknown_keys(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    data_dir.write_config(&format!(
        "wholly_unknown=1\n{}also_unknown=₿\n",
        data_dir.rig_config()
    ))?;
    let node = Node::start(daemon, &data_dir, &[])?;
    node.log()
        .wait_for("Ignoring unknown configuration value wholly_unknown")?;
    node.log()
        .wait_for("Ignoring unknown configuration value regtest.also_unknown")?;
    node.stop()
}

fn warns_about_unknown_sections(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    data_dir.write_config(&format!("{}[nonsuch]\ndebug=rpc\n", data_dir.rig_config()))?;
    let node = start(daemon, &data_dir, &[])?;
    node.program().signal(Signal::TERM)?;
    let finished = node.wait()?;
    let line = data_dir.rig_config().lines().count() + 1;
    let file = data_dir.path().join("syscoin.conf");
    let warning = format!(
        "Warning: {}:{line} Section [nonsuch] is not recognized.\n",
        file.display()
    );
    ensure!(
        finished.status.success() && finished.stderr == warning,
        "expected {warning:?}: {finished:?}"
    );
    Ok(())
}

fn warns_about_unknown_sections_of_included_files(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    data_dir.write("first.conf", "testnot.datadir=1\n")?;
    data_dir.write("second.conf", "# none\n[testnet]\n")?;
    data_dir.write_config(&format!(
        "includeconf=first.conf\nincludeconf=second.conf\n{}",
        data_dir.rig_config()
    ))?;
    let node = start(daemon, &data_dir, &[])?;
    node.program().signal(Signal::TERM)?;
    let finished = node.wait()?;
    let warning = "Warning: first.conf:1 Section [testnot] is not recognized.\nsecond.conf:2 Section [testnet] is not \
                   recognized.\n";
    ensure!(
        finished.status.success() && finished.stderr == warning,
        "{finished:?}"
    );
    Ok(())
}

fn demands_network_settings_in_their_section(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    data_dir.write_config("regtest=1\nrpcport=1\n[regtest]\nprinttoconsole=0\n")?;
    let message =
        "Error: Config setting for -rpcport only applied on regtest network when in [regtest] section.";
    let finished = Program::run(daemon.executable(), &[data_dir.option()])?;
    ensure!(
        finished.status.code() == Some(1) && finished.stderr.trim_end() == message,
        "{finished:?}"
    );
    // Where the command line says it too, nobody can be surprised.
    let port = format!("-rpcport={}", data_dir.rpc_port().number());
    start(daemon, &data_dir, &[&port])?.stop()
}

fn ignores_comments_and_blanks(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let port = data_dir.rpc_port().number();
    data_dir.write_config(&format!(
        "# a comment\n\n  regtest = 1  # another\n\t[regtest]\n  rpcport  =  {port}\t\n#debug=rpc\ndebug=http\r\n"
    ))?;
    let node = start(daemon, &data_dir, &[])?;
    ensure!(!debugs_rpc(&node)?, "a comment was obeyed");
    node.stop()
}

fn reads_the_file_that_conf_names(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    data_dir.write("other ₿.conf", &format!("debug=rpc\n{}", data_dir.rig_config()))?;
    fs::remove_file(data_dir.path().join("syscoin.conf"))?;
    let node = start(daemon, &data_dir, &["-conf=other ₿.conf"])?;
    ensure!(debugs_rpc(&node)?, "the file was not read");
    node.stop()
}

fn answers_nobody_without_a_server(daemon: Daemon) -> Result<()> {
    for option in ["-noserver", "-server=0"] {
        let data_dir = DataDir::new()?;
        let node = Node::spawn(daemon, &data_dir, &[option])?;
        node.log().wait_for("Done loading")?;
        ensure!(
            Connection::open(data_dir.rpc_port().number()).is_err(),
            "{option}: something listens"
        );
        ensure!(
            !data_dir.regtest(".cookie").exists(),
            "{option}: there is a cookie"
        );
        node.interrupt().context(option)?;
    }
    Ok(())
}

fn logs_where_each_setting_came_from(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let password = "secret password";
    let hash = rpcauth("somebody", password, "salt");
    data_dir.write_config(&format!("{}rpcauth={hash}\n", data_dir.rig_config()))?;
    let option = format!("-rpcpassword={password}");
    let node = Node::spawn(daemon, &data_dir, &["-rpcuser=secret user", &option])?;
    node.log().wait_for("Done loading")?;
    node.log().wait_for("Config file arg: regtest=\"1\"")?;
    node.log().wait_for("Config file arg: [regtest] server=\"1\"")?;
    node.log().wait_for("Command-line arg: uacomment=\"testnode0\"")?;
    node.log().wait_for("Command-line arg: rpcpassword=****")?;
    let text = node.log().text()?;
    for secret in [password, "secret user", &hash] {
        ensure!(!text.contains(secret), "{secret:?} is in the log");
    }
    node.interrupt()
}
