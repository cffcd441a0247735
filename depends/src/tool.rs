//! Programs of the system: finding them, and saying what carries those that are missing.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde::Deserialize;

/// A kind of program, as `tools.toml` describes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ToolSpec {
    programs: Vec<String>,
    install: BTreeMap<String, String>,
}

static TOOLS: LazyLock<BTreeMap<String, ToolSpec>> = LazyLock::new(|| {
    toml::from_str(include_str!("../tools.toml"))
        .expect("tools.toml is well-formed because a test reads all of it")
});

/// A program that is needed and not there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MissingTool {
    /// What it is.
    pub name: String,
    /// The program names that were looked for.
    pub programs: Vec<String>,
    /// What needs it.
    pub needed_by: String,
    /// The package that carries it, by package manager: `apt`, `dnf`, `brew`.
    pub install: BTreeMap<String, String>,
}

/// Programs that are needed and not there: all of them at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingTools(pub Vec<MissingTool>);

impl MissingTools {
    /// The packages that carry the missing programs, for `manager`.
    #[must_use]
    pub fn packages(&self, manager: &str) -> Vec<String> {
        let mut packages: Vec<_> = self
            .0
            .iter()
            .filter_map(|tool| tool.install.get(manager).cloned())
            .collect();
        packages.sort();
        packages.dedup();
        packages
    }
}

impl fmt::Display for MissingTools {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("programs that the build needs are missing:")?;
        for tool in &self.0 {
            let programs = tool.programs.join(" or ");
            write!(
                formatter,
                "\n  {} ({programs}), needed by {}",
                tool.name, tool.needed_by
            )?;
        }
        for (manager, command) in INSTALL_COMMANDS {
            let packages = self.packages(manager);
            if !packages.is_empty() {
                write!(formatter, "\n  with {manager}: {command} {}", packages.join(" "))?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for MissingTools {}
impl miette::Diagnostic for MissingTools {}

/// The package managers that are known, each with the command that installs packages.
pub const INSTALL_COMMANDS: [(&str, &str); 3] = [
    ("apt", "apt-get install --no-install-recommends"),
    ("dnf", "dnf install"),
    ("brew", "brew install"),
];

/// Where programs are looked for.
#[derive(Debug, Clone)]
pub struct SearchPath {
    path: OsString,
}

impl SearchPath {
    /// The directories of `path`, as in the environment variable `PATH`.
    #[must_use]
    pub fn new(path: OsString) -> Self {
        Self { path }
    }

    /// The directories of this process's `PATH`.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::new(std::env::var_os("PATH").unwrap_or_default())
    }

    /// The value for `PATH`.
    #[must_use]
    pub fn as_os_str(&self) -> &std::ffi::OsStr {
        &self.path
    }

    /// The program called `name`: on the path, or itself where it is a path that names a program.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<PathBuf> {
        let as_path = Path::new(name);
        if as_path.components().count() > 1 {
            return is_program(as_path).then(|| as_path.to_owned());
        }
        std::env::split_paths(&self.path)
            .filter(|directory| directory.is_absolute())
            .map(|directory| directory.join(name))
            .find(|candidate| is_program(candidate))
    }

    /// The first of `names` that is there.
    #[must_use]
    pub fn find_any<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Option<PathBuf> {
        names.into_iter().find_map(|name| self.find(name))
    }

    /// The program that serves as `tool`, one of `tools.toml` or a program's own name.
    ///
    /// # Errors
    /// There is none; the error says what carries it.
    pub fn find_tool(&self, tool: &str, needed_by: &str) -> Result<PathBuf, MissingTool> {
        let spec = TOOLS.get(tool);
        let programs = spec.map_or_else(|| vec![tool.to_owned()], |spec| spec.programs.clone());
        self.find_any(programs.iter().map(String::as_str))
            .ok_or_else(|| MissingTool {
                name: tool.to_owned(),
                programs,
                needed_by: needed_by.to_owned(),
                install: spec.map(|spec| spec.install.clone()).unwrap_or_default(),
            })
    }
}

/// What carries `tool`, by package manager.
#[must_use]
pub fn install_packages(tool: &str) -> BTreeMap<String, String> {
    TOOLS
        .get(tool)
        .map(|spec| spec.install.clone())
        .unwrap_or_default()
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tool_is_named_with_what_carries_it() {
        let nowhere = SearchPath::new(OsString::new());
        let missing = nowhere.find_tool("cmake", "package capnp").unwrap_err();
        let text = MissingTools(vec![missing]).to_string();
        assert!(text.contains("cmake (cmake), needed by package capnp"), "{text}");
        assert!(
            text.contains("with apt: apt-get install --no-install-recommends cmake"),
            "{text}"
        );
        assert!(text.contains("with dnf: dnf install cmake"), "{text}");
    }

    #[test]
    fn a_tool_that_no_table_knows_is_looked_for_by_its_own_name() {
        let here = SearchPath::from_environment();
        assert!(here.find_tool("sh", "a test").is_ok());
        let missing = here.find_tool("no-such-program", "a test").unwrap_err();
        assert_eq!(missing.programs, ["no-such-program"]);
    }
}
