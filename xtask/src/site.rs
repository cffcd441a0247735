//! The site profile to build from: which one, and whether it serves. Writes none.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::depends::EngineError;
use ::depends::digest::Digest;
use ::depends::options::Kind;
use miette::{IntoDiagnostic as _, Result, miette};
use site_profile::{CONFIG_SITE, FILE_NAME, SiteProfile, SystemPackage};
use xshell::Shell;

use crate::arguments::DependsArguments;
use crate::{cargo, workspace};

/// How the profile was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Options on the command line: `depends` made it.
    Options,
    /// `CONFIG_SITE` names it.
    Environment,
    /// It is the one at the top of the checkout.
    TopLevel,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Options => "made by depends with the options on the command line",
            Self::Environment => "named by CONFIG_SITE",
            Self::TopLevel => "the default: no options on the command line, no CONFIG_SITE",
        })
    }
}

/// A profile that serves, and how it was found.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) profile: SiteProfile,
    pub(crate) origin: Origin,
}

/// Why a profile does not serve here.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub(crate) enum SiteError {
    /// The recipes or the engine changed after it was made.
    #[error("the site profile {} is stale: the recipes have changed since it was made", path.display())]
    #[diagnostic(help("run: {command}"))]
    Stale {
        /// The profile.
        path: PathBuf,
        /// What makes it anew.
        command: String,
    },
    /// This checkout cannot have made it.
    #[error("the site profile {} is foreign: this checkout does not understand what it was made with", path.display())]
    #[diagnostic(help(
        "run `cargo xtask depends` in this checkout, and set CONFIG_SITE to the profile that it names"
    ))]
    Foreign {
        /// The profile.
        path: PathBuf,
        /// What is not understood.
        #[source]
        source: EngineError,
    },
    /// It describes a prefix and does not say what made it.
    #[error("the site profile {} is foreign: it describes a prefix, and does not say what made it", path.display())]
    #[diagnostic(help(
        "run `cargo xtask depends` in this checkout, and set CONFIG_SITE to the profile that it names"
    ))]
    Anonymous {
        /// The profile.
        path: PathBuf,
    },
    /// Rust cannot compile for its host.
    #[error("the executables are for {triplet}, and Rust's standard library for {target} is not installed")]
    #[diagnostic(help("run: rustup target add {target}"))]
    NoTarget {
        /// The host.
        triplet: String,
        /// Rust's name for it.
        target: String,
    },
}

/// Chooses the profile, having run `depends` where options are given, and checks that it serves.
///
/// # Errors
/// There is none, or it is stale or foreign; the error says what to run.
pub(crate) fn choose(arguments: &DependsArguments) -> Result<Site> {
    if arguments.options().is_empty() {
        return from_surroundings(arguments.install_tools);
    }
    // Asked before minutes are spent on packages that nothing could be built from.
    let host = Arc::clone(crate::depends::quiet_engine(arguments.options())?.host());
    provide_target(&host.triplet, &host.rust_target, arguments.install_tools)?;
    let installed = crate::depends::install(arguments)?;
    Ok(Site {
        profile: load(&installed.profile)?,
        origin: Origin::Options,
    })
}

/// The profile that `CONFIG_SITE` names, or the top-level one.
///
/// # Errors
/// As [`choose`].
pub(crate) fn from_surroundings(install_tools: bool) -> Result<Site> {
    let named = std::env::var_os(CONFIG_SITE).is_some_and(|path| !path.is_empty());
    let profile = SiteProfile::active(workspace::root()).map_err(|error| chain(&error))?;
    check(&profile, install_tools)?;
    Ok(Site {
        profile,
        origin: if named {
            Origin::Environment
        } else {
            Origin::TopLevel
        },
    })
}

/// Reads the profile at `path` and checks that it serves.
///
/// # Errors
/// As [`choose`].
pub(crate) fn at(path: &Path) -> Result<SiteProfile> {
    let profile = load(path)?;
    check(&profile, false)?;
    Ok(profile)
}

fn load(path: &Path) -> Result<SiteProfile> {
    SiteProfile::load(path).map_err(|error| chain(&error))
}

/// A profile error brings its own help lines.
fn chain(error: &site_profile::ProfileError) -> miette::Report {
    let source = std::error::Error::source(error)
        .map(|source| format!(": {source}"))
        .unwrap_or_default();
    match error.to_string().split_once("\n  help: ") {
        Some((message, help)) => miette!(help = help.to_owned(), "{message}{source}"),
        None => miette!("{error}{source}"),
    }
}

/// How to find packages on the system: by the profile's own rules, or by those of the top-level profile.
///
/// # Errors
/// The top-level profile cannot be read.
pub(crate) fn system_rules(profile: &SiteProfile) -> Result<BTreeMap<String, SystemPackage>> {
    if !profile.profile().system.is_empty() {
        return Ok(profile.profile().system.clone());
    }
    Ok(load(&workspace::root().join(FILE_NAME))?.profile().system.clone())
}

fn check(profile: &SiteProfile, install_tools: bool) -> Result<()> {
    check_provenance(profile)?;
    match &profile.profile().host {
        Some(host) => provide_target(&host.triplet, &host.rust_target, install_tools),
        None => Ok(()),
    }
}

