//! The options of a run, `NAME=VALUE` on the command line or in the environment, with names that builders of
//! dependencies have long given them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use crate::host::Host;

/// What an option's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// On or off: empty, `0`, `no` and `off` are off, anything else is on.
    Switch,
    /// Any text.
    Text,
    /// A directory.
    Path,
    /// A whole number.
    Number,
}

/// The engine's own options, besides those that a selection file brings: name, kind, meaning.
pub const ENGINE_OPTIONS: [(&str, Kind, &str); 27] = [
    (
        "HOST",
        Kind::Text,
        "the platform to build for, such as aarch64-linux-gnu; by default, this machine",
    ),
    (
        "SOURCES_PATH",
        Kind::Path,
        "where source archives are kept; by default, sources/ beside the engine",
    ),
    (
        "BASE_CACHE",
        Kind::Path,
        "where built packages are kept; by default, built/ beside the engine",
    ),
    (
        "SDK_PATH",
        Kind::Path,
        "where platform SDKs lie, for hosts that need one",
    ),
    (
        "FALLBACK_DOWNLOAD_PATH",
        Kind::Text,
        "a location that has every source archive, tried after all other routes",
    ),
    (
        "DOWNLOAD_CONNECT_TIMEOUT",
        Kind::Number,
        "seconds to wait for a server, 30 by default",
    ),
    (
        "DOWNLOAD_RETRIES",
        Kind::Number,
        "how often a failed download is tried again, 3 by default",
    ),
    ("C_STANDARD", Kind::Text, "the C standard, c11 by default"),
    ("CXX_STANDARD", Kind::Text, "the C++ standard, c++20 by default"),
    (
        "ALLOW_HOST_PACKAGES",
        Kind::Switch,
        "let the system's packages fill what the prefix lacks",
    ),
    ("DEBUG", Kind::Switch, "build for debugging, without optimisation"),
    ("LTO", Kind::Switch, "build for link-time optimisation"),
    ("LOG", Kind::Switch, "keep each package's log beside its archive"),
    ("V", Kind::Switch, "show the commands that are run"),
    (
        "SANDBOX",
        Kind::Text,
        "insist on an isolation of builds, namespaces or landlock, or do without it, off; by default, the strongest \
         that this machine offers",
    ),
    (
        "HOST_ID_SALT",
        Kind::Text,
        "changes the keys of packages for the host",
    ),
    ("BUILD_ID_SALT", Kind::Text, "changes the keys of native packages"),
    ("CC", Kind::Text, "the C compiler for the host"),
    ("CXX", Kind::Text, "the C++ compiler for the host"),
    ("AR", Kind::Text, "the archiver for the host"),
    ("RANLIB", Kind::Text, "the archive indexer for the host"),
    ("NM", Kind::Text, "the symbol lister for the host"),
    ("STRIP", Kind::Text, "the symbol stripper for the host"),
    (
        "CFLAGS",
        Kind::Text,
        "replaces the default flags of the C compiler",
    ),
    (
        "CXXFLAGS",
        Kind::Text,
        "replaces the default flags of the C++ compiler",
    ),
    (
        "CPPFLAGS",
        Kind::Text,
        "replaces the default flags of the preprocessor",
    ),
    ("LDFLAGS", Kind::Text, "replaces the default flags of the linker"),
];

/// Options that say where things are and what is shown, not what is built.
const INCIDENTAL: [&str; 8] = [
    "SOURCES_PATH",
    "BASE_CACHE",
    "FALLBACK_DOWNLOAD_PATH",
    "DOWNLOAD_CONNECT_TIMEOUT",
    "DOWNLOAD_RETRIES",
    "LOG",
    "SANDBOX",
    "V",
];

/// The tools that options such as `CC` and `mingw32_CC` name.
pub const TOOL_OPTIONS: [&str; 6] = ["CC", "CXX", "AR", "RANLIB", "NM", "STRIP"];

