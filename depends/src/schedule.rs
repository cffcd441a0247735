//! Building all units of a plan, side by side where nothing forbids it, under one job server.
//!
//! Every unit has a thread. Sources are fetched at once; a build begins when its dependencies are in the cache, no unit
//! that is to come before it waits, and the job server gives it a token, which stands for the one process that make
//! runs without asking.

mod turns;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use crate::atomic;
use crate::build::{BuildError, Context, Session};
use crate::cache::{Cache, Entry, Lookup};
use crate::children::Children;
use crate::fetch::{FetchError, Fetcher};
use crate::layout::Layout;
use crate::lock::Lock;
use crate::observer::{Event, Observer, Origin, Phase, Wait};
use crate::plan::{Plan, Unit};
use crate::sandbox::{Isolation, Needs, Sandbox, SandboxError};
use crate::tool::SearchPath;
use turns::Turns;

/// Downloads at the same time.
const MAX_FETCHES: usize = 4;

/// What building a plan needs besides the plan.
pub struct Schedule<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Where things lie.
    pub layout: &'a Layout,
    /// Where built packages are kept.
    pub cache: &'a Cache,
    /// Gets the sources.
    pub fetcher: &'a Fetcher,
    /// Where programs of the system are looked for.
    pub search_path: &'a SearchPath,
    /// The isolation that is insisted on.
    pub isolation: Option<Isolation>,
    /// Directories of the system that builds read besides the toolchain's.
    pub directories: Vec<PathBuf>,
    /// Processes at the same time.
    pub jobs: usize,
    /// Whether logs are kept beside the archives.
    pub keep_logs: bool,
    /// Hears what is done.
    pub observer: &'a dyn Observer,
    /// What is done besides.
    pub hooks: Hooks<'a>,
}

/// What is done with units in the thread of each, while it has a processor.
#[derive(Clone, Copy, Default)]
pub struct Hooks<'a> {
    /// Called for each unit that was built as far as a phase, while nobody else may build it.
    pub visit: Option<&'a Visit<'a>>,
    /// Called for each unit that is in the cache.
    pub take: Option<&'a Take<'a>>,
}

/// Makes use of a unit's entry.
pub type Take<'a> = dyn Fn(usize, &Entry) + Sync + 'a;

/// Work in the directory of a unit.
pub type Visit<'a> = dyn Fn(&Session<'_>) -> Result<(), BuildError> + Sync + 'a;

/// Units that are built as far as a phase, instead of into the cache.
pub type Stops = BTreeMap<usize, Phase>;

/// A unit that was not built.
#[derive(Debug, thiserror::Error)]
#[error("{label} was not built")]
pub struct UnitError {
    /// The unit's name.
    pub label: String,
    /// The log, where one was begun.
    pub log: Option<PathBuf>,
    /// Why.
    #[source]
    pub cause: Box<Cause>,
}

/// Why a unit was not built.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// Its source cannot be had.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// A phase failed.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// It cannot be built as isolated as it should be.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// It was built and cannot be kept.
    #[error("cannot store the package: {0}")]
    Store(#[source] crate::archive::ArchiveError),
    /// A file cannot be read or written; the error names it.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What is known of the units while they are built.
struct Progress {
    entries: Mutex<BTreeMap<usize, Entry>>,
    changed: Condvar,
    errors: Mutex<Vec<UnitError>>,
    fetches: Mutex<usize>,
    fetch_ended: Condvar,
    turns: Turns,
    children: Children,
    sandbox: Mutex<Option<Arc<Sandbox>>>,
}

impl Progress {
    fn entries(&self) -> MutexGuard<'_, BTreeMap<usize, Entry>> {
        self.entries
            .lock()
            .expect("no holder panics because none calls out")
    }

    /// Waits until all of `units` are in the cache; `false` if the run was ended instead.
    fn wait_for(&self, units: &[usize]) -> bool {
        let mut entries = self.entries();
        loop {
            if self.children.is_cancelled() {
                return false;
            }
            if units.iter().all(|unit| entries.contains_key(unit)) {
                return true;
            }
            entries = self
                .changed
                .wait(entries)
                .expect("no holder panics because none calls out");
        }
    }

    fn cancel(&self) {
        self.children.cancel();
        // Whoever waits checks the flag while it holds this lock.
        drop(self.entries());
        self.changed.notify_all();
    }
}

