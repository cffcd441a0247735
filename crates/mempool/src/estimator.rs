//! What has to be paid to be confirmed in time, by how it went with others: upstream's `CBlockPolicyEstimator`.
//!
//! Transactions are counted by what they pay, and by how many blocks passed until one had them. What is long ago counts
//! for less.

mod file;
mod statistics;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use bitcoin::Txid;

pub use file::EstimatesError;
pub use statistics::{Range, RawEstimate};

use crate::event::{Event, EventKind, RemovalReason};
use crate::fee_rate::FeeRate;
use statistics::Statistics;

/// The lowest and highest bounds between rates, in units for a thousand virtual bytes, and how far they are apart.
const MIN_BUCKET: f64 = 1000.0;
const MAX_BUCKET: f64 = 1e7;
const BUCKET_SPACING: f64 = 1.05;
const INFINITE_RATE: f64 = 1e99;

/// Which part must have been confirmed in half the time, in time, and in twice the time.
const HALF_SUCCESS: f64 = 0.6;
const SUCCESS: f64 = 0.85;
const DOUBLE_SUCCESS: f64 = 0.95;

/// How many transactions a block must have had on average for a range of rates to say something.
const SUFFICIENT: f64 = 0.1;
const SUFFICIENT_SHORT: f64 = 0.5;

/// What was found out before the node was stopped counts for so many blocks.
const OLDEST_HISTORY: u32 = 6 * 1008;

/// How far back is looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Horizon {
    /// 12 blocks; what is 18 blocks ago counts half.
    Short,
    /// 48 blocks; what is 144 blocks ago counts half.
    Medium,
    /// 1008 blocks; what is 1008 blocks ago counts half.
    Long,
}

/// How careful an estimate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// What short horizons say counts if it is less.
    Economical,
    /// What longer horizons say counts if it is more.
    Conservative,
}

/// What to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SmartEstimate {
    /// What to pay; none if too little is known.
    pub rate: Option<FeeRate>,
    /// Within how many blocks a transaction is confirmed then. It differs from what was asked where that is not known.
    pub target: u32,
}

#[derive(Debug, Clone, Copy)]
struct Tracked {
    height: u32,
    bucket: usize,
}

/// How it went with transactions.
#[derive(Debug)]
pub struct FeeEstimator {
    /// The upper bounds of ranges of rates, each larger than the one before.
    buckets: Vec<f64>,
    short: Statistics,
    medium: Statistics,
    long: Statistics,
    tracked: HashMap<Txid, Tracked>,
    best_height: u32,
    /// The first block with a transaction that was tracked; zero until there is one.
    first_recorded: u32,
    historical_first: u32,
    historical_best: u32,
}

impl Default for FeeEstimator {
    fn default() -> Self {
        let bounds = std::iter::successors(Some(MIN_BUCKET), |bound| Some(bound * BUCKET_SPACING));
        let mut buckets: Vec<f64> = bounds.take_while(|bound| *bound <= MAX_BUCKET).collect();
        buckets.push(INFINITE_RATE);
        let count = buckets.len();
        Self {
            buckets,
            short: Statistics::new(count, 12, 0.962, 1),
            medium: Statistics::new(count, 24, 0.9952, 2),
            long: Statistics::new(count, 42, 0.99931, 24),
            tracked: HashMap::new(),
            best_height: 0,
            first_recorded: 0,
            historical_first: 0,
            historical_best: 0,
        }
    }
}

impl FeeEstimator {
    /// Takes notice of what happened to the pool. `block` is the height of the block that was connected, if these events
    /// are of one.
    pub fn follow(&mut self, events: &[Event], block: Option<u32>) {
        if let Some(height) = block {
            let confirmed = EventKind::Removed(RemovalReason::Block);
            self.connect(height, events.iter().filter(|event| event.kind == confirmed));
        }
        for event in events {
            match event.kind {
                EventKind::Added { tells_of_fees: true } => self.track(event),
                EventKind::Added { tells_of_fees: false } => {}
                EventKind::Removed(_) => {
                    self.forget(&event.txid, Fate::Left);
                }
            }
        }
    }

    fn track(&mut self, event: &Event) {
        // Others come from before the last block, as after a reorganisation.
        if event.height != self.best_height || self.tracked.contains_key(&event.txid) {
            return;
        }
        let bucket = self.bucket(rate_of(event));
        for statistics in self.all() {
            statistics.enter(event.height, bucket);
        }
        let height = event.height;
        self.tracked.insert(event.txid, Tracked { height, bucket });
    }

