//! The engine as a whole: options and recipes in, a prefix with its profile out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::archive::ArchiveError;
use crate::cache::{Cache, Entry, Lookup};
use crate::digest::Digest;
use crate::fetch::{FetchConfig, FetchError, Fetcher};
use crate::host::{Host, UnknownHost};
use crate::layout::Layout;
use crate::lock::Lock;
use crate::observer::{Event, Observer, Phase};
use crate::options::{OptionError, Options};
use crate::plan::{Plan, Platforms};
use crate::prefix::{self, Contents};
use crate::profile;
use crate::recipe::RecipeSet;
use crate::recipe::set::SetError;
use crate::schedule::{Schedule, Stop, UnitError};
use crate::selection::{Selected, Selection};
use crate::tool::{MissingTools, SearchPath};
use crate::toolchain::{Finder, Role, ToolchainError};

/// Where things are and what was asked for.
pub struct Settings {
    /// The directory that holds sources, work, built packages and prefixes, unless options move them. Absolute.
    pub base: PathBuf,
    /// The directory of the recipes and of the selection rules. Absolute.
    pub recipes: PathBuf,
    /// The options of the command line.
    pub arguments: Vec<(String, String)>,
    /// Processes at the same time.
    pub jobs: usize,
    /// Whether nothing may be downloaded.
    pub offline: bool,
}

/// Recipes and options, read and checked: everything before the first download.
pub struct Engine {
    recipes: RecipeSet,
    selection: Selection,
    options: Options,
    layout: Layout,
    host: Arc<Host>,
    build: Arc<Host>,
    search_path: SearchPath,
    jobs: usize,
    offline: bool,
    observer: Arc<dyn Observer>,
}

/// Why the engine did not do what it was asked for.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum EngineError {
    /// A recipe or the selection rules are wrong.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Recipes(#[from] SetError),
    /// An option is wrong.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Option(#[from] OptionError),
    /// The host is not known.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Host(#[from] UnknownHost),
    /// This machine is not known, so that nothing can be built on it.
    #[error("this machine is no known host; packages can be built on {known}")]
    UnknownBuildMachine {
        /// The known hosts.
        known: String,
    },
    /// Programs are missing.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Tools(MissingTools),
    /// A toolchain cannot be used.
    #[error(transparent)]
    Toolchain(ToolchainError),
    /// There is no such package.
    #[error("there is no package {name}")]
    #[diagnostic(help("{help}"))]
    UnknownPackage {
        /// The name.
        name: String,
        /// The nearest name, or all.
        help: String,
    },
    /// The package exists, but not for this host or with these options.
    #[error("package {name} is not part of this build: {reason}")]
    NotPlanned {
        /// The package.
        name: String,
        /// Why.
        reason: String,
    },
    /// Packages were not built.
    #[error("{} not built", plural(.0))]
    Units(Vec<UnitError>),
    /// Sources are missing or wrong.
    #[error("{} without its source", plural(.0))]
    Sources(Vec<(String, FetchError)>),
    /// Packages in the cache are damaged.
    #[error("damaged packages in the cache:{}", .0.iter().map(|line| format!("\n  {line}")).collect::<String>())]
    #[diagnostic(help("build again: they are announced and rebuilt"))]
    DamagedPackages(Vec<String>),
    /// The prefix cannot be put together.
    #[error("cannot compose {}", path.display())]
    Compose {
        /// The prefix.
        path: PathBuf,
        /// Why.
        #[source]
        source: ArchiveError,
    },
    /// A file cannot be read or written; the error names it.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

fn plural<T>(list: &[T]) -> String {
    match list.len() {
        1 => "one package".to_owned(),
        n => format!("{n} packages"),
    }
}

/// What [`Engine::install`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The prefix.
    pub prefix: PathBuf,
    /// The profile in it.
    pub profile: PathBuf,
    /// Whether anything had to be done.
    pub changed: bool,
}

