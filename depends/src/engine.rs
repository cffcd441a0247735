//! The engine as a whole: options and recipes in, a prefix with its profile out.

mod author;
mod clean;
mod collect;
mod error;
mod explain;
mod licenses;
mod shell;
mod sources;
mod variables;
mod vendor;
mod verify;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cache::{Cache, Entry, Lookup};
use crate::digest::Digest;
use crate::fetch::{FetchConfig, Fetcher};
use crate::host::Host;
use crate::layout::Layout;
use crate::lock::Lock;
use crate::observer::{Event, Observer, Phase};
use crate::options::Options;
use crate::plan::{Plan, Platforms};
use crate::prefix::{self, Composition};
use crate::profile;
use crate::recipe::RecipeSet;
use crate::record::Recording;
use crate::sandbox::{self, Isolation};
use crate::schedule::{Hooks, Schedule, Stops};
use crate::selection::{Selected, Selection};
use crate::site;
use crate::tool::{MissingTools, SearchPath};
use crate::toolchain::{Finder, Role, ToolchainError};

pub use clean::Cleaned;
pub use collect::{Collected, Collection, Removed, What};
pub use error::{EngineError, chain};
pub use licenses::{License, NoticesError};
pub use vendor::{SUMS, VendorError, Vendored};

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
    isolation: Option<Isolation>,
    jobs: usize,
    offline: bool,
    observer: Arc<dyn Observer>,
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
        let options = Options::new(
            &settings.arguments,
            |name| std::env::var(name).ok(),
            selection.options(),
        )?;
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
        let isolation = sandbox::wanted(&options)?;
        let layout = Layout::new(settings.base, settings.recipes, &options);
        let engine = Self {
            recipes,
            selection,
            options,
            layout,
            host,
            build,
            search_path: SearchPath::from_environment(),
            isolation,
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
        self.plan_for(&self.selected())
    }

    /// A plan for the package `name` and what it needs, whatever the options select, and its unit.
    pub(crate) fn plan_with(&self, name: &str) -> Result<(Plan, usize), EngineError> {
        let (plan, units) = self.plan_with_all(&[name])?;
        Ok((plan, units[0]))
    }

    /// A plan for the packages `names` and what they need, whatever the options select, and their units.
    pub(crate) fn plan_with_all(&self, names: &[&str]) -> Result<(Plan, Vec<usize>), EngineError> {
        let mut alone = Selected::default();
        for name in names {
            self.check_name(name)?;
            match name.strip_prefix("native_") {
                Some(bare) => alone.native_packages.insert(bare.to_owned()),
                None => alone.packages.insert((*name).to_owned()),
            };
        }
        let plan = self.plan_for(&alone)?;
        let find = |name: &&str| {
            let bare = name.strip_prefix("native_").unwrap_or(name);
            plan.find(name).ok_or_else(|| EngineError::NotPlanned {
                name: (*name).to_owned(),
                reason: plan.unsupported.get(bare).cloned().unwrap_or_default(),
            })
        };
        let units = names.iter().map(find).collect::<Result<_, _>>()?;
        Ok((plan, units))
    }

    fn plan_for(&self, selected: &Selected) -> Result<Plan, EngineError> {
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
                Some(Plan::new(&self.recipes, selected, &self.options, &platforms))
            }
            _ => None,
        };
        self.check_tools(plan.as_ref(), selected, &mut missing);
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
    fn check_tools(
        &self,
        plan: Option<&Plan>,
        selected: &Selected,
        missing: &mut Vec<crate::tool::MissingTool>,
    ) {
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
        Fetcher::new(self.fetch_config())
    }

    fn fetch_config(&self) -> FetchConfig {
        let mut config = FetchConfig::new(self.layout.sources.clone(), self.layout.work.join("fetch"));
        config.fallback = self.options.text("FALLBACK_DOWNLOAD_PATH").map(str::to_owned);
        config.offline = self.offline;
        config.connect_timeout = self.options.connect_timeout();
        config.retries = self.options.retries();
        config
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
            let cache = self.cache();
            plan.units.iter().for_each(|unit| cache.touch(unit));
            return Ok(Installed {
                prefix,
                profile: profile_path,
                changed: false,
            });
        }
        let (composition, entries) = self.build_and_unpack(&plan, &prefix)?;
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
        let names: Vec<String> = plan
            .native_packages
            .keys()
            .map(|name| format!("native_{name}"))
            .chain(plan.packages.keys().cloned())
            .collect();
        self.observer.notice(&Event::Composing {
            prefix: &prefix,
            packages: &names,
        });
        let text = self.profile(&plan, &entries)?;
        let files = std::iter::once((profile::PATH, text)).chain(self.site_files(&plan));
        composition
            .finish(&prefix, id, &files.collect::<Vec<_>>())
            .map_err(|source| EngineError::Compose {
                path: prefix.clone(),
                source,
            })?;
        Ok(Installed {
            prefix,
            profile: profile_path,
            changed: true,
        })
    }

    /// Builds all packages, and unpacks each into what is to become the prefix as soon as it is there, while others are
    /// built.
    fn build_and_unpack(
        &self,
        plan: &Plan,
        prefix: &Path,
    ) -> Result<(Composition, BTreeMap<usize, Entry>), EngineError> {
        let composition = Composition::begin(prefix)?;
        let take = |index: usize, entry: &Entry| {
            let is_one_of = |packages: &BTreeMap<String, usize>| packages.values().any(|unit| *unit == index);
            if is_one_of(&plan.packages) {
                composition.add(&entry.archive, "");
            }
            if is_one_of(&plan.native_packages) {
                composition.add(&entry.archive, "native");
            }
        };
        let hooks = Hooks {
            take: Some(&take),
            ..Hooks::default()
        };
        let all: Vec<usize> = (0..plan.units.len()).collect();
        let entries = self.build_units_and(plan, &all, &Stops::new(), hooks)?;
        Ok((composition, entries))
    }

    fn profile(&self, plan: &Plan, entries: &BTreeMap<usize, Entry>) -> Result<String, EngineError> {
        let recipes = self.recipes_digest()?;
        Ok(profile::render(
            plan,
            &self.selected(),
            &self.options,
            recipes,
            entries,
        ))
    }

    /// The files for the build systems of other trees.
    fn site_files(&self, plan: &Plan) -> [(&'static str, String); 2] {
        site::files(plan, &self.selected(), &self.options, &self.search_path)
    }

    /// What the composed prefix is recognised by: the plan, and all else that the files beside the packages say.
    fn install_id(&self, plan: &Plan) -> Result<Digest, EngineError> {
        let mut text = self.profile(plan, &BTreeMap::new())?;
        text.extend(self.site_files(plan).map(|(_, text)| text));
        Ok(Digest::of(format!("{}\n{text}", plan.final_id()).as_bytes()))
    }

    /// Builds one package into the cache, or as far as `phase`.
    ///
    /// # Errors
    /// There is no such package, it does not exist for the host, or it cannot be built.
    pub fn build_package(&self, name: &str, phase: Option<Phase>) -> Result<(), EngineError> {
        self.build_packages(&[(name, phase)])
    }

    /// Builds packages side by side, each into the cache, or as far as its phase.
    ///
    /// # Errors
    /// As [`Engine::build_package`].
    pub fn build_packages(&self, packages: &[(&str, Option<Phase>)]) -> Result<(), EngineError> {
        let names: Vec<&str> = packages.iter().map(|(name, _)| *name).collect();
        let (plan, units) = self.plan_with_all(&names)?;
        let (mut whole, mut stops) = (Vec::new(), Stops::new());
        for (unit, (_, phase)) in units.into_iter().zip(packages) {
            match phase {
                // To go through the last phase is to build the package.
                None | Some(Phase::Cache) => whole.push(unit),
                Some(phase) => {
                    let last = stops.entry(unit).or_insert(*phase);
                    *last = (*last).max(*phase);
                }
            }
        }
        self.build_units(&plan, &whole, &stops)?;
        Ok(())
    }

    /// Reads the archive of one package through.
    ///
    /// # Errors
    /// It is absent or damaged.
    pub fn check_package(&self, name: &str) -> Result<(), EngineError> {
        let (plan, unit) = self.plan_with(name)?;
        match self.cache().verify(&plan.units[unit])? {
            Lookup::Found(_) => Ok(()),
            Lookup::Absent => Err(EngineError::DamagedPackages(vec![format!(
                "{name}: it is not there"
            )])),
            Lookup::Damaged(reason) => Err(EngineError::DamagedPackages(vec![format!("{name}: {reason}")])),
        }
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
        stops: &Stops,
    ) -> Result<BTreeMap<usize, Entry>, EngineError> {
        self.build_units_and(plan, units, stops, Hooks::default())
    }

    fn build_units_and(
        &self,
        plan: &Plan,
        units: &[usize],
        stops: &Stops,
        hooks: Hooks<'_>,
    ) -> Result<BTreeMap<usize, Entry>, EngineError> {
        let cache = self.cache();
        let recording = Recording::new(&*self.observer);
        let result = self.run_schedule(plan, &self.layout, &recording, units, stops, hooks);
        self.keep_record(&recording.finish(plan, &self.options, self.jobs, &cache), plan);
        result
    }

    fn run_schedule(
        &self,
        plan: &Plan,
        layout: &Layout,
        observer: &dyn Observer,
        units: &[usize],
        stops: &Stops,
        hooks: Hooks<'_>,
    ) -> Result<BTreeMap<usize, Entry>, EngineError> {
        let (cache, fetcher) = (self.cache(), self.fetcher());
        let schedule = Schedule {
            plan,
            layout,
            cache: &cache,
            fetcher: &fetcher,
            search_path: &self.search_path,
            isolation: self.isolation,
            directories: self.options.path("SDK_PATH").into_iter().collect(),
            jobs: self.jobs,
            keep_logs: self.options.switch("LOG"),
            observer,
            hooks,
        };
        schedule.run(units, stops).map_err(EngineError::Units)
    }

    /// Reads all archives of this build in the cache through.
    ///
    /// # Errors
    /// Some are damaged; absent ones are no error.
    pub fn check_packages(&self) -> Result<(), EngineError> {
        let plan = self.plan()?;
        let all: Vec<usize> = (0..plan.units.len()).collect();
        self.refuse_damaged(&plan, &all)
    }
}
