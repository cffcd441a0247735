//! What the unconfirmed ancestors of an output lack, to be taken by miners who take nothing below a rate.
//!
//! A miner takes the best ancestors first, also for the sake of others that stand on them: what is taken anyway lacks
//! nothing. What is spent already will be replaced by whoever asks, with all that stands on that, and helps nobody.

use std::collections::BTreeSet;

use bitcoin::{OutPoint, Txid};

use crate::fee_rate::FeeRate;
use crate::pool::Mempool;

/// With how many others a transaction may be connected for this to be told.
const MOST_CONNECTED: usize = 500;

/// The transactions that are connected with those asked about and that no miner takes at the rate.
struct Left<'a> {
    pool: &'a Mempool,
    txids: BTreeSet<Txid>,
}

impl Mempool {
    /// What the ancestors of each output and the transaction that it is of lack to a rate, in units, as if the output were
    /// spent alone; nothing for outputs of transactions that are not here. None where too many are connected.
    #[must_use]
    pub fn individual_bump_fees(&self, outpoints: &[OutPoint], rate: FeeRate) -> Option<Vec<u64>> {
        let left = self.left_at(outpoints, rate)?;
        let lacking = outpoints
            .iter()
            .map(|outpoint| left.lack(&left.ancestors(&outpoint.txid), rate));
        Some(lacking.collect())
    }

    /// What the ancestors of all outputs lack together, in units, where each is paid for once. None where too many are
    /// connected.
    #[must_use]
    pub fn combined_bump_fee(&self, outpoints: &[OutPoint], rate: FeeRate) -> Option<u64> {
        let left = self.left_at(outpoints, rate)?;
        let all = outpoints
            .iter()
            .flat_map(|outpoint| left.ancestors(&outpoint.txid));
        Some(left.lack(&all.collect(), rate))
    }

    /// What is left of all that is connected with outputs when a miner has taken what pays the rate.
    fn left_at(&self, outpoints: &[OutPoint], rate: FeeRate) -> Option<Left<'_>> {
        let mut txids = self.connected(outpoints)?;
        for spender in outpoints.iter().filter_map(|outpoint| self.spender(outpoint)) {
            txids.remove(&spender.txid);
            txids.retain(|txid| !self.ancestors(txid).contains(&spender.txid));
        }
        let mut left = Left { pool: self, txids };
        while let Some(taken) = left.best_at(rate) {
            left.txids.retain(|txid| !taken.contains(txid));
        }
        Some(left)
    }

    /// All transactions that are connected with these outputs' by one spending another's outputs.
    fn connected(&self, outpoints: &[OutPoint]) -> Option<BTreeSet<Txid>> {
        let here = outpoints.iter().map(|outpoint| outpoint.txid);
        let mut open: Vec<Txid> = here.filter(|txid| self.get(txid).is_some()).collect();
        let mut found = BTreeSet::new();
        while let Some(txid) = open.pop() {
            if found.insert(txid) {
                let entry = self.entry(&txid);
                open.extend(entry.parents.iter().chain(&entry.children));
            }
            if found.len() > MOST_CONNECTED {
                return None;
            }
        }
        Some(found)
    }
}

