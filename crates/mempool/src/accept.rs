//! Whether a transaction may come in, and taking it in.

mod candidate;
mod coins;
mod package;
mod rejection;
mod replacement;
mod scripts;
#[cfg(test)]
mod tests;
mod tokens;

use std::collections::BTreeSet;
use std::sync::Arc;

use bitcoin::{Amount, Transaction, Txid, Wtxid};

pub use package::{PackageError, PackageResult, TransactionOutcome, is_child_with_parents};
pub use rejection::{Rejection, RejectionKind};

use crate::event::RemovalReason;
use crate::fee_rate::FeeRate;
use crate::pool::Mempool;
use crate::view::ChainView;
use candidate::Candidate;
pub(crate) use coins::CoinsOf;

/// Whether transactions are kept, or it is only asked whether they would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// They are kept.
    Keep,
    /// Nothing changes.
    Test,
}

/// A transaction that was taken in, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Its id.
    pub txid: Txid,
    /// The hash that covers its witness too.
    pub wtxid: Wtxid,
    /// Its size in virtual bytes.
    pub size: u64,
    /// What it pays.
    pub fee: Amount,
    /// The rate that counted for it: its own, or its package's.
    pub effective_rate: FeeRate,
    /// The transactions whose fees and sizes that rate is of.
    pub effective_includes: Vec<Wtxid>,
    /// The transactions that it replaces.
    pub replaced: Vec<Arc<Transaction>>,
}

/// What is not asked of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rules {
    /// Whether it was confirmed until now, so that it need not pay, and other limits are asked of what stands on others.
    bypasses_limits: bool,
    /// Whether it may take the place of others.
    allows_replacement: bool,
    /// Whether its package's fee may count instead of its own.
    package_rate: bool,
}

impl Rules {
    const SINGLE: Self = Self {
        bypasses_limits: false,
        allows_replacement: true,
        package_rate: false,
    };
    const DISCONNECTED: Self = Self {
        bypasses_limits: true,
        ..Self::SINGLE
    };
    const TESTED_PACKAGE: Self = Self {
        allows_replacement: false,
        ..Self::SINGLE
    };
    const CHILD_WITH_PARENTS: Self = Self {
        allows_replacement: false,
        package_rate: true,
        ..Self::SINGLE
    };
}

impl Mempool {
    /// Takes a transaction in, or says whether it would be: upstream's `AcceptToMemoryPool`.
    ///
    /// `now` is in seconds since 1970.
    ///
    /// # Errors
    /// [`Rejection`] with the first rule that it does not keep; the pool has not changed then, unless it is full.
    pub fn accept(
        &mut self,
        transaction: &Arc<Transaction>,
        chain: &dyn ChainView,
        now: u64,
        purpose: Purpose,
    ) -> Result<Accepted, Rejection> {
        let accepted = self.accept_untrimmed(transaction, chain, now, purpose)?;
        if purpose == Purpose::Keep {
            self.limit_size(now);
            if self.get(&accepted.txid).is_none() {
                return Err(Rejection::policy("mempool full", String::new()));
            }
        }
        Ok(accepted)
    }

    /// As [`accept`](Self::accept), without making room.
    fn accept_untrimmed(
        &mut self,
        transaction: &Arc<Transaction>,
        chain: &dyn ChainView,
        now: u64,
        purpose: Purpose,
    ) -> Result<Accepted, Rejection> {
        let mut coins = CoinsOf::new(chain);
        let mut candidate = self.check(transaction, &mut coins, now, Rules::SINGLE)?;
        self.check_replacement(&mut candidate)?;
        candidate.check_scripts(chain)?;
        let own = FeeRate::of(candidate.entry.modified_fee(), candidate.entry.size);
        let includes = vec![candidate.entry.wtxid];
        if purpose == Purpose::Test {
            return Ok(self.accepted(&candidate, own, includes));
        }
        let tells_of_fees = candidate.entry.parents.is_empty();
        Ok(self.take_in(candidate, own, includes, tells_of_fees))
    }

    /// Takes a transaction back that was confirmed until now. It need not pay, and no room is made for it. Of what stands on
    /// others, only what is `back` already counts: what was unconfirmed before was let in when they were confirmed.
    pub(crate) fn accept_disconnected(
        &mut self,
        transaction: &Arc<Transaction>,
        chain: &dyn ChainView,
        now: u64,
        back: &BTreeSet<Txid>,
    ) -> Result<Txid, Rejection> {
        let mut coins = CoinsOf::new(chain);
        let mut candidate = self.check(transaction, &mut coins, now, Rules::DISCONNECTED)?;
        self.check_limits(&candidate.entry, &candidate.conflicts, |ancestor| {
            self.descendants_among(&ancestor.txid, back)
        })?;
        self.check_replacement(&mut candidate)?;
        candidate.check_scripts(chain)?;
        Ok(self.take_in(candidate, FeeRate::ZERO, Vec::new(), false).txid)
    }

    fn accepted(
        &self,
        candidate: &Candidate,
        effective_rate: FeeRate,
        effective_includes: Vec<Wtxid>,
    ) -> Accepted {
        let entry = &candidate.entry;
        let replaced = candidate.replaced.iter();
        Accepted {
            txid: entry.txid,
            wtxid: entry.wtxid,
            size: entry.size,
            fee: entry.fee,
            effective_rate,
            effective_includes,
            replaced: replaced
                .map(|txid| Arc::clone(&self.entry(txid).transaction))
                .collect(),
        }
    }

    /// Removes what a candidate replaces, and adds it.
    fn take_in(
        &mut self,
        candidate: Candidate,
        effective_rate: FeeRate,
        effective_includes: Vec<Wtxid>,
        tells_of_fees: bool,
    ) -> Accepted {
        let accepted = self.accepted(&candidate, effective_rate, effective_includes);
        self.remove_all(&candidate.replaced, RemovalReason::Replaced);
        self.insert(candidate.entry, tells_of_fees);
        accepted
    }
}
