//! The list of checks, cheapest first, and those that are a call of one program.

use std::path::PathBuf;

use ::depends::tool::{MissingTool, MissingTools, SearchPath};
use fs_err as fs;
use miette::{IntoDiagnostic as _, Result, miette};
use site_profile::CONFIG_SITE;

use super::{
    Context, Outcome, Step, advisories, clients, documents, embedding, fuzz, hosts, licences, names, trees,
};
use crate::arguments::DependsArguments;
use crate::executables::{self, EXECUTABLES};
use crate::{cargo, depends, install_tools, site, workspace};

/// What the tests of the engine hold its results against.
const TEST_TOOLS: [&str; 6] = ["autoconf", "automake", "busybox", "cmake", "make", "pkg-config"];

/// Every check. What compiles comes after what does not, and all that compiles shares one build profile.
pub(super) const STEPS: [Step; 18] = [
    Step {
        name: "fmt",
        claim: "the code is formatted",
        needs: &[],
        run: fmt,
    },
    Step {
        name: "names",
        claim: "the engine names no coin, no node and not this repository",
        needs: &[],
        run: names::run,
    },
    Step {
        name: "licences",
        claim: "licences, origins and names of all dependencies are those that deny.toml allows",
        needs: &[],
        run: licences::run,
    },
    Step {
        name: "advisories",
        claim: "no dependency has a known vulnerability or was withdrawn",
        needs: &[],
        run: advisories::run,
    },
    Step {
        name: "recipes",
        claim: "all recipes are right",
        needs: &[],
        run: recipes,
    },
    Step {
        name: "single",
        claim: "without multiprocess, the single-process executables are built and no others",
        needs: &[],
        run: single,
    },
    Step {
        name: "build",
        claim: "the README's first command builds everything",
        needs: &["recipes"],
        run: documents::first_command,
    },
    Step {
        name: "trees",
        claim: "a C++ tree finds every library in a prefix, with autoconf and with CMake",
        needs: &["recipes"],
        run: trees::run,
    },
    Step {
        name: "hosts",
        claim: "all packages are built for Linux and Windows machines, and programs that use them run there",
        needs: &["build"],
        run: hosts::run,
    },
    Step {
        name: "clippy",
        claim: "the lints are clean",
        needs: &["build"],
        run: clippy,
    },
    Step {
        name: "rustdoc",
        claim: "the documentation builds without warnings",
        needs: &["build"],
        run: rustdoc,
    },
    Step {
        name: "unit",
        claim: "the unit tests pass",
        needs: &["build"],
        run: unit,
    },
    Step {
        name: "fuzz",
        claim: "no bytes that the fuzzer finds in a short time bring down what reads messages, blocks or files, or serves clients",
        needs: &["build"],
        run: fuzz::run,
    },
    Step {
        name: "embedding",
        claim: "a project outside of the checkout builds a library with the engine and links to it",
        needs: &["clippy"],
        run: embedding::run,
    },
    Step {
        name: "functional",
        claim: "the executables behave, driven from outside",
        needs: &["build"],
        run: functional,
    },
    Step {
        name: "bench",
        claim: "the benchmark of the node runs, whatever it measures",
        needs: &["build"],
        run: bench,
    },
    Step {
        name: "readme",
        claim: "the commands in README.md and docs/ do what is said there",
        needs: &["build"],
        run: documents::run,
    },
    Step {
        name: "clients",
        claim: "clients in C++, Rust and Python are built as docs/clients.md says, and call a node",
        needs: &["build"],
        run: documents::run_clients,
    },
];

/// The profile that the README's first command makes.
pub(super) fn profile() -> Result<PathBuf> {
    let path = workspace::depends_profile();
    let hint = |report: miette::Report| {
        miette!(
            help = "run: cargo xtask test --only build",
            "there is no profile to check with: {report}"
        )
    };
    site::at(&path)
        .map(|profile| profile.path().to_owned())
        .map_err(hint)
}

/// Makes sure of a component of the toolchain that small installations of Rust leave out.
fn component(context: &Context, name: &str, subcommand: &str) -> Result<()> {
    let shell = &context.shell;
    let is_there = || {
        cargo::outside(shell, "cargo")
            .args([subcommand, "--version"])
            .quiet()
            .ignore_stderr()
            .read()
            .is_ok()
    };
    if is_there() {
        return Ok(());
    }
    let command = format!("rustup component add {name}");
    if context.install_tools {
        cargo::outside(shell, "rustup")
            .args(["component", "add", name])
            .run()
            .into_diagnostic()?;
    }
    if is_there() {
        Ok(())
    } else {
        Err(miette!(
            help = format!("run: {command}"),
            "cargo {subcommand} is not there"
        ))
    }
}

