//! From options to a chain that is loaded.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use app::{Args, DataDir, OptionCategory, OptionSpec, Shutdown};
use bitcoin::hex::DisplayHex as _;
use chain::database::DatabaseError;
use chain::files::FileSizes;
use chain::indexes::IndexError;
use chain::{ChainError, ChainObserver, ChainstateManager, Clock, Config, Pruning, Rebuild, Verification};
use consensus::Params;
use consensus::limits::MAX_FUTURE_BLOCK_TIME;

use crate::disk;
use crate::indexes::{ClaimError, Indexes, Wanted};
use crate::mining;
use crate::network::Network;
use crate::pool::{self, Fees, Occasion};
use crate::schedule::Every;
use crate::serialization::Serialization;
use crate::startup::Startup;
use crate::state::{Node, NodeState, TipWatch, blocking};

const MEBIBYTE: u64 = 1 << 20;

/// How long what is new may be in memory alone.
pub(crate) const FLUSH_EVERY: Duration = Duration::from_secs(60 * 60);

/// The least that `-prune` may leave, in MiB: what 288 blocks and their undo data take at most, and some room.
const LEAST_PRUNE: i64 = 550;

/// The options about the chain's files and their checks.
pub(crate) fn options() -> Vec<OptionSpec> {
    use OptionCategory::{DebugTest, General};
    let with = |name, argument, help: &'static str| OptionSpec::new(name, General, help).argument(argument);
    let debug = |name, argument, help: &'static str| {
        OptionSpec::new(name, DebugTest, help)
            .argument(argument)
            .debug_only()
    };
    vec![
        with(
            "blocksdir",
            "<dir>",
            "Keep the files of blocks in this directory, which must exist, instead of the data directory; their index stays there.",
        ),
        with(
            "dbcache",
            "<n>",
            "Let coins take up to this many MiB of memory (at least 4; default: 450).",
        ),
        with(
            "loadblock",
            "<file>",
            "Take the blocks of a file in the format of blk00000.dat. May be given several times.",
        ),
        with(
            "par",
            "<n>",
            "Run scripts on this many threads (up to 16; 0: one for each processor; below 0: leave that many processors \
             free; default: 0).",
        ),
        with(
            "prune",
            "<n>",
            "Remove old files of blocks when all together take more than this many MiB (at least 550; 1: only when \
             pruneblockchain says so; 0: never; default: 0).",
        ),
        OptionSpec::new(
            "reindex",
            General,
            "Make the index of blocks and the coins anew, from the files of blocks.",
        ),
        OptionSpec::new(
            "reindex-chainstate",
            General,
            "Make the coins anew, from the blocks that the index knows.",
        ),
        debug(
            "checkblocks",
            "<n>",
            "Check this many blocks at the start (0: all; default: 6).",
        ),
        debug(
            "checklevel",
            "<n>",
            "How thoroughly blocks are checked at the start, from 0 to 4 (default: 3).",
        ),
        OptionSpec::new(
            "fastprune",
            DebugTest,
            "Write small files of blocks, so that pruning has something to do early.",
        )
        .debug_only(),
        debug(
            "maxsigcachesize",
            "<n>",
            "Remember which transactions have valid scripts in up to this many MiB, so that blocks need not run them again \
             (default: 32).",
        ),
        debug(
            "maxtipage",
            "<n>",
            "A tip older than this many seconds is not taken for the present one (default: 86400).",
        ),
        debug(
            "mocktime",
            "<n>",
            "Let the time stand still here, in seconds since 1970 (default: 0, the system's).",
        ),
        OptionSpec::new(
            "stopafterblockimport",
            DebugTest,
            "Stop when the blocks of files are taken, by -reindex or -loadblock or because there are none.",
        )
        .debug_only(),
        debug(
            "stopatheight",
            "<n>",
            "Stop when the tip has this height (default: 0, never).",
        ),
    ]
}

/// The chain's options cannot be used. Texts are Bitcoin Core's.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error("Prune cannot be configured with a negative value.")]
    NegativePrune,
    #[error("Prune configured below the minimum of {LEAST_PRUNE} MiB.  Please use a higher number.")]
    LowPrune,
    #[error("Prune mode is incompatible with -reindex-chainstate. Use full -reindex instead.")]
    PruneWithoutBlocks,
    #[error("Specified blocks directory \"{0}\" does not exist.")]
    BlocksDirectory(String),
}

/// The databases cannot be used as they are. Upstream's daemon says so in a box without a title, of which a colon is left
/// on standard error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RebuildNeeded {
    #[error(
        "The block database contains a block which appears to be from the future. This may be due to your computer's \
         date and time being set incorrectly. Only rebuild the block database if you are sure that your computer's date \
         and time are correct.\nPlease restart with -reindex or -reindex-chainstate to recover."
    )]
    FromTheFuture,
    #[error(
        "Witness data for blocks after height {0} requires validation. Please restart with -reindex..\nPlease restart with \
         -reindex or -reindex-chainstate to recover."
    )]
    Witnesses(u32),
    #[error(
        "You need to rebuild the database using -reindex to go back to unpruned mode.  This will redownload the entire \
         blockchain.\nPlease restart with -reindex or -reindex-chainstate to recover."
    )]
    Unpruned,
}

