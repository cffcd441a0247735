//! A world for one test: recipes, a server that has their sources, and a place to build in.

pub(crate) mod child;
mod package;
mod recorder;
mod server;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use depends::observer::Observer;
use depends::plan::{Plan, Unit};
use depends::{Engine, EngineError, Installed, Settings};
use tempfile::TempDir;

pub(crate) use package::Package;
pub(crate) use recorder::Recorder;
pub(crate) use server::Server;

/// Recipes, the server that has their sources, and a base directory. All of it goes with the test.
pub(crate) struct World {
    directory: TempDir,
    pub(crate) server: Server,
}

impl World {
    /// A world with these packages.
    pub(crate) fn new(packages: impl IntoIterator<Item = Package>) -> Self {
        let world = Self {
            directory: tempfile::tempdir().unwrap(),
            server: Server::start(),
        };
        fs_err::create_dir(world.recipes()).unwrap();
        for package in packages {
            world.add(&package);
        }
        world
    }

    /// Writes a package's recipe, in place of an earlier one, and gives its source to the server.
    pub(crate) fn add(&self, package: &Package) {
        package.write(&self.recipes().join(package.name()), &self.server);
    }

    /// A path in the world's directory, for whatever a test needs.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn recipes(&self) -> PathBuf {
        self.path("packages")
    }

    pub(crate) fn base(&self) -> PathBuf {
        self.path("base")
    }

    /// Writes a file in the world's directory.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(&path, text).unwrap();
        path
    }

    /// Writes a program in the world's directory.
    pub(crate) fn write_program(&self, name: &str, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.write(name, text);
        fs_err::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// A run in this world, with two jobs.
    pub(crate) fn run(&self) -> Run {
        Run {
            base: self.base(),
            recipes: self.recipes(),
            // What fails in a test does not pass by being tried again.
            arguments: vec![("DOWNLOAD_RETRIES".to_owned(), "0".to_owned())],
            jobs: 2,
            offline: false,
            recorder: Arc::new(Recorder::default()),
        }
    }
}

/// One run of the engine.
#[derive(Clone)]
pub(crate) struct Run {
    pub(crate) base: PathBuf,
    pub(crate) recipes: PathBuf,
    pub(crate) arguments: Vec<(String, String)>,
    pub(crate) jobs: usize,
    pub(crate) offline: bool,
    pub(crate) recorder: Arc<Recorder>,
}

impl Run {
    pub(crate) fn option(mut self, name: &str, value: impl AsRef<Path>) -> Self {
        let value = value.as_ref().to_str().unwrap().to_owned();
        self.arguments.push((name.to_owned(), value));
        self
    }

    pub(crate) fn options(self, options: &[(&str, &str)]) -> Self {
        let add = |run: Self, (name, value): &(&str, &str)| run.option(name, value);
        options.iter().fold(self, add)
    }

    pub(crate) fn jobs(mut self, jobs: usize) -> Self {
        self.jobs = jobs;
        self
    }

    pub(crate) fn offline(mut self) -> Self {
        self.offline = true;
        self
    }

    pub(crate) fn base(mut self, base: impl Into<PathBuf>) -> Self {
        self.base = base.into();
        self
    }

    pub(crate) fn try_engine(&self) -> Result<Engine, EngineError> {
        let settings = Settings {
            base: self.base.clone(),
            recipes: self.recipes.clone(),
            arguments: self.arguments.clone(),
            jobs: self.jobs,
            offline: self.offline,
        };
        Engine::new(settings, Arc::clone(&self.recorder) as Arc<dyn Observer>)
    }

    pub(crate) fn engine(&self) -> Engine {
        expect_success(self.try_engine())
    }

    pub(crate) fn try_install(&self) -> Result<Installed, EngineError> {
        self.try_engine()?.install()
    }

    /// Installs, which must succeed.
    pub(crate) fn install(&self) -> Installed {
        expect_success(self.try_install())
    }

    /// Installs, which must fail, and returns all that the failure says.
    pub(crate) fn failure(&self) -> String {
        match self.try_install() {
            Ok(installed) => panic!("this should have failed: {installed:?}"),
            Err(error) => told(&error),
        }
    }

    pub(crate) fn plan(&self) -> Plan {
        expect_success(self.engine().plan())
    }

    /// One package of the plan; `native_` before its name for its native form.
    pub(crate) fn unit(&self, name: &str) -> Unit {
        let plan = self.plan();
        plan.units[plan.find(name).unwrap()].clone()
    }

    /// The path of a file of the package in the cache.
    pub(crate) fn cached(&self, name: &str, extension: &str) -> PathBuf {
        let engine = self.engine();
        let cache = depends::cache::Cache::new(engine.layout().cache.clone());
        cache.path(&self.unit(name), extension)
    }

    /// The text of a file in the installed prefix.
    pub(crate) fn installed(&self, file: &str) -> String {
        fs_err::read_to_string(self.install().prefix.join(file)).unwrap()
    }
}

pub(crate) fn expect_success<T>(result: Result<T, EngineError>) -> T {
    result.unwrap_or_else(|error| panic!("{}", told(&error)))
}

/// All that an error says, its causes, its logs and its help included.
pub(crate) fn told(error: &EngineError) -> String {
    let mut text = error.to_string();
    let mut add = |line: &dyn std::fmt::Display| writeln!(text, "\n{line}").unwrap();
    match error {
        EngineError::Units(units) => {
            for unit in units {
                add(unit);
                let mut cause: Option<&dyn std::error::Error> = Some(&*unit.cause);
                while let Some(error) = cause {
                    add(&error);
                    cause = error.source();
                }
                if let Some(log) = &unit.log {
                    add(&log.display());
                    add(&fs_err::read_to_string(log).unwrap());
                }
            }
        }
        EngineError::Sources(failed) => {
            for (package, error) in failed {
                add(package);
                add(error);
            }
        }
        _ => {
            let mut cause = std::error::Error::source(error);
            while let Some(error) = cause {
                add(&error);
                cause = error.source();
            }
        }
    }
    if let Some(help) = miette::Diagnostic::help(error) {
        add(&help);
    }
    text
}

/// Checks that a text says each of `words`.
#[track_caller]
pub(crate) fn assert_says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word:?} is missing in:\n{text}");
    }
}

/// The files and links below a directory, relative to it; a directory that is not there has none.
pub(crate) fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![directory.to_owned()];
    while let Some(next) = waiting.pop() {
        let Ok(entries) = fs_err::read_dir(&next) else {
            continue;
        };
        for entry in entries {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                waiting.push(entry.path());
            } else {
                found.push(entry.path().strip_prefix(directory).unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}
