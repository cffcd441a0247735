//! Rules that Bitcoin's chain does not have, and signed blocks: what a node keeps of them from one block and run to the next.

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use functional_tests::{Daemon, DataDir, KEY_ADDRESS, Node, RpcClient, for_each_daemon, text, wait_until};
use serde_json::{Value, json};

for_each_daemon![
    keeps_tokens_with_their_coins,
    refuses_what_is_said_of_masternodes,
    takes_the_blocks_of_a_signet_that_are_signed,
    moves_rules_to_the_heights_that_it_is_told,
    tells_which_script_refuses_a_block,
    makes_its_chain_anew_where_witnesses_begin_to_count_earlier,
];

/// The script of [`KEY_ADDRESS`].
const KEY_SCRIPT: &str = "0014751e76e8199196d454941c45d1b3a323f1433bd6";

/// An output's script that says that the first output holds 600 tokens of the kind that coins become.
const TOKENS: &str = "6a070186c340010035";

/// The same with another number of them.
const OTHER_TOKENS: &str = "6a070186c340010036";

/// A transaction that spends the first output of another, which anyone may spend.
fn transaction(version: u8, txid: &str, outputs: &[(u64, &str)]) -> String {
    let bytes: Vec<&str> = txid
        .as_bytes()
        .chunks(2)
        .rev()
        .filter_map(|pair| std::str::from_utf8(pair).ok())
        .collect();
    let mut hex = format!(
        "{version:02x}00000001{}0000000000ffffffff{:02x}",
        bytes.concat(),
        outputs.len()
    );
    for (units, script) in outputs {
        let units: String = units
            .to_le_bytes()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        hex += &format!("{units}{:02x}{script}", script.len() / 2);
    }
    hex + "00000000"
}

/// Makes blocks, and gives the first coinbase, whose output anyone may spend.
fn free_coin(rpc: &mut RpcClient) -> Result<String> {
    let hashes = rpc.call("generatetodescriptor", json!([110, "raw(51)"]))?;
    text(&rpc.call("getblock", json!([hashes[0]]))?["tx"][0])
}

/// Makes a block of one transaction, and gives its id.
fn confirm(rpc: &mut RpcClient, transaction: &str) -> Result<String> {
    let made = rpc.call("generateblock", json!([KEY_ADDRESS, [transaction]]))?;
    text(&rpc.call("getblock", json!([made["hash"]]))?["tx"][1])
}

/// Why a transaction can be in no block.
fn refusal(rpc: &mut RpcClient, transaction: &str) -> Result<String> {
    let (code, text) = rpc.refusal("generateblock", json!([KEY_ADDRESS, [transaction]]))?;
    assert_eq!(code, -25, "{text}");
    let reason = text.strip_prefix("TestBlockValidity failed: ");
    Ok(reason.context("another error")?.to_owned())
}

fn keeps_tokens_with_their_coins(daemon: Daemon) -> Result<()> {
    let options = ["-dip3params=100:100"];
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &options)?;
    let mut rpc = node.rpc()?;
    let coin = free_coin(&mut rpc)?;
    let burn = |units| transaction(139, &coin, &[(4_999_990_000, "51"), (units, TOKENS)]);
    assert_eq!(refusal(&mut rpc, &burn(601))?, "syscoin-burn-mismatch-amount");
    let burnt = confirm(&mut rpc, &burn(600))?;
    let other = transaction(142, &burnt, &[(4_999_980_000, "51"), (0, OTHER_TOKENS)]);
    let mismatch = "bad-txns-asset-io-mismatch";
    assert_eq!(refusal(&mut rpc, &other)?, mismatch);
    node.stop()?;

    let node = Node::start(daemon, &data_dir, &options)?;
    let mut rpc = node.rpc()?;
    rpc.wait_until_loaded()?;
    assert_eq!(
        refusal(&mut rpc, &other)?,
        mismatch,
        "another run knows of the tokens"
    );
    let before = rpc.coins()?;
    let sent = confirm(
        &mut rpc,
        &transaction(142, &burnt, &[(4_999_980_000, "51"), (0, TOKENS)]),
    )?;
    let other_later = transaction(142, &sent, &[(4_999_970_000, "51"), (0, OTHER_TOKENS)]);
    assert_eq!(refusal(&mut rpc, &other_later)?, mismatch);
    let tip = rpc.tip()?;
    rpc.call("invalidateblock", json!([tip]))?;
    assert_eq!(rpc.coins()?, before);
    assert_eq!(
        refusal(&mut rpc, &other)?,
        mismatch,
        "what is not spent any more holds them again"
    );
    // They may be lost.
    let lost = transaction(2, &burnt, &[(4_999_980_000, KEY_SCRIPT)]);
    confirm(&mut rpc, &lost)?;
    node.stop()
}

