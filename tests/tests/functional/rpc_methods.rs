//! The methods that every node has, and how arguments reach them.

use anyhow::{Context as _, Result, ensure};
use functional_tests::{Daemon, DataDir, Node, for_each_daemon};
use serde_json::{Value, json};

for_each_daemon![
    tells_about_running_calls,
    tells_how_long_it_runs,
    lists_its_methods,
    explains_each_method,
    echoes_any_arguments,
    takes_arguments_by_name,
    refuses_wrong_arguments_by_name,
    refuses_wrong_numbers_and_types_of_arguments,
    tells_about_its_memory,
    tells_that_it_follows_no_masternodes,
    echoes_over_the_interface,
];

fn tells_about_running_calls(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let info = node.rpc()?.call("getrpcinfo", json!([]))?;
    assert_eq!(info["logpath"].as_str(), data_dir.regtest("debug.log").to_str());
    let [command] = info["active_commands"].as_array().context("no list")?.as_slice() else {
        anyhow::bail!("expected this call alone: {info}");
    };
    assert_eq!(command["method"], "getrpcinfo");
    let duration = command["duration"]
        .as_u64()
        .context("no duration in microseconds")?;
    ensure!(duration < 60_000_000, "{duration} µs");
    node.stop()
}

fn tells_how_long_it_runs(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let seconds = rpc.call("uptime", json!([]))?;
    ensure!(seconds.as_u64().is_some_and(|seconds| seconds < 600), "{seconds}");
    // By the clock that is set, as long as one is.
    rpc.call("setmocktime", json!([4_000_000_000_u64]))?;
    let later = rpc.call("uptime", json!([]))?;
    ensure!(
        later.as_u64().is_some_and(|later| later > 1_000_000_000),
        "{later}"
    );
    rpc.call("setmocktime", json!([0]))?;
    node.stop()
}

fn tells_that_it_follows_no_masternodes(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &["-rpcdoccheck"])?;
    let mut rpc = node.rpc()?;
    let active = rpc.call("spork", json!(["active"]))?;
    assert_eq!(active["SPORK_9_SUPERBLOCKS_ENABLED"], true);
    assert_eq!(active["SPORK_19_CHAINLOCKS_ENABLED"], false);
    rpc.call("setmocktime", json!([2_000_000_000]))?;
    assert_eq!(rpc.call("mnsync", json!(["reset"]))?, "success");
    let status = rpc.call("mnsync", json!(["status"]))?;
    assert_eq!(status["AssetStartTime"], 2_000_000_000);
    assert_eq!(status["IsSynced"], false);
    let refused = rpc.refusal("getchainlocks", json!([]))?;
    assert_eq!(refused, (-32603, "Unable to find any chainlock".to_owned()));
    node.stop()
}

fn lists_its_methods(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let help = node.rpc()?.call("help", json!([]))?;
    let help = help.as_str().context("not a text")?;
    ensure!(
        help.starts_with("== ") && help.contains("== Control ==\n"),
        "no titles: {help}"
    );
    let names: Vec<&str> = help.lines().filter_map(|line| line.split(' ').next()).collect();
    for name in ["getmemoryinfo", "getrpcinfo", "help", "logging", "stop", "uptime"] {
        ensure!(names.contains(&name), "{name} is not listed: {help}");
    }
    for hidden in ["echo", "echojson", "echoipc"] {
        ensure!(!names.contains(&hidden), "{hidden} is listed: {help}");
    }
    node.stop()
}

fn explains_each_method(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    for method in [
        "getmemoryinfo",
        "getrpcinfo",
        "help",
        "logging",
        "stop",
        "uptime",
        "echo",
        "echojson",
        "echoipc",
    ] {
        let help = rpc.call("help", json!([method]))?;
        let help = help.as_str().context("not a text")?;
        ensure!(
            help.starts_with(method) && help.contains("\n\n"),
            "help of {method}: {help}"
        );
    }
    for method in ["getmemoryinfo", "getrpcinfo", "logging", "uptime"] {
        let help = rpc.call("help", json!([method]))?;
        let help = help.as_str().context("not a text")?;
        for part in [
            "\nExamples:\n",
            &format!("> syscoin-cli {method}"),
            "> curl --user ",
        ] {
            ensure!(help.contains(part), "help of {method} lacks {part:?}: {help}");
        }
    }
    assert_eq!(
        rpc.call("help", json!(["nonsuch"]))?,
        json!("help: unknown command: nonsuch")
    );
    let reply = rpc.request("help", json!(["one", "two"]))?;
    let (status, code, message) = reply.refusal()?;
    ensure!(
        (status, code) == (500, -1) && message.starts_with("help ( \"command\" )"),
        "{reply:?}"
    );
    node.stop()
}

