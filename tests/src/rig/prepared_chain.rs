//! A chain that many tests begin with, made once and copied.

use std::path::Path;

use anyhow::{Result, ensure};
use fs_err as fs;
use serde_json::json;

use super::{RigNode, Way};
use crate::{Daemon, DataDir};

/// So many blocks it has, of which the next one makes a hundred mature.
pub const PREPARED_BLOCKS: u32 = 199;

/// Addresses and keys that everybody knows, to which the blocks pay in turn.
pub const RIG_KEYS: [(&str, &str); 3] = [
    (
        "mjTkW3DjgyZck4KbiRusZsqTgaYTxdSz6z",
        "cVpF924EspNh8KjYsfhgY96mmxvT6DgdWiTYMtMjuM74hJaU5psW",
    ),
    (
        "msX6jQXvxiNhx3Q62PKeLPrhrqZQdSimTg",
        "cUxsWyKyZ9MAQTaAhUQWJmBbSvHMwSmuv59KgxQV7oZQU3PXN3KE",
    ),
    (
        "mnonCMyH9TmAsSj3M59DsbH8H63U3RKoFP",
        "cTrh7dkEAeJd6b3MRX9bZK8eRmNqVCMH3LSUkE3dSFDyzjU38QxK",
    ),
];

/// The address of a taproot output that anyone can spend.
const OPEN_ADDRESS: &str = "bcrt1p9yfmy5h72durp7zrhlw9lf7jpwjgvwdg0jr0lqmmjtgg83266lqsekaqka";

/// What is left of the data directory of the node that made it. All else is deleted before it is copied.
const KEPT: [&str; 3] = ["chainstate", "blocks", "indexes"];

/// A data directory with the chain and nothing else.
#[derive(Debug)]
pub struct PreparedChain {
    data_dir: DataDir,
}

impl PreparedChain {
    /// Makes it with a node that is stopped afterwards.
    ///
    /// # Errors
    /// When the node does anything else than it should.
    pub fn make(daemon: Daemon, way: Way) -> Result<Self> {
        let mut node = RigNode::new(daemon, way)?;
        node.start(&[])?;
        // The blocks are made at the time of the one before them, so that all who make them make the same.
        let genesis = node.call("getbestblockhash", json!([]))?;
        let header = node.call("getblockheader", json!([genesis]))?;
        node.call("setmocktime", json!([header["time"]]))?;
        let addresses = RIG_KEYS.map(|(address, _)| address);
        let addresses = [addresses[0], addresses[1], addresses[2], OPEN_ADDRESS];
        for round in 0..8 {
            let count = if round == 7 { 24 } else { 25 };
            node.call("generatetoaddress", json!([count, addresses[round % 4]]))?;
        }
        let info = node.call("getblockchaininfo", json!([]))?;
        ensure!(info["blocks"] == PREPARED_BLOCKS, "{info}");
        let data_dir = node.end()?;
        // The directory of wallets must be there and empty, wallets or not.
        fs::remove_dir(data_dir.regtest("wallets"))?;
        for entry in fs::read_dir(data_dir.regtest(""))? {
            let entry = entry?;
            if KEPT.iter().any(|kept| entry.file_name() == *kept) {
                continue;
            }
            match entry.file_type()?.is_dir() {
                true => fs::remove_dir_all(entry.path())?,
                false => fs::remove_file(entry.path())?,
            }
        }
        Ok(Self { data_dir })
    }

    /// A node that is not started yet, with a copy of the chain.
    ///
    /// # Errors
    /// When there is no room for it.
    pub fn node(&self, daemon: Daemon, way: Way) -> Result<RigNode> {
        let node = RigNode::new(daemon, way)?;
        copy(&self.data_dir.regtest(""), &node.data_dir().regtest(""))?;
        Ok(node)
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &target)?,
            false => _ = fs::copy(entry.path(), &target)?,
        }
    }
    Ok(())
}
