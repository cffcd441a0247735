//! Addresses and bans that a node keeps from one run to the next.

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use functional_tests::{Daemon, DataDir, Node, RpcClient, for_each_daemon};
use serde_json::{Value, json};

use crate::network::check_refusals;

for_each_daemon![
    keeps_bans_from_one_run_to_the_next,
    remembers_nodes_from_one_run_to_the_next,
    refuses_a_damaged_file_of_peers,
];

fn banned(rpc: &mut RpcClient) -> Result<Vec<String>> {
    let list = rpc.call("listbanned", json!([]))?;
    let list = list.as_array().context("no list")?.iter();
    list.map(|ban| Ok(ban["address"].as_str().context("no address")?.to_owned()))
        .collect()
}

fn keeps_bans_from_one_run_to_the_next(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let options = ["-rpcdoccheck", "-mocktime=1600000000"];
    let node = Node::start(daemon, &data_dir, &options)?;
    let mut rpc = node.rpc()?;
    rpc.call("setban", json!(["127.0.0.0/24", "add"]))?;
    rpc.call("setban", json!(["192.168.0.1", "add", 100]))?;
    rpc.call(
        "setban",
        json!([
            "2001:4d48:ac57:400:cacf:e9ff:fe1d:9c63/19",
            "add",
            1_600_001_000,
            true
        ]),
    )?;
    let past = "Error: Absolute timestamp is in the past";
    check_refusals(
        &mut rpc,
        &[
            (
                "setban",
                json!(["127.0.0.1", "add"]),
                -23,
                "Error: IP/Subnet already banned",
            ),
            (
                "setban",
                json!(["127.0.0.0/24", "add"]),
                -23,
                "Error: IP/Subnet already banned",
            ),
            (
                "setban",
                json!(["127.0.0.1/42", "add"]),
                -30,
                "Error: Invalid IP/Subnet",
            ),
            ("setban", json!(["10.0.0.1", "add", 123, true]), -8, past),
            (
                "setban",
                json!(["10.0.0.1", "change"]),
                -1,
                "setban \"subnet\" \"command\"",
            ),
            (
                "setban",
                json!(["127.0.0.0/23", "remove"]),
                -30,
                "Error: Unban failed.",
            ),
        ],
    )?;
    let list = rpc.call("listbanned", json!([]))?;
    assert_eq!(
        list[0],
        json!({
            "address": "127.0.0.0/24",
            "ban_created": 1_600_000_000,
            "banned_until": 1_600_086_400,
            "ban_duration": 86_400,
            "time_remaining": 86_400,
        })
    );
    assert_eq!(
        banned(&mut rpc)?,
        ["127.0.0.0/24", "192.168.0.1/32", "2001:4000::/19"]
    );
    node.stop()?;
    let node = Node::start(daemon, &data_dir, &options)?;
    let mut rpc = node.rpc()?;
    assert_eq!(rpc.call("listbanned", json!([]))?, list);
    rpc.call("setmocktime", json!([1_600_000_101]))?;
    assert_eq!(banned(&mut rpc)?, ["127.0.0.0/24", "2001:4000::/19"]);
    rpc.call("setban", json!(["127.0.0.0/24", "remove"]))?;
    assert_eq!(banned(&mut rpc)?, ["2001:4000::/19"]);
    rpc.call("clearbanned", json!([]))?;
    assert_eq!(banned(&mut rpc)?, Vec::<String>::new());
    node.stop()?;
    fs::write(data_dir.regtest("banlist.json"), "{")?;
    let node = Node::start(daemon, &data_dir, &options)?;
    ensure!(
        node.log().text()?.contains("Cannot parse banlist"),
        "the damage is not told"
    );
    node.stop()
}

fn remembers_nodes_from_one_run_to_the_next(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &["-rpcdoccheck"])?;
    let mut rpc = node.rpc()?;
    for (params, success) in [
        (json!(["1.2.3.4", 8369, true]), true),
        (json!(["1.2.3.4", 8369]), false),
        (json!(["2a00::1", 8369]), true),
        (json!(["192.168.0.1", 8369]), false),
        (json!(["nonsense", 8369]), false),
    ] {
        assert_eq!(
            rpc.call("addpeeraddress", params.clone())?,
            json!({ "success": success }),
            "{params}"
        );
    }
    check_refusals(
        &mut rpc,
        &[
            (
                "addpeeraddress",
                json!(["1.2.3.4", 65_536]),
                -1,
                "JSON integer out of range",
            ),
            ("getnodeaddresses", json!([-1]), -8, "Address count out of range"),
            (
                "getnodeaddresses",
                json!([0, "Foo"]),
                -8,
                "Network not recognized: Foo",
            ),
        ],
    )?;
    let raw = rpc.call("getrawaddrman", json!([]))?;
    node.stop()?;
    let node = Node::start(daemon, &data_dir, &["-rpcdoccheck"])?;
    let mut rpc = node.rpc()?;
    assert_eq!(rpc.call("getrawaddrman", json!([]))?, raw);
    let counts = rpc.call("getaddrmaninfo", json!([]))?;
    assert_eq!(
        counts["all_networks"],
        json!({ "new": 1, "tried": 1, "total": 2 })
    );
    assert_eq!(counts["ipv6"], json!({ "new": 1, "tried": 0, "total": 1 }));
    assert_eq!(
        rpc.call("getnodeaddresses", json!([0]))?.as_array().map(Vec::len),
        Some(2)
    );
    let known = rpc.call("getnodeaddresses", json!({ "count": 5, "network": "ipv4" }))?;
    assert_eq!(
        (
            &known[0]["address"],
            &known[0]["port"],
            &known[0]["services"],
            &known[1]
        ),
        (&json!("1.2.3.4"), &json!(8369), &json!(9), &Value::Null)
    );
    rpc.call("setban", json!(["1.2.0.0/16", "add"]))?;
    let known = rpc.call("getnodeaddresses", json!([0, "ipv4"]))?;
    assert_eq!(known, json!([]), "nobody is told of who is banned");
    node.stop()
}

fn refuses_a_damaged_file_of_peers(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    Node::start(daemon, &data_dir, &[])?.stop()?;
    let file = data_dir.regtest("peers.dat");
    let good = fs::read(&file)?;
    let changed = |offset: usize, value: u8| {
        let mut bytes = good.clone();
        bytes[offset] = value;
        bytes
    };
    for (bytes, what) in [
        (changed(0, 0), "Invalid network magic number"),
        (
            changed(good.len() - 1, !good[good.len() - 1]),
            "Checksum mismatch, data corrupted",
        ),
        (good[..good.len() - 1].to_vec(), "AutoFile::read: end of file"),
        (
            changed(5, 31),
            "Corrupted addrman database: The compat value (31) is lower than the expected minimum value 32",
        ),
    ] {
        fs::write(&file, bytes)?;
        let finished = Node::spawn(daemon, &data_dir, &[])?.wait()?;
        ensure!(
            finished.status.code() == Some(1)
                && finished
                    .stderr
                    .starts_with(&format!("Error: Invalid or corrupt peers.dat ({what}"))
                && finished.stderr.contains("As a workaround, you can move the file"),
            "{finished:?}"
        );
    }
    fs::write(&file, changed(5, 37))?;
    Node::start(daemon, &data_dir, &[])?.stop()?;
    ensure!(
        data_dir.regtest("peers.dat.bak").is_file(),
        "the later version's file is not kept"
    );
    Ok(())
}