/// What the options say of the chain.
pub(crate) fn config(args: &Args, data_dir: &DataDir, params: Params) -> Result<Config, LoadError> {
    let rebuild = match (
        args.flag("reindex", false),
        args.flag("reindex-chainstate", false),
    ) {
        (true, _) => Rebuild::Everything,
        (false, true) => Rebuild::Coins,
        (false, false) => Rebuild::Nothing,
    };
    let pruning = match args.number("prune", 0) {
        ..0 => return Err(LoadError::NegativePrune),
        0 => Pruning::Never,
        _ if rebuild == Rebuild::Coins => return Err(LoadError::PruneWithoutBlocks),
        1 => Pruning::Manual,
        2..LEAST_PRUNE => return Err(LoadError::LowPrune),
        mebibytes => Pruning::Above(mebibytes.unsigned_abs().saturating_mul(MEBIBYTE)),
    };
    let blocks = match args.path("blocksdir") {
        None => data_dir.network().to_owned(),
        Some(directory) if directory.is_dir() => match args.network().data_directory() {
            Some(name) => directory.join(name),
            None => directory,
        },
        Some(_) => return Err(LoadError::BlocksDirectory(args.text_or("blocksdir", ""))),
    };
    let cache = u64::try_from(args.number("dbcache", 450)).unwrap_or(0).max(4) * MEBIBYTE;
    Ok(Config {
        params,
        blocks: blocks.join("blocks"),
        index: data_dir.network().join("blocks/index"),
        coins: data_dir.network().join("chainstate"),
        cache_bytes: usize::try_from(cache).unwrap_or(usize::MAX),
        threads: threads(args.number("par", 0)),
        sizes: match args.flag("fastprune", false) {
            true => FileSizes::Small,
            false => FileSizes::Normal,
        },
        rebuild,
        pruning,
        max_tip_age: Duration::from_secs(u64::try_from(args.number("maxtipage", 24 * 60 * 60)).unwrap_or(0)),
    })
}

/// On how many threads scripts run for a value of `-par`.
fn threads(par: i64) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    match usize::try_from(par) {
        Ok(0) => processors,
        Ok(threads) => threads,
        Err(_) => processors.saturating_sub(usize::try_from(par.unsigned_abs()).unwrap_or(usize::MAX)),
    }
    .clamp(1, 16)
}

/// The node's time.
fn clock(args: &Args) -> Clock {
    let clock = Clock::default();
    clock.set(u64::try_from(args.number("mocktime", 0)).unwrap_or(0));
    clock
}

/// What is wrong with the chain, and what to do about it.
pub(crate) fn advice(error: &ChainError) -> String {
    match error {
        ChainError::Database(DatabaseError::Network { .. }) => {
            format!("{error}: Incorrect or no genesis block found. Wrong datadir for network?")
        }
        ChainError::Database(
            DatabaseError::Damaged { .. }
            | DatabaseError::Version { .. }
            | DatabaseError::Unsealed { .. }
            | DatabaseError::Upstreams { .. },
        ) => format!("{error}. Please restart with -reindex to recover."),
        error => error.to_string(),
    }
}

/// An error with what to do about it.
fn advised(error: impl Into<ChainError>) -> anyhow::Error {
    let error = error.into();
    let advice = advice(&error);
    anyhow::Error::from(error).context(advice)
}

