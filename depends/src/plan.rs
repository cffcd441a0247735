//! What is built for one host: recipes resolved into units, each with the key that covers all of its inputs.
//!
//! Nothing here touches sources or compiles anything. A plan is a function of the recipes, the options and the
//! toolchains.

pub mod key;
mod planner;
mod reachable;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use crate::digest::Digest;
use crate::host::Host;
use crate::recipe::{BuildSystem, Flags, Recipe, Template};
use crate::tool::SearchPath;
use crate::toolchain::Toolchain;

pub use reachable::reachable;

/// What stands for a platform where every platform is meant.
pub const ANY: &str = "any";

/// All that is built for one host, dependencies before what needs them.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What is built for.
    pub host: Arc<Host>,
    /// The machine that builds.
    pub build: Arc<Host>,
    /// The compilers for the host.
    pub toolchain: Arc<Toolchain>,
    /// The flags of the host's packages before each adds its own.
    pub flags: HostFlags,
    /// What the host's packages are built as.
    pub variant: Variant,
    /// What is built, each once: a package whose native and host forms agree is one unit.
    pub units: Vec<Unit>,
    /// The packages for the host: their names and units.
    pub packages: BTreeMap<String, usize>,
    /// The packages for the building machine.
    pub native_packages: BTreeMap<String, usize>,
    /// Selected packages that do not exist on their platform, with the reasons.
    pub unsupported: BTreeMap<String, String>,
}

/// The flags that every package for the host begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostFlags {
    /// Of optimised packages.
    pub release: Flags,
    /// Of packages for debugging.
    pub debug: Flags,
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

impl Variant {
    /// `release` or `debug`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Debug => "debug",
        }
    }
}

impl Unit {
    /// The package's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.recipe.name()
    }

    /// What it is for: its machine's triplet, or [`ANY`] where nothing of it is compiled, so that every platform shares
    /// it.
    #[must_use]
    pub fn platform(&self) -> &str {
        if self.recipe.build.is_portable() {
            ANY
        } else {
            &self.machine.triplet
        }
    }

    /// The name that messages give it: `native_` before it where only the building machine uses it.
    #[must_use]
    pub fn label(&self) -> String {
        if self.native_only && !self.recipe.build.is_portable() {
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

    /// The flags that the plan's packages for the host begin with.
    #[must_use]
    pub fn host_flags(&self) -> &Flags {
        match self.variant {
            Variant::Release => &self.flags.release,
            Variant::Debug => &self.flags.debug,
        }
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

    /// The programs that its builds call, as far as they are found.
    #[must_use]
    pub fn programs(&self, search_path: &SearchPath) -> Vec<PathBuf> {
        let mut programs = BTreeSet::new();
        for unit in &self.units {
            for (_, tool) in unit.toolchain.tools() {
                programs.insert(tool.program.clone());
                // Behind a launcher stands the compiler proper.
                programs.extend(tool.arguments.iter().filter_map(|word| search_path.find(word)));
            }
            let named = unit
                .tools
                .iter()
                .filter_map(|tool| search_path.find_tool(tool, "").ok());
            programs.extend(named);
        }
        programs.into_iter().collect()
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

/// The programs that a recipe's build calls on any platform.
#[must_use]
pub fn recipe_tools(recipe: &Recipe) -> BTreeSet<String> {
    let named = recipe
        .all_additions()
        .flat_map(|additions| &additions.tools)
        .map(|tool| tool.get_ref().clone());
    let has_native = recipe
        .all_additions()
        .any(|additions| !additions.native_dependencies.is_empty());
    let steps = step_tools(&recipe.build, has_native);
    build_tools(&recipe.build)
        .into_iter()
        .chain(steps)
        .chain(named)
        .collect()
}

/// The programs that steps call by name; where there are native dependencies, these may bring them.
fn step_tools(build: &BuildSystem, has_native: bool) -> BTreeSet<String> {
    let programs = build.step_programs().filter(|_| !has_native);
    programs.map(str::to_owned).collect()
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
