//! The rate below which nothing comes in after the pool was full.

use crate::fee_rate::FeeRate;

/// In how many seconds the rate halves.
const HALF_LIFE: f64 = 12.0 * 60.0 * 60.0;

/// The rate is computed anew after so many seconds.
const INTERVAL: u64 = 10;

/// The rate, which rises when something is removed to make room, and falls with time when there was a block since.
#[derive(Debug, Default)]
pub(super) struct Floor {
    rate: f64,
    updated: u64,
    had_block: bool,
}

impl Floor {
    /// Something of this rate was removed to make room.
    pub(super) fn raise(&mut self, rate: FeeRate) {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a rate that is off by less than a unit is as good"
        )]
        let rate = rate.units() as f64;
        if rate > self.rate {
            self.rate = rate;
            self.had_block = false;
        }
    }

    /// A block was connected.
    pub(super) fn note_block(&mut self, now: u64) {
        self.updated = now;
        self.had_block = true;
    }

    /// The rate now, with so much memory in use of so much.
    pub(super) fn rate(&mut self, usage: usize, most: usize, incremental: FeeRate, now: u64) -> FeeRate {
        if !self.had_block || self.rate == 0.0 {
            return self.rounded();
        }
        if now > self.updated.saturating_add(INTERVAL) {
            let half_life = if usage < most / 4 {
                HALF_LIFE / 4.0
            } else if usage < most / 2 {
                HALF_LIFE / 2.0
            } else {
                HALF_LIFE
            };
            #[expect(clippy::cast_precision_loss, reason = "seconds that count are few")]
            let elapsed = (now - self.updated) as f64;
            self.rate /= (elapsed / half_life).exp2();
            self.updated = now;
            #[expect(
                clippy::cast_precision_loss,
                reason = "a rate that is off by less than a unit is as good"
            )]
            let least = (incremental.units() / 2) as f64;
            if self.rate < least {
                self.rate = 0.0;
                return FeeRate::ZERO;
            }
        }
        self.rounded().max(incremental)
    }

    fn rounded(&self) -> FeeRate {
        #[expect(clippy::cast_possible_truncation, reason = "it saturates")]
        let units = self.rate.round() as i64;
        FeeRate::per_kvb(units)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_halves_faster_the_emptier_the_pool_is() {
        let incremental = FeeRate::per_kvb(1000);
        let hours = |hours: u64| hours * 60 * 60;
        for (usage, half_life) in [(100, hours(12)), (49, hours(6)), (24, hours(3))] {
            let mut floor = Floor::default();
            assert_eq!(floor.rate(usage, 100, incremental, 0), FeeRate::ZERO);
            floor.raise(FeeRate::per_kvb(8000));
            assert_eq!(
                floor.rate(usage, 100, incremental, hours(100)),
                FeeRate::per_kvb(8000)
            );
            floor.note_block(1000);
            assert_eq!(floor.rate(usage, 100, incremental, 1010), FeeRate::per_kvb(8000));
            assert_eq!(
                floor.rate(usage, 100, incremental, 1000 + half_life),
                FeeRate::per_kvb(4000)
            );
            assert_eq!(
                floor.rate(usage, 100, incremental, 1000 + 4 * half_life),
                FeeRate::per_kvb(1000)
            );
            assert_eq!(
                floor.rate(usage, 100, incremental, 1000 + 5 * half_life),
                FeeRate::ZERO
            );
        }
    }
}
