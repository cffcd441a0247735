//! The driver: parses the command line and calls one verb.

mod arguments;
mod bench;
mod build;
mod cargo;
mod ci;
mod configure;
mod depends;
mod executables;
mod features;
mod install;
mod install_tools;
mod probe;
mod publish;
mod site;
mod trees;
mod workspace;

use std::process::ExitCode;

use arguments::{Arguments, CommandFailed, UsageError, Verb};
use clap::Parser as _;

/// The exit code for words that make no sense, as clap has it.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Commands to type must survive being copied, so nothing is wrapped.
    let handler = |_: &_| Box::new(miette::MietteHandlerOpts::new().wrap_lines(false).build()) as Box<_>;
    miette::set_hook(Box::new(handler)).expect("no hook is set yet because this is the first one");
    let result = match &arguments.verb {
        Verb::Depends(arguments) => depends::run(arguments),
        Verb::Configure(arguments) => configure::run(arguments),
        Verb::Build(arguments) => build::run(arguments),
        Verb::Install(arguments) => install::run(arguments),
        Verb::Bench(arguments) => bench::run(arguments),
        Verb::Test(arguments) | Verb::Ci(arguments) => ci::run(arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(report) => {
            if let Some(CommandFailed(code)) = report.downcast_ref() {
                return ExitCode::from(*code);
            }
            eprintln!("{report:?}");
            if report.is::<UsageError>() {
                ExitCode::from(USAGE)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}