impl Left<'_> {
    /// A transaction with its ancestors, as far as they are left.
    fn ancestors(&self, txid: &Txid) -> BTreeSet<Txid> {
        let mut found = self.pool.ancestors(txid);
        found.insert(*txid);
        found.retain(|txid| self.txids.contains(txid));
        found
    }

    /// What transactions lack to the rate.
    fn lack(&self, txids: &BTreeSet<Txid>, rate: FeeRate) -> u64 {
        let totals = self.pool.sum(txids);
        let lacking = i128::from(rate.fee(totals.size)) - totals.fees;
        u64::try_from(lacking.max(0)).unwrap_or(u64::MAX)
    }

    /// The transaction, with its ancestors, that pays best of those that pay the rate.
    fn best_at(&self, rate: FeeRate) -> Option<BTreeSet<Txid>> {
        let packages = self.txids.iter().map(|txid| self.ancestors(txid));
        let paid = packages.map(|package| {
            let totals = self.pool.sum(&package);
            (FeeRate::of(totals.fees, totals.size), package)
        });
        let enough = paid.filter(|(paid, _)| *paid >= rate);
        enough.max_by_key(|(paid, _)| *paid).map(|(_, package)| package)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bitcoin::Transaction;

    use super::*;
    use crate::accept::Purpose;
    use crate::config::Config;
    use crate::pool::tests::{Model, spend};

    const COIN: u64 = 1_000_000;

    /// A pool in which transactions are chosen by what they spend and pay.
    struct Rig {
        model: Model,
        pool: Mempool,
    }

    impl Rig {
        fn new() -> Self {
            Self {
                model: Model::new(),
                pool: Mempool::new(Config::default()),
            }
        }

        fn coin(&mut self) -> OutPoint {
            self.model.fund(COIN)
        }

        /// A transaction with two equal outputs that pays this fee out of so much.
        fn add(&mut self, inputs: &[OutPoint], units: u64, fee: u64) -> Transaction {
            let half = (units - fee) / 2;
            let transaction = spend(inputs, &[half, units - fee - half]);
            self.pool
                .accept(
                    &Arc::new(transaction.clone()),
                    &self.model,
                    1_600_000_000,
                    Purpose::Keep,
                )
                .unwrap();
            transaction
        }

        fn size(&self, transaction: &Transaction) -> u64 {
            self.pool.get(&transaction.compute_txid()).unwrap().size
        }
    }

    fn output(transaction: &Transaction, vout: u32) -> OutPoint {
        OutPoint::new(transaction.compute_txid(), vout)
    }

    /// Ten units for each byte.
    const RATE: FeeRate = FeeRate::per_kvb(10_000);

    #[test]
    fn an_output_lacks_what_its_ancestors_do_and_confirmed_ones_lack_nothing() {
        let mut rig = Rig::new();
        let coin = rig.coin();
        let parent = rig.add(&[coin], COIN, 300);
        let half = COIN / 2 - 150;
        let child = rig.add(&[output(&parent, 0)], half, 400);
        let (one, two) = (rig.size(&parent), rig.size(&child));
        let outpoints = [output(&parent, 1), output(&child, 0), coin];
        let lacking = rig.pool.individual_bump_fees(&outpoints, RATE).unwrap();
        // The coin is spent by the parent, which would be replaced: nothing of it is left.
        assert_eq!(lacking, [0, 0, 0]);
        let lacking = rig.pool.individual_bump_fees(&outpoints[..2], RATE).unwrap();
        assert_eq!(lacking, [10 * one - 300, 10 * (one + two) - 700]);
        let together = rig.pool.combined_bump_fee(&outpoints[..2], RATE).unwrap();
        assert_eq!(together, 10 * (one + two) - 700, "the parent is paid for once");
        let low = FeeRate::per_kvb(1_000);
        assert_eq!(
            rig.pool.individual_bump_fees(&outpoints[..2], low).unwrap(),
            [0, 0]
        );
    }

    #[test]
    fn what_a_child_pays_for_lacks_nothing() {
        let mut rig = Rig::new();
        let coin = rig.coin();
        let parent = rig.add(&[coin], COIN, 300);
        let half = COIN / 2 - 150;
        let generous = rig.add(&[output(&parent, 0)], half, 9_000);
        let lacking = rig
            .pool
            .individual_bump_fees(&[output(&parent, 1)], RATE)
            .unwrap();
        assert_eq!(lacking, [0]);
        // Who spends what the child does replaces it, and has to pay for the parent.
        let lacking = rig
            .pool
            .individual_bump_fees(&[output(&parent, 0)], RATE)
            .unwrap();
        assert_eq!(lacking, [10 * rig.size(&parent) - 300]);
        assert_eq!(rig.pool.combined_bump_fee(&[output(&generous, 0)], RATE), Some(0));
    }
}
