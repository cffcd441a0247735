//! What a node says of itself and others while nothing connects it to them.

use anyhow::{Context as _, Result, ensure};
use functional_tests::{Cli, Daemon, DataDir, Node, RpcClient, for_each_daemon};
use serde_json::{Value, json};

for_each_daemon![
    tells_what_it_is_among_others,
    keeps_a_list_of_nodes_to_connect_to,
    has_nobody_to_talk_to,
    shows_the_client_its_pages,
    takes_options_of_what_is_not_built_yet,
    tells_where_it_can_be_reached,
    tells_how_much_it_may_send,
    logs_whether_it_may_connect,
    refuses_unfit_options_about_networks,
    refuses_what_is_no_address_to_listen_at_or_to_trust,
];

/// Checks that calls are refused with a number and a text that begins so.
pub(crate) fn check_refusals(rpc: &mut RpcClient, rows: &[(&str, Value, i64, &str)]) -> Result<()> {
    for (method, params, code, message) in rows {
        let refused = rpc.refusal(method, params.clone())?;
        ensure!(
            refused.0 == *code && refused.1.starts_with(message),
            "{method} {params} should be refused with {code} {message:?}: {refused:?}"
        );
    }
    Ok(())
}

fn tells_what_it_is_among_others(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let options = [
        "-rpcdoccheck",
        "-proxy=127.0.0.1:9",
        "-onlynet=onion",
        "-blocksonly",
    ];
    let node = Node::start(daemon, &data_dir, &options)?;
    let mut rpc = node.rpc()?;
    let info = rpc.call("getnetworkinfo", json!([]))?;
    let names: Vec<&str> = info
        .as_object()
        .context("no object")?
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        names,
        [
            "version",
            "subversion",
            "protocolversion",
            "localservices",
            "localservicesnames",
            "localrelay",
            "timeoffset",
            "networkactive",
            "connections",
            "connections_in",
            "connections_out",
            "connections_mn",
            "connections_mn_in",
            "connections_mn_out",
            "networks",
            "relayfee",
            "incrementalfee",
            "localaddresses",
            "warnings",
        ]
    );
    for (name, expected) in [
        ("version", json!(50_101)),
        ("subversion", json!("/Satoshi:5.1.1(testnode0)/")),
        ("protocolversion", json!(70_017)),
        ("localservices", json!("0000000000000409")),
        (
            "localservicesnames",
            json!(["NETWORK", "WITNESS", "NETWORK_LIMITED"]),
        ),
        ("localrelay", json!(false)),
        ("networkactive", json!(true)),
        ("connections", json!(0)),
        ("localaddresses", json!([])),
    ] {
        assert_eq!(info[name], expected, "{name}");
    }
    assert_eq!(info["relayfee"].to_string(), "0.00001000");
    for network in info["networks"].as_array().context("no list")? {
        let is_onion = network["name"] == "onion";
        assert_eq!(network["reachable"], is_onion, "{network}");
        assert_eq!(network["limited"], !is_onion, "{network}");
    }
    assert_eq!(info["networks"][2]["proxy"], "127.0.0.1:9");
    assert_eq!(rpc.call("setnetworkactive", json!([false]))?, false);
    assert_eq!(rpc.call("getnetworkinfo", json!([]))?["networkactive"], false);
    let totals = rpc.call("getnettotals", json!([]))?;
    assert_eq!(totals["totalbytessent"], 0);
    assert_eq!(totals["uploadtarget"]["timeframe"], 86_400);
    node.stop()
}

fn keeps_a_list_of_nodes_to_connect_to(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &["-rpcdoccheck", "-addnode=node.example"])?;
    let mut rpc = node.rpc()?;
    rpc.call("addnode", json!(["127.0.0.1:1", "add"]))?;
    let listed = rpc.call("getaddednodeinfo", json!([]))?;
    assert_eq!(
        listed,
        json!([
            { "addednode": "node.example", "connected": false, "addresses": [] },
            { "addednode": "127.0.0.1:1", "connected": false, "addresses": [] },
        ])
    );
    assert_eq!(
        rpc.call("getaddednodeinfo", json!({ "node": "127.0.0.1:1" }))?,
        json!([listed[1]])
    );
    check_refusals(
        &mut rpc,
        &[
            (
                "addnode",
                json!(["127.0.0.1:1", "add"]),
                -23,
                "Error: Node already added",
            ),
            (
                "addnode",
                json!(["127.1:1", "remove"]),
                -24,
                "Error: Node could not be removed. It has not been added previously.",
            ),
            (
                "getaddednodeinfo",
                json!(["1.1.1.1"]),
                -24,
                "Error: Node has not been added.",
            ),
            (
                "addnode",
                json!(["127.0.0.1:2", "change"]),
                -1,
                "addnode \"node\" \"command\"",
            ),
            (
                "addnode",
                json!(["127.0.0.1:2", "add", true]),
                -8,
                "Error: v2transport requested but not enabled (see -v2transport)",
            ),
            (
                "addnode",
                json!(["127.0.0.1:2", "onetry"]),
                -31,
                "Error: Peer-to-peer functionality missing or disabled",
            ),
        ],
    )?;
    rpc.call("addnode", json!(["127.0.0.1:1", "remove"]))?;
    assert_eq!(
        rpc.call("getaddednodeinfo", json!([]))?,
        json!([listed[0]]),
        "refused calls change nothing"
    );
    node.stop()
}

