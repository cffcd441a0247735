//! What a rig written for upstream does with a node, from its first start to its end; and that both daemons, and both
//! ways to their methods, come to the same.

mod walk;

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use functional_tests::rig::{PREPARED_BLOCKS, PreparedChain, RigNode, Transcript, Way};
use functional_tests::{Daemon, for_each_daemon, for_multiprocess};
use serde_json::{Value, json};

for_each_daemon![
    begins_with_the_prepared_chain,
    answers_calls_and_commands_alike,
    is_started_stopped_and_started_again,
    says_why_it_does_not_start,
    answers_batches,
    has_help_for_all_that_it_lists,
    refuses_arguments_that_no_method_has,
];

for_multiprocess![both_daemons_answer_alike];

fn begins_with_the_prepared_chain(daemon: Daemon) -> Result<()> {
    let chain = PreparedChain::make(daemon, Way::Http)?;
    let mut nodes = [
        chain.node(daemon, Way::Http)?,
        chain.node(daemon, Way::Http)?,
        chain.node(daemon, Way::Http)?,
    ];
    for node in &mut nodes {
        node.start(&[])?;
    }
    for node in &mut nodes {
        let info = node.call("getblockchaininfo", json!([]))?;
        ensure!(info["blocks"] == PREPARED_BLOCKS, "{info}");
    }
    // A block of the present, so that none of them takes itself for one that lags behind.
    let address = functional_tests::rig::RIG_KEYS[0].0;
    let made = nodes[0].call("generatetoaddress", json!({ "nblocks": 1, "address": address }))?;
    let block = nodes[0].call("getblock", json!({ "blockhash": made[0], "verbosity": 0 }))?;
    for node in &mut nodes {
        let verdict = node.call("submitblock", json!([block]))?;
        ensure!(verdict.is_null() || verdict == "duplicate", "{verdict}");
        let info = node.call("getblockchaininfo", json!([]))?;
        ensure!(
            info["blocks"] == PREPARED_BLOCKS + 1 && info["initialblockdownload"] == false,
            "{info}"
        );
        ensure!(info["bestblockhash"] == made[0], "{info}");
        ensure!(node.call("getrawmempool", json!([]))? == json!([]));
        node.call("syncwithvalidationinterfacequeue", json!([]))?;
    }
    for node in &mut nodes {
        node.stop()?;
    }
    Ok(())
}

/// All calls of the walk, on a node that is started for it.
fn walk(daemon: Daemon, way: Way) -> Result<RigNode> {
    let chain = PreparedChain::make(daemon, Way::Http)?;
    let mut node = chain.node(daemon, way)?;
    node.start(&["-mocktime=1553050000", "-txindex=0"])?;
    walk::all(&mut node)?;
    node.stop()?;
    Ok(node)
}

fn answers_calls_and_commands_alike(daemon: Daemon) -> Result<()> {
    let calls = walk(daemon, Way::Http)?;
    let commands = walk(daemon, Way::Commands)?;
    ensure!(!commands.transcript().is_empty(), "nothing was called");
    let told = without_types(calls.transcript());
    told.check_same(commands.transcript())
}

/// Without what words of a command line cannot say.
fn without_types(transcript: &Transcript) -> Transcript {
    transcript.without(|answer| answer.as_ref().is_err_and(|error| error.code == -3))
}

fn both_daemons_answer_alike() -> Result<()> {
    let one = walk(Daemon::Syscoind, Way::Http)?;
    let other = walk(Daemon::SyscoinNode, Way::Http)?;
    one.transcript().check_same(other.transcript())
}

fn is_started_stopped_and_started_again(daemon: Daemon) -> Result<()> {
    let mut node = RigNode::new(daemon, Way::Http)?;
    node.start(&[])?;
    let address = functional_tests::rig::RIG_KEYS[0].0;
    node.call("generatetoaddress", json!([3, address]))?;
    let tip = node.call("getbestblockhash", json!([]))?;
    for options in [
        &["-txindex"][..],
        &["-blockfilterindex", "-coinstatsindex"],
        &["-reindex-chainstate"],
        &["-par=1", "-dbcache=4", "-maxmempool=5"],
        &["-persistmempool=0"],
        &["-reindex"],
        &[],
    ] {
        node.restart(options).with_context(|| format!("{options:?}"))?;
        functional_tests::wait_until("the tip of before", || {
            Ok((node.call("getbestblockhash", json!([]))? == tip).then_some(()))
        })?;
    }
    let pid_file = node.data_dir().regtest("syscoind.pid");
    ensure!(pid_file.is_file(), "no pid file");
    ensure!(
        node.data_dir().regtest("wallets").is_dir(),
        "no directory of wallets"
    );
    node.stop()?;
    ensure!(
        !pid_file.exists() && !node.data_dir().regtest(".cookie").exists(),
        "the node has left traces"
    );
    // A section of another network is told of, and nothing else changes.
    let config = node.data_dir().rig_config() + "[nonsuch]\nuacomment=x\n";
    node.data_dir().write_config(&config)?;
    node.start(&[])?;
    let line = config.lines().position(|line| line == "[nonsuch]").unwrap_or(0) + 1;
    let warning = format!(
        "Warning: {}:{line} Section [nonsuch] is not recognized.\n",
        node.data_dir().path().join("syscoin.conf").display()
    );
    node.stop_saying(&warning)
}

