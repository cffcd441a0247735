//! Debian source packages, through apt: whichever mirror and proxy the machine is set up with, and any suite that the
//! mirror carries. Needs no rights and leaves the system's own lists alone.

mod lists;
mod uris;

use std::path::{Path, PathBuf};
use std::process::Command;

use super::http::Client;
use super::{FetchConfig, Job, RouteError, program};
use crate::scratch::Scratch;
use uris::Location;

const CARRIED_BY: &str = "the route needs Debian or a system made from it";

/// The key ring that Debian signs its archive with, where the system's source lists name none.
const KEY_RINGS: [&str; 2] = [
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-keyring.pgp",
];

/// The source packages of one suite. The lists go with it.
#[derive(Debug)]
pub(super) struct Suite {
    config: FetchConfig,
    program: PathBuf,
    state: Scratch,
}

impl Suite {
    /// Reads the suite's list of source packages.
    pub(super) fn read(config: &FetchConfig, name: &str, job: &Job<'_>) -> Result<Self, RouteError> {
        let program = program::find(config, "apt-get").ok_or(RouteError::NoProgram {
            program: "apt-get",
            carried_by: CARRIED_BY,
        })?;
        let state = Scratch::new(&config.scratch, "apt-").map_err(RouteError::Io)?;
        let suite = Self {
            config: config.clone(),
            program,
            state,
        };
        suite.write_lists(name, job)?;
        let mut update = suite.apt_get(suite.state.path());
        update.arg("update");
        program::run(update, job)?;
        Ok(suite)
    }

    fn write_lists(&self, name: &str, job: &Job<'_>) -> Result<(), RouteError> {
        let path = |name: &str| self.state.path().join(name);
        for directory in ["parts", "state/lists/partial", "cache/archives/partial"] {
            fs_err::create_dir_all(path(directory)).map_err(RouteError::Io)?;
        }
        let key_ring = KEY_RINGS.into_iter().find(|ring| Path::new(ring).exists());
        let list = lists::deb_src(&self.system_entries(job)?, name, key_ring).ok_or(RouteError::NotDebian)?;
        fs_err::write(path("parts/suite.sources"), list).map_err(RouteError::Io)?;
        // What the system does after its own updates is not for these lists.
        let hooks = ["Pre-Invoke", "Post-Invoke", "Post-Invoke-Success"]
            .map(|hook| format!("#clear APT::Update::{hook};\n"))
            .concat();
        fs_err::write(path("apt.conf"), hooks).map_err(RouteError::Io)
    }

    /// The entries of the system's own source lists.
    fn system_entries(&self, job: &Job<'_>) -> Result<Vec<lists::Entry>, RouteError> {
        let (mut list, mut parts) = (
            PathBuf::from("/etc/apt/sources.list"),
            PathBuf::from("/etc/apt/sources.list.d"),
        );
        if let Some(apt_config) = program::find(&self.config, "apt-config") {
            let mut command = program::command(&self.config, &apt_config, self.state.path());
            command.args([
                "shell",
                "LIST",
                "Dir::Etc::sourcelist/f",
                "PARTS",
                "Dir::Etc::sourceparts/d",
            ]);
            for line in program::run(command, job)?.lines() {
                match line.split_once('=') {
                    Some(("LIST", path)) => list = path.trim_matches('\'').into(),
                    Some(("PARTS", path)) => parts = path.trim_matches('\'').into(),
                    _ => {}
                }
            }
        }
        let mut entries = Vec::new();
        if let Ok(text) = fs_err::read_to_string(&list) {
            entries.extend(lists::one_line(&text));
        }
        let mut files: Vec<PathBuf> = fs_err::read_dir(&parts)
            .map(|directory| directory.flatten().map(|entry| entry.path()).collect())
            .unwrap_or_default();
        files.sort();
        for file in files {
            let extension = file.extension().and_then(|extension| extension.to_str());
            let read: fn(&str) -> Vec<lists::Entry> = match extension {
                Some("list") => lists::one_line,
                Some("sources") => lists::deb822,
                _ => continue,
            };
            if let Ok(text) = fs_err::read_to_string(&file) {
                entries.extend(read(&text));
            }
        }
        Ok(entries)
    }

    fn apt_get(&self, directory: &Path) -> Command {
        let mut command = program::command(&self.config, &self.program, directory);
        let mut option = |name: &str, value: &std::ffi::OsStr| {
            let mut setting = std::ffi::OsString::from(format!("{name}="));
            setting.push(value);
            command.arg("-o").arg(setting);
        };
        let path = |name: &str| self.state.path().join(name).into_os_string();
        option("Dir::Etc::sourcelist", "/dev/null".as_ref());
        option("Dir::Etc::sourceparts", &path("parts"));
        option("Dir::State", &path("state"));
        option("Dir::State::lists", &path("state/lists"));
        option("Dir::State::status", "/dev/null".as_ref());
        option("Dir::Cache", &path("cache"));
        // Several threads may ask at once: what apt would keep of its reading, each has for itself.
        option("Dir::Cache::pkgcache", "".as_ref());
        option("Dir::Cache::srcpkgcache", "".as_ref());
        option("Acquire::Retries", self.config.retries.to_string().as_ref());
        let seconds = self.config.connect_timeout.as_secs().max(1).to_string();
        option("Acquire::http::Timeout", seconds.as_ref());
        option("Acquire::https::Timeout", seconds.as_ref());
        command.arg("-c").arg(path("apt.conf")).arg("-q");
        command
    }

    /// The names of the files of the source package `name`.
    pub(super) fn files(&self, name: &str, job: &Job<'_>) -> Result<Vec<String>, RouteError> {
        let locations = self.locations(name, job)?;
        Ok(locations.into_iter().map(|location| location.file).collect())
    }

    fn locations(&self, name: &str, job: &Job<'_>) -> Result<Vec<Location>, RouteError> {
        let mut print = self.apt_get(self.state.path());
        print.args(["--print-uris", "--only-source", "--download-only", "source", name]);
        Ok(uris::parse(&program::run(print, job)?))
    }

    /// Gets one file of the source package `name`.
    pub(super) fn fetch(
        &self,
        client: &Client,
        name: &str,
        file: &str,
        job: &Job<'_>,
    ) -> Result<PathBuf, RouteError> {
        let source = |command: &mut Command| {
            command.args(["--only-source", "--download-only", "source", name]);
        };
        let location = uris::find(&self.locations(name, job)?, file, job.expected)?;
        if location.is_http()
            && let Ok(path) = client.fetch(&location.uri, job)
        {
            return Ok(path);
        }
        self.download(&location, source, job)
    }

    /// Lets apt transfer the file, which knows more kinds of mirrors and proxies than the client here.
    fn download(
        &self,
        location: &Location,
        source: impl FnOnce(&mut Command),
        job: &Job<'_>,
    ) -> Result<PathBuf, RouteError> {
        let directory = tempfile::tempdir_in(self.state.path()).map_err(RouteError::Io)?;
        let mut command = self.apt_get(directory.path());
        source(&mut command);
        // It fails also if another file of the package is missing.
        let result = program::run(command, job);
        let file = directory.path().join(&location.file);
        if file.is_file() {
            return job.delivery().receive_file(&file);
        }
        result?;
        Err(RouteError::NotThere { path: file })
    }
}

#[cfg(test)]
mod tests;
