//! Measures what a client of a `syscoin-node -ipcbind` notices of others that attack it; `cargo xtask bench ipc` runs it
//! and says what the figures mean. Arguments are names of attacks, and none means all of them.
//!
//! Attackers work without a pause: on another processor than the node and its client, so that they take nothing but what
//! the node spends on them, and on the same one, where they also compete for it.

use std::env;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use functional_tests::{
    Capability, Content, Daemon, DataDir, IpcClient, IpcEcho, Kind, Method, Node, make_thread, with_context,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Map, Value, json};

/// How long calls are made before the first one counts.
const WARM_UP: Duration = Duration::from_millis(200);

/// How long they are counted.
const MEASURED: Duration = Duration::from_millis(500);

/// Works against the node that listens at the path until it is told that all is over.
type Attack = fn(&Path, &Attacker) -> Result<()>;

const ATTACKS: [(&str, Attack); 10] = [
    ("garbage", garbage),
    ("garbage_of_many", garbage_of_many),
    ("garbage_after_a_message", garbage_after_a_message),
    ("large_claims", large_claims),
    ("messages_beyond_the_limit", beyond_the_limit),
    ("connects", connects),
    ("threads", threads),
    ("unread_calls", unread_calls),
    ("nesting", nesting),
    ("clients_that_die", dying),
];

/// Where an attacker works.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Processor {
    /// Not where the node does.
    Other,
    /// Where the node does.
    Same,
}

/// What an attacker is told, and tells.
#[derive(Default)]
struct Attacker {
    is_over: AtomicBool,
    n_steps: AtomicU64,
}

fn main() -> Result<()> {
    // For a thousand connections.
    let maximum = getrlimit(Resource::Nofile).maximum;
    let current = maximum;
    setrlimit(Resource::Nofile, Rlimit { current, maximum })?;
    let chosen: Vec<_> = env::args().skip(1).collect();
    let is_chosen = |name: &str| chosen.is_empty() || chosen.iter().any(|chosen| chosen == name);
    let mut figures = Map::new();
    for (name, attack) in ATTACKS.into_iter().filter(|(name, _)| is_chosen(name)) {
        let data_dir = DataDir::new()?;
        let mut options = vec![data_dir.option()];
        options.extend(["-ipcbind=unix", "-disablewallet"].map(Into::into));
        let mut node = Node::spawn_with(Daemon::SyscoinNode, &data_dir, &options)?;
        node.wait_for_rpc()?;
        figures.insert(name.to_owned(), measure(&data_dir.regtest("node.sock"), attack)?);
        node.interrupt()?;
    }
    println!("{}", Value::Object(figures));
    Ok(())
}

/// What a client waits without the attack, and with it from either processor.
fn measure(path: &Path, attack: Attack) -> Result<Value> {
    let mut echo = IpcEcho::connect(path)?;
    let alone = latency(&mut echo)?;
    let other = under(&mut echo, path, attack, Processor::Other)?;
    let same = under(&mut echo, path, attack, Processor::Same)?;
    Ok(json!({ "alone": alone, "other_processor": other, "same_processor": same }))
}

/// What a client waits under an attack, with how often a second the attack was made; null where there is no such
/// processor.
fn under(echo: &mut IpcEcho, path: &Path, attack: Attack, processor: Processor) -> Result<Value> {
    let attacker = Attacker::default();
    let start = Instant::now();
    thread::scope(|scope| {
        let attacking = scope.spawn(|| -> Result<bool> {
            let is_there = processor == Processor::Same || leave_the_processor();
            if is_there {
                attack(path, &attacker)?;
            }
            Ok(is_there)
        });
        let latency = latency(echo);
        attacker.is_over.store(true, Ordering::Relaxed);
        let is_there = attacking
            .join()
            .expect("the attacker does not panic because it gives its failure as an error")?;
        let mut latency = latency?;
        let n_steps = attacker.n_steps.load(Ordering::Relaxed) as f64;
        latency["attacks_per_second"] = json!(n_steps / start.elapsed().as_secs_f64());
        Ok(if is_there { latency } else { Value::Null })
    })
}

/// Microseconds that a client waits for an answer: half of the times at most, and on average.
fn latency(echo: &mut IpcEcho) -> Result<Value> {
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
    let mean = waited.iter().sum::<f64>() / waited.len() as f64;
    Ok(json!({ "median": waited[waited.len() / 2], "mean": mean }))
}

