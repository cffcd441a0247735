//! The log's state, shared by the subscriber and the handles.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tracing::Level;

use crate::logging::LogError;
use crate::logging::category::{Category, CategorySet, Levels, Verbosity};
use crate::logging::config::LogConfig;
use crate::logging::format::{self, Record};
use crate::logging::sink::Sink;

/// How many records wait for the log to be configured; later ones are counted and lost.
const WAITING_RECORDS: usize = 10_000;

#[derive(Debug)]
pub(crate) struct State {
    /// Categories whose DEBUG events are written, read by every event without a lock.
    debug: AtomicU64,
    /// The same for TRACE events.
    trace: AtomicU64,
    output: Mutex<Output>,
}

#[derive(Debug)]
enum Output {
    Waiting { records: Vec<Record>, lost: usize },
    Open { config: LogConfig, sink: Sink },
}

impl State {
    /// Keeps every event until [`open`](Self::open).
    pub(crate) fn waiting() -> Self {
        Self {
            debug: AtomicU64::new(CategorySet::ALL.bits()),
            trace: AtomicU64::new(CategorySet::ALL.bits()),
            output: Mutex::new(Output::Waiting {
                records: Vec::new(),
                lost: 0,
            }),
        }
    }

    /// Opens the log and writes what waited for it, the early lines first.
    pub(crate) fn open(
        &self,
        config: LogConfig,
        early: impl IntoIterator<Item = String>,
    ) -> Result<(), LogError> {
        let mut sink = Sink::open(&config)?;
        let mut output = self.lock();
        let (records, lost) = match &mut *output {
            Output::Waiting { records, lost } => (std::mem::take(records), *lost),
            Output::Open { .. } => (Vec::new(), 0),
        };
        let notice = |message: String| Record {
            time: std::time::SystemTime::now(),
            thread: "init".to_owned(),
            level: Level::INFO,
            category: None,
            source: None,
            message,
        };
        for line in early {
            sink.write(&format::line(&notice(line), config.style));
        }
        for record in records.iter().filter(|record| is_wanted(record, &config.levels)) {
            sink.write(&format::line(record, config.style));
        }
        if lost > 0 {
            sink.write(&format::line(
                &notice(format!("{lost} early log lines were lost")),
                config.style,
            ));
        }
        self.set_masks(&config.levels);
        *output = Output::Open { config, sink };
        Ok(())
    }

    pub(crate) fn speaks(&self, category: Category, verbosity: Verbosity) -> bool {
        CategorySet::from_bits(self.mask(verbosity).load(Ordering::Relaxed)).contains(category)
    }

    pub(crate) fn write(&self, record: Record) {
        match &mut *self.lock() {
            Output::Waiting { records, .. } if records.len() < WAITING_RECORDS => records.push(record),
            Output::Waiting { lost, .. } => *lost += 1,
            Output::Open { config, sink } => sink.write(&format::line(&record, config.style)),
        }
    }

    /// Changes the categories, once there is a configuration.
    pub(crate) fn change_enabled(&self, change: impl FnOnce(CategorySet) -> CategorySet) {
        if let Output::Open { config, .. } = &mut *self.lock() {
            config.levels.enabled = change(config.levels.enabled);
            self.set_masks(&config.levels);
        }
    }

    pub(crate) fn enabled(&self) -> CategorySet {
        match &*self.lock() {
            Output::Waiting { .. } => CategorySet::NONE,
            Output::Open { config, .. } => config.levels.enabled,
        }
    }

    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        match &*self.lock() {
            Output::Waiting { .. } => Vec::new(),
            Output::Open { config, .. } => config.to_settings(),
        }
    }

    pub(crate) fn path(&self) -> Option<PathBuf> {
        match &*self.lock() {
            Output::Waiting { .. } => None,
            Output::Open { config, .. } => config.file.clone(),
        }
    }

    pub(crate) fn reopen(&self) {
        if let Output::Open { sink, .. } = &mut *self.lock() {
            sink.reopen();
        }
    }

    fn mask(&self, verbosity: Verbosity) -> &AtomicU64 {
        if verbosity == Verbosity::Trace {
            &self.trace
        } else {
            &self.debug
        }
    }

    fn set_masks(&self, levels: &Levels) {
        for verbosity in [Verbosity::Debug, Verbosity::Trace] {
            self.mask(verbosity)
                .store(levels.speaking(verbosity).bits(), Ordering::Relaxed);
        }
    }

    /// A thread that panicked while it held the lock left no half-made state that matters here.
    fn lock(&self) -> MutexGuard<'_, Output> {
        self.output.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_wanted(record: &Record, levels: &Levels) -> bool {
    let verbosity = match record.level {
        Level::DEBUG => Verbosity::Debug,
        Level::TRACE => Verbosity::Trace,
        _ => return true,
    };
    record
        .category
        .is_some_and(|category| levels.speaking(verbosity).contains(category))
}
