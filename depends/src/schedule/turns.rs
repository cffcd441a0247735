//! Who builds next when a processor is free: first what most others wait for, one behind the other, then what has the
//! largest source, so that small packages fill the end.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard};

use crate::fetch::Fetched;
use crate::plan::Plan;

/// The units that are ready to be built and wait for a processor.
pub(super) struct Turns {
    /// For each unit, how many stand behind it in the longest row of units that need one another.
    behind: Vec<usize>,
    waiting: Mutex<BTreeSet<Place>>,
    moved: Condvar,
}

/// A unit's place in the row: what it is ordered by, and its index.
type Place = (Reverse<usize>, Reverse<u64>, usize);

/// A place that was the first in the row, until it is dropped. Whoever comes later and goes before it does not wait for
/// it: both wait for the processor.
pub(super) struct Turn<'a> {
    turns: &'a Turns,
    place: Place,
}

impl Turns {
    pub(super) fn new(plan: &Plan) -> Self {
        let needs = plan
            .units
            .iter()
            .map(|unit| unit.dependencies.iter().chain(&unit.native_dependencies).copied());
        Self {
            behind: lengths(needs),
            waiting: Mutex::default(),
            moved: Condvar::new(),
        }
    }

    /// Waits until no unit that is to come before this one waits.
    pub(super) fn wait(&self, index: usize, fetched: &Fetched) -> Turn<'_> {
        let place = (Reverse(self.behind[index]), Reverse(size(fetched)), index);
        let mut waiting = self.waiting();
        waiting.insert(place);
        while waiting.first() != Some(&place) {
            waiting = self
                .moved
                .wait(waiting)
                .expect("no holder panics because none calls out");
        }
        Turn { turns: self, place }
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeSet<Place>> {
        self.waiting
            .lock()
            .expect("no holder panics because none calls out")
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.waiting().remove(&self.place);
        self.turns.moved.notify_all();
    }
}

/// How many units stand behind each. What a unit needs comes before it.
fn lengths<N: Iterator<Item = usize>>(
    needs: impl DoubleEndedIterator<Item = N> + ExactSizeIterator,
) -> Vec<usize> {
    let mut behind = vec![0; needs.len()];
    for (index, needs) in needs.enumerate().rev() {
        for needed in needs {
            behind[needed] = behind[needed].max(behind[index] + 1);
        }
    }
    behind
}

/// The bytes of a packed source. What was not packed comes last: nobody has counted it.
fn size(fetched: &Fetched) -> u64 {
    match fetched {
        // A file that is gone by now fails where it is unpacked, with a better message.
        Fetched::Archive { path, .. } => path.metadata().map_or(0, |metadata| metadata.len()),
        Fetched::Tree(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn what_others_wait_for_one_behind_the_other_comes_before_what_is_large() {
        // 4 needs 2, which needs 0; the rest stands alone.
        let needs: [&[usize]; 5] = [&[], &[], &[0], &[], &[2]];
        let behind = lengths(needs.iter().map(|needs| needs.iter().copied()));
        assert_eq!(behind, [2, 0, 1, 0, 0]);
        let directory = tempfile::tempdir().unwrap();
        let sources = [10, 30, 20, 40, 50].map(|n_bytes| {
            let path = directory.path().join(n_bytes.to_string());
            fs_err::write(&path, vec![0; n_bytes]).unwrap();
            Fetched::Archive { path, archive: 0 }
        });
        let turns = Turns {
            behind,
            waiting: Mutex::default(),
            moved: Condvar::new(),
        };
        let first = turns.wait(0, &sources[0]);
        let (begun, order) = mpsc::channel();
        std::thread::scope(|scope| {
            for index in [1, 3, 4, 2] {
                let (turns, source, begun) = (&turns, &sources[index], begun.clone());
                scope.spawn(move || {
                    let turn = turns.wait(index, source);
                    begun.send(index).unwrap();
                    drop(turn);
                });
            }
            let deadline = Instant::now() + Duration::from_secs(30);
            while turns.waiting().len() < 5 {
                assert!(Instant::now() < deadline, "not all of them wait");
                std::thread::yield_now();
            }
            drop(first);
        });
        drop(begun);
        assert_eq!(order.iter().collect::<Vec<_>>(), [2, 4, 3, 1]);
    }
}
