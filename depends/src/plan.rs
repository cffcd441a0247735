//! What is built for one host: recipes resolved into units, each with the key that covers all of its inputs.
//!
//! Nothing here touches sources or compiles anything. A plan is a function of the recipes, the options and the
//! toolchains.

pub mod key;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cargo_platform::Cfg;

use crate::digest::Digest;
use crate::host::Host;
use crate::options::Options;
use crate::recipe::{BuildSystem, Flags, Recipe, RecipeSet, Template};
use crate::selection::Selected;
use crate::toolchain::Toolchain;

/// All that is built for one host, dependencies before what needs them.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What is built for.
    pub host: Arc<Host>,
    /// The machine that builds.
    pub build: Arc<Host>,
    /// What is built, each once: a package whose native and host forms agree is one unit.
    pub units: Vec<Unit>,
    /// The packages for the host: their names and units.
    pub packages: BTreeMap<String, usize>,
    /// The packages for the building machine.
    pub native_packages: BTreeMap<String, usize>,
    /// Selected packages that do not exist on their platform, with the reasons.
    pub unsupported: BTreeMap<String, String>,
}

/// A package resolved for one platform.
#[derive(Debug, Clone)]
pub struct Unit {
    /// The recipe that it comes from.
    pub recipe: Arc<Recipe>,
    /// The platform that it runs on.
    pub machine: Arc<Host>,
    /// Whether only the building machine uses it.
    pub native_only: bool,
    /// The compilers for that platform.
    pub toolchain: Arc<Toolchain>,
    /// Arguments of the configure step, or variables for plain make.
    pub options: Vec<Template>,
    /// All flags, those of the platform first.
    pub flags: Flags,
    /// Paths that are removed from the staged prefix.
    pub remove: Vec<String>,
    /// Programs of the system that the build calls.
    pub tools: BTreeSet<String>,
    /// Units that it is built against.
    pub dependencies: Vec<usize>,
    /// Units whose programs run while it is built.
    pub native_dependencies: Vec<usize>,
    /// What it is built as.
    pub variant: Variant,
    /// Everything that decides the result, as text.
    pub preimage: String,
    /// The digest of the preimage.
    pub key: Digest,
}

/// Release or debug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Variant {
    /// Optimised.
    Release,
    /// For debugging.
    Debug,
}

/// What a plan is made from, besides recipes and options.
#[derive(Debug, Clone)]
pub struct Platforms {
    /// What is built for.
    pub host: Arc<Host>,
    /// The compilers for it.
    pub host_toolchain: Arc<Toolchain>,
    /// The machine that builds.
    pub build: Arc<Host>,
    /// The compilers for that machine.
    pub build_toolchain: Arc<Toolchain>,
}

impl Unit {
    /// The package's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.recipe.name()
    }

    /// The name that messages give it: `native_` before it where only the building machine uses it.
    #[must_use]
    pub fn label(&self) -> String {
        if self.native_only {
            format!("native_{}", self.name())
        } else {
            self.name().to_owned()
        }
    }

    /// The first eleven digits of the key.
    #[must_use]
    pub fn short_key(&self) -> String {
        self.key.short(11)
    }

    /// The name of its files in the cache, without what tells them apart: name, version, key.
    #[must_use]
    pub fn file_stem(&self) -> String {
        format!("{}-{}-{}", self.name(), self.recipe.version, self.short_key())
    }
}

impl Plan {
    /// Resolves the selected packages and all that they need.
    #[must_use]
    pub fn new(recipes: &RecipeSet, selected: &Selected, options: &Options, platforms: &Platforms) -> Self {
        let mut planner = Planner {
            recipes,
            options,
            platforms,
            units: Vec::new(),
            resolved: BTreeMap::new(),
            unsupported: BTreeMap::new(),
        };
        for name in &selected.native_packages {
            planner.resolve(name, Platform::Native);
        }
        for name in &selected.packages {
            planner.resolve(name, Platform::Host);
        }
        planner.finish()
    }

