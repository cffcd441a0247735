//! Getting a file whose digest is not known yet, for whoever writes a recipe and not for whoever builds from one.

use std::path::{Path, PathBuf};

use super::store::Store;
use super::{Arrival, Fetcher, Job, RouteError, is_file_name};
use crate::digest::Digest;
use crate::observer::{Event, Observer};
use crate::recipe::source::{Archive, Route, Source};

impl Fetcher {
    /// Gets the file that `route` leads to, whatever it is, under the name `file` into the sources directory, which
    /// should be nobody else's.
    ///
    /// # Errors
    /// The route leads nowhere, or to a directory.
    ///
    /// # Panics
    /// In an asynchronous task: this function blocks.
    pub fn discover(
        &self,
        package: &str,
        file: &str,
        route: &Route,
        recipe_directory: &Path,
        observer: &dyn Observer,
    ) -> Result<PathBuf, RouteError> {
        if !is_file_name(file) {
            return Err(RouteError::Location {
                location: file.to_owned(),
                reason: "it is no file name".to_owned(),
            });
        }
        let name = super::route_name(route);
        observer.notice(&Event::Fetching {
            package,
            file,
            route: &name,
        });
        let source = unknown(file);
        let arrival = self.follow(route, &self.job(package, &source, recipe_directory, observer))?;
        observer.notice(&Event::Fetched { package, file });
        match arrival {
            Arrival::File(path) => Ok(path),
            Arrival::Tree(directory) => Err(RouteError::NoFile {
                directory,
                file: file.to_owned(),
            }),
        }
    }

    /// The name of the archive of upstream's source in a Debian source package.
    ///
    /// # Errors
    /// The package is not in the suite, or has no such archive.
    pub fn debian_archive(
        &self,
        name: &str,
        suite: &str,
        observer: &dyn Observer,
    ) -> Result<String, RouteError> {
        if self.config.offline {
            return Err(RouteError::Offline);
        }
        let source = unknown("");
        let job = self.job(name, &source, Path::new(""), observer);
        let files = self.suite(suite, &job)?.files(name, &job)?;
        let is_archive = |file: &&String| file.contains(".orig.tar.") && !file.ends_with(".asc");
        match files.iter().find(is_archive) {
            Some(file) => Ok(file.clone()),
            None => Err(RouteError::NotListed {
                file: format!("{name}_*.orig.tar.*"),
                listed: files,
            }),
        }
    }

    fn job<'a>(
        &'a self,
        package: &'a str,
        source: &'a Source,
        recipe_directory: &'a Path,
        observer: &'a dyn Observer,
    ) -> Job<'a> {
        Job {
            package,
            source,
            archive: &source.archives[0],
            expected: None,
            recipe_directory,
            observer,
            store: Store::new(&self.config.sources),
        }
    }
}

/// The source of a recipe that is yet to be written.
fn unknown(file: &str) -> Source {
    Source {
        tree_sha256: None,
        archives: vec![Archive {
            file: file.to_owned(),
            sha256: Digest::of(b""),
            root: None,
            only: Vec::new(),
            routes: Vec::new(),
        }],
    }
}
