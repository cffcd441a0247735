//! `cargo xtask depends shell`.

use std::process::ExitStatus;

use depends::build::Session;
use depends::observer::Phase;

use super::{open, with_tools};
use crate::arguments::depends::upkeep::{ShellArguments, ShellPhase};
use crate::arguments::{CommandFailed, DependsArguments, UsageError};

pub(super) fn run(depends: &DependsArguments, arguments: &ShellArguments) -> miette::Result<()> {
    let words = depends.targets();
    let [package] = words[..] else {
        let message = format!("shell takes one package, not {}", words.len());
        let help = "cargo xtask depends shell capnp MULTIPROCESS=1".to_owned();
        return Err(UsageError { message, help }.into());
    };
    let engine = open(depends)?;
    let phase = match arguments.phase {
        ShellPhase::Extracted => Phase::Extract,
        ShellPhase::Preprocessed => Phase::Preprocess,
        ShellPhase::Configured => Phase::Configure,
        ShellPhase::Built => Phase::Build,
        ShellPhase::Staged => Phase::Stage,
        ShellPhase::Postprocessed => Phase::Postprocess,
    };
    let status = with_tools(depends, &engine, |engine| {
        engine.shell(package, phase, |session| {
            if !arguments.command.is_empty() {
                return session.run(&arguments.command);
            }
            say(session);
            session.run_shell()
        })
    })?;
    match status.map(code) {
        None | Some(0) => Ok(()),
        Some(code) => Err(CommandFailed(code).into()),
    }
}

/// Where the shell is, and what to type there.
fn say(session: &Session<'_>) {
    let (label, directory, place) = (session.label(), session.directory(), session.place());
    eprintln!("{label} is in {}:", directory.display());
    if place != directory {
        eprintln!("  (in this shell, as in its build, that is {})", place.display());
    }
    for (name, holds) in [
        ("source", "the source, patched"),
        ("build", "where its build system works"),
        ("stage", "what it installs"),
        ("dependencies", "what it is built against"),
        ("native", "programs that run while it is built"),
    ] {
        eprintln!("  {name:14}{holds}");
    }
    eprintln!(
        "The commands that were run so far are in {}.",
        session.log().display()
    );
    eprintln!(
        "`env` shows what they are given. `exit` leaves; the directory stays until {label} is built again."
    );
}

/// The exit code as a shell gives it.
fn code(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt as _;
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;

    #[test]
    fn codes_are_those_of_a_shell() {
        for (raw, expected) in [(0, 0), (3 << 8, 3), (15, 143)] {
            assert_eq!(code(ExitStatus::from_raw(raw)), expected);
        }
    }
}
