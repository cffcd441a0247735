//! How many transactions of which rate were confirmed within how many blocks.

use super::Fate;

/// A range of rates, and how it went with transactions that paid as much.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Range {
    /// Above this rate, in units for a thousand virtual bytes.
    pub start: f64,
    /// Up to this one.
    pub end: f64,
    /// How many were confirmed in time.
    pub within_target: f64,
    /// How many were confirmed.
    pub total_confirmed: f64,
    /// How many wait, for longer than they should.
    pub in_mempool: f64,
    /// How many went without having been confirmed in time.
    pub left_mempool: f64,
}

/// What one horizon says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RawEstimate {
    /// What to pay, in units for a thousand virtual bytes; none if too little is known.
    pub rate: Option<f64>,
    /// The lowest range of rates that does.
    pub pass: Option<Range>,
    /// The highest range of rates that does not.
    pub fail: Option<Range>,
    /// What a block ago counts for.
    pub decay: f64,
    /// How many blocks are counted as one.
    pub scale: u32,
}

/// Counts of one horizon. All but those of transactions that still wait are kept on disk.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Statistics {
    pub(super) decay: f64,
    pub(super) scale: u32,
    /// The sum of rates of those that were confirmed, by range.
    pub(super) rates: Vec<f64>,
    /// How many were confirmed, by range.
    pub(super) confirmed: Vec<f64>,
    /// How many were confirmed within so many periods, by range.
    pub(super) in_time: Vec<Vec<f64>>,
    /// How many left without having been confirmed within so many periods, by range.
    pub(super) failed: Vec<Vec<f64>>,
    /// How many wait, by the height at which they came in and by range.
    waiting: Vec<Vec<u32>>,
    /// How many have waited for longer than this horizon, by range.
    waiting_for_long: Vec<u32>,
    /// Whether any count but those of transactions that wait is above zero.
    has_counts: bool,
}

impl Statistics {
    pub(super) fn new(buckets: usize, periods: usize, decay: f64, scale: u32) -> Self {
        let zeros = vec![0.0; buckets];
        Self::from_counts(
            decay,
            scale,
            zeros.clone(),
            zeros.clone(),
            vec![zeros.clone(); periods],
            vec![zeros; periods],
        )
    }

    /// Counts as they were kept, which have one place for each range and each period.
    pub(super) fn from_counts(
        decay: f64,
        scale: u32,
        rates: Vec<f64>,
        confirmed: Vec<f64>,
        in_time: Vec<Vec<f64>>,
        failed: Vec<Vec<f64>>,
    ) -> Self {
        let buckets = rates.len();
        let counts = in_time.iter().chain(&failed).chain([&rates, &confirmed]);
        let has_counts = counts.flatten().any(|count| *count > 0.0);
        Self {
            has_counts,
            decay,
            scale,
            waiting: vec![vec![0; buckets]; in_time.len() * scale as usize],
            waiting_for_long: vec![0; buckets],
            rates,
            confirmed,
            in_time,
            failed,
        }
    }

    /// The most blocks that this horizon knows about.
    pub(super) fn max_target(&self) -> u32 {
        u32::try_from(self.waiting.len()).expect("horizons are of a week at most")
    }

    fn row(&self, height: u32) -> usize {
        height as usize % self.waiting.len()
    }

    /// A transaction came in.
    pub(super) fn enter(&mut self, height: u32, bucket: usize) {
        let row = self.row(height);
        self.waiting[row][bucket] += 1;
    }

    /// A block begins: everything is a block longer ago.
    pub(super) fn begin_block(&mut self, height: u32) {
        let row = self.row(height);
        for (old, waiting) in self.waiting_for_long.iter_mut().zip(&mut self.waiting[row]) {
            *old += std::mem::take(waiting);
        }
        // Most blocks of a chain that is made anew come before there is anything to count.
        if !self.has_counts {
            return;
        }
        let counts = self.in_time.iter_mut().chain(&mut self.failed);
        let all = counts.chain([&mut self.rates, &mut self.confirmed]);
        for count in all.flatten() {
            *count *= self.decay;
        }
    }

