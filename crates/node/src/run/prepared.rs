//! A node between its options and its end.

use std::time::Duration;

use app::{Args, DataDir, LockFile, LogConfig, Logger, Shutdown, data_dir, program, report};
use tokio::runtime::Runtime;

use super::live::live;
use super::with_causes;
use crate::composition::Composition;
use crate::host_port::check_ports;
use crate::indexes::Wanted;
use crate::serialization::Serialization;
use crate::user_agent::user_agent;
use crate::user_interface::{Current, Events};
#[cfg(feature = "zmq")]
use crate::zmq;
use crate::{awaited, chain_params, load, mining, network, pool};

/// How long work that cannot be interrupted may hold up the exit.
const LEFTOVER_DEADLINE: Duration = Duration::from_secs(5);

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
    pub(crate) fn new(composition: Composition, args: Args, data_dir: DataDir) -> anyhow::Result<Self> {
        network::check_combinations(&args)?;
        check_ports(&args)?;
        #[cfg(feature = "zmq")]
        zmq::check(&args)?;
        user_agent(&args)?;
        network::check_addresses(&args)?;
        let params = chain_params::params(&args)?;
        let config = load::config(&args, &data_dir, params)?;
        let policy = pool::config(&args)?;
        mining::config(&args)?;
        Serialization::new(&args)?;
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

    /// What the user wants of it.
    pub(crate) fn args(&self) -> &Args {
        &self.args
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
    tracing::info!(
        "Using the '{}' SHA256 implementation",
        consensus::script::sha256_implementation()
    );
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
