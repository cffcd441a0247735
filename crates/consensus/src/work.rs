//! How much work the next block takes, and how much a chain has.

use std::time::Duration;

use bitcoin::{CompactTarget, Target, Work};

use crate::params::{Params, Retargeting};
use crate::pow::decode_target;

/// What retargeting needs to know of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainEntry {
    /// Its height.
    pub height: u32,
    /// Its time, in seconds since 1970.
    pub time: u32,
    /// Its compact target.
    pub bits: CompactTarget,
}

/// The time that retargets allow for, in seconds, and the least and the most that counts, before and after the bridge.
const LIMITS_SINCE_BRIDGE: (i64, i64) = (17_280, 27_000);

/// How many blocks have one target.
///
/// `height` is that of the last block before the question, by which the chain's pace is chosen.
#[must_use]
pub fn retarget_interval(height: u32, params: &Params) -> u32 {
    params.work.timespan / spacing(height, params)
}

/// How long a block should take when the last one has this height, in seconds.
#[must_use]
pub fn spacing(height: u32, params: &Params) -> u32 {
    match params.heights.nevm.is_active(height) {
        true => params.work.spacing,
        false => params.work.spacing_before_nevm,
    }
}

/// Whether miners need more time than `time` for this much work, at the pace of a block with these bits that takes
/// `spacing` seconds. Parts of seconds do not count.
#[must_use]
pub fn takes_longer_than(work: Work, time: Duration, bits: CompactTarget, spacing: u32) -> bool {
    let more = u32::try_from(time.as_secs() + 1).unwrap_or(u32::MAX);
    let (needed, allowed) = (product(work, spacing), product(block_work(bits), more));
    needed.iter().rev().ge(allowed.iter().rev())
}

/// Their product's words, the lowest first.
fn product(work: Work, factor: u32) -> [u32; 9] {
    let mut words = [0; 9];
    let mut carry = 0;
    for (word, bytes) in words.iter_mut().zip(work.to_le_bytes().as_chunks::<4>().0) {
        let product = u64::from(u32::from_le_bytes(*bytes)) * u64::from(factor) + carry;
        *word = low_half(product);
        carry = product >> 32;
    }
    words[8] = low_half(carry);
    words
}

/// The compact target of the block after `parent`, whose time is `time`.
///
/// `ancestor` gives the block of a height below the parent's, on the parent's chain.
///
/// # Consensus
/// As Bitcoin's, which counts one block less than it should. On chains with a minimum difficulty a late block may have
/// the easiest target, and the next one returns to the last target that was not such.
pub fn next_bits(
    parent: ChainEntry,
    time: u32,
    ancestor: impl Fn(u32) -> ChainEntry,
    params: &Params,
) -> CompactTarget {
    let limit = params.work.limit.to_compact_lossy();
    let interval = retarget_interval(parent.height, params);
    if (parent.height + 1).is_multiple_of(interval) {
        let first = match interval {
            1 => parent,
            _ => ancestor(parent.height + 1 - interval),
        };
        return retarget(parent, first.time, params);
    }
    let Some(patience) = params.work.minimum_difficulty_after else {
        return parent.bits;
    };
    if u64::from(time) > u64::from(parent.time) + u64::from(patience) {
        return limit;
    }
    let mut last = parent;
    while last.height > 0 && !last.height.is_multiple_of(interval) && last.bits == limit {
        last = ancestor(last.height - 1);
    }
    last.bits
}

/// The compact target after an interval whose first block has the time `first_time`.
fn retarget(parent: ChainEntry, first_time: u32, params: &Params) -> CompactTarget {
    let work = &params.work;
    if work.retargeting == Retargeting::Fixed {
        return parent.bits;
    }
    let (least, most) = if params.heights.bridge.is_active(parent.height) {
        LIMITS_SINCE_BRIDGE
    } else {
        (i64::from(work.timespan / 4), i64::from(work.timespan) * 4)
    };
    let timespan = (i64::from(parent.time) - i64::from(first_time)).clamp(least, most);
    let timespan = u32::try_from(timespan).expect("limits are above zero and far below 2^32");
    let target = decode_target(parent.bits).unwrap_or(Target::ZERO);
    scale(target, timespan, work.timespan)
        .min(work.limit)
        .to_compact_lossy()
}

