//! The node's time, which test rigs can set.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The time in seconds since 1970: the system's, unless another one was set. Shared by all that ask for the time.
#[derive(Debug, Default)]
pub struct Clock {
    /// 0 where none was set.
    set: AtomicU64,
}

impl Clock {
    /// The time, in seconds since 1970.
    #[must_use]
    pub fn now(&self) -> u64 {
        match self.set.load(Ordering::Relaxed) {
            0 => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
            set => set,
        }
    }

    /// Lets the time stand still here, or go on with the system's where it is 0 (`-mocktime`, `setmocktime`).
    pub fn set(&self, time: u64) {
        self.set.store(time, Ordering::Relaxed);
    }

    /// The time that was set.
    #[must_use]
    pub fn set_time(&self) -> Option<u64> {
        let set = self.set.load(Ordering::Relaxed);
        (set != 0).then_some(set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_was_set_stands_still_until_it_is_taken_back() {
        let clock = Clock::default();
        clock.set(7);
        assert_eq!((clock.now(), clock.set_time()), (7, Some(7)));
        clock.set(0);
        assert_eq!(clock.set_time(), None);
        assert!(clock.now() > 1_700_000_000);
    }
}
