//! What is in blocks: proofs of it, counts, and filters by which it is found.

use anyhow::{Context as _, Result};
use functional_tests::{CHAIN_ADDRESS, Daemon, DataDir, Node, for_each_daemon, text};
use serde_json::{Value, json};

use crate::coins::make_chain;

for_each_daemon![
    proves_that_transactions_are_in_blocks,
    counts_what_is_in_blocks,
    finds_blocks_by_filters,
];

fn proves_that_transactions_are_in_blocks(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let chain = make_chain(&mut rpc)?;
    let last = rpc.call("getblock", json!([chain.last]))?;
    for txids in [json!([chain.spender]), last["tx"].clone()] {
        let proof = rpc.call("gettxoutproof", json!([txids]))?;
        let named = rpc.call("gettxoutproof", json!([txids, chain.last]))?;
        assert_eq!(proof, named);
        assert_eq!(rpc.call("verifytxoutproof", json!([proof]))?, txids);
    }
    let proof = text(&rpc.call("gettxoutproof", json!([[chain.spender]]))?)?;
    // Another root does not fit the tree.
    let other = format!("{}00{}", &proof[..72], &proof[74..]);
    if other != proof {
        assert_eq!(rpc.call("verifytxoutproof", json!([other]))?, json!([]));
    }
    let unknown = "00".repeat(32);
    for (method, params, expected) in [
        (
            "gettxoutproof",
            json!([[]]),
            (-8, "Parameter 'txids' cannot be empty".to_owned()),
        ),
        (
            "gettxoutproof",
            json!([[unknown, unknown]]),
            (-8, format!("Invalid parameter, duplicated txid: {unknown}")),
        ),
        // It is spent, and there is no index.
        (
            "gettxoutproof",
            json!([[chain.coinbase]]),
            (-5, "Transaction not yet in block".to_owned()),
        ),
        (
            "gettxoutproof",
            json!([[chain.coinbase], chain.last]),
            (
                -5,
                "Not all transactions found in specified or retrieved block".to_owned(),
            ),
        ),
        (
            "gettxoutproof",
            json!([[chain.spender], unknown]),
            (-5, "Block not found".to_owned()),
        ),
        (
            "verifytxoutproof",
            json!([proof[..100]]),
            (-1, "DataStream::read(): end of data: iostream error".to_owned()),
        ),
        (
            "verifytxoutproof",
            json!(["x"]),
            (-8, "proof must be hexadecimal string (not 'x')".to_owned()),
        ),
    ] {
        assert_eq!(rpc.refusal(method, params)?, expected);
    }
    rpc.call("invalidateblock", json!([chain.last]))?;
    assert_eq!(
        rpc.refusal("verifytxoutproof", json!([proof]))?,
        (-5, "Block not found in chain".to_owned())
    );
    node.stop()
}

