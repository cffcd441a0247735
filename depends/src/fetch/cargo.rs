//! Crates, through cargo: whichever registry, mirror or proxy the user has set up for it, and a crate that cargo has
//! already.

use std::env;
use std::path::{Path, PathBuf};

use super::{FetchConfig, Job, RouteError, program};
use crate::scratch::Scratch;

/// Gets the file of the crate `name`, of exactly `version`.
pub(super) fn fetch(
    config: &FetchConfig,
    name: &str,
    version: &str,
    job: &Job<'_>,
) -> Result<PathBuf, RouteError> {
    let cargo = program::find(config, "cargo").ok_or(RouteError::NoProgram {
        program: "cargo",
        carried_by: "it comes with Rust",
    })?;
    let file = format!("{name}-{version}.crate");
    let home = config
        .cargo_home
        .clone()
        .or_else(|| env::var_os("CARGO_HOME").map(PathBuf::from));
    let cache = home
        .or_else(|| env::home_dir().map(|home| home.join(".cargo")))
        .unwrap_or_default()
        .join("registry/cache");
    if let Some(result) = take(&cache, &file, job)
        && !matches!(result, Err(RouteError::Mismatch(_)))
    {
        return result;
    }
    let scratch = Scratch::new(&config.scratch, "crate-").map_err(RouteError::Io)?;
    fs_err::write(scratch.path().join("Cargo.toml"), manifest(name, version)).map_err(RouteError::Io)?;
    fs_err::write(scratch.path().join("lib.rs"), "").map_err(RouteError::Io)?;
    let mut command = program::command(config, &cargo, scratch.path());
    command.args(["fetch", "--manifest-path", "Cargo.toml"]);
    if let Some(home) = &config.cargo_home {
        command.env("CARGO_HOME", home);
    }
    program::run(command, job)?;
    take(&cache, &file, job).unwrap_or(Err(RouteError::NoCrateFile { file, cache }))
}

/// Takes the file from cargo's cache, in which each registry has a directory; `None` if none has it.
fn take(cache: &Path, file: &str, job: &Job<'_>) -> Option<Result<PathBuf, RouteError>> {
    let mut last = None;
    for registry in fs_err::read_dir(cache).ok()?.flatten() {
        let path = registry.path().join(file);
        if path.is_file() {
            let result = job.delivery().receive_file(&path);
            if result.is_ok() {
                return Some(result);
            }
            last = Some(result);
        }
    }
    last
}

/// The manifest of a package that depends on the crate and belongs to no workspace.
fn manifest(name: &str, version: &str) -> String {
    // A requirement has no place for build metadata, which the file's name and digest decide.
    let required = version.split('+').next().unwrap_or(version);
    let package: toml::Table = [
        ("name".to_owned(), "source-fetch".into()),
        ("version".to_owned(), "0.0.0".into()),
        ("edition".to_owned(), "2021".into()),
        ("publish".to_owned(), false.into()),
    ]
    .into_iter()
    .collect();
    let dependency: toml::Table = [
        ("version".to_owned(), format!("={required}").into()),
        ("default-features".to_owned(), false.into()),
    ]
    .into_iter()
    .collect();
    let manifest: toml::Table = [
        ("package".to_owned(), package.into()),
        (
            "lib".to_owned(),
            toml::Table::from_iter([("path".to_owned(), "lib.rs".into())]).into(),
        ),
        ("workspace".to_owned(), toml::Table::new().into()),
        (
            "dependencies".to_owned(),
            toml::Table::from_iter([(name.to_owned(), dependency.into())]).into(),
        ),
    ]
    .into_iter()
    .collect();
    manifest.to_string()
}

#[cfg(test)]
mod tests;
