//! Building one unit: from its source to a staged tree, phase by phase, in a directory of its own.
//!
//! A unit sees its declared dependencies, in private prefixes, and the toolchain. Which files are fetched, and what
//! becomes of the staged tree, is not decided here.

mod cmake;
mod files;
mod make;
mod relocate;
mod steps;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::archive::{self, ArchiveError};
use crate::atomic;
use crate::cache::Entry;
use crate::children::Children;
use crate::extract::{self, ExtractError};
use crate::fetch::Fetched;
use crate::observer::{Event, Observer, Phase};
use crate::patch::{self, PatchError};
use crate::plan::{Plan, Unit};
use crate::process::{Program, ProgramError};
use crate::recipe::{BuildSystem, Template, Variable};
use crate::tool::{MissingTool, SearchPath};
use crate::tree::{self, TreeError};

/// The prefix that every package is configured for. It exists nowhere, so that nothing is found there by accident, and
/// what names it in a staged tree can be made relocatable.
pub const INSTALL_PREFIX: &str = "/depends-prefix";

/// The directory in a prefix that takes the licences' texts, by package.
const LICENSES: &str = "share/licenses";

/// The phases that happen in the unit's directory.
const PHASES: [Phase; 6] = [
    Phase::Extract,
    Phase::Preprocess,
    Phase::Configure,
    Phase::Build,
    Phase::Stage,
    Phase::Postprocess,
];

/// Why a unit was not built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A file cannot be read or written; the error names it.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The source archive cannot be unpacked.
    #[error(transparent)]
    Extract(#[from] ExtractError),
    /// The source tree cannot be read or copied.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The archive holds another tree than the recipe says.
    #[error("the source tree of {package} has the digest {actual}, the recipe says {expected}")]
    WrongTree {
        /// The package.
        package: String,
        /// The recipe's digest.
        expected: crate::digest::Digest,
        /// The tree's.
        actual: crate::digest::Digest,
    },
    /// A patch does not apply.
    #[error(transparent)]
    Patch(#[from] PatchError),
    /// A dependency cannot be unpacked, or two bring the same file.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A command failed.
    #[error("{phase:?} of {package} failed: {source}")]
    Command {
        /// The package.
        package: String,
        /// What was being done.
        phase: Phase,
        /// The command's failure.
        #[source]
        source: ProgramError,
    },
    /// A program of the system disappeared between planning and building.
    #[error("{} is missing", .0.name)]
    MissingTool(MissingTool),
    /// The recipe names a file that the source does not have.
    #[error("the source of {package} has no {path}")]
    NoSuchFile {
        /// The package.
        package: String,
        /// The path in the source.
        path: String,
    },
    /// The package installed nothing.
    #[error("{package} installed nothing below its prefix")]
    NothingStaged {
        /// The package.
        package: String,
    },
    /// The results name the directory that they were built in.
    #[error(
        "the results of {package} contain the path that they were built in: {}",
        list(files)
    )]
    BuildPath {
        /// The package.
        package: String,
        /// The files that do.
        files: Vec<PathBuf>,
    },
    /// Another package failed, and the run was ended.
    #[error("not built, because the run was ended")]
    Cancelled,
}

