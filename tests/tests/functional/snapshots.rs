//! Chains that go on from a file of coins, while the blocks before it are still to come.

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use functional_tests::{Daemon, DataDir, Node, RpcClient, for_each_daemon, text, wait_until};
use rustix::process::Signal;
use serde_json::{Value, json};

for_each_daemon![
    goes_on_from_a_file_of_coins_and_validates_it_when_blocks_come,
    stops_when_it_finds_out_that_the_coins_were_wrong,
    is_whole_after_a_kill_while_coins_are_loaded,
    is_whole_after_a_kill_while_one_store_takes_the_place_of_another,
];

/// The height of the block that the coins are of.
const BASE: usize = 110;

/// A chain that a node has made, and the coins that it had at one of its blocks.
struct Source {
    _data_dir: DataDir,
    /// Blocks from the first on, as digits.
    blocks: Vec<Value>,
    headers: Vec<Value>,
    /// What tells the coins apart, at the block of the file and at the tip.
    base_coins: Value,
    coins: Value,
    base: String,
    file: String,
    option: String,
}

impl Source {
    fn make(daemon: Daemon) -> Result<Self> {
        let data_dir = DataDir::new()?;
        let node = Node::start(daemon, &data_dir, &[])?;
        let mut rpc = node.rpc()?;
        rpc.generate(u32::try_from(BASE)?)?;
        let base_coins = rpc.coins()?;
        let told = rpc.call("dumptxoutset", json!(["coins.dat"]))?;
        rpc.generate(10)?;
        let (mut blocks, mut headers) = (Vec::new(), Vec::new());
        for height in 1..=BASE + 10 {
            let hash = rpc.call("getblockhash", json!([height]))?;
            headers.push(rpc.call("getblockheader", json!([hash, false]))?);
            blocks.push(rpc.call("getblock", json!([hash, 0]))?);
        }
        let coins = rpc.coins()?;
        node.stop()?;
        let (base, hash) = (text(&told["base_hash"])?, text(&told["txoutset_hash"])?);
        Ok(Self {
            _data_dir: data_dir,
            blocks,
            headers,
            base_coins,
            coins,
            file: text(&told["path"])?,
            option: option(&base, &hash),
            base,
        })
    }

    /// Lets a node go on from the file.
    fn load(&self, rpc: &mut RpcClient) -> Result<Value> {
        self.submit_headers(rpc)?;
        rpc.call("loadtxoutset", json!([self.file]))
    }

    fn submit_headers(&self, rpc: &mut RpcClient) -> Result<()> {
        for header in &self.headers {
            rpc.call("submitheader", json!([header]))?;
        }
        Ok(())
    }

    fn submit(&self, rpc: &mut RpcClient, heights: std::ops::RangeInclusive<usize>) -> Result<()> {
        for height in heights {
            let said = rpc.call("submitblock", json!([self.blocks[height - 1]]))?;
            ensure!(said == Value::Null, "{height}: {said}");
        }
        Ok(())
    }
}

fn option(base: &str, hash: &str) -> String {
    format!("-assumeutxo={BASE}:{base}:{hash}:{}", BASE + 1)
}

/// The chains with coins of their own: heights, whether they are validated, and the block of the coins that they began
/// with.
fn states(rpc: &mut RpcClient) -> Result<Value> {
    let states = rpc.call("getchainstates", json!([]))?;
    let states = states["chainstates"].as_array().context("no list")?;
    let short = |state: &Value| json!([state["blocks"], state["validated"], state["snapshot_blockhash"]]);
    Ok(states.iter().map(short).collect())
}

