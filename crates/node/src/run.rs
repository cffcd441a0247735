//! A daemon's life, from its command line to its exit status.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use app::{
    Args, DataDir, LockFile, LogConfig, LogHandle, Logger, OptionCategory, OptionSpec, OptionTable, PidFile,
    Shutdown, data_dir, options, program, report,
};
use interfaces::{MessageStyle, NodeEvent};
use tokio::runtime::Runtime;

use crate::background::{self, Role};
use crate::composition::{Composed, Composition, Finish, Surroundings};
use crate::indexes::Wanted;
use crate::serving::{self, Serving, Ways};
use crate::startup::Startup;
use crate::state::{Node, NodeState};
use crate::user_agent::user_agent;
use crate::user_interface::{Current, Events, Running};
#[cfg(not(feature = "zmq"))]
use crate::without_zmq as zmq;
#[cfg(feature = "zmq")]
use crate::zmq;
use crate::{
    awaited, chain_params, disk, indexes, load, mining, notify, pool, rpc_server, user_interface,
    wallet_chain,
};

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
            match error.downcast_ref::<load::RebuildNeeded>() {
                Some(needed) => report::untitled(needed),
                None => report::error(with_causes(&error)),
            }
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

/// The node's own options.
pub(crate) fn option_table() -> OptionTable {
    OptionTable::new()
        .add(awaited::options())
        .add(options::general_options())
        .add(options::server_options())
        .add(background::options())
        .add(chain_params::options())
        .add(load::options())
        .add(pool::options())
        .add(mining::options())
        .add(indexes::options())
        .add(notify::options())
        .add(zmq::options())
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
    let args = args.with_config_file()?;
    let data_dir = DataDir::resolve(&args)?;
    let mut args = args.with_settings_file(&data_dir)?;
    args.check_sections()?;
    let role = background::role(&args)?;
    match role {
        // Standard output leads to the launcher, which takes whatever comes for the sign that all is well.
        Role::Background => args.force("printtoconsole", "0"),
        Role::Foreground | Role::Launcher => report::option_warnings(&args),
    }
    let prepared = Prepared::new(composition, args)?;
    if role == Role::Launcher {
        drop(prepared);
        return background::launch();
    }
    if role == Role::Background {
        background::detach(&prepared.args)?;
    }
    let runtime = runtime()?;
    let shutdown = Shutdown::new();
    // Whoever sees the log, or anything later, can count on a clean stop.
    runtime
        .block_on(async { shutdown.install_signal_handlers() })
        .context("cannot install signal handlers")?;
    let logger = Logger::buffered()?;
    let occasion = Occasion {
        shutdown,
        events: Events::default(),
        running: Current::default(),
        ready: Box::new(move || background::report_ready(role)),
    };
    prepared
        .run(runtime, &logger, occasion)
        .map(|()| ExitCode::SUCCESS)
}

/// The threads that the node's work runs on.
pub(crate) fn runtime() -> anyhow::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("worker")
        .build()
        .context("cannot start the async runtime")
}

/// A node whose options are read and found good, and which has its data directory for itself.
pub(crate) struct Prepared {
    composition: Composition,
    args: Args,
    data_dir: DataDir,
    chain: (chain::Config, mempool::Config, Wanted),
    log: LogConfig,
    lock: LockFile,
}

/// For whom a node runs.
pub(crate) struct Occasion {
    /// What asks it to stop.
    pub(crate) shutdown: Shutdown,
    /// Who follows it.
    pub(crate) events: Events,
    /// Has the node as long as it can be called.
    pub(crate) running: Current,
    /// Called when it has started.
    pub(crate) ready: Box<dyn FnOnce() + Send>,
}

