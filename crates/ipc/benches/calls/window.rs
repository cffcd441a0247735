//! The span of time in which calls are counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long calls are made before the first one counts.
const WARM_UP: Duration = Duration::from_millis(100);

/// How long they are counted.
const MEASURED: Duration = Duration::from_millis(500);

/// Counts the calls that end within it, whoever makes them.
pub(crate) struct Window {
    begin: Instant,
    end: Instant,
    calls: AtomicU64,
}

impl Window {
    /// Its warm-up begins now.
    pub(crate) fn open() -> Self {
        let begin = Instant::now() + WARM_UP;
        Self {
            begin,
            end: begin + MEASURED,
            calls: AtomicU64::new(0),
        }
    }

    /// Makes calls until it closes.
    pub(crate) fn fill(&self, mut call: impl FnMut()) {
        loop {
            call();
            if !self.count() {
                return;
            }
        }
    }

    /// Makes calls with what is prepared for each of them until it closes, and gives the microseconds for one, without
    /// those of the preparations.
    pub(crate) fn fill_prepared<T>(&self, mut prepare: impl FnMut() -> T, mut call: impl FnMut(T)) -> f64 {
        let mut counted = Vec::new();
        loop {
            let prepared = prepare();
            let begin = Instant::now();
            call(prepared);
            let duration = begin.elapsed();
            if !self.count() {
                break;
            }
            if begin >= self.begin {
                counted.push(duration);
            }
        }
        let calls = u32::try_from(counted.len()).expect("a window is short");
        assert!(calls > 0, "no call was made and ended within {MEASURED:?}");
        counted.iter().sum::<Duration>().as_secs_f64() * 1e6 / f64::from(calls)
    }

    /// Takes note of a call that ended just now, and gives whether it is still open.
    pub(crate) fn count(&self) -> bool {
        let now = Instant::now();
        if now >= self.end {
            return false;
        }
        if now >= self.begin {
            self.calls.fetch_add(1, Ordering::Relaxed);
        }
        true
    }

    /// Its length, shared out among the calls.
    pub(crate) fn microseconds_per_call(&self) -> f64 {
        let calls = u32::try_from(self.calls.load(Ordering::Relaxed)).expect("a window is short");
        assert!(calls > 0, "no call ended within {MEASURED:?}");
        MEASURED.as_secs_f64() * 1e6 / f64::from(calls)
    }
}
