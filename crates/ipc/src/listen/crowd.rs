//! How many clients are accepted at a time, whether they are served or turned away: those that are there go first.

use std::time::Duration;

use tokio::time::Instant;

/// So many are accepted in one interval; the others wait in the system's queue.
const MOST: u32 = 16;

/// The interval.
const INTERVAL: Duration = Duration::from_millis(2);

/// Those of one interval.
#[derive(Default)]
pub(super) struct Crowd {
    begun: Option<Instant>,
    n_accepted: u32,
}

impl Crowd {
    /// Another client was accepted: waits until it may be the next one's turn.
    pub(super) async fn passed(&mut self) {
        let now = Instant::now();
        let begun = self.begun.filter(|begun| now < *begun + INTERVAL);
        if begun.is_none() {
            self.n_accepted = 0;
        }
        self.n_accepted += 1;
        let begun = *self.begun.insert(begun.unwrap_or(now));
        if self.n_accepted >= MOST {
            tokio::time::sleep_until(begun + INTERVAL).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Duration, Instant};

    use super::{Crowd, INTERVAL, MOST};

    #[tokio::test(start_paused = true)]
    async fn a_crowd_comes_in_so_many_at_a_time() {
        let (mut crowd, start) = (Crowd::default(), Instant::now());
        for number in 0..10 * MOST {
            let intervals = start.elapsed().as_micros() / INTERVAL.as_micros();
            assert_eq!(intervals, u128::from(number / MOST));
            crowd.passed().await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_now_and_then_waits_for_nothing() {
        let mut crowd = Crowd::default();
        for _ in 0..10 * MOST {
            let start = Instant::now();
            crowd.passed().await;
            assert_eq!(start.elapsed(), Duration::ZERO);
            tokio::time::advance(INTERVAL / (MOST / 2)).await;
        }
    }
}
