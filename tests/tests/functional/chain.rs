//! A node's chain: blocks on demand, blocks of others, and what is kept of them when the node stops or is killed.

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use functional_tests::{CHAIN_ADDRESS, Daemon, DataDir, Node, START, for_each_daemon, wait_until};
use rustix::process::Signal;
use serde_json::{Value, json};

for_each_daemon![
    makes_the_published_chain,
    gives_the_same_chain_to_another_node,
    keeps_its_chain_when_it_is_killed,
    makes_its_index_and_its_coins_anew,
    refuses_a_tip_from_the_future,
    changes_to_the_chain_that_it_is_told,
    refuses_blocks_in_upstreams_words,
    refuses_what_names_no_block,
    waits_for_blocks,
    makes_blocks_of_given_transactions,
    stops_at_a_height,
    runs_commands_when_something_happens,
    refuses_options_that_do_not_fit,
    says_what_to_do_about_a_damaged_chain,
];

fn makes_the_published_chain(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    rpc.call("setmocktime", json!([START]))?;
    let hashes = rpc.generate(100)?;
    assert_eq!(
        hashes[0],
        "38116ec93dfc6c4d55a67d7a3c1f8349c4d6ba10e9e09693760be6ddabee333b"
    );
    assert_eq!(
        hashes[99],
        "0988393aa1ef9b532f79b4f00d61f3b6c3ca2482cab1657e0d85a5b50b0457a8"
    );
    assert_eq!(rpc.tip()?, hashes[99]);
    assert_eq!(rpc.call("getblockcount", json!([]))?, 100);
    let info = rpc.call("getblockchaininfo", json!([]))?;
    assert_eq!(
        (&info["chain"], &info["blocks"], &info["initialblockdownload"]),
        (&json!("regtest"), &json!(100), &json!(false))
    );
    let block = rpc.call("getblock", json!([hashes[0], 2]))?;
    assert_eq!(
        block["tx"][0]["vout"][0]["scriptPubKey"]["address"],
        CHAIN_ADDRESS
    );
    assert_eq!(block["confirmations"], 100);
    assert_eq!(block["nextblockhash"], hashes[1]);
    let coin = rpc.call("gettxout", json!([block["tx"][0]["txid"], 0]))?;
    assert_eq!(
        (coin["value"].to_string(), &coin["coinbase"]),
        ("50.00000000".to_owned(), &json!(true))
    );
    node.stop()
}

fn gives_the_same_chain_to_another_node(daemon: Daemon) -> Result<()> {
    let (here, there) = (DataDir::new()?, DataDir::new()?);
    let source = Node::start(daemon, &here, &[])?;
    let target = Node::start(daemon, &there, &[])?;
    let (mut from, mut to) = (source.rpc()?, target.rpc()?);
    // Beyond the first quorum commitments, and the votes for testdummy.
    for hash in from.generate(450)? {
        let block = from.call("getblock", json!([hash, 0]))?;
        assert_eq!(to.call("submitblock", json!([block]))?, Value::Null, "{hash}");
    }
    assert_eq!(to.tip()?, from.tip()?);
    assert_eq!(to.coins()?, from.coins()?);
    let block = from.call("getblock", json!([to.tip()?, 0]))?;
    assert_eq!(to.call("submitblock", json!([block]))?, "duplicate");
    source.stop()?;
    target.stop()
}

fn keeps_its_chain_when_it_is_killed(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let mut before = None;
    for round in 0..4 {
        let node = Node::start(daemon, &data_dir, &["-dbcache=4"])?;
        let mut rpc = node.rpc()?;
        if let Some((tip_before, coins_before)) = before.take() {
            assert_eq!(rpc.tip()?, tip_before, "round {round}");
            assert_eq!(rpc.coins()?, coins_before, "round {round}");
        }
        rpc.generate(20)?;
        if round % 2 == 1 {
            let hash = rpc.call("getblockhash", json!([15]))?;
            rpc.call("invalidateblock", json!([hash]))?;
            // Blocks that are unlike those of the rounds before.
            let descriptor = format!("raw(5{round})");
            rpc.call("generatetodescriptor", json!([30, descriptor]))?;
        }
        // Asking for the coins' hash writes them to the disk; what comes after it is in the files of blocks alone.
        let _written = rpc.coins()?;
        let hashes = rpc.generate(3)?;
        let other = DataDir::new()?;
        let twin = Node::start(daemon, &other, &[])?;
        let mut to = twin.rpc()?;
        for height in 1..=rpc
            .call("getblockcount", json!([]))?
            .as_u64()
            .context("no number")?
        {
            let hash = rpc.call("getblockhash", json!([height]))?;
            let block = rpc.call("getblock", json!([hash, 0]))?;
            to.call("submitblock", json!([block]))?;
        }
        before = Some((hashes[2].clone(), to.coins()?));
        twin.stop()?;
        node.program().signal(Signal::KILL)?;
        node.wait()?;
    }
    Ok(())
}

