//! Indexes beside the chain that users ask for, and what keeps them up to it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use app::{Args, OptionCategory, OptionSpec};
use chain::database::{Contents, DatabaseError};
use chain::indexes::{BlockId, FilterIndex, Index, IndexError, StatisticsIndex, TransactionIndex, catch_up};
use chain::{Config, Pruning, Rebuild};
use rpc::RpcError;

use crate::state::{Node, NodeState};

/// Whoever asks an index waits for so many blocks that it does not have yet.
const NEAR: u32 = 1000;

/// How much of its file each index keeps in memory, in bytes.
const CACHE: usize = 2 << 20;

/// The options that ask for indexes.
pub(crate) fn options() -> Vec<OptionSpec> {
    let index = |name, help: &'static str| OptionSpec::new(name, OptionCategory::General, help);
    vec![
        index(
            "blockfilterindex",
            "Keep compact filters of blocks (BIP 158): basic, 1 for all kinds, or 0 (default: 0).",
        )
        .argument("<type>"),
        index(
            "coinstatsindex",
            "Keep statistics of all coins for each block, for gettxoutsetinfo (default: 0).",
        ),
        index(
            "txindex",
            "Keep where each transaction is, for getrawtransaction (default: 0).",
        ),
    ]
}

/// Which indexes there are to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Wanted {
    transactions: bool,
    filters: bool,
    statistics: bool,
}

/// Options about indexes that cannot be used. Texts are Bitcoin Core's.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IndexOptionError {
    #[error("Unknown -blockfilterindex value {0}.")]
    FilterType(String),
    #[error("Prune mode is incompatible with -txindex.")]
    PrunedTransactions,
}

impl Wanted {
    /// What the options say.
    pub(crate) fn new(args: &Args, config: &Config) -> Result<Self, IndexOptionError> {
        let mut filters = false;
        for value in args.texts("blockfilterindex") {
            filters = match value.as_str() {
                "" | "1" | "basic" => true,
                "0" => false,
                _ => return Err(IndexOptionError::FilterType(value)),
            };
        }
        let transactions = args.flag("txindex", false);
        if transactions && config.pruning != Pruning::Never {
            return Err(IndexOptionError::PrunedTransactions);
        }
        Ok(Self {
            transactions,
            filters,
            statistics: args.flag("coinstatsindex", false),
        })
    }
}

/// The indexes cannot follow the chain. Texts are Bitcoin Core's, which says two errors where blocks are missing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClaimError {
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error(
        "{index} best block of the index goes beyond pruned data. Please disable the index or reindex (which will download the \
         whole blockchain again)\nError: Failed to start indexes, shutting down.."
    )]
    Pruned { index: &'static str },
}

/// The indexes of a node.
#[derive(Debug, Default)]
pub(crate) struct Indexes {
    pub(crate) transactions: Option<TransactionIndex>,
    pub(crate) filters: Option<FilterIndex>,
    pub(crate) statistics: Option<StatisticsIndex>,
    /// How each is getting on, by its name.
    following: BTreeMap<&'static str, Following>,
}

/// How an index is getting on.
#[derive(Debug, Default)]
struct Following {
    /// Held by the one thread that lets the index take in blocks.
    turn: Mutex<()>,
    /// Whether it was once where the chain was.
    has_caught_up: AtomicBool,
}