fn has_nobody_to_talk_to(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &["-rpcdoccheck"])?;
    let mut rpc = node.rpc()?;
    assert_eq!(rpc.call("getconnectioncount", json!([]))?, 0);
    assert_eq!(rpc.call("getpeerinfo", json!([]))?, json!([]));
    assert_eq!(rpc.call("ping", json!([]))?, Value::Null);
    let hash = rpc.call("getbestblockhash", json!([]))?;
    let none = "0".repeat(64);
    let only_one = "Only one of address and nodeid should be provided.";
    check_refusals(
        &mut rpc,
        &[
            (
                "disconnectnode",
                json!(["127.0.0.1:1"]),
                -29,
                "Node not found in connected nodes",
            ),
            (
                "disconnectnode",
                json!(["", 0]),
                -29,
                "Node not found in connected nodes",
            ),
            (
                "disconnectnode",
                json!({ "nodeid": 0 }),
                -29,
                "Node not found in connected nodes",
            ),
            ("disconnectnode", json!(["127.0.0.1:1", 0]), -32602, only_one),
            ("disconnectnode", json!([]), -32602, only_one),
            (
                "sendmsgtopeer",
                json!([0, "addr", "ff"]),
                -1,
                "Error: Could not send message to peer",
            ),
            (
                "sendmsgtopeer",
                json!([0, "long_msg_type", "ff"]),
                -8,
                "Error: msg_type too long, max length is 12",
            ),
            (
                "sendmsgtopeer",
                json!([0, "addr", "f"]),
                -8,
                "Error parsing input for msg",
            ),
            ("getblockfrompeer", json!([none, 0]), -1, "Block header missing"),
            (
                "getblockfrompeer",
                json!([hash, 0]),
                -1,
                "Block already downloaded",
            ),
            (
                "getblockfrompeer",
                json!(["12", 0]),
                -8,
                "blockhash must be of length 64 (not 2, for '12')",
            ),
            (
                "addconnection",
                json!(["127.0.0.1:1", "feeler"]),
                -31,
                "Error: Peer-to-peer functionality missing or disabled",
            ),
            (
                "addconnection",
                json!(["127.0.0.1:1", "other"]),
                -8,
                "addconnection \"address\" \"connection_type\"",
            ),
        ],
    )?;
    node.stop()
}

fn shows_the_client_its_pages(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let cli = Cli::new(&data_dir);
    let page = cli.run(&["-getinfo"])?;
    ensure!(page.status.success(), "{page:?}");
    for line in [
        "Chain: regtest",
        "Blocks: 0",
        "Network: in 0, out 0, total 0",
        "Version: 50101",
        "Min tx relay fee rate (SYS/kvB): 0.00001000",
    ] {
        ensure!(page.stdout.contains(line), "no {line:?} in {page:?}");
    }
    let page = cli.run(&["-netinfo"])?;
    ensure!(
        page.status.success() && page.stdout.contains("server 70017/Satoshi:5.1.1(testnode0)/"),
        "{page:?}"
    );
    node.stop()
}

fn takes_options_of_what_is_not_built_yet(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let options = [
        "-connect=0",
        "-nobind",
        "-listen=0",
        "-keypool=1",
        "-whitelist=noban@127.0.0.1",
    ];
    let node = Node::start(daemon, &data_dir, &options)?;
    let log = node.log().text()?;
    let line = log
        .lines()
        .find_map(|line| line.split_once("Options of what is not built yet have no effect:"))
        .context("the log does not tell of them")?;
    for option in ["-connect", "-listen", "-keypool", "-whitelist"] {
        ensure!(
            line.1.split(' ').any(|told| told == option),
            "no {option} in {line:?}"
        );
    }
    node.stop()
}

