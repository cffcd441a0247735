//! Checking all of a transaction that takes no running of scripts.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use bitcoin::{OutPoint, Transaction, TxOut, Txid};
use consensus::transaction::{
    Coin, TransactionKind, check_inputs, check_transaction, is_final, sequence_locks, sigop_cost,
};

use super::Rules;
use super::coins::CoinsOf;
use super::rejection::{Rejection, RejectionKind};
use crate::config::Limits;
use crate::fee_rate::FeeRate;
use crate::policy::{
    MAX_STANDARD_SIGOPS_COST, MIN_STANDARD_SIZE, NotStandard, check_standard, inputs_are_standard,
    signals_replacement, virtual_size, witnesses_are_standard,
};
use crate::pool::{Entry, Mempool, Totals};

/// By how many virtual bytes one more child may exceed the limit on descendants, so that each party of a contract can pay
/// for it.
const EXTRA_DESCENDANT_SIZE: u64 = 10_000;

/// A transaction that keeps the rules up to where it was checked.
pub(super) struct Candidate {
    pub(super) entry: Entry,
    /// The outputs that it spends, in the order of its inputs.
    pub(super) spent: Vec<TxOut>,
    /// The transactions of the pool that spend the same.
    pub(super) conflicts: BTreeSet<Txid>,
    /// Those and all that stand on them.
    pub(super) replaced: BTreeSet<Txid>,
}

impl Mempool {
    /// Checks a transaction: upstream's `PreChecks`.
    pub(super) fn check(
        &mut self,
        transaction: &Arc<Transaction>,
        coins: &mut CoinsOf<'_>,
        now: u64,
        rules: Rules,
    ) -> Result<Candidate, Rejection> {
        check_transaction(transaction)?;
        self.check_form(transaction)?;
        if !is_final(transaction, coins.next_height(), coins.tip.median_time_past) {
            return Err(Rejection::plain(RejectionKind::PrematureSpend, "non-final"));
        }
        let (txid, wtxid) = (transaction.compute_txid(), transaction.compute_wtxid());
        if self.get_by_wtxid(&wtxid).is_some() {
            return Err(Rejection::plain(
                RejectionKind::Conflict,
                "txn-already-in-mempool",
            ));
        }
        if self.get(&txid).is_some() {
            let reason = "txn-same-nonwitness-data-in-mempool";
            return Err(Rejection::plain(RejectionKind::Conflict, reason));
        }
        let conflicts = self.conflicts(transaction, rules)?;
        let spent = self.spent_coins(transaction, txid, coins)?;
        check_locks(transaction, &spent, coins)?;
        let by_outpoint: HashMap<OutPoint, &Coin> = transaction
            .input
            .iter()
            .map(|input| input.previous_output)
            .zip(&spent)
            .collect();
        let fee = check_inputs(
            transaction,
            |outpoint| by_outpoint.get(outpoint).copied(),
            coins.next_height(),
        )?;
        self.check_tokens(transaction, &spent, coins)?;
        let spends_coinbase = spent.iter().any(|coin| coin.is_coinbase);
        let spent: Vec<TxOut> = spent.into_iter().map(|coin| coin.output).collect();
        if self.config().requires_standard {
            check_spent(transaction, &spent)?;
        }
        let sigop_cost = sigop_cost(transaction, |input| &spent[input].script_pubkey);
        let weight = transaction.weight().to_wu();
        let entry = Entry {
            transaction: Arc::clone(transaction),
            txid,
            wtxid,
            fee,
            delta: self.delta(&txid),
            weight,
            size: virtual_size(weight, sigop_cost, self.config().bytes_per_sigop),
            sigop_cost,
            time: now,
            height: coins.tip.height,
            spends_coinbase,
            parents: self.parents_of(transaction),
            children: BTreeSet::new(),
            ancestors: Totals::default(),
            descendants: Totals::default(),
        };
        if sigop_cost > MAX_STANDARD_SIGOPS_COST {
            let reason = "bad-txns-too-many-sigops";
            return Err(Rejection::new(
                RejectionKind::NotStandard,
                reason,
                sigop_cost.to_string(),
            ));
        }
        if !rules.bypasses_limits {
            self.check_fee(&entry, now, rules)?;
            self.check_limits(&entry, &conflicts, |ancestor| ancestor.descendants)?;
        }
        Ok(Candidate {
            entry,
            spent,
            conflicts,
            replaced: BTreeSet::new(),
        })
    }

    /// Checks what shows in the transaction alone.
    fn check_form(&self, transaction: &Transaction) -> Result<(), Rejection> {
        if transaction.is_coinbase() {
            return Err(Rejection::plain(RejectionKind::Consensus, "coinbase"));
        }
        // Nothing here knows masternodes and blobs, so that nothing could tell which of these are valid. Of tokens that can
        // be told, and the proofs among their data are longer than what is usual.
        let is_known = match TransactionKind::of(transaction) {
            TransactionKind::Ordinary => true,
            kind => kind.is_asset() && !self.config().requires_standard,
        };
        if !is_known {
            return Err(NotStandard::Version.into());
        }
        if self.config().requires_standard {
            check_standard(transaction, self.config())?;
        }
        if transaction.base_size() < MIN_STANDARD_SIZE {
            return Err(Rejection::plain(RejectionKind::NotStandard, "tx-size-small"));
        }
        Ok(())
    }

