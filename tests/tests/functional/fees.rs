//! What fees are estimated after transactions were confirmed, and from one run to the next.

use std::time::{Duration, SystemTime};

use anyhow::{Result, ensure};
use functional_tests::{Daemon, DataDir, KEY_ADDRESS, Node, RpcClient, for_each_daemon};
use serde_json::{Value, json};

for_each_daemon![
    estimates_what_others_paid_and_remembers_it,
    refuses_to_estimate_in_upstreams_words,
    follows_no_fees_without_transactions_of_others,
];

/// What each transaction pays for 1,000 virtual bytes: 0.001 for 110.
const RATE: &str = "0.00909090";

/// For eight blocks, three transactions come and are in the next block.
fn pay(rpc: &mut RpcClient) -> Result<()> {
    for three in rpc.mine_spendable(24)?.chunks(3) {
        for coinbase in three {
            let transaction = rpc.spend(&json!([{ "txid": coinbase, "vout": 0 }]), 49.999)?;
            rpc.send_transaction(&transaction)?;
        }
        let block = rpc.call("generatetoaddress", json!([1, KEY_ADDRESS]))?[0].clone();
        let block = rpc.call("getblock", json!([block]))?;
        ensure!(block["nTx"] == 4, "{block}");
    }
    Ok(())
}

fn check_estimate(rpc: &mut RpcClient) -> Result<()> {
    for mode in [
        json!("economical"),
        json!("CONSERVATIVE"),
        json!("unset"),
        Value::Null,
    ] {
        let estimate = rpc.call("estimatesmartfee", json!([1, mode]))?;
        assert_eq!(estimate["feerate"].to_string(), RATE, "{mode}: {estimate}");
        assert_eq!(estimate["blocks"], 2, "{mode}: {estimate}");
    }
    Ok(())
}

fn nothing_is_known() -> Value {
    json!({ "errors": ["Insufficient data or no feerate found"], "blocks": 0 })
}

fn estimates_what_others_paid_and_remembers_it(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    assert_eq!(rpc.call("estimatesmartfee", json!([2]))?, nothing_is_known());
    pay(&mut rpc)?;
    check_estimate(&mut rpc)?;
    let raw = rpc.call("estimaterawfee", json!([2]))?;
    for horizon in ["short", "medium"] {
        let told = &raw[horizon];
        assert_eq!(told["feerate"].to_string(), RATE, "{raw}");
        assert_eq!(
            told["pass"]["withintarget"], told["pass"]["totalconfirmed"],
            "{raw}"
        );
    }
    assert_eq!(
        (&raw["short"]["decay"], &raw["short"]["scale"]),
        (&json!(0.962), &json!(1))
    );
    assert_eq!(
        raw["long"]["errors"],
        json!(["Insufficient data or no feerate found which meets threshold"]),
        "{raw}"
    );
    assert_eq!(
        rpc.call("estimaterawfee", json!([49, 0.5]))?
            .as_object()
            .map(serde_json::Map::len),
        Some(1)
    );
    // What is known is written each hour.
    let file = data_dir.regtest("fee_estimates.dat");
    ensure!(!file.exists());
    for seconds in [0, -1, 3601] {
        assert_eq!(
            rpc.refusal("mockscheduler", json!([seconds]))?,
            (
                -1,
                "delta_time must be between 1 and 3600 seconds (1 hr)".to_owned()
            )
        );
    }
    assert_eq!(rpc.call("mockscheduler", json!([3600]))?, Value::Null);
    node.log()
        .wait_for("Flushed fee estimates to fee_estimates.dat.")?;
    ensure!(file.exists());
    // The pool asks for more than others paid.
    node.stop()?;
    let node = Node::start(daemon, &data_dir, &["-minrelaytxfee=0.02"])?;
    let estimate = node.rpc()?.call("estimatesmartfee", json!([1]))?;
    assert_eq!(estimate["feerate"].to_string(), "0.02000000");
    node.log().wait_for("init message: Done loading")?;
    node.stop()?;

    let make_old = || {
        let file = fs_err::OpenOptions::new().write(true).open(&file)?;
        file.set_modified(SystemTime::now() - Duration::from_secs(61 * 60 * 60))
    };
    make_old()?;
    let node = Node::start(daemon, &data_dir, &["-acceptstalefeeestimates"])?;
    check_estimate(&mut node.rpc()?)?;
    node.stop()?;
    make_old()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    assert_eq!(
        node.rpc()?.call("estimatesmartfee", json!([2]))?,
        nothing_is_known()
    );
    node.log().wait_for("too old (age=61 > 60 hours)")?;
    node.stop()
}

fn refuses_to_estimate_in_upstreams_words(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let target = "Invalid conf_target, must be between 1 and 1008";
    for (method, params, expected) in [
        ("estimatesmartfee", json!([0]), (-8, target)),
        ("estimatesmartfee", json!([1009]), (-8, target)),
        (
            "estimatesmartfee",
            json!([1, "foo"]),
            (
                -8,
                "Invalid estimate_mode parameter, must be one of: \"unset\", \"economical\", \"conservative\"",
            ),
        ),
        (
            "estimatesmartfee",
            json!([1, 1]),
            (-3, "JSON value of type number is not of expected type string"),
        ),
        ("estimaterawfee", json!([-1]), (-8, target)),
        ("estimaterawfee", json!([1, 1.1]), (-8, "Invalid threshold")),
        ("estimaterawfee", json!([1, -0.1]), (-8, "Invalid threshold")),
    ] {
        let (code, text) = rpc.refusal(method, params)?;
        ensure!(
            code == expected.0 && text.contains(expected.1),
            "{method}: {code} {text}"
        );
    }
    node.stop()
}

fn follows_no_fees_without_transactions_of_others(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &["-blocksonly"])?;
    let mut rpc = node.rpc()?;
    for method in ["estimatesmartfee", "estimaterawfee"] {
        let refused = rpc.refusal(method, json!([1]))?;
        assert_eq!(refused, (-32603, "Fee estimation disabled".to_owned()));
    }
    assert_eq!(rpc.call("getmempoolinfo", json!([]))?["maxmempool"], 5_000_000);
    node.stop()?;
    ensure!(!data_dir.regtest("fee_estimates.dat").exists());
    Ok(())
}
