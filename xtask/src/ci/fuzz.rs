//! The step that fuzzes: it builds the targets of each crate that has some, in its directory `fuzz`, and runs each for a
//! short time.
//!
//! `cargo fuzz run` does the same for as long as one likes, with a sanitizer; that takes a nightly compiler.

use std::path::{Path, PathBuf};

use fs_err as fs;
use miette::{IntoDiagnostic as _, Result, WrapErr as _, miette};

use super::steps::profile;
use super::{Context, Outcome};
use crate::{cargo, workspace};

/// The longest input, in bytes.
const LONGEST: usize = 16 << 10;

/// Seconds that one input may take.
const PATIENCE: u32 = 20;

/// A directory with targets.
struct Suite {
    directory: &'static str,
    targets: [Target; 2],
}

/// A target, and how far it may go.
struct Target {
    name: &'static str,
    seconds: u32,
    /// The most memory that it may come to hold, in MiB: what stays behind with each input is found out.
    memory: u32,
}

const SUITES: [Suite; 2] = [
    Suite {
        directory: "crates/chain/fuzz",
        targets: [
            Target {
                name: "block",
                seconds: 15,
                memory: 512,
            },
            Target {
                name: "files",
                seconds: 10,
                memory: 512,
            },
        ],
    },
    Suite {
        directory: "crates/ipc/fuzz",
        targets: [
            Target {
                name: "frame",
                seconds: 10,
                memory: 256,
            },
            Target {
                name: "server",
                seconds: 30,
                memory: 384,
            },
        ],
    },
];

/// What makes the compiler tell the fuzzer where the program has been, and what it compared.
const INSTRUMENTATION: [&str; 6] = [
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

pub(super) fn run(context: &Context) -> Result<Outcome> {
    if !cfg!(target_os = "linux") {
        let reason = "the targets are built like this on Linux alone".to_owned();
        return Ok(Outcome::NotChecked { reason });
    }
    for suite in SUITES {
        run_suite(context, &suite)?;
    }
    Ok(Outcome::Passed)
}

fn run_suite(context: &Context, suite: &Suite) -> Result<()> {
    let directory = workspace::root().join(suite.directory);
    let manifest = directory.join("Cargo.toml");
    cargo::outside(&context.shell, "cargo")
        .args(["fmt", "--check", "--manifest-path"])
        .arg(&manifest)
        .run()
        .into_diagnostic()?;
    let built = build(context, &manifest)?;
    for target in &suite.targets {
        let executable = built.iter().find(|executable| executable.name == target.name);
        let executable = executable.ok_or_else(|| miette!("cargo built no {}", target.name))?;
        fuzz(context, target, &executable.path, &directory)?;
    }
    Ok(())
}

/// Builds the targets, apart from everything else: all that they are made of is instrumented.
fn build(context: &Context, manifest: &Path) -> Result<Vec<cargo::Built>> {
    let printed = cargo::cargo(&context.shell, &profile()?)
        .args(["build", "--locked", "--release", "--bins", "--manifest-path"])
        .arg(manifest)
        // Named, so that build scripts are not instrumented.
        .args([
            "--target",
            "host-tuple",
            "--message-format=json-render-diagnostics",
        ])
        .env("RUSTFLAGS", INSTRUMENTATION.join(" "))
        .env("CARGO_TARGET_DIR", target_directory())
        .read()
        .into_diagnostic()?;
    Ok(cargo::built(&printed))
}

fn target_directory() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(
            || workspace::root().join("target"),
            |path| workspace::root().join(path),
        )
        .join("fuzz")
}

/// Runs one target, beginning with the seeds. What it fails on is kept.
fn fuzz(context: &Context, target: &Target, executable: &Path, directory: &Path) -> Result<()> {
    let failures = target_directory().join("failures");
    fs::create_dir_all(&failures).into_diagnostic()?;
    let found = tempfile::tempdir().into_diagnostic()?;
    let outcome = cargo::outside(&context.shell, executable)
        .arg(format!("-max_total_time={}", target.seconds))
        .arg(format!("-rss_limit_mb={}", target.memory))
        .arg(format!("-timeout={PATIENCE}"))
        .arg(format!("-max_len={LONGEST}"))
        .arg(format!(
            "-artifact_prefix={}/{}-",
            failures.display(),
            target.name
        ))
        .args(["-verbosity=0", "-print_final_stats=1"])
        .arg(found.path())
        .arg(directory.join("seeds"))
        .run()
        .into_diagnostic();
    outcome.wrap_err_with(|| {
        format!(
            "target {} failed; what it failed on is in {}",
            target.name,
            failures.display()
        )
    })
}