fn says_why_it_does_not_start(daemon: Daemon) -> Result<()> {
    let node = RigNode::new(daemon, Way::Http)?;
    for (options, expected) in [
        (
            &["-nonsuch=1"][..],
            "Error parsing command line arguments: Invalid parameter -nonsuch=1",
        ),
        (
            &["-prune=-1"],
            "Prune cannot be configured with a negative value.",
        ),
        (
            &["-prune=550", "-txindex"],
            "Prune mode is incompatible with -txindex.",
        ),
        (
            &["-prune=550", "-reindex-chainstate"],
            "Prune mode is incompatible with -reindex-chainstate. Use full -reindex instead.",
        ),
        (
            &["-debug=nonsuch"],
            "Unsupported logging category -debug=nonsuch.",
        ),
    ] {
        let told = node.start_in_vain(options)?;
        ensure!(told == expected, "{options:?}: {told}");
    }
    let mut holder = node;
    holder.start(&[])?;
    let told = holder.start_in_vain(&[])?;
    let expected = format!(
        "Cannot obtain a lock on data directory {}. Syscoin Core is probably already running.",
        holder.data_dir().path().join("regtest").display()
    );
    ensure!(told == expected, "{told}");
    holder.stop()
}

fn answers_batches(daemon: Daemon) -> Result<()> {
    let mut node = RigNode::new(daemon, Way::Http)?;
    node.start(&[])?;
    let answers = node.batch(&[
        ("getblockcount", json!([])),
        ("getblockhash", json!([0])),
        ("nonsuch", json!([])),
        ("getblockhash", json!({ "height": 7 })),
        ("echo", json!({ "arg1": "x" })),
    ])?;
    let [count, hash, nonsuch, too_high, echo] = answers.as_slice() else {
        anyhow::bail!("{answers:?}");
    };
    ensure!(*count == Ok(json!(0)), "{count:?}");
    ensure!(hash.as_ref().is_ok_and(Value::is_string), "{hash:?}");
    ensure!(
        nonsuch.as_ref().is_err_and(|error| error.code == -32601),
        "{nonsuch:?}"
    );
    ensure!(
        too_high.as_ref().is_err_and(|error| error.code == -8),
        "{too_high:?}"
    );
    ensure!(*echo == Ok(json!([null, "x"])), "{echo:?}");
    node.stop()
}

/// The names that `help` lists, with their lines.
fn listed(node: &mut RigNode) -> Result<Vec<(String, String)>> {
    let help = node.call("help", json!([]))?;
    let help = help.as_str().context("no text")?;
    let lines = help
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("== "));
    let methods: Vec<_> = lines
        .map(|line| {
            let name = line.split(' ').next().unwrap_or_default();
            (name.to_owned(), line.to_owned())
        })
        .collect();
    ensure!(methods.len() > 50, "only {} methods", methods.len());
    Ok(methods)
}

fn has_help_for_all_that_it_lists(daemon: Daemon) -> Result<()> {
    let mut node = RigNode::new(daemon, Way::Http)?;
    node.start(&[])?;
    let methods = listed(&mut node)?;
    let mut sorted = methods.clone();
    sorted.sort();
    sorted.dedup();
    ensure!(sorted.len() == methods.len(), "a method is listed twice");
    for (name, line) in methods {
        let help = node.call("help", json!([name]))?;
        let help = help.as_str().context("no text")?;
        ensure!(help.starts_with(&format!("{line}\n\n")), "{name}: {help}");
        ensure!(help.contains("\nResult"), "{name} has no result: {help}");
        let has_examples = help.contains(&format!("\nExamples:\n> syscoin-cli {name}"));
        ensure!(
            has_examples || ["help", "stop"].contains(&name.as_str()),
            "{name} has no example: {help}"
        );
        let names = parameters(help);
        let shown = line.split(' ').skip(1).any(|word| word != "(" && word != ")");
        ensure!(names.is_empty() != shown, "{name}: {names:?} of {line}");
    }
    node.stop()
}

/// The names of the parameters that a help explains.
fn parameters(help: &str) -> Vec<String> {
    let Some((_, arguments)) = help.split_once("\nArguments:\n") else {
        return Vec::new();
    };
    let arguments = arguments.split("\nResult").next().unwrap_or_default();
    let numbered = arguments.lines().filter_map(|line| {
        let (number, rest) = line.split_once(". ")?;
        number.parse::<u32>().ok()?;
        Some(rest.split(' ').next()?.to_owned())
    });
    numbered.collect()
}

fn refuses_arguments_that_no_method_has(daemon: Daemon) -> Result<()> {
    let mut node = RigNode::new(daemon, Way::Http)?;
    node.start(&[])?;
    for (name, _) in listed(&mut node)? {
        let help = node.call("help", json!([name]))?;
        let many: Vec<Value> = std::iter::repeat_n(Value::Null, 20).collect();
        let error = node
            .ask(&name, &many.into())?
            .err()
            .with_context(|| format!("{name} takes 20 arguments"))?;
        ensure!(
            error.code == -1 && help == error.message.as_str(),
            "{name}: {error:?}"
        );
        let error = node
            .ask(&name, &json!({ "nonsuch": 1 }))?
            .err()
            .with_context(|| format!("{name} takes nonsuch"))?;
        ensure!(
            (error.code, error.message.as_str()) == (-8, "Unknown named parameter nonsuch"),
            "{name}: {error:?}"
        );
    }
    ensure!(fs::metadata(node.data_dir().regtest("debug.log"))?.len() > 0);
    node.stop()
}