    /// The transactions that spend the same, all of which may be replaced.
    fn conflicts(&self, transaction: &Transaction, rules: Rules) -> Result<BTreeSet<Txid>, Rejection> {
        let mut conflicts = BTreeSet::new();
        for input in &transaction.input {
            let Some(other) = self.spender(&input.previous_output) else {
                continue;
            };
            if !rules.allows_replacement {
                return Err(Rejection::policy("bip125-replacement-disallowed", String::new()));
            }
            if !self.config().full_replacement && !signals_replacement(&other.transaction) {
                return Err(Rejection::policy("txn-mempool-conflict", String::new()));
            }
            conflicts.insert(other.txid);
        }
        Ok(conflicts)
    }

    /// The coins that a transaction spends, in the order of its inputs.
    fn spent_coins(
        &self,
        transaction: &Transaction,
        txid: Txid,
        coins: &CoinsOf<'_>,
    ) -> Result<Vec<Coin>, Rejection> {
        let mut spent = Vec::with_capacity(transaction.input.len());
        for input in &transaction.input {
            if let Some(coin) = coins.get(self, &input.previous_output)? {
                spent.push(coin);
                continue;
            }
            // It spends what is not there because it has spent it, if its own outputs are there.
            for vout in (0..).take(transaction.output.len()) {
                if coins.chain.coin(&OutPoint { txid, vout })?.is_some() {
                    return Err(Rejection::plain(RejectionKind::Conflict, "txn-already-known"));
                }
            }
            let reason = "bad-txns-inputs-missingorspent";
            return Err(Rejection::plain(RejectionKind::MissingInputs, reason));
        }
        Ok(spent)
    }

    /// Checks that a transaction pays what is asked of each.
    fn check_fee(&mut self, entry: &Entry, now: u64, rules: Rules) -> Result<(), Rejection> {
        let (fee, size) = (entry.modified_fee(), entry.size);
        if fee < self.config().min_relay.fee(size) {
            return Err(Rejection::below(
                "min relay fee not met",
                fee,
                self.config().min_relay,
                size,
            ));
        }
        if rules.package_rate {
            return Ok(());
        }
        self.check_rate(fee, size, now)
    }

    /// Checks that so much is paid for so much as is asked now.
    pub(super) fn check_rate(&mut self, fee: i64, size: u64, now: u64) -> Result<(), Rejection> {
        let minimum = self.minimum_rate(now);
        if minimum > FeeRate::ZERO && fee < minimum.fee(size) {
            return Err(Rejection::below("mempool min fee not met", fee, minimum, size));
        }
        let min_relay = self.config().min_relay;
        if fee < min_relay.fee(size) {
            return Err(Rejection::below("min relay fee not met", fee, min_relay, size));
        }
        Ok(())
    }

    /// Checks that not too much stands on one another, and nothing on what would be replaced. `descendants` says what counts
    /// as standing on a transaction, itself included.
    pub(super) fn check_limits(
        &self,
        entry: &Entry,
        conflicts: &BTreeSet<Txid>,
        descendants: impl Fn(&Entry) -> Totals,
    ) -> Result<(), Rejection> {
        let mut limits = self.config().limits;
        if conflicts.len() == 1 {
            // What is replaced does not count any more.
            limits.descendant_count += 1;
            for conflict in conflicts {
                limits.descendant_size += self.entry(conflict).descendants.size;
            }
        }
        let within = |limits: &Limits| {
            self.ancestors_within(entry.parents.clone(), 1, entry.size, limits, &descendants)
        };
        let ancestors = within(&limits).or_else(|error| {
            let rejection = Rejection::policy("too-long-mempool-chain", error.to_string());
            if entry.size > EXTRA_DESCENDANT_SIZE {
                return Err(rejection);
            }
            // One more child is allowed if it stands on nothing else.
            let carve_out = Limits {
                ancestor_count: 2,
                descendant_count: limits.descendant_count + 1,
                descendant_size: limits.descendant_size + EXTRA_DESCENDANT_SIZE,
                ..limits
            };
            within(&carve_out).map_err(|_error| rejection)
        })?;
        match ancestors.intersection(conflicts).next() {
            None => Ok(()),
            Some(conflict) => {
                let details = format!("{} spends conflicting transaction {conflict}", entry.txid);
                let reason = "bad-txns-spends-conflicting-tx";
                Err(Rejection::new(RejectionKind::Consensus, reason, details))
            }
        }
    }
}

/// Checks that the next block could have a transaction that spends these coins (BIP 68).
fn check_locks(transaction: &Transaction, spent: &[Coin], coins: &CoinsOf<'_>) -> Result<(), Rejection> {
    let heights: Vec<u32> = spent.iter().map(|coin| coin.height).collect();
    let locks = sequence_locks(transaction, &heights, |height| {
        coins.chain.median_time_past(height)
    });
    if !locks.allow(coins.next_height(), coins.tip.median_time_past) {
        return Err(Rejection::plain(RejectionKind::PrematureSpend, "non-BIP68-final"));
    }
    Ok(())
}

/// Checks that what a transaction spends is usual, and how it does.
fn check_spent(transaction: &Transaction, spent: &[TxOut]) -> Result<(), Rejection> {
    if !inputs_are_standard(transaction, spent) {
        let reason = "bad-txns-nonstandard-inputs";
        return Err(Rejection::plain(RejectionKind::InputsNotStandard, reason));
    }
    if !witnesses_are_standard(transaction, spent) {
        return Err(Rejection::plain(
            RejectionKind::WitnessMutated,
            "bad-witness-nonstandard",
        ));
    }
    Ok(())
}

/// What candidates come to together: fees as they count, and sizes in virtual bytes.
pub(super) fn totals(candidates: &[Candidate]) -> (i64, u64) {
    candidates.iter().fold((0, 0), |(fees, size), candidate| {
        let entry = &candidate.entry;
        (i64::saturating_add(fees, entry.modified_fee()), size + entry.size)
    })
}
