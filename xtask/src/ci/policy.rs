//! What `deny.toml` says, as far as it can be checked offline. The file's keys are cargo-deny's.

use std::path::Path;

use miette::{IntoDiagnostic as _, Result, WrapErr as _};
use serde::Deserialize;
use spdx::{Expression, Licensee, ParseMode};

/// The parts of `deny.toml` that are checked here; cargo-deny reads the others.
#[derive(Debug, Deserialize)]
pub(super) struct Policy {
    licenses: Licences,
    bans: Bans,
    sources: Sources,
}

#[derive(Debug, Deserialize)]
struct Licences {
    allow: Vec<String>,
    #[serde(default)]
    exceptions: Vec<Exception>,
}

#[derive(Debug, Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    package: String,
    allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Bans {
    #[serde(default)]
    deny: Vec<Ban>,
}

#[derive(Debug, Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    package: String,
    #[serde(default)]
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    unknown_git: Level,
    unknown_registry: Level,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Deny,
    Warn,
    Allow,
}

/// A dependency as it is judged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    /// An SPDX expression.
    pub(super) license: Option<String>,
    /// Where it comes from, as cargo writes it; what lies in the checkout has none.
    pub(super) source: Option<String>,
}

impl Policy {
    /// Reads `deny.toml`.
    ///
    /// # Errors
    /// It cannot be read, or lacks what is checked here.
    pub(super) fn load(path: &Path) -> Result<Self> {
        let text = fs_err::read_to_string(path).into_diagnostic()?;
        toml::from_str(&text)
            .into_diagnostic()
            .wrap_err_with(|| format!("{} is wrong", path.display()))
    }

    /// What is wrong with the packages, one line each.
    pub(super) fn complaints(&self, packages: &[Package]) -> Vec<String> {
        let registry = packages
            .iter()
            .filter_map(|package| package.source.as_deref())
            .find(|source| is_registry(source));
        let mut complaints = Vec::new();
        for package in packages {
            let reasons = [
                self.licence(package),
                self.source(package, registry),
                self.ban(package),
            ];
            let reasons = reasons.into_iter().flatten();
            complaints
                .extend(reasons.map(|reason| format!("{} {}: {reason}", package.name, package.version)));
        }
        complaints
    }

    fn licence(&self, package: &Package) -> Option<String> {
        let Some(text) = &package.license else {
            return Some("it names no licence".to_owned());
        };
        let expression = match Expression::parse_mode(text, ParseMode::LAX) {
            Ok(expression) => expression,
            Err(error) => {
                return Some(format!(
                    "its licence {text:?} is no SPDX expression: {}",
                    error.reason
                ));
            }
        };
        let exceptions = self
            .licenses
            .exceptions
            .iter()
            .filter(|exception| exception.package == package.name);
        let allowed: Vec<Licensee> = self
            .licenses
            .allow
            .iter()
            .chain(exceptions.flat_map(|exception| &exception.allow))
            .filter_map(|name| Licensee::parse(name).ok())
            .collect();
        let is_allowed =
            expression.evaluate(|wanted| allowed.iter().any(|licensee| licensee.satisfies(wanted)));
        (!is_allowed).then(|| format!("its licence {text} is not among those that deny.toml allows"))
    }

    fn source(&self, package: &Package, registry: Option<&str>) -> Option<String> {
        let source = package.source.as_deref()?;
        let level = if is_registry(source) {
            if Some(source) == registry {
                return None;
            }
            self.sources.unknown_registry
        } else {
            self.sources.unknown_git
        };
        (level == Level::Deny)
            .then(|| format!("its source {source} is not the registry that the others come from"))
    }

    fn ban(&self, package: &Package) -> Option<String> {
        let ban = self.bans.deny.iter().find(|ban| ban.package == package.name)?;
        Some(format!("deny.toml bans it: {}", ban.reason))
    }
}

fn is_registry(source: &str) -> bool {
    source.starts_with("registry+") || source.starts_with("sparse+")
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    const POLICY: &str = r#"
[licenses]
allow = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"]
exceptions = [{ crate = "tables", allow = ["Unicode-3.0"] }]
confidence-threshold = 0.9
[bans]
deny = [{ crate = "openssl-sys", reason = "rustls does it" }]
[sources]
unknown-git = "deny"
unknown-registry = "deny"
"#;

    fn package(name: &str, license: Option<&str>, source: Option<&str>) -> Package {
        Package {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            license: license.map(str::to_owned),
            source: source.map(str::to_owned),
        }
    }

    #[test]
    fn the_projects_policy_refuses_copyleft_and_git() {
        let policy = Policy::load(&crate::workspace::root().join("deny.toml")).unwrap();
        let home = Some("registry+https://index.example");
        let rows = [
            ("MIT OR Apache-2.0", home, 0),
            ("GPL-2.0-or-later", home, 1),
            ("AGPL-3.0-only", home, 1),
            ("MIT", Some("git+https://git.example/x#0123"), 1),
            ("GPL-3.0-only", Some("git+https://git.example/x#0123"), 2),
        ];
        for (license, source, n_complaints) in rows {
            let packages = [
                package("first", Some("MIT"), home),
                package("x", Some(license), source),
            ];
            let complaints = policy.complaints(&packages);
            assert_eq!(complaints.len(), n_complaints, "{complaints:?}");
        }
    }

    #[test]
    fn what_the_policy_allows_passes_and_all_else_is_named() {
        let policy: Policy = toml::from_str(POLICY).unwrap();
        let home = Some("registry+https://index.example");
        let packages = [
            package("ours", Some("MIT"), None),
            package("either", Some("GPL-3.0 OR MIT"), home),
            package("old-style", Some("MIT/Apache-2.0"), home),
            package("llvm", Some("Apache-2.0 WITH LLVM-exception"), home),
            package("tables", Some("(MIT OR Apache-2.0) AND Unicode-3.0"), home),
            package("copyleft", Some("GPL-3.0-only"), home),
            package("both", Some("MIT AND GPL-3.0-or-later"), home),
            package("not-tables", Some("Unicode-3.0"), home),
            package("silent", None, home),
            package("odd", Some("as is"), home),
            package("forked", Some("MIT"), Some("git+https://git.example/forked#0123")),
            package("elsewhere", Some("MIT"), Some("sparse+https://other.example")),
            package("openssl-sys", Some("MIT"), home),
        ];
        expect![[r#"
            copyleft 1.0.0: its licence GPL-3.0-only is not among those that deny.toml allows
            both 1.0.0: its licence MIT AND GPL-3.0-or-later is not among those that deny.toml allows
            not-tables 1.0.0: its licence Unicode-3.0 is not among those that deny.toml allows
            silent 1.0.0: it names no licence
            odd 1.0.0: its licence "as is" is no SPDX expression: unknown term
            forked 1.0.0: its source git+https://git.example/forked#0123 is not the registry that the others come from
            elsewhere 1.0.0: its source sparse+https://other.example is not the registry that the others come from
            openssl-sys 1.0.0: deny.toml bans it: rustls does it"#]]
        .assert_eq(&policy.complaints(&packages).join("\n"));
    }
}