    /// The units that `index` is built against, through all steps, each once.
    #[must_use]
    pub fn dependency_closure(&self, index: usize) -> Vec<usize> {
        self.closure(&self.units[index].dependencies)
    }

    /// The units whose programs `index` may run, with all that they were built against.
    #[must_use]
    pub fn native_closure(&self, index: usize) -> Vec<usize> {
        self.closure(&self.units[index].native_dependencies)
    }

    fn closure(&self, start: &[usize]) -> Vec<usize> {
        let mut found = BTreeSet::new();
        let mut waiting = start.to_vec();
        while let Some(index) = waiting.pop() {
            if found.insert(index) {
                waiting.extend(&self.units[index].dependencies);
            }
        }
        found.into_iter().collect()
    }

    /// One digest over everything that the plan builds: what CI keys its caches on.
    #[must_use]
    pub fn final_id(&self) -> Digest {
        let list = |packages: &BTreeMap<String, usize>| -> String {
            let lines = packages
                .iter()
                .map(|(name, index)| format!("{name} {}\n", self.units[*index].key));
            lines.collect()
        };
        let text = format!(
            "engine {}\nhost {}\nnative\n{}packages\n{}",
            key::FORMAT,
            self.host.triplet,
            list(&self.native_packages),
            list(&self.packages),
        );
        Digest::of(text.as_bytes())
    }

