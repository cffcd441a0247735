//! Keeping the pool as the chain is when blocks are disconnected.

mod disconnected;

use std::collections::BTreeSet;

use bitcoin::Transaction;
use consensus::limits::COINBASE_MATURITY;
use consensus::transaction::{TransactionKind, is_final, sequence_locks};

use crate::accept::CoinsOf;
use crate::event::RemovalReason;
use crate::pool::{Entry, Mempool};
use crate::view::{ChainReadError, ChainView};
pub use disconnected::DisconnectedTransactions;

/// What becomes of transactions whose blocks were disconnected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// They are taken back if they are valid.
    Return,
    /// They are gone, and all that stands on them.
    Gone,
}

impl Mempool {
    /// A block was disconnected, `transactions` being its own in their order. `disconnected` takes those that there is room
    /// for. What stands on others is removed.
    pub fn block_disconnected(
        &mut self,
        transactions: &[Transaction],
        disconnected: &mut DisconnectedTransactions,
    ) {
        for left_out in disconnected.add_block(transactions) {
            self.remove_recursively(&left_out, RemovalReason::Reorg);
        }
    }

    /// The chain rests at its new tip after blocks were disconnected: takes back what those had and no other block has,
    /// removes what the next block could not have any more, and makes room. With [`Fate::Gone`] nothing is taken back.
    /// `now` is in seconds since 1970.
    ///
    /// # Errors
    /// [`ChainReadError`] if the chain cannot be read.
    pub fn update_for_reorg(
        &mut self,
        disconnected: DisconnectedTransactions,
        fate: Fate,
        chain: &dyn ChainView,
        now: u64,
    ) -> Result<(), ChainReadError> {
        let mut back = BTreeSet::new();
        for transaction in disconnected.into_ordered() {
            let is_wanted = fate == Fate::Return && !transaction.is_coinbase();
            if is_wanted && let Ok(txid) = self.accept_disconnected(&transaction, chain, now, &back) {
                back.insert(txid);
            } else if self.get(&transaction.compute_txid()).is_none() {
                self.remove_recursively(&transaction, RemovalReason::Reorg);
            }
        }
        self.enforce_limits();
        self.remove_unripe(chain)?;
        self.limit_size(now);
        Ok(())
    }

    /// A block was connected: removes transactions of tokens that the next block could not have because rules begin with it.
    ///
    /// # Errors
    /// [`ChainReadError`] if the chain cannot be read.
    pub fn enforce_new_rules(&mut self, chain: &dyn ChainView) -> Result<(), ChainReadError> {
        let heights = &chain.params().heights;
        let next = Some(chain.tip().height + 1);
        let rules = [heights.chainlock_receipts, heights.bridge_v2];
        if rules.iter().all(|rule| rule.height() != next) {
            return Ok(());
        }
        let mut wrong = Vec::new();
        for entry in self.iter() {
            let is_asset = TransactionKind::of(&entry.transaction).is_asset();
            // One that spends what a reorganisation is about to bring back is looked at then.
            if is_asset && self.tokens_are_right(&entry.transaction, chain)? == Some(false) {
                wrong.push(entry.txid);
            }
        }
        self.remove_all(&self.with_descendants(wrong), RemovalReason::Conflict);
        Ok(())
    }

    /// Removes what the next block could not have.
    fn remove_unripe(&mut self, chain: &dyn ChainView) -> Result<(), ChainReadError> {
        let mut unripe = Vec::new();
        for entry in self.iter() {
            if !self.is_ripe(entry, chain)? {
                unripe.push(entry.txid);
            }
        }
        self.remove_all(&self.with_descendants(unripe), RemovalReason::Reorg);
        Ok(())
    }

