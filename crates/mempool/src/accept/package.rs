//! Several transactions at once, of which later ones may pay for earlier ones.

mod check;
mod result;

use std::collections::BTreeMap;
use std::sync::Arc;

use bitcoin::{Transaction, Wtxid};

pub use check::is_child_with_parents;
use check::{check_child_with_parents, check_package};
pub use result::{PackageError, PackageResult, TransactionOutcome};

use super::candidate::{Candidate, totals};
use super::coins::CoinsOf;
use super::rejection::{Rejection, RejectionKind};
use super::{Purpose, Rules};
use crate::fee_rate::FeeRate;
use crate::pool::{Certainty, Mempool};
use crate::view::ChainView;

impl Mempool {
    /// Says whether all transactions of a package would be taken in, parents before their children: `testmempoolaccept`.
    ///
    /// None may replace another one, unless there is only one. `now` is in seconds since 1970.
    pub fn test_package(
        &mut self,
        package: &[Arc<Transaction>],
        chain: &dyn ChainView,
        now: u64,
    ) -> PackageResult {
        if let [transaction] = package {
            let result = self.accept(transaction, chain, now, Purpose::Test);
            return PackageResult::of_one(transaction.compute_wtxid(), result);
        }
        self.accept_several(package, chain, now, Rules::TESTED_PACKAGE, Purpose::Test)
    }