fn counts_what_is_in_blocks(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let chain = make_chain(&mut rpc)?;
    let counted = rpc.call("getblockstats", json!([102]))?;
    assert_eq!(counted, rpc.call("getblockstats", json!([chain.last]))?);
    let transaction = rpc.call("getrawtransaction", json!([chain.spender, 1, chain.last]))?;
    let (size, weight) = (transaction["size"].clone(), transaction["weight"].clone());
    let rate = 400_000_000 / weight.as_u64().context("no number")?;
    for (name, expected) in [
        ("blockhash", json!(chain.last)),
        ("height", json!(102)),
        ("txs", json!(2)),
        ("ins", json!(1)),
        ("outs", json!(4)),
        ("subsidy", json!(5_000_000_000_u64)),
        ("totalfee", json!(100_000_000)),
        ("medianfee", json!(100_000_000)),
        ("total_out", json!(4_900_000_000_u64)),
        ("mintxsize", size.clone()),
        ("maxtxsize", size),
        ("total_weight", weight),
        ("minfeerate", json!(rate)),
        ("feerate_percentiles", json!([rate, rate, rate, rate, rate])),
        ("swtxs", json!(0)),
        ("utxo_increase", json!(3)),
        // The commitment to witnesses and the data can never be spent.
        ("utxo_increase_actual", json!(1)),
    ] {
        assert_eq!(counted[name], expected, "{name}");
    }
    let some = rpc.call("getblockstats", json!([102, ["txs", "ins"]]))?;
    assert_eq!(some, json!({ "ins": 1, "txs": 2 }));
    let first = rpc.call("getblockstats", json!([0]))?;
    assert_eq!(
        (
            &first["utxo_increase"],
            &first["utxo_increase_actual"],
            &first["mintxsize"]
        ),
        (&json!(1), &json!(0), &json!(0))
    );
    for (params, expected) in [
        (json!([-1]), (-8, "Target block height -1 is negative")),
        (
            json!([103]),
            (-8, "Target block height 103 after current tip 102"),
        ),
        (json!(["00".repeat(32)]), (-5, "Block not found")),
        (
            json!(["00"]),
            (-8, "hash_or_height must be of length 64 (not 2, for '00')"),
        ),
        (
            json!([1, ["txs", "more"]]),
            (-8, "Invalid selected statistic 'more'"),
        ),
    ] {
        let refused = rpc.refusal("getblockstats", params)?;
        assert_eq!((refused.0, refused.1.as_str()), expected);
    }
    node.stop()
}

fn finds_blocks_by_filters(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &["-blockfilterindex"])?;
    let mut rpc = node.rpc()?;
    let chain = make_chain(&mut rpc)?;
    rpc.wait_until_synced(&["basic block filter index"])?;
    let filter = rpc.call("getblockfilter", json!([chain.last]))?;
    assert_eq!(text(&filter["header"])?.len(), 64);
    assert!(!text(&filter["filter"])?.is_empty());
    let objects = json!([format!("addr({CHAIN_ADDRESS})")]);
    let found = rpc.call("scanblocks", json!(["start", objects]))?;
    assert_eq!(
        (&found["from_height"], &found["to_height"], &found["completed"]),
        (&json!(0), &json!(102), &json!(true))
    );
    let blocks = found["relevant_blocks"].as_array().context("no list")?;
    assert!(blocks.contains(&json!(chain.last)), "{found}");
    let exact = rpc.call(
        "scanblocks",
        json!({ "action": "start", "scanobjects": objects, "start_height": 5, "filter_false_positives": true }),
    )?;
    assert_eq!(
        exact,
        json!({ "from_height": 5, "to_height": 102, "relevant_blocks": [chain.last], "completed": true })
    );
    let before = rpc.call(
        "scanblocks",
        json!(["start", objects, 0, 101, "basic", { "filter_false_positives": true }]),
    )?;
    assert_eq!(before["relevant_blocks"], json!([]));
    assert_eq!(rpc.call("scanblocks", json!(["status"]))?, Value::Null);
    assert_eq!(rpc.call("scanblocks", json!(["abort"]))?, false);
    for (method, params, expected) in [
        (
            "scanblocks",
            json!(["start", objects, 103]),
            (-1, "Invalid start_height"),
        ),
        (
            "scanblocks",
            json!(["start", objects, 9, 8]),
            (-1, "Invalid stop_height"),
        ),
        (
            "scanblocks",
            json!(["start", objects, 0, 1, "full"]),
            (-5, "Unknown filtertype"),
        ),
        ("scanblocks", json!(["no"]), (-8, "Invalid action 'no'")),
        (
            "getblockfilter",
            json!(["00".repeat(32)]),
            (-5, "Block not found"),
        ),
        (
            "getblockfilter",
            json!([chain.last, "full"]),
            (-5, "Unknown filtertype"),
        ),
    ] {
        let refused = rpc.refusal(method, params)?;
        assert_eq!((refused.0, refused.1.as_str()), expected);
    }
    node.stop()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    for (method, params) in [
        ("scanblocks", json!(["start", objects])),
        ("getblockfilter", json!([chain.last])),
    ] {
        assert_eq!(
            rpc.refusal(method, params)?,
            (-1, "Index is not enabled for filtertype basic".to_owned())
        );
    }
    node.stop()
}
