//! How long calls between processes take, beside what the system takes for the same without Cap'n Proto, and beside
//! libmultiprocess where there is one.

mod attacks;
mod figures;

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use miette::{IntoDiagnostic as _, Result, miette};
use serde_json::{Value, json};

use super::{Profile, compile, memory, say};
use crate::arguments::bench::IpcBenchArguments;
use crate::executables::{EXECUTABLES, Executable};
use crate::{build, site};
use figures::{CASES, CPP_TO_CPP, CPP_TO_RUST, RAW, RUST_TO_CPP, RUST_TO_RUST, Samples};

/// The executable whose processes are measured.
const NODE: &str = "syscoin-node";

/// Runs the benchmark and prints its figures.
pub(super) fn run(arguments: &IpcBenchArguments) -> Result<()> {
    arguments.depends.without_targets("bench ipc")?;
    let programs = Programs::build(arguments)?;
    let processor = stay_on_one_processor()?;
    let mut samples = Samples::default();
    let mut echoipc = Vec::new();
    for round in 1..=arguments.rounds {
        say(&format!("round {round} of {}", arguments.rounds));
        programs.measure_calls(&mut samples)?;
        echoipc.push(figure(programs.node_command("echoipc"))?);
    }
    let figures = json!({
        "processor": processor,
        "rounds": arguments.rounds,
        "calls": figures::calls(&samples),
        "echoipc": figures::echoipc(echoipc),
        "idle_megabytes": programs.idle()?,
        "under_attack": attacks::run(arguments, &programs)?,
    });
    println!("{}", serde_json::to_string_pretty(&figures).into_diagnostic()?);
    Ok(())
}

/// What is run, all of it optimised.
struct Programs {
    /// Both sides of calls, in Rust; `crates/ipc/benches/calls.rs`.
    calls: PathBuf,
    /// The same in C++, where there is a libmultiprocess.
    cpp_calls: Option<PathBuf>,
    /// What drives a node; `tests/benches/node.rs`.
    node_driver: PathBuf,
    /// The node.
    node: PathBuf,
}

impl Programs {
    fn build(arguments: &IpcBenchArguments) -> Result<Self> {
        let site = site::choose(&arguments.depends)?;
        let features = build::features(&site.profile, arguments.depends.install_tools)?;
        let node = EXECUTABLES.iter().find(|executable| executable.name == NODE);
        let lacks = node
            .map(|node: &Executable| node.lacks(&features))
            .unwrap_or_default();
        if let Some(feature) = lacks.first() {
            return Err(miette!(
                help = "run: cargo xtask bench ipc MULTIPROCESS=1 NO_QT=1",
                "{NODE} is not built, because the profile {} leaves {feature} out",
                site.profile.path().display()
            ));
        }
        say("building what is measured");
        // Apart from each other, for what only the benchmarks need is not to get into the node.
        let driver = |what: &[&str], name| compile(&site, &arguments.depends, Profile::Release, what, name);
        let node = driver(&["-p", NODE], NODE)?;
        let calls = driver(&["-p", "ipc", "--bench", "calls"], "calls")?;
        let node_driver = driver(&["-p", "functional-tests", "--bench", "node"], "node")?;
        let cpp_calls = read(
            Command::new(&calls)
                .arg("cpp")
                .env(site_profile::CONFIG_SITE, site.profile.path()),
        )?;
        Ok(Self {
            calls,
            cpp_calls: Some(PathBuf::from(cpp_calls)).filter(|path| !path.as_os_str().is_empty()),
            node_driver,
            node,
        })
    }

    /// One round: everything once.
    fn measure_calls(&self, samples: &mut Samples) -> Result<()> {
        let mut pairs = vec![(RUST_TO_RUST, &self.calls, &self.calls)];
        if let Some(cpp_calls) = &self.cpp_calls {
            pairs.push((CPP_TO_CPP, cpp_calls, cpp_calls));
            pairs.push((RUST_TO_CPP, &self.calls, cpp_calls));
            pairs.push((CPP_TO_RUST, cpp_calls, &self.calls));
        }
        for case in &CASES {
            if let Some(word) = case.raw {
                samples.record(RAW, case.name, figure(Command::new(&self.calls).arg(word))?);
            }
            for (name, caller, server) in &pairs {
                if case.blocks || *caller == &self.calls {
                    let mut command = Command::new(caller);
                    samples.record(name, case.name, figure(command.arg(case.word).arg(server))?);
                }
            }
        }
        Ok(())
    }

    fn node_command(&self, word: &str) -> Command {
        let mut command = Command::new(&self.node_driver);
        command.arg(word).env("SYSCOIN_NODE", &self.node);
        command
    }

    /// The memory of a node and of a process that serves it, as long as both are there and neither has anything to do.
    fn idle(&self) -> Result<Value> {
        say("two processes that have nothing to do");
        let mut child = Command::new(&self.calls);
        let child = Held::start(child.arg("hold").arg(&self.node))?;
        let node = Held::start(&mut self.node_command("hold"))?;
        let figures = figures::idle(node.memory()?, child.memory()?);
        node.release()?;
        child.release()?;
        Ok(figures)
    }
}

/// A process that a program of ours keeps as it is.
struct Held {
    keeper: Child,
    id: String,
}

impl Held {
    fn start(command: &mut Command) -> Result<Self> {
        let mut keeper = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .into_diagnostic()?;
        let mut line = String::new();
        if let Some(output) = &mut keeper.stdout {
            BufReader::new(output).read_line(&mut line).into_diagnostic()?;
        }
        let id = line.trim().to_owned();
        Ok(Self { keeper, id })
    }

    /// What it takes, in KiB.
    fn memory(&self) -> Result<u64> {
        memory(&self.id, "VmRSS:").ok_or_else(|| miette!("the system does not tell the memory of a process"))
    }

    fn release(mut self) -> Result<()> {
        drop(self.keeper.stdin.take());
        let status = self.keeper.wait().into_diagnostic()?;
        if status.success() {
            Ok(())
        } else {
            Err(miette!("the process that kept {} ended with {status}", self.id))
        }
    }
}

/// Runs a program that prints one figure.
fn figure(mut command: impl std::borrow::BorrowMut<Command>) -> Result<f64> {
    let command = command.borrow_mut();
    let printed = read(command)?;
    printed
        .parse()
        .map_err(|error| miette!("{command:?} printed {printed:?}: {error}"))
}

/// Runs a program and gives what it printed.
fn read(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output().into_diagnostic()?;
    if !output.status.success() {
        return Err(miette!("{command:?} ended with {}", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Confines this process, and so all that it starts, to one of the processors that it may use, and gives its number:
/// the last one, because interrupts land on the first. Nothing where the system has no such thing.
#[cfg(target_os = "linux")]
fn stay_on_one_processor() -> Result<Option<usize>> {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    let allowed = sched_getaffinity(None).into_diagnostic()?;
    let last = (0..CpuSet::MAX_CPU).rev().find(|number| allowed.is_set(*number));
    if let Some(last) = last {
        let mut set = CpuSet::new();
        set.set(last);
        sched_setaffinity(None, &set).into_diagnostic()?;
    }
    Ok(last)
}

#[cfg(not(target_os = "linux"))]
fn stay_on_one_processor() -> Result<Option<usize>> {
    say("this system does not let a process choose its processor: figures will swing");
    Ok(None)
}
