//! Measures running daemons as their users see them; `cargo xtask bench node` runs it and says what the figures mean.
//!
//! One run is one round, which measures each daemon in turn and prints the figures as JSON.

mod load;

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use functional_tests::{Daemon, DataDir, Node, basic, process_table};
use load::Load;
use serde_json::{Map, Value, json};

/// How many connections call at a time.
const CONNECTIONS: usize = 8;

/// How often the daemons take turns in being called.
const SLICES: u32 = 6;

/// How long a chain may take to be there.
const PATIENCE: Duration = Duration::from_secs(600);

/// The pause between looks at something that is waited for, where it is over soon.
const SHORT_PAUSE: Duration = Duration::from_millis(1);

/// The pause where it takes long, so that looking costs nothing.
const LONG_PAUSE: Duration = Duration::from_millis(20);

/// A process is idle when its figures stay the same for so many long pauses.
const IDLE_LOOKS: u32 = 50;

/// The figures of each daemon by its name.
type Figures = Map<String, Value>;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [chains, reindexed, opened, span, names @ ..] = words.as_slice() else {
        // As when all benchmarks of the crate are run.
        println!("usage: daemons CHAINS REINDEXED OPENED MILLISECONDS DAEMON...");
        return Ok(());
    };
    let daemons = names
        .iter()
        .map(|name| daemon(name))
        .collect::<Result<Vec<_>>>()?;
    let chains = Path::new(chains);
    let mut figures = Figures::new();
    for daemon in &daemons {
        let of_daemon = figures.entry(daemon.executable().name()).or_insert(json!({}));
        fresh(*daemon, of_daemon)?;
        of_daemon["start_seconds"] = start(*daemon, &chains.join("opened"), opened.parse()?)?.into();
        of_daemon["reindexed_blocks_per_second"] =
            reindex(*daemon, &chains.join("reindexed"), reindexed.parse()?)?.into();
    }
    call(
        &daemons,
        chains,
        Duration::from_millis(span.parse()?),
        &mut figures,
    )?;
    println!("{}", Value::Object(figures));
    Ok(())
}

fn daemon(name: &str) -> Result<Daemon> {
    let known = [Daemon::Syscoind, Daemon::SyscoinNode];
    let found = known
        .into_iter()
        .find(|daemon| daemon.executable().name() == name);
    found.with_context(|| format!("there is no daemon {name}"))
}

/// A data directory as users have it, in which results are not checked; with the chain of another one, if any.
fn data_dir(chain: Option<&Path>) -> Result<DataDir> {
    let data_dir = DataDir::new()?;
    data_dir.write_config(&data_dir.rig_config().replace("rpcdoccheck=1\n", ""))?;
    if let Some(chain) = chain {
        std::os::unix::fs::symlink(chain.join("regtest"), data_dir.path().join("regtest"))?;
    }
    Ok(data_dir)
}

/// Milliseconds until a daemon that begins with nothing answers, and what it takes when it has nothing to do.
fn fresh(daemon: Daemon, figures: &mut Value) -> Result<()> {
    let data_dir = data_dir(None)?;
    let begin = Instant::now();
    let node = Node::spawn_with(daemon, &data_dir, &[data_dir.option()])?;
    wait_for_height(&node, 0, SHORT_PAUSE)?;
    figures["first_answer_milliseconds"] = (begin.elapsed().as_secs_f64() * 1e3).into();
    let processes = idle(node.pid()?)?;
    let sum = |number: fn(&Process) -> u64| processes.iter().map(number).sum::<u64>();
    figures["idle_megabytes"] = megabytes(sum(|process| process.resident)).into();
    figures["idle_threads"] = sum(|process| process.threads).into();
    figures["idle_processes"] = processes
        .iter()
        .map(|process| {
            json!({
                "program": process.program,
                "megabytes": megabytes(process.resident),
                "threads": process.threads,
            })
        })
        .collect();
    node.stop()
}

/// Seconds until a daemon answers that has a chain of this height.
fn start(daemon: Daemon, chain: &Path, height: u32) -> Result<f64> {
    let data_dir = data_dir(Some(chain))?;
    let begin = Instant::now();
    let node = Node::spawn_with(daemon, &data_dir, &[data_dir.option()])?;
    wait_for_height(&node, height, SHORT_PAUSE)?;
    let elapsed = begin.elapsed().as_secs_f64();
    node.stop()?;
    Ok(elapsed)
}

