//! `debug.log`: the form of its lines, and which of them are written.

use anyhow::{Context as _, Result, bail, ensure};
use fs_err as fs;
use functional_tests::{Daemon, DataDir, Node, for_each_daemon, wait_until};
use rustix::process::Signal;
use serde_json::json;

for_each_daemon![
    begins_each_line_with_what_the_rig_asks_for,
    begins_lines_plainly_without_options,
    writes_each_line_at_once,
    writes_categories_that_debug_selects,
    leaves_out_categories_that_debugexclude_names,
    switches_categories_over_rpc,
    refuses_unknown_categories_over_rpc,
    writes_to_the_console_when_asked,
    writes_no_file_when_told_so,
    writes_the_file_where_it_is_told,
    names_the_data_directory_the_version_and_what_hashes,
    cuts_nothing_from_the_log_of_earlier_runs,
    cuts_a_large_log_down_when_asked,
    goes_on_in_a_new_file_after_a_hang_up,
    refuses_a_log_that_it_cannot_write,
    shows_where_calls_come_from_when_asked,
    tells_how_far_the_start_is,
];

/// The shape of a time stamp: every digit as 0.
fn shape(time: &str) -> String {
    time.chars()
        .map(|character| {
            if character.is_ascii_digit() {
                '0'
            } else {
                character
            }
        })
        .collect()
}

fn begins_each_line_with_what_the_rig_asks_for(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    node.rpc()?.call("uptime", json!([]))?;
    let log = node.log();
    node.stop()?;
    let lines = log.lines()?;
    ensure!(lines.len() > 5, "{lines:?}");
    for line in &lines {
        assert_eq!(shape(&line.time), "0000-00-00T00:00:00.000000Z", "{line:?}");
        let [thread, place, function, categories @ ..] = line.groups.as_slice() else {
            bail!("thread, place and function are not all there: {line:?}");
        };
        ensure!(!thread.is_empty() && !function.is_empty(), "{line:?}");
        let (file, number) = place
            .rsplit_once(':')
            .with_context(|| format!("no place: {line:?}"))?;
        ensure!(
            !file.is_empty() && number.parse::<u32>().is_ok(),
            "no file and line: {line:?}"
        );
        ensure!(categories.len() <= 1, "more than one category: {line:?}");
    }
    let of_category = |category: &str| {
        lines
            .iter()
            .any(|line| line.groups.last().is_some_and(|last| last == category))
    };
    ensure!(
        of_category("http") && of_category("rpc"),
        "no line of http or rpc: {lines:?}"
    );
    Ok(())
}

fn begins_lines_plainly_without_options(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let mut node = Node::spawn_with(daemon, &data_dir, &[data_dir.option()])?;
    node.wait_for_rpc()?;
    let log = node.log();
    node.stop()?;
    for line in log.lines()? {
        assert_eq!(shape(&line.time), "0000-00-00T00:00:00Z", "{line:?}");
        ensure!(line.groups.is_empty(), "{line:?}");
    }
    Ok(())
}

fn writes_each_line_at_once(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    // A rig reads the log as soon as it has an answer: what the call logged must be there without any waiting.
    for method in ["echo", "echojson", "getrpcinfo"] {
        node.rpc()?.call(method, json!([]))?;
        let wanted = format!("ThreadRPCServer method={method} ");
        let lines = node.log().lines()?;
        ensure!(
            lines.iter().any(|line| line.message.starts_with(&wanted)),
            "{method} is not logged: {lines:?}"
        );
    }
    node.stop()
}

/// Whether a call is logged by the category rpc.
fn logs_calls(node: &Node<'_>, method: &str) -> Result<bool> {
    node.rpc()?.call(method, json!([]))?;
    Ok(node
        .log()
        .text()?
        .contains(&format!("ThreadRPCServer method={method} ")))
}

fn start_with(daemon: Daemon, data_dir: &DataDir, option: &str, log_options: &[&str]) -> Result<bool> {
    let mut options = vec![data_dir.option()];
    options.extend([option].iter().chain(log_options).map(Into::into));
    let mut node = Node::spawn_with(daemon, data_dir, &options)?;
    node.wait_for_rpc()?;
    let is_logged = logs_calls(&node, "getrpcinfo")?;
    node.stop()?;
    Ok(is_logged)
}

fn writes_categories_that_debug_selects(daemon: Daemon) -> Result<()> {
    let rows = [
        ("-debug=rpc", true),
        ("-debug=http", false),
        ("-debug=1", true),
        ("-debug=all", true),
        ("-debug", true),
        ("-debug=0", false),
        ("-debug=none", false),
        ("-nodebug", false),
    ];
    for (option, is_logged) in rows {
        let data_dir = DataDir::new()?;
        ensure!(
            start_with(daemon, &data_dir, option, &[])? == is_logged,
            "with {option}"
        );
    }
    Ok(())
}

