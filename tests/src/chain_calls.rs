//! What most tests of a chain ask of a node, in few words.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::{RpcClient, wait_until};

/// A second after regtest's genesis block.
pub const START: u64 = 1_553_040_332;

/// Where the coins of the published regtest chain go.
pub const CHAIN_ADDRESS: &str = "mjTkW3DjgyZck4KbiRusZsqTgaYTxdSz6z";

/// A value that must be a text.
///
/// # Errors
/// When it is something else.
pub fn text(value: &Value) -> Result<String> {
    let text = value.as_str().with_context(|| format!("no text: {value}"))?;
    Ok(text.to_owned())
}

impl RpcClient {
    /// Code and message of the error that a call must end with.
    ///
    /// # Errors
    /// When the call succeeds or there is no answer.
    pub fn refusal(&mut self, method: &str, params: Value) -> Result<(i64, String)> {
        let reply = self.request(method, params)?;
        let error = reply.error.with_context(|| format!("{method} was not refused"))?;
        Ok((error.code, error.message))
    }

    /// Makes so many blocks, whose coins go to [`CHAIN_ADDRESS`], and gives their hashes.
    ///
    /// # Errors
    /// When the node makes none.
    pub fn generate(&mut self, count: u32) -> Result<Vec<String>> {
        let hashes = self.call("generatetoaddress", json!([count, CHAIN_ADDRESS]))?;
        hashes.as_array().context("no list")?.iter().map(text).collect()
    }

    /// The hash of the tip.
    ///
    /// # Errors
    /// When the node does not tell.
    pub fn tip(&mut self) -> Result<String> {
        text(&self.call("getbestblockhash", json!([]))?)
    }

    /// The tip's time, in seconds since 1970.
    ///
    /// # Errors
    /// When the node does not tell.
    pub fn tip_time(&mut self) -> Result<u64> {
        let tip = self.tip()?;
        let header = self.call("getblockheader", json!([tip]))?;
        header["time"].as_u64().context("no time")
    }

    /// What tells two sets of coins apart: their hash, the block that they are of, and their number.
    ///
    /// # Errors
    /// When the node does not tell.
    pub fn coins(&mut self) -> Result<Value> {
        let info = self.call("gettxoutsetinfo", json!([]))?;
        Ok(json!([
            info["hash_serialized_3"],
            info["bestblock"],
            info["txouts"]
        ]))
    }

    /// Waits until the unconfirmed transactions of the last run are back.
    ///
    /// # Errors
    /// When that takes too long.
    pub fn wait_until_loaded(&mut self) -> Result<()> {
        wait_until("the transactions of the last run", || {
            let info = self.call("getmempoolinfo", json!([]))?;
            Ok((info["loaded"] == true).then_some(()))
        })
    }

    /// Waits until the node's indexes, which must be these, are up to the chain.
    ///
    /// # Errors
    /// When that takes too long, or there are others.
    pub fn wait_until_synced(&mut self, names: &[&str]) -> Result<()> {
        wait_until("the indexes to be up to the chain", || {
            let height = self.call("getblockcount", json!([]))?;
            let info = self.call("getindexinfo", json!([]))?;
            let all: Vec<&String> = info.as_object().context("no object")?.keys().collect();
            ensure!(all == names, "{info}");
            let is_synced =
                |name: &&str| info[*name] == json!({ "synced": true, "best_block_height": height });
            Ok(names.iter().all(is_synced).then_some(()))
        })
    }
}