fn echoes_any_arguments(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let rows = [
        json!([]),
        json!([1, "two", [3], {"four": 4}, null, true]),
        json!(["₿🏃", "\u{0000}\u{001f}\"\\/", "\u{10ffff}"]),
        json!([
            1.5,
            -0.00000001,
            20999999.9769,
            9_223_372_036_854_775_807_i64,
            1e-8
        ]),
        json!([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
    ];
    for arguments in rows {
        for method in ["echo", "echojson"] {
            // Numbers keep the digits that they came with, so texts are compared.
            assert_eq!(
                rpc.call(method, arguments.clone())?.to_string(),
                arguments.to_string(),
                "{method}"
            );
        }
    }
    let reply = rpc.request("echo", json!([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]))?;
    assert_eq!(reply.refusal()?.1, -1);
    // Upstream's own check that a failed assumption answers the call instead of ending the node.
    let reply = rpc.request("echo", json!([0, 1, 2, 3, 4, 5, 6, 7, 8, "trigger_internal_bug"]))?;
    let (status, code, message) = reply.refusal()?;
    ensure!(
        (status, code) == (500, -1) && message.contains("Internal bug detected"),
        "{reply:?}"
    );
    node.stop()
}

fn takes_arguments_by_name(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let rows = [
        (json!({}), json!([])),
        (json!({"arg0": 0}), json!([0])),
        (json!({"arg1": 1}), json!([null, 1])),
        (
            json!({"arg9": null}),
            json!([null, null, null, null, null, null, null, null, null, null]),
        ),
        (
            json!({"arg0": 0, "arg3": 3, "arg9": 9}),
            json!([0, null, null, 3, null, null, null, null, null, 9]),
        ),
        (json!({"args": []}), json!([])),
        (json!({"args": [0, 1]}), json!([0, 1])),
        (json!({"args": [0, 1], "arg3": 3}), json!([0, 1, null, 3])),
    ];
    for (named, positional) in rows {
        assert_eq!(rpc.call("echo", named.clone())?, positional, "{named}");
    }
    node.stop()
}

fn refuses_wrong_arguments_by_name(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let rows = [
        (r#"{"nonsuch": 1}"#, -8, "Unknown named parameter nonsuch"),
        (
            r#"{"arg1": 1, "arg1": 1}"#,
            -8,
            "Parameter arg1 specified multiple times",
        ),
        (
            r#"{"args": [0, 1], "arg1": 1}"#,
            -8,
            "Parameter arg1 specified twice both as positional and named argument",
        ),
        (
            r#"{"args": [0], "args": [1]}"#,
            -8,
            "Parameter args specified multiple times",
        ),
    ];
    for (params, code, message) in rows {
        let response = rpc.post(
            "/",
            &format!(r#"{{"method": "echo", "params": {params}, "id": 1}}"#),
        )?;
        let reply = functional_tests::Reply::parse(&response)?;
        assert_eq!(reply.refusal()?, (500, code, message), "{params}");
        assert_eq!(reply.id, json!(1));
    }
    node.stop()
}

fn refuses_wrong_numbers_and_types_of_arguments(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let rows: [(&str, Value, i64, &str); 8] = [
        ("uptime", json!([1]), -1, "uptime\n"),
        ("echoipc", json!([]), -1, "echoipc \"arg\"\n"),
        ("echoipc", json!(["a", "b"]), -1, "echoipc \"arg\"\n"),
        (
            "echoipc",
            json!([1]),
            -3,
            "Wrong type passed:\n{\n    \"Position 1 (arg)\": \"JSON value of type number is not of expected type string\"\n}",
        ),
        (
            "getmemoryinfo",
            json!([true]),
            -3,
            "Wrong type passed:\n{\n    \"Position 1 (mode)\": \"JSON value of type bool is not of expected type string\"\n}",
        ),
        (
            "logging",
            json!([["rpc"], "rpc"]),
            -3,
            "Wrong type passed:\n{\n    \"Position 2 (exclude)\": \"JSON value of type string is not of expected type array\"\n}",
        ),
        ("getmemoryinfo", json!(["nonsuch"]), -8, "unknown mode nonsuch"),
        ("stop", json!(["soon"]), -3, "Wrong type passed:"),
    ];
    for (method, params, expected_code, expected_message) in rows {
        let reply = rpc.request(method, params.clone())?;
        let (status, code, message) = reply.refusal()?;
        ensure!(
            status == 500 && code == expected_code && message.starts_with(expected_message),
            "{method} {params} should fail with {expected_code} {expected_message:?}: {reply:?}"
        );
    }
    node.stop()
}

fn tells_about_its_memory(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    for params in [json!([]), json!(["stats"]), json!({"mode": "stats"})] {
        let info = rpc.call("getmemoryinfo", params)?;
        let locked = info["locked"].as_object().context("no object")?;
        for key in ["used", "free", "total", "locked", "chunks_used", "chunks_free"] {
            ensure!(
                locked.get(key).is_some_and(Value::is_u64),
                "no number {key} in {info}"
            );
        }
    }
    let text = rpc.call("getmemoryinfo", json!(["mallocinfo"]))?;
    let text = text.as_str().context("not a text")?;
    ensure!(
        text.starts_with("<malloc version=") && text.trim_end().ends_with("</malloc>"),
        "{text}"
    );
    node.stop()
}

fn echoes_over_the_interface(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let megabyte = "₿ 🏃 x".repeat(100_000);
    ensure!(megabyte.len() >= 1_000_000, "{} bytes", megabyte.len());
    for text in [
        "hello",
        "",
        "₿🏃 \u{10ffff}",
        "\"quoted\" \\ \n\r\t \u{1f}",
        "\u{0}inner\u{0}",
        &megabyte,
    ] {
        let echo = rpc.call("echoipc", json!([text]))?;
        ensure!(
            echo == json!(text),
            "{} bytes came back as something else",
            text.len()
        );
    }
    assert_eq!(rpc.call("echoipc", json!({"arg": "named"}))?, json!("named"));
    node.stop()
}
