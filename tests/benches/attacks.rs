//! Measures what clients of a `syscoin-node -ipcbind` notice of others that attack it; `cargo xtask bench ipc` runs it
//! and says what the figures mean. Attackers work without a pause, on another processor where there is one.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use functional_tests::{
    Capability, Content, Daemon, DataDir, IpcClient, IpcEcho, Method, Node, make_thread, with_context,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Map, json};

/// How long calls are made before the first one counts.
const WARM_UP: Duration = Duration::from_millis(200);

/// How long they are counted.
const MEASURED: Duration = Duration::from_millis(500);

/// Works against the node that listens at the path until it is told that all is over.
type Attack = fn(&Path, &AtomicBool) -> Result<()>;

const ATTACKS: [(&str, Attack); 8] = [
    ("garbage", garbage),
    ("large_claims", large_claims),
    ("messages_beyond_the_limit", beyond_the_limit),
    ("connects", connects),
    ("threads", threads),
    ("unread_calls", unread_calls),
    ("nesting", nesting),
    ("clients_that_die", dying),
];

fn main() -> Result<()> {
    // For a thousand connections.
    let maximum = getrlimit(Resource::Nofile).maximum;
    let current = maximum;
    setrlimit(Resource::Nofile, Rlimit { current, maximum })?;
    let mut figures = Map::new();
    for (name, attack) in ATTACKS {
        let data_dir = DataDir::new()?;
        let mut options = vec![data_dir.option()];
        options.extend(["-ipcbind=unix", "-disablewallet"].map(Into::into));
        let mut node = Node::spawn_with(Daemon::SyscoinNode, &data_dir, &options)?;
        node.wait_for_rpc()?;
        let (alone, attacked) = measure(&data_dir.regtest("node.sock"), attack)?;
        figures.insert(name.to_owned(), json!({ "alone": alone, "attacked": attacked }));
        node.interrupt()?;
    }
    println!("{}", serde_json::Value::Object(figures));
    Ok(())
}

/// Microseconds that a client waits for an answer, half of the times at most: without the attack, and with it.
fn measure(path: &Path, attack: Attack) -> Result<(f64, f64)> {
    let mut echo = IpcEcho::connect(path)?;
    let alone = latency(&mut echo)?;
    let is_over = AtomicBool::new(false);
    let attacked = thread::scope(|scope| {
        let attacking = scope.spawn(|| {
            leave_the_processor()?;
            attack(path, &is_over)
        });
        let attacked = latency(&mut echo);
        is_over.store(true, Ordering::Relaxed);
        attacking
            .join()
            .expect("the attacker does not panic because it gives its failure as an error")?;
        attacked
    })?;
    Ok((alone, attacked))
}

fn latency(echo: &mut IpcEcho) -> Result<f64> {
    let start = Instant::now();
    let mut waited = Vec::new();
    while start.elapsed() < WARM_UP + MEASURED {
        let begin = Instant::now();
        echo.check("12345678")?;
        if start.elapsed() > WARM_UP {
            waited.push(begin.elapsed().as_secs_f64() * 1e6);
        }
    }
    ensure!(!waited.is_empty(), "no answer in {MEASURED:?}");
    waited.sort_by(f64::total_cmp);
    Ok(waited[waited.len() / 2])
}

