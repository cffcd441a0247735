//! `syscoin-cli`: calls a node's RPC methods from the command line.

mod client;
mod command;
mod convert;
mod error;
mod options;
mod reply;
mod terminal;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use app::{Args, ArgsError};

use crate::error::CliError;
use crate::reply::Outcome;

fn main() -> ExitCode {
    let argv: Vec<OsString> = std::env::args_os().collect();
    let is_bare = argv.len() < 2;
    let args = match Args::parse(options::table(), argv) {
        Ok(args) => args,
        Err(error) => return refuse(&error),
    };
    if is_bare {
        print(&options::table().help_text(&options::PROGRAM, false));
        eprintln!("Error: too few parameters");
        return ExitCode::FAILURE;
    }
    if let Some(text) = args.requested_text(&options::PROGRAM) {
        print(&text);
        return ExitCode::SUCCESS;
    }
    let args = match args.with_config_file() {
        Ok(args) => args,
        Err(error) => return refuse(&error),
    };
    for warning in args.include_warnings() {
        eprintln!("{warning}");
    }
    match run(&args) {
        Ok(Outcome::Success { text }) => {
            if !text.is_empty() {
                print(&format!("{text}\n"));
            }
            ExitCode::SUCCESS
        }
        Ok(Outcome::Failure { text, status }) => {
            eprintln!("{text}");
            // The system keeps the low eight bits of what a process returns.
            ExitCode::from(status.to_le_bytes()[0])
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<Outcome, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime
        .map_err(|source| CliError::Runtime { source })?
        .block_on(command::run(args))
}

/// Says what is wrong with the options.
fn refuse(error: &ArgsError) -> ExitCode {
    app::report::tool_options_error(error);
    ExitCode::FAILURE
}

/// Writes to standard output, which nobody may be reading any more.
fn print(text: &str) {
    let mut output = std::io::stdout().lock();
    let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
}
