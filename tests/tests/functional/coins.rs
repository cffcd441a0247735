//! What is found among all coins: scans, statistics, and files of them.

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use functional_tests::{CHAIN_ADDRESS, Daemon, DataDir, Node, RpcClient, for_each_daemon, text, wait_until};
use serde_json::{Value, json};

for_each_daemon![
    finds_coins_by_descriptors,
    ends_scans_that_are_aborted_before_they_look,
    tells_of_all_coins_by_an_index,
    writes_all_coins_to_a_file,
    refuses_files_of_coins_that_are_not_known,
];

/// Anyone can spend what goes there.
const DESCRIPTOR: &str = "raw(51)";

/// The public key 1.
const KEY: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

/// A public key from which others follow.
const SERIES: &str = "tpubD6NzVbkrYhZ4WaWSyoBvQwbpLkojyoTZPRsgXELWz3Popb3qkjcJyJUGLnL4qHHoQvao8ESaAstxYSnhyswJ76uZPStJRJCTKvosUCJZL5B";

/// 101 blocks, and one more that spends the coinbase of the first to an output of 49 coins and one that is none.
pub(crate) struct Chain {
    pub(crate) coinbase: String,
    pub(crate) spender: String,
    pub(crate) last: String,
}

pub(crate) fn make_chain(rpc: &mut RpcClient) -> Result<Chain> {
    let hashes = rpc.call("generatetodescriptor", json!([101, DESCRIPTOR]))?;
    let first = rpc.call("getblock", json!([hashes[0]]))?;
    let raw = rpc.call(
        "createrawtransaction",
        json!([[{ "txid": first["tx"][0], "vout": 0 }], [{ CHAIN_ADDRESS: 49 }, { "data": "00" }]]),
    )?;
    let made = rpc.call("generateblock", json!([format!("wpkh({KEY})"), [raw]]))?;
    let block = rpc.call("getblock", json!([made["hash"]]))?;
    Ok(Chain {
        coinbase: text(&first["tx"][0])?,
        spender: text(&block["tx"][1])?,
        last: text(&made["hash"])?,
    })
}

fn unspents(found: &Value) -> Result<&Vec<Value>> {
    found["unspents"].as_array().context("no list")
}

fn finds_coins_by_descriptors(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let chain = make_chain(&mut rpc)?;
    let found = rpc.call("scantxoutset", json!(["start", [DESCRIPTOR]]))?;
    assert_eq!(
        (
            &found["success"],
            &found["height"],
            &found["bestblock"],
            &found["txouts"]
        ),
        (&json!(true), &json!(102), &json!(chain.last), &json!(102))
    );
    assert_eq!(unspents(&found)?.len(), 100);
    assert_eq!(found["total_amount"].to_string(), "5000.00000000");
    assert!(
        unspents(&found)?
            .iter()
            .all(|unspent| unspent["coinbase"] == true && unspent["scriptPubKey"] == "51")
    );

    let objects = json!([format!("addr({CHAIN_ADDRESS})"), { "desc": format!("combo([d34db33f/0h]{KEY})") }]);
    let found = rpc.call(
        "scantxoutset",
        json!({ "action": "start", "scanobjects": objects }),
    )?;
    let mut by_amount = unspents(&found)?.clone();
    by_amount.sort_by_key(|unspent| unspent["amount"].to_string());
    assert_eq!(by_amount.len(), 2);
    assert_eq!(
        (
            &by_amount[0]["txid"],
            &by_amount[0]["vout"],
            &by_amount[0]["height"]
        ),
        (&json!(chain.spender), &json!(0), &json!(102))
    );
    let described = text(&by_amount[1]["desc"])?;
    assert!(
        described.starts_with(&format!("wpkh([d34db33f/0h]{KEY})#")),
        "{described}"
    );
    assert_eq!(rpc.call("scantxoutset", json!(["status"]))?, Value::Null);
    assert_eq!(rpc.call("scantxoutset", json!(["abort"]))?, false);
    for (params, expected) in [
        (json!(["begin"]), (-8, "Invalid action 'begin'")),
        (
            json!(["start"]),
            (-1, "scanobjects argument is required for the start action"),
        ),
        (
            json!(["start", [{}]]),
            (-8, "Descriptor needs to be provided in scan object"),
        ),
        (
            json!(["start", [1]]),
            (-8, "Scan object needs to be either a string or an object"),
        ),
        (
            json!(["start", ["no"]]),
            (-5, "'no' is not a valid descriptor function"),
        ),
    ] {
        let refused = rpc.refusal("scantxoutset", params)?;
        assert_eq!((refused.0, refused.1.as_str()), expected);
    }
    node.stop()
}