/// `target * numerator / denominator`, of which 256 bits are kept before the division, as upstream does.
fn scale(target: Target, numerator: u32, denominator: u32) -> Target {
    let mut words = [0_u32; 8];
    let bytes = target.to_le_bytes();
    let mut carry = 0_u64;
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<4>().0) {
        let product = u64::from(u32::from_le_bytes(*bytes)) * u64::from(numerator) + carry;
        *word = low_half(product);
        carry = product >> 32;
    }
    let mut remainder = 0_u64;
    for word in words.iter_mut().rev() {
        let dividend = (remainder << 32) | u64::from(*word);
        *word = low_half(dividend / u64::from(denominator));
        remainder = dividend % u64::from(denominator);
    }
    let mut bytes = [0; 32];
    for (bytes, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(words) {
        *bytes = word.to_le_bytes();
    }
    Target::from_le_bytes(bytes)
}

fn low_half(number: u64) -> u32 {
    u32::try_from(number & u64::from(u32::MAX)).expect("the higher half was cut off")
}

/// The work that a block with these bits stands for: how many hashes it takes on average. None at all if they are invalid.
#[must_use]
pub fn block_work(bits: CompactTarget) -> Work {
    match decode_target(bits) {
        Ok(target) => target.to_work(),
        Err(_) => Work::from_be_bytes([0; 32]),
    }
}