fn makes_its_index_and_its_coins_anew(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    rpc.generate(120)?;
    let (expected_tip, expected_coins) = (rpc.tip()?, rpc.coins()?);
    node.stop()?;
    for option in ["-reindex", "-reindex-chainstate", "-checkblocks=0"] {
        let node = Node::start(daemon, &data_dir, &[option, "-checklevel=4"])?;
        let mut rpc = node.rpc()?;
        wait_until("the tip that was there before", || {
            let reply = rpc.request("getbestblockhash", json!([]))?;
            Ok((reply.result == expected_tip.as_str()).then_some(()))
        })?;
        assert_eq!(rpc.coins()?, expected_coins, "{option}");
        node.stop()?;
    }
    Ok(())
}

fn refuses_a_tip_from_the_future(daemon: Daemon) -> Result<()> {
    const LATER: u64 = 2_000_000_000;
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[&format!("-mocktime={LATER}")])?;
    node.rpc()?.generate(1)?;
    node.stop()?;
    let now = |before: u64| format!("-mocktime={}", LATER - before);
    let node = Node::spawn(daemon, &data_dir, &[&now(7_201)])?;
    assert_eq!(
        node.failure()?,
        ": The block database contains a block which appears to be from the future. This may be due to your computer's \
         date and time being set incorrectly. Only rebuild the block database if you are sure that your computer's date \
         and time are correct.\nPlease restart with -reindex or -reindex-chainstate to recover.\n"
    );
    let node = Node::start(daemon, &data_dir, &[&now(7_200)])?;
    assert_eq!(node.rpc()?.call("getblockcount", json!([]))?, 1);
    node.stop()
}

fn changes_to_the_chain_that_it_is_told(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let hashes = rpc.generate(5)?;
    rpc.call("invalidateblock", json!([hashes[2]]))?;
    assert_eq!(rpc.tip()?, hashes[1]);
    let other = rpc.call("generatetodescriptor", json!([1, "raw(51)"]))?;
    assert_eq!(rpc.tip()?, other[0].as_str().context("no text")?);
    rpc.call("reconsiderblock", json!([hashes[4]]))?;
    assert_eq!(rpc.tip()?, hashes[4]);
    let tips = rpc.call("getchaintips", json!([]))?;
    assert_eq!(tips[0]["status"], "active");
    assert_eq!(
        (&tips[1]["status"], &tips[1]["branchlen"], &tips[1]["hash"]),
        (&json!("valid-fork"), &json!(1), &other[0])
    );
    assert_eq!(rpc.call("verifychain", json!([4, 0]))?, true);
    node.stop()
}

fn refuses_blocks_in_upstreams_words(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    rpc.generate(1)?;
    let unsubmitted = rpc.call("generateblock", json!([CHAIN_ADDRESS, [], false]))?;
    let good = unsubmitted["hex"].as_str().context("no block")?.to_owned();
    for (block, expected) in [
        ("", (-22, "Block decode failed")),
        ("00", (-22, "Block decode failed")),
        (&good[..good.len() - 2], (-22, "Block decode failed")),
    ] {
        let refused = rpc.refusal("submitblock", json!([block]))?;
        assert_eq!((refused.0, refused.1.as_str()), expected);
    }
    // The parent's hash begins at byte 4, the time is at byte 68.
    let orphan = format!("{}00{}", &good[..8], &good[10..]);
    let reason = rpc.call("submitblock", json!([orphan]))?;
    ensure!(
        reason == "prev-blk-not-found" || reason == "high-hash",
        "{reason}"
    );
    // The coinbase's witness is one item before the lock time. A second one alone is heavier than a block may be.
    let witness = format!("0120{}", "00".repeat(32));
    let before = good
        .strip_suffix(&format!("{witness}00000000"))
        .context("the coinbase is not last")?;
    let heavy = format!(
        "{before}02{}fe404b4c00{}00000000",
        &witness[2..],
        "61".repeat(5_000_000)
    );
    assert_eq!(rpc.call("submitblock", json!([heavy]))?, "bad-witness-nonce-size");
    assert_eq!(rpc.call("submitblock", json!([good]))?, Value::Null);
    assert_eq!(rpc.call("submitblock", json!([good]))?, "duplicate");
    let refused = rpc.refusal("submitheader", json!(["00"]))?;
    assert_eq!(refused, (-22, "Block header decode failed".to_owned()));
    node.stop()
}