/// The options of a run.
#[derive(Debug, Clone, Default)]
pub struct Options {
    given: BTreeMap<String, String>,
    known: BTreeMap<String, Kind>,
}

/// A wrong option.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
pub enum OptionError {
    /// There is no such option.
    #[error("there is no option {name}")]
    #[diagnostic(help("{help}"))]
    Unknown {
        /// The name.
        name: String,
        /// The nearest option, or the list.
        help: String,
    },
    /// A number was wanted.
    #[error("{name}={value}: {value:?} is no whole number")]
    NotANumber {
        /// The option.
        name: String,
        /// Its value.
        value: String,
    },
    /// A directory was wanted.
    #[error("{name}={value}: a path must not be empty")]
    EmptyPath {
        /// The option.
        name: String,
        /// Its value.
        value: String,
    },
}

impl Options {
    /// Reads `arguments`, pairs of name and value, and what `environment` has for every other known option. `switches`
    /// are known beside the engine's own options.
    ///
    /// # Errors
    /// A name on the command line that is unknown, or a value that does not fit. A later argument replaces an earlier
    /// one of the same name.
    pub fn new<'a>(
        arguments: &[(String, String)],
        environment: impl Fn(&str) -> Option<String>,
        switches: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, OptionError> {
        let mut known: BTreeMap<String, Kind> = ENGINE_OPTIONS
            .iter()
            .map(|(name, kind, _)| ((*name).to_owned(), *kind))
            .collect();
        known.extend(
            switches
                .into_iter()
                .map(|option| (option.to_owned(), Kind::Switch)),
        );
        for prefix in tool_prefixes() {
            known.extend(TOOL_OPTIONS.map(|tool| (format!("{prefix}_{tool}"), Kind::Text)));
        }
        let mut given: BTreeMap<String, String> = known
            .keys()
            .filter_map(|name| Some((name.clone(), environment(name)?)))
            .collect();
        for (name, value) in arguments {
            if !known.contains_key(name) {
                return Err(unknown(name, known.keys().map(String::as_str)));
            }
            given.insert(name.clone(), value.clone());
        }
        for (name, value) in &given {
            check_value(name, value, known[name])?;
        }
        Ok(Self { given, known })
    }

    /// The option's value, unless it was not given or is empty.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        let value = self.given.get(name)?;
        (!value.is_empty()).then_some(value.as_str())
    }

    /// The option's value as a path, unless it was not given.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.text(name).map(PathBuf::from)
    }

    /// Whether the switch is on.
    #[must_use]
    pub fn switch(&self, name: &str) -> bool {
        self.given.get(name).is_some_and(|value| is_on(value))
    }

    /// Whether the option was given at all, also as off.
    #[must_use]
    pub fn is_given(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    /// `DOWNLOAD_CONNECT_TIMEOUT`.
    #[must_use]
    pub fn connect_timeout(&self) -> Duration {
        Duration::from_secs(self.number("DOWNLOAD_CONNECT_TIMEOUT").unwrap_or(30))
    }

    /// `DOWNLOAD_RETRIES`.
    #[must_use]
    pub fn retries(&self) -> u32 {
        let retries = self.number("DOWNLOAD_RETRIES").unwrap_or(3);
        u32::try_from(retries).unwrap_or(u32::MAX)
    }

    /// The options that decide what is built, wherever they were given, as `NAME=VALUE`, by name.
    #[must_use]
    pub fn decisive(&self) -> Vec<String> {
        self.given
            .iter()
            .filter(|(name, value)| !value.is_empty() && !INCIDENTAL.contains(&name.as_str()))
            .map(|(name, value)| format!("{name}={value}"))
            .collect()
    }

    /// All known options with their kinds.
    pub fn known(&self) -> impl Iterator<Item = (&str, Kind)> {
        self.known.iter().map(|(name, kind)| (name.as_str(), *kind))
    }

    /// What the user should hear about the options: where ours differ from what upstream makes of the same words.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let words_for_off = self
            .given
            .iter()
            .filter(|(name, value)| self.known[*name] == Kind::Switch && !value.is_empty() && !is_on(value))
            .map(|(name, value)| {
                format!("{name}={value} is taken as off; make -C depends takes any value as on")
            });
        let no_sdk = self
            .text("SDK_PATH")
            .map(|_| "SDK_PATH has no effect: no host that needs an SDK is built yet".to_owned());
        words_for_off.chain(no_sdk).collect()
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }
}