fn tells_where_it_can_be_reached(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let options = [
        "-rpcdoccheck",
        "-externalip=2a00::1",
        "-externalip=1.2.3.4:5",
        "-externalip=1.2.3.4:6",
        "-externalip=192.168.0.1",
        "-bind=127.0.0.1:7",
    ];
    let node = Node::start(daemon, &data_dir, &options)?;
    let info = node.rpc()?.call("getnetworkinfo", json!([]))?;
    assert_eq!(
        info["localaddresses"],
        json!([
            { "address": "1.2.3.4", "port": 6, "score": 5 },
            { "address": "2a00::1", "port": 7, "score": 4 },
        ])
    );
    node.log().wait_for("AddLocal(1.2.3.4:5,4)")?;
    let page = Cli::new(&data_dir).run(&["-netinfo"])?;
    ensure!(
        page.stdout.contains("1.2.3.4") && page.stdout.contains("score      5"),
        "{page:?}"
    );
    node.stop()
}

fn tells_how_much_it_may_send(daemon: Daemon) -> Result<()> {
    for (option, target, left, serves_old_blocks) in [
        ("-maxuploadtarget=0", 0_u64, 0, true),
        ("-maxuploadtarget=800", 800 << 20, 86_400, false),
        ("-maxuploadtarget=6g", 6_000_000_000, 86_400, true),
    ] {
        let data_dir = DataDir::new()?;
        let node = Node::start(daemon, &data_dir, &["-rpcdoccheck", option])?;
        let totals = node.rpc()?.call("getnettotals", json!([]))?;
        assert_eq!(
            totals["uploadtarget"],
            json!({
                "timeframe": 86_400,
                "target": target,
                "target_reached": false,
                "serve_historical_blocks": serves_old_blocks,
                "bytes_left_in_cycle": target,
                "time_left_in_cycle": left,
            }),
            "{option}"
        );
        node.stop()?;
    }
    Ok(())
}

fn logs_whether_it_may_connect(daemon: Daemon) -> Result<()> {
    for (option, expected) in [
        ("-networkactive", true),
        ("-networkactive=0", false),
        ("-nonetworkactive", false),
    ] {
        let data_dir = DataDir::new()?;
        let node = Node::start(daemon, &data_dir, &[option])?;
        node.log().wait_for_line(option, |line| {
            line.message == format!("SetNetworkActive: {expected}")
        })?;
        let info = node.rpc()?.call("getnetworkinfo", json!([]))?;
        assert_eq!(info["networkactive"], expected, "{option}");
        node.stop()?;
    }
    Ok(())
}

fn refuses_unfit_options_about_networks(daemon: Daemon) -> Result<()> {
    for (options, expected) in [
        (
            &["-proxy"][..],
            "No proxy server specified. Use -proxy=<ip> or -proxy=<ip:port>.",
        ),
        (
            &["-proxy=abc..abc:23456", "-dns=0"],
            "Invalid -proxy address or hostname: 'abc..abc:23456'",
        ),
        (&["-onlynet=net"], "Unknown network specified in -onlynet: 'net'"),
        (
            &["-externalip=1.2.3.4.5", "-dns=0"],
            "Cannot resolve -externalip address: '1.2.3.4.5'",
        ),
        (
            &["-maxuploadtarget=1M1"],
            "Unable to parse -maxuploadtarget: '1M1'",
        ),
    ] {
        let data_dir = DataDir::new()?;
        let text = Node::spawn(daemon, &data_dir, options)?.failure()?;
        assert_eq!(text, format!("Error: {expected}\n"), "{options:?}");
    }
    Ok(())
}

fn refuses_what_is_no_address_to_listen_at_or_to_trust(daemon: Daemon) -> Result<()> {
    for (option, expected) in [
        ("-bind=localhost", "Cannot resolve -bind address: 'localhost'"),
        (
            "-bind=127.0.0.1:0",
            "Invalid port specified in -bind: '127.0.0.1:0'",
        ),
        (
            "-whitebind=127.0.0.1",
            "Need to specify a port with -whitebind: '127.0.0.1'",
        ),
        (
            "-whitebind=noban,oifnoban@127.0.0.1:1",
            "Invalid P2P permission: 'oifnoban'",
        ),
        (
            "-whitelist=noban@127.0.0.1:230",
            "Invalid netmask specified in -whitelist: '127.0.0.1:230'",
        ),
    ] {
        let data_dir = DataDir::new()?;
        let text = Node::spawn(daemon, &data_dir, &[option])?.failure()?;
        assert_eq!(text, format!("Error: {expected}\n"), "{option}");
    }
    let data_dir = DataDir::new()?;
    let options = [
        "-bind=127.0.0.1:1=onion",
        "-whitebind=noban@[::1]:2",
        "-whitelist=noban,in_out@::1",
    ];
    let text = Node::spawn(daemon, &data_dir, &options)?.failure()?;
    assert_eq!(text, "Error: Invalid P2P permission: 'in_out'\n");
    Node::start(
        daemon,
        &data_dir,
        &[&options[..2], &["-whitelist=relay@::/0"]].concat(),
    )?
    .stop()
}