fn refuses_what_names_no_block(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let nowhere = "00".repeat(32);
    for (method, params, expected) in [
        ("getblock", json!([nowhere]), (-5, "Block not found")),
        ("getblockheader", json!([nowhere]), (-5, "Block not found")),
        ("invalidateblock", json!([nowhere]), (-5, "Block not found")),
        (
            "getblock",
            json!(["zz"]),
            (-8, "blockhash must be of length 64 (not 2, for 'zz')"),
        ),
        (
            "getblockheader",
            json!(["zz"]),
            (-8, "hash must be of length 64 (not 2, for 'zz')"),
        ),
        (
            "getmempoolentry",
            json!(["zz"]),
            (-8, "parameter 1 must be of length 64 (not 2, for 'zz')"),
        ),
        (
            "getchaintxstats",
            json!([1_u64 << 40]),
            (-1, "JSON integer out of range"),
        ),
        (
            "getblockhash",
            json!([1_u64 << 40]),
            (-1, "JSON integer out of range"),
        ),
        (
            "gettxout",
            json!([nowhere, -1]),
            (-1, "JSON integer out of range"),
        ),
        ("getblockhash", json!([-1]), (-8, "Block height out of range")),
        ("getblockhash", json!([1]), (-8, "Block height out of range")),
        (
            "generatetoaddress",
            json!([1, "nobody"]),
            (-5, "Error: Invalid address"),
        ),
        (
            "pruneblockchain",
            json!([1]),
            (-1, "Cannot prune blocks because node is not in prune mode."),
        ),
        (
            "gettxoutsetinfo",
            json!(["md5"]),
            (-8, "'md5' is not a valid hash_type"),
        ),
        (
            "setmocktime",
            json!([-1]),
            (-8, "Mocktime cannot be negative: -1."),
        ),
    ] {
        let refused = rpc.refusal(method, params)?;
        assert_eq!((refused.0, refused.1.as_str()), expected, "{method}");
    }
    node.stop()
}

fn waits_for_blocks(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut waiting = node.rpc()?;
    let mut rpc = node.rpc()?;
    let height = std::thread::spawn(move || waiting.call("waitforblockheight", json!([3])));
    rpc.generate(3)?;
    let reached = height
        .join()
        .map_err(|_| anyhow::anyhow!("the waiting thread ended"))??;
    assert_eq!(reached["height"], 3);
    let hash = rpc.tip()?;
    assert_eq!(rpc.call("waitforblock", json!([hash, 60_000]))?["hash"], hash);
    assert_eq!(rpc.call("waitfornewblock", json!([1]))?["hash"], hash);
    // A time below 0 is over at once.
    assert_eq!(rpc.call("waitfornewblock", json!([-1]))?["hash"], hash);
    let (code, text) = rpc.refusal("waitfornewblock", json!([1_u64 << 40]))?;
    assert_eq!((code, text.as_str()), (-1, "JSON integer out of range"));
    node.stop()
}

