//! Which chain is the best: blocks on demand, and what a user says of blocks.

use anyhow::{Result, ensure};
use functional_tests::rig::{RIG_KEYS, RigNode, Wanted};
use functional_tests::text;
use serde_json::{Value, json};

use super::{NOTHING, hash_rows, rows};

pub(super) fn walk(node: &mut RigNode) -> Result<()> {
    generate(node)?;
    wait(node)?;
    choose(node)
}

fn generate(node: &mut RigNode) -> Result<()> {
    let address = RIG_KEYS[0].0;
    rows(
        node,
        "generatetoaddress",
        &[
            (json!([0, address]), Wanted::Exactly(json!([]))),
            (json!([1, "x"]), Wanted::Error(-5, "Error: Invalid address")),
            (
                json!([1]),
                Wanted::ErrorLike(-1, "generatetoaddress nblocks \"address\""),
            ),
            (
                json!({ "nblocks": 2, "address": address, "maxtries": 100_000 }),
                Wanted::Success,
            ),
            // Each block takes a try at least.
            (json!([3, address, 0]), Wanted::Exactly(json!([]))),
        ],
    )?;
    rows(
        node,
        "generatetodescriptor",
        &[
            (json!([1, "raw(51)"]), Wanted::Success),
            (
                json!({ "num_blocks": 1, "descriptor": format!("addr({address})") }),
                Wanted::Success,
            ),
            (json!([1, "addr(x)"]), Wanted::Error(-5, "Address is not valid")),
            (
                json!([
                    1,
                    "wpkh(tpubD6NzVbkrYhZ4YNXVQbNhMK1WqguFsUXceaVJKbmno2aZ3B6QfbMeraaYvnBSGpV3vxLyTTK9DYT1yoEck4XUScMzXoQ2U2oSmE2JyMedq3H/*)"
                ]),
                Wanted::Error(
                    -8,
                    "Ranged descriptor not accepted. Maybe pass through deriveaddresses first?",
                ),
            ),
        ],
    )?;
    rows(
        node,
        "generateblock",
        &[
            (json!([address, []]), Wanted::Only(&["hash"])),
            (
                json!({ "output": address, "transactions": [], "submit": false }),
                Wanted::Only(&["hash", "hex"]),
            ),
            (
                json!(["x", []]),
                Wanted::Error(-5, "Error: Invalid address or descriptor"),
            ),
            (
                json!([address, [NOTHING]]),
                Wanted::Error(
                    -5,
                    "Transaction 0000000000000000000000000000000000000000000000000000000000000000 not in mempool.",
                ),
            ),
            (
                json!([address, ["abc"]]),
                Wanted::Error(
                    -22,
                    "Transaction decode failed for abc. Make sure the tx has at least one input.",
                ),
            ),
        ],
    )?;
    let removed =
        "generate\n\nhas been replaced by the -generate cli option. Refer to -help for more information.\n";
    node.expect("generate", json!([]), &Wanted::Error(-32601, removed))?;
    node.expect("help", json!(["generate"]), &Wanted::Exactly(json!(removed)))?;
    Ok(())
}

fn wait(node: &mut RigNode) -> Result<()> {
    let height = node.call("getblockcount", json!([]))?;
    let hash = node.call("getbestblockhash", json!([]))?;
    let tip = json!({ "hash": hash, "height": height });
    // What is there already, and what does not come before the time is over.
    for (method, params) in [
        ("waitforblock", json!([hash])),
        ("waitforblock", json!({ "blockhash": NOTHING, "timeout": 1 })),
        ("waitforblockheight", json!([height])),
        ("waitforblockheight", json!({ "height": 100_000, "timeout": 1 })),
        ("waitfornewblock", json!([1])),
    ] {
        node.expect(method, params, &Wanted::Exactly(tip.clone()))?;
    }
    hash_rows(node, "waitforblock", "blockhash")
}

fn choose(node: &mut RigNode) -> Result<()> {
    for method in ["invalidateblock", "reconsiderblock", "preciousblock"] {
        node.expect(method, json!([NOTHING]), &Wanted::Error(-5, "Block not found"))?;
        hash_rows(node, method, "blockhash")?;
    }
    let ours = node.call("generatetodescriptor", json!([3, "raw(51)"]))?;
    let fork = node.call("getblockheader", json!([ours[0]]))?["previousblockhash"].clone();
    node.expect("invalidateblock", json!([ours[0]]), &Wanted::Exactly(Value::Null))?;
    node.expect("getbestblockhash", json!([]), &Wanted::Exactly(fork))?;
    let theirs = node.expect("generatetodescriptor", json!([3, "raw(52)"]), &Wanted::Success)?;
    let tips = node.expect("getchaintips", json!([]), &Wanted::Success)?;
    ensure!(
        has_tip(&tips, &theirs[2], "active", 0) && has_tip(&tips, &ours[2], "invalid", 3),
        "{tips}"
    );
    // Of equals, the one that came first is the best, unless the user prefers another.
    node.expect("reconsiderblock", json!([ours[2]]), &Wanted::Exactly(Value::Null))?;
    let best = text(&node.expect("getbestblockhash", json!([]), &Wanted::Success)?)?;
    let (best_tip, other) = match best == ours[2] {
        true => (&ours, &theirs),
        false => (&theirs, &ours),
    };
    node.expect("preciousblock", json!([other[2]]), &Wanted::Exactly(Value::Null))?;
    node.expect("getbestblockhash", json!([]), &Wanted::Exactly(other[2].clone()))?;
    node.expect(
        "preciousblock",
        json!([best_tip[2]]),
        &Wanted::Exactly(Value::Null),
    )?;
    node.expect(
        "getbestblockhash",
        json!([]),
        &Wanted::Exactly(best_tip[2].clone()),
    )?;
    // A block with less work than the tip is not preferred.
    node.expect("preciousblock", json!([other[1]]), &Wanted::Exactly(Value::Null))?;
    node.expect(
        "getbestblockhash",
        json!([]),
        &Wanted::Exactly(best_tip[2].clone()),
    )?;
    let off = node.expect("getblockheader", json!([other[1]]), &Wanted::Success)?;
    ensure!(
        off["confirmations"] == -1 && off.get("nextblockhash").is_none(),
        "{off}"
    );
    node.expect(
        "getchaintxstats",
        json!([1, other[1]]),
        &Wanted::Error(-8, "Block is not in main chain"),
    )?;
    let tips = node.expect("getchaintips", json!([]), &Wanted::Success)?;
    ensure!(
        has_tip(&tips, &best_tip[2], "active", 0) && has_tip(&tips, &other[2], "valid-fork", 3),
        "{tips}"
    );
    node.expect("verifychain", json!([4, 20]), &Wanted::Exactly(json!(true)))?;
    Ok(())
}

/// Whether there is such a tip among those of the chain. The order of tips of the same height is not said.
fn has_tip(tips: &Value, hash: &Value, status: &str, length: u64) -> bool {
    let tips = tips.as_array().into_iter().flatten();
    let mut ours = tips.filter(|tip| tip["hash"] == *hash);
    ours.any(|tip| tip["status"] == status && tip["branchlen"] == length)
}
