//! The coins that transactions to come may spend: of the chain, of the pool, and of the package that they are of.

use std::collections::HashMap;

use bitcoin::{OutPoint, Transaction, Txid};
use consensus::transaction::Coin;

use crate::pool::Mempool;
use crate::view::{ChainReadError, ChainView, Tip};

/// The coins that a package's transactions may spend.
pub(super) struct CoinsOf<'a> {
    pub(super) chain: &'a dyn ChainView,
    pub(super) tip: Tip,
    package: HashMap<OutPoint, Coin>,
}

impl<'a> CoinsOf<'a> {
    pub(super) fn new(chain: &'a dyn ChainView) -> Self {
        Self {
            chain,
            tip: chain.tip(),
            package: HashMap::new(),
        }
    }

    /// The height of the block that could have what comes in now.
    pub(super) fn next_height(&self) -> u32 {
        self.tip.height + 1
    }

    /// The coins of a transaction that is checked already may be spent by those after it.
    pub(super) fn add(&mut self, txid: Txid, transaction: &Transaction) {
        let height = self.next_height();
        for (vout, output) in (0..).zip(&transaction.output) {
            let coin = Coin::new(output.clone(), height, false);
            self.package.insert(OutPoint { txid, vout }, coin);
        }
    }

    /// A coin, be it spent in the pool or not.
    pub(super) fn get(&self, pool: &Mempool, outpoint: &OutPoint) -> Result<Option<Coin>, ChainReadError> {
        if let Some(coin) = self.package.get(outpoint) {
            return Ok(Some(coin.clone()));
        }
        let Some(entry) = pool.get(&outpoint.txid) else {
            return self.chain.coin(outpoint);
        };
        let output = entry.transaction.output.get(outpoint.vout as usize);
        Ok(output.map(|output| Coin::new(output.clone(), self.next_height(), false)))
    }
}
