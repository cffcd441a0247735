//! The wallet's process, which `syscoin-node` starts, or a user beside a node. It holds no wallets yet: it serves what
//! every process serves.

mod by_hand;
mod options;

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;
use std::sync::Arc;

use app::{Args, LogConfig, Logger, report};
use interfaces::LocalInit;

use options::PROGRAM;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::error(error);
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[OsString]) -> anyhow::Result<()> {
    if let Some(descriptor) = ipc::requested_descriptor(arguments) {
        return serve_parent(descriptor);
    }
    let args = Args::parse(options::table(), arguments.iter().cloned())?;
    if let Some(text) = args.requested_text(&PROGRAM) {
        print!("{text}");
        return Ok(());
    }
    let args = args.with_config_file()?;
    report::option_warnings(&args);
    by_hand::run(&args)
}

fn serve_parent(descriptor: &OsStr) -> anyhow::Result<()> {
    let logger = Logger::buffered()?;
    ipc::serve_parent(
        PROGRAM.name,
        descriptor,
        Arc::new(LocalInit),
        Box::new(move |settings| Ok(logger.configure(LogConfig::from_settings(settings)?, [])?)),
    )?;
    Ok(())
}