/// The median of the times of the last blocks, of which at most eleven count, in any order. Without any it is 0.
///
/// # Consensus
/// BIP 113 <https://bips.dev/113/>; of an even number of times it is the later one of the middle.
pub fn median_time_past(times: impl IntoIterator<Item = u32>) -> u32 {
    let mut times: Vec<u32> = times.into_iter().take(11).collect();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Network;

    fn entry(height: u32, time: u32, bits: u32) -> ChainEntry {
        ChainEntry {
            height,
            time,
            bits: CompactTarget::from_consensus(bits),
        }
    }

    /// The target after a block of this height and an interval of this duration, whose blocks have one target.
    fn check(network: Network, height: u32, duration: u32, bits: u32, expected: u32) {
        let params = Params::new(network);
        let parent = entry(height, 1_600_000_000 + duration, bits);
        let first = height + 1 - retarget_interval(height, &params);
        let next = next_bits(
            parent,
            parent.time + 1,
            |height| {
                assert_eq!(height, first);
                entry(height, 1_600_000_000, bits)
            },
            &params,
        );
        assert_eq!(
            next.to_consensus(),
            expected,
            "{network} {height} {duration} got {next:x}"
        );
    }

    #[test]
    fn retargets_come_at_the_pace_of_the_era() {
        let main = Params::new(Network::Main);
        assert_eq!(retarget_interval(1_317_499, &main), 360);
        assert_eq!(retarget_interval(1_317_500, &main), 144);
        assert_eq!(retarget_interval(2015, &Params::new(Network::Signet)), 2016);
    }

    #[test]
    fn targets_follow_the_time_within_the_limits_of_the_era() {
        // As long as it should be: nothing changes.
        check(Network::Main, 359, 21_600, 0x1b04_0000, 0x1b04_0000);
        // Twice as long, and far too long or short before the bridge.
        check(Network::Main, 359, 43_200, 0x1b04_0000, 0x1b08_0000);
        check(Network::Main, 359, 1_000_000, 0x1b04_0000, 0x1b10_0000);
        check(Network::Main, 359, 1, 0x1b04_0000, 0x1b01_0000);
        // Since the bridge it is 5/4 at most and 4/5 at least.
        check(Network::Main, 348_119, 1_000_000, 0x1b04_0000, 0x1b05_0000);
        check(Network::Main, 348_119, 1, 0x1b05_0000, 0x1b04_0000);
        check(Network::Main, 1_317_599, 27_000, 0x1b04_0000, 0x1b05_0000);
        // Never easier than the chain allows.
        check(Network::Main, 359, 1_000_000, 0x1e0f_ffff, 0x1e0f_ffff);
        check(Network::Signet, 2015, 1_209_600 * 4, 0x1d00_ffff, 0x1d03_fffc);
    }

    #[test]
    fn retargets_of_bitcoins_chain_are_computed_as_they_were() {
        // Its signet has its pace; these blocks are of its main chain, by heights and times of first and last.
        for (height, first, last, bits, expected) in [
            (32_255, 1_261_130_161, 1_262_152_739, 0x1d00_ffff, 0x1d00_d86a),
            (68_543, 1_279_008_237, 1_279_297_671, 0x1c05_a3f4, 0x1c01_68fd),
            (46_367, 1_263_163_443, 1_269_211_443, 0x1c38_7f6f, 0x1d00_e1fd),
        ] {
            check(Network::Signet, height, last - first, bits, expected);
        }
    }

    #[test]
    fn regtest_keeps_its_target() {
        check(Network::Regtest, 359, 1, 0x207f_ffff, 0x207f_ffff);
    }

    #[test]
    fn late_blocks_of_the_test_chain_may_be_easy_and_the_next_ones_may_not() {
        let params = Params::new(Network::Test);
        let limit = params.work.limit.to_compact_lossy().to_consensus();
        let next = |parent: ChainEntry, time: u32| {
            next_bits(
                parent,
                time,
                |height| entry(height, 0, if height > 395 { limit } else { 0x1b04_0000 }),
                &params,
            )
            .to_consensus()
        };
        assert_eq!(next(entry(400, 1_000_000, limit), 1_001_201), limit);
        assert_eq!(next(entry(400, 1_000_000, limit), 1_001_200), 0x1b04_0000);
        assert_eq!(next(entry(400, 1_000_000, 0x1b03_0000), 1_000_001), 0x1b03_0000);
        // The first block of an interval ends the search, easy or not.
        assert_eq!(next(entry(720, 1_000_000, limit), 1_000_001), limit);
    }

    #[test]
    fn work_is_the_number_of_hashes_that_a_target_takes() {
        for (bits, work) in [
            (0x1d00_ffff, 0x1_0001_0001_u64),
            (0x207f_ffff, 2),
            (0x2180_0000, 0),
            (0, 0),
        ] {
            let work_of_bits = block_work(CompactTarget::from_consensus(bits)).to_be_bytes();
            assert_eq!(work_of_bits[24..], work.to_be_bytes(), "{bits:x}");
        }
    }

    #[test]
    fn medians_are_of_eleven_times_at_most() {
        assert_eq!(median_time_past([]), 0);
        assert_eq!(median_time_past([5]), 5);
        assert_eq!(median_time_past([5, 9]), 9);
        assert_eq!(median_time_past([9, 1, 5]), 5);
        assert_eq!(median_time_past((1..=11).chain([1000; 20])), 6);
    }

    #[test]
    fn time_for_work_counts_in_whole_seconds_at_the_pace_of_the_last_block() {
        let bits = CompactTarget::from_consensus(0x1e0f_ffff);
        let blocks = |count: u32| (1..count).fold(block_work(bits), |work, _| work + block_work(bits));
        let check = |count, spacing, seconds, expected| {
            let time = Duration::from_secs(seconds);
            assert_eq!(
                takes_longer_than(blocks(count), time, bits, spacing),
                expected,
                "{count} blocks, {seconds} s"
            );
        };
        check(2016, 60, 120_960, false);
        check(2016, 60, 120_959, true);
        check(2017, 60, 120_960, true);
        check(807, 150, 120_960, true);
        check(806, 150, 120_960, false);
        // At the pace of easier blocks the same work takes longer.
        let easier = CompactTarget::from_consensus(0x207f_ffff);
        assert!(takes_longer_than(
            blocks(1),
            Duration::from_secs(1 << 20),
            easier,
            60
        ));
        assert!(!takes_longer_than(block_work(easier), Duration::ZERO, bits, 60));
        assert!(takes_longer_than(block_work(easier), Duration::ZERO, easier, 1));
    }

    #[test]
    fn blocks_come_at_another_pace_since_the_nevm() {
        let params = Params::new(Network::Regtest);
        assert_eq!((spacing(2049, &params), spacing(2050, &params)), (60, 150));
    }
}