    /// Takes a transaction in together with those that it stands on: `submitpackage`. It may pay for them.
    ///
    /// `now` is in seconds since 1970.
    pub fn submit_package(
        &mut self,
        package: &[Arc<Transaction>],
        chain: &dyn ChainView,
        now: u64,
    ) -> PackageResult {
        if let Err(error) = check_package(package) {
            return PackageResult::refused(error);
        }
        match check_child_with_parents(package, chain) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return PackageResult::refused(error),
            Err(error) => {
                let wtxid = package[package.len() - 1].compute_wtxid();
                return PackageResult::of_one(wtxid, Err(error.into()));
            }
        }
        let mut result = self.submit_each(package, chain, now);
        self.limit_size(now);
        for transaction in package {
            self.confirm(transaction, &mut result);
        }
        result
    }

    /// Takes in what can come in alone, and then what is left together.
    fn submit_each(
        &mut self,
        package: &[Arc<Transaction>],
        chain: &dyn ChainView,
        now: u64,
    ) -> PackageResult {
        let mut outcomes = BTreeMap::new();
        let mut provisional = BTreeMap::new();
        let mut rest = Vec::new();
        for transaction in package {
            let (txid, wtxid) = (transaction.compute_txid(), transaction.compute_wtxid());
            if let Some(entry) = self.get(&txid) {
                let (size, fee, in_pool) = (entry.size, entry.fee, entry.wtxid);
                let outcome = if in_pool == wtxid {
                    TransactionOutcome::InPool { txid, size, fee }
                } else {
                    TransactionOutcome::OtherWitness { txid, in_pool }
                };
                outcomes.insert(wtxid, outcome);
                continue;
            }
            match self.accept_untrimmed(transaction, chain, now, Purpose::Keep) {
                Ok(accepted) => {
                    outcomes.insert(wtxid, TransactionOutcome::Accepted(accepted));
                }
                Err(rejection) => {
                    let kind = rejection.kind;
                    provisional.insert(wtxid, TransactionOutcome::Rejected(rejection));
                    if !matches!(kind, RejectionKind::MempoolPolicy | RejectionKind::MissingInputs) {
                        outcomes.append(&mut provisional);
                        return PackageResult {
                            error: Some(PackageError::Transaction),
                            transactions: outcomes,
                        };
                    }
                    rest.push(Arc::clone(transaction));
                }
            }
        }
        let mut result = match rest.as_slice() {
            [] => PackageResult {
                error: None,
                transactions: BTreeMap::new(),
            },
            [transaction] => {
                let single = self.accept_untrimmed(transaction, chain, now, Purpose::Keep);
                PackageResult::of_one(transaction.compute_wtxid(), single)
            }
            rest => self.accept_several(rest, chain, now, Rules::CHILD_WITH_PARENTS, Purpose::Keep),
        };
        for (wtxid, outcome) in provisional.into_iter().chain(outcomes) {
            result.transactions.entry(wtxid).or_insert(outcome);
        }
        result
    }

    /// Sees whether a transaction is still there after room was made.
    fn confirm(&self, transaction: &Transaction, result: &mut PackageResult) {
        let txid = transaction.compute_txid();
        if self.get(&txid).is_some() {
            return;
        }
        if let Some(outcome) = result.transactions.get_mut(&transaction.compute_wtxid())
            && !matches!(outcome, TransactionOutcome::Rejected(_))
        {
            *outcome = TransactionOutcome::Rejected(Rejection::policy("mempool full", String::new()));
            result.error = Some(PackageError::Transaction);
        }
    }

    /// Takes in all or none: upstream's `AcceptMultipleTransactions`.
    fn accept_several(
        &mut self,
        package: &[Arc<Transaction>],
        chain: &dyn ChainView,
        now: u64,
        rules: Rules,
        purpose: Purpose,
    ) -> PackageResult {
        if let Err(error) = check_package(package) {
            return PackageResult::refused(error);
        }
        let mut coins = CoinsOf::new(chain);
        let mut candidates = Vec::with_capacity(package.len());
        for transaction in package {
            match self.check(transaction, &mut coins, now, rules) {
                Ok(candidate) => {
                    coins.add(candidate.entry.txid, transaction);
                    candidates.push(candidate);
                }
                Err(rejection) => return PackageResult::of_one(transaction.compute_wtxid(), Err(rejection)),
            }
        }
        if let Err(error) = self.check_together(&candidates, now, rules) {
            return PackageResult::refused(error);
        }
        let (fees, size) = totals(&candidates);
        let package_rate = FeeRate::of(fees, size);
        let all: Vec<Wtxid> = candidates.iter().map(|candidate| candidate.entry.wtxid).collect();
        let rate_of = |candidate: &Candidate| {
            if rules.package_rate {
                (package_rate, all.clone())
            } else {
                let rate = FeeRate::of(candidate.entry.modified_fee(), candidate.entry.size);
                (rate, vec![candidate.entry.wtxid])
            }
        };
        let mut result = PackageResult {
            error: None,
            transactions: BTreeMap::new(),
        };
        for candidate in &candidates {
            let wtxid = candidate.entry.wtxid;
            if let Err(rejection) = candidate.check_scripts(chain) {
                let rejected = PackageResult::of_one(wtxid, Err(rejection));
                result.error = rejected.error;
                result.transactions.extend(rejected.transactions);
                return result;
            }
            // Those before one with a bad script are told of, as upstream does: all that there is to check holds for them.
            if purpose == Purpose::Test {
                let (rate, includes) = rate_of(candidate);
                let accepted = self.accepted(candidate, rate, includes);
                result
                    .transactions
                    .insert(wtxid, TransactionOutcome::Accepted(accepted));
            }
        }
        if purpose == Purpose::Keep {
            for candidate in candidates {
                let (rate, includes) = rate_of(&candidate);
                let wtxid = candidate.entry.wtxid;
                let accepted = self.take_in(candidate, rate, includes, false);
                result
                    .transactions
                    .insert(wtxid, TransactionOutcome::Accepted(accepted));
            }
        }
        result
    }

    /// Checks what holds for a package as a whole.
    fn check_together(
        &mut self,
        candidates: &[Candidate],
        now: u64,
        rules: Rules,
    ) -> Result<(), PackageError> {
        let (fees, size) = totals(candidates);
        if rules.package_rate && self.check_rate(fees, size, now).is_err() {
            return Err(PackageError::FeeTooLow);
        }
        if candidates.len() < 2 {
            return Ok(());
        }
        let parents = candidates
            .iter()
            .flat_map(|candidate| candidate.entry.parents.iter().copied());
        self.check_package_limits(parents.collect(), candidates.len() as u64, size)
            .map_err(|(error, certainty)| match certainty {
                Certainty::Certain => PackageError::Limits(error.to_string()),
                Certainty::Possible => PackageError::Limits(format!("possibly {error}")),
            })
    }
}