impl Indexes {
    /// Opens those that are wanted, below the network's directory. They are made anew where the chain is.
    pub(crate) fn open(wanted: Wanted, directory: &Path, config: &Config) -> Result<Self, DatabaseError> {
        let contents = match config.rebuild {
            Rebuild::Everything => Contents::Wipe,
            Rebuild::Coins | Rebuild::Nothing => Contents::Keep,
        };
        let directory = directory.join("indexes");
        let magic = config.params.magic;
        let mut indexes = Self::default();
        if wanted.transactions {
            let directory = directory.join("txindex");
            indexes.transactions = Some(TransactionIndex::open(&directory, magic, contents, CACHE)?);
        }
        if wanted.filters {
            let directory = directory.join("blockfilter/basic");
            indexes.filters = Some(FilterIndex::open(&directory, magic, contents, CACHE)?);
        }
        if wanted.statistics {
            let directory = directory.join("coinstats");
            let params = Arc::new(config.params.clone());
            indexes.statistics = Some(StatisticsIndex::open(&directory, params, contents, CACHE)?);
        }
        let names: Vec<_> = indexes.all().map(Index::name).collect();
        indexes.following = names
            .into_iter()
            .map(|name| (name, Following::default()))
            .collect();
        Ok(indexes)
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &dyn Index> {
        let transactions = self.transactions.iter().map(|index| index as &dyn Index);
        let filters = self.filters.iter().map(|index| index as &dyn Index);
        let statistics = self.statistics.iter().map(|index| index as &dyn Index);
        transactions.chain(filters).chain(statistics)
    }

    /// Lets an index take in what the chain has now, unless it has far to go still, and tells whether it did.
    ///
    /// # Errors
    /// The index cannot be read or written.
    pub(crate) fn sync(&self, node: &NodeState, index: &dyn Index) -> Result<bool, RpcError> {
        if !self.has_caught_up(index) && is_far(node, index)? {
            return Ok(false);
        }
        let caught_up = self.take_in(node, index);
        caught_up.map_err(|error| node.fail_index(error))?;
        Ok(true)
    }

    /// Whether an index was once where the chain was. It follows it from then on.
    pub(crate) fn has_caught_up(&self, index: &dyn Index) -> bool {
        self.following[index.name()].has_caught_up.load(Ordering::Relaxed)
    }

    fn take_in(&self, node: &NodeState, index: &dyn Index) -> Result<Option<BlockId>, IndexError> {
        let following = &self.following[index.name()];
        let _turn = following.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let best = catch_up(index, &node.chain, &|| node.shutdown.is_requested())?;
        // Otherwise it stopped on the way.
        if !node.shutdown.is_requested() {
            following.has_caught_up.store(true, Ordering::Relaxed);
        }
        Ok(best)
    }

    /// Says to the chain what the indexes still need, so that it is not removed, unless it was already.
    pub(crate) fn claim(&self, node: &NodeState) -> Result<(), ClaimError> {
        for index in self.all() {
            let best = catch_up(index, &node.chain, &|| true)?;
            let tree = node.chain.tree();
            let next = best.map_or(0, |id| id.height + 1);
            // What a snapshot stands on may still be to come: that was not removed.
            let mut needed = (next..).map_while(|height| tree.ancestor(tree.validated_tip()?, height));
            if node.chain.is_pruned() && needed.any(|id| !tree.entry(id).has_data()) {
                return Err(ClaimError::Pruned { index: index.name() });
            }
        }
        Ok(())
    }
}

/// Whether an index lacks more blocks than anybody should wait for.
fn is_far(node: &NodeState, index: &dyn Index) -> Result<bool, RpcError> {
    let best = index.store().best().map_err(|error| node.fail(&error.into()))?;
    let next = best.map_or(0, |best| best.height + 1);
    let tree = node.chain.tree();
    let tip = tree.validated_tip().map(|tip| tree.entry(tip).height);
    Ok(tip.is_some_and(|tip| tip.saturating_sub(next) > NEAR))
}

/// Lets the indexes take in what the chain has, now and whenever it has more, until the node stops.
pub(crate) async fn follow(node: Node) {
    let Ok(state) = node.get().map(Arc::clone) else {
        return;
    };
    if state.indexes.all().next().is_none() {
        return;
    }
    // One thread works for all of them in turn; who waits for one that begins need not know that.
    for index in state.indexes.all() {
        tracing::info!("{} thread start", index.name());
    }
    let mut tips = state.tips();
    while !state.shutdown.is_requested() {
        // What comes from now on is looked at after this.
        tips.borrow_and_update();
        let working = Arc::clone(&state);
        // A panic has told of itself.
        _ = tokio::task::spawn_blocking(move || take_in(&working)).await;
        tokio::select! {
            changed = tips.changed() => if changed.is_err() { return },
            () = state.validated_further() => {}
            () = state.shutdown.requested() => return,
        }
    }
}

fn take_in(node: &NodeState) {
    for index in node.indexes.all() {
        match node.indexes.take_in(node, index) {
            Ok(Some(BlockId { height, hash })) => {
                tracing::debug!("{} is at block {hash}, height {height}", index.name());
            }
            Ok(None) => {}
            Err(error @ (IndexError::Database(_) | IndexError::Chain(_))) => {
                node.fail_index(error);
            }
            Err(error) => tracing::error!("{} cannot go on: {error}", index.name()),
        }
    }
}
