//! A node's life from start to end, and what it leaves in the data directory.

use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use functional_tests::{Daemon, DataDir, Node, Program, RpcClient, basic, for_each_daemon, wait_until};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

for_each_daemon![
    starts_and_stops_as_the_rig_demands,
    writes_a_new_cookie_at_each_start,
    keeps_a_pid_file_while_it_runs,
    takes_the_cookie_away_at_its_end,
    writes_the_pid_file_where_it_is_told,
    ends_cleanly_on_signals,
    ends_cleanly_on_a_signal_right_after_its_start,
    stop_answers_when_its_wait_is_over,
    refuses_a_data_directory_in_use,
    starts_again_after_it_was_killed,
    keeps_each_chain_in_its_own_directory,
    goes_on_in_the_background,
    tells_that_it_cannot_go_on_in_the_background,
    follows_links_to_its_directories,
    keeps_blocks_where_it_is_told,
];

/// The file with the process id. A rig that is told to run `syscoin-node` instead of `syscoind` looks for this name too.
const PID_FILE: &str = "syscoind.pid";

fn starts_and_stops_as_the_rig_demands(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    // What the rig polls with; it takes any other error than a wrong answer for a node that is up.
    let reply = rpc.request("getblockcount", json!([]))?;
    ensure!(
        reply.error.as_ref().is_none_or(|error| error.code == -32601),
        "{reply:?}"
    );
    for name in [".lock", ".cookie", "debug.log", PID_FILE] {
        ensure!(fs::metadata(data_dir.regtest(name))?.is_file(), "no file {name}");
    }
    node.stop()
}

fn writes_a_new_cookie_at_each_start(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let mut cookies = Vec::new();
    for _ in 0..2 {
        let node = Node::start(daemon, &data_dir, &[])?;
        let cookie = data_dir.cookie()?;
        let password = cookie.strip_prefix("__cookie__:").context("no cookie user")?;
        let is_hex = password
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        ensure!(
            is_hex && password.len() == 64,
            "not 32 bytes in hex: {password:?}"
        );
        let mode = fs::metadata(data_dir.regtest(".cookie"))?.permissions().mode();
        ensure!(mode & 0o777 == 0o600, "mode {mode:o}");
        cookies.push(cookie);
        node.stop()?;
    }
    ensure!(cookies[0] != cookies[1], "the same cookie twice");
    Ok(())
}

fn keeps_a_pid_file_while_it_runs(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let file = data_dir.regtest(PID_FILE);
    let pid = node.program().pid()?.as_raw_nonzero();
    assert_eq!(fs::read_to_string(&file)?, format!("{pid}\n"));
    node.stop()?;
    ensure!(!file.exists(), "the pid file outlives the node");
    Ok(())
}

fn takes_the_cookie_away_at_its_end(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    Node::start(daemon, &data_dir, &[])?.stop()?;
    ensure!(
        !data_dir.regtest(".cookie").exists(),
        "the cookie outlives the node"
    );
    Ok(())
}

fn writes_the_pid_file_where_it_is_told(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let absolute = data_dir.outside().join("elsewhere.pid");
    let absolute_option = format!("-pid={}", absolute.display());
    for (option, file) in [
        ("-pid=other ₿.pid", data_dir.regtest("other ₿.pid")),
        (absolute_option.as_str(), absolute),
    ] {
        let node = Node::start(daemon, &data_dir, &[option])?;
        ensure!(file.is_file(), "{option} makes no file {}", file.display());
        ensure!(
            !data_dir.regtest(PID_FILE).exists(),
            "{option} makes the default file too"
        );
        node.stop()?;
        ensure!(!file.exists(), "{option}: the file outlives the node");
    }
    Ok(())
}

fn ends_cleanly_on_signals(daemon: Daemon) -> Result<()> {
    for signal in [Signal::TERM, Signal::INT] {
        let data_dir = DataDir::new()?;
        let node = Node::start(daemon, &data_dir, &[])?;
        node.program().signal(signal)?;
        node.wait()?
            .check_success()
            .with_context(|| format!("after {signal:?}"))?;
        for name in [".cookie", PID_FILE] {
            ensure!(
                !data_dir.regtest(name).exists(),
                "{name} is still there after {signal:?}"
            );
        }
    }
    Ok(())
}