fn fmt(context: &Context) -> Result<Outcome> {
    component(context, "rustfmt", "fmt")?;
    cargo::outside(&context.shell, "cargo")
        .args(["fmt", "--all", "--check"])
        .run()
        .into_diagnostic()?;
    Ok(Outcome::Passed)
}

fn recipes(_: &Context) -> Result<Outcome> {
    let arguments = DependsArguments {
        words: vec!["check".to_owned()],
        ..DependsArguments::default()
    };
    depends::reach_all(&arguments)?;
    Ok(Outcome::Passed)
}

/// Builds from the top-level profile, which has multiprocess off, and looks at what is there then.
fn single(context: &Context) -> Result<Outcome> {
    cargo::outside(&context.shell, &context.driver)
        .arg("build")
        .env_remove(CONFIG_SITE)
        .run()
        .into_diagnostic()?;
    let directory = workspace::executables_directory(&workspace::this_machine());
    for executable in EXECUTABLES {
        let path = directory.join(executable.file_name(cfg!(windows)));
        if path.exists() != executable.needs.is_empty() {
            return Err(miette!(
                "{} should be there only with the features that it needs",
                path.display()
            ));
        }
    }
    Ok(Outcome::Passed)
}

fn clippy(context: &Context) -> Result<Outcome> {
    component(context, "clippy", "clippy")?;
    let command = cargo::cargo(&context.shell, &profile()?);
    let command = command.args([
        "clippy",
        "--locked",
        "--workspace",
        "--features",
        &executables::every_package_feature(),
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]);
    command.run().into_diagnostic()?;
    // Elsewhere there is no multiprocess for clients to call.
    if cfg!(unix) {
        clients::lint(&context.shell, &profile()?)?;
    }
    Ok(Outcome::Passed)
}

fn rustdoc(context: &Context) -> Result<Outcome> {
    let command = cargo::cargo(&context.shell, &profile()?).env("RUSTDOCFLAGS", "-D warnings");
    command
        .args(["doc", "--locked", "--workspace", "--no-deps"])
        .args(["--features", &executables::every_package_feature()])
        .run()
        .into_diagnostic()?;
    Ok(Outcome::Passed)
}

/// Makes sure of programs that a step calls, besides those that the build has made sure of.
pub(super) fn provide_tools(context: &Context, tools: &[&str], needed_by: &str) -> Result<()> {
    let path = SearchPath::from_environment();
    let missing: Vec<MissingTool> = tools
        .iter()
        .filter_map(|tool| path.find_tool(tool, needed_by).err())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    install_tools::provide(&MissingTools(missing), context.install_tools)
}

fn unit(context: &Context) -> Result<Outcome> {
    provide_tools(context, &TEST_TOOLS, "the unit tests")?;
    let command = cargo::cargo(&context.shell, &profile()?);
    let command = command.args([
        "test",
        "--locked",
        "--no-fail-fast",
        "--workspace",
        "--features",
        &executables::every_package_feature(),
        "--exclude",
        "functional-tests",
    ]);
    command.run().into_diagnostic()?;
    Ok(Outcome::Passed)
}

fn functional(context: &Context) -> Result<Outcome> {
    let directory = workspace::executables_directory(&workspace::this_machine());
    let directory = fs::canonicalize(directory).into_diagnostic()?;
    let mut command = cargo::cargo(&context.shell, &profile()?).env("SYSCOIN_BIN_DIR", directory);
    // The executables under test are those of this checkout, whatever a rig exported before.
    for name in ["SYSCOIND", "SYSCOINCLI", "SYSCOIN_NODE", "SYSCOIN_WALLET"] {
        command = command.env_remove(name);
    }
    command
        .args(["test", "--locked", "--no-fail-fast", "-p", "functional-tests"])
        .run()
        .into_diagnostic()?;
    Ok(Outcome::Passed)
}

fn bench(context: &Context) -> Result<Outcome> {
    if !cfg!(target_os = "linux") {
        let reason = "processes are measured on Linux alone".to_owned();
        return Ok(Outcome::NotChecked { reason });
    }
    let directory = workspace::executables_directory(&workspace::this_machine());
    cargo::outside(&context.shell, &context.driver)
        .args(["bench", "node", "--rounds", "1", "--small", "--executables"])
        .arg(directory)
        .env(CONFIG_SITE, profile()?)
        .run()
        .into_diagnostic()?;
    Ok(Outcome::Passed)
}