impl Schedule<'_> {
    /// Builds what the cache lacks and returns the entry of each unit in `wanted` and of all that they need. Those in
    /// `stops` are built as far as they say, whatever the cache has; one that others need is built into the cache
    /// first.
    ///
    /// # Errors
    /// The first failure, after which everything that runs is ended. Failures that happen at the same time follow it.
    pub fn run(&self, wanted: &[usize], stops: &Stops) -> Result<BTreeMap<usize, Entry>, Vec<UnitError>> {
        let job_server = jobserver::Client::new(self.jobs.max(1)).map_err(|error| {
            vec![UnitError {
                label: "the job server".to_owned(),
                log: None,
                cause: Box::new(error.into()),
            }]
        })?;
        let progress = Progress {
            entries: Mutex::new(BTreeMap::new()),
            changed: Condvar::new(),
            errors: Mutex::new(Vec::new()),
            fetches: Mutex::new(0),
            fetch_ended: Condvar::new(),
            turns: Turns::new(self.plan),
            children: Children::default(),
            sandbox: Mutex::new(None),
        };
        std::thread::scope(|scope| {
            let whole = self.needed(wanted, stops);
            let stopped: BTreeSet<usize> = stops.keys().copied().collect();
            for index in whole.union(&stopped).copied() {
                let (progress, job_server) = (&progress, &job_server);
                let ends = whole
                    .contains(&index)
                    .then_some(None)
                    .into_iter()
                    .chain(stops.get(&index).copied().map(Some));
                scope.spawn(move || {
                    let mut ends = ends;
                    let result = ends
                        .try_for_each(|stop| self.provide(index, stop, progress, job_server))
                        .and_then(|()| self.hand_on(index, progress, job_server));
                    if let Err(error) = result {
                        progress.cancel();
                        self.lament(&error);
                        let mut errors = progress
                            .errors
                            .lock()
                            .expect("no holder panics because none calls out");
                        errors.push(error);
                    }
                });
            }
        });
        let mut errors = progress
            .errors
            .into_inner()
            .expect("no holder panics because none calls out");
        errors.retain(|error| !matches!(*error.cause, Cause::Build(BuildError::Cancelled)));
        if errors.is_empty() {
            Ok(progress
                .entries
                .into_inner()
                .expect("no holder panics because none calls out"))
        } else {
            Err(errors)
        }
    }

    /// The wanted units and all that building them, or those in `stops`, needs; a source is fetched without.
    fn needed(&self, wanted: &[usize], stops: &Stops) -> BTreeSet<usize> {
        let mut needed = BTreeSet::new();
        let direct = |index: usize| {
            let unit = &self.plan.units[index];
            unit.dependencies.iter().chain(&unit.native_dependencies).copied()
        };
        let begun = stops.iter().filter(|(_, phase)| **phase > Phase::Fetch);
        let mut waiting: Vec<usize> = begun.flat_map(|(index, _)| direct(*index)).collect();
        waiting.extend(wanted);
        while let Some(index) = waiting.pop() {
            if needed.insert(index) {
                waiting.extend(direct(index));
            }
        }
        needed
    }

    /// Sees to it that one unit is in the cache, or that it is built as far as `stop` says.
    fn provide(
        &self,
        index: usize,
        stop: Option<Phase>,
        progress: &Progress,
        job_server: &jobserver::Client,
    ) -> Result<(), UnitError> {
        let unit = &self.plan.units[index];
        let error = |log: Option<PathBuf>| {
            let label = unit.label();
            move |cause: Cause| UnitError {
                label,
                log,
                cause: Box::new(cause),
            }
        };
        if stop.is_none()
            && let Some(entry) = self.cached(unit).map_err(|source| error(None)(source.into()))?
        {
            self.announce(index, entry, Origin::Cache, progress);
            return Ok(());
        }
        let label = unit.label();
        let wait = |reason| {
            let package = &label;
            self.observer.notice(&Event::Waiting { package, reason });
        };
        wait(Wait::Download);
        let fetched = self.fetch(unit, progress).map_err(error(None))?;
        if stop == Some(Phase::Fetch) {
            return Ok(());
        }
        let mut needs = self.plan.dependency_closure(index);
        needs.extend(self.plan.native_closure(index));
        let cancelled = || error(None)(Cause::Build(BuildError::Cancelled));
        wait(Wait::Dependencies);
        if !progress.wait_for(&needs) {
            return Err(cancelled());
        }
        wait(Wait::Processor);
        let turn = progress.turns.wait(index, &fetched);
        let _token = job_server
            .acquire()
            .map_err(|source| error(None)(source.into()))?;
        drop(turn);
        let lock = self.layout.lock(&format!("{}.lock", unit.key));
        let waiting = || {
            wait(Wait::OtherRun);
            let message = format!("another run builds {label}; waiting for it");
            self.observer.notice(&Event::Warning { message: &message });
        };
        let _lock = Lock::acquire(&lock, waiting).map_err(|source| error(None)(source.into()))?;
        // Whoever held the lock may have built it. What was damaged has been announced.
        let built = self
            .cache
            .verify(unit)
            .map_err(|source| error(None)(source.into()))?;
        if stop.is_none()
            && let Lookup::Found(entry) = built
        {
            self.announce(index, entry, Origin::OtherRun, progress);
            return Ok(());
        }
        self.layout
            .make_build_root()
            .map_err(|source| error(None)(source.into()))?;
        let sandbox = self
            .sandbox(unit, progress)
            .map_err(|cause| error(None)(cause.into()))?;
        let log_path = self.layout.log(unit);
        let log = create(&log_path).map_err(|source| error(None)(source.into()))?;
        let context = Context {
            plan: self.plan,
            index,
            directory: self.layout.unit(unit),
            entries: &|needed| progress.entries()[&needed].clone(),
            search_path: self.search_path,
            sandbox: &sandbox,
            job_server,
            children: &progress.children,
            log: &log,
            log_path: &log_path,
            cache: self.cache,
            observer: self.observer,
        };
        let last = stop.unwrap_or(Phase::Postprocess);
        let staged = context
            .build(&fetched, last)
            .map_err(|cause| error(Some(log_path.clone()))(cause.into()))?;
        if stop.is_some() {
            if let Some(visit) = self.hooks.visit {
                self.observer.notice(&Event::Visited { package: &label });
                let session = Session::new(&context, &log_path, last);
                visit(&session).map_err(|cause| error(None)(cause.into()))?;
            }
            return Ok(());
        }
        self.observer.notice(&Event::Phase {
            package: &label,
            phase: Phase::Cache,
        });
        let entry = self
            .cache
            .store(unit, &staged)
            .map_err(|cause| error(None)(Cause::Store(cause)))?;
        let clean_up = || -> io::Result<()> {
            if self.keep_logs {
                fs_err::copy(&log_path, self.cache.path(unit, "log"))?;
            }
            fs_err::remove_file(&log_path)?;
            atomic::remove_directory(&context.directory)
        };
        clean_up().map_err(|source| error(None)(source.into()))?;
        self.announce(index, entry, Origin::Build, progress);
        Ok(())
    }

    /// Lets the entry of a unit be taken, if it has one.
    fn hand_on(
        &self,
        index: usize,
        progress: &Progress,
        job_server: &jobserver::Client,
    ) -> Result<(), UnitError> {
        let entry = progress.entries().get(&index).cloned();
        if let (Some(take), Some(entry)) = (self.hooks.take, entry) {
            let _token = job_server.acquire().map_err(|error| UnitError {
                label: self.plan.units[index].label(),
                log: None,
                cause: Box::new(error.into()),
            })?;
            if !progress.children.is_cancelled() {
                take(index, &entry);
            }
        }
        Ok(())
    }

    /// The run's sandbox, made when the first unit is built. What it does not prevent is said then, and for each unit
    /// what its recipe lets escape.
    fn sandbox(&self, unit: &Unit, progress: &Progress) -> Result<Arc<Sandbox>, SandboxError> {
        let say = |message: &str| self.observer.notice(&Event::Warning { message });
        let mut made = progress
            .sandbox
            .lock()
            .expect("no holder panics because observers do not");
        let sandbox = match &*made {
            Some(sandbox) => Arc::clone(sandbox),
            None => {
                let tools = self.plan.programs(self.search_path);
                let needs = Needs {
                    tools: &tools,
                    directories: &self.directories,
                };
                let scratch = self.layout.sandbox_root();
                fs_err::create_dir_all(&scratch)?;
                let sandbox = Sandbox::new(self.isolation, &needs, &scratch)?;
                sandbox.warnings().iter().for_each(|warning| say(warning));
                Arc::clone(made.insert(Arc::new(sandbox)))
            }
        };
        drop(made);
        let escapes = unit.recipe.escapes.lines();
        let label = unit.label();
        for escape in &escapes {
            say(&format!("{label} is built {escape}"));
        }
        let isolation = std::iter::once(sandbox.isolation().name().to_owned()).chain(escapes);
        self.observer.notice(&Event::Isolated {
            package: &label,
            isolation: &isolation.collect::<Vec<_>>().join("; "),
        });
        Ok(sandbox)
    }

    /// The unit's entry, when it is there and whole. A damaged one is announced and counts as absent.
    fn cached(&self, unit: &Unit) -> io::Result<Option<Entry>> {
        match self.cache.verify(unit)? {
            Lookup::Found(entry) => Ok(Some(entry)),
            Lookup::Absent => Ok(None),
            Lookup::Damaged(reason) => {
                let message = format!(
                    "Checksum mismatch for {}. Forcing rebuild: {reason}",
                    unit.label()
                );
                self.observer.notice(&Event::Warning { message: &message });
                Ok(None)
            }
        }
    }

    fn announce(&self, index: usize, entry: Entry, origin: Origin, progress: &Progress) {
        self.cache.touch(&self.plan.units[index]);
        let package = &self.plan.units[index].label();
        // Before those that wait for it go on, so that what is heard is in order.
        self.observer.notice(&Event::Ready { package, origin });
        progress.entries().insert(index, entry);
        progress.changed.notify_all();
    }

    fn lament(&self, error: &UnitError) {
        let cancelled = matches!(*error.cause, Cause::Build(BuildError::Cancelled));
        let reason = (!cancelled).then(|| error.cause.to_string());
        self.observer.notice(&Event::Failed {
            package: &error.label,
            reason: reason.as_deref(),
        });
    }

    fn fetch(&self, unit: &Unit, progress: &Progress) -> Result<crate::fetch::Fetched, Cause> {
        {
            let mut fetches = progress
                .fetches
                .lock()
                .expect("no holder panics because none calls out");
            while *fetches >= MAX_FETCHES {
                fetches = progress
                    .fetch_ended
                    .wait(fetches)
                    .expect("no holder panics because none calls out");
            }
            *fetches += 1;
        }
        let label = unit.label();
        self.observer.notice(&Event::Phase {
            package: &label,
            phase: Phase::Fetch,
        });
        let recipe = &unit.recipe;
        let result = self
            .fetcher
            .fetch(unit.name(), &recipe.source, recipe.directory(), self.observer);
        *progress
            .fetches
            .lock()
            .expect("no holder panics because none calls out") -= 1;
        progress.fetch_ended.notify_one();
        Ok(result?)
    }
}

fn create(path: &std::path::Path) -> io::Result<File> {
    if let Some(directory) = path.parent() {
        fs_err::create_dir_all(directory)?;
    }
    let file = fs_err::File::options().create(true).append(true).open(path)?;
    file.set_len(0)?;
    Ok(file.into_parts().0)
}