fn refuses_what_is_said_of_masternodes(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &["-dip3params=100:100"])?;
    let mut rpc = node.rpc()?;
    let coin = free_coin(&mut rpc)?;
    // The version, a masternode, the reason, the inputs' hash and a signature.
    let revoke = |reason| format!("6a4ca40200{}{reason}00{}", "07".repeat(32), "08".repeat(128));
    for (version, data, reason) in [
        (80, "6a0107".to_owned(), "bad-protx-payload"),
        (83, revoke("00"), "bad-protx-hash"),
        (83, revoke("04"), "bad-protx-reason"),
        (137, "6a0107".to_owned(), "poda-validation-failed"),
        (128, "6a0107".to_owned(), "legacy burn since nexus"),
    ] {
        let sent = transaction(version, &coin, &[(4_999_990_000, "51"), (0, &data)]);
        let refused = refusal(&mut rpc, &sent)?;
        assert_eq!(refused.split(", ").next(), Some(reason), "{version}");
    }
    let unreadable = transaction(142, &coin, &[(4_999_990_000, "51"), (0, "6a0107")]);
    let (code, text) = rpc.refusal("generateblock", json!([KEY_ADDRESS, [unreadable]]))?;
    assert_eq!(code, -22, "{text}");
    node.stop()
}

/// The first block of Bitcoin's signet.
const SIGNED: &str = "00000020f61eee3b63a380a477a063af32b2bbc97c9ff9f01f2c4225e973988108000000f575c83235984e7dc4afc1f30944c1\
                      70462e84437ab6f2d52e16878a79e4678bd1914d5fae77031eccf4070001010000000001010000000000000000000000000000\
                      000000000000000000000000000000000000ffffffff025151feffffff0200f2052a010000001600149243f727dd5343293eb8\
                      3174324019ec16c2630f0000000000000000776a24aa21a9ede2f61c3f71d1defd3fa999dfa36953755c690689799962b48beb\
                      d836974e8cf94c4fecc7daa2490047304402205e423a8754336ca99dbe16509b877ef1bf98d008836c725005b3c787c41ebe46\
                      022047246e4467ad7cc7f1ad98662afcaf14c115e0095a227c7b05c5182591c23e7e0100012000000000000000000000000000\
                      0000000000000000000000000000000000000000000000";

/// One of these two keys signs signet's blocks; here both must.
const BOTH_KEYS: &str = "-signetchallenge=522103ad5e0edad18cb1f0fc0d28a3d4f1f3e445640337489abb10404f2d1e086be430210359ef5021964\
                         fe22d6f8e05b2463c9540ce96883fe3b278760f048f5189f2e6c452ae";

fn takes_the_blocks_of_a_signet_that_are_signed(daemon: Daemon) -> Result<()> {
    for (challenge, verdict, height) in [
        (None, Value::Null, 1),
        (Some(BOTH_KEYS), json!("bad-signet-blksig"), 0),
    ] {
        let data_dir = DataDir::new()?;
        // Where the harness looks for it.
        fs::create_dir(data_dir.regtest(""))?;
        let cookie = format!("-rpccookiefile={}", data_dir.regtest(".cookie").display());
        let config = data_dir
            .rig_config()
            .replace("regtest=1\n[regtest]", "signet=1\n[signet]");
        data_dir.write_config(&config)?;
        let mut options = vec![cookie.as_str()];
        options.extend(challenge);
        let node = Node::start(daemon, &data_dir, &options)?;
        let mut rpc = node.rpc()?;
        assert_eq!(rpc.call("submitblock", json!([SIGNED]))?, verdict);
        let info = rpc.call("getblockchaininfo", json!([]))?;
        assert_eq!(
            (&info["chain"], &info["blocks"]),
            (&json!("signet"), &json!(height))
        );
        node.stop()?;
    }
    let data_dir = DataDir::new()?;
    data_dir.write_config("signet=1\n")?;
    let wrong = Node::spawn(daemon, &data_dir, &["-signetchallenge=5x"])?.wait()?;
    wrong.check_failure("Error: -signetchallenge must be hex, not '5x'.")
}

