//! The calls of each method: how many, how they ended, and how long they took.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use foldhash::HashMap;

use super::connection::Tally;
use super::info::MethodInfo;

/// Ranges of latencies that have an upper bound: up to 2²⁶ µs, a bit more than a minute.
const BOUNDED: usize = 27;

/// How many calls took how long. A range ends at a power of two of microseconds, from 1 µs on, and begins where the one
/// before it ends; the last one has no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Latencies([u64; BOUNDED + 1]);

/// The methods that were called, by the names that the log has for them. There are as many as the schemas have.
#[derive(Default)]
pub(super) struct Methods(RefCell<HashMap<&'static str, Rc<Counters>>>);

/// One method's calls that ended.
#[derive(Default)]
pub(super) struct Counters {
    errors: Cell<u64>,
    duration: Cell<Duration>,
    latencies: Cell<Latencies>,
}

/// A call that is under way. One that ends without [`succeed`](Self::succeed) counts as failed.
pub(crate) struct Timing {
    begun: Instant,
    counters: Rc<Counters>,
    tally: Rc<Tally>,
    is_error: bool,
}

impl Latencies {
    /// The ranges, shortest latencies first: the upper bound, where there is one, and how many calls took that long at
    /// most, and longer than the bound before.
    pub fn ranges(&self) -> impl Iterator<Item = (Option<Duration>, u64)> {
        let bound = |index| (index < BOUNDED).then(|| Duration::from_micros(1_u64 << index));
        self.0
            .into_iter()
            .enumerate()
            .map(move |(index, count)| (bound(index), count))
    }

    /// All calls.
    pub fn count(&self) -> u64 {
        self.0.iter().sum()
    }

    fn add(&mut self, latency: Duration) {
        let micros = latency.as_nanos().div_ceil(1_000);
        // Of a power of two, the range that it ends.
        let index = micros.max(1).next_power_of_two().trailing_zeros() as usize;
        self.0[index.min(BOUNDED)] += 1;
    }
}

impl Methods {
    pub(super) fn get(&self, method: &'static str) -> Rc<Counters> {
        Rc::clone(self.0.borrow_mut().entry(method).or_default())
    }

    /// All of them, in the order of their names.
    pub(super) fn info(&self) -> Vec<MethodInfo> {
        let methods = self.0.borrow();
        let mut infos: Vec<_> = methods
            .iter()
            .map(|(method, counters)| MethodInfo {
                method,
                errors: counters.errors.get(),
                duration: counters.duration.get(),
                latencies: counters.latencies.get(),
            })
            .filter(|info| info.latencies.count() > 0)
            .collect();
        infos.sort_unstable_by_key(|info| info.method);
        infos
    }
}

impl Counters {
    fn record(&self, latency: Duration, is_error: bool) {
        self.errors.set(self.errors.get() + u64::from(is_error));
        self.duration.set(self.duration.get().saturating_add(latency));
        let mut latencies = self.latencies.get();
        latencies.add(latency);
        self.latencies.set(latencies);
    }
}

impl Timing {
    /// A call begins.
    pub(super) fn begin(counters: Rc<Counters>, tally: &Rc<Tally>) -> Self {
        tally.begin();
        Self {
            begun: Instant::now(),
            counters,
            tally: Rc::clone(tally),
            is_error: true,
        }
    }

    /// The call has its result.
    pub(crate) fn succeed(mut self) {
        self.is_error = false;
    }
}

impl Drop for Timing {
    fn drop(&mut self) {
        self.tally.end();
        self.counters.record(self.begun.elapsed(), self.is_error);
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{Latencies, Methods, Timing};

    fn range_of(nanos: u64) -> Option<Duration> {
        let mut latencies = Latencies::default();
        latencies.add(Duration::from_nanos(nanos));
        let mut ranges = latencies.ranges().filter(|(_, count)| *count == 1);
        let (bound, _) = ranges.next().expect("one range has it");
        assert_eq!((ranges.count(), latencies.count()), (0, 1));
        bound
    }

    #[test]
    fn ranges_end_at_powers_of_two_and_the_last_one_nowhere() {
        let micros = |bound| Some(Duration::from_micros(bound));
        let rows = [
            (0, micros(1)),
            (1, micros(1)),
            (1_000, micros(1)),
            (1_001, micros(2)),
            (2_000, micros(2)),
            (2_001, micros(4)),
            (29_200, micros(32)),
            ((1 << 26) * 1_000, micros(1 << 26)),
            ((1 << 26) * 1_000 + 1, None),
            (u64::MAX, None),
        ];
        for (nanos, expected) in rows {
            assert_eq!(range_of(nanos), expected, "{nanos} ns");
        }
    }

    proptest! {
        #[test]
        fn a_latency_is_within_its_range(nanos in 0_u64..1 << 40) {
            let latency = Duration::from_nanos(nanos);
            match range_of(nanos) {
                Some(bound) => prop_assert!(latency <= bound && (bound.as_micros() == 1 || latency > bound / 2)),
                None => prop_assert!(latency > Duration::from_micros(1 << 26)),
            }
        }
    }

    #[test]
    fn a_call_counts_when_it_ends_and_as_failed_unless_it_succeeded() {
        let (methods, tally) = (Methods::default(), Rc::default());
        let begin = || Timing::begin(methods.get("Echo.echo"), &tally);
        let (first, second) = (begin(), begin());
        assert!(methods.info().is_empty());
        let counts = tally.counts(0);
        assert_eq!((counts.calls, counts.in_flight), (2, 2));
        first.succeed();
        drop(second);
        let info = methods.info().pop().unwrap();
        assert_eq!(
            (info.method, info.latencies.count(), info.errors),
            ("Echo.echo", 2, 1)
        );
        let counts = tally.counts(0);
        assert_eq!((counts.calls, counts.in_flight), (2, 0));
    }
}
