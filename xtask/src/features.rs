//! Which features are on, and why: the profile's wishes against what the prefix and the system have.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ::depends::tool::MissingTool;
use site_profile::{Feature, SiteProfile, SystemPackage};

use crate::executables::MULTIPROCESS;
use crate::probe::Probe;

/// The features by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Features(BTreeMap<String, Finding>);

/// What became of a feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) on: bool,
    /// Whether it was left to what is found.
    pub(crate) automatic: bool,
    pub(crate) reason: String,
}

/// A program that a feature calls while it is built.
struct ToolNeed {
    feature: &'static str,
    tool: &'static str,
    install: [(&'static str, &'static str); 3],
}

const TOOL_NEEDS: [ToolNeed; 1] = [ToolNeed {
    feature: MULTIPROCESS,
    tool: "capnp",
    install: [("apt", "capnproto"), ("dnf", "capnproto"), ("brew", "capnp")],
}];

/// What features are resolved against.
pub(crate) struct Surroundings<'a> {
    /// How to find packages on the system.
    pub(crate) rules: &'a BTreeMap<String, SystemPackage>,
    /// Asks the system for a package.
    pub(crate) probe: &'a dyn Fn(&SystemPackage) -> Probe,
    /// Finds a tool of the profile; the error says why not.
    pub(crate) tool: &'a dyn Fn(&str) -> Result<PathBuf, String>,
}

/// What a feature needs, in the order in which it is told.
#[derive(Default)]
struct Needs {
    met: Vec<String>,
    unmet: Vec<String>,
    missing: Vec<MissingTool>,
}

impl Features {
    /// Resolves every feature of `site`; also what is missing for those that the profile insists on.
    pub(crate) fn resolve(site: &SiteProfile, surroundings: &Surroundings<'_>) -> (Self, Vec<MissingTool>) {
        let mut features = BTreeMap::new();
        let mut missing = Vec::new();
        for (name, wish) in &site.profile().features {
            let mut needs = Needs::default();
            if *wish != Feature::Off {
                needs.look_for_packages(name, site, surroundings);
                needs.look_for_tools(name, surroundings);
            }
            let finding = needs.conclude(*wish);
            if *wish == Feature::On {
                missing.append(&mut needs.missing);
            }
            features.insert(name.clone(), finding);
        }
        (Self(features), missing)
    }

    /// What the engine's selection says of the features, before anything is built; `not_carried` has the reasons of
    /// those that no option can turn on.
    pub(crate) fn planned(features: &BTreeMap<String, bool>, not_carried: &BTreeMap<&str, &str>) -> Self {
        let finding = |name: &str, on: bool| {
            let usual = if on {
                "on with these options"
            } else {
                "off with these options"
            };
            let reason = not_carried.get(name).copied().unwrap_or(usual).to_owned();
            Finding {
                on,
                automatic: false,
                reason,
            }
        };
        Self(
            features
                .iter()
                .map(|(name, on)| (name.clone(), finding(name, *on)))
                .collect(),
        )
    }

    /// Whether the feature is on; one that the profile does not know is off.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|finding| finding.on)
    }

    /// All features by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Finding)> {
        self.0.iter().map(|(name, finding)| (name.as_str(), finding))
    }

    /// These features, all on.
    #[cfg(test)]
    pub(crate) fn of(names: &[&str]) -> Self {
        let features = names.iter().map(|name| ((*name).to_owned(), true)).collect();
        Self::planned(&features, &BTreeMap::new())
    }
}

impl Needs {
    fn look_for_packages(&mut self, feature: &str, site: &SiteProfile, surroundings: &Surroundings<'_>) {
        let profile = site.profile();
        for (name, rule) in surroundings
            .rules
            .iter()
            .filter(|(_, rule)| rule.feature == feature)
        {
            if let Some(package) = profile.packages.get(name) {
                self.met.push(format!("{name} {} in the prefix", package.version));
                continue;
            }
            if profile
                .search
                .as_ref()
                .is_some_and(|search| !search.allow_host_packages)
            {
                if let Some(reason) = profile.unsupported.get(name) {
                    self.unmet.push(format!("{name}: {reason}"));
                }
                continue;
            }
            let wanted = format!("{} >= {}", rule.pkg_config, rule.min_version);
            let lack = match (surroundings.probe)(rule) {
                Probe::Found {
                    version: Some(version),
                } => {
                    self.met.push(format!(
                        "{} {version} on the system, >= {}",
                        rule.pkg_config, rule.min_version
                    ));
                    continue;
                }
                Probe::Found { version: None } => {
                    self.met.push(format!("{name} on the system"));
                    continue;
                }
                Probe::TooOld { version } => format!("{wanted} is wanted, the system has {version}"),
                Probe::Absent => format!("{wanted} is not on the system"),
                Probe::NoAnswer { reason } => format!("{wanted} cannot be looked for: {reason}"),
            };
            self.unmet.push(format!("{lack}{}", carriers(&rule.install)));
            self.missing.push(MissingTool {
                name: wanted,
                programs: vec![format!("{}.pc", rule.pkg_config)],
                needed_by: format!("feature {feature}"),
                install: rule.install.clone(),
            });
        }
    }

    fn look_for_tools(&mut self, feature: &str, surroundings: &Surroundings<'_>) {
        for need in TOOL_NEEDS.iter().filter(|need| need.feature == feature) {
            match (surroundings.tool)(need.tool) {
                Ok(path) => self.met.push(format!("{} is {}", need.tool, path.display())),
                Err(reason) => {
                    let install: BTreeMap<String, String> = need
                        .install
                        .iter()
                        .map(|(manager, name)| ((*manager).to_owned(), (*name).to_owned()))
                        .collect();
                    self.unmet.push(format!("{reason}{}", carriers(&install)));
                    self.missing.push(MissingTool {
                        name: need.tool.to_owned(),
                        programs: vec![need.tool.to_owned()],
                        needed_by: format!("feature {feature}"),
                        install,
                    });
                }
            }
        }
    }

    fn conclude(&self, wish: Feature) -> Finding {
        let on = wish != Feature::Off && self.unmet.is_empty();
        let reason = match (wish, on) {
            (Feature::Off, _) => "off in the profile".to_owned(),
            (_, false) => self.unmet.join("; "),
            (_, true) if self.met.is_empty() => "on in the profile".to_owned(),
            (_, true) => self.met.join("; "),
        };
        Finding {
            on,
            automatic: wish == Feature::Auto,
            reason,
        }
    }
}

/// What carries a missing thing, in brackets; nothing where nobody is known to.
fn carriers(install: &BTreeMap<String, String>) -> String {
    if install.is_empty() {
        return String::new();
    }
    let list: Vec<_> = install
        .iter()
        .map(|(manager, package)| format!("{manager}: {package}"))
        .collect();
    format!(" ({})", list.join(", "))
}

#[cfg(test)]
mod tests;
