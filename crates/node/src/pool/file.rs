//! `mempool.dat`: the pool from one run to the next, or from one node to another.

use std::io::{self, BufReader};
use std::path::Path;

use fs_err as fs;
use mempool::accept::Purpose;
use mempool::{Dump, DumpError};

use super::{Pool, View};
use crate::replace::replace;
use crate::state::NodeState;

/// What of a file counts beside its transactions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Import {
    /// Whether transactions come in now, whenever they did before.
    pub(crate) is_now: bool,
    /// Whether fees count as what they were made to count as.
    pub(crate) has_deltas: bool,
    /// Whether those are remembered that no peer has asked for.
    pub(crate) has_unbroadcast: bool,
}

impl Import {
    /// All that the node itself has written.
    pub(crate) const OWN: Self = Self {
        is_now: false,
        has_deltas: true,
        has_unbroadcast: true,
    };
}

/// A file was not taken in as a whole.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportError {
    /// It is not there, or cannot be opened.
    #[error("Failed to open mempool file from disk. Continuing anyway. ({0})")]
    Open(#[from] io::Error),
    /// It is none.
    #[error("Failed to deserialize mempool data on disk: {0}. Continuing anyway.")]
    Malformed(#[from] DumpError),
    /// The node stops.
    #[error("the node stops before all of the mempool file is taken in")]
    Stopped,
}

/// Takes in what a file has, where it is worth having. A file that cannot be read is left alone.
pub(crate) fn import(node: &NodeState, path: &Path, what: Import) -> Result<(), ImportError> {
    let dump = Dump::read(&mut BufReader::new(fs::File::open(path)?))?;
    let now = node.chain.clock().now();
    let oldest = now.saturating_sub(node.pool.with(|pool| pool.config().expiry.as_secs()));
    let (mut taken, mut refused, mut expired, mut known) = (0, 0, 0, 0);
    for dumped in dump.transactions {
        if node.shutdown.is_requested() {
            return Err(ImportError::Stopped);
        }
        let txid = dumped.transaction.compute_txid();
        let time = match what.is_now {
            true => now,
            false => u64::try_from(dumped.time).unwrap_or(0),
        };
        let accepted = node.pool.with(|pool| {
            if what.has_deltas && dumped.delta != 0 {
                pool.prioritise(txid, dumped.delta);
            }
            let is_young = time > oldest;
            is_young.then(|| pool.accept(&dumped.transaction, &View(node), time, Purpose::Keep))
        });
        match accepted {
            None => expired += 1,
            Some(Ok(_)) => taken += 1,
            // It may have come in another way while the file was read.
            Some(Err(_)) if node.pool.has(&txid) => known += 1,
            Some(Err(_)) => refused += 1,
        }
    }
    let mut waiting = 0;
    node.pool.with(|pool| {
        if what.has_deltas {
            for (txid, delta) in dump.deltas {
                pool.prioritise(txid, delta);
            }
        }
        if what.has_unbroadcast {
            waiting = dump.unbroadcast.len();
            for txid in dump.unbroadcast {
                pool.add_unbroadcast(txid);
            }
        }
        pool.limit_size(now);
    });
    tracing::info!(
        "Imported mempool transactions from disk: {taken} succeeded, {refused} failed, {expired} expired, {known} already \
         there, {waiting} waiting for initial broadcast"
    );
    Ok(())
}

/// Writes the pool to the file, which is there as a whole or as it was.
pub(crate) fn save(pool: &Pool, path: &Path) -> io::Result<()> {
    let dump = pool.with(|pool| pool.dump());
    replace(path, |writer| dump.write(writer))
}