fn ends_scans_that_are_aborted_before_they_look(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &["-blockfilterindex"])?;
    let mut rpc = node.rpc()?;
    rpc.generate(1)?;
    // So many scripts take minutes.
    let series = json!([{ "desc": format!("combo({SERIES}/*)"), "range": [0, 999_999] }]);
    for (method, is_complete) in [("scantxoutset", "success"), ("scanblocks", "completed")] {
        let (mut scanning, objects) = (node.rpc()?, series.clone());
        let scan = std::thread::spawn(move || scanning.call(method, json!(["start", objects])));
        wait_until("the scan to begin", || {
            let is_aborted = rpc.call(method, json!(["abort"]))?;
            Ok((is_aborted == true).then_some(()))
        })?;
        let found = scan.join().expect("what fails is an error")?;
        assert_eq!(found[is_complete], false, "{found}");
        assert_eq!(rpc.call(method, json!(["status"]))?, Value::Null);
    }
    node.stop()
}

fn tells_of_all_coins_by_an_index(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &["-coinstatsindex"])?;
    let mut rpc = node.rpc()?;
    let chain = make_chain(&mut rpc)?;
    rpc.wait_until_synced(&["coinstatsindex"])?;
    let told = rpc.call("gettxoutsetinfo", json!(["muhash"]))?;
    let counted = rpc.call("gettxoutsetinfo", json!(["muhash", null, false]))?;
    for name in [
        "height",
        "bestblock",
        "txouts",
        "bogosize",
        "muhash",
        "total_amount",
    ] {
        assert_eq!(told[name], counted[name], "{name}");
    }
    assert_eq!(
        (&told["transactions"], &counted["block_info"]),
        (&Value::Null, &Value::Null)
    );
    // The genesis block's coinbase is no coin, and blocks of given transactions do not take their fees.
    assert_eq!(told["total_unspendable_amount"].to_string(), "51.00000000");
    let info = &told["block_info"];
    let amounts = [
        &info["prevout_spent"],
        &info["coinbase"],
        &info["new_outputs_ex_coinbase"],
        &info["unspendable"],
    ];
    assert_eq!(
        amounts.map(Value::to_string),
        ["50.00000000", "50.00000000", "49.00000000", "1.00000000"]
    );
    let by_hash = rpc.call("gettxoutsetinfo", json!(["none", chain.last]))?;
    assert_eq!(
        (&by_hash["height"], &by_hash["muhash"]),
        (&json!(102), &Value::Null)
    );
    let first = rpc.call("gettxoutsetinfo", json!(["none", 0]))?;
    assert_eq!(
        (
            &first["txouts"],
            first["block_info"]["unspendables"]["genesis_block"].to_string()
        ),
        (&json!(0), "50.00000000".to_owned())
    );
    for (params, expected) in [
        (
            json!(["hash_serialized_3", 1]),
            (
                -8,
                "hash_serialized_3 hash type cannot be queried for a specific block",
            ),
        ),
        (
            json!(["none", 1, false]),
            (
                -8,
                "Cannot set use_index to false when querying for a specific block",
            ),
        ),
        (
            json!(["none", 103]),
            (-8, "Target block height 103 after current tip 102"),
        ),
        (json!(["md5"]), (-8, "'md5' is not a valid hash_type")),
    ] {
        let refused = rpc.refusal("gettxoutsetinfo", params)?;
        assert_eq!((refused.0, refused.1.as_str()), expected);
    }
    node.stop()
}

