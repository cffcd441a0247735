//! The daemon as several processes: it starts itself again, with `-ipcfd`, to serve what lives in a process of its own. A
//! process that is started so may become a node too, which its parent, a user interface, is in charge of.

mod compose;
mod get_ipc_info;
mod ipc_key;
mod options;

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;
use std::sync::Arc;

use app::{LogConfig, Logger, Program, report};
use ipc::ChildService;
use node::SpawnedNode;

const PROGRAM: Program = Program {
    name: "syscoin-node",
    title: "Syscoin Core multiprocess daemon",
    usage: "syscoin-node [options]                    Start the daemon\n\
            or:     syscoin-node [options] ipc-key <command>  Manage the keys of -ipcbind=tcp (ipc-key -help)\n",
};

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if let Some(descriptor) = ipc::requested_descriptor(&arguments) {
        return match serve_parent(&arguments, descriptor) {
            Ok(code) => code,
            Err(error) => {
                report::error(error);
                ExitCode::FAILURE
            }
        };
    }
    if ipc_key::is_requested(&arguments) {
        return ipc_key::main(arguments);
    }
    node::run(compose::composition(arguments.first().cloned(), None), arguments)
}

/// Serves what lives in a process of its own, and becomes a node where the parent asks for one.
fn serve_parent(arguments: &[OsString], descriptor: &OsStr) -> anyhow::Result<ExitCode> {
    let logger = Arc::new(Logger::buffered()?);
    let code = ipc::serve_parent_with(PROGRAM.name, descriptor, |event_loop| {
        let composition = compose::composition(arguments.first().cloned(), Some(event_loop.clone()));
        let node = SpawnedNode::new(composition, Arc::clone(&logger));
        ChildService {
            init: node.init(),
            configure_logging: Box::new(move |settings| {
                Ok(logger.configure(LogConfig::from_settings(settings)?, [])?)
            }),
            finish: Box::pin(node.finish()),
        }
    })?;
    Ok(code.into())
}
