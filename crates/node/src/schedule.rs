//! When the node does what it does from time to time: by a clock of its own, which test rigs move forward
//! (`mockscheduler`).

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// The clock of regular work. It goes on while the node's time stands still.
#[derive(Debug)]
pub(crate) struct Scheduler {
    start: Instant,
    /// How far it was moved.
    moved: watch::Sender<Duration>,
}

impl Default for Scheduler {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            moved: watch::Sender::new(Duration::ZERO),
        }
    }
}

impl Scheduler {
    /// Moves the clock forward: what would have been done until then is done now, once.
    pub(crate) fn forward(&self, by: Duration) {
        self.moved.send_modify(|moved| *moved = moved.saturating_add(by));
    }

    /// Counts from now on.
    pub(crate) fn every(&self, period: Duration) -> Every {
        let mut every = Every {
            start: self.start,
            moved: self.moved.subscribe(),
            period,
            due: Duration::ZERO,
        };
        every.due = every.now().saturating_add(period);
        every
    }
}

/// When a piece of regular work is due.
#[derive(Debug)]
pub(crate) struct Every {
    start: Instant,
    moved: watch::Receiver<Duration>,
    period: Duration,
    due: Duration,
}

impl Every {
    fn now(&mut self) -> Duration {
        self.start
            .elapsed()
            .saturating_add(*self.moved.borrow_and_update())
    }

    /// Waits until it is due, and counts anew from then on.
    pub(crate) async fn next(&mut self) {
        loop {
            let now = self.now();
            let rest = self.due.saturating_sub(now);
            if rest.is_zero() {
                self.due = now.saturating_add(self.period);
                return;
            }
            let wait = tokio::time::timeout(rest, self.moved.changed()).await;
            if matches!(wait, Ok(Err(_))) {
                // Nobody can move the clock any more.
                tokio::time::sleep(rest).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    const HOUR: Duration = Duration::from_secs(60 * 60);
    const MINUTE: Duration = Duration::from_secs(60);

    async fn is_due(every: &mut Every) -> bool {
        timeout(Duration::ZERO, every.next()).await.is_ok()
    }

    #[tokio::test]
    async fn work_is_due_once_however_far_the_clock_is_moved() {
        let scheduler = Scheduler::default();
        let mut hourly = scheduler.every(HOUR);
        assert!(!is_due(&mut hourly).await);
        scheduler.forward(HOUR - MINUTE);
        assert!(!is_due(&mut hourly).await);
        scheduler.forward(MINUTE);
        assert!(is_due(&mut hourly).await);
        assert!(!is_due(&mut hourly).await);
        scheduler.forward(3 * HOUR);
        assert!(is_due(&mut hourly).await);
        assert!(!is_due(&mut hourly).await, "nothing is done twice");
    }

    #[tokio::test]
    async fn time_passes_by_itself_too() {
        let mut often = Scheduler::default().every(Duration::from_millis(1));
        let twice = async {
            often.next().await;
            often.next().await;
        };
        timeout(MINUTE, twice).await.unwrap();
    }

    #[tokio::test]
    async fn who_waits_hears_of_a_move() {
        let scheduler = Scheduler::default();
        let mut hourly = scheduler.every(HOUR);
        let waiting = tokio::spawn(async move { hourly.next().await });
        tokio::task::yield_now().await;
        scheduler.forward(HOUR);
        timeout(MINUTE, waiting).await.unwrap().unwrap();
    }
}