    /// Whether the next block could have a transaction, as far as locks, young coinbases and tokens are concerned.
    fn is_ripe(&self, entry: &Entry, chain: &dyn ChainView) -> Result<bool, ChainReadError> {
        let transaction = &entry.transaction;
        let tip = chain.tip();
        let height = tip.height + 1;
        if !is_final(transaction, height, tip.median_time_past) {
            return Ok(false);
        }
        let locks = transaction
            .input
            .iter()
            .any(|input| input.sequence.is_relative_lock_time());
        let is_asset = TransactionKind::of(transaction).is_asset();
        if is_asset && self.tokens_are_right(transaction, chain)? != Some(true) {
            return Ok(false);
        }
        if !locks && !entry.spends_coinbase {
            return Ok(true);
        }
        let mut heights = Vec::with_capacity(transaction.input.len());
        for input in &transaction.input {
            if self.get(&input.previous_output.txid).is_some() {
                heights.push(height);
                continue;
            }
            let Some(coin) = chain.coin(&input.previous_output)? else {
                return Ok(false);
            };
            if coin.is_coinbase && height - coin.height < COINBASE_MATURITY {
                return Ok(false);
            }
            heights.push(coin.height);
        }
        let locks = sequence_locks(transaction, &heights, |height| chain.median_time_past(height));
        Ok(locks.allow(height, tip.median_time_past))
    }

    /// Whether a transaction may still move the tokens that it moves: the chain may have lost what it proves them by. None
    /// where a coin that it spends is not there.
    fn tokens_are_right(
        &self,
        transaction: &Transaction,
        chain: &dyn ChainView,
    ) -> Result<Option<bool>, ChainReadError> {
        let coins = CoinsOf::new(chain);
        let mut spent = Vec::with_capacity(transaction.input.len());
        for input in &transaction.input {
            let Some(coin) = coins.get(self, &input.previous_output)? else {
                return Ok(None);
            };
            spent.push(coin);
        }
        Ok(Some(self.check_tokens(transaction, &spent, &coins).is_ok()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::accept::Purpose;
    use crate::config::{Config, Limits};
    use crate::pool::tests::{Model, spend};

    const NOW: u64 = 1_700_000_000;

    /// A block in which two transactions stand on a first one, and three in a row that stand on one of them in the pool;
    /// what is in the pool when the block was disconnected, of all in this order.
    fn survivors(fate: Fate) -> Vec<bool> {
        let limits = Limits {
            descendant_count: 4,
            ..Limits::default()
        };
        let config = Config {
            limits,
            ..Config::default()
        };
        let (mut pool, mut model) = (Mempool::new(config), Model::new());
        let coin = model.fund(1_000_000);
        let output =
            |transaction: &Transaction, vout| bitcoin::OutPoint::new(transaction.compute_txid(), vout);
        let first = spend(&[coin], &[400_000, 400_000]);
        let second = spend(&[output(&first, 0)], &[390_000]);
        let third = spend(&[output(&first, 1)], &[390_000]);
        let block = vec![first, second.clone(), third];
        model.connect(block.clone());
        let mut all = block.clone();
        let mut last = second;
        for units in [380_000, 370_000, 360_000] {
            last = spend(&[output(&last, 0)], &[units]);
            pool.accept(&Arc::new(last.clone()), &model, NOW, Purpose::Keep)
                .expect("it is within limits");
            all.push(last.clone());
        }
        model.disconnect();
        let mut disconnected = DisconnectedTransactions::default();
        pool.block_disconnected(&block, &mut disconnected);
        pool.update_for_reorg(disconnected, fate, &model, NOW)
            .expect("the model can be read");
        let is_there = |transaction: &Transaction| pool.get(&transaction.compute_txid()).is_some();
        all.iter().map(is_there).collect()
    }

    #[test]
    fn what_a_block_had_comes_back_however_much_stands_on_it_by_now() {
        assert_eq!(survivors(Fate::Return), [true; 6]);
    }

    #[test]
    fn what_is_gone_takes_along_what_stands_on_it() {
        assert_eq!(survivors(Fate::Gone), [false; 6]);
    }

    #[test]
    fn what_cannot_wait_takes_along_what_stands_on_it() {
        let (mut pool, mut model) = (Mempool::new(Config::default()), Model::new());
        let parent = spend(&[model.fund(1_000_000)], &[400_000]);
        let mut large = parent.clone();
        large.output[0].script_pubkey = vec![0x6a; 20_000_000].into();
        model.connect(vec![parent.clone()]);
        let child = spend(&[bitcoin::OutPoint::new(parent.compute_txid(), 0)], &[390_000]);
        pool.accept(&Arc::new(child), &model, NOW, Purpose::Keep)
            .expect("it is valid and pays");
        model.disconnect();
        let mut disconnected = DisconnectedTransactions::default();
        pool.block_disconnected(&[large, parent], &mut disconnected);
        assert_eq!(pool.len(), 0);
    }
}
