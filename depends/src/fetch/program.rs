//! Running the programs that lead to sources: apt's and cargo. They read nothing from the user and write nothing to the
//! terminal.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{FetchConfig, Job, RouteError};
use crate::observer::Event;

/// How much of a program's output an error repeats.
const N_LINES: usize = 10;

/// The program `name`, from the configured search path; `None` if it is not installed.
pub(super) fn find(config: &FetchConfig, name: &str) -> Option<PathBuf> {
    let inherited = env::var_os("PATH");
    let path = config.search_path.as_ref().or(inherited.as_ref())?;
    env::split_paths(path)
        .map(|directory| directory.join(name))
        .find(|candidate| {
            rustix::fs::access(candidate, rustix::fs::Access::EXEC_OK).is_ok() && candidate.is_file()
        })
}

/// A command for a program that was found, which will find other programs where it was found itself.
pub(super) fn command(config: &FetchConfig, program: &Path, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(directory)
        .stdin(Stdio::null())
        .env("LC_ALL", "C")
        .env_remove("LANGUAGE");
    if let Some(path) = &config.search_path {
        command.env("PATH", path);
    }
    command
}

/// Runs a command to its end and gives what it wrote to its standard output.
pub(super) fn run(mut command: Command, job: &Job<'_>) -> Result<String, RouteError> {
    job.observer.notice(&Event::Command {
        package: job.package,
        command: &command,
    });
    let output = command.output().map_err(|error| RouteError::Program {
        command: name(&command),
        status: error.to_string(),
        output: String::new(),
    })?;
    if !output.status.success() {
        return Err(RouteError::Program {
            command: name(&command),
            status: output.status.to_string(),
            output: last_lines(&output.stderr),
        });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The program and its words that are no options.
fn name(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let mut is_value = false;
    let words = command.get_args().filter(|argument| {
        let is_option = argument.as_encoded_bytes().starts_with(b"-");
        let is_word = !is_option && !is_value;
        is_value = *argument == "-o" || *argument == "-c";
        is_word
    });
    let words: Vec<_> = std::iter::once(program)
        .chain(words)
        .map(OsStr::to_string_lossy)
        .collect();
    words.join(" ")
}

fn last_lines(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(N_LINES)..].join("\n")
}