fn makes_blocks_of_given_transactions(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    // Anyone can spend this: OP_TRUE.
    let hashes = rpc.call("generatetodescriptor", json!([101, "raw(51)"]))?;
    let first = rpc.call("getblock", json!([hashes[0]]))?;
    let spend = rpc.call(
        "createrawtransaction",
        json!([[{ "txid": first["tx"][0], "vout": 0 }], [{ CHAIN_ADDRESS: 49 }]]),
    )?;
    let made = rpc.call("generateblock", json!([CHAIN_ADDRESS, [spend]]))?;
    let block = rpc.call("getblock", json!([made["hash"], 3]))?;
    assert_eq!(block["tx"][1]["fee"].to_string(), "1.00000000");
    assert_eq!(block["tx"][1]["vin"][0]["prevout"]["height"], 1);
    assert_eq!(rpc.call("gettxout", json!([first["tx"][0], 0]))?, Value::Null);
    let again = rpc.call(
        "createrawtransaction",
        json!([[{ "txid": first["tx"][0], "vout": 0 }], [{ CHAIN_ADDRESS: 48 }]]),
    )?;
    let (code, text) = rpc.refusal("generateblock", json!([CHAIN_ADDRESS, [again]]))?;
    assert_eq!(
        (code, text.as_str()),
        (
            -25,
            "TestBlockValidity failed: bad-txns-inputs-missingorspent, CheckTxInputs: inputs missing/spent"
        )
    );
    node.stop()
}

fn stops_at_a_height(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &["-stopatheight=5"])?;
    let hashes = node.rpc()?.generate(10)?;
    ensure!((5..10).contains(&hashes.len()), "{} blocks", hashes.len());
    node.wait()?.check_success()
}

fn runs_commands_when_something_happens(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let outside = data_dir.outside();
    let append = |name: &str, text: &str| {
        let file = outside.join(name);
        format!("-{name}=echo {text} >> '{}'", file.display())
    };
    let options = [
        append("blocknotify", "%s"),
        append("startupnotify", "started"),
        append("shutdownnotify", "stopped"),
    ];
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let node = Node::start(daemon, &data_dir, &options)?;
    let read = |name: &str| fs::read_to_string(outside.join(name)).unwrap_or_default();
    let mut hashes = node.rpc()?.generate(5)?;
    hashes.sort();
    wait_until("a line for each block", || {
        let text = read("blocknotify");
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        Ok((lines == hashes).then_some(()))
    })?;
    wait_until("a line at the start", || {
        Ok((read("startupnotify") == "started\n").then_some(()))
    })?;
    node.stop()?;
    assert_eq!(read("shutdownnotify"), "stopped\n");
    Ok(())
}

fn refuses_options_that_do_not_fit(daemon: Daemon) -> Result<()> {
    for (options, expected) in [
        (
            &["-prune=-1"][..],
            "Prune cannot be configured with a negative value.",
        ),
        (
            &["-prune=2"],
            "Prune configured below the minimum of 550 MiB.  Please use a higher number.",
        ),
        (
            &["-prune=550", "-reindex-chainstate"],
            "Prune mode is incompatible with -reindex-chainstate. Use full -reindex instead.",
        ),
        (
            &["-testactivationheight=segwit"],
            "Invalid format (segwit) for -testactivationheight=name@height.",
        ),
        (
            &["-minimumchainwork=test"],
            "Invalid non-hex (test) minimum chain work value specified",
        ),
    ] {
        let data_dir = DataDir::new()?;
        let text = Node::spawn(daemon, &data_dir, options)?.failure()?;
        assert_eq!(text, format!("Error: {expected}\n"), "{options:?}");
    }
    Ok(())
}

fn says_what_to_do_about_a_damaged_chain(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    node.rpc()?.generate(10)?;
    node.stop()?;
    let file = data_dir.regtest("blocks/blk00000.dat");
    let whole = fs::read(&file)?;
    let mut damaged = whole.clone();
    // Within the last block, which ends where the room for others begins.
    let end = whole
        .iter()
        .rposition(|byte| *byte != 0)
        .context("an empty file")?;
    damaged[end - 100] ^= 1;
    fs::write(&file, &damaged)?;
    let text = Node::spawn(daemon, &data_dir, &[])?.failure()?;
    ensure!(
        text.starts_with("Error: Corrupted block database detected") && text.contains("-reindex"),
        "{text}"
    );
    fs::remove_file(&file)?;
    let text = Node::spawn(daemon, &data_dir, &[])?.failure()?;
    ensure!(text.contains("is not there; restart with -reindex"), "{text}");
    fs::write(&file, &whole)?;
    let node = Node::start(daemon, &data_dir, &[])?;
    assert_eq!(node.rpc()?.call("getblockcount", json!([]))?, 10);
    node.interrupt()
}