fn list(files: &[PathBuf]) -> String {
    files
        .iter()
        .map(|file| file.display().to_string())
        .collect::<Vec<_>>()
        .join(", ")
}

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
    /// Shares the processors between all builds.
    pub(crate) job_server: &'a jobserver::Client,
    /// The programs that are running.
    pub(crate) children: &'a Children,
    /// Takes the programs' output.
    pub(crate) log: &'a File,
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
        for directory in ["build", "stage", "home", "tmp"] {
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
        self.directory.join("dependencies")
    }

    fn native(&self) -> PathBuf {
        self.directory.join("native")
    }

    fn extract(&self, fetched: &Fetched) -> Result<(), BuildError> {
        let source = &self.unit().recipe.source;
        match fetched {
            Fetched::Archive { path, archive } => {
                extract::extract(path, source.archives[*archive].root.as_deref(), &self.source())?;
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
        self.remove_unwanted()?;
        self.relocate()?;
        self.check_build_paths()
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

    /// The unit's options with their variables put in.
    fn options(&self) -> Vec<String> {
        self.unit()
            .options
            .iter()
            .map(|option| self.render(option))
            .collect()
    }

    fn render(&self, template: &Template) -> String {
        let unit = self.unit();
        let path = |path: PathBuf| path.display().to_string();
        let flags = self.flags();
        template.render(|variable| match variable {
            Variable::Source => path(self.source()),
            Variable::Build => path(self.build_directory()),
            Variable::Prefix => INSTALL_PREFIX.to_owned(),
            Variable::Stage => path(self.stage_directory()),
            Variable::Dependencies => path(self.dependencies()),
            Variable::Native => path(self.native()),
            Variable::Host => unit.machine.triplet.clone(),
            Variable::BuildMachine => self.plan.build.triplet.clone(),
            Variable::Version => unit.recipe.version.clone(),
            Variable::Cc => unit.toolchain.cc.words().join(" "),
            Variable::Cxx => unit.toolchain.cxx.words().join(" "),
            Variable::Ar => unit.toolchain.ar.words().join(" "),
            Variable::Ranlib => unit.toolchain.ranlib.words().join(" "),
            Variable::Cflags => [&flags.cpp[..], &flags.c].concat().join(" "),
            Variable::Cxxflags => [&flags.cpp[..], &flags.cxx].concat().join(" "),
            Variable::Ldflags => flags.ld.join(" "),
        })
    }

    /// The unit's flags, with those that depend on where it is built and what it is built against.
    fn flags(&self) -> crate::recipe::Flags {
        let unit = self.unit();
        let mut flags = unit.flags.clone();
        let map = format!(
            "-ffile-prefix-map={}=/usr/src/{}-{}",
            self.directory.display(),
            unit.name(),
            unit.recipe.version
        );
        flags.c.push(map.clone());
        flags.cxx.push(map);
        if !unit.dependencies.is_empty() {
            flags
                .cpp
                .push(format!("-I{}", self.dependencies().join("include").display()));
            flags
                .ld
                .push(format!("-L{}", self.dependencies().join("lib").display()));
        }
        flags
    }

    /// The environment of every command: nothing of the caller's but where programs are found.
    fn environment(&self) -> Vec<(OsString, OsString)> {
        let unit = self.unit();
        let flags = self.flags();
        let dependencies = self.dependencies();
        let mut path = vec![self.native().join("bin")];
        path.extend(std::env::split_paths(self.search_path.as_os_str()).filter(|path| path.is_absolute()));
        let path = std::env::join_paths(path).unwrap_or_else(|_| self.search_path.as_os_str().to_owned());
        let tool = |words: Vec<String>| OsString::from(words.join(" "));
        let toolchain = &unit.toolchain;
        let pairs: [(&str, OsString); 24] = [
            ("PATH", path),
            ("HOME", self.directory.join("home").into()),
            ("TMPDIR", self.directory.join("tmp").into()),
            ("LC_ALL", "C".into()),
            ("LANG", "C".into()),
            ("TZ", "UTC".into()),
            ("SOURCE_DATE_EPOCH", "1".into()),
            ("CC", tool(toolchain.cc.words())),
            ("CXX", tool(toolchain.cxx.words())),
            ("AR", tool(toolchain.ar.words())),
            ("RANLIB", tool(toolchain.ranlib.words())),
            ("NM", tool(toolchain.nm.words())),
            ("STRIP", tool(toolchain.strip.words())),
            ("CPPFLAGS", flags.cpp.join(" ").into()),
            ("CFLAGS", flags.c.join(" ").into()),
            ("CXXFLAGS", flags.cxx.join(" ").into()),
            ("LDFLAGS", flags.ld.join(" ").into()),
            ("PKG_CONFIG_LIBDIR", dependencies.join("lib/pkgconfig").into()),
            ("PKG_CONFIG_PATH", dependencies.join("share/pkgconfig").into()),
            ("PKG_CONFIG_SYSROOT_DIR", "/".into()),
            ("CMAKE_MODULE_PATH", dependencies.join("lib/cmake").into()),
            ("CONFIG_SITE", "/dev/null".into()),
            ("ZERO_AR_DATE", "1".into()),
            ("SHELL", "/bin/sh".into()),
        ];
        pairs
            .into_iter()
            .map(|(name, value)| (name.into(), value))
            .collect()
    }

    fn system_tool(&self, tool: &str) -> Result<PathBuf, BuildError> {
        self.search_path
            .find_tool(tool, &self.unit().label())
            .map_err(BuildError::MissingTool)
    }

    fn run(&self, program: Program, phase: Phase) -> Result<(), BuildError> {
        let package = self.unit().label();
        let program = program
            .environments(&self.environment())
            .job_server(self.job_server);
        self.observer.notice(&Event::Command {
            package: &package,
            command: program.command(),
        });
        let mut log = self.log;
        writeln!(log, "$ {}", crate::process::show(program.command()))?;
        self.children
            .run(program, self.log)
            .map_err(|source| BuildError::Command {
                package,
                phase,
                source,
            })
    }
}