fn writes_all_coins_to_a_file(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let chain = make_chain(&mut rpc)?;
    let told = rpc.call("dumptxoutset", json!(["coins.dat"]))?;
    let info = rpc.call("gettxoutsetinfo", json!([]))?;
    let size = info["disk_size"].as_u64().context("no size")?;
    ensure!((6_400..64_000).contains(&size), "{size} bytes of coins");
    assert_eq!(
        (
            &told["coins_written"],
            &told["base_hash"],
            &told["base_height"],
            &told["nchaintx"]
        ),
        (&info["txouts"], &json!(chain.last), &json!(102), &json!(104))
    );
    assert_eq!(told["txoutset_hash"], info["hash_serialized_3"]);
    let path = text(&told["path"])?;
    ensure!(path.ends_with("coins.dat"), "{path}");
    let bytes = fs::read(&path)?;
    assert_eq!(bytes[32..40], 102_u64.to_le_bytes());
    let payments = fs::read_to_string(text(&told["pathjson"])?)?;
    ensure!(
        payments
            .lines()
            .any(|line| line == format!("{CHAIN_ADDRESS},49.00000000")),
        "{payments}"
    );
    ensure!(
        !fs::exists(format!("{path}.incomplete"))?,
        "an unfinished file is left"
    );
    assert_eq!(
        rpc.refusal("dumptxoutset", json!(["coins.dat"]))?,
        (
            -8,
            format!(
                "{path} already exists. If you are sure this is what you want, move it out of the way first"
            )
        )
    );
    let nowhere = path.replace("coins.dat", "no/coins.dat");
    assert_eq!(
        rpc.refusal("dumptxoutset", json!(["no/coins.dat"]))?,
        (
            -8,
            format!("Couldn't open file {nowhere}.incomplete for writing.")
        )
    );
    node.stop()
}

fn refuses_files_of_coins_that_are_not_known(daemon: Daemon) -> Result<()> {
    /// The block that regtest knows the coins of, its bytes in reverse.
    const KNOWN: &str = "1075fd6b8db1d8198593a5f1eef02838b9e6c019693bf3e157457348f4f5fb07";
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let chain = make_chain(&mut rpc)?;
    let path = text(&rpc.call("dumptxoutset", json!(["coins.dat"]))?["path"])?;
    let last = &chain.last;
    assert_eq!(
        rpc.refusal("loadtxoutset", json!(["coins.dat"]))?,
        (
            -32603,
            format!(
                "Unable to load UTXO snapshot, assumeutxo block hash in snapshot metadata not recognized ({last})"
            )
        )
    );
    let mut bytes = fs::read(&path)?;
    for (place, byte) in bytes[..32].iter_mut().enumerate() {
        *byte = u8::from_str_radix(&KNOWN[place * 2..place * 2 + 2], 16)?;
    }
    let refused = format!("Unable to load UTXO snapshot {path}");
    for (content, expected) in [
        (
            &bytes[..],
            format!(
                "{refused}: The base block header ({}) must appear in the headers chain. Make sure all headers are \
                 syncing, and call loadtxoutset again",
                "07fbf5f448734557e1f33b6919c0e6b93828f0eef1a5938519d8b18d6bfd7510"
            ),
        ),
        (
            &bytes[..39],
            format!("{refused}: bad snapshot format or truncated snapshot after deserializing 0 coins"),
        ),
    ] {
        fs::write(&path, content)?;
        assert_eq!(rpc.refusal("loadtxoutset", json!([path]))?, (-32603, expected));
    }
    let nowhere = path.replace("coins.dat", "nowhere.dat");
    assert_eq!(
        rpc.refusal("loadtxoutset", json!(["nowhere.dat"]))?,
        (-8, format!("Couldn't open file {nowhere} for reading."))
    );
    assert_eq!(rpc.call("getbestblockhash", json!([]))?, *last);
    node.stop()
}
