//! What the log tells of the chain.

use super::ChainstateManager;
use crate::coins::CoinsCache;
use crate::tree::{BlockTree, EntryId};

impl ChainstateManager {
    pub(super) fn log_tip(&self, tip: EntryId, coins: &CoinsCache) {
        self.log_tip_of("", tip, coins);
    }

    /// Tells of the tip of a chain, after a prefix that says which one.
    pub(super) fn log_tip_of(&self, prefix: &str, tip: EntryId, coins: &CoinsCache) {
        if !tracing::enabled!(tracing::Level::INFO) {
            return;
        }
        let tree = self.tree();
        let entry = tree.entry(tip);
        tracing::info!(
            "{prefix}UpdateTip: new best={} height={} version=0x{:08x} log2_work={:.6} tx={} date='{}' progress={:.6} \
             cache={:.1}MiB({}txo)",
            entry.hash,
            entry.height,
            entry.header.version.to_consensus(),
            entry.chain_work.log2(),
            entry.chain_transactions,
            utc(entry.header.time),
            self.progress(&tree, tip),
            mebibytes(coins.memory()),
            coins.count(),
        );
    }

    /// About which part of the chain is there, from 0 to 1: the tip's height out of that of the best header.
    #[must_use]
    pub fn verification_progress(&self) -> f64 {
        let tree = self.tree();
        tree.tip().map_or(0.0, |tip| self.progress(&tree, tip))
    }

    pub(super) fn progress(&self, tree: &BlockTree, id: EntryId) -> f64 {
        let best = tree.best_header().map_or(0, |best| tree.entry(best).height);
        let height = tree.entry(id).height;
        match best {
            0 => 1.0,
            best => (f64::from(height) / f64::from(best)).min(1.0),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "it is for people")]
fn mebibytes(bytes: usize) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// A time in seconds since 1970 as `2020-01-31T23:59:59Z`.
pub(super) fn utc(seconds: u32) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Years that begin in March end with the leap day; the count begins with the year 0.
    let days = days + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + u32::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::utc;

    #[test]
    fn times_are_shown_in_utc() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_553_040_331, "2019-03-20T00:05:31Z"),
            (u32::MAX, "2106-02-07T06:28:15Z"),
        ] {
            assert_eq!(utc(seconds), expected);
        }
    }
}