impl Prepared {
    /// Checks the options, and takes the data directory.
    pub(crate) fn new(composition: Composition, args: Args) -> anyhow::Result<Self> {
        user_agent(&args)?;
        rpc_server::check_ports(&args)?;
        #[cfg(feature = "zmq")]
        zmq::check(&args)?;
        let params = chain_params::params(&args)?;
        let data_dir = DataDir::resolve(&args)?;
        let config = load::config(&args, &data_dir, params)?;
        let policy = pool::config(&args)?;
        mining::config(&args)?;
        let wanted = Wanted::new(&args, &config)?;
        let log = LogConfig::from_args(&args, &data_dir)?;
        let lock = data_dir.lock()?;
        args.write_settings_file()?;
        Ok(Self {
            composition,
            args,
            data_dir,
            chain: (config, policy, wanted),
            log,
            lock,
        })
    }

    /// Runs the node until it is asked to stop, or has to.
    pub(crate) fn run(self, runtime: Runtime, logger: &Logger, occasion: Occasion) -> anyhow::Result<()> {
        let Self {
            composition,
            args,
            data_dir,
            chain,
            log,
            lock,
        } = self;
        app::descriptors::raise_limit();
        logger.configure(log, [])?;
        report::log_panics(chain::database::is_guarded);
        log_beginning(&args, &data_dir);
        let log = logger.handle();
        let current = occasion.running.clone();
        let outcome = runtime.block_on(live(composition, chain, &args, &data_dir, &log, occasion));
        // Nobody keeps what it has open.
        current.clear();
        runtime.shutdown_timeout(LEFTOVER_DEADLINE);
        match &outcome {
            Ok(()) => tracing::info!("Shutdown: done"),
            Err(error) => tracing::error!("{}", with_causes(error)),
        }
        drop(lock);
        outcome
    }
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
    let notices = args.notices().iter().cloned().chain(awaited::notice(args));
    for line in notices.chain(args.log_lines()) {
        tracing::info!("{line}");
    }
}

/// What happens while there is a log and a runtime. Everything made here is gone when it returns.
async fn live(
    composition: Composition,
    (config, policy, wanted): (chain::Config, mempool::Config, Wanted),
    args: &Args,
    data_dir: &DataDir,
    log: &LogHandle,
    occasion: Occasion,
) -> anyhow::Result<()> {
    let Occasion {
        shutdown,
        events,
        running,
        ready,
    } = occasion;
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

    let node = Node::default();
    let params = Arc::new(config.params.clone());
    let started = serving::start(&surroundings, &shutdown, ways, &params, &node, &events).await;
    let (serving, served) = match started {
        Ok(serving) => {
            running.set(Arc::clone(serving.running()));
            let open = (config, (policy, wanted, data_dir.network().to_owned()));
            let served = serve(&serving, open, ready).await;
            (Some(serving), served)
        }
        Err(error) => (None, Err(error)),
    };
    events.end().await;
    end(serving, wallet_chain::settled(&node), finish).await;
    let kept = keep(&node, args.flag("persistmempool", true)).await;
    #[cfg(feature = "zmq")]
    if let Ok(node) = node.get() {
        node.publications.stop();
    }
    served.and(kept)
}

/// Writes what is in memory to the disk: the chain, what is known of fees, and the unconfirmed transactions if they are wanted.
async fn keep(node: &Node, keeps_pool: bool) -> anyhow::Result<()> {
    let Ok(node) = node.get().map(Arc::clone) else {
        return Ok(());
    };
    let work = move || {
        node.chain.interrupt();
        node.pool.write_fees(pool::Occasion::Stop);
        node.network.save();
        match node.failure() {
            // What is in memory may not fit what is on disk any more.
            Some(text) => Err(anyhow::anyhow!(text)),
            None => {
                // One of the files may still have room where another has none.
                let flushed = node.chain.flush().map_err(|error| {
                    let told = node.fail(&error);
                    anyhow::anyhow!(node.failure().unwrap_or(told.message))
                });
                let saved = match keeps_pool && node.pool.is_loaded() {
                    true => pool::save(&node.pool, &node.pool_file)
                        .context("the unconfirmed transactions cannot be written"),
                    false => Ok(()),
                };
                flushed.and(saved)
            }
        }
    };
    tokio::task::spawn_blocking(work)
        .await
        .context("the chain was not written")?
}

