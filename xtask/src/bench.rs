//! `cargo xtask bench`: figures in JSON that anyone can measure again.

mod depends;
mod ipc;
mod node;

use std::path::PathBuf;

use miette::{IntoDiagnostic as _, miette};
use xshell::Shell;

use crate::arguments::DependsArguments;
use crate::arguments::bench::{BenchArguments, Subject};
use crate::site::Site;
use crate::{cargo, workspace};

/// Runs the verb.
pub(crate) fn run(arguments: &BenchArguments) -> miette::Result<()> {
    match &arguments.subject {
        Subject::Depends(arguments) => depends::run(arguments),
        Subject::Ipc(arguments) => ipc::run(arguments),
        Subject::Node(arguments) => node::run(arguments),
    }
}

/// How a program is compiled.
#[derive(Debug, Clone, Copy)]
enum Profile {
    Release,
    Development,
}

/// Builds one executable and gives its path.
fn compile(
    site: &Site,
    depends: &DependsArguments,
    profile: Profile,
    what: &[&str],
    name: &str,
) -> miette::Result<PathBuf> {
    let shell = Shell::new().into_diagnostic()?;
    shell.change_dir(workspace::root());
    let mut command = cargo::cargo(&shell, site.profile.path())
        .args(["build", "--message-format=json-render-diagnostics"])
        .args(what);
    command = match profile {
        Profile::Release => command.arg("--release"),
        Profile::Development => command,
    };
    if depends.offline {
        command = command.arg("--offline");
    }
    if let Some(jobs) = depends.jobs {
        command = command.args(["-j", &jobs.to_string()]);
    }
    let built = cargo::built(&command.read().into_diagnostic()?);
    let found = built.into_iter().find(|executable| executable.name == name);
    found
        .map(|executable| executable.path)
        .ok_or_else(|| miette!("cargo built no {name}"))
}

/// The value in the middle, of any number of values but none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        f64::midpoint(values[middle - 1], values[middle])
    }
}

/// What the system says of a process's memory, in KiB; nothing where it does not tell. `process` is a process id or
/// `self`.
fn memory(process: &str, field: &str) -> Option<u64> {
    let status = fs_err::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

fn say(what: &str) {
    eprintln!("bench: {what}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_value_in_the_middle() {
        for (values, expected) in [
            (vec![3.0], 3.0),
            (vec![9.0, 1.0, 2.0], 2.0),
            (vec![4.0, 1.0, 2.0, 3.0], 2.5),
        ] {
            assert!((median(values) - expected).abs() < f64::EPSILON);
        }
    }
}