/// Lets the calling thread run on all processors but those that it runs on now, so that it takes no time of the node's.
/// Gives whether there are any.
#[cfg(target_os = "linux")]
fn leave_the_processor() -> bool {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    let Ok(own) = sched_getaffinity(None) else {
        return false;
    };
    let mut others = CpuSet::new();
    for number in (0..CpuSet::MAX_CPU).filter(|number| !own.is_set(*number)) {
        others.set(number);
    }
    sched_setaffinity(None, &others).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn leave_the_processor() -> bool {
    false
}

impl Attacker {
    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    fn repeat(&self, mut step: impl FnMut() -> Result<()>) -> Result<()> {
        while !self.is_over() {
            step()?;
            self.n_steps.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Waits until it is over, with what was done before still there.
    fn stay(&self) {
        const PAUSE: Duration = Duration::from_millis(1);
        while !self.is_over() {
            thread::park_timeout(PAUSE);
        }
    }
}

/// The head of a frame of one segment of so many words.
fn head(n_words: u32) -> Vec<u8> {
    [[0; 4], n_words.to_le_bytes()].concat()
}

const GARBAGE: [u8; 64] = [0xff; 64];

fn garbage(path: &Path, attacker: &Attacker) -> Result<()> {
    attacker.repeat(|| {
        let mut client = IpcClient::connect(path)?;
        client.send(&GARBAGE)?;
        client.wait_for_end()
    })
}

/// Fifty at a time, which wait together.
fn garbage_of_many(path: &Path, attacker: &Attacker) -> Result<()> {
    const MANY: usize = 50;
    attacker.repeat(|| {
        let mut clients = Vec::new();
        for _ in 0..MANY {
            let mut client = IpcClient::connect(path)?;
            client.send(&GARBAGE)?;
            clients.push(client);
        }
        clients.iter_mut().try_for_each(IpcClient::wait_for_end)
    })
}

/// What is good enough to be served comes first.
fn garbage_after_a_message(path: &Path, attacker: &Attacker) -> Result<()> {
    let bootstrap = Content::Struct(vec![0], vec![Content::Null]).framed(Kind::Bootstrap);
    let bytes = [&bootstrap[..], &GARBAGE].concat();
    attacker.repeat(|| {
        let mut client = IpcClient::connect(path)?;
        client.send(&bytes)?;
        client.wait_for_end()
    })
}

fn large_claims(path: &Path, attacker: &Attacker) -> Result<()> {
    const MANY: usize = 100;
    let mut clients = Vec::new();
    for _ in 0..MANY {
        let mut client = IpcClient::connect(path)?;
        client.send(&head(64 << 17))?;
        clients.push(client);
    }
    attacker.stay();
    Ok(())
}

fn beyond_the_limit(path: &Path, attacker: &Attacker) -> Result<()> {
    let chunk = vec![0; 1 << 20];
    attacker.repeat(|| {
        let mut client = IpcClient::connect(path)?;
        client.send(&head(70 << 17))?;
        // Until the node hangs up.
        while client.send(&chunk).is_ok() {}
        Ok(())
    })
}

/// A thousand clients at a time; the node turns most of them away.
fn connects(path: &Path, attacker: &Attacker) -> Result<()> {
    const MANY: usize = 1_000;
    attacker.repeat(|| {
        let clients = (0..MANY).map(|_| IpcClient::connect(path));
        clients.collect::<Result<Vec<_>>>().map(drop)
    })
}

fn threads(path: &Path, attacker: &Attacker) -> Result<()> {
    let mut client = IpcClient::connect(path)?;
    let init = client.bootstrap()?;
    let (_, threads) = make_thread(&mut client, &init)?;
    let pool = Content::Struct(vec![u64::from(u32::MAX)], Vec::new());
    let name = Content::Struct(Vec::new(), vec![Content::Text("x".repeat(1_000))]);
    attacker.repeat(|| {
        for (method, parameters) in [(Method::MAKE_POOL, &pool), (Method::MAKE_THREAD, &name)] {
            let question = client.call(&threads, method, parameters, &[])?;
            // A thread, or a refusal.
            let _ = client.answer(question)?;
        }
        Ok(())
    })
}

/// As many calls as the node takes; none of its answers is read.
fn unread_calls(path: &Path, attacker: &Attacker) -> Result<()> {
    const PATIENCE: Duration = Duration::from_millis(50);
    let mut echo = IpcEcho::connect(path)?;
    echo.client().set_patience(PATIENCE)?;
    while !attacker.is_over() && echo.send("unread").is_ok() {}
    attacker.stay();
    Ok(())
}

fn nesting(path: &Path, attacker: &Attacker) -> Result<()> {
    const DEPTH: usize = 200;
    let mut nested = Content::Null;
    for _ in 0..DEPTH {
        nested = Content::Struct(Vec::new(), vec![nested]);
    }
    let parameters = Content::Struct(Vec::new(), vec![nested.clone(), nested]);
    let mut echo = IpcEcho::connect(path)?;
    let capability = echo.capability().clone();
    attacker.repeat(|| {
        let client = echo.client();
        let question = client.call(&capability, Method::ECHO, &parameters, &[])?;
        // It is refused.
        let _ = client.answer(question)?;
        Ok(())
    })
}

/// Clients that leave with a hundred calls under way, and pass on what is none of theirs.
fn dying(path: &Path, attacker: &Attacker) -> Result<()> {
    const MANY: usize = 100;
    attacker.repeat(|| {
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
