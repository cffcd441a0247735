//! Where methods find the outputs that transactions spend.

use std::sync::Arc;

use bitcoin::{OutPoint, TxOut};
use rpc::RpcError;

use crate::state::Node;

/// Finds an output that is not spent yet. It may read files, so that it is called on blocking threads alone.
pub(crate) type CoinLookup = Arc<dyn Fn(&OutPoint) -> Result<Option<TxOut>, RpcError> + Send + Sync>;

/// Finds outputs in a node's chain and among its unconfirmed transactions; none as long as it has no chain.
pub(crate) fn of(node: Node) -> CoinLookup {
    Arc::new(move |outpoint| {
        let Ok(node) = node.get() else {
            return Ok(None);
        };
        let unconfirmed = node.pool.with(|pool| {
            let entry = pool.get(&outpoint.txid)?;
            entry.transaction.output.get(outpoint.vout as usize).cloned()
        });
        if unconfirmed.is_some() {
            return Ok(unconfirmed);
        }
        let coin = node.chain.coin(outpoint);
        let coin = coin.map_err(|error| node.fail(&error.into()))?;
        Ok(coin.map(|coin| coin.output))
    })
}
