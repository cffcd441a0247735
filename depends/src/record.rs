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
        self.units.iter().any(|unit| unit.cpu.is_some())
    }

    /// The numbers of the packages on the critical path, in order: the last to be ready, of those that it needs the
    /// last to be ready, and so on.
    #[must_use]
    pub fn critical_path(&self) -> Vec<usize> {
        let end = |index: &usize| self.units[*index].end();
        let mut path = Vec::new();
        let mut next = (0..self.units.len()).max_by_key(end);
        while let Some(index) = next {
            path.push(index);
            let unit = &self.units[index];
            // Who was there from the beginning waited for nobody.
            next = (0..index)
                .filter(|other| unit.needs.contains(&self.units[*other].label))
                .filter(|_| unit.outcome != Outcome::Ready(Origin::Cache))
                .max_by_key(end);
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
}
