//! `getipcinfo`: what a node tells of its connections to other processes, and of the calls on them.

use anyhow::{Context as _, Result, ensure};
use functional_tests::{
    Cli, Daemon, DataDir, IpcEcho, Method, Node, for_each_daemon, for_multiprocess, wait_until, with_context,
};
use serde_json::{Value, json};

for_multiprocess![
    counts_each_call_and_forgets_what_is_closed,
    tells_whom_it_is_connected_to,
    is_answered_over_ipc_too,
];

for_each_daemon![is_there_where_there_is_ipc];

/// The options with which a node also checks that its results are as its help says.
const CHECKED: [&str; 2] = ["-ipcbind=unix", "-rpcdoccheck"];

fn start<'a>(data_dir: &'a DataDir, options: &[&str]) -> Result<Node<'a>> {
    let mut all = CHECKED.to_vec();
    all.extend(options);
    Node::start(Daemon::SyscoinNode, data_dir, &all)
}

fn info(node: &Node<'_>) -> Result<Value> {
    node.rpc()?.call("getipcinfo", json!([]))
}

/// Calls and errors of each method, whose latencies must add up.
fn methods(info: &Value) -> Result<Vec<(String, u64, u64)>> {
    let methods = info.as_object().context("no methods")?;
    let mut counts = Vec::new();
    for (name, figures) in methods {
        let figure = |key: &str| {
            figures[key]
                .as_u64()
                .with_context(|| format!("{name} has no {key}"))
        };
        let (calls, errors, duration) = (figure("calls")?, figure("errors")?, figure("duration")?);
        let (mut in_ranges, mut least) = (0, 0);
        for (bound, count) in figures["latency"].as_object().context("no latencies")? {
            let count = count.as_u64().context("no count")?;
            let bound: u64 = bound.parse()?;
            ensure!(bound.is_power_of_two() && count > 0, "{figures}");
            in_ranges += count;
            least += count * (bound / 2);
        }
        ensure!(in_ranges == calls, "{name}: {figures}");
        ensure!(
            (least..=2 * least + calls).contains(&duration),
            "{name}: {least} µs at least: {figures}"
        );
        counts.push((name.clone(), calls, errors));
    }
    Ok(counts)
}

fn check_methods(info: &Value, expected: &[(&str, u64, u64)]) -> Result<()> {
    let found = methods(info)?;
    let expected = expected
        .iter()
        .map(|(name, calls, errors)| ((*name).to_owned(), *calls, *errors));
    assert_eq!(found, expected.collect::<Vec<_>>());
    Ok(())
}

fn connections(info: &Value) -> Result<&[Value]> {
    Ok(info["connections"].as_array().context("no connections")?)
}

fn counts(calls: u64, in_flight: u64, objects: u64) -> Value {
    json!({ "calls": calls, "in_flight": in_flight, "objects": objects })
}

fn counts_each_call_and_forgets_what_is_closed() -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = start(&data_dir, &["-ipcbind=unix:small.sock,allow=rpc+echo"])?;
    let address = |name: &str| format!("unix:{}", data_dir.regtest(name).display());
    let nothing = info(&node)?;
    let everything = ["chain", "echo", "mining", "node", "rpc", "wallet"];
    assert_eq!(
        nothing,
        json!({
            "listeners": [
                { "address": address("node.sock"), "allow": everything },
                { "address": address("small.sock"), "allow": ["echo", "rpc"] },
            ],
            "connections": [],
            "served": {},
            "made": {},
        })
    );

    // Each makes one call when it connects.
    let mut first = IpcEcho::connect(&data_dir.regtest("node.sock"))?;
    let mut second = IpcEcho::connect(&data_dir.regtest("small.sock"))?;
    for _ in 0..99 {
        first.check("counted")?;
    }
    let (parameters, capabilities) = with_context(&first.thread().clone(), None);
    let echo = first.capability().clone();
    let client = first.client();
    let question = client.call(&echo, Method::DESTROY, &parameters, &capabilities)?;
    ensure!(client.answer(question)?.is_ok());
    let question = first.send("too late")?;
    ensure!(first.client().answer(question)?.is_err());
    second.check("counted too")?;

    let told = info(&node)?;
    check_methods(
        &told["served"],
        &[
            ("Echo.destroy", 1, 0),
            ("Echo.echo", 103, 1),
            ("Init.construct", 2, 0),
            ("Init.makeEcho", 2, 0),
        ],
    )?;
    check_methods(&told["made"], &[])?;
    let [one, other] = connections(&told)? else {
        anyhow::bail!("not two connections: {told}");
    };
    assert_eq!(one["served"], counts(104, 0, 1));
    assert_eq!(other["served"], counts(4, 0, 2));
    for (connection, name, messages) in [(one, "node.sock", 205), (other, "small.sock", 8)] {
        assert_eq!(connection["address"], address(name));
        assert_eq!(
            (&connection["inbound"], &connection["kind"]),
            (&json!(true), &json!("unix"))
        );
        assert_eq!(connection["peer"]["pid"], std::process::id());
        assert_eq!(connection["peer"]["uid"], rustix::process::getuid().as_raw());
        assert_eq!(
            (&connection["made"], &connection["threads"]),
            (&counts(0, 0, 0), &json!(1))
        );
        // It speaks libmultiprocess's protocol, and does not know ours.
        ensure!(connection.get("version").is_none(), "{connection}");
        for key in ["messagesrecv", "messagessent"] {
            let count = connection[key].as_u64().context("no count")?;
            ensure!(
                (messages / 2..2 * messages).contains(&count),
                "{key}: {connection}"
            );
        }
        for key in ["bytesrecv", "bytessent"] {
            let count = connection[key].as_u64().context("no count")?;
            ensure!(
                (messages * 20..messages * 500).contains(&count),
                "{key}: {connection}"
            );
        }
    }

    drop(first);
    let left = wait_until("a connection less", || {
        let told = info(&node)?;
        Ok((connections(&told)?.len() == 1).then_some(told))
    })?;
    assert_eq!(connections(&left)?[0]["id"], other["id"]);
    assert_eq!(left["served"]["Echo.echo"]["calls"], 103);
    node.stop()
}

