//! The wallet's process, which `syscoin-node` starts. It holds no wallets yet: it serves what every process serves.

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;
use std::sync::Arc;

use app::{Args, LogConfig, Logger, OptionSpec, OptionTable, Program, options, report};
use interfaces::LocalInit;

const PROGRAM: Program = Program {
    name: "syscoin-wallet",
    title: "Syscoin Core wallet process",
    usage: "syscoin-wallet -ipcfd <descriptor>    Serve the process that started this one",
};

const NOT_BY_HAND: &str = "syscoin-wallet is started by syscoin-node and does nothing by itself: \
                           this version has no wallets";

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
    let understood = |option: &OptionSpec| ["?", "h", "help", "version"].contains(&option.name);
    let table = OptionTable::new().add(options::general_options().into_iter().filter(understood));
    let args = Args::parse(table, arguments.iter().cloned())?;
    match args.requested_text(&PROGRAM) {
        Some(text) => print!("{text}"),
        None => anyhow::bail!(NOT_BY_HAND),
    }
    Ok(())
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
