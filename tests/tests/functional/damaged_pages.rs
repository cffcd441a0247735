//! Databases in which single bits are wrong: a node gives right answers, or says which database is damaged and ends.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};
use fs_err as fs;
use functional_tests::{Daemon, DataDir, Node, RpcClient, for_each_daemon};
use serde_json::{Value, json};

for_each_daemon![
    gives_no_wrong_answer_from_damaged_databases,
    makes_damaged_databases_anew,
];

const INDEXES: [&str; 3] = ["-txindex", "-blockfilterindex", "-coinstatsindex"];

const NAMES: [&str; 3] = ["txindex", "basic block filter index", "coinstatsindex"];

/// The databases of a node with all indexes.
const DATABASES: [&str; 5] = [
    "blocks/index/index.redb",
    "chainstate/coins.redb",
    "indexes/txindex/transactions.redb",
    "indexes/blockfilter/basic/filters.redb",
    "indexes/coinstats/statistics.redb",
];

const BLOCKS: u32 = 300;

/// How often each database is damaged.
const TURNS: usize = 6;

/// What the store's pages are long.
const PAGE: usize = 4096;

/// A method with its parameters.
type Question = (&'static str, Value);

/// What is asked of a chain, so that much of each database is read.
fn questions(rpc: &mut RpcClient) -> Result<Vec<Question>> {
    let mut questions = vec![
        ("getblockchaininfo", json!([])),
        ("gettxoutsetinfo", json!(["hash_serialized_3", null, false])),
        ("gettxoutsetinfo", json!(["muhash", BLOCKS / 2, true])),
        ("getindexinfo", json!([])),
    ];
    for height in (1..=BLOCKS).step_by(7) {
        let hash = rpc.call("getblockhash", json!([height]))?;
        let block = rpc.call("getblock", json!([hash]))?;
        let coinbase = &block["tx"][0];
        questions.push(("getblock", json!([hash])));
        questions.push(("gettxout", json!([coinbase, 0])));
        questions.push(("getrawtransaction", json!([coinbase])));
        questions.push(("getblockfilter", json!([hash])));
        questions.push(("gettxoutsetinfo", json!(["none", height, true])));
    }
    Ok(questions)
}

/// What does not depend on when it is asked.
fn stable(mut answer: Value) -> Value {
    if let Some(members) = answer.as_object_mut() {
        for name in ["size_on_disk", "disk_size", "warnings"] {
            members.remove(name);
        }
    }
    answer
}

struct Chain {
    data_dir: DataDir,
    /// Each database as it was.
    good: Vec<(PathBuf, Vec<u8>)>,
    expected: Vec<(Question, Value)>,
}

impl Chain {
    fn new(daemon: Daemon) -> Result<Self> {
        let data_dir = DataDir::new()?;
        let node = Node::start(daemon, &data_dir, &INDEXES)?;
        let mut rpc = node.rpc()?;
        rpc.generate(BLOCKS)?;
        rpc.wait_until_synced(&NAMES)?;
        let questions = questions(&mut rpc)?;
        let expected = questions.into_iter().map(|question| {
            let answer = rpc.call(question.0, question.1.clone())?;
            Ok((question, stable(answer)))
        });
        let expected = expected.collect::<Result<_>>()?;
        node.stop()?;
        let good = DATABASES.map(|name| {
            let path = data_dir.regtest(name);
            fs::read(&path).map(|bytes| (path, bytes))
        });
        let good = good.into_iter().collect::<Result<_, _>>()?;
        Ok(Self {
            data_dir,
            good,
            expected,
        })
    }

    /// Asks a node everything; whether it had an answer to all of it. It had the right ones.
    fn ask(&self, node: &Node<'_>) -> Result<bool> {
        let mut rpc = node.rpc()?;
        for ((method, params), expected) in &self.expected {
            let Ok(reply) = rpc.request(method, params.clone()) else {
                // It stops already.
                return Ok(false);
            };
            match reply.error {
                None => ensure!(
                    stable(reply.result.clone()) == *expected,
                    "{method} {params}: {} and not {expected}",
                    reply.result
                ),
                Some(error) if error.message.contains("hutting down") => return Ok(false),
                Some(error) => {
                    ensure!(
                        error.message.contains(" is damaged: ")
                            && error
                                .message
                                .ends_with(". Please restart with -reindex to recover."),
                        "{method} {params}: {error:?}"
                    );
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Runs a node on what is there; whether it answered everything.
    fn run(&self, daemon: Daemon) -> Result<bool> {
        let mut node = Node::spawn(daemon, &self.data_dir, &INDEXES)?;
        let has_started = node.wait_for_rpc().is_ok();
        let has_answered = has_started && self.ask(&node)?;
        if has_answered {
            node.stop()?;
        } else {
            let told = node.failure()?;
            let at_start = told.starts_with("Error: ")
                && told.contains(" is damaged: ")
                && told.ends_with(". Please restart with -reindex to recover.\n");
            let later = told == "Error: A fatal internal error occurred, see debug.log for details\n";
            ensure!(at_start || later, "{told}");
        }
        let log = self.data_dir.log().text()?;
        ensure!(!log.contains("panicked"), "{log}");
        if !has_answered {
            ensure!(log.contains(" is damaged: "), "the log has no cause");
        }
        Ok(has_answered)
    }

    fn mend(&self) -> Result<()> {
        for (path, bytes) in &self.good {
            fs::write(path, bytes)?;
        }
        let log = self.data_dir.regtest("debug.log");
        match log.exists() {
            true => Ok(fs::remove_file(log)?),
            false => Ok(()),
        }
    }
}

/// Flips bits of a database, at places that depend on the turn.
fn damage(bytes: &mut [u8], turn: usize) {
    let mut random = 7 + turn as u64;
    for _flip in 0..1 + 4 * turn {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let place = usize::try_from(random >> 33).unwrap_or(0);
        // The last pages of a store may never be used.
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap_or(0) + 1;
        bytes[place % used] ^= 1 << (random >> 30 & 7);
    }
}

fn gives_no_wrong_answer_from_damaged_databases(daemon: Daemon) -> Result<()> {
    let chain = Chain::new(daemon)?;
    let mut failures = 0;
    for turn in 0..TURNS {
        for (path, good) in &chain.good {
            chain.mend()?;
            let mut bytes = good.clone();
            damage(&mut bytes, turn);
            fs::write(path, bytes)?;
            let has_answered = chain
                .run(daemon)
                .with_context(|| format!("{}, turn {turn}", path.display()))?;
            failures += u32::from(!has_answered);
        }
    }
    if failures == 0 {
        bail!("nothing was ever damaged");
    }
    chain.mend()?;
    ensure!(chain.run(daemon)?, "it was not mended");
    Ok(())
}

fn makes_damaged_databases_anew(daemon: Daemon) -> Result<()> {
    let chain = Chain::new(daemon)?;
    for (path, good) in &chain.good {
        chain.mend()?;
        let mut bytes = good.clone();
        // In each page but the first, so that it is found wherever it is read.
        for byte in bytes.iter_mut().skip(PAGE + 100).step_by(PAGE) {
            *byte ^= 1;
        }
        fs::write(path, bytes)?;
        ensure!(!chain.run(daemon)?, "{} is not damaged", path.display());
        let options: Vec<_> = INDEXES.iter().copied().chain(["-reindex"]).collect();
        let node = Node::start(daemon, &chain.data_dir, &options)?;
        let mut rpc = node.rpc()?;
        functional_tests::wait_until("all blocks", || {
            let reply = rpc.request("getblockcount", json!([]))?;
            Ok((reply.result == BLOCKS).then_some(()))
        })?;
        rpc.wait_until_synced(&NAMES)?;
        ensure!(chain.ask(&node)?, "{} is not made anew", path.display());
        node.stop()?;
    }
    Ok(())
}