    fn connect<'a>(&mut self, height: u32, confirmed: impl Iterator<Item = &'a Event>) {
        if height <= self.best_height {
            return;
        }
        self.best_height = height;
        for statistics in self.all() {
            statistics.begin_block(height);
        }
        let mut counted = false;
        for event in confirmed {
            if !self.forget(&event.txid, Fate::Confirmed) || height <= event.height {
                continue;
            }
            counted = true;
            let rate = rate_of(event);
            let bucket = self.bucket(rate);
            for statistics in self.all() {
                statistics.confirm(height - event.height, bucket, rate);
            }
        }
        if self.first_recorded == 0 && counted {
            self.first_recorded = height;
        }
    }

    fn forget(&mut self, txid: &Txid, fate: Fate) -> bool {
        let Some(Tracked { height, bucket }) = self.tracked.remove(txid) else {
            return false;
        };
        let best_height = self.best_height;
        for statistics in self.all() {
            statistics.leave(height, best_height, bucket, fate);
        }
        true
    }

    /// The node is stopped: what is not confirmed yet has failed as far as is known.
    pub fn forget_all(&mut self) {
        let tracked: Vec<Txid> = self.tracked.keys().copied().collect();
        for txid in tracked {
            self.forget(&txid, Fate::Left);
        }
    }

    fn all(&mut self) -> [&mut Statistics; 3] {
        [&mut self.short, &mut self.medium, &mut self.long]
    }

    fn bucket(&self, rate: f64) -> usize {
        let place = self.buckets.partition_point(|bound| *bound < rate);
        place.min(self.buckets.len() - 1)
    }

    fn statistics(&self, horizon: Horizon) -> &Statistics {
        match horizon {
            Horizon::Short => &self.short,
            Horizon::Medium => &self.medium,
            Horizon::Long => &self.long,
        }
    }

    /// The most blocks that a horizon knows about.
    #[must_use]
    pub fn highest_target(&self, horizon: Horizon) -> u32 {
        self.statistics(horizon).max_target()
    }

    /// What one horizon says about being confirmed within so many blocks in this part of all cases. None if the horizon
    /// does not know about so many, or there is no such part.
    #[must_use]
    pub fn raw_estimate(&self, target: u32, threshold: f64, horizon: Horizon) -> Option<RawEstimate> {
        let is_known = (1..=self.highest_target(horizon)).contains(&target);
        (is_known && threshold <= 1.0).then(|| self.ask(target, threshold, horizon))
    }

    fn ask(&self, target: u32, threshold: f64, horizon: Horizon) -> RawEstimate {
        let sufficient = match horizon {
            Horizon::Short => SUFFICIENT_SHORT,
            Horizon::Medium | Horizon::Long => SUFFICIENT,
        };
        self.statistics(horizon)
            .estimate(&self.buckets, target, sufficient, threshold, self.best_height)
    }

    /// What to pay to be confirmed within so many blocks. None if nobody knows about so many.
    #[must_use]
    pub fn smart_estimate(&self, target: u32, mode: Mode) -> Option<SmartEstimate> {
        if !(1..=self.long.max_target()).contains(&target) {
            return None;
        }
        // Nobody can tell what the very next block will have.
        let target = target.max(2).min(self.max_usable_target());
        if target <= 1 {
            return Some(SmartEstimate { rate: None, target });
        }
        let shorter_too = |mode: Mode| mode == Mode::Economical;
        let mut rate = [
            self.combined(target / 2, HALF_SUCCESS, true),
            self.combined(target, SUCCESS, true),
            self.combined(2 * target, DOUBLE_SUCCESS, shorter_too(mode)),
        ]
        .into_iter()
        .flatten()
        .reduce(f64::max);
        if mode == Mode::Conservative || rate.is_none() {
            rate = rate
                .into_iter()
                .chain(self.conservative(2 * target))
                .reduce(f64::max);
        }
        #[expect(clippy::cast_possible_truncation, reason = "it saturates")]
        let rate = rate.map(|rate| FeeRate::per_kvb(rate.round() as i64));
        Some(SmartEstimate { rate, target })
    }

    /// What the shortest horizon says that knows about so many blocks; or what a shorter one says of all that it knows, if
    /// that is less.
    fn combined(&self, target: u32, threshold: f64, shorter_too: bool) -> Option<f64> {
        let (short, medium) = (self.short.max_target(), self.medium.max_target());
        if !(1..=self.long.max_target()).contains(&target) {
            return None;
        }
        let horizon = if target <= short {
            Horizon::Short
        } else if target <= medium {
            Horizon::Medium
        } else {
            Horizon::Long
        };
        let mut rate = self.ask(target, threshold, horizon).rate;
        for (most, horizon) in [(medium, Horizon::Medium), (short, Horizon::Short)] {
            if shorter_too && target > most {
                let shorter = self.ask(most, threshold, horizon).rate.filter(|rate| *rate > 0.0);
                rate = rate.into_iter().chain(shorter).reduce(f64::min);
            }
        }
        rate
    }

    /// What longer horizons say.
    fn conservative(&self, target: u32) -> Option<f64> {
        let medium = (target <= self.short.max_target())
            .then(|| self.ask(target, DOUBLE_SUCCESS, Horizon::Medium).rate)
            .flatten();
        let long = (target <= self.medium.max_target())
            .then(|| self.ask(target, DOUBLE_SUCCESS, Horizon::Long).rate)
            .flatten();
        medium.into_iter().chain(long).reduce(f64::max)
    }

    fn block_span(&self) -> u32 {
        match self.first_recorded {
            0 => 0,
            first => self.best_height - first,
        }
    }

    fn historical_span(&self) -> u32 {
        if self.historical_first == 0 || self.best_height - self.historical_best > OLDEST_HISTORY {
            return 0;
        }
        self.historical_best - self.historical_first
    }

    /// What is longer than half the time since counting began cannot be known.
    fn max_usable_target(&self) -> u32 {
        let span = self.block_span().max(self.historical_span());
        self.long.max_target().min(span / 2)
    }
}

/// How a transaction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// A block has it.
    Confirmed,
    /// It left the pool in another way.
    Left,
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a rate that is off by less than a unit is as good"
)]
fn rate_of(event: &Event) -> f64 {
    FeeRate::of(event.fee.to_sat().cast_signed(), event.size).units() as f64
}