fn moves_rules_to_the_heights_that_it_is_told(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let options = [
        "-dip3params=9:9",
        "-llmqtestparams=17:9",
        "-testactivationheight=csv@8",
    ];
    let node = Node::start(daemon, &data_dir, &options)?;
    let mut rpc = node.rpc()?;
    let hashes = rpc.generate(10)?;
    let coinbase = |rpc: &mut RpcClient, place: usize| -> Result<Value> {
        Ok(rpc.call("getblock", json!([hashes[place], 2]))?["tx"][0].clone())
    };
    assert_eq!(coinbase(&mut rpc, 8)?["version"], 2);
    let tenth = coinbase(&mut rpc, 9)?;
    assert_eq!(tenth["version"], 85);
    // The commitment to the witnesses, and a push of three bytes more than two for each of two lists of 17 members.
    let script = text(&tenth["vout"][1]["scriptPubKey"]["hex"])?;
    assert_eq!(script.len() / 2, 38 + 3 + 316 + 4);
    let csv = &rpc.call("getdeploymentinfo", json!([]))?["deployments"]["csv"];
    assert_eq!((&csv["height"], &csv["active"]), (&json!(8), &json!(true)));
    node.stop()
}

fn tells_which_script_refuses_a_block(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    // Scripts that run side by side tell no reason.
    let node = Node::start(daemon, &data_dir, &["-par=1"])?;
    let mut rpc = node.rpc()?;
    let hashes = rpc.call("generatetodescriptor", json!([1, "raw(00)"]))?;
    let coin = text(&rpc.call("getblock", json!([hashes[0]]))?["tx"][0])?;
    rpc.call("generatetodescriptor", json!([100, "raw(51)"]))?;
    let spend = transaction(2, &coin, &[(4_999_980_000, "51")]);
    let reason = "mandatory-script-verify-flag-failed (Script evaluated without error but finished with a false/empty top \
                  stack element)";
    let refused = refusal(&mut rpc, &spend)?;
    ensure!(refused.starts_with(reason), "{refused}");
    let spend = rpc.call("decoderawtransaction", json!([spend]))?;
    let told = format!(
        "CheckInputScripts on {} failed with {reason}",
        text(&spend["txid"])?
    );
    node.log().wait_for(&told)?;
    node.stop()
}

fn makes_its_chain_anew_where_witnesses_begin_to_count_earlier(daemon: Daemon) -> Result<()> {
    let at = |height: u32| format!("-testactivationheight=segwit@{height}");
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[&at(10)])?;
    node.rpc()?.generate(7)?;
    node.stop()?;
    // The blocks up to here were taken in where they had no witnesses, which is as it should be.
    Node::start(daemon, &data_dir, &[&at(8)])?.stop()?;
    for height in [7, 5] {
        let told = Node::spawn(daemon, &data_dir, &[&at(height)])?.failure()?;
        let expected = format!(
            ": Witness data for blocks after height {height} requires validation. Please restart with -reindex..\nPlease \
             restart with -reindex or -reindex-chainstate to recover.\n"
        );
        assert_eq!(told, expected);
    }
    let node = Node::start(daemon, &data_dir, &[&at(5), "-reindex"])?;
    let mut rpc = node.rpc()?;
    // The others commit to witnesses, as all that nodes make, and lack the coinbase's, as those where witnesses do not count.
    wait_until("the blocks that the rule allows", || {
        Ok((rpc.request("getblockcount", json!([]))?.result == 4).then_some(()))
    })?;
    rpc.generate(6)?;
    node.stop()?;
    Node::start(daemon, &data_dir, &[&at(5)])?.stop()
}
