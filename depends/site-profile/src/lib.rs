//! The site profile: the TOML file in which a dependency build says what it found or made, and from which a
//! workspace is built.
//!
//! Owns the file's schema, its loading and its checks. Looks nothing up outside the file but the programs that it
//! names, and builds nothing. `docs/profile.md` documents every key.
//!
//! Two kinds share the schema. A *prefix* profile lies in a staged prefix at `share/config.site.toml` and speaks of
//! nothing outside it; its paths are relative to the prefix, so the prefix can be moved. A *system* profile has no
//! prefix: its tools are names to find on `PATH`, its packages are rules for `pkg-config`.

mod error;
mod schema;

use std::path::{Path, PathBuf};

pub use error::ProfileError;
pub use schema::{Feature, Host, Package, Profile, Provenance, Search, SystemPackage};

/// The version of the schema that this crate reads and writes.
pub const SCHEMA: u32 = 1;

/// The environment variable that names the profile to build from.
pub const CONFIG_SITE: &str = "CONFIG_SITE";

/// The profile's file name, in a prefix's `share` directory and at the top of a workspace.
pub const FILE_NAME: &str = "config.site.toml";

/// The name of the file beside the profile that configure scripts read, which `CONFIG_SITE` also names for them.
const AUTOCONF_FILE_NAME: &str = "config.site";

/// A profile that was read from a file and passed its checks.
#[derive(Debug, Clone)]
pub struct SiteProfile {
    path: PathBuf,
    profile: Profile,
}

impl SiteProfile {
    /// Reads the profile that the environment chooses: `CONFIG_SITE` where it is set and not empty, otherwise
    /// `config.site.toml` in `workspace`.
    ///
    /// # Errors
    /// As [`SiteProfile::load`].
    pub fn active(workspace: &Path) -> Result<Self, ProfileError> {
        match std::env::var_os(CONFIG_SITE).filter(|path| !path.is_empty()) {
            Some(path) => Self::load(&workspace.join(path)),
            None => Self::load(&workspace.join(FILE_NAME)),
        }
    }

    /// Reads and checks the profile at `path`.
    ///
    /// # Errors
    /// The file cannot be read, is no TOML, has an unknown key or another schema version, or was moved out of the
    /// prefix that it describes. The error says what to run.
    pub fn load(path: &Path) -> Result<Self, ProfileError> {
        if path.file_name().is_some_and(|name| name == AUTOCONF_FILE_NAME) {
            return Err(ProfileError::ForConfigureScripts {
                path: path.to_owned(),
                profile: path.with_file_name(FILE_NAME),
            });
        }
        let text = fs_err::read_to_string(path).map_err(|source| ProfileError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let path = fs_err::canonicalize(path).map_err(|source| ProfileError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let profile = Profile::parse(&text, &path)?;
        let profile = Self { path, profile };
        match profile.prefix() {
            Some(prefix) if !prefix.join("share").join(FILE_NAME).is_file() => {
                Err(ProfileError::OutsidePrefix {
                    path: profile.path,
                    prefix,
                })
            }
            _ => Ok(profile),
        }
    }

    /// Where the profile was read from, absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the file says.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The prefix that the profile describes, absolute; a system profile has none.
    #[must_use]
    pub fn prefix(&self) -> Option<PathBuf> {
        let relative = &self.profile.search.as_ref()?.prefix;
        let joined = self.path.parent()?.join(relative);
        Some(fs_err::canonicalize(&joined).unwrap_or(joined))
    }

    /// Whether the feature is on without further search: `auto` counts as off.
    #[must_use]
    pub fn feature(&self, name: &str) -> bool {
        self.profile.features.get(name) == Some(&Feature::On)
    }

    /// The program that serves as tool `name`: in the prefix, or on `PATH` where the profile gives a bare name.
    ///
    /// # Errors
    /// The profile names no such tool, or the program is not there.
    pub fn tool(&self, name: &str) -> Result<PathBuf, ProfileError> {
        let missing = |program: PathBuf| ProfileError::ToolMissing {
            tool: name.to_owned(),
            program,
            path: self.path.clone(),
        };
        let Some(program) = self.profile.tools.get(name) else {
            return Err(ProfileError::ToolUnknown {
                tool: name.to_owned(),
                path: self.path.clone(),
            });
        };
        let program = Path::new(program);
        if program.components().count() > 1 {
            let found = match self.prefix() {
                Some(prefix) => prefix.join(program),
                None => self.path.with_file_name("").join(program),
            };
            return if found.is_file() {
                Ok(found)
            } else {
                Err(missing(found))
            };
        }
        let directories = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&directories)
            .map(|directory| {
                directory
                    .join(program)
                    .with_extension(std::env::consts::EXE_EXTENSION)
            })
            .find(|candidate| candidate.is_file())
            .ok_or_else(|| missing(program.to_owned()))
    }
}

#[cfg(test)]
mod tests;
