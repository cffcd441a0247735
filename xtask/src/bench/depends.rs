//! How long the engine takes for nothing, for everything and for what the cache has, beside the same work done without
//! it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use ::depends::cache::{Cache, Lookup};
use ::depends::host::Host;
use ::depends::observer::Silent;
use ::depends::{Engine, EngineError, Settings};
use miette::{IntoDiagnostic as _, Result, miette};
use serde_json::{Value, json};

use super::{median, memory, say};
use crate::arguments::bench::DependsBenchArguments;
use crate::{depends, workspace};

/// Runs the benchmark and prints its figures.
pub(super) fn run(arguments: &DependsBenchArguments) -> Result<()> {
    arguments.depends.without_targets("bench depends")?;
    say("making the prefix up to date, and the sources complete");
    depends::install(&arguments.depends)?;
    let scratch = workspace::root().join("depends/work/bench");
    let bench = Bench {
        options: arguments.depends.options(),
        jobs: depends::usual_jobs(&arguments.depends),
        rounds: arguments.rounds,
        scratch: &scratch,
    };
    bench.clear()?;
    let nothing_to_do = bench.nothing_to_do()?;
    let restore = bench.restore()?;
    let together = if arguments.warm { None } else { Some(bench.cold()?) };
    // What follows is no part of a run of the engine.
    let peak_memory = memory("self", "VmHWM:");
    let cold = match together {
        Some(together) => bench.against_one_after_another(together)?,
        None => Value::Null,
    };
    let figures = json!({
        "options": bench.options.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>(),
        "jobs": bench.jobs,
        "rounds": bench.rounds,
        "nothing_to_do": nothing_to_do,
        "restore": restore,
        "cold": cold,
        "second_host": bench.second_host()?,
        "peak_memory_kib": peak_memory,
    });
    bench.clear()?;
    println!("{}", serde_json::to_string_pretty(&figures).into_diagnostic()?);
    Ok(())
}

struct Bench<'a> {
    options: Vec<(String, String)>,
    jobs: usize,
    rounds: u32,
    scratch: &'a Path,
}