/// Answers the calls that are running, settles what they changed, and lets the composition finish. Calls that other processes keep waiting end
/// when the composition does, so that it does not wait for them for ever.
async fn end(serving: Option<Serving>, settled: impl Future<Output = ()>, finish: Finish) {
    let mut stopped = pin!(async {
        if let Some(serving) = serving {
            serving.stop().await;
        }
    });
    let finished = async {
        settled.await;
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

/// Loads the chain and answers calls until the process is asked to stop; the server still runs then.
async fn serve(
    serving: &Serving,
    open: (chain::Config, (mempool::Config, Wanted, PathBuf)),
    ready: Box<dyn FnOnce() + Send>,
) -> anyhow::Result<()> {
    let Running {
        args,
        shutdown,
        node,
        events,
        ..
    } = &**serving.running();
    let startup = Startup::new(Arc::clone(serving.dispatcher()), events.clone());
    let loaded = load_chain(serving.running(), &startup, open);
    tokio::select! {
        biased;
        loaded = loaded => loaded?,
        () = shutdown.requested() => {
            if let Ok(node) = node.get() {
                node.chain.interrupt();
            }
        }
    }
    let has_started = !shutdown.is_requested();
    if has_started {
        let scheduler = &node.get()?.scheduler;
        let (hourly, often) = (
            scheduler.every(load::FLUSH_EVERY),
            scheduler.every(disk::LOOK_EVERY),
        );
        startup.done();
        ready();
        notify::started(args);
        tokio::spawn(load::flush_regularly(node.clone(), hourly));
        tokio::spawn(disk::watch(node.clone(), often));
        let importing = Arc::clone(node.get()?);
        let (following, runtime) = (node.clone(), tokio::runtime::Handle::current());
        let args = args.clone();
        std::thread::Builder::new()
            .name("initload".to_owned())
            .spawn(move || {
                tracing::info!("initload thread start");
                load::import(&importing, &args, || {
                    startup.end_progress();
                    runtime.spawn(indexes::follow(following));
                });
                tracing::info!("initload thread exit");
            })
            .context("no thread can be started")?;
    }
    shutdown.requested().await;
    tracing::info!("Shutdown: In progress...");
    // Who waits for the start is told of it by that.
    if let Some(text) = node
        .get()
        .ok()
        .and_then(|node| node.failure())
        .filter(|_| has_started)
    {
        events.send(&NodeEvent::Message(text, MessageStyle::Error));
    }
    events.send(&NodeEvent::ShutdownRequested);
    if let Ok(node) = node.get() {
        node.chain.interrupt();
    }
    notify::stopping(args).await;
    Ok(())
}

/// Opens the chain and brings it up to what is on disk.
async fn load_chain(
    running: &Arc<Running>,
    startup: &Startup,
    (config, beside): (chain::Config, (mempool::Config, Wanted, PathBuf)),
) -> anyhow::Result<()> {
    let args = &running.args;
    let (opening, telling) = (Arc::clone(running), startup.clone());
    let open = move || load::open(config, beside, &opening.args, &telling, &opening.shutdown);
    let loaded: Arc<NodeState> = tokio::task::spawn_blocking(open)
        .await
        .context("the chain was not opened")??;
    running.node.set(Arc::clone(&loaded));
    notify::blocks(args, &loaded);
    user_interface::follow(&loaded, &running.events);
    notify::alerts(args, &loaded);
    #[cfg(feature = "zmq")]
    zmq::start(args, &loaded).await;
    let (verifying, telling) = (Arc::clone(running), startup.clone());
    tokio::task::spawn_blocking(move || load::verify(&loaded, &verifying.args, &telling))
        .await
        .context("the chain was not checked")??;
    startup.end_progress();
    Ok(())
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
