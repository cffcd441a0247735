//! Routes that stay on this machine: a file, a directory that holds it, or a directory that is the unpacked source.

use std::path::{Path, PathBuf};

use super::{Arrival, Job, RouteError};
use crate::tree;

/// The path that a `file://` location names.
pub(super) fn path_of(url: &str) -> Result<PathBuf, RouteError> {
    let error = |reason: String| RouteError::Location {
        location: url.to_owned(),
        reason,
    };
    let location = reqwest::Url::parse(url).map_err(|parse_error| error(parse_error.to_string()))?;
    location
        .to_file_path()
        .map_err(|()| error("it names another machine, or no absolute path".to_owned()))
}

/// Takes the source from `path`.
pub(super) fn fetch(path: &Path, job: &Job<'_>) -> Result<Arrival, RouteError> {
    let Ok(metadata) = path.metadata() else {
        return Err(RouteError::NotThere {
            path: path.to_owned(),
        });
    };
    if !metadata.is_dir() {
        return job.delivery().receive_file(path).map(Arrival::File);
    }
    let file = path.join(&job.archive.file);
    if file.is_file() {
        return job.delivery().receive_file(&file).map(Arrival::File);
    }
    let Some(expected) = job.source.tree_sha256 else {
        return Err(RouteError::NoFile {
            directory: path.to_owned(),
            file: job.archive.file.clone(),
        });
    };
    let actual = tree::digest(path)?;
    if actual != expected {
        return Err(RouteError::WrongTree {
            directory: path.to_owned(),
            file: job.archive.file.clone(),
            expected,
            actual,
        });
    }
    Ok(Arrival::Tree(path.to_owned()))
}