fn tells_whom_it_is_connected_to() -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = start(&data_dir, &["-disablewallet=0"])?;
    let told = wait_until("a wallet's process that was set up", || {
        let told = info(&node)?;
        let connection = connections(&told)?.first().cloned();
        Ok(connection.filter(|connection| connection["made"] == counts(1, 0, 1)))
    })?;
    assert_eq!(
        (&told["inbound"], &told["kind"]),
        (&json!(false), &json!("inherited"))
    );
    assert_eq!(told["peer"]["name"], "syscoin-wallet");
    assert_eq!((&told["version"], &told["served"]), (&json!(1), &counts(0, 0, 0)));
    ensure!(told.get("address").is_none(), "{told}");

    // A process that is started for one call is told of by what was called there.
    for _ in 0..3 {
        node.rpc()?.call("echoipc", json!(["x"]))?;
    }
    let told = wait_until("the end of the processes", || {
        let told = info(&node)?;
        Ok((connections(&told)?.len() == 1).then_some(told))
    })?;
    check_methods(&told["served"], &[])?;
    check_methods(
        &told["made"],
        &[
            ("Echo.destroy", 3, 0),
            ("Echo.echo", 3, 0),
            ("Init.construct", 4, 0),
            ("Init.makeEcho", 3, 0),
        ],
    )?;
    node.stop()
}

fn is_answered_over_ipc_too() -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = start(&data_dir, &[])?;
    let finished = Cli::new(&data_dir).run(&["-ipcconnect=unix", "getipcinfo"])?;
    finished.check_success()?;
    let told: Value = serde_json::from_str(&finished.stdout)?;
    // It is the client's own call that is told of: it runs.
    let [connection] = connections(&told)? else {
        anyhow::bail!("not one connection: {told}");
    };
    assert_eq!(connection["peer"]["name"], "syscoin-cli");
    assert_eq!(
        (&connection["version"], &connection["served"]["in_flight"]),
        (&json!(1), &json!(1))
    );
    check_methods(
        &told["served"],
        &[("Init.construct", 1, 0), ("Init.makeRpc", 1, 0)],
    )?;
    node.stop()
}

fn is_there_where_there_is_ipc(daemon: Daemon) -> Result<()> {
    const METHOD_NOT_FOUND: i64 = -32601;
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let help = rpc.call("help", json!([]))?;
    let is_listed = help
        .as_str()
        .context("no text")?
        .lines()
        .any(|line| line == "getipcinfo");
    let reply = rpc.request("getipcinfo", json!([]))?;
    match daemon {
        Daemon::SyscoinNode => {
            ensure!(is_listed && reply.refusal().is_err(), "{reply:?}");
            let help = rpc.call("help", json!(["getipcinfo"]))?;
            let help = help.as_str().context("no text")?;
            for part in ["\nResult:\n{", "\"listeners\" : [", "> syscoin-cli getipcinfo"] {
                ensure!(help.contains(part), "no {part:?} in {help}");
            }
        }
        Daemon::Syscoind => ensure!(!is_listed && reply.refusal()?.1 == METHOD_NOT_FOUND, "{reply:?}"),
    }
    node.stop()
}
