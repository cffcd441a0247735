//! The targets of `cargo xtask depends`, with the names that `make -C depends` gives them.

use depends::observer::Phase;
use depends::recipe::RecipeSet;

use crate::arguments::depends::command_names;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// Build everything and compose the prefix.
    Install,
    /// Check all recipes.
    Check,
    /// Fetch the sources for these hosts; without any, for the chosen host.
    Download(&'static [&'static str]),
    /// Verify the sources that are there.
    CheckSources,
    /// Verify the built packages that are there.
    CheckPackages,
    /// Remove prefixes, work and built packages, and sources with `all`.
    Clean { all: bool },
    /// Show a variable.
    Print(String),
    /// Build one package, as far as a phase, or into the cache.
    Package { name: String, phase: Option<Phase> },
    /// Verify one built package.
    PackageChecksum(String),
}

const LINUX: &[&str] = &["x86_64-pc-linux-gnu", "aarch64-linux-gnu"];
const MACOS: &[&str] = &["x86_64-apple-darwin", "arm64-apple-darwin"];
const WINDOWS: &[&str] = &["x86_64-w64-mingw32"];
const ALL: &[&str] = &[
    "x86_64-pc-linux-gnu",
    "aarch64-linux-gnu",
    "x86_64-apple-darwin",
    "arm64-apple-darwin",
    "x86_64-w64-mingw32",
];

/// The targets that are not packages.
const NAMES: [(&str, Target); 11] = [
    ("install", Target::Install),
    ("check", Target::Check),
    ("download", Target::Download(ALL)),
    ("download-linux", Target::Download(LINUX)),
    ("download-osx", Target::Download(MACOS)),
    ("download-win", Target::Download(WINDOWS)),
    ("download-one", Target::Download(&[])),
    ("check-sources", Target::CheckSources),
    ("check-packages", Target::CheckPackages),
    ("clean", Target::Clean { all: false }),
    ("clean-all", Target::Clean { all: true }),
];

/// The suffixes of `<package>_<stage>`.
const STAGES: [(&str, Option<Phase>); 8] = [
    ("_fetched", Some(Phase::Fetch)),
    ("_extracted", Some(Phase::Extract)),
    ("_preprocessed", Some(Phase::Preprocess)),
    ("_configured", Some(Phase::Configure)),
    ("_built", Some(Phase::Build)),
    ("_staged", Some(Phase::Stage)),
    ("_postprocessed", Some(Phase::Postprocess)),
    ("_cached", None),
];

/// A word that is no target.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("there is no target {word}")]
#[diagnostic(help("{help}"))]
pub(super) struct UnknownTarget {
    word: String,
    help: String,
}

impl Target {
    /// The package and the phase, where the target is one.
    pub(super) fn as_package(&self) -> Option<(&str, Option<Phase>)> {
        match self {
            Self::Package { name, phase } => Some((name, *phase)),
            _ => None,
        }
    }

    /// The target called `word`.
    pub(super) fn parse(word: &str, recipes: &RecipeSet) -> Result<Self, UnknownTarget> {
        if let Some((_, target)) = NAMES.iter().find(|(name, _)| *name == word) {
            return Ok(target.clone());
        }
        if let Some(variable) = word
            .strip_prefix("print-")
            .filter(|variable| !variable.is_empty())
        {
            return Ok(Self::Print(variable.to_owned()));
        }
        let is_package = |name: &str| {
            recipes
                .get(name.strip_prefix("native_").unwrap_or(name))
                .is_some()
        };
        if is_package(word) {
            return Ok(Self::Package {
                name: word.to_owned(),
                phase: None,
            });
        }
        if let Some(name) = word
            .strip_suffix("_cached_checksum")
            .filter(|name| is_package(name))
        {
            return Ok(Self::PackageChecksum(name.to_owned()));
        }
        for (suffix, phase) in STAGES {
            if let Some(name) = word.strip_suffix(suffix).filter(|name| is_package(name)) {
                return Ok(Self::Package {
                    name: name.to_owned(),
                    phase,
                });
            }
        }
        Err(unknown(word, recipes))
    }
}

fn unknown(word: &str, recipes: &RecipeSet) -> UnknownTarget {
    let names: Vec<&str> = NAMES
        .iter()
        .map(|(name, _)| *name)
        .chain(recipes.names())
        .collect();
    let stages: Vec<String> = recipes
        .names()
        .flat_map(|name| STAGES.map(|(suffix, _)| format!("{name}{suffix}")))
        .collect();
    let commands = command_names();
    let all = names
        .iter()
        .copied()
        .chain(stages.iter().chain(&commands).map(String::as_str));
    let help = match depends::suggest::nearest(word, all) {
        Some(near) => format!("did you mean {near}?"),
        None => format!(
            "the targets are {}, print-VARIABLE, and for each package also native_PACKAGE and PACKAGE_STAGE; the \
             commands are {}",
            names.join(", "),
            commands.join(", "),
        ),
    };
    UnknownTarget {
        word: word.to_owned(),
        help,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn recipes() -> RecipeSet {
        RecipeSet::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../packages")).unwrap()
    }

    #[test]
    fn words_are_targets_packages_and_stages() {
        let package = |name: &str, phase| Target::Package {
            name: name.to_owned(),
            phase,
        };
        let rows = [
            ("install", Target::Install),
            ("print-final_build_id", Target::Print("final_build_id".to_owned())),
            ("capnp", package("capnp", None)),
            ("native_capnp_staged", package("native_capnp", Some(Phase::Stage))),
            ("capnp_cached", package("capnp", None)),
            (
                "capnp_cached_checksum",
                Target::PackageChecksum("capnp".to_owned()),
            ),
        ];
        for (word, expected) in rows {
            assert_eq!(Target::parse(word, &recipes()).unwrap(), expected, "{word}");
        }
    }

    #[test]
    fn an_unknown_target_is_refused_with_the_nearest() {
        let rows = [
            ("chek-sources", "did you mean check-sources?"),
            ("capnpp", "did you mean capnp?"),
            ("grpah", "did you mean graph?"),
            ("capnp_stagd", "did you mean capnp_staged?"),
            ("xyzzy", "the targets are install, check, "),
        ];
        for (word, expected) in rows {
            let help = Target::parse(word, &recipes()).unwrap_err().help;
            assert!(help.starts_with(expected), "{word}: {help}");
        }
    }
}
