//! Coins to spend, and transactions that spend them with a key that everybody knows.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::{RpcClient, text};

/// The private key 1.
pub const KEY: &str = "cMahea7zqjxrtgAbB7LSGbcQUr1uX1ojuat9jZodMN87JcbXMTcA";

/// The address of [`KEY`].
pub const KEY_ADDRESS: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

impl RpcClient {
    /// Makes blocks to [`KEY_ADDRESS`] of which so many can be spent, and gives their coinbases' ids.
    ///
    /// # Errors
    /// When the node makes none.
    pub fn mine_spendable(&mut self, count: usize) -> Result<Vec<String>> {
        let hashes = self.call("generatetoaddress", json!([100 + count, KEY_ADDRESS]))?;
        let hashes = hashes.as_array().context("no list")?;
        let ids = hashes[..count].iter().map(|hash| {
            let block = self.call("getblock", json!([hash]))?;
            text(&block["tx"][0])
        });
        ids.collect()
    }

    /// The bytes of a signed transaction that spends outputs and makes one of so many coins.
    ///
    /// # Errors
    /// When the node does not know the outputs, or [`KEY`] does not open them.
    pub fn spend(&mut self, inputs: &Value, coins: f64) -> Result<String> {
        let raw = self.call("createrawtransaction", json!([inputs, [{ KEY_ADDRESS: coins }]]))?;
        let signed = self.call("signrawtransactionwithkey", json!([raw, [KEY]]))?;
        ensure!(signed["complete"] == true, "{signed}");
        text(&signed["hex"])
    }

    /// The bytes of a transaction that spends the first output of one of the pool, which the signer must be told of.
    ///
    /// # Errors
    /// When [`KEY`] does not open it.
    pub fn spend_unconfirmed(&mut self, parent: &str, parent_coins: f64, coins: f64) -> Result<String> {
        let input = json!({ "txid": parent, "vout": 0 });
        let raw = self.call("createrawtransaction", json!([[input], [{ KEY_ADDRESS: coins }]]))?;
        let script = self.call("validateaddress", json!([KEY_ADDRESS]))?;
        let previous = json!([{
            "txid": parent,
            "vout": 0,
            "scriptPubKey": script["scriptPubKey"],
            "amount": parent_coins,
        }]);
        let signed = self.call("signrawtransactionwithkey", json!([raw, [KEY], previous]))?;
        ensure!(signed["complete"] == true, "{signed}");
        text(&signed["hex"])
    }

    /// Hands a transaction in and gives its id.
    ///
    /// # Errors
    /// When the node does not take it.
    pub fn send_transaction(&mut self, transaction: &str) -> Result<String> {
        text(&self.call("sendrawtransaction", json!([transaction]))?)
    }
}
