//! The RPC server with many clients, slow clients and vanishing clients.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use functional_tests::{Connection, Daemon, DataDir, Node, basic, for_each_daemon, post};
use serde_json::{Value, json};

for_each_daemon![
    slow_clients_do_not_hinder_others,
    vanishing_clients_do_no_harm,
    open_connections_do_not_hinder_the_end,
    silent_connections_are_closed_in_time,
    serves_many_clients_at_once,
    refuses_calls_beyond_its_queue,
];

fn slow_clients_do_not_hinder_others(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &["-rpcthreads=1"])?;
    let port = data_dir.rpc_port().number();
    let request = post("/", Some(&basic(&data_dir.cookie()?)), "{\"method\": \"uptime\"}");
    let mut slow = Vec::new();
    // Connections that say nothing, half a head, a head only, and half a body.
    for count in [0, 20, request.len() - 20, request.len() - 5] {
        for _ in 0..8 {
            let mut connection = Connection::open(port)?;
            connection.send(&request[..count])?;
            slow.push((connection, count));
        }
    }
    for _ in 0..20 {
        node.rpc()?.call("uptime", json!([]))?;
    }
    // Each of them is served when it gets on with it.
    for (connection, count) in &mut slow {
        assert_eq!(
            connection.exchange(&request[*count..])?.status,
            200,
            "after {count} bytes"
        );
    }
    node.stop()
}

fn vanishing_clients_do_no_harm(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let large = json!({"method": "echo", "params": ["x".repeat(1 << 20)]}).to_string();
    let request = post("/", Some(&basic(&data_dir.cookie()?)), &large);
    for count in [0, 10, 200, request.len() / 2, request.len()] {
        for _ in 0..5 {
            let mut connection = Connection::open(data_dir.rpc_port().number())?;
            connection.send(&request[..count])?;
        }
    }
    for _ in 0..5 {
        node.rpc()?.call("uptime", json!([]))?;
    }
    node.stop()
}

fn open_connections_do_not_hinder_the_end(daemon: Daemon) -> Result<()> {
    /// Far more than an undisturbed end takes, far less than the server's patience with clients.
    const PATIENCE: Duration = Duration::from_secs(15);
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let request = post("/", Some(&basic(&data_dir.cookie()?)), "{\"method\": \"uptime\"}");
    let mut connections = Vec::new();
    for count in [0, 10, request.len() - 1, request.len()] {
        let mut connection = Connection::open(data_dir.rpc_port().number())?;
        connection.send(&request[..count])?;
        connections.push(connection);
    }
    let start = Instant::now();
    node.stop()?;
    ensure!(start.elapsed() < PATIENCE, "it took {:?}", start.elapsed());
    Ok(())
}

fn silent_connections_are_closed_in_time(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &["-rpcservertimeout=1"])?;
    let request = post("/", Some(&basic(&data_dir.cookie()?)), "{\"method\": \"uptime\"}");
    let mut silent = Connection::open(data_dir.rpc_port().number())?;
    let mut half = Connection::open(data_dir.rpc_port().number())?;
    half.send(&request[..20])?;
    let mut served = Connection::open(data_dir.rpc_port().number())?;
    assert_eq!(served.exchange(&request)?.status, 200);
    for connection in [&mut silent, &mut half, &mut served] {
        connection.wait_for_end()?;
    }
    node.stop()
}

fn serves_many_clients_at_once(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &["-rpcworkqueue=100"])?;
    let clients: Vec<_> = (0..20)
        .map(|number| {
            let mut rpc = node.rpc()?;
            Ok(thread::spawn(move || -> Result<()> {
                for round in 0..20 {
                    let arguments = json!([number, round]);
                    ensure!(rpc.call("echo", arguments.clone())? == arguments, "mixed up");
                }
                Ok(())
            }))
        })
        .collect::<Result<_>>()?;
    for client in clients {
        client
            .join()
            .expect("no client panics because each gives its failure as an error")?;
    }
    node.stop()
}

fn refuses_calls_beyond_its_queue(daemon: Daemon) -> Result<()> {
    const CLIENTS: usize = 8;
    let data_dir = DataDir::new()?;
    let node = Node::start(
        daemon,
        &data_dir,
        &["-rpcthreads=1", "-rpcworkqueue=1", "-debugexclude=rpc"],
    )?;
    // Long enough to keep the only worker busy until all the requests have come in.
    let calls: Vec<Value> = (0..20_000)
        .map(|id| json!({"id": id, "method": "help"}))
        .collect();
    let request = post("/", Some(&basic(&data_dir.cookie()?)), &json!(calls).to_string());
    let mut connections = Vec::new();
    for _ in 0..CLIENTS {
        let mut connection = Connection::open(data_dir.rpc_port().number())?;
        connection.send(&request)?;
        connections.push(connection);
    }
    let mut served = 0;
    for connection in &mut connections {
        let response = connection.receive()?;
        match response.status {
            200 => served += 1,
            503 => assert_eq!(response.body, "Work queue depth exceeded"),
            status => anyhow::bail!("status {status}"),
        }
    }
    ensure!(
        served > 0 && served < CLIENTS,
        "{served} of {CLIENTS} were served"
    );
    node.log()
        .wait_for("request rejected because http work queue depth exceeded")?;
    node.stop()
}
