//! The daemon as several processes: it starts itself again, with `-ipcfd`, to serve what lives in a process of its own.

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use app::{LogConfig, LogHandle, Logger, Program, report};
use interfaces::LocalInit;
use ipc::{EventLoop, SpawnConfig, SpawningInit};
use node::{Composed, Composition};

const PROGRAM: Program = Program {
    name: "syscoin-node",
    title: "Syscoin Core multiprocess daemon",
    usage: "syscoin-node [options]    Start the daemon",
};

/// How long a child may take to answer its first calls.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// How long a child may take to leave; less than the daemon waits for the composition at its own end.
const EXIT_WITHIN: Duration = Duration::from_secs(10);

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
    let argv0 = arguments.first().cloned();
    let composition = Composition {
        program: &PROGRAM,
        compose: Box::new(move |log| compose(argv0.as_deref(), log)),
    };
    node::run(composition, arguments)
}

fn compose(argv0: Option<&OsStr>, log: &LogHandle) -> anyhow::Result<Composed> {
    let event_loop = EventLoop::start(PROGRAM.name).context("cannot start the IPC thread")?;
    let log = log.clone();
    let config = SpawnConfig {
        directory: ipc::executable_directory(argv0).context("cannot find the own executable")?,
        echo_program: PROGRAM.name,
        log_settings: Box::new(move || log.settings()),
        answer_within: ANSWER_WITHIN,
        exit_within: EXIT_WITHIN,
    };
    let init = Arc::new(SpawningInit::new(event_loop.clone(), config));
    Ok(Composed {
        init: init.clone(),
        finish: Box::pin(async move {
            init.dismiss_children().await;
            // It ends or it does not; the process does.
            let _ = tokio::task::spawn_blocking(move || event_loop.stop()).await;
        }),
    })
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
