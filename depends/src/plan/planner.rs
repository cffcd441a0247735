//! Resolving recipes: for each package and platform one unit, its dependencies first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cargo_platform::Cfg;

use super::{HostFlags, Plan, Platforms, Unit, Variant, build_tools, key, step_tools};
use crate::digest::Digest;
use crate::host::Host;
use crate::options::Options;
use crate::recipe::{Flags, RecipeSet};
use crate::selection::Selected;

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
}

/// Whether a package is for the host or for the machine that builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Platform {
    Native,
    Host,
}

/// What a package is built as: only those for the host are ever built for debugging.
pub(super) fn variant(platform: Platform, options: &Options) -> Variant {
    match platform {
        Platform::Host if options.switch("DEBUG") => Variant::Debug,
        Platform::Host | Platform::Native => Variant::Release,
    }
}

/// What conditions may ask about a package that runs on `machine` and is built on `build`.
pub(super) fn facts(machine: &Host, build: &Host, platform: Platform, options: &Options) -> Vec<Cfg> {
    let mut words = vec![
        if machine.triplet == build.triplet {
            "native"
        } else {
            "cross"
        },
        match variant(platform, options) {
            Variant::Release => "release",
            Variant::Debug => "debug",
        },
    ];
    if platform == Platform::Host && options.switch("LTO") {
        words.push("lto");
    }
    let words = words
        .into_iter()
        .map(|word| word.parse().expect("it is a fact because it is a plain word"));
    machine.facts().into_iter().chain(words).collect()
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
        let variant = variant(platform, self.options);
        let facts = facts(&machine, &self.platforms.build, platform, self.options);
        let mut unit = Unit {
            native_only: platform == Platform::Native,
            options: Vec::new(),
            flags: if recipe.build.is_portable() {
                Flags::default()
            } else {
                self.base_flags(&machine, platform, variant)
            },
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
                self.give_up(name, &dependency);
                return None;
            };
            unit.dependencies.push(index);
        }
        for dependency in native_dependencies {
            if dependency == name && platform == Platform::Native {
                continue;
            }
            let Some(index) = self.resolve(&dependency, Platform::Native) else {
                self.give_up(name, &dependency);
                return None;
            };
            unit.native_dependencies.push(index);
        }
        unit.tools
            .extend(step_tools(&recipe.build, !unit.native_dependencies.is_empty()));
        unit.preimage = key::preimage(&unit, &self.units, self.salt(platform));
        unit.key = Digest::of(unit.preimage.as_bytes());
        let index = self.add(unit);
        self.resolved.insert((name.to_owned(), platform), index);
        Some(index)
    }

    /// Notes that `name` cannot be had, because `dependency` cannot.
    fn give_up(&mut self, name: &str, dependency: &str) {
        let cause = &self.unsupported[dependency];
        let reason = format!("it needs {dependency}, which is not there: {cause}");
        self.unsupported.insert(name.to_owned(), reason);
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
        let flags = |variant| self.base_flags(&self.platforms.host, Platform::Host, variant);
        Plan {
            toolchain: Arc::clone(&self.platforms.host_toolchain),
            flags: HostFlags {
                release: flags(Variant::Release),
                debug: flags(Variant::Debug),
            },
            variant: variant(Platform::Host, self.options),
            host: Arc::clone(&self.platforms.host),
            build: Arc::clone(&self.platforms.build),
            packages: packages(Platform::Host),
            native_packages: packages(Platform::Native),
            units: self.units,
            unsupported: self.unsupported,
        }
    }
}