/// How many blocks a second a daemon takes from its files, from its start until all are connected.
fn reindex(daemon: Daemon, chain: &Path, height: u32) -> Result<f64> {
    let data_dir = data_dir(Some(chain))?;
    let begin = Instant::now();
    let node = Node::spawn_with(daemon, &data_dir, &[data_dir.option(), "-reindex".into()])?;
    wait_for_height(&node, height, LONG_PAUSE)?;
    let rate = f64::from(height) / begin.elapsed().as_secs_f64();
    node.stop()?;
    Ok(rate)
}

fn wait_for_height(node: &Node<'_>, height: u32, pause: Duration) -> Result<()> {
    let begin = Instant::now();
    loop {
        // The cookie may be missing and the port closed; or the answer is that the daemon warms up.
        if let Ok(mut rpc) = node.rpc()
            && let Ok(reply) = rpc.request("getblockcount", json!([]))
            && reply.result == json!(height)
        {
            return Ok(());
        }
        ensure!(
            begin.elapsed() < PATIENCE,
            "no height {height}; the log:\n{}",
            node.log().text()?
        );
        thread::park_timeout(pause);
    }
}

/// A process at one moment.
#[derive(PartialEq)]
struct Process {
    program: String,
    /// Bytes.
    resident: u64,
    threads: u64,
}

/// A process and those that it started, when all have nothing to do any more.
fn idle(pid: u32) -> Result<Vec<Process>> {
    let begin = Instant::now();
    let mut last = processes(pid)?;
    let mut n_same = 0;
    while n_same < IDLE_LOOKS {
        ensure!(begin.elapsed() < PATIENCE, "the process {pid} does not rest");
        thread::park_timeout(LONG_PAUSE);
        let now = processes(pid)?;
        n_same = if now == last { n_same + 1 } else { 0 };
        last = now;
    }
    Ok(last)
}

fn processes(pid: u32) -> Result<Vec<Process>> {
    let mut pids = vec![pid];
    pids.extend(process_table::children(pid)?);
    let process = |pid| {
        let program = PathBuf::from(process_table::arguments(pid)?.swap_remove(0));
        Ok(Process {
            program: program.file_name().unwrap_or_default().display().to_string(),
            resident: process_table::resident(pid)?,
            threads: process_table::threads(pid)?,
        })
    };
    pids.into_iter().map(process).collect()
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// Calls all daemons in turn, each of which runs from the first call to the last.
fn call(daemons: &[Daemon], chains: &Path, span: Duration, figures: &mut Figures) -> Result<()> {
    let mut data_dirs = Vec::new();
    for daemon in daemons {
        let name = daemon.executable().name();
        data_dirs.push((*daemon, data_dir(Some(&chains.join(format!("large-{name}"))))?));
    }
    let mut nodes = Vec::new();
    for (daemon, data_dir) in &data_dirs {
        let mut node = Node::spawn_with(*daemon, data_dir, &[data_dir.option()])?;
        node.wait_for_rpc()?;
        let Value::String(tip) = node.rpc()?.call("getbestblockhash", json!([]))? else {
            bail!("the hash of a block is a text");
        };
        let authorization = basic(&data_dir.cookie()?);
        let open = |method: &str, params: &Value| {
            Load::open(
                data_dir.rpc_port().number(),
                &authorization,
                (method, params),
                CONNECTIONS,
            )
        };
        let loads = [
            ("getblockcount_per_second", open("getblockcount", &json!([]))?),
            ("getblock_per_second", open("getblock", &json!([tip, 0]))?),
        ];
        nodes.push((daemon.executable().name(), node, loads));
    }
    for kind in 0..2 {
        let mut sums = vec![0.0; nodes.len()];
        for slice in 0..SLICES {
            let mut order: Vec<usize> = (0..nodes.len()).collect();
            if slice % 2 == 1 {
                order.reverse();
            }
            for place in order {
                let (_, load) = &mut nodes[place].2[kind];
                sums[place] += load.run(span / SLICES)?;
            }
        }
        for ((name, _, loads), sum) in nodes.iter().zip(sums) {
            figures[*name][loads[kind].0] = (sum / f64::from(SLICES)).into();
        }
    }
    for (_, node, loads) in nodes {
        drop(loads);
        node.stop()?;
    }
    Ok(())
}
