//! Building one unit: from its source to a staged tree, phase by phase, in a directory of its own.
//!
//! A unit sees its declared dependencies, in private prefixes, and the toolchain. Which files are fetched, and what
//! becomes of the staged tree, is not decided here.

mod cmake;
mod environment;
mod error;
mod files;
mod hint;
mod make;
mod relocate;
mod session;
mod stable;
mod steps;

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::archive::{self};
use crate::atomic;
use crate::cache::{Cache, Entry};
use crate::children::Children;
use crate::extract::{self};
use crate::fetch::Fetched;
use crate::lint;
use crate::observer::{Event, Observer, Phase};
use crate::patch::{self};
use crate::plan::{Plan, Unit};
use crate::process::Program;
use crate::recipe::BuildSystem;
use crate::sandbox::{Room, Sandbox};
use crate::tool::SearchPath;
use crate::tree::{self};

pub use error::BuildError;
pub use hint::Hint;
pub use session::Session;

/// The prefix that every package is configured for. It exists nowhere, so that nothing is found there by accident, and
/// what names it in a staged tree can be made relocatable.
pub const INSTALL_PREFIX: &str = "/depends-prefix";

/// The directory in a prefix that takes the licences' texts, by package.
const LICENSES: &str = "share/licenses";

/// The directory of the unit's private prefix: what it is built against.
const DEPENDENCIES: &str = "dependencies";

/// The directory of the programs that run while it is built.
const NATIVE: &str = "native";

/// The directory that is the build's home, and stays empty.
const HOME: &str = "home";

/// The phases that happen in the unit's directory.
const PHASES: [Phase; 6] = [
    Phase::Extract,
    Phase::Preprocess,
    Phase::Configure,
    Phase::Build,
    Phase::Stage,
    Phase::Postprocess,
];

/// What the building of a unit needs besides the unit.
pub(crate) struct Context<'a> {
    /// The plan that the unit is part of.
    pub(crate) plan: &'a Plan,
    /// The unit's number in the plan.
    pub(crate) index: usize,
    /// The unit's directory.
    pub(crate) directory: PathBuf,
    /// The archives of all units that it needs, by their numbers.
    pub(crate) entries: &'a dyn Fn(usize) -> Entry,
    /// Where programs of the system are looked for.
    pub(crate) search_path: &'a SearchPath,
    /// What the programs are confined by.
    pub(crate) sandbox: &'a Sandbox,
    /// Shares the processors between all builds.
    pub(crate) job_server: &'a jobserver::Client,
    /// The programs that are running.
    pub(crate) children: &'a Children,
    /// Takes the programs' output.
    pub(crate) log: &'a File,
    /// Where that lies.
    pub(crate) log_path: &'a Path,
    /// What was built before.
    pub(crate) cache: &'a Cache,
    /// Hears what is done.
    pub(crate) observer: &'a dyn Observer,
}

