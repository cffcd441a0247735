//! What a node tells of itself, and of its methods.

use anyhow::{Context as _, Result, ensure};
use functional_tests::rig::{RigNode, Wanted};
use serde_json::{Value, json};

use super::rows;

pub(super) fn walk(node: &mut RigNode) -> Result<()> {
    help(node)?;
    logging(node)?;
    unrecorded(node)?;
    time(node)?;
    arguments(node)
}

fn help(node: &mut RigNode) -> Result<()> {
    rows(
        node,
        "help",
        &[
            (json!(["getblockcount"]), Wanted::Success),
            (json!({ "command": "getblock" }), Wanted::Success),
            (
                json!(["foo"]),
                Wanted::Exactly(json!("help: unknown command: foo")),
            ),
            (json!(["foo", "bar"]), Wanted::ErrorLike(-1, "help")),
            (json!([0]), Wanted::ErrorLike(-3, "Wrong type passed")),
        ],
    )
}

fn logging(node: &mut RigNode) -> Result<()> {
    node.expect("logging", json!([]), &Wanted::Members(&["net", "rpc", "leveldb"]))?;
    // Those that the command line turned off.
    let all = node.expect("logging", json!([["all"]]), &Wanted::Success)?;
    let all = all.as_object().context("no object")?;
    ensure!(all.values().all(|is_on| *is_on == true), "{all:?}");
    let none = node.expect("logging", json!([[], ["all"]]), &Wanted::Success)?;
    let none = none.as_object().context("no object")?;
    ensure!(none.values().all(|is_on| *is_on == false), "{none:?}");
    // What is excluded is so, whatever is included.
    let both = node.expect(
        "logging",
        json!({ "include": ["rpc", "net"], "exclude": ["net"] }),
        &Wanted::Success,
    )?;
    ensure!(both["rpc"] == true && both["net"] == false, "{both}");
    node.expect(
        "logging",
        json!([["foo"]]),
        &Wanted::Error(-8, "unknown logging category foo"),
    )?;
    node.expect("logging", json!([["all"]]), &Wanted::Success)?;
    Ok(())
}

/// What differs from one run to the next.
fn unrecorded(node: &mut RigNode) -> Result<()> {
    let info = node.call("getrpcinfo", json!([]))?;
    ensure!(info["active_commands"][0]["method"] == "getrpcinfo", "{info}");
    ensure!(
        info["logpath"].as_str() == node.data_dir().regtest("debug.log").to_str(),
        "{info}"
    );
    let memory = node.call("getmemoryinfo", json!({ "mode": "stats" }))?;
    Wanted::Only(&["used", "free", "total", "locked", "chunks_used", "chunks_free"])
        .check(&Ok(memory["locked"].clone()))?;
    node.expect(
        "getmemoryinfo",
        json!(["foobar"]),
        &Wanted::Error(-8, "unknown mode foobar"),
    )?;
    let uptime = node.call("uptime", json!([]))?;
    // Below 0 where the clock was set to before the start.
    ensure!(uptime.is_i64(), "{uptime}");
    Ok(())
}

fn time(node: &mut RigNode) -> Result<()> {
    rows(
        node,
        "setmocktime",
        &[
            (json!([-1]), Wanted::Error(-8, "Mocktime cannot be negative: -1.")),
            (json!([1_553_050_000]), Wanted::Exactly(Value::Null)),
            (
                json!({ "timestamp": 1_553_050_000 }),
                Wanted::Exactly(Value::Null),
            ),
            (json!(["x"]), Wanted::ErrorLike(-3, "Wrong type passed")),
            (json!([]), Wanted::ErrorLike(-1, "setmocktime timestamp")),
        ],
    )
}

fn arguments(node: &mut RigNode) -> Result<()> {
    rows(
        node,
        "echo",
        &[
            (json!(["a", "₿🏃"]), Wanted::Exactly(json!(["a", "₿🏃"]))),
            (json!({ "arg1": "b" }), Wanted::Exactly(json!([null, "b"]))),
            (
                json!({ "args": ["a"], "arg2": "c" }),
                Wanted::Exactly(json!(["a", null, "c"])),
            ),
            (
                json!({ "args": ["a"], "arg0": "c" }),
                Wanted::Error(
                    -8,
                    "Parameter arg0 specified twice both as positional and named argument",
                ),
            ),
            (
                json!({ "nonsuch": "c" }),
                Wanted::Error(-8, "Unknown named parameter nonsuch"),
            ),
        ],
    )?;
    node.expect(
        "echojson",
        json!([1, true, null, [1.5], { "a": "b" }]),
        &Wanted::Exactly(json!([1, true, null, [1.5], { "a": "b" }])),
    )?;
    node.expect("nonsuch", json!([]), &Wanted::Error(-32601, "Method not found"))?;
    node.expect("echoipc", json!(["x"]), &Wanted::Exactly(json!("x")))?;
    Ok(())
}
