//! The chain as it stands: blocks, headers, heights, and what is told of all of it.

use anyhow::{Context as _, Result, ensure};
use functional_tests::rig::{RigNode, Wanted};
use functional_tests::text;
use serde_json::{Value, json};

use super::{NOTHING, hash_rows, rows};

const GENESIS: &str = "28a2c2d251f46fac05ade79085cbcb2ae4ec67ea24f1f1c7b40a348c00521194";
const GENESIS_COINBASE: &str = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b";

pub(super) fn walk(node: &mut RigNode) -> Result<()> {
    whole_chain(node)?;
    heights(node)?;
    headers(node)?;
    blocks(node)?;
    statistics(node)?;
    coins(node)?;
    refused_blocks(node)
}

fn whole_chain(node: &mut RigNode) -> Result<()> {
    let info = node.expect(
        "getblockchaininfo",
        json!([]),
        &Wanted::Only(&[
            "chain",
            "blocks",
            "headers",
            "bestblockhash",
            "difficulty",
            "time",
            "mediantime",
            "verificationprogress",
            "initialblockdownload",
            "chainwork",
            "size_on_disk",
            "pruned",
            "warnings",
        ]),
    )?;
    ensure!(
        info["blocks"] == 199 && info["headers"] == 199 && info["pruned"] == false,
        "{info}"
    );
    node.expect(
        "getbestblockhash",
        json!([]),
        &Wanted::Exactly(info["bestblockhash"].clone()),
    )?;
    node.expect("getblockcount", json!([]), &Wanted::Exactly(json!(199)))?;
    let difficulty = node.expect("getdifficulty", json!([]), &Wanted::Success)?;
    let difficulty = difficulty.as_f64().context("no number")?;
    // One block in two tries is one of 2^31 of the easiest that there can be.
    ensure!(
        (difficulty * f64::from(1_u32 << 31) - 1.0).abs() < 0.0001,
        "{difficulty}"
    );
    let tips = json!([{ "height": 199, "hash": info["bestblockhash"], "branchlen": 0, "status": "active" }]);
    node.expect("getchaintips", json!([]), &Wanted::Exactly(tips))?;
    let states = node.expect(
        "getchainstates",
        json!([]),
        &Wanted::Only(&["headers", "chainstates"]),
    )?;
    Wanted::Only(&[
        "blocks",
        "bestblockhash",
        "difficulty",
        "verificationprogress",
        "coins_db_cache_bytes",
        "coins_tip_cache_bytes",
        "validated",
    ])
    .check(&Ok(states["chainstates"][0].clone()))?;
    node.expect("verifychain", json!([4, 0]), &Wanted::Exactly(json!(true)))?;
    node.expect(
        "verifychain",
        json!({ "nblocks": 10 }),
        &Wanted::Exactly(json!(true)),
    )?;
    let deployments = node.expect(
        "getdeploymentinfo",
        json!([]),
        &Wanted::Only(&["hash", "height", "deployments"]),
    )?;
    for name in ["bip34", "bip65", "bip66", "csv", "segwit", "taproot"] {
        ensure!(
            deployments["deployments"][name]["active"] == true,
            "{name}: {deployments}"
        );
    }
    ensure!(
        deployments["deployments"]["testdummy"]["bip9"]["statistics"]["period"] == 144,
        "{deployments}"
    );
    node.expect(
        "getdeploymentinfo",
        json!([NOTHING]),
        &Wanted::Error(-5, "Block not found"),
    )?;
    Ok(())
}

fn heights(node: &mut RigNode) -> Result<()> {
    rows(
        node,
        "getblockhash",
        &[
            (json!([0]), Wanted::Exactly(json!(GENESIS))),
            (json!({ "height": 199 }), Wanted::Success),
            (json!([200]), Wanted::Error(-8, "Block height out of range")),
            (json!([-1]), Wanted::Error(-8, "Block height out of range")),
            (json!(["x"]), Wanted::ErrorLike(-3, "Wrong type passed")),
            (json!([]), Wanted::ErrorLike(-1, "getblockhash height\n")),
        ],
    )
}

