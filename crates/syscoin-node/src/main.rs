//! The daemon as several processes: it starts itself again, with `-ipcfd`, to serve what lives in a process of its own.

mod compose;
mod get_ipc_info;
mod ipc_key;
mod options;

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;
use std::sync::Arc;

use app::{LogConfig, Logger, Program, report};
use interfaces::LocalInit;
use node::Composition;

const PROGRAM: Program = Program {
    name: "syscoin-node",
    title: "Syscoin Core multiprocess daemon",
    usage: "syscoin-node [options]                    Start the daemon\n\
            or:     syscoin-node [options] ipc-key <command>  Manage the keys of -ipcbind=tcp (ipc-key -help)\n",
};

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if let Some(descriptor) = ipc::requested_descriptor(&arguments) {
        return match serve_parent(descriptor) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                report::error(error);
                ExitCode::FAILURE
            }
        };
    }
    if ipc_key::is_requested(&arguments) {
        return ipc_key::main(arguments);
    }
    let argv0 = arguments.first().cloned();
    let composition = Composition {
        program: &PROGRAM,
        options: options::table(),
        compose: Box::new(move |surroundings| compose::compose(argv0.as_deref(), surroundings)),
    };
    node::run(composition, arguments)
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
