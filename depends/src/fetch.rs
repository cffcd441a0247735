//! Getting the sources of packages into the sources directory: over the network, from files, through apt and cargo.
//!
//! A file gets its name there only after its digest was found right, whatever route it came by, so that what has the
//! name is good or was put there by someone else. Nothing here unpacks anything.

mod apt;
mod cargo;
mod config;
mod discover;
mod error;
mod http;
mod local;
mod program;
mod store;
#[cfg(test)]
mod test_support;

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

pub use config::FetchConfig;
pub use error::{Failure, FetchError, Mismatch, Mode, RouteError, Unavailable, Wanted};

use crate::digest::Digest;
use crate::observer::{Event, Observer};
use crate::recipe::source::{Archive, Route, Source};
use store::{Delivery, Presence, Store};

/// Fetches sources. One can be shared by threads, and by any number of processes the directory.
#[derive(Debug)]
pub struct Fetcher {
    config: FetchConfig,
    client: Mutex<Option<http::Client>>,
    /// Debian's package lists, one for each suite; the lock is held while they are read.
    suites: Mutex<BTreeMap<String, Arc<apt::Suite>>>,
}

/// A source that is on this machine, verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// A packed source.
    Archive {
        /// The file.
        path: PathBuf,
        /// Its index in [`Source::archives`].
        archive: usize,
    },
    /// A directory, given by the user, that is the unpacked source; its digest is [`Source::tree_sha256`].
    Tree(PathBuf),
}

impl Fetcher {
    /// A fetcher. Nothing is touched before it is used.
    #[must_use]
    pub fn new(config: FetchConfig) -> Self {
        Self {
            config,
            client: Mutex::new(None),
            suites: Mutex::new(BTreeMap::new()),
        }
    }

    /// Gets one of a package's archives, if none is there already: each archive's routes in their order, then the
    /// fallback. Paths in the recipe are relative to `recipe_directory`.
    ///
    /// A file in the sources directory that has a wrong digest is replaced only when a right one has arrived, and kept
    /// then as `<file>.bad-<first digits of its digest>`.
    ///
    /// # Errors
    /// No route led to the source, and each one's cause; or the sources directory cannot be read or written.
    ///
    /// # Panics
    /// In an asynchronous task: this function blocks.
    pub fn fetch(
        &self,
        package: &str,
        source: &Source,
        recipe_directory: &Path,
        observer: &dyn Observer,
    ) -> Result<Fetched, FetchError> {
        let mut failures = Vec::new();
        if let Some(fetched) = self.present(package, source, Some(observer), &mut failures)? {
            return Ok(fetched);
        }
        let fallback = self.config.fallback.as_ref();
        let routes = source.archives.iter().enumerate().flat_map(|(index, archive)| {
            archive
                .routes
                .iter()
                .map(move |route| (index, archive, route.clone()))
        });
        let fallbacks = source.archives.iter().enumerate().filter_map(|(index, archive)| {
            let prefix = fallback?.trim_end_matches('/');
            let url = format!("{prefix}/{}", archive.file);
            let route = if prefix.contains("://") {
                Route::Url(url)
            } else {
                Route::Path(url.into())
            };
            Some((index, archive, route))
        });
        for (index, archive, route) in routes.chain(fallbacks) {
            let name = route_name(&route);
            let job = Job {
                package,
                archive,
                expected: Some(archive.sha256),
                source,
                recipe_directory,
                observer,
                store: Store::new(&self.config.sources),
            };
            observer.notice(&Event::Fetching {
                package,
                file: &archive.file,
                route: &name,
            });
            match self.follow(&route, &job) {
                Ok(Arrival::File(path)) => {
                    observer.notice(&Event::Fetched {
                        package,
                        file: &archive.file,
                    });
                    return Ok(Fetched::Archive { path, archive: index });
                }
                Ok(Arrival::Tree(path)) => return Ok(Fetched::Tree(path)),
                Err(RouteError::Store(source)) => {
                    return Err(FetchError::Store {
                        package: package.to_owned(),
                        source,
                    });
                }
                Err(cause) => {
                    let reason = cause.to_string();
                    observer.notice(&Event::RouteFailed {
                        package,
                        route: &name,
                        reason: &reason,
                    });
                    failures.push(Failure { route: name, cause });
                }
            }
        }
        let mode = if self.config.offline {
            Mode::Offline
        } else {
            Mode::Online
        };
        Err(self.unavailable(package, source, mode, failures))
    }

    /// Finds one of a package's archives in the sources directory, and fetches nothing.
    ///
    /// # Errors
    /// None is there, or those that are have a wrong digest.
    pub fn check(&self, package: &str, source: &Source) -> Result<Fetched, FetchError> {
        let mut failures = Vec::new();
        self.present(package, source, None, &mut failures)?
            .ok_or_else(|| self.unavailable(package, source, Mode::Check, failures))
    }