fn headers(node: &mut RigNode) -> Result<()> {
    let hash = node.call("getblockhash", json!([99]))?;
    let header = node.expect(
        "getblockheader",
        json!([hash]),
        &Wanted::Only(&[
            "hash",
            "confirmations",
            "height",
            "version",
            "versionHex",
            "merkleroot",
            "time",
            "mediantime",
            "nonce",
            "bits",
            "difficulty",
            "chainwork",
            "nTx",
            "previousblockhash",
            "nextblockhash",
            "chainlock",
        ]),
    )?;
    ensure!(
        header["confirmations"] == 101 && header["height"] == 99,
        "{header}"
    );
    ensure!(header["bits"] == "207fffff" && header["nTx"] == 1, "{header}");
    let bytes = node.expect(
        "getblockheader",
        json!({ "blockhash": hash, "verbose": false }),
        &Wanted::Success,
    )?;
    ensure!(text(&bytes)?.len() == 160, "{bytes}");
    node.expect(
        "getblockheader",
        json!([NOTHING]),
        &Wanted::Error(-5, "Block not found"),
    )?;
    hash_rows(node, "getblockheader", "hash")
}

fn blocks(node: &mut RigNode) -> Result<()> {
    let hash = node.call("getblockhash", json!([199]))?;
    let bytes = node.expect("getblock", json!([hash, 0]), &Wanted::Success)?;
    node.expect("getblock", json!([hash, false]), &Wanted::Exactly(bytes.clone()))?;
    let block = node.expect("getblock", json!([hash]), &Wanted::Success)?;
    ensure!(
        block["size"].as_u64() == Some(text(&bytes)?.len() as u64 / 2),
        "{block}"
    );
    ensure!(
        block["confirmations"] == 1 && block.get("nextblockhash").is_none(),
        "{block}"
    );
    node.expect("getblock", json!([hash, true]), &Wanted::Exactly(block.clone()))?;
    for verbosity in [2, 3] {
        let whole = node.expect(
            "getblock",
            json!({ "blockhash": hash, "verbosity": verbosity }),
            &Wanted::Success,
        )?;
        ensure!(whole["tx"][0]["txid"] == block["tx"][0], "{whole}");
        ensure!(
            whole["tx"][0].get("fee").is_none(),
            "a coinbase pays a fee: {whole}"
        );
    }
    node.expect(
        "getblock",
        json!([NOTHING]),
        &Wanted::Error(-5, "Block not found"),
    )?;
    hash_rows(node, "getblock", "blockhash")
}

fn statistics(node: &mut RigNode) -> Result<()> {
    let out_of_range = "Invalid block count: should be between 0 and the block's height - 1";
    rows(
        node,
        "getchaintxstats",
        &[
            (
                json!([]),
                Wanted::Members(&["time", "txcount", "window_tx_count", "window_interval", "txrate"]),
            ),
            (json!([0]), Wanted::Members(&["time", "txcount"])),
            (json!([1]), Wanted::Success),
            (json!({ "nblocks": 198 }), Wanted::Success),
            (json!([-1]), Wanted::Error(-8, out_of_range)),
            (json!([199]), Wanted::Error(-8, out_of_range)),
            (json!([1, NOTHING]), Wanted::Error(-5, "Block not found")),
            (
                json!([1, "0"]),
                Wanted::Error(-8, "blockhash must be of length 64 (not 1, for '0')"),
            ),
            (json!([""]), Wanted::ErrorLike(-3, "Wrong type passed")),
        ],
    )?;
    let mining = node.expect(
        "getmininginfo",
        json!([]),
        &Wanted::Members(&[
            "blocks",
            "difficulty",
            "networkhashps",
            "pooledtx",
            "chain",
            "warnings",
        ]),
    )?;
    ensure!(
        mining["blocks"] == 199 && mining["chain"] == "regtest",
        "{mining}"
    );
    for params in [
        json!([]),
        json!([50, 100]),
        json!({ "height": 10 }),
        json!([-1, 100]),
    ] {
        let rate = node.expect("getnetworkhashps", params, &Wanted::Success)?;
        ensure!(rate.is_number(), "{rate}");
    }
    node.expect("getindexinfo", json!([]), &Wanted::Exactly(json!({})))?;
    node.expect("getindexinfo", json!(["foo"]), &Wanted::Exactly(json!({})))?;
    Ok(())
}

