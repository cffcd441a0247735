//! From when on a transaction may be in a block.

use bitcoin::Transaction;
use bitcoin::absolute::LOCK_TIME_THRESHOLD;

/// A sequence number with this bit locks nothing (BIP 68).
const DISABLED: u32 = 1 << 31;

/// A sequence number with this bit locks by time and not by height.
const BY_TIME: u32 = 1 << 22;

/// The bits of a sequence number that say for how long.
const MASK: u32 = 0xffff;

/// A unit of time locks is so many binary digits of seconds: 512.
const GRANULARITY: u32 = 9;

/// Whether a transaction's lock time allows for a block of this height and time, in seconds since 1970.
///
/// # Consensus
/// BIP 113 <https://bips.dev/113/>: `time` is the median time past of the block before, where it holds.
#[must_use]
pub fn is_final(transaction: &Transaction, height: u32, time: u32) -> bool {
    let lock_time = transaction.lock_time.to_consensus_u32();
    let limit = if lock_time < LOCK_TIME_THRESHOLD {
        height
    } else {
        time
    };
    lock_time == 0 || lock_time < limit || transaction.input.iter().all(|input| input.sequence.is_final())
}

/// The last height and time at which relative locks keep a transaction out; -1 where they do not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SequenceLocks {
    /// The last height of a block that may not have it.
    pub height: i64,
    /// The last median time past, of the block before, with which a block may not have it, in seconds since 1970.
    pub time: i64,
}

impl SequenceLocks {
    /// What locks nothing.
    pub const NONE: Self = Self { height: -1, time: -1 };

    /// Whether a block of this height, with this median time past of the block before, may have the transaction.
    #[must_use]
    pub fn allow(&self, height: u32, previous_median_time_past: u32) -> bool {
        self.height < i64::from(height) && self.time < i64::from(previous_median_time_past)
    }
}

/// The relative locks of a transaction.
///
/// `coin_heights` are the heights of the blocks whose outputs it spends, in the order of its inputs; `median_time_past`
/// gives that of the block of a height. The caller knows whether BIP 68 holds.
///
/// # Consensus
/// BIP 68 <https://bips.dev/68/>: versions are unsigned here, and from 2 on inputs may lock.
pub fn sequence_locks(
    transaction: &Transaction,
    coin_heights: &[u32],
    median_time_past: impl Fn(u32) -> u32,
) -> SequenceLocks {
    debug_assert_eq!(
        transaction.input.len(),
        coin_heights.len(),
        "one height for each input"
    );
    let mut locks = SequenceLocks::NONE;
    if transaction.version.0.cast_unsigned() < 2 {
        return locks;
    }
    for (input, coin_height) in transaction.input.iter().zip(coin_heights) {
        let sequence = input.sequence.to_consensus_u32();
        let duration = sequence & MASK;
        if sequence & DISABLED != 0 {
            continue;
        }
        if sequence & BY_TIME != 0 {
            let coin_time = median_time_past(coin_height.saturating_sub(1));
            let seconds = i64::from(duration << GRANULARITY);
            locks.time = locks.time.max(i64::from(coin_time) + seconds - 1);
        } else {
            locks.height = locks
                .height
                .max(i64::from(*coin_height) + i64::from(duration) - 1);
        }
    }
    locks
}

#[cfg(test)]
mod tests {
    use bitcoin::Sequence;
    use bitcoin::absolute::LockTime;

    use super::*;
    use crate::transaction::check::tests::{input, transaction};

    fn check_final(lock_time: u32, sequence: u32, expected: bool) {
        let mut transaction = transaction();
        transaction.lock_time = LockTime::from_consensus(lock_time);
        transaction.input.push(input(1));
        transaction.input[1].sequence = Sequence(sequence);
        assert_eq!(
            is_final(&transaction, 100, 1_600_000_000),
            expected,
            "{lock_time} {sequence:x}"
        );
    }

    #[test]
    fn lock_times_are_the_last_height_or_time_that_is_too_early() {
        for (lock_time, expected) in [
            (0, true),
            (99, true),
            (100, false),
            (499_999_999, false),
            (500_000_000, true),
            (1_599_999_999, true),
            (1_600_000_000, false),
        ] {
            check_final(lock_time, 0, expected);
            check_final(lock_time, u32::MAX, true);
        }
    }

    fn check_locks(version: i32, sequences: [u32; 2], expected: (i64, i64)) {
        let mut transaction = transaction();
        transaction.version.0 = version;
        transaction.input.push(input(1));
        for (input, sequence) in transaction.input.iter_mut().zip(sequences) {
            input.sequence = Sequence(sequence);
        }
        let locks = sequence_locks(&transaction, &[10, 0], |height| 1000 + height);
        assert_eq!((locks.height, locks.time), expected, "{version} {sequences:x?}");
    }

    #[test]
    fn relative_locks_count_from_the_coins() {
        check_locks(2, [5, DISABLED], (14, -1));
        check_locks(2, [5, 30], (29, -1));
        check_locks(2, [0, DISABLED], (9, -1));
        check_locks(2, [BY_TIME | 2, DISABLED], (-1, 1009 + 1024 - 1));
        check_locks(2, [DISABLED, BY_TIME | MASK], (-1, 1000 + 65_535 * 512 - 1));
        check_locks(2, [BY_TIME | 1, 7], (6, 1009 + 512 - 1));
        check_locks(1, [5, BY_TIME], (-1, -1));
        check_locks(-1, [5, DISABLED], (14, -1));
    }

    #[test]
    fn locks_are_over_after_their_last_height_and_time() {
        let locks = SequenceLocks {
            height: 14,
            time: 2000,
        };
        assert!(locks.allow(15, 2001));
        assert!(!locks.allow(14, 2001));
        assert!(!locks.allow(15, 2000));
        assert!(SequenceLocks::NONE.allow(0, 0));
    }
}
