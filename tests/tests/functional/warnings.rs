//! What users are warned of while a node runs: in the results of methods, and by a command of theirs.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use fs_err as fs;
use functional_tests::{Daemon, DataDir, Node, RpcClient, for_each_daemon, wait_until};
use serde_json::json;

for_each_daemon![
    warns_of_rules_that_miners_want_and_it_does_not_know,
    warns_of_an_invalid_chain_with_more_work,
];

/// A version that votes with a bit which no rule has.
const VOTE: u32 = 0x2000_8000;

/// What the node says of these votes.
const UNKNOWN_RULES: &str = "Unknown new rules activated (versionbit 15)";

/// A file to which each alert adds a line, with the option for that.
fn alert_file(data_dir: &DataDir) -> (PathBuf, String) {
    let file = data_dir.outside().join("alerts ₿");
    let option = format!("-alertnotify=echo %s >> \"{}\"", file.display());
    (file, option)
}

/// Waits until there were these alerts and no others.
fn wait_for_alerts(file: &Path, expected: &[&str]) -> Result<()> {
    wait_until("the alerts", || {
        let text = fs::read_to_string(file).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        ensure!(lines.len() <= expected.len(), "too many alerts: {lines:?}");
        Ok((lines == expected).then_some(()))
    })
}

/// The warning that all methods show.
fn warning(rpc: &mut RpcClient) -> Result<String> {
    let mut told = Vec::new();
    for method in ["getblockchaininfo", "getmininginfo", "getnetworkinfo"] {
        told.push(rpc.call(method, json!([]))?["warnings"].clone());
    }
    ensure!(told.iter().all(|warning| *warning == told[0]), "{told:?}");
    functional_tests::text(&told[0])
}

fn warns_of_rules_that_miners_want_and_it_does_not_know(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let (file, alert) = alert_file(&data_dir);
    let version = format!("-blockversion={VOTE}");
    let plain = ["-dip3params=9000:9000", &alert];
    let voting = ["-dip3params=9000:9000", &alert, &version];
    let node = Node::start(daemon, &data_dir, &plain)?;
    node.rpc()?.generate(144)?;
    node.stop()?;
    // One vote too few in the second window, enough in the third one. Both begin with the votes.
    for (votes, others) in [(107, 37), (108, 36)] {
        let node = Node::start(daemon, &data_dir, &voting)?;
        node.rpc()?.generate(votes)?;
        node.stop()?;
        let node = Node::start(daemon, &data_dir, &plain)?;
        node.rpc()?.generate(others)?;
        assert_eq!(warning(&mut node.rpc()?)?, "", "after {votes} votes");
        node.stop()?;
    }
    let node = Node::start(daemon, &data_dir, &plain)?;
    let mut rpc = node.rpc()?;
    rpc.generate(142)?;
    assert_eq!(warning(&mut rpc)?, "", "the rules hold from the next window on");
    node.log().wait_for(UNKNOWN_RULES)?;
    rpc.generate(1)?;
    assert_eq!(rpc.call("getblockcount", json!([]))?, 575);
    assert_eq!(warning(&mut rpc)?, UNKNOWN_RULES);
    rpc.generate(2)?;
    wait_for_alerts(&file, &[UNKNOWN_RULES])?;
    node.stop()?;
    // The next run learns of it from the next block, and tells again.
    let node = Node::start(daemon, &data_dir, &plain)?;
    let mut rpc = node.rpc()?;
    rpc.generate(1)?;
    assert_eq!(warning(&mut rpc)?, UNKNOWN_RULES);
    wait_for_alerts(&file, &[UNKNOWN_RULES, UNKNOWN_RULES])?;
    node.stop()
}

fn warns_of_an_invalid_chain_with_more_work(daemon: Daemon) -> Result<()> {
    const OUTDONE: &str = "Warning: We do not appear to fully agree with our peers! You may need to upgrade, or other nodes may \
                           need to upgrade.";
    // The command gets no mark that could mean something to a shell.
    let told = OUTDONE.replace('!', "");
    let data_dir = DataDir::new()?;
    let (file, alert) = alert_file(&data_dir);
    let node = Node::start(daemon, &data_dir, &[&alert])?;
    let mut rpc = node.rpc()?;
    rpc.generate(1)?;
    let six = rpc.generate(6)?;
    rpc.call("invalidateblock", json!([six[0]]))?;
    assert_eq!(warning(&mut rpc)?, "", "six blocks are not many");
    rpc.call("reconsiderblock", json!([six[0]]))?;
    rpc.generate(1)?;
    rpc.call("invalidateblock", json!([six[0]]))?;
    assert_eq!(warning(&mut rpc)?, OUTDONE);
    wait_for_alerts(&file, &[&told])?;
    // The chain can catch up, with a block of another time than the invalid one's.
    let later = rpc.tip_time()? + 60;
    rpc.call("setmocktime", json!([later]))?;
    rpc.generate(1)?;
    assert_eq!(warning(&mut rpc)?, "");
    node.stop()
}