fn coins(node: &mut RigNode) -> Result<()> {
    for kind in ["hash_serialized_3", "muhash", "none"] {
        // How much of the disk is taken depends on when what was written.
        let info = node.call("gettxoutsetinfo", json!([kind]))?;
        ensure!(
            info["height"] == 199 && info["txouts"] == 199 && info["bogosize"].is_u64(),
            "{info}"
        );
        assert_eq!(info["total_amount"].to_string(), "8700.00000000");
        ensure!(info.get(kind).is_some() == (kind != "none"), "{info}");
    }
    rows(
        node,
        "gettxoutsetinfo",
        &[
            (
                json!(["foohash"]),
                Wanted::Error(-8, "'foohash' is not a valid hash_type"),
            ),
            (
                json!({ "hash_type": "none", "hash_or_height": 1 }),
                Wanted::Error(-8, "Querying specific block heights requires coinstatsindex"),
            ),
        ],
    )?;
    let hash = node.call("getblockhash", json!([1]))?;
    let block = node.call("getblock", json!([hash]))?;
    let txid = block["tx"][0].clone();
    let coin = node.expect(
        "gettxout",
        json!([txid, 0]),
        &Wanted::Only(&["bestblock", "confirmations", "value", "scriptPubKey", "coinbase"]),
    )?;
    assert_eq!(coin["value"].to_string(), "50.00000000");
    ensure!(coin["confirmations"] == 199, "{coin}");
    rows(
        node,
        "gettxout",
        &[
            (json!([txid, 7]), Wanted::Exactly(Value::Null)),
            (
                json!({ "txid": NOTHING, "n": 0, "include_mempool": false }),
                Wanted::Exactly(Value::Null),
            ),
            (json!([GENESIS_COINBASE, 0]), Wanted::Exactly(Value::Null)),
        ],
    )?;
    node.expect(
        "getrawtransaction",
        json!([GENESIS_COINBASE]),
        &Wanted::Error(
            -5,
            "The genesis block coinbase is not considered an ordinary transaction and cannot be retrieved",
        ),
    )?;
    node.expect("getrawtransaction", json!([txid, 1]), &Wanted::Success)?;
    Ok(())
}

fn refused_blocks(node: &mut RigNode) -> Result<()> {
    rows(
        node,
        "submitblock",
        &[
            (json!(["00"]), Wanted::Error(-22, "Block decode failed")),
            (json!(["xx"]), Wanted::Error(-22, "Block decode failed")),
            (json!([]), Wanted::ErrorLike(-1, "submitblock \"hexdata\"")),
        ],
    )?;
    let hash = node.call("getblockhash", json!([150]))?;
    let known = node.call("getblock", json!([hash, 0]))?;
    node.expect(
        "submitblock",
        json!([known]),
        &Wanted::Exactly(json!("duplicate")),
    )?;
    rows(
        node,
        "submitheader",
        &[
            (
                json!(["ff".repeat(78)]),
                Wanted::Error(-22, "Block header decode failed"),
            ),
            (
                json!(["xx".repeat(80)]),
                Wanted::Error(-22, "Block header decode failed"),
            ),
            (
                json!(["00".repeat(80)]),
                Wanted::ErrorLike(-25, "Must submit previous header (000000"),
            ),
        ],
    )
}