fn ends_cleanly_on_a_signal_right_after_its_start(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::spawn(daemon, &data_dir, &[])?;
    // The first line of the log comes long before the node is ready.
    node.log().wait_for("")?;
    node.program().signal(Signal::TERM)?;
    node.wait()?.check_success()
}

fn stop_answers_when_its_wait_is_over(daemon: Daemon) -> Result<()> {
    const WAIT: Duration = Duration::from_millis(300);
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let start = Instant::now();
    let answer = rpc.call("stop", json!({"wait": 300}))?;
    ensure!(start.elapsed() >= WAIT, "answered after {:?}", start.elapsed());
    assert_eq!(answer, json!("Syscoin Core stopping"));
    node.wait()?.check_success()
}

fn refuses_a_data_directory_in_use(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let finished = Program::run(daemon.executable(), &[data_dir.option()])?;
    finished.check_failure(&format!(
        "Error: Cannot obtain a lock on data directory {}. Syscoin Core is probably already running.",
        data_dir.path().join("regtest").display()
    ))?;
    // The one that came first has lost nothing by it.
    ensure!(
        data_dir.regtest(PID_FILE).exists(),
        "the second instance took the pid file away"
    );
    node.rpc()?.call("uptime", json!([]))?;
    node.stop()
}

fn starts_again_after_it_was_killed(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let old_cookie = data_dir.cookie()?;
    node.program().signal(Signal::KILL)?;
    node.wait()?;
    ensure!(
        data_dir.cookie()? == old_cookie,
        "a killed node cannot have tidied up"
    );
    // The stale cookie would be refused, so wait for the new one.
    let mut node = Node::spawn(daemon, &data_dir, &[])?;
    wait_until("a new cookie", || {
        Ok(data_dir.cookie().ok().filter(|cookie| *cookie != old_cookie))
    })?;
    node.wait_for_rpc()?;
    node.stop()
}

fn keeps_each_chain_in_its_own_directory(daemon: Daemon) -> Result<()> {
    let chains = [
        ("-chain=main", "."),
        ("-testnet", "testnet3"),
        ("-chain=test", "testnet3"),
        ("-signet", "signet"),
        ("-regtest", "regtest"),
    ];
    for (option, directory) in chains {
        let data_dir = DataDir::new()?;
        data_dir.write_config("")?;
        let rpc_port = format!("-rpcport={}", data_dir.rpc_port().number());
        let options = [
            data_dir.option(),
            option.into(),
            rpc_port.into(),
            "-printtoconsole=0".into(),
        ];
        let node = Node::spawn_with(daemon, &data_dir, &options)?;
        let network_directory = data_dir.path().join(directory);
        wait_until("the cookie", || {
            Ok(network_directory.join(".cookie").exists().then_some(()))
        })?;
        for name in [".lock", "debug.log", PID_FILE] {
            ensure!(
                network_directory.join(name).is_file(),
                "{option}: no {name} in {directory}"
            );
        }
        node.interrupt().with_context(|| format!("with {option}"))?;
    }
    Ok(())
}

/// A daemon that left its launcher; it is killed when this value is dropped before its end is noted.
struct Background {
    pid: Pid,
    has_ended: bool,
}

impl Background {
    fn of(data_dir: &DataDir) -> Result<Self> {
        let pid = wait_until("the pid file", || {
            let text = fs::read_to_string(data_dir.regtest(PID_FILE)).unwrap_or_default();
            Ok(text.strip_suffix('\n').and_then(|text| text.parse().ok()))
        })?;
        Ok(Self {
            pid: Pid::from_raw(pid).context("process id 0")?,
            has_ended: false,
        })
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if !self.has_ended {
            _ = kill_process(self.pid, Signal::KILL);
        }
    }
}