impl Engine {
    /// Reads recipes, rules and options, and checks all of them.
    ///
    /// # Errors
    /// Something in them is wrong.
    pub fn new(settings: Settings, observer: Arc<dyn Observer>) -> Result<Self, EngineError> {
        let recipes = RecipeSet::load(&settings.recipes)?;
        let selection = Selection::load(&settings.recipes, &recipes)?;
        let options = Options::new(&settings.arguments, |name| std::env::var(name).ok(), &selection)?;
        let build = Host::current().ok_or_else(|| EngineError::UnknownBuildMachine {
            known: Host::all()
                .iter()
                .map(|host| host.triplet.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        })?;
        let host = match options.text("HOST") {
            Some(name) => Host::find(name)?,
            None => Arc::clone(&build),
        };
        let layout = Layout::new(settings.base, settings.recipes, &options);
        let engine = Self {
            recipes,
            selection,
            options,
            layout,
            host,
            build,
            search_path: SearchPath::from_environment(),
            jobs: settings.jobs,
            offline: settings.offline,
            observer,
        };
        for note in engine.options.notes().iter().chain(&engine.selected().notes) {
            engine.observer.notice(&Event::Warning { message: note });
        }
        Ok(engine)
    }

    /// The options.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The recipes.
    #[must_use]
    pub fn recipes(&self) -> &RecipeSet {
        &self.recipes
    }

    /// Where things lie.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// What is built for.
    #[must_use]
    pub fn host(&self) -> &Arc<Host> {
        &self.host
    }

    /// The machine that builds.
    #[must_use]
    pub fn build_machine(&self) -> &Arc<Host> {
        &self.build
    }

    /// Which packages and features the options select.
    #[must_use]
    pub fn selected(&self) -> Selected {
        self.selection.apply(&self.options, &self.recipes)
    }

    /// One digest over the recipes that the options select, their patches and the rules: what a profile is compared
    /// with to see whether it is stale. It does not depend on this machine's tools.
    ///
    /// # Errors
    /// A recipe cannot be read.
    pub fn recipes_digest(&self) -> Result<Digest, EngineError> {
        profile::recipes_digest(&self.recipes, &self.selected()).map_err(EngineError::Io)
    }

    /// Resolves what is to be built, having found every tool that it needs.
    ///
    /// # Errors
    /// Tools are missing, all of them named, or a compiler does not work.
    pub fn plan(&self) -> Result<Plan, EngineError> {
        let finder = Finder::new(self.search_path.clone(), self.layout.work.join("tools.json"));
        let mut missing = Vec::new();
        let mut find = |host: &Host, role| match finder.find(host, role, &self.options) {
            Ok(toolchain) => Ok(Some(Arc::new(toolchain))),
            Err(ToolchainError::Missing(tools)) => {
                missing.extend(tools);
                Ok(None)
            }
            Err(error) => Err(EngineError::Toolchain(error)),
        };
        let build_toolchain = find(&self.build, Role::Build)?;
        let host_toolchain = find(&self.host, Role::Host)?;
        let plan = match (build_toolchain, host_toolchain) {
            (Some(build_toolchain), Some(host_toolchain)) => {
                let platforms = Platforms {
                    host: Arc::clone(&self.host),
                    host_toolchain,
                    build: Arc::clone(&self.build),
                    build_toolchain,
                };
                Some(Plan::new(
                    &self.recipes,
                    &self.selected(),
                    &self.options,
                    &platforms,
                ))
            }
            _ => None,
        };
        self.check_tools(plan.as_ref(), &mut missing);
        match plan {
            Some(plan) if missing.is_empty() => Ok(plan),
            _ => {
                missing.sort();
                missing.dedup();
                Err(EngineError::Tools(MissingTools(missing)))
            }
        }
    }

    /// Looks for the programs that units call; without a plan, for those that any selected recipe names.
    fn check_tools(&self, plan: Option<&Plan>, missing: &mut Vec<crate::tool::MissingTool>) {
        let mut needed: BTreeMap<String, String> = BTreeMap::new();
        match plan {
            Some(plan) => {
                for unit in &plan.units {
                    // What is in the cache already is not built, and needs nothing.
                    if matches!(self.cache().peek(unit), Lookup::Found(_)) {
                        continue;
                    }
                    for tool in &unit.tools {
                        needed
                            .entry(tool.clone())
                            .or_insert_with(|| format!("package {}", unit.name()));
                    }
                }
            }
            None => {
                let selected = self.selected();
                for name in selected.packages.iter().chain(&selected.native_packages) {
                    let Some(recipe) = self.recipes.get(name) else {
                        continue;
                    };
                    for tool in crate::plan::recipe_tools(recipe) {
                        needed.entry(tool).or_insert_with(|| format!("package {name}"));
                    }
                }
            }
        }
        missing.extend(
            needed
                .iter()
                .filter_map(|(tool, by)| self.search_path.find_tool(tool, by).err()),
        );
    }

    fn cache(&self) -> Cache {
        Cache::new(self.layout.cache.clone())
    }

    fn fetcher(&self) -> Fetcher {
        let mut config = FetchConfig::new(self.layout.sources.clone(), self.layout.work.join("fetch"));
        config.fallback = self.options.text("FALLBACK_DOWNLOAD_PATH").map(str::to_owned);
        config.offline = self.offline;
        config.connect_timeout = self.options.connect_timeout();
        config.retries = self.options.retries();
        Fetcher::new(config)
    }

    /// Builds all packages and composes the prefix; does nothing where that was done before.
    ///
    /// # Errors
    /// As [`Engine::plan`]; a package cannot be built, or the prefix not composed.
    pub fn install(&self) -> Result<Installed, EngineError> {
        let plan = self.plan()?;
        let prefix = self.layout.prefix(&self.host.triplet);
        let profile_path = prefix.join(profile::PATH);
        let id = self.install_id(&plan)?;
        if prefix::is_current(&prefix, id) {
            return Ok(Installed {
                prefix,
                profile: profile_path,
                changed: false,
            });
        }
        let all: Vec<usize> = (0..plan.units.len()).collect();
        let entries = self.build_units(&plan, &all, None)?;
        let names: Vec<String> = plan
            .native_packages
            .keys()
            .map(|name| format!("native_{name}"))
            .chain(plan.packages.keys().cloned())
            .collect();
        let lock = self.layout.lock(&format!("{}.lock", self.host.triplet));
        let waiting = || {
            let message = "another run composes the prefix; waiting for it";
            self.observer.notice(&Event::Warning { message });
        };
        let _lock = Lock::acquire(&lock, waiting)?;
        if prefix::is_current(&prefix, id) {
            return Ok(Installed {
                prefix,
                profile: profile_path,
                changed: false,
            });
        }
        self.observer.notice(&Event::Composing {
            prefix: &prefix,
            packages: &names,
        });
        let archives = plan
            .packages
            .values()
            .map(|index| (entries[index].archive.as_path(), ""));
        let native = plan
            .native_packages
            .values()
            .map(|index| (entries[index].archive.as_path(), "native"));
        let text = profile::render(self, &plan, &entries)?;
        let contents = Contents {
            id,
            archives: archives.chain(native).collect(),
            files: vec![(profile::PATH, text)],
        };
        prefix::compose(&prefix, &contents).map_err(|source| EngineError::Compose {
            path: prefix.clone(),
            source,
        })?;
        Ok(Installed {
            prefix,
            profile: profile_path,
            changed: true,
        })
    }

    /// What the composed prefix is recognised by: the plan, and all else that the profile says.
    fn install_id(&self, plan: &Plan) -> Result<Digest, EngineError> {
        let text = profile::render(self, plan, &BTreeMap::new())?;
        Ok(Digest::of(format!("{}\n{text}", plan.final_id()).as_bytes()))
    }

    /// Builds one package into the cache, or as far as `phase`.
    ///
    /// # Errors
    /// There is no such package in this build, or it cannot be built.
    pub fn build_package(&self, name: &str, phase: Option<Phase>) -> Result<(), EngineError> {
        let plan = self.plan()?;
        let unit = self.unit(&plan, name)?;
        let stop = phase.map(|phase| Stop { unit, phase });
        self.build_units(&plan, &[unit], stop)?;
        Ok(())
    }

    /// Reads the archive of one package through.
    ///
    /// # Errors
    /// It is absent or damaged.
    pub fn check_package(&self, name: &str) -> Result<(), EngineError> {
        let plan = self.plan()?;
        let unit = self.unit(&plan, name)?;
        match self.cache().verify(&plan.units[unit])? {
            Lookup::Found(_) => Ok(()),
            Lookup::Absent => Err(EngineError::DamagedPackages(vec![format!(
                "{name}: it is not there"
            )])),
            Lookup::Damaged(reason) => Err(EngineError::DamagedPackages(vec![format!("{name}: {reason}")])),
        }
    }

    fn unit(&self, plan: &Plan, name: &str) -> Result<usize, EngineError> {
        self.check_name(name)?;
        plan.find(name).ok_or_else(|| {
            let bare = name.strip_prefix("native_").unwrap_or(name);
            let reason = plan
                .unsupported
                .get(bare)
                .cloned()
                .unwrap_or_else(|| "the options do not select it".to_owned());
            EngineError::NotPlanned {
                name: name.to_owned(),
                reason,
            }
        })
    }

    /// Checks that there is a recipe for `name`, a package or `native_` and a package.
    ///
    /// # Errors
    /// There is none; the error names the nearest.
    pub fn check_name(&self, name: &str) -> Result<(), EngineError> {
        let bare = name.strip_prefix("native_").unwrap_or(name);
        if self.recipes.get(bare).is_some() {
            return Ok(());
        }
        let help = crate::suggest::nearest(bare, self.recipes.names()).map_or_else(
            || {
                format!(
                    "the packages are {}",
                    self.recipes.names().collect::<Vec<_>>().join(", ")
                )
            },
            |near| format!("did you mean {near}?"),
        );
        Err(EngineError::UnknownPackage {
            name: name.to_owned(),
            help,
        })
    }

    fn build_units(
        &self,
        plan: &Plan,
        units: &[usize],
        stop: Option<Stop>,
    ) -> Result<BTreeMap<usize, Entry>, EngineError> {
        let (cache, fetcher) = (self.cache(), self.fetcher());
        let schedule = Schedule {
            plan,
            layout: &self.layout,
            cache: &cache,
            fetcher: &fetcher,
            search_path: &self.search_path,
            jobs: self.jobs,
            keep_logs: self.options.switch("LOG"),
            observer: &*self.observer,
        };
        schedule.run(units, stop).map_err(EngineError::Units)
    }

    /// The packages whose sources a build for the hosts called `triplets` needs, with what the options select.
    fn packages_for(&self, triplets: &[&str]) -> Result<Vec<String>, EngineError> {
        let selected = self.selected();
        let mut names: std::collections::BTreeSet<String> = selected.native_packages.clone();
        for triplet in triplets {
            let host = Host::find(triplet)?;
            names.extend(crate::plan::reachable(&self.recipes, &selected, Some(&host)));
        }
        Ok(names.into_iter().collect())
    }

    /// Fetches the sources of all packages that a build for any of `hosts` needs.
    ///
    /// # Errors
    /// A source cannot be had; the others are there.
    pub fn download(&self, hosts: &[&str]) -> Result<(), EngineError> {
        let fetcher = self.fetcher();
        self.for_sources(hosts, |name, recipe| {
            self.observer.notice(&Event::Phase {
                package: name,
                phase: Phase::Fetch,
            });
            fetcher
                .fetch(name, &recipe.source, recipe.directory(), &*self.observer)
                .map(drop)
        })
    }

    /// Verifies the sources that are there, for a build for this host.
    ///
    /// # Errors
    /// A source is absent or wrong.
    pub fn check_sources(&self) -> Result<(), EngineError> {
        let fetcher = self.fetcher();
        self.for_sources(&[&self.host.triplet], |name, recipe| {
            fetcher.check(name, &recipe.source).map(drop)
        })
    }

    fn for_sources(
        &self,
        hosts: &[&str],
        mut act: impl FnMut(&str, &crate::recipe::Recipe) -> Result<(), FetchError>,
    ) -> Result<(), EngineError> {
        let mut failed = Vec::new();
        for name in self.packages_for(hosts)? {
            let Some(recipe) = self.recipes.get(&name) else {
                continue;
            };
            if let Err(error) = act(&name, recipe) {
                failed.push((name, error));
            }
        }
        if failed.is_empty() {
            Ok(())
        } else {
            Err(EngineError::Sources(failed))
        }
    }

    /// Reads all archives of this build in the cache through.
    ///
    /// # Errors
    /// Some are damaged; absent ones are no error.
    pub fn check_packages(&self) -> Result<(), EngineError> {
        let plan = self.plan()?;
        let mut damaged = Vec::new();
        for unit in &plan.units {
            if let Lookup::Damaged(reason) = self.cache().verify(unit)? {
                damaged.push(format!("{}: {reason}", unit.label()));
            }
        }
        if damaged.is_empty() {
            Ok(())
        } else {
            Err(EngineError::DamagedPackages(damaged))
        }
    }

    /// Removes the prefixes, the work and the cache, and with `all` the sources; never a directory that an option
    /// named. Returns what was removed and what was kept.
    ///
    /// # Errors
    /// Something cannot be removed.
    pub fn clean(&self, all: bool) -> Result<Cleaned, EngineError> {
        let mut cleaned = Cleaned::default();
        let mut directories: Vec<(PathBuf, bool)> = Host::all()
            .iter()
            .map(|host| (self.layout.prefix(&host.triplet), false))
            .collect();
        directories.push((self.layout.work.clone(), false));
        directories.push((self.layout.cache.clone(), self.options.is_given("BASE_CACHE")));
        if all {
            directories.push((self.layout.sources.clone(), self.options.is_given("SOURCES_PATH")));
        }
        for (path, supplied) in directories {
            if !path.exists() {
                continue;
            }
            if supplied {
                cleaned.kept.push(path);
                continue;
            }
            crate::atomic::remove_directory(&path)?;
            cleaned.removed.push(path);
        }
        Ok(cleaned)
    }

    /// The value that `print-NAME` shows.
    ///
    /// # Errors
    /// As [`Engine::plan`], for what depends on the tools; `Ok(None)` where there is nothing of that name.
    pub fn variable(&self, name: &str) -> Result<Option<String>, EngineError> {
        let path = |path: &Path| Some(path.display().to_string());
        let join =
            |names: &BTreeMap<String, usize>| Some(names.keys().cloned().collect::<Vec<_>>().join(" "));
        let value = match name {
            "HOST" | "host" => Some(self.host.triplet.clone()),
            "BUILD" | "build" => Some(self.build.triplet.clone()),
            "SOURCES_PATH" => path(&self.layout.sources),
            "BASE_CACHE" => path(&self.layout.cache),
            "WORK_PATH" => path(&self.layout.work),
            "host_prefix" => path(&self.layout.prefix(&self.host.triplet)),
            "C_STANDARD" => Some(self.options.text(name).unwrap_or("c11").to_owned()),
            "CXX_STANDARD" => Some(self.options.text(name).unwrap_or("c++20").to_owned()),
            "DOWNLOAD_CONNECT_TIMEOUT" => Some(self.options.connect_timeout().as_secs().to_string()),
            "DOWNLOAD_RETRIES" => Some(self.options.retries().to_string()),
            "final_build_id" => Some(self.plan()?.final_id().to_string()),
            "packages" => join(&self.plan()?.packages),
            "native_packages" => join(&self.plan()?.native_packages),
            _ => return self.other_variable(name),
        };
        Ok(value)
    }

    /// An option, or `<package>_version`, `<package>_build_id` and `<package>_cached`.
    fn other_variable(&self, name: &str) -> Result<Option<String>, EngineError> {
        if self.options.known().any(|(known, _)| known == name) {
            return Ok(Some(self.options.text(name).unwrap_or_default().to_owned()));
        }
        let Some((package, field)) = ["_version", "_build_id", "_cached"]
            .iter()
            .find_map(|field| Some((name.strip_suffix(field)?, *field)))
        else {
            return Ok(None);
        };
        if self.check_name(package).is_err() {
            return Ok(None);
        }
        if field == "_version" {
            let bare = package.strip_prefix("native_").unwrap_or(package);
            return Ok(self.recipes.get(bare).map(|recipe| recipe.version.clone()));
        }
        let plan = self.plan()?;
        let unit = &plan.units[self.unit(&plan, package)?];
        Ok(Some(match field {
            "_build_id" => unit.short_key(),
            _ => self.cache().path(unit, "tar.gz").display().to_string(),
        }))
    }
}

/// What [`Engine::clean`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Directories that are gone.
    pub removed: Vec<PathBuf>,
    /// Directories that stay, because the user named them.
    pub kept: Vec<PathBuf>,
}