impl Bench<'_> {
    /// An engine of its own base directory, with the usual sources and, unless it is to begin from nothing, the usual
    /// cache.
    fn engine(&self, base: &str, cache: Option<&Path>, more: &[(&str, &str)]) -> Result<Engine> {
        let usual = depends::quiet_engine(self.options.clone())?;
        let mut arguments = self.options.clone();
        let mut add = |name: &str, value: String| arguments.push((name.to_owned(), value));
        add("SOURCES_PATH", usual.layout().sources.display().to_string());
        if let Some(cache) = cache {
            add("BASE_CACHE", cache.display().to_string());
        }
        for (name, value) in more {
            add(name, (*value).to_owned());
        }
        let settings = Settings {
            base: self.scratch.join(base),
            recipes: workspace::root().join("packages"),
            arguments,
            jobs: self.jobs,
            offline: true,
        };
        Ok(Engine::new(settings, Arc::new(Silent))?)
    }

    fn clear(&self) -> Result<()> {
        match fs_err::remove_dir_all(self.scratch) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).into_diagnostic(),
            _ => Ok(()),
        }
    }

    /// The prefix is up to date: with cargo before it, and without.
    fn nothing_to_do(&self) -> Result<Value> {
        say("nothing to do");
        let words: Vec<String> = self
            .options
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let program = std::env::current_exe().into_diagnostic()?;
        let mut with_cargo = Vec::new();
        let mut alone = Vec::new();
        for _ in 0..self.rounds {
            with_cargo.push(time_command(
                Command::new("cargo").args(["xtask", "depends"]).args(&words),
            )?);
            alone.push(time_command(Command::new(&program).arg("depends").args(&words))?);
        }
        Ok(json!({ "with_cargo": median(with_cargo), "program": median(alone) }))
    }

    /// Everything is in the cache, and nothing is in place.
    fn restore(&self) -> Result<Value> {
        say("restoring from the cache");
        let usual = depends::quiet_engine(self.options.clone())?;
        let cache = usual.layout().cache.clone();
        let archives = archives(&usual)?;
        let (mut engine_times, mut tar_times) = (Vec::new(), Vec::new());
        for _ in 0..self.rounds {
            let engine = self.engine("restore", Some(&cache), &[])?;
            engine_times.push(time(|| engine.install().map(drop))?);
            let by_tar = self.scratch.join("tar");
            let begin = Instant::now();
            for (archive, directory) in &archives {
                let target = by_tar.join(directory);
                fs_err::create_dir_all(&target).into_diagnostic()?;
                let status = Command::new("tar")
                    .arg("-xzf")
                    .arg(archive)
                    .arg("-C")
                    .arg(&target)
                    .status()
                    .into_diagnostic()?;
                if !status.success() {
                    return Err(miette!("tar ended with {status}"));
                }
            }
            tar_times.push(begin.elapsed().as_secs_f64());
            self.clear()?;
        }
        let (engine, tar) = (median(engine_times), median(tar_times));
        Ok(json!({ "engine": engine, "tar": tar, "ratio": engine / tar, "target": 2.0 }))
    }

    /// Nothing is built yet: all packages at once.
    fn cold(&self) -> Result<f64> {
        say("building everything from its sources: this takes minutes");
        let engine = self.engine("cold", None, &[])?;
        let together = time(|| engine.install().map(drop))?;
        self.clear()?;
        Ok(together)
    }

    /// The same packages one after another.
    fn against_one_after_another(&self, together: f64) -> Result<Value> {
        // Another salt keeps native packages and their twins apart.
        let salt = [("BUILD_ID_SALT", "native packages of their own")];
        let engine = self.engine("serial", None, &salt)?;
        let plan = engine.plan()?;
        let labels: Vec<String> = plan.units.iter().map(::depends::plan::Unit::label).collect();
        let mut packages = serde_json::Map::new();
        let mut one_after_another = 0.0;
        for label in &labels {
            say(&format!("building {label} alone"));
            let seconds = time(|| engine.build_package(label, None))?;
            one_after_another += seconds;
            packages.insert(label.clone(), json!(seconds));
        }
        self.clear()?;
        Ok(json!({
            "together": together,
            "one_after_another": one_after_another,
            "ratio": together / one_after_another,
            "target": 0.6,
            "packages_one_after_another": packages,
        }))
    }

    /// How many native packages another host would build, given what this host's build left in the cache.
    fn second_host(&self) -> Result<Value> {
        let mut counts = serde_json::Map::new();
        for host in Host::all() {
            let mut options = self.options.clone();
            options.push(("HOST".to_owned(), host.triplet.clone()));
            let engine = depends::quiet_engine(options)?;
            let plan = match engine.plan() {
                Ok(plan) => plan,
                // Its compilers are not here.
                Err(EngineError::Tools(_)) => continue,
                Err(error) => return Err(error.into()),
            };
            let cache = Cache::new(engine.layout().cache.clone());
            let n_absent = plan
                .native_packages
                .values()
                .filter(|index| !matches!(cache.peek(&plan.units[**index]), Lookup::Found(_)))
                .count();
            counts.insert(host.triplet.clone(), json!(n_absent));
        }
        Ok(Value::Object(counts))
    }
}

/// The archives that a prefix is made of, each with the directory in the prefix that takes it.
fn archives(engine: &Engine) -> Result<Vec<(PathBuf, &'static str)>> {
    let plan = engine.plan()?;
    let cache = Cache::new(engine.layout().cache.clone());
    let path = |index: &usize| cache.path(&plan.units[*index], "tar.gz");
    let packages = plan.packages.values().map(|index| (path(index), ""));
    let native = plan.native_packages.values().map(|index| (path(index), "native"));
    Ok(packages.chain(native).collect())
}

fn time(act: impl FnOnce() -> Result<(), EngineError>) -> Result<f64> {
    let begin = Instant::now();
    act()?;
    Ok(begin.elapsed().as_secs_f64())
}

fn time_command(command: &mut Command) -> Result<f64> {
    let command = command
        .current_dir(workspace::root())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let begin = Instant::now();
    let status = command.status().into_diagnostic()?;
    if status.success() {
        Ok(begin.elapsed().as_secs_f64())
    } else {
        Err(miette!("{} ended with {status}", command.get_program().display()))
    }
}
