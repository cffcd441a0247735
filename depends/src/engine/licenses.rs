//! The licences of what the options plan: as the recipes give them, and their texts out of the built packages.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use super::{Engine, EngineError};
use crate::archive;
use crate::cache::Lookup;
use crate::digest::Digest;

/// The directory in a package that has its licences' texts, by package.
const DIRECTORY: &str = "share/licenses";

/// Why writing to a text cannot fail.
const WRITES: &str = "a string takes all that is written";

/// The line between two texts.
const RULE: &str = "--------------------------------------------------------------------------------";

/// One package and its licence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct License {
    /// The package, with `native_` before it where only the building machine uses it.
    pub package: String,
    /// Its version.
    pub version: String,
    /// Its licence, an SPDX expression.
    pub license: String,
    /// The names of the licence's texts, in the package's `share/licenses/<name>`.
    pub files: Vec<String>,
    /// Its web site.
    pub homepage: String,
    /// Whether the package is built, so that its texts are at hand.
    pub built: bool,
}

/// Why the texts cannot be given.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum NoticesError {
    /// Texts are taken from what was built.
    #[error("not built yet: {}", .0.join(", "))]
    #[diagnostic(help("build with the same options first"))]
    NotBuilt(Vec<String>),
    /// A built package lacks a text that its recipe names.
    #[error("the built package {package} has no licence text {file}")]
    NoText {
        /// The package.
        package: String,
        /// The file.
        file: String,
    },
}

impl Engine {
    /// The licences of all packages that the options plan, in the order of their names.
    ///
    /// # Errors
    /// As [`Engine::plan`].
    pub fn licenses(&self) -> Result<Vec<License>, EngineError> {
        let plan = self.plan()?;
        let cache = self.cache();
        let mut licenses: Vec<License> = plan
            .units
            .iter()
            .map(|unit| License {
                package: unit.label(),
                version: unit.recipe.version.clone(),
                license: unit.recipe.license.clone(),
                files: unit
                    .recipe
                    .license_files
                    .iter()
                    .map(|file| file_name(file))
                    .collect(),
                homepage: unit.recipe.homepage.clone(),
                built: matches!(cache.peek(unit), Lookup::Found(_)),
            })
            .collect();
        licenses.sort_by(|left, right| left.package.cmp(&right.package));
        Ok(licenses)
    }

    /// All licences' texts of what goes into the prefix, each once, after the packages that it is of. Of source code,
    /// the comment at its head is taken.
    ///
    /// # Errors
    /// As [`Engine::plan`]; a package is not built, or has no such text.
    pub fn notices(&self) -> Result<String, EngineError> {
        let plan = self.plan()?;
        let cache = self.cache();
        let mut texts: BTreeMap<Digest, (Vec<String>, String)> = BTreeMap::new();
        let mut order = Vec::new();
        let mut not_built = Vec::new();
        // The native form of a package has the same texts as that for the host.
        let units: BTreeMap<_, _> = plan.units.iter().map(|unit| (unit.name(), unit)).collect();
        for unit in units.values() {
            let Lookup::Found(entry) = cache.verify(unit)? else {
                not_built.push(unit.label());
                continue;
            };
            let directory = Path::new(DIRECTORY).join(unit.name());
            let mut found = archive::read_below(&entry.archive, &directory)?;
            for file in &unit.recipe.license_files {
                let file = file_name(file);
                let bytes = found
                    .remove(&directory.join(&file))
                    .ok_or_else(|| NoticesError::NoText {
                        package: unit.label(),
                        file: file.clone(),
                    })?;
                let text = head(&file, &String::from_utf8_lossy(&bytes));
                let digest = Digest::of(text.as_bytes());
                let label = format!(
                    "{} {} ({}): {file}",
                    unit.name(),
                    unit.recipe.version,
                    unit.recipe.license
                );
                let entry = texts.entry(digest).or_insert_with(|| {
                    order.push(digest);
                    (Vec::new(), text)
                });
                entry.0.push(label);
            }
        }
        if !not_built.is_empty() {
            return Err(NoticesError::NotBuilt(not_built).into());
        }
        let mut notices = String::new();
        for digest in order {
            let (labels, text) = &texts[&digest];
            let labels = labels.join("\n");
            write!(notices, "{RULE}\n{labels}\n{RULE}\n\n{}\n\n", text.trim_end()).expect(WRITES);
        }
        Ok(notices)
    }
}

fn file_name(path: &str) -> String {
    let name = Path::new(path).file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// The licence in a file: of source code the comment that it begins with, of anything else the whole.
fn head(file: &str, text: &str) -> String {
    let is_code = [".h", ".hpp", ".c", ".cpp", ".cc"]
        .iter()
        .any(|extension| file.ends_with(extension));
    let text = text.trim_start_matches('\u{feff}');
    let body = text.trim_start();
    if !is_code {
        return text.to_owned();
    }
    if let Some(rest) = body.strip_prefix("/*")
        && let Some((comment, _)) = rest.split_once("*/")
    {
        return format!("/*{comment}*/\n");
    }
    let lines: Vec<&str> = body.lines().take_while(|line| line.starts_with("//")).collect();
    if lines.is_empty() {
        text.to_owned()
    } else {
        lines.join("\n") + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_source_code_only_the_head_is_a_licence() {
        let rows = [
            ("COPYING", "  a\nb\n", "  a\nb\n"),
            ("a.h", "\n/*\n** free\n*/\nint a;\n", "/*\n** free\n*/\n"),
            ("a.hpp", "// free\n// to all\nint a;\n", "// free\n// to all\n"),
            ("a.c", "int a;\n", "int a;\n"),
        ];
        for (file, text, expected) in rows {
            assert_eq!(head(file, text), expected, "{file}");
        }
    }
}
