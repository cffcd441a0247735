//! Whether a transaction may take the place of others (BIP 125).

use std::collections::BTreeSet;

use super::candidate::Candidate;
use super::rejection::Rejection;
use crate::fee_rate::{FeeRate, format_money};
use crate::pool::Mempool;

/// The most transactions that may be removed for one, counted as often as they stand on one that conflicts.
const MAX_REPLACED: u64 = 100;

impl Mempool {
    /// Checks that a transaction pays for what it replaces, if it does: upstream's `ReplacementChecks`.
    pub(super) fn check_replacement(&self, candidate: &mut Candidate) -> Result<(), Rejection> {
        if candidate.conflicts.is_empty() {
            return Ok(());
        }
        let entry = &candidate.entry;
        let (txid, fee) = (entry.txid, entry.modified_fee());
        let rate = FeeRate::of(fee, entry.size);
        for conflict in candidate.conflicts.iter().map(|txid| self.entry(txid)) {
            let old = FeeRate::of(conflict.modified_fee(), conflict.size);
            if rate <= old {
                let details =
                    format!("rejecting replacement {txid}; new feerate {rate} <= old feerate {old}");
                return Err(Rejection::policy("insufficient fee", details));
            }
        }
        let conflicts = candidate.conflicts.iter();
        let count: u64 = conflicts.map(|txid| self.entry(txid).descendants.count).sum();
        if count > MAX_REPLACED {
            let details = format!(
                "rejecting replacement {txid}; too many potential replacements ({count} > {MAX_REPLACED})\n"
            );
            return Err(Rejection::policy("too many potential replacements", details));
        }
        self.refuse_new_unconfirmed(candidate)?;
        candidate.replaced = self.with_descendants(candidate.conflicts.iter().copied());
        self.check_paid(candidate)
    }

    /// Checks that a transaction stands on nothing unconfirmed that those do not which it replaces.
    fn refuse_new_unconfirmed(&self, candidate: &Candidate) -> Result<(), Rejection> {
        let conflicts = candidate.conflicts.iter();
        let parents: BTreeSet<_> = conflicts.flat_map(|txid| &self.entry(txid).parents).collect();
        for (place, input) in candidate.entry.transaction.input.iter().enumerate() {
            let parent = &input.previous_output.txid;
            if self.get(parent).is_some() && !parents.contains(parent) {
                let details = format!(
                    "replacement {} adds unconfirmed input, idx {place}",
                    candidate.entry.txid
                );
                return Err(Rejection::policy("replacement-adds-unconfirmed", details));
            }
        }
        Ok(())
    }

    /// Checks that a transaction pays as much as all that it replaces, and for its own way besides.
    fn check_paid(&self, candidate: &Candidate) -> Result<(), Rejection> {
        let (txid, fee) = (candidate.entry.txid, candidate.entry.modified_fee());
        let replaced = candidate
            .replaced
            .iter()
            .map(|txid| self.entry(txid).modified_fee());
        let old = replaced.fold(0, i64::saturating_add);
        if fee < old {
            let details = format!(
                "rejecting replacement {txid}, less fees than conflicting txs; {} < {}",
                format_money(fee),
                format_money(old)
            );
            return Err(Rejection::policy("insufficient fee", details));
        }
        let additional = fee.saturating_sub(old);
        let asked = self.config().incremental.fee(candidate.entry.size);
        if additional < asked {
            let details = format!(
                "rejecting replacement {txid}, not enough additional fees to relay; {} < {}",
                format_money(additional),
                format_money(asked)
            );
            return Err(Rejection::policy("insufficient fee", details));
        }
        Ok(())
    }
}