fn goes_on_from_a_file_of_coins_and_validates_it_when_blocks_come(daemon: Daemon) -> Result<()> {
    let source = Source::make(daemon)?;
    let data_dir = DataDir::new()?;
    let options = [source.option.as_str(), "-txindex", "-coinstatsindex"];
    let node = Node::start(daemon, &data_dir, &options)?;
    let mut rpc = node.rpc()?;
    source.submit_headers(&mut rpc)?;
    assert_eq!(
        rpc.call("loadtxoutset", json!([source.file]))?,
        json!({ "coins_loaded": BASE, "tip_hash": source.base, "base_height": BASE, "path": source.file })
    );
    let unvalidated = |blocks: usize| json!([[blocks, true, null], [120, false, source.base]]);
    assert_eq!(
        states(&mut rpc)?,
        json!([[0, true, null], [BASE, false, source.base]])
    );
    assert_eq!(rpc.coins()?, source.base_coins);
    assert_eq!(rpc.call("getblockcount", json!([]))?, BASE);
    let early = rpc.call("getblockhash", json!([50]))?;
    assert_eq!(
        rpc.refusal("getblock", json!([early]))?,
        (-1, "Block not found on disk".to_owned())
    );
    let (code, said) = rpc.refusal("invalidateblock", json!([early]))?;
    ensure!(code == -1 && said.contains("snapshot"), "{code} {said}");
    let (code, said) = rpc.refusal("loadtxoutset", json!([source.file]))?;
    ensure!(code == -32603 && said.contains("more than once"), "{code} {said}");
    let statistics = rpc.call("getchaintxstats", json!([20]))?;
    assert_eq!(
        (&statistics["txcount"], &statistics["window_tx_count"]),
        (&json!(BASE + 1), &Value::Null)
    );
    source.submit(&mut rpc, BASE + 1..=120)?;
    assert_eq!(rpc.coins()?, source.coins);
    source.submit(&mut rpc, 1..=50)?;
    assert_eq!(states(&mut rpc)?, unvalidated(50));
    wait_until("the indexes to be where the blocks are", || {
        let info = rpc.call("getindexinfo", json!([]))?;
        let is_there = |name: &str| info[name] == json!({ "synced": true, "best_block_height": 50 });
        Ok((is_there("txindex") && is_there("coinstatsindex")).then_some(()))
    })?;
    node.program().signal(Signal::KILL)?;
    node.wait()?;

    let node = Node::start(daemon, &data_dir, &options)?;
    let mut rpc = node.rpc()?;
    assert_eq!(states(&mut rpc)?, unvalidated(50));
    assert_eq!(rpc.coins()?, source.coins);
    source.submit(&mut rpc, 51..=BASE)?;
    node.log().wait_for(&format!(
        "snapshot beginning at {} has been fully validated",
        source.base
    ))?;
    assert_eq!(states(&mut rpc)?, json!([[120, true, source.base]]));
    rpc.wait_until_synced(&["txindex", "coinstatsindex"])?;
    assert_eq!(rpc.call("verifychain", json!([4, 0]))?, true);
    node.stop()?;

    // One store takes the place of the other, which must know the hash for the last time.
    Node::start(daemon, &data_dir, &options)?.stop()?;
    let node = Node::start(daemon, &data_dir, &["-txindex", "-coinstatsindex"])?;
    let mut rpc = node.rpc()?;
    assert_eq!(states(&mut rpc)?, json!([[120, true, null]]));
    assert_eq!(rpc.coins()?, source.coins);
    assert_eq!(rpc.call("verifychain", json!([4, 0]))?, true);
    ensure!(!data_dir.regtest("chainstate_snapshot").exists());
    let counted = rpc.call("gettxoutsetinfo", json!(["muhash", null, false]))?;
    let kept = rpc.call("gettxoutsetinfo", json!(["muhash"]))?;
    assert_eq!(counted["muhash"], kept["muhash"]);
    node.stop()
}