fn leaves_out_categories_that_debugexclude_names(daemon: Daemon) -> Result<()> {
    for (option, is_logged) in [("-debugexclude=rpc", false), ("-debugexclude=http", true)] {
        let data_dir = DataDir::new()?;
        ensure!(
            start_with(daemon, &data_dir, "-debug", &[option])? == is_logged,
            "with {option}"
        );
    }
    Ok(())
}

fn switches_categories_over_rpc(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let mut node = Node::spawn_with(daemon, &data_dir, &[data_dir.option()])?;
    node.wait_for_rpc()?;
    let mut rpc = node.rpc()?;
    let categories = rpc.call("logging", json!([]))?;
    let categories = categories.as_object().context("not an object")?;
    ensure!(
        categories.values().all(|value| value == &json!(false)),
        "{categories:?}"
    );
    for category in ["net", "http", "rpc", "ipc", "mempool", "validation"] {
        ensure!(
            categories.contains_key(category),
            "no {category} in {categories:?}"
        );
    }
    ensure!(!logs_calls(&node, "getrpcinfo")?, "logged without being selected");

    let categories = rpc.call("logging", json!([["rpc", "ipc"]]))?;
    assert_eq!(
        (&categories["rpc"], &categories["ipc"], &categories["http"]),
        (&json!(true), &json!(true), &json!(false))
    );
    ensure!(logs_calls(&node, "echo")?, "not logged though selected");

    let categories = rpc.call("logging", json!({"exclude": ["rpc"]}))?;
    assert_eq!(
        (&categories["rpc"], &categories["ipc"]),
        (&json!(false), &json!(true))
    );
    ensure!(!logs_calls(&node, "getmemoryinfo")?, "logged though switched off");

    // A name in both lists ends up excluded.
    let categories = rpc.call("logging", json!([["rpc"], ["rpc"]]))?;
    assert_eq!(categories["rpc"], json!(false));
    let categories = rpc.call("logging", json!([["all"]]))?;
    let is_all_on = categories
        .as_object()
        .context("not an object")?
        .values()
        .all(|value| value == &json!(true));
    ensure!(is_all_on, "{categories}");
    node.stop()
}

fn refuses_unknown_categories_over_rpc(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let reply = node.rpc()?.request("logging", json!([["nonsuch"]]))?;
    assert_eq!(reply.refusal()?, (500, -8, "unknown logging category nonsuch"));
    node.stop()
}

fn writes_to_the_console_when_asked(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &["-printtoconsole=1"])?;
    node.rpc()?.call("stop", json!({"wait": 0}))?;
    let finished = node.wait()?;
    finished.check_success()?;
    let log = data_dir.log().text()?;
    // The file's first bytes are blank lines that set runs apart.
    assert_eq!(finished.stdout.trim(), log.trim());
    Ok(())
}

fn writes_no_file_when_told_so(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &["-nodebuglogfile"])?;
    ensure!(!data_dir.regtest("debug.log").exists(), "there is a debug.log");
    let info = node.rpc()?.call("getrpcinfo", json!([]))?;
    ensure!(info["logpath"].is_string(), "{info}");
    node.stop()
}

fn writes_the_file_where_it_is_told(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let absolute = data_dir.outside().join("absolute.log");
    let absolute_option = format!("-debuglogfile={}", absolute.display());
    for (option, file) in [
        ("-debuglogfile=other ₿.log", data_dir.regtest("other ₿.log")),
        (absolute_option.as_str(), absolute),
    ] {
        let node = Node::start(daemon, &data_dir, &[option])?;
        ensure!(
            !fs::read_to_string(&file)?.is_empty(),
            "{option}: nothing in {}",
            file.display()
        );
        let info = node.rpc()?.call("getrpcinfo", json!([]))?;
        assert_eq!(info["logpath"].as_str(), file.to_str());
        node.stop()?;
    }
    Ok(())
}

fn names_the_data_directory_the_version_and_what_hashes(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let directory = data_dir.path().join("regtest");
    node.log().wait_for("Syscoin Core version v")?;
    // In the executable, where linkers chose among several.
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("sha") {
        node.log()
            .wait_for("Using the 'x86_shani(1way,2way)' SHA256 implementation")?;
    }
    node.log()
        .wait_for(&format!("Using data directory {}", directory.display()))?;
    node.log().wait_for(&format!(
        "Config file: {}",
        data_dir.path().join("syscoin.conf").display()
    ))?;
    node.stop()
}