impl Context<'_> {
    /// Builds the unit up to `last` and returns the staged tree.
    ///
    /// # Errors
    /// A phase failed. The directory is left as it was then.
    pub(crate) fn build(&self, fetched: &Fetched, last: Phase) -> Result<PathBuf, BuildError> {
        atomic::remove_directory(&self.directory)?;
        for directory in ["build", "stage", HOME, "tmp"] {
            fs_err::create_dir_all(self.directory.join(directory))?;
        }
        for phase in PHASES.into_iter().take_while(|phase| *phase <= last) {
            if self.children.is_cancelled() {
                return Err(BuildError::Cancelled);
            }
            let package = self.unit().label();
            self.observer.notice(&Event::Phase {
                package: &package,
                phase,
            });
            self.enter(phase, fetched).map_err(|error| {
                if self.children.is_cancelled() {
                    BuildError::Cancelled
                } else {
                    error
                }
            })?;
        }
        Ok(self.staged_prefix())
    }

    fn enter(&self, phase: Phase, fetched: &Fetched) -> Result<(), BuildError> {
        match phase {
            Phase::Extract => self.extract(fetched),
            Phase::Preprocess => self.preprocess(),
            Phase::Configure => self.configure(),
            Phase::Build => self.compile(),
            Phase::Stage => self.stage(),
            Phase::Postprocess => self.postprocess(),
            Phase::Fetch | Phase::Cache => Ok(()),
        }
    }

    fn unit(&self) -> &Unit {
        &self.plan.units[self.index]
    }

    fn source(&self) -> PathBuf {
        self.directory.join("source")
    }

    /// The directory in the source that holds the build system's own file.
    fn source_in(&self, directory: &str) -> PathBuf {
        if directory.is_empty() {
            self.source()
        } else {
            self.source().join(directory)
        }
    }

    fn build_directory(&self) -> PathBuf {
        self.directory.join("build")
    }

    fn stage_directory(&self) -> PathBuf {
        self.directory.join("stage")
    }

    fn staged_prefix(&self) -> PathBuf {
        self.stage_directory()
            .join(INSTALL_PREFIX.trim_start_matches('/'))
    }

    fn dependencies(&self) -> PathBuf {
        self.directory.join(DEPENDENCIES)
    }

    fn native(&self) -> PathBuf {
        self.directory.join(NATIVE)
    }

    fn extract(&self, fetched: &Fetched) -> Result<(), BuildError> {
        let source = &self.unit().recipe.source;
        match fetched {
            Fetched::Archive { path, archive } => {
                let archive = &source.archives[*archive];
                extract::extract(path, archive.root.as_deref(), &archive.only, &self.source())?;
            }
            Fetched::Tree(path) => tree::copy(path, &self.source())?,
        }
        if let Some(expected) = source.tree_sha256 {
            let actual = tree::digest(&self.source())?;
            if actual != expected {
                let package = self.unit().name().to_owned();
                return Err(BuildError::WrongTree {
                    package,
                    expected,
                    actual,
                });
            }
        }
        Ok(())
    }

    fn preprocess(&self) -> Result<(), BuildError> {
        let recipe = &self.unit().recipe;
        for name in &recipe.patches {
            patch::apply(&recipe.patch_path(name.get_ref()), &self.source())?;
        }
        for (directory, units) in [
            (self.dependencies(), self.plan.dependency_closure(self.index)),
            (self.native(), self.plan.native_closure(self.index)),
        ] {
            fs_err::create_dir_all(&directory)?;
            for unit in units {
                archive::unpack(&(self.entries)(unit).archive, &directory)?;
            }
        }
        Ok(())
    }

    fn configure(&self) -> Result<(), BuildError> {
        match &self.unit().recipe.build {
            BuildSystem::Cmake { directory, .. } => self.cmake_configure(directory),
            BuildSystem::Autotools { directory, .. } => self.autotools_configure(directory),
            BuildSystem::Steps { configure, .. } => self.run_steps(configure, Phase::Configure),
            BuildSystem::Make { .. } | BuildSystem::Cc { .. } | BuildSystem::Headers { .. } => Ok(()),
        }
    }

    fn compile(&self) -> Result<(), BuildError> {
        match &self.unit().recipe.build {
            BuildSystem::Cmake { targets, .. } | BuildSystem::Autotools { targets, .. } => {
                self.make(&self.build_directory(), targets, &[], Phase::Build)
            }
            BuildSystem::Make {
                directory, targets, ..
            } => self.make(
                &self.source_in(directory),
                targets,
                &self.make_variables(),
                Phase::Build,
            ),
            BuildSystem::Cc { sources, library, .. } => self.compile_files(sources, library),
            BuildSystem::Steps { build, .. } => self.run_steps(build, Phase::Build),
            BuildSystem::Headers { .. } => Ok(()),
        }
    }

    fn stage(&self) -> Result<(), BuildError> {
        match &self.unit().recipe.build {
            BuildSystem::Cmake { components, .. } => self.cmake_stage(components)?,
            BuildSystem::Autotools { install_targets, .. } => {
                self.make(
                    &self.build_directory(),
                    install_targets,
                    &[self.destdir()],
                    Phase::Stage,
                )?;
            }
            BuildSystem::Make {
                directory,
                install_targets,
                ..
            } => {
                let mut variables = self.make_variables();
                variables.push(self.destdir());
                self.make(
                    &self.source_in(directory),
                    install_targets,
                    &variables,
                    Phase::Stage,
                )?;
            }
            BuildSystem::Cc {
                library,
                headers,
                pkg_config,
                ..
            } => {
                self.stage_library(library, pkg_config)?;
                self.install_files(headers)?;
            }
            BuildSystem::Headers { headers } => self.install_files(headers)?,
            BuildSystem::Steps { stage, .. } => self.run_steps(stage, Phase::Stage)?,
        }
        if self.staged_prefix().is_dir() {
            Ok(())
        } else {
            Err(BuildError::NothingStaged {
                package: self.unit().name().to_owned(),
            })
        }
    }

    fn postprocess(&self) -> Result<(), BuildError> {
        let unit = self.unit();
        for file in &unit.recipe.license_files {
            let from = self.source().join(file);
            if !from.is_file() {
                return Err(self.no_such_file(file));
            }
            let directory = self.staged_prefix().join(LICENSES).join(unit.name());
            fs_err::create_dir_all(&directory)?;
            fs_err::copy(
                from,
                directory.join(Path::new(file).file_name().unwrap_or_default()),
            )?;
        }
        self.check_home()?;
        self.remove_unwanted()?;
        self.relocate()?;
        self.make_stable()?;
        self.check_results()
    }

    fn check_results(&self) -> Result<(), BuildError> {
        let unit = self.unit();
        // A package may be in either language, and a user's flags for one of them may leave it out.
        let asks_for_debug_info =
            |flags: &Vec<String>| flags.iter().any(|flag| flag.starts_with("-g") && flag != "-g0");
        let package = lint::Package {
            name: unit.name(),
            stage: &self.stage_directory(),
            prefix: INSTALL_PREFIX,
            build: &self.place(),
            dependencies: &self.dependencies(),
            machine: &unit.machine,
            debug: [&unit.flags.c, &unit.flags.cxx]
                .into_iter()
                .all(asks_for_debug_info),
            excuses: &unit.recipe.excuses,
        };
        let findings = package.findings()?;
        if findings.is_empty() {
            return Ok(());
        }
        Err(BuildError::Findings {
            package: unit.name().to_owned(),
            findings,
        })
    }

    /// Refuses a build that wrote to its home, where nothing else could prevent it: the next would find what it left.
    fn check_home(&self) -> Result<(), BuildError> {
        match fs_err::read_dir(self.directory.join(HOME))?.next() {
            None => Ok(()),
            Some(entry) => Err(BuildError::WroteHome {
                package: self.unit().name().to_owned(),
                file: entry?.file_name().into(),
            }),
        }
    }

    fn no_such_file(&self, path: &str) -> BuildError {
        BuildError::NoSuchFile {
            package: self.unit().name().to_owned(),
            path: path.to_owned(),
        }
    }

    fn destdir(&self) -> String {
        format!("DESTDIR={}", self.stage_directory().display())
    }

    fn system_tool(&self, tool: &str) -> Result<PathBuf, BuildError> {
        self.search_path
            .find_tool(tool, &self.unit().label())
            .map_err(BuildError::MissingTool)
    }

    fn run(&self, program: Program, phase: Phase) -> Result<(), BuildError> {
        let package = self.unit().label();
        let program = program.environments(&self.environment());
        self.observer.notice(&Event::Command {
            package: &package,
            command: program.command(),
        });
        let mut log = self.log;
        writeln!(log, "$ {}", crate::process::show(program.command()))
            .map_err(|error| atomic::named(self.log_path, &error))?;
        let program = self.confine(program)?;
        let ended = |cpu| {
            let package = &package;
            self.observer.notice(&Event::Ended { package, cpu });
        };
        self.children
            .run(program, self.log, ended)
            .map_err(|source| BuildError::Command {
                hint: self.hint().map(Box::new),
                package,
                phase,
                source,
            })
    }

    /// The name by which the unit's programs know its directory.
    fn place(&self) -> PathBuf {
        let recipe = &self.unit().recipe;
        let escapes = &recipe.escapes;
        self.sandbox
            .place(&self.directory, escapes, recipe.name(), &recipe.version)
    }

    /// `program`, confined to the unit's directories but for what its recipe lets escape, and with a share of the
    /// processors.
    fn confine(&self, program: Program) -> Result<Program, BuildError> {
        let place = self.place();
        let program = program
            .told_of(&self.directory, &place)
            .job_server(self.job_server);
        let directory = |name| self.directory.join(name);
        let room = Room {
            directory: &self.directory,
            place: &place,
            writable: &["source", "build", "stage"].map(directory),
            read_only: &[DEPENDENCIES, NATIVE, HOME].map(directory),
            temporary: &directory("tmp"),
        };
        let escapes = &self.unit().recipe.escapes;
        Ok(self.sandbox.confine(program, room, escapes, self.log)?)
    }
}
