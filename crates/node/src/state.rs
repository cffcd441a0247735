//! What the node holds while it runs: its chain, and those who wait for it to change.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use app::Shutdown;
use bitcoin::BlockHash;
use chain::indexes::IndexError;
use chain::{ChainError, ChainObserver, ChainstateManager};
use rpc::{RpcError, code};
use tokio::sync::{Notify, watch};

use crate::indexes::Indexes;
use crate::later::Later;
use crate::load;
use crate::mining::Miner;
use crate::network::Network;
use crate::pool::{Fees, Pool};
use crate::schedule::Scheduler;
use crate::serialization::Serialization;
use crate::wallet_chain::Observers;
use crate::warnings::{self, Warnings};

/// What a terminal shows when the node has to stop. The words are Bitcoin Core's.
const FATAL: &str = "A fatal internal error occurred, see debug.log for details";

/// The node, once it has a chain.
pub(crate) type Node = Later<Arc<NodeState>>;

/// The tip, and how often it changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tip {
    pub(crate) hash: BlockHash,
    pub(crate) height: u32,
}

/// A node with a chain.
pub(crate) struct NodeState {
    pub(crate) chain: ChainstateManager,
    pub(crate) indexes: Indexes,
    pub(crate) pool: Arc<Pool>,
    pub(crate) miner: Miner,
    /// Where the pool is kept from one run to the next.
    pub(crate) pool_file: PathBuf,
    /// When regular work is due.
    pub(crate) scheduler: Scheduler,
    pub(crate) network: Network,
    pub(crate) warnings: Warnings,
    pub(crate) shutdown: Shutdown,
    /// Who follows the chain and the pool.
    pub(crate) observers: Observers,
    #[cfg(feature = "zmq")]
    pub(crate) publications: crate::zmq::Publications,
    serialization: OnceLock<Serialization>,
    tips: watch::Sender<Option<Tip>>,
    validated: Arc<Notify>,
    fatal: Mutex<Option<String>>,
}

/// Hears of new tips, and tells those who wait for them.
pub(crate) struct TipWatch {
    tips: watch::Sender<Option<Tip>>,
    /// Told when the chain before a snapshot was checked further.
    validated: Arc<Notify>,
    stop_at: Option<u32>,
    shutdown: Shutdown,
}

impl TipWatch {
    /// Lets the node stop when the tip has this height (`-stopatheight`).
    pub(crate) fn new(stop_at: Option<u32>, shutdown: Shutdown) -> Self {
        Self {
            tips: watch::Sender::new(None),
            validated: Arc::default(),
            stop_at,
            shutdown,
        }
    }
}

impl ChainObserver for TipWatch {
    fn tip_changed(&self, hash: BlockHash, height: u32) {
        self.tips.send_replace(Some(Tip { hash, height }));
        if self.stop_at.is_some_and(|stop_at| height >= stop_at) {
            tracing::info!("the tip has the height of -stopatheight: stopping");
            self.shutdown.request();
        }
    }

    fn validated_further(&self) {
        self.validated.notify_one();
    }
}

impl NodeState {
    /// A node with this chain, and a pool with this policy that follows it.
    pub(crate) fn new(
        chain: ChainstateManager,
        watch: &TipWatch,
        indexes: Indexes,
        policy: mempool::Config,
        pool_file: PathBuf,
        fees: Option<Fees>,
        network: Network,
    ) -> Arc<Self> {
        let tip = {
            let tree = chain.tree();
            tree.tip().map(|tip| tree.entry(tip)).map(|entry| Tip {
                hash: entry.hash,
                height: entry.height,
            })
        };
        watch.tips.send_replace(tip);
        let pool = Arc::new(Pool::new(policy, fees));
        let node = Arc::new(Self {
            chain,
            indexes,
            pool: Arc::clone(&pool),
            miner: Miner::default(),
            pool_file,
            scheduler: Scheduler::default(),
            network,
            warnings: Warnings::default(),
            shutdown: watch.shutdown.clone(),
            observers: Observers::default(),
            #[cfg(feature = "zmq")]
            publications: crate::zmq::Publications::default(),
            serialization: OnceLock::new(),
            tips: watch.tips.clone(),
            validated: Arc::clone(&watch.validated),
            fatal: Mutex::new(None),
        });
        pool.follow(&node);
        node.observers.watch(&node);
        warnings::follow(&node);
        node
    }

    /// The network's directory.
    pub(crate) fn directory(&self) -> &Path {
        self.pool_file.parent().unwrap_or_else(|| Path::new(""))
    }

    /// Chooses how blocks and transactions are written from now on. Only the first choice counts.
    pub(crate) fn write(&self, serialization: Serialization) {
        _ = self.serialization.set(serialization);
    }

    /// How blocks and transactions are written for those who ask for their bytes.
    pub(crate) fn serialization(&self) -> Serialization {
        self.serialization.get().copied().unwrap_or_default()
    }

    /// Follows the tip.
    pub(crate) fn tips(&self) -> watch::Receiver<Option<Tip>> {
        self.tips.subscribe()
    }

    /// Waits until the chain before a snapshot was checked further. Of several who wait one is told.
    pub(crate) async fn validated_further(&self) {
        self.validated.notified().await;
    }

    /// Stops the node because its chain cannot be read or written, and gives what callers are told.
    pub(crate) fn fail(&self, error: &ChainError) -> RpcError {
        let cause = load::advice(error);
        let (text, shown) = match error {
            error if error.is_disk_full() => {
                let shown = "Disk space is too low!";
                (format!("{shown} {cause}"), shown.to_owned())
            }
            ChainError::BadSnapshot { .. } => (cause.clone(), cause),
            _ => (
                format!("A fatal internal error occurred: {cause}"),
                FATAL.to_owned(),
            ),
        };
        tracing::error!("*** {text}");
        self.warnings.set(text.clone());
        self.fatal
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(shown);
        self.shutdown.request();
        RpcError::new(code::DATABASE_ERROR, text)
    }

    /// As [`fail`](Self::fail), where it is an index that cannot be read. One that lacks a block is no reason to stop.
    pub(crate) fn fail_index(&self, error: IndexError) -> RpcError {
        match error {
            IndexError::Database(error) => self.fail(&error.into()),
            IndexError::Chain(error) => self.fail(&error),
            error => RpcError::new(code::DATABASE_ERROR, error.to_string()),
        }
    }

    /// Why the node had to stop, if it had to, as a terminal shows it. The log has the cause.
    pub(crate) fn failure(&self) -> Option<String> {
        self.fatal.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Does what may take long on a thread that may wait.
pub(crate) async fn blocking<T: Send + 'static>(
    node: &Node,
    work: impl FnOnce(&NodeState) -> Result<T, RpcError> + Send + 'static,
) -> Result<T, RpcError> {
    let node = Arc::clone(node.get()?);
    let span = tracing::Span::current();
    tokio::task::spawn_blocking(move || span.in_scope(|| work(&node)))
        .await
        .unwrap_or_else(|error| Err(RpcError::new(code::INTERNAL_ERROR, error.to_string())))
}