    /// A transaction was confirmed after so many blocks, of which there was at least one.
    pub(super) fn confirm(&mut self, blocks: u32, bucket: usize, rate: f64) {
        let periods = blocks.div_ceil(self.scale) as usize;
        self.has_counts = true;
        for counts in self.in_time.iter_mut().skip(periods - 1) {
            counts[bucket] += 1.0;
        }
        self.confirmed[bucket] += 1.0;
        self.rates[bucket] += rate;
    }

    /// A transaction is not in the pool any more.
    pub(super) fn leave(&mut self, height: u32, best_height: u32, bucket: usize, fate: Fate) {
        let Some(blocks) = best_height.checked_sub(height) else {
            return;
        };
        let row = self.row(height);
        let count = if blocks >= self.max_target() {
            &mut self.waiting_for_long[bucket]
        } else {
            &mut self.waiting[row][bucket]
        };
        *count = count.saturating_sub(1);
        if fate == Fate::Left {
            self.has_counts = true;
            for counts in self.failed.iter_mut().take((blocks / self.scale) as usize) {
                counts[bucket] += 1.0;
            }
        }
    }

    /// How many of a range have waited for at least so many blocks.
    fn waiting_since(&self, target: u32, bucket: usize, height: u32) -> u32 {
        let rows = (target..self.max_target()).map(|blocks| self.row(height.wrapping_sub(blocks)));
        rows.map(|row| self.waiting[row][bucket]).sum::<u32>() + self.waiting_for_long[bucket]
    }

    /// The lowest rate at which, and above which, this part was confirmed within so many blocks: ranges are put together
    /// from the highest one down until each has enough to say something.
    pub(super) fn estimate(
        &self,
        buckets: &[f64],
        target: u32,
        sufficient: f64,
        threshold: f64,
        height: u32,
    ) -> RawEstimate {
        let period = target.div_ceil(self.scale) as usize - 1;
        let enough = sufficient / (1.0 - self.decay);
        let mut range = Range::default();
        // The highest bucket of the range that is put together; none if the next bucket begins one.
        let mut top = None;
        let mut pass: Option<(Range, usize, usize)> = None;
        let mut fail: Option<Range> = None;
        let bounded = |range: Range, low: usize, high: usize| Range {
            start: if low == 0 { 0.0 } else { buckets[low - 1] },
            end: buckets[high],
            ..range
        };
        for bucket in (0..buckets.len()).rev() {
            let high = *top.get_or_insert(bucket);
            range.within_target += self.in_time[period][bucket];
            range.total_confirmed += self.confirmed[bucket];
            range.left_mempool += self.failed[period][bucket];
            range.in_mempool += f64::from(self.waiting_since(target, bucket, height));
            if range.total_confirmed < enough {
                continue;
            }
            let all = range.total_confirmed + range.left_mempool + range.in_mempool;
            if range.within_target / all < threshold {
                fail.get_or_insert(bounded(range, bucket, high));
                continue;
            }
            pass = Some((bounded(range, bucket, high), bucket, high));
            fail = None;
            range = Range::default();
            top = None;
        }
        if let (None, Some(high)) = (fail, top) {
            fail = Some(bounded(range, 0, high));
        }
        RawEstimate {
            rate: pass.and_then(|(_, low, high)| self.median(low, high)),
            pass: pass.map(|(range, ..)| range),
            fail,
            decay: self.decay,
            scale: self.scale,
        }
    }

    /// The average rate of the bucket that has the median of all that were confirmed in a range.
    fn median(&self, low: usize, high: usize) -> Option<f64> {
        let mut half = self.confirmed[low..=high].iter().sum::<f64>() / 2.0;
        if half == 0.0 {
            return None;
        }
        for bucket in low..=high {
            if self.confirmed[bucket] >= half {
                return Some(self.rates[bucket] / self.confirmed[bucket]);
            }
            half -= self.confirmed[bucket];
        }
        None
    }
}
