//! A daemon's life, from its command line to its exit status.

use std::ffi::OsString;
use std::io::Write as _;
use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use app::{
    Args, DataDir, LogConfig, LogHandle, Logger, OptionCategory, OptionSpec, OptionTable, PidFile, Shutdown,
    data_dir, options, program, report,
};

use crate::background::{self, Role};
use crate::composition::{Composed, Composition, Finish, Surroundings};
use crate::rpc_server;
use crate::serving::{self, Serving, Ways};
use crate::user_agent::user_agent;

/// How long the composition may take to finish after everything else has stopped.
const FINISH_DEADLINE: Duration = Duration::from_secs(30);

/// How long calls that are running at the end are left alone.
const CALLS_DEADLINE: Duration = Duration::from_secs(2);

/// How long work that cannot be interrupted may hold up the exit.
const LEFTOVER_DEADLINE: Duration = Duration::from_secs(5);

/// Runs a daemon until it is asked to stop, by a client or a signal.
///
/// `argv` begins with the program's own name. Errors are on standard error, which is empty in a clean run.
pub fn run(composition: Composition, argv: impl IntoIterator<Item = OsString>) -> ExitCode {
    match start(composition, argv) {
        Ok(code) => code,
        Err(error) => {
            report::error(with_causes(&error));
            ExitCode::FAILURE
        }
    }
}

/// The error and its causes, without those that the text before them tells already.
pub fn with_causes(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

fn option_table() -> OptionTable {
    OptionTable::new()
        .add(options::general_options())
        .add(options::server_options())
        .add(background::options())
        .add([OptionSpec::new(
            "disablewallet",
            OptionCategory::Wallet,
            "Run without wallets, and do not start the process that they live in. There are none yet: the process has nothing \
             to do.",
        )])
}

/// What happens before there is a log.
fn start(composition: Composition, argv: impl IntoIterator<Item = OsString>) -> anyhow::Result<ExitCode> {
    let table = option_table().add(composition.options.iter().cloned());
    let args = Args::parse(table, argv)?;
    if let Some(text) = args.requested_text(composition.program) {
        // A reader that closes its end, as a pager does, is no error.
        _ = std::io::stdout().write_all(text.as_bytes());
        return Ok(ExitCode::SUCCESS);
    }
    let mut args = args.with_config_file()?;
    args.check_sections()?;
    let role = background::role(&args)?;
    match role {
        // Standard output leads to the launcher, which takes whatever comes for the sign that all is well.
        Role::Background => args.force("printtoconsole", "0"),
        Role::Foreground | Role::Launcher => report::option_warnings(&args),
    }
    user_agent(&args)?;
    rpc_server::check_ports(&args)?;
    let data_dir = DataDir::resolve(&args)?;
    let log_config = LogConfig::from_args(&args, &data_dir)?;
    let lock = data_dir.lock()?;
    if role == Role::Launcher {
        drop(lock);
        return background::launch();
    }
    if role == Role::Background {
        background::detach(&args)?;
    }
    app::descriptors::raise_limit();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("worker")
        .build()
        .context("cannot start the async runtime")?;
    let shutdown = Shutdown::new();
    // Whoever sees the log, or anything later, can count on a clean stop.
    runtime
        .block_on(async { shutdown.install_signal_handlers() })
        .context("cannot install signal handlers")?;
    let logger = Logger::start(log_config, [])?;
    log_beginning(&args, &data_dir);

    let outcome = runtime.block_on(live(
        composition,
        &args,
        &data_dir,
        &logger.handle(),
        &shutdown,
        role,
    ));
    runtime.shutdown_timeout(LEFTOVER_DEADLINE);
    match &outcome {
        Ok(()) => tracing::info!("Shutdown: done"),
        Err(error) => tracing::error!("{}", with_causes(error)),
    }
    drop(lock);
    outcome.map(|()| ExitCode::SUCCESS)
}

fn log_beginning(args: &Args, data_dir: &DataDir) {
    let build = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };
    let version = program::CLIENT_VERSION_TEXT;
    tracing::info!("{} version {version} ({build} build)", program::PACKAGE_NAME);
    for warning in args.include_warnings().iter().chain(args.warnings()) {
        tracing::warn!("{warning}");
    }
    tracing::info!(
        "Default data directory {}",
        data_dir::default_directory().display()
    );
    tracing::info!("Using data directory {}", data_dir.network().display());
    if let Some(file) = args.config_file() {
        let missing = if file.exists() {
            ""
        } else {
            " (not found, skipping)"
        };
        tracing::info!("Config file: {}{missing}", file.display());
    }
    for line in args.notices().iter().cloned().chain(args.log_lines()) {
        tracing::info!("{line}");
    }
}

/// What happens while there is a log and a runtime. Everything made here is gone when it returns.
async fn live(
    composition: Composition,
    args: &Args,
    data_dir: &DataDir,
    log: &LogHandle,
    shutdown: &Shutdown,
    role: Role,
) -> anyhow::Result<()> {
    let _pid_file = PidFile::location(args, data_dir)
        .map(PidFile::create)
        .transpose()?;
    let surroundings = Surroundings { args, data_dir, log };
    let Composed {
        init,
        methods,
        serve: serve_processes,
        finish,
    } = (composition.compose)(&surroundings)?;
    let ways = Ways {
        init,
        methods,
        serve_processes,
    };

    let served = serve(&surroundings, shutdown, ways, role).await;
    let (serving, served) = match served {
        Ok(serving) => (Some(serving), Ok(())),
        Err(error) => (None, Err(error)),
    };
    end(serving, finish).await;
    served
}

/// Answers the calls that are running, then lets the composition finish. Calls that other processes keep waiting end
/// when the composition does, so that it does not wait for them for ever.
async fn end(serving: Option<Serving>, finish: Finish) {
    let mut stopped = pin!(async {
        if let Some(serving) = serving {
            serving.stop().await;
        }
    });
    let finished = async {
        if tokio::time::timeout(FINISH_DEADLINE, finish).await.is_err() {
            tracing::warn!(
                "other processes were still running after {} s",
                FINISH_DEADLINE.as_secs()
            );
        }
    };
    if tokio::time::timeout(CALLS_DEADLINE, &mut stopped).await.is_ok() {
        finished.await;
    } else {
        tracing::warn!("calls are still running: what they wait for in other processes is given up");
        tokio::join!(stopped, finished);
    }
}

/// Answers calls until the process is asked to stop; the server, where there is one, still runs then.
async fn serve(
    surroundings: &Surroundings<'_>,
    shutdown: &Shutdown,
    ways: Ways,
    role: Role,
) -> anyhow::Result<Serving> {
    let serving = serving::start(surroundings, shutdown, ways).await?;
    tracing::info!("init message: Done loading");
    background::report_ready(role);

    shutdown.requested().await;
    tracing::info!("Shutdown: In progress...");
    Ok(serving)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let inner = || anyhow::anyhow!("disk full");
        assert_eq!(
            with_causes(&inner().context("cannot start")),
            "cannot start: disk full"
        );
        assert_eq!(
            with_causes(&inner().context("cannot start: disk full")),
            "cannot start: disk full"
        );
    }
}