/// Checks that the recipes are those that the profile was made from. Neither a compiler nor the network is asked.
fn check_provenance(profile: &SiteProfile) -> Result<(), SiteError> {
    let path = || profile.path().to_owned();
    let Some(provenance) = &profile.profile().provenance else {
        return if profile.profile().search.is_some() {
            Err(SiteError::Anonymous { path: path() })
        } else {
            Ok(())
        };
    };
    let digest =
        recipes_digest(&provenance.options).map_err(|source| SiteError::Foreign { path: path(), source })?;
    if digest.to_string() == provenance.recipes_sha256 {
        return Ok(());
    }
    Err(SiteError::Stale {
        path: path(),
        command: depends_command(&provenance.options),
    })
}

/// The digest over the recipes that `options` select, whatever switches the environment has.
fn recipes_digest(options: &[String]) -> Result<Digest, EngineError> {
    let mut options: Vec<(String, String)> = options
        .iter()
        .map(|option| option.split_once('=').unwrap_or((option, "")))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let engine = crate::depends::quiet_engine(options.clone())?;
    let strangers: Vec<(String, String)> = engine
        .options()
        .known()
        .filter(|(name, kind)| *kind == Kind::Switch && engine.options().is_given(name))
        .filter(|(name, _)| options.iter().all(|(given, _)| given != name))
        .map(|(name, _)| (name.to_owned(), String::new()))
        .collect();
    if strangers.is_empty() {
        return engine.recipes_digest();
    }
    options.extend(strangers);
    crate::depends::quiet_engine(options)?.recipes_digest()
}

/// The command that makes a profile with `options`.
pub(crate) fn depends_command(options: &[String]) -> String {
    std::iter::once("cargo xtask depends".to_owned())
        .chain(options.iter().map(|option| shell_word(option)))
        .collect::<Vec<_>>()
        .join(" ")
}

fn shell_word(word: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "_-+=:,./@%".contains(character);
    if word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Makes sure that Rust can compile for a host; `install_tools` allows to install what that takes.
fn provide_target(triplet: &str, target: &str, install_tools: bool) -> Result<()> {
    let shell = Shell::new().into_diagnostic()?;
    let is_there = || {
        let command = cargo::outside(&shell, "rustc").args(["--print", "target-libdir", "--target", target]);
        let directory = command.quiet().ignore_stderr().read();
        directory.is_ok_and(|directory| Path::new(&directory).is_dir())
    };
    if is_there() {
        return Ok(());
    }
    if install_tools {
        cargo::outside(&shell, "rustup")
            .args(["target", "add", target])
            .run()
            .into_diagnostic()?;
        if is_there() {
            return Ok(());
        }
    }
    Err(SiteError::NoTarget {
        triplet: triplet.to_owned(),
        target: target.to_owned(),
    }
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFIX: &str = r#"
schema = 1
[host]
triplet = "TRIPLET"
rust-target = "TARGET"
[features]
multiprocess = false
[search]
prefix = ".."
include = []
lib = []
pkg-config = []
cmake = []
native-bin = []
allow-host-packages = false
"#;

    /// The message and the help for a profile with this text in a prefix.
    fn refusal(text: &str) -> String {
        let directory = tempfile::tempdir().unwrap();
        let share = directory.path().join("share");
        fs_err::create_dir(&share).unwrap();
        let path = share.join(FILE_NAME);
        let this = ::depends::host::Host::current().unwrap();
        let text = text
            .replace("TRIPLET", &this.triplet)
            .replace("TARGET", &this.rust_target);
        fs_err::write(&path, text).unwrap();
        let report = at(&path).unwrap_err();
        let help = report.help().map(|help| help.to_string()).unwrap_or_default();
        format!("{report} | {help}")
    }

    fn provenance(options: &str) -> String {
        format!(
            "{PREFIX}[provenance]\ngenerator = \"depends 0\"\nfinal-build-id = \"\"\nrecipes-sha256 = \"00\"\noptions = [{options}]\n"
        )
    }

    #[test]
    fn a_profile_that_does_not_serve_is_refused_with_what_to_run() {
        let rows = [
            (provenance(""), "is stale", "run: cargo xtask depends"),
            (
                provenance("\"DEBUG=1\", \"CFLAGS=-O0 -g\""),
                "is stale",
                "run: cargo xtask depends DEBUG=1 'CFLAGS=-O0 -g'",
            ),
            (
                provenance("\"FLAVOUR=1\""),
                "is foreign",
                "run `cargo xtask depends` in this checkout",
            ),
            (
                PREFIX.to_owned(),
                "does not say what made it",
                "run `cargo xtask depends` in this checkout",
            ),
            (
                "enable_wallet=no\nif test; then\n".to_owned(),
                "is not a site profile",
                "autoconf",
            ),
            (
                "schema = 7\n[features]\n".to_owned(),
                "schema version 7",
                "run `cargo xtask depends`",
            ),
        ];
        for (text, message, help) in rows {
            let refusal = refusal(&text);
            assert!(refusal.contains(message) && refusal.contains(help), "{refusal}");
        }
    }

    #[test]
    fn a_host_that_rust_has_no_library_for_is_named_with_how_to_get_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE_NAME);
        let text =
            "schema = 1\n[host]\ntriplet = \"mips-sgi-irix\"\nrust-target = \"mips-sgi-irix\"\n[features]\n";
        fs_err::write(&path, text).unwrap();
        let report = at(&path).unwrap_err();
        assert!(report.to_string().contains("are for mips-sgi-irix"), "{report}");
        assert_eq!(
            report.help().unwrap().to_string(),
            "run: rustup target add mips-sgi-irix"
        );
    }
}