    /// The first archive that is in the sources directory with the right digest; wrong ones are added to `failures`.
    fn present(
        &self,
        package: &str,
        source: &Source,
        observer: Option<&dyn Observer>,
        failures: &mut Vec<Failure>,
    ) -> Result<Option<Fetched>, FetchError> {
        let store = Store::new(&self.config.sources);
        for (index, archive) in source.archives.iter().enumerate() {
            if !is_file_name(&archive.file) {
                return Err(FetchError::FileName {
                    package: package.to_owned(),
                    file: archive.file.clone(),
                });
            }
            let presence =
                store
                    .presence(&archive.file, archive.sha256)
                    .map_err(|source| FetchError::Store {
                        package: package.to_owned(),
                        source,
                    })?;
            match presence {
                Presence::Absent => {}
                Presence::Right(path) => {
                    if let Some(observer) = observer {
                        let file = &archive.file;
                        observer.notice(&Event::Fetched { package, file });
                    }
                    return Ok(Some(Fetched::Archive { path, archive: index }));
                }
                Presence::Wrong(mismatch) => {
                    if let Some(observer) = observer {
                        let message = format!("{package}: {mismatch}");
                        observer.notice(&Event::Warning { message: &message });
                    }
                    failures.push(Failure {
                        route: "sources directory".to_owned(),
                        cause: RouteError::Mismatch(mismatch),
                    });
                }
            }
        }
        Ok(None)
    }

    fn follow(&self, route: &Route, job: &Job<'_>) -> Result<Arrival, RouteError> {
        let is_remote = match route {
            Route::Url(url) => !url.starts_with("file://"),
            Route::Apt { .. } | Route::Crate { .. } => true,
            Route::Path(_) => false,
        };
        if is_remote && self.config.offline {
            return Err(RouteError::Offline);
        }
        match route {
            Route::Url(url) if !is_remote => local::fetch(&local::path_of(url)?, job),
            Route::Url(url) => self.client()?.fetch(url, job).map(Arrival::File),
            Route::Path(path) => local::fetch(&job.recipe_directory.join(path), job),
            Route::Apt { source, suite, file } => {
                let file = file.as_deref().unwrap_or(&job.archive.file);
                self.fetch_debian(source, suite, file, job).map(Arrival::File)
            }
            Route::Crate { name, version } => {
                cargo::fetch(&self.config, name, version, job).map(Arrival::File)
            }
        }
    }

    fn fetch_debian(
        &self,
        name: &str,
        suite: &str,
        file: &str,
        job: &Job<'_>,
    ) -> Result<PathBuf, RouteError> {
        let suite = self.suite(suite, job)?;
        suite.fetch(&self.client()?, name, file, job)
    }

    /// The suite, whose lists are read at the first call.
    fn suite(&self, name: &str, job: &Job<'_>) -> Result<Arc<apt::Suite>, RouteError> {
        let mut suites = self.suites.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = suites.get(name) {
            return Ok(Arc::clone(known));
        }
        let read = Arc::new(apt::Suite::read(&self.config, name, job)?);
        suites.insert(name.to_owned(), Arc::clone(&read));
        Ok(read)
    }

    fn client(&self) -> Result<http::Client, RouteError> {
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = &*client {
            return Ok(client.clone());
        }
        Ok(client.insert(http::Client::new(&self.config)?).clone())
    }

    fn unavailable(&self, package: &str, source: &Source, mode: Mode, failures: Vec<Failure>) -> FetchError {
        FetchError::Unavailable(Box::new(Unavailable {
            package: package.to_owned(),
            wanted: source
                .archives
                .iter()
                .map(|archive| Wanted {
                    file: archive.file.clone(),
                    sha256: archive.sha256,
                })
                .collect(),
            sources: self.config.sources.clone(),
            mode,
            failures,
        }))
    }
}

/// The files in a sources directory that transfers of killed processes have left.
pub(crate) fn leftovers(sources: &Path) -> std::io::Result<Vec<PathBuf>> {
    if sources.is_dir() {
        Store::new(sources).leftovers(".")
    } else {
        Ok(Vec::new())
    }
}

/// One archive that is to be fetched.
struct Job<'a> {
    package: &'a str,
    source: &'a Source,
    archive: &'a Archive,
    /// The digest that the file must have, where it is known.
    expected: Option<Digest>,
    recipe_directory: &'a Path,
    observer: &'a dyn Observer,
    store: Store<'a>,
}

impl Job<'_> {
    /// Where the file goes, and who watches it arrive.
    fn delivery(&self) -> Delivery<'_> {
        Delivery {
            package: self.package,
            file: &self.archive.file,
            expected: self.expected,
            observer: self.observer,
            store: self.store,
        }
    }
}

/// What a route led to.
#[derive(Debug)]
enum Arrival {
    File(PathBuf),
    Tree(PathBuf),
}

/// A route as messages name it.
pub(crate) fn route_name(route: &Route) -> String {
    match route {
        Route::Url(url) => url.clone(),
        Route::Apt { source, suite, .. } => format!("apt source {source} ({suite})"),
        Route::Crate { name, version } => format!("crate {name} {version}"),
        Route::Path(path) => path.display().to_string(),
    }
}

/// Whether a name can be given to a file in the sources directory.
fn is_file_name(name: &str) -> bool {
    let mut components = Path::new(name).components();
    let is_one = matches!(components.next(), Some(Component::Normal(first)) if first == name);
    is_one && components.next().is_none() && !name.contains('\0')
}

#[cfg(test)]
mod tests;
