//! The record of a run: what it did with each package, when, and at what cost.
//!
//! Records explain; nothing is decided by them. A record that cannot be read is passed over.

mod recording;
mod store;

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::observer::{Origin, Phase, Wait};

pub(crate) use recording::Recording;
pub use store::Records;

/// What one run did.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Record {
    /// When it began.
    pub started: SystemTime,
    /// How long it took.
    pub wall: Duration,
    /// The triplet that was built for.
    pub host: String,
    /// The options that decided what was built, as `NAME=VALUE`.
    pub options: Vec<String>,
    /// How many processes it ran at the same time.
    pub jobs: usize,
    /// The packages that it dealt with, dependencies before what needs them.
    pub units: Vec<UnitRecord>,
}

/// What a run did with one package. Times count from the run's beginning.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct UnitRecord {
    /// The package's name, with `native_` before it for a native tool.
    pub label: String,
    /// Its version.
    pub version: String,
    /// Its key.
    pub key: Digest,
    /// The triplet of the machine that it runs on, or `any`.
    pub machine: String,
    /// The labels of the packages that it needs directly.
    pub needs: Vec<String>,
    /// What became of it.
    pub outcome: Outcome,
    /// What it did and what it waited for, in order and without gaps.
    pub spans: Vec<Span>,
    /// The processor time of the programs that ran for it; nothing where the system does not tell.
    pub cpu: Option<Duration>,
    /// How well its build was shut off from the system, in words; nothing where it was not built.
    pub isolation: Option<String>,
    /// The archive's size in bytes, where there is one.
    pub n_bytes: Option<u64>,
}

/// What became of a package.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It is in the cache.
    Ready(Origin),
    /// It was not built, for this reason.
    Failed(String),
    /// It was not built, because another was not.
    Cancelled,
    /// It was built as far as was asked for.
    Stopped,
}

/// Something that a package did for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub struct Span {
    /// What it did.
    pub activity: Activity,
    /// From when.
    pub start: Duration,
    /// Until when.
    pub end: Duration,
}

/// What a package does in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activity {
    /// It is looked for in the cache.
    Look,
    /// It waits.
    Wait(Wait),
    /// It goes through a phase.
    Phase(Phase),
}

impl Record {
    /// The processor time of all programs that were run.
    #[must_use]
    pub fn cpu(&self) -> Duration {
        self.units.iter().filter_map(|unit| unit.cpu).sum()
    }

    /// Whether any package was built, or tried to be.
    #[must_use]
    pub fn built_something(&self) -> bool {
        self.units.iter().any(|unit| unit.begin().is_some())
    }

    /// The numbers of the packages on the critical path, in order: the last to be ready; before it, the one that it
    /// waited for until it began, to need it or to have its processor; and so on.
    #[must_use]
    pub fn critical_path(&self) -> Vec<usize> {
        let end = |index: &usize| self.units[*index].end();
        let mut path = Vec::new();
        let mut next = (0..self.units.len()).max_by_key(end);
        while let Some(index) = next {
            path.push(index);
            let unit = &self.units[index];
            next = unit.begin().and_then(|begin| {
                let others = (0..self.units.len()).filter(|other| {
                    let is_needed = unit.needs.contains(&self.units[*other].label);
                    let is_before = *other != index && self.units[*other].end() <= begin;
                    is_before && (is_needed || unit.waited_for_a_processor())
                });
                others
                    .filter(|other| self.units[*other].begin().is_some())
                    .max_by_key(end)
            });
        }
        path.reverse();
        path
    }
}

impl UnitRecord {
    /// When it was done with.
    #[must_use]
    pub fn end(&self) -> Duration {
        self.spans.last().map(|span| span.end).unwrap_or_default()
    }

    /// When its source was unpacked and its own work began; nothing where it came to none.
    #[must_use]
    pub fn begin(&self) -> Option<Duration> {
        let extract = Activity::Phase(Phase::Extract);
        let span = self.spans.iter().find(|span| span.activity == extract)?;
        Some(span.start)
    }

    fn waited_for_a_processor(&self) -> bool {
        self.spans.iter().any(|span| {
            let is_long = span.end.saturating_sub(span.start) >= LONG;
            span.activity == Activity::Wait(Wait::Processor) && is_long
        })
    }
}

/// A processor that is free is had faster than this.
const LONG: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;

    /// A package with the times, in seconds, at which it begins to wait for a processor, begins to work, and ends.
    fn unit(label: &str, needs: &[&str], [wait, begin, end]: [u64; 3]) -> UnitRecord {
        let seconds = Duration::from_secs;
        let span = |activity, start, end| Span {
            activity,
            start: seconds(start),
            end: seconds(end),
        };
        UnitRecord {
            label: label.to_owned(),
            version: "1".to_owned(),
            key: Digest::of(label.as_bytes()),
            machine: "any".to_owned(),
            needs: needs.iter().map(|need| (*need).to_owned()).collect(),
            outcome: Outcome::Ready(Origin::Build),
            spans: vec![
                span(Activity::Wait(Wait::Dependencies), 0, wait),
                span(Activity::Wait(Wait::Processor), wait, begin),
                span(Activity::Phase(Phase::Extract), begin, end),
            ],
            cpu: None,
            isolation: None,
            n_bytes: None,
        }
    }

    #[test]
    fn the_critical_path_goes_through_what_was_waited_for() {
        let a = || unit("a", &[], [0, 0, 5]);
        let b = || unit("b", &[], [0, 0, 7]);
        let rows = [
            (vec![], ""),
            (vec![a(), b()], "b"),
            (vec![a(), b(), unit("c", &["a"], [5, 5, 9])], "a c"),
            (vec![a(), b(), unit("c", &["a"], [5, 7, 9])], "b c"),
            (
                vec![a(), b(), unit("c", &["a"], [5, 5, 9]), unit("d", &[], [0, 9, 10])],
                "a c d",
            ),
        ];
        for (units, expected) in rows {
            let record = Record {
                started: SystemTime::UNIX_EPOCH,
                wall: Duration::from_secs(10),
                host: "h".to_owned(),
                options: Vec::new(),
                jobs: 2,
                units,
            };
            let path = record.critical_path();
            let labels: Vec<&str> = path
                .iter()
                .map(|index| record.units[*index].label.as_str())
                .collect();
            assert_eq!(labels.join(" "), expected);
        }
    }
}