fn stops_when_it_finds_out_that_the_coins_were_wrong(daemon: Daemon) -> Result<()> {
    let source = Source::make(daemon)?;
    let mut bytes = fs::read(&source.file)?;
    // The first coin's transaction.
    bytes[40] ^= 1;
    fs::write(&source.file, bytes)?;
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[&source.option])?;
    let mut rpc = node.rpc()?;
    source.submit_headers(&mut rpc)?;
    let (code, said) = rpc.refusal("loadtxoutset", json!([source.file]))?;
    let (_, wrong_hash) = said.split_once("got ").context("no hash")?;
    ensure!(
        code == -32603 && said.contains("bad snapshot content hash: expected "),
        "{code} {said}"
    );
    let line = node.log().wait_for("bad snapshot content hash: expected ")?;
    ensure!(line.groups.ends_with(&["snapshot".to_owned()]), "{line:?}");
    ensure!(line.message.ends_with(&format!(", got {wrong_hash}")), "{line:?}");
    assert_eq!(states(&mut rpc)?, json!([[0, true, null]]));
    node.stop()?;

    let wrong = option(&source.base, wrong_hash);
    let node = Node::start(daemon, &data_dir, &[&wrong])?;
    let mut rpc = node.rpc()?;
    source.load(&mut rpc)?;
    source.submit(&mut rpc, BASE + 1..=120)?;
    source.submit(&mut rpc, 1..=BASE - 1)?;
    let expected = "failed to validate the -assumeutxo snapshot state";
    let (_code, said) = rpc.refusal("submitblock", json!([source.blocks[BASE - 1]]))?;
    ensure!(said.contains(expected), "{said}");
    let said = node.failure()?;
    ensure!(said.contains(expected), "{said}");
    ensure!(data_dir.regtest("chainstate_snapshot_INVALID").is_dir());

    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    assert_eq!(states(&mut rpc)?, json!([[120, true, null]]));
    assert_eq!(rpc.coins()?, source.coins);
    assert_eq!(rpc.call("verifychain", json!([4, 0]))?, true);
    node.stop()
}

fn is_whole_after_a_kill_while_coins_are_loaded(daemon: Daemon) -> Result<()> {
    let source = Source::make(daemon)?;
    let moments = [
        "coins from snapshot",
        "coins loaded",
        "successfully activated",
        "method=loadtxoutset",
    ];
    for moment in moments {
        let data_dir = DataDir::new()?;
        let node = Node::start(daemon, &data_dir, &[&source.option])?;
        let mut rpc = node.rpc()?;
        source.submit_headers(&mut rpc)?;
        source.submit(&mut rpc, 1..=20)?;
        std::thread::scope(|scope| {
            // It ends with an error when the node is gone.
            scope.spawn(|| rpc.request("loadtxoutset", json!([source.file])));
            node.log().wait_for(moment)?;
            node.program().signal(Signal::KILL)
        })?;
        node.wait()?;
        let node = Node::start(daemon, &data_dir, &[&source.option])?;
        let mut rpc = node.rpc()?;
        let found = states(&mut rpc)?;
        if found == json!([[20, true, null]]) {
            ensure!(!data_dir.regtest("chainstate_snapshot").exists(), "{moment}");
            source.load(&mut rpc)?;
        }
        assert_eq!(
            states(&mut rpc)?,
            json!([[20, true, null], [BASE, false, source.base]]),
            "{moment}"
        );
        assert_eq!(rpc.coins()?, source.base_coins, "{moment}");
        source.submit(&mut rpc, 21..=BASE)?;
        assert_eq!(states(&mut rpc)?, json!([[BASE, true, source.base]]), "{moment}");
        node.stop()?;
    }
    Ok(())
}

fn is_whole_after_a_kill_while_one_store_takes_the_place_of_another(daemon: Daemon) -> Result<()> {
    let source = Source::make(daemon)?;
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[&source.option])?;
    let mut rpc = node.rpc()?;
    source.load(&mut rpc)?;
    source.submit(&mut rpc, BASE + 1..=120)?;
    source.submit(&mut rpc, 1..=BASE)?;
    node.program().signal(Signal::KILL)?;
    node.wait()?;
    let node = Node::spawn(daemon, &data_dir, &[&source.option])?;
    node.log().wait_for("the snapshot is validated")?;
    node.program().signal(Signal::KILL)?;
    node.wait()?;
    let node = Node::start(daemon, &data_dir, &[&source.option])?;
    let mut rpc = node.rpc()?;
    assert_eq!(states(&mut rpc)?, json!([[120, true, null]]));
    assert_eq!(rpc.coins()?, source.coins);
    assert_eq!(rpc.call("verifychain", json!([4, 0]))?, true);
    for name in ["chainstate_snapshot", "chainstate_todelete"] {
        ensure!(!data_dir.regtest(name).exists(), "{name}");
    }
    node.stop()
}