    /// The unit called `name`: a package's name, or `native_` and a package's name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<usize> {
        match name.strip_prefix("native_") {
            Some(native) => self.native_packages.get(native).copied(),
            None => self
                .packages
                .get(name)
                .or_else(|| self.native_packages.get(name))
                .copied(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Platform {
    Native,
    Host,
}

struct Planner<'a> {
    recipes: &'a RecipeSet,
    options: &'a Options,
    platforms: &'a Platforms,
    units: Vec<Unit>,
    resolved: BTreeMap<(String, Platform), usize>,
    unsupported: BTreeMap<String, String>,
}

impl Planner<'_> {
    /// The unit for a package, resolved at the first call; `None` where the platform does not have it.
    fn resolve(&mut self, name: &str, platform: Platform) -> Option<usize> {
        if let Some(index) = self.resolved.get(&(name.to_owned(), platform)) {
            return Some(*index);
        }
        let recipe = Arc::clone(self.recipes.get(name)?);
        let (machine, toolchain) = match platform {
            Platform::Native => (&self.platforms.build, &self.platforms.build_toolchain),
            Platform::Host => (&self.platforms.host, &self.platforms.host_toolchain),
        };
        let (machine, toolchain) = (Arc::clone(machine), Arc::clone(toolchain));
        let variant = match platform {
            Platform::Host if self.options.switch("DEBUG") => Variant::Debug,
            Platform::Host | Platform::Native => Variant::Release,
        };
        let facts = self.facts(&machine, platform, variant);
        let mut unit = Unit {
            native_only: platform == Platform::Native,
            options: Vec::new(),
            flags: self.base_flags(&machine, platform, variant),
            remove: Vec::new(),
            tools: build_tools(&recipe.build),
            dependencies: Vec::new(),
            native_dependencies: Vec::new(),
            preimage: String::new(),
            key: Digest::of(b""),
            recipe: Arc::clone(&recipe),
            machine,
            toolchain,
            variant,
        };
        let conditional = recipe
            .conditional
            .iter()
            .filter(|(condition, _)| condition.holds(&facts));
        let mut dependencies = BTreeSet::new();
        let mut native_dependencies = BTreeSet::new();
        for additions in std::iter::once(&recipe.base).chain(conditional.map(|(_, additions)| additions)) {
            if let Some(reason) = &additions.unsupported {
                self.unsupported.insert(name.to_owned(), reason.clone());
                return None;
            }
            unit.options.extend_from_slice(&additions.options);
            unit.flags.extend(&additions.flags);
            unit.remove.extend_from_slice(&additions.remove);
            unit.tools
                .extend(additions.tools.iter().map(|tool| tool.get_ref().clone()));
            dependencies.extend(additions.dependencies.iter().map(|name| name.get_ref().clone()));
            native_dependencies.extend(
                additions
                    .native_dependencies
                    .iter()
                    .map(|name| name.get_ref().clone()),
            );
        }
        for dependency in dependencies {
            let Some(index) = self.resolve(&dependency, platform) else {
                let reason = format!(
                    "it needs {dependency}, which is not there: {}",
                    self.unsupported[&dependency]
                );
                self.unsupported.insert(name.to_owned(), reason);
                return None;
            };
            unit.dependencies.push(index);
        }
        for dependency in native_dependencies {
            if dependency == name && platform == Platform::Native {
                continue;
            }
            unit.native_dependencies
                .extend(self.resolve(&dependency, Platform::Native));
        }
        unit.preimage = key::preimage(&unit, &self.units, self.salt(platform));
        unit.key = Digest::of(unit.preimage.as_bytes());
        let index = self.add(unit);
        self.resolved.insert((name.to_owned(), platform), index);
        Some(index)
    }

    /// Adds a unit, unless one with its key is there: then that one serves both.
    fn add(&mut self, unit: Unit) -> usize {
        if let Some(index) = self.units.iter().position(|known| known.key == unit.key) {
            self.units[index].native_only &= unit.native_only;
            return index;
        }
        self.units.push(unit);
        self.units.len() - 1
    }

    fn salt(&self, platform: Platform) -> &str {
        let name = match platform {
            Platform::Native => "BUILD_ID_SALT",
            Platform::Host => "HOST_ID_SALT",
        };
        self.options.text(name).unwrap_or("salt")
    }

    fn facts(&self, machine: &Host, platform: Platform, variant: Variant) -> Vec<Cfg> {
        let is_build_machine = machine.triplet == self.platforms.build.triplet;
        let mut words = vec![
            if is_build_machine { "native" } else { "cross" },
            match variant {
                Variant::Release => "release",
                Variant::Debug => "debug",
            },
        ];
        if platform == Platform::Host && self.options.switch("LTO") {
            words.push("lto");
        }
        let words = words
            .into_iter()
            .map(|word| word.parse().expect("it is a fact because it is a plain word"));
        machine.facts().into_iter().chain(words).collect()
    }

    /// The platform's flags, which the user's replace.
    fn base_flags(&self, machine: &Host, platform: Platform, variant: Variant) -> Flags {
        let host_options = (platform == Platform::Host).then_some(self.options);
        let words =
            |name: &str, default: Vec<String>| match host_options.and_then(|options| options.text(name)) {
                Some(text) => text.split_whitespace().map(str::to_owned).collect(),
                None => default,
            };
        let optimisation: &[&str] = match variant {
            Variant::Release => &["-O2"],
            Variant::Debug => &["-O1", "-g"],
        };
        let lto: &[&str] = if host_options.is_some_and(|options| options.switch("LTO")) {
            &["-flto"]
        } else {
            &[]
        };
        let compiler = |standard: String| -> Vec<String> {
            let words = ["-pipe", &standard]
                .into_iter()
                .chain(optimisation.iter().copied());
            words.chain(lto.iter().copied()).map(str::to_owned).collect()
        };
        let standard = |name, default| format!("-std={}", self.options.text(name).unwrap_or(default));
        let checks = match (variant, machine.os.as_str()) {
            (Variant::Debug, "linux" | "windows") => vec![
                "-D_GLIBCXX_DEBUG".to_owned(),
                "-D_GLIBCXX_DEBUG_PEDANTIC".to_owned(),
            ],
            _ => Vec::new(),
        };
        Flags {
            cpp: words("CPPFLAGS", checks),
            c: words("CFLAGS", compiler(standard("C_STANDARD", "c11"))),
            cxx: words("CXXFLAGS", compiler(standard("CXX_STANDARD", "c++20"))),
            ld: words("LDFLAGS", lto.iter().map(|flag| (*flag).to_owned()).collect()),
        }
    }

    fn finish(self) -> Plan {
        let packages = |wanted: Platform| -> BTreeMap<String, usize> {
            let resolved = self
                .resolved
                .iter()
                .filter(|((_, platform), _)| *platform == wanted);
            resolved
                .map(|((name, _), index)| (name.clone(), *index))
                .collect()
        };
        Plan {
            host: Arc::clone(&self.platforms.host),
            build: Arc::clone(&self.platforms.build),
            packages: packages(Platform::Host),
            native_packages: packages(Platform::Native),
            units: self.units,
            unsupported: self.unsupported,
        }
    }
}

/// The packages that the selected ones need, themselves included, for `host`; without one, on any platform.
#[must_use]
pub fn reachable(recipes: &RecipeSet, selected: &Selected, host: Option<&Host>) -> BTreeSet<String> {
    let current = Host::current();
    let facts = |platform: Platform| -> Option<Vec<Cfg>> {
        let (machine, build) = (host?, current.as_deref()?);
        let machine = if platform == Platform::Native {
            build
        } else {
            machine
        };
        let word = if machine.triplet == build.triplet {
            "native"
        } else {
            "cross"
        };
        let word = word.parse().expect("it is a fact because it is a plain word");
        Some(machine.facts().into_iter().chain([word]).collect())
    };
    let mut found = BTreeSet::new();
    let native = selected
        .native_packages
        .iter()
        .map(|name| (name.clone(), Platform::Native));
    let mut waiting: Vec<_> = native
        .chain(
            selected
                .packages
                .iter()
                .map(|name| (name.clone(), Platform::Host)),
        )
        .collect();
    while let Some((name, platform)) = waiting.pop() {
        let Some(recipe) = recipes.get(&name) else {
            continue;
        };
        let facts = facts(platform);
        let holds =
            |condition: &crate::recipe::Condition| facts.as_ref().is_none_or(|facts| condition.holds(facts));
        let conditional = recipe
            .conditional
            .iter()
            .filter(|(condition, _)| holds(condition));
        let additions: Vec<_> = std::iter::once(&recipe.base)
            .chain(conditional.map(|(_, additions)| additions))
            .collect();
        if facts.is_some() && additions.iter().any(|additions| additions.unsupported.is_some()) {
            continue;
        }
        if !found.insert((name, platform)) {
            continue;
        }
        for additions in additions {
            let names = |list: &[serde_spanned::Spanned<String>], platform| -> Vec<(String, Platform)> {
                list.iter()
                    .map(|name| (name.get_ref().clone(), platform))
                    .collect()
            };
            waiting.extend(names(&additions.dependencies, platform));
            waiting.extend(names(&additions.native_dependencies, Platform::Native));
        }
    }
    found.into_iter().map(|(name, _)| name).collect()
}

/// The programs that a recipe's build calls on any platform.
#[must_use]
pub fn recipe_tools(recipe: &Recipe) -> BTreeSet<String> {
    let named = recipe
        .all_additions()
        .flat_map(|additions| &additions.tools)
        .map(|tool| tool.get_ref().clone());
    build_tools(&recipe.build).into_iter().chain(named).collect()
}

/// The programs that a build system itself calls.
fn build_tools(build: &BuildSystem) -> BTreeSet<String> {
    let tools: &[&str] = match build {
        BuildSystem::Cmake { .. } => &["cmake", "make"],
        BuildSystem::Autotools { .. } | BuildSystem::Make { .. } => &["make"],
        BuildSystem::Cc { .. } | BuildSystem::Headers { .. } | BuildSystem::Steps { .. } => &[],
    };
    tools.iter().map(|tool| (*tool).to_owned()).collect()
}