/// Lets the calling thread run on all processors but those that it runs on now, so that it takes no time of the node's.
/// Where there is only one, it has to.
#[cfg(target_os = "linux")]
fn leave_the_processor() -> Result<()> {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    let own = sched_getaffinity(None)?;
    let mut others = CpuSet::new();
    for number in (0..CpuSet::MAX_CPU).filter(|number| !own.is_set(*number)) {
        others.set(number);
    }
    // None of them may be there.
    let _ = sched_setaffinity(None, &others);
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn leave_the_processor() -> Result<()> {
    Ok(())
}

fn until(is_over: &AtomicBool, mut step: impl FnMut() -> Result<()>) -> Result<()> {
    while !is_over.load(Ordering::Relaxed) {
        step()?;
    }
    Ok(())
}

/// Waits until it is over, with what was done before still there.
fn stay(is_over: &AtomicBool) {
    while !is_over.load(Ordering::Relaxed) {
        thread::yield_now();
    }
}

/// The head of a frame of one segment of so many words.
fn head(n_words: u32) -> Vec<u8> {
    [[0; 4], n_words.to_le_bytes()].concat()
}

fn garbage(path: &Path, is_over: &AtomicBool) -> Result<()> {
    until(is_over, || {
        let mut client = IpcClient::connect(path)?;
        client.send(&[0xff; 64])?;
        client.wait_for_end()
    })
}

fn large_claims(path: &Path, is_over: &AtomicBool) -> Result<()> {
    const MANY: usize = 100;
    let mut clients = Vec::new();
    for _ in 0..MANY {
        let mut client = IpcClient::connect(path)?;
        client.send(&head(64 << 17))?;
        clients.push(client);
    }
    stay(is_over);
    Ok(())
}

fn beyond_the_limit(path: &Path, is_over: &AtomicBool) -> Result<()> {
    let chunk = vec![0; 1 << 20];
    until(is_over, || {
        let mut client = IpcClient::connect(path)?;
        client.send(&head(70 << 17))?;
        // Until the node hangs up.
        while client.send(&chunk).is_ok() {}
        Ok(())
    })
}

/// A thousand clients at a time; the node turns most of them away.
fn connects(path: &Path, is_over: &AtomicBool) -> Result<()> {
    const MANY: usize = 1_000;
    until(is_over, || {
        let clients = (0..MANY).map(|_| IpcClient::connect(path));
        clients.collect::<Result<Vec<_>>>().map(drop)
    })
}

fn threads(path: &Path, is_over: &AtomicBool) -> Result<()> {
    let mut client = IpcClient::connect(path)?;
    let init = client.bootstrap()?;
    let (_, threads) = make_thread(&mut client, &init)?;
    let pool = Content::Struct(vec![u64::from(u32::MAX)], Vec::new());
    let name = Content::Struct(Vec::new(), vec![Content::Text("x".repeat(1_000))]);
    until(is_over, || {
        for (method, parameters) in [(Method::MAKE_POOL, &pool), (Method::MAKE_THREAD, &name)] {
            let question = client.call(&threads, method, parameters, &[])?;
            // A thread, or a refusal.
            let _ = client.answer(question)?;
        }
        Ok(())
    })
}

/// As many calls as the node takes; none of its answers is read.
fn unread_calls(path: &Path, is_over: &AtomicBool) -> Result<()> {
    const PATIENCE: Duration = Duration::from_millis(50);
    let mut echo = IpcEcho::connect(path)?;
    echo.client().set_patience(PATIENCE)?;
    while !is_over.load(Ordering::Relaxed) && echo.send("unread").is_ok() {}
    stay(is_over);
    Ok(())
}

fn nesting(path: &Path, is_over: &AtomicBool) -> Result<()> {
    const DEPTH: usize = 200;
    let mut nested = Content::Null;
    for _ in 0..DEPTH {
        nested = Content::Struct(Vec::new(), vec![nested]);
    }
    let parameters = Content::Struct(Vec::new(), vec![nested.clone(), nested]);
    let mut echo = IpcEcho::connect(path)?;
    let capability = echo.capability().clone();
    until(is_over, || {
        let client = echo.client();
        let question = client.call(&capability, Method::ECHO, &parameters, &[])?;
        // It is refused.
        let _ = client.answer(question)?;
        Ok(())
    })
}

/// Clients that leave with a hundred calls under way, and pass on what is none of theirs.
fn dying(path: &Path, is_over: &AtomicBool) -> Result<()> {
    const MANY: usize = 100;
    until(is_over, || {
        let mut echo = IpcEcho::connect(path)?;
        let capability = echo.capability().clone();
        let (parameters, foreign) = with_context(&Capability::Imported(u32::MAX), Some("x"));
        for _ in 0..MANY {
            let client = echo.client();
            client.call(&capability, Method::ECHO, &parameters, &foreign)?;
        }
        Ok(())
    })
}