fn goes_on_in_the_background(daemon: Daemon) -> Result<()> {
    for option in ["-daemon", "-daemonwait"] {
        let data_dir = DataDir::new()?;
        let options = [data_dir.option(), option.into()];
        let launcher = Program::run(daemon.executable(), &options)?;
        launcher.check_success().context(option)?;
        assert_eq!(launcher.stdout, "Syscoin Core starting\n", "{option}");
        let mut background = Background::of(&data_dir)?;
        let call = |method| -> Result<_> {
            let mut rpc = RpcClient::new(data_dir.rpc_port().number(), basic(&data_dir.cookie()?));
            rpc.request(method, json!([]))
        };
        let is_ready = || call("uptime").is_ok_and(|reply| reply.error.is_none());
        ensure!(
            option == "-daemon" || is_ready(),
            "it is not ready when the launcher has left"
        );
        wait_until("an answer", || Ok(is_ready().then_some(())))?;
        call("stop")?;
        data_dir.log().wait_for("Shutdown: done")?;
        background.has_ended = true;
        ensure!(
            !data_dir.regtest(PID_FILE).exists(),
            "{option}: the pid file is left"
        );
    }
    Ok(())
}

fn tells_that_it_cannot_go_on_in_the_background(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    // What can be known at once is told as without the option.
    let options = [data_dir.option(), "-daemonwait".into()];
    let told = Program::run(daemon.executable(), &options)?;
    ensure!(
        told.status.code() == Some(1)
            && told
                .stderr
                .starts_with("Error: Cannot obtain a lock on data directory "),
        "{told:?}"
    );
    node.stop()?;
    fs::write(data_dir.regtest("peers.dat"), "damaged")?;
    let told = Program::run(daemon.executable(), &options)?;
    ensure!(
        told.status.code() == Some(1)
            && told.stderr == "Error during initialization - check debug.log for details\n",
        "{told:?}"
    );
    data_dir.log().wait_for("Invalid or corrupt peers.dat")?;
    Ok(())
}

fn follows_links_to_its_directories(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    node.rpc()?.generate(3)?;
    node.stop()?;
    for name in ["blocks", "chainstate"] {
        let elsewhere = data_dir.outside().join(format!("{name} elsewhere"));
        fs::rename(data_dir.regtest(name), &elsewhere)?;
        std::os::unix::fs::symlink(&elsewhere, data_dir.regtest(name))?;
    }
    let node = Node::start(daemon, &data_dir, &[])?;
    assert_eq!(node.rpc()?.call("getblockcount", json!([]))?, 3);
    node.rpc()?.generate(1)?;
    node.stop()?;
    for name in ["blocks", "chainstate"] {
        ensure!(
            fs::symlink_metadata(data_dir.regtest(name))?.is_symlink(),
            "{name} is no link any more"
        );
    }
    Ok(())
}

fn keeps_blocks_where_it_is_told(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let blocks = data_dir.outside().join("blocks ₿");
    let option = format!("-blocksdir={}", blocks.display());
    let told = Node::spawn(daemon, &data_dir, &[&option])?.failure()?;
    assert_eq!(
        told,
        format!(
            "Error: Specified blocks directory \"{}\" does not exist.\n",
            blocks.display()
        )
    );
    fs::create_dir(&blocks)?;
    let node = Node::start(daemon, &data_dir, &[&option])?;
    node.rpc()?.generate(3)?;
    node.stop()?;
    ensure!(
        blocks.join("regtest/blocks/blk00000.dat").is_file(),
        "no blocks there"
    );
    ensure!(
        data_dir.regtest("blocks/index").is_dir() && !blocks.join("regtest/blocks/index").exists(),
        "the index is not in the data directory"
    );
    ensure!(
        !data_dir.regtest("blocks/blk00000.dat").exists(),
        "there are blocks in the data directory"
    );
    let node = Node::start(daemon, &data_dir, &[&option])?;
    assert_eq!(node.rpc()?.call("getblockcount", json!([]))?, 3);
    node.stop()
}