/// Whether a switch with this value is on.
fn is_on(value: &str) -> bool {
    !["", "0", "no", "off", "false"].contains(&value.to_ascii_lowercase().as_str())
}

fn check_value(name: &str, value: &str, kind: Kind) -> Result<(), OptionError> {
    let (name, value) = (name.to_owned(), value.to_owned());
    match kind {
        Kind::Number if !value.is_empty() && value.parse::<u64>().is_err() => {
            Err(OptionError::NotANumber { name, value })
        }
        Kind::Path if value.trim().is_empty() => Err(OptionError::EmptyPath { name, value }),
        Kind::Switch | Kind::Text | Kind::Path | Kind::Number => Ok(()),
    }
}

/// What stands before `_CC` and its like: each system and each processor with its system.
fn tool_prefixes() -> BTreeSet<String> {
    let hosts = Host::all().iter();
    hosts
        .flat_map(|host| [host.system.clone(), format!("{}_{}", host.arch, host.system)])
        .collect()
}

fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> OptionError {
    let help = match crate::suggest::nearest(name, known.clone()) {
        Some(near) => format!("did you mean {near}?"),
        None => {
            let list: Vec<_> = known
                .filter(|name| name.chars().all(|c| !c.is_lowercase()))
                .collect();
            format!("the options are {}", list.join(", "))
        }
    };
    OptionError::Unknown {
        name: name.to_owned(),
        help,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(arguments: &[(&str, &str)], environment: &[(&str, &str)]) -> Result<Options, OptionError> {
        let arguments: Vec<_> = arguments
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let lookup = |name: &str| {
            let found = environment.iter().find(|(known, _)| *known == name)?;
            Some(found.1.to_owned())
        };
        Options::new(&arguments, lookup, [])
    }

    #[test]
    fn words_for_off_are_off_and_said_to_be() {
        for (value, expected) in [
            ("1", true),
            ("yes", true),
            ("0", false),
            ("no", false),
            ("off", false),
            ("", false),
        ] {
            let options = options(&[("DEBUG", value)], &[]).unwrap();
            assert_eq!(options.switch("DEBUG"), expected, "DEBUG={value}");
            assert_eq!(options.notes().len(), usize::from(!expected && !value.is_empty()));
        }
    }

    #[test]
    fn the_command_line_wins_over_the_environment() {
        let options = options(&[("HOST", "a"), ("HOST", "b")], &[("HOST", "c"), ("LOG", "1")]).unwrap();
        assert_eq!(options.text("HOST"), Some("b"));
        assert!(options.switch("LOG"));
        assert_eq!(options.decisive(), ["HOST=b"]);
    }

    #[test]
    fn a_wrong_option_is_refused_with_a_suggestion() {
        let rows = [
            ("HOTS", "x", "there is no option HOTS"),
            (
                "DOWNLOAD_RETRIES",
                "many",
                "DOWNLOAD_RETRIES=many: \"many\" is no whole number",
            ),
            ("SOURCES_PATH", "", "SOURCES_PATH=: a path must not be empty"),
        ];
        for (name, value, expected) in rows {
            assert_eq!(options(&[(name, value)], &[]).unwrap_err().to_string(), expected);
        }
        let help = miette::Diagnostic::help(&options(&[("CFLAG", "x")], &[]).unwrap_err())
            .unwrap()
            .to_string();
        assert_eq!(help, "did you mean CFLAGS?");
        assert!(options(&[("x86_64_linux_CC", "gcc")], &[]).is_ok());
    }
}
