//! The keys of a profile.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{ProfileError, SCHEMA};

/// A profile as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Profile {
    /// The version of the schema: [`SCHEMA`].
    pub schema: u32,
    /// What the profile was made from; a system profile has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Provenance>,
    /// What is built for. By default, the machine that builds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
    /// The features by name.
    pub features: BTreeMap<String, Feature>,
    /// The native tools by role: a path relative to the prefix, or a bare name to find on `PATH`.
    #[serde(default)]
    pub tools: BTreeMap<String, String>,
    /// Where dependents look for headers and libraries; a system profile has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<Search>,
    /// The packages in the prefix.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub packages: BTreeMap<String, Package>,
    /// Packages that were asked for and do not exist for the host, with the reasons.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unsupported: BTreeMap<String, String>,
    /// How to find packages on the system, where the prefix has none and host packages are allowed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub system: BTreeMap<String, SystemPackage>,
}

/// Whether a feature is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "FeatureValue", into = "FeatureValue")]
pub enum Feature {
    /// Built; what it needs must be there.
    On,
    /// Not built.
    Off,
    /// Built if what it needs is found.
    Auto,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(untagged)]
enum FeatureValue {
    Switch(bool),
    Word(String),
}

impl TryFrom<FeatureValue> for Feature {
    type Error = String;

    fn try_from(value: FeatureValue) -> Result<Self, Self::Error> {
        match value {
            FeatureValue::Switch(true) => Ok(Self::On),
            FeatureValue::Switch(false) => Ok(Self::Off),
            FeatureValue::Word(word) if word == "auto" => Ok(Self::Auto),
            FeatureValue::Word(word) => Err(format!("a feature is true, false or \"auto\", not {word:?}")),
        }
    }
}

impl From<Feature> for FeatureValue {
    fn from(feature: Feature) -> Self {
        match feature {
            Feature::On => Self::Switch(true),
            Feature::Off => Self::Switch(false),
            Feature::Auto => Self::Word("auto".to_owned()),
        }
    }
}

/// What a prefix profile was made from, so that a stale or foreign one is noticed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Provenance {
    /// The engine and its version.
    pub generator: String,
    /// The digest over the keys of all packages in the prefix and over the profile's own inputs.
    pub final_build_id: String,
    /// The digest over the recipes that it was made from: 64 hexadecimal digits.
    pub recipes_sha256: String,
    /// The options that were given, as `NAME=VALUE`.
    pub options: Vec<String>,
}

/// The platform that is built for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Host {
    /// The GNU triplet, such as `x86_64-pc-linux-gnu`.
    pub triplet: String,
    /// Rust's name of the platform, such as `x86_64-unknown-linux-gnu`.
    pub rust_target: String,
}

/// Where dependents look; every path is relative to `prefix`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Search {
    /// The prefix, relative to the directory of the profile.
    pub prefix: String,
    /// Directories of headers.
    pub include: Vec<String>,
    /// Directories of libraries.
    pub lib: Vec<String>,
    /// Directories of `.pc` files.
    pub pkg_config: Vec<String>,
    /// Directories of CMake packages.
    pub cmake: Vec<String>,
    /// Directories of native programs.
    pub native_bin: Vec<String>,
    /// Whether packages that the prefix lacks may come from the system.
    pub allow_host_packages: bool,
}

/// A package in the prefix.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Package {
    /// The version.
    pub version: String,
    /// The SPDX expression of its licence.
    pub license: String,
    /// The key that it was built under: 64 hexadecimal digits.
    pub key: String,
    /// The SHA-256 digest of its archive: 64 hexadecimal digits.
    pub archive_sha256: String,
}

/// How to find a package on the system.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SystemPackage {
    /// The feature that needs it.
    pub feature: String,
    /// The name of its `.pc` file.
    pub pkg_config: String,
    /// The lowest version that serves.
    pub min_version: String,
    /// The port's name in vcpkg, which serves on Windows.
    pub vcpkg: String,
    /// The system's package that carries it, by package manager (`apt`, `dnf`, `brew`).
    #[serde(default)]
    pub install: BTreeMap<String, String>,
}

impl Profile {
    /// Parses the text of a profile, wherever it lies; `path` is for messages alone.
    ///
    /// # Errors
    /// The text is no TOML, has an unknown key or another schema version.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ProfileError> {
        #[derive(Deserialize)]
        struct Version {
            schema: Option<u32>,
        }
        let malformed = |reason: String, help| ProfileError::Malformed {
            path: path.to_owned(),
            reason,
            help,
        };
        let help = "a site profile is the share/config.site.toml that `cargo xtask depends` writes; an autoconf config.site does not serve";
        let version: Version =
            toml::from_str(text).map_err(|error| malformed(located(&error, text), help))?;
        match version.schema {
            None => return Err(malformed("it has no `schema`".to_owned(), help)),
            Some(SCHEMA) => {}
            Some(found) => {
                return Err(ProfileError::OtherSchema {
                    path: path.to_owned(),
                    found,
                    expected: SCHEMA,
                });
            }
        }
        toml::from_str(text).map_err(|error| {
            malformed(
                located(&error, text),
                "correct the key; docs/profile.md describes all of them",
            )
        })
    }
}

/// The message of a TOML error with its line and column.
fn located(error: &toml::de::Error, text: &str) -> String {
    let message = error.message().to_owned();
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else {
        return message;
    };
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {line}, column {column}: {message}")
}