/// Opens the chain.
pub(crate) fn open(
    config: Config,
    (policy, wanted, directory): (mempool::Config, Wanted, PathBuf),
    args: &Args,
    startup: &Startup,
    shutdown: &Shutdown,
) -> anyhow::Result<Arc<NodeState>> {
    disk::check(&directory)?;
    disk::check(&config.blocks)?;
    startup.doing("Loading block index…");
    let stop_at = u32::try_from(args.number("stopatheight", 0))
        .ok()
        .filter(|height| *height > 0);
    let watch = Arc::new(TipWatch::new(stop_at, shutdown.clone()));
    let progress = Arc::new(startup.clone());
    let network = Network::open(args, &directory, config.params.magic)?;
    let indexes = Indexes::open(wanted, &directory, &config).map_err(advised)?;
    let keeps_all = config.pruning == Pruning::Never;
    let chain = ChainstateManager::open(config, Arc::new(clock(args)), vec![progress]);
    let chain = match chain {
        Ok(chain) if keeps_all && chain.is_pruned() => return Err(RebuildNeeded::Unpruned.into()),
        Err(ChainError::Pruned) if keeps_all => return Err(RebuildNeeded::Unpruned.into()),
        chain => chain.map_err(advised)?,
    };
    let cache = u64::try_from(args.number("maxsigcachesize", 32)).unwrap_or(0);
    let cache_bytes = usize::try_from(cache.saturating_mul(MEBIBYTE)).unwrap_or(usize::MAX);
    chain.script_cache().resize(cache_bytes);
    match chain.params().assume_valid {
        Some(hash) => tracing::info!("Assuming ancestors of block {hash} have valid signatures."),
        None => tracing::info!("Validating signatures for all blocks."),
    }
    if let Some(challenge) = &chain.params().signet_challenge {
        tracing::info!("Signet with challenge {challenge:x}");
        tracing::info!(
            "Signet derived magic (message start): {}",
            chain.params().magic.to_lower_hex_string()
        );
    }
    chain.observe(Arc::clone(&watch) as Arc<dyn ChainObserver>);
    let fees = Fees::open(args, &directory);
    let pool_file = directory.join("mempool.dat");
    let node = NodeState::new(chain, &watch, indexes, policy, pool_file, fees, network);
    node.miner.configure(mining::config(args)?);
    node.write(Serialization::new(args)?);
    node.indexes.claim(&node).map_err(|error| match error {
        ClaimError::Index(IndexError::Database(error)) => advised(error),
        ClaimError::Index(IndexError::Chain(error)) => advised(error),
        error => error.into(),
    })?;
    tracing::info!("block index: {} blocks", node.chain.tree().len());
    Ok(node)
}

/// Connects what the index knows, unless all of it is to be connected anew, and checks the last blocks as `-checkblocks`
/// and `-checklevel` say.
pub(crate) fn verify(node: &NodeState, args: &Args, startup: &Startup) -> anyhow::Result<()> {
    if node.chain.config().rebuild != Rebuild::Nothing {
        return Ok(());
    }
    if let Some(height) = node.chain.unchecked_witnesses() {
        return Err(RebuildNeeded::Witnesses(height).into());
    }
    if is_from_the_future(node) {
        return Err(RebuildNeeded::FromTheFuture.into());
    }
    node.chain.activate().map_err(advised)?;
    startup.doing("Verifying blocks…");
    let count = u32::try_from(args.number("checkblocks", 6)).unwrap_or(0);
    let level = u32::try_from(args.number("checklevel", 3)).unwrap_or(0).min(4);
    match node.chain.verify_chain(level, count).map_err(advised)? {
        Verification::Damaged(what) => anyhow::bail!(
            "Corrupted block database detected: {what}. Restart with -reindex to make the databases anew."
        ),
        Verification::Sound | Verification::Interrupted | Verification::Pruned => Ok(()),
    }
}

/// Whether no node would take the tip at the time that it is.
fn is_from_the_future(node: &NodeState) -> bool {
    let tree = node.chain.tree();
    let latest = node.chain.clock().now() + MAX_FUTURE_BLOCK_TIME;
    tree.tip()
        .is_some_and(|tip| u64::from(tree.entry(tip).header.time) > latest)
}

/// Does what the node can do while it answers: makes anew what the options say, and takes blocks from files.
pub(crate) fn import(node: &NodeState, args: &Args, has_chain: impl FnOnce()) {
    let imported = node
        .chain
        .rebuild()
        .and_then(|()| node.chain.activate())
        .and_then(|()| {
            has_chain();
            for path in args.texts("loadblock") {
                // A file that is not there is no reason to stop, as with upstream, whose words these are.
                if fs_err::File::open(&path).is_err() {
                    tracing::info!("Warning: Could not open blocks file {path}");
                    continue;
                }
                tracing::info!("Importing blocks file {path}...");
                let new = node.chain.load_blocks(std::path::Path::new(&path))?;
                tracing::info!("Loaded {new} blocks from external file {path}");
            }
            Ok(())
        });
    if let Err(error) = imported {
        node.fail(&error);
        return;
    }
    if args.flag("stopafterblockimport", false) {
        tracing::info!("Stopping after block import");
        node.shutdown.request();
        return;
    }
    if args.flag("persistmempool", true) {
        match pool::import(node, &node.pool_file, pool::Import::OWN) {
            // What is not back is still in the file, which must not be written anew then.
            Err(pool::ImportError::Stopped) => return,
            Err(error) => tracing::info!("{error}"),
            Ok(()) => {}
        }
    }
    node.pool.finish_loading();
}

/// Writes what chain and pool have in memory to the disk from time to time, so that little has to be done anew after a power cut.
pub(crate) async fn flush_regularly(node: Node, mut hourly: Every) {
    loop {
        hourly.next().await;
        // An error stops the node, and so ends this.
        _ = blocking(&node, |node| {
            node.pool.write_fees(Occasion::Regular);
            node.network.save();
            node.chain.flush().map_err(|error| node.fail(&error))
        })
        .await;
    }
}