fn cuts_nothing_from_the_log_of_earlier_runs(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    Node::start(daemon, &data_dir, &[])?.stop()?;
    let first = data_dir.log().text()?;
    Node::start(daemon, &data_dir, &[])?.stop()?;
    let both = data_dir.log().text()?;
    ensure!(
        both.starts_with(&first) && both.len() > first.len(),
        "the first run's log is gone"
    );
    Ok(())
}

fn cuts_a_large_log_down_when_asked(daemon: Daemon) -> Result<()> {
    const LARGE: u64 = 11_500_000;
    for (option, is_cut) in [("-shrinkdebugfile=1", true), ("-shrinkdebugfile=0", false)] {
        let data_dir = DataDir::new()?;
        fs::create_dir(data_dir.regtest(""))?;
        let file = data_dir.regtest("debug.log");
        fs::write(&file, "x".repeat(usize::try_from(LARGE)?))?;
        Node::start(daemon, &data_dir, &[option])?.stop()?;
        let length = fs::metadata(&file)?.len();
        ensure!((length < LARGE) == is_cut, "{option}: {length} bytes are left");
        ensure!(length > 10_000_000, "{option}: too much is gone: {length}");
    }
    Ok(())
}

fn goes_on_in_a_new_file_after_a_hang_up(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let (file, moved) = (data_dir.regtest("debug.log"), data_dir.regtest("debug.log.1"));
    fs::rename(&file, &moved)?;
    node.program().signal(Signal::HUP)?;
    // Whatever is logged makes the new file grow once it is there.
    wait_until("a new file", || {
        node.rpc()?.call("uptime", json!([]))?;
        Ok(fs::metadata(&file).is_ok_and(|file| file.len() > 0).then_some(()))
    })?;
    let old = fs::metadata(&moved)?.len();
    node.rpc()?.call("echo", json!([]))?;
    ensure!(
        node.log().text()?.contains("method=echo "),
        "the call is not in the new file"
    );
    assert_eq!(fs::metadata(&moved)?.len(), old, "the old file still grows");
    node.stop()
}

fn refuses_a_log_that_it_cannot_write(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let absolute = data_dir.outside().join("absent/debug.log");
    let absolute_option = format!("-debuglogfile={}", absolute.display());
    for (option, file) in [
        (
            "-debuglogfile=absent/debug.log",
            data_dir.regtest("absent/debug.log"),
        ),
        (absolute_option.as_str(), absolute),
    ] {
        let told = Node::spawn(daemon, &data_dir, &[option])?.failure()?;
        assert_eq!(
            told,
            format!("Error: Could not open debug log file {}\n", file.display())
        );
        let directory = file.parent().context("no directory")?;
        fs::create_dir(directory)?;
        Node::start(daemon, &data_dir, &[option])?.stop()?;
        ensure!(file.is_file(), "{option}: there is no log");
    }
    Node::start(daemon, &data_dir, &["-debuglogfile=/dev/null"])?.stop()
}

fn shows_where_calls_come_from_when_asked(daemon: Daemon) -> Result<()> {
    for (option, is_shown) in [("-logips=1", true), ("-logips=0", false)] {
        let data_dir = DataDir::new()?;
        let node = Node::start(daemon, &data_dir, &[option])?;
        node.rpc()?.call("echo", json!([]))?;
        let line = node.log().wait_for("method=echo ")?;
        ensure!(
            line.message.contains("peeraddr=127.0.0.1:") == is_shown,
            "{option}: {line:?}"
        );
        node.stop()?;
    }
    Ok(())
}

/// Rigs stop nodes at these lines to see what becomes of a start that is broken off.
fn tells_how_far_the_start_is(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    Node::start(daemon, &data_dir, &[])?.stop()?;
    let node = Node::start(
        daemon,
        &data_dir,
        &["-txindex", "-blockfilterindex", "-coinstatsindex"],
    )?;
    let mut rest = node.log().text()?;
    for line in [
        "Starting HTTP server",
        "init message: Loading banlist…",
        "init message: Loading P2P addresses…",
        "Checking all blk files are present...",
        "Loaded best chain: hashBestChain=28a2c2d251f46fac05ade79085cbcb2ae4ec67ea24f1f1c7b40a348c00521194 height=0 date=",
        "Validating signatures for all blocks.",
        "init message: Verifying blocks…",
        "init message: Done loading",
    ] {
        let at = rest.rfind(line).with_context(|| format!("no {line:?}"))?;
        rest.drain(..at);
    }
    for line in [
        "initload thread start",
        "txindex thread start",
        "basic block filter index thread start",
        "coinstatsindex thread start",
    ] {
        node.log().wait_for(line)?;
    }
    node.stop()
}
