//! The coins that transactions to come may spend: of the chain, of the pool, and of the package that they are of.

use std::collections::{BTreeSet, HashMap};

use bitcoin::{OutPoint, Transaction, Txid};
use consensus::nevm::{Mint, NevmHash};
use consensus::transaction::{Coin, held_tokens, made_coins};

use crate::pool::Mempool;
use crate::view::{ChainReadError, ChainView, Tip};

/// The coins that a package's transactions may spend.
pub(crate) struct CoinsOf<'a> {
    pub(super) chain: &'a dyn ChainView,
    pub(super) tip: Tip,
    package: HashMap<OutPoint, Coin>,
    /// The transactions of the NEVM by which the package makes tokens.
    mints: BTreeSet<NevmHash>,
}

impl<'a> CoinsOf<'a> {
    pub(crate) fn new(chain: &'a dyn ChainView) -> Self {
        Self {
            chain,
            tip: chain.tip(),
            package: HashMap::new(),
            mints: BTreeSet::new(),
        }
    }

    /// The height of the block that could have what comes in now.
    pub(super) fn next_height(&self) -> u32 {
        self.tip.height + 1
    }

    /// The coins of a transaction that is checked already may be spent by those after it.
    pub(super) fn add(&mut self, txid: Txid, transaction: &Transaction) {
        for (vout, coin) in (0..).zip(made_coins(transaction, self.next_height())) {
            self.package.insert(OutPoint { txid, vout }, coin);
        }
        self.mints
            .extend(Mint::of(transaction).map(|mint| mint.transaction));
    }

    /// Whether a transaction that is checked already makes tokens by this one of the NEVM.
    pub(super) fn mints(&self, transaction: &NevmHash) -> bool {
        self.mints.contains(transaction)
    }

    /// A coin, be it spent in the pool or not.
    pub(crate) fn get(&self, pool: &Mempool, outpoint: &OutPoint) -> Result<Option<Coin>, ChainReadError> {
        if let Some(coin) = self.package.get(outpoint) {
            return Ok(Some(coin.clone()));
        }
        let Some(entry) = pool.get(&outpoint.txid) else {
            return self.chain.coin(outpoint);
        };
        let place = outpoint.vout as usize;
        let output = entry.transaction.output.get(place);
        let held = held_tokens(&entry.transaction).unwrap_or_default();
        Ok(output.map(|output| Coin {
            tokens: held.get(place).copied().flatten().map(Box::new),
            ..Coin::new(output.clone(), self.next_height(), false)
        }))
    }
}
