//! Making a record: an observer that notes what it hears and passes it on.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime};

use super::{Activity, Outcome, Record, Span, UnitRecord};
use crate::cache::Cache;
use crate::observer::{Event, Observer};
use crate::options::Options;
use crate::plan::{Plan, Unit};

/// A record in the making.
pub(crate) struct Recording<'a> {
    observer: &'a dyn Observer,
    started: SystemTime,
    begun: Instant,
    tracks: Mutex<BTreeMap<String, Track>>,
}

/// What is known of one package.
struct Track {
    spans: Vec<Span>,
    /// What it does now, and since when.
    now: Option<(Activity, Duration)>,
    outcome: Outcome,
    cpu: Option<Duration>,
    isolation: Option<String>,
}

impl<'a> Recording<'a> {
    /// A record that begins now; `observer` hears everything as well.
    pub(crate) fn new(observer: &'a dyn Observer) -> Self {
        Self {
            observer,
            started: SystemTime::now(),
            begun: Instant::now(),
            tracks: Mutex::new(BTreeMap::new()),
        }
    }

    /// The record of the run, which has ended.
    pub(crate) fn finish(self, plan: &Plan, options: &Options, jobs: usize, cache: &Cache) -> Record {
        let wall = self.begun.elapsed();
        let mut tracks = self
            .tracks
            .into_inner()
            .expect("no holder panics because none calls out");
        let mut units = Vec::new();
        for unit in &plan.units {
            if let Some(mut track) = tracks.remove(&unit.label()) {
                track.leave(wall);
                units.push(track.finish(unit, plan, cache));
            }
        }
        Record {
            started: self.started,
            wall,
            host: plan.host.triplet.clone(),
            options: options.decisive(),
            jobs,
            units,
        }
    }

    fn tracks(&self) -> MutexGuard<'_, BTreeMap<String, Track>> {
        self.tracks
            .lock()
            .expect("no holder panics because none calls out")
    }

    fn note(&self, package: &str, note: impl FnOnce(&mut Track, Duration)) {
        let now = self.begun.elapsed();
        let mut tracks = self.tracks();
        // Every package is looked for from the beginning.
        let track = tracks.entry(package.to_owned()).or_insert_with(Track::new);
        note(track, now);
    }
}

impl Observer for Recording<'_> {
    fn notice(&self, event: &Event<'_>) {
        match event {
            Event::Waiting { package, reason } => {
                self.note(package, |track, now| track.enter(Activity::Wait(*reason), now));
            }
            Event::Phase { package, phase } => {
                self.note(package, |track, now| track.enter(Activity::Phase(*phase), now));
            }
            Event::Ended { package, cpu } => self.note(package, |track, _| {
                if let Some(cpu) = cpu {
                    *track.cpu.get_or_insert_default() += *cpu;
                }
            }),
            Event::Isolated { package, isolation } => self.note(package, |track, _| {
                track.isolation = Some((*isolation).to_owned());
            }),
            Event::Ready { package, origin } => self.note(package, |track, now| {
                track.leave(now);
                track.outcome = Outcome::Ready(*origin);
            }),
            Event::Failed { package, reason } => self.note(package, |track, now| {
                track.leave(now);
                track.outcome = match reason {
                    Some(reason) => Outcome::Failed((*reason).to_owned()),
                    None => Outcome::Cancelled,
                };
            }),
            _ => {}
        }
        self.observer.notice(event);
    }
}

impl Track {
    fn new() -> Self {
        Self {
            spans: Vec::new(),
            now: Some((Activity::Look, Duration::ZERO)),
            outcome: Outcome::Stopped,
            cpu: None,
            isolation: None,
        }
    }

    fn enter(&mut self, activity: Activity, now: Duration) {
        self.leave(now);
        self.now = Some((activity, now));
    }

    fn leave(&mut self, now: Duration) {
        if let Some((activity, start)) = self.now.take() {
            self.spans.push(Span {
                activity,
                start,
                end: now,
            });
        }
    }

    fn finish(self, unit: &Unit, plan: &Plan, cache: &Cache) -> UnitRecord {
        let needs = unit.dependencies.iter().chain(&unit.native_dependencies);
        let n_bytes = match self.outcome {
            Outcome::Ready(_) => fs_err::metadata(cache.path(unit, "tar.gz"))
                .ok()
                .map(|metadata| metadata.len()),
            Outcome::Failed(_) | Outcome::Cancelled | Outcome::Stopped => None,
        };
        UnitRecord {
            label: unit.label(),
            version: unit.recipe.version.clone(),
            key: unit.key,
            machine: unit.platform().to_owned(),
            needs: needs.map(|index| plan.units[*index].label()).collect(),
            outcome: self.outcome,
            spans: self.spans,
            cpu: self.cpu,
            isolation: self.isolation,
            n_bytes,
        }
    }
}
