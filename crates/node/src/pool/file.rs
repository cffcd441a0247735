//! `mempool.dat`: the pool from one run to the next.

use std::io::{self, BufReader, BufWriter, Write as _};
use std::path::Path;

use fs_err as fs;
use mempool::accept::Purpose;
use mempool::{Dump, DumpError};

use super::{Pool, View};
use crate::state::NodeState;

/// Takes back what the file has, where it is still worth having. A file that cannot be read is left alone.
pub(crate) fn load(node: &NodeState, path: &Path) {
    let dump = match read(path) {
        Ok(Some(dump)) => dump,
        Ok(None) => return,
        Err(error) => {
            tracing::warn!("Failed to deserialize mempool data on file: {error}. Continuing anyway.");
            return;
        }
    };
    let (mut taken, mut refused) = (0, 0);
    for dumped in dump.transactions {
        if node.shutdown.is_requested() {
            return;
        }
        let txid = dumped.transaction.compute_txid();
        let time = u64::try_from(dumped.time).unwrap_or(0);
        let accepted = node.pool.with(|pool| {
            if dumped.delta != 0 {
                pool.prioritise(txid, dumped.delta);
            }
            pool.accept(&dumped.transaction, &View(&node.chain), time, Purpose::Keep)
        });
        match accepted {
            Ok(_) => taken += 1,
            Err(_) => refused += 1,
        }
    }
    node.pool.with(|pool| {
        for (txid, delta) in dump.deltas {
            pool.prioritise(txid, delta);
        }
        for txid in dump.unbroadcast {
            pool.add_unbroadcast(txid);
        }
        pool.limit_size(node.chain.clock().now());
    });
    tracing::info!("Imported mempool transactions from disk: {taken} succeeded, {refused} failed");
}

fn read(path: &Path) -> Result<Option<Dump>, DumpError> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            let error = bitcoin::io::Error::from(error);
            return Err(DumpError::Malformed(error.into()));
        }
    };
    Dump::read(&mut BufReader::new(file)).map(Some)
}

/// Writes the pool to the file, which is there as a whole or as it was.
pub(crate) fn save(pool: &Pool, path: &Path) -> io::Result<()> {
    let dump = pool.with(|pool| pool.dump());
    let new = path.with_extension("dat.new");
    let mut writer = BufWriter::new(fs::File::create(&new)?);
    dump.write(&mut writer)?;
    writer.flush()?;
    writer.get_ref().sync_all()?;
    drop(writer);
    fs::rename(&new, path)
}
