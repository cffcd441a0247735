//! The lints of the project in `tests/clients/rust`, which has a lock file of its own: what it is called with, and where
//! it is compiled, are those of docs/clients.md, so that step `clients` finds most of it compiled.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use miette::{IntoDiagnostic as _, Result, miette};
use xshell::{Cmd, Shell};

use crate::{cargo, site, workspace};

/// Formats and lints it. `profile` names the dependencies, among which is the schema compiler that its build calls.
pub(super) fn lint(shell: &Shell, profile: &Path) -> Result<()> {
    call(shell, &["fmt", "--check"])?.run().into_diagnostic()?;
    let site = site::at(profile)?;
    let dependencies = site
        .prefix()
        .ok_or_else(|| miette!("{} has no prefix", profile.display()))?;
    call(shell, &["clippy", "--locked", "--", "-D", "warnings"])?
        .env("DEPENDENCIES", dependencies)
        .run()
        .into_diagnostic()
}

fn directory() -> PathBuf {
    workspace::root().join("tests/clients/rust")
}

/// Cargo in the project, which finds the schema compiler where the project keeps it.
fn call<'a>(shell: &'a Shell, arguments: &[&str]) -> Result<Cmd<'a>> {
    let (subcommand, rest) = arguments
        .split_first()
        .expect("there is a subcommand because every caller names one");
    let command = cargo::outside(shell, "cargo")
        .arg(subcommand)
        .arg("--manifest-path")
        .arg(directory().join("Cargo.toml"))
        .args(rest);
    Ok(command.env("PATH", path()?))
}

/// The program's search path, with the project's directory of programs before all others.
fn path() -> Result<OsString> {
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let directories = std::iter::once(directory().join("bin")).chain(std::env::split_paths(&inherited));
    std::env::join_paths(directories).into_diagnostic()
}
