//! What is wrong with a staged package: checks that no build system makes, after each build.
//!
//! A [`Package`] is looked at as it lies there, before it is packed: nothing is changed, and nothing is run. All that
//! is found is told at once. What a recipe excuses, by rule and path, is not told.

mod binary;
mod contents;
mod pic;
mod text;
mod tree;

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::{io, str};

use serde::{Deserialize, Serialize};

use crate::archive::walk;
use crate::glob;
use crate::host::Host;

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// Files of libtool, which name build paths.
    LibtoolArchive,
    /// The directory that the package was built in, in any file.
    BuildPath,
    /// Paths of this machine in files that other builds read.
    AbsolutePath,
    /// Objects and programs for another machine.
    WrongMachine,
    /// Objects that no shared library and no position-independent program can be made of.
    NotPic,
    /// Static libraries without objects, or with objects that lie elsewhere.
    StaticLibrary,
    /// Shared libraries, which linkers prefer to static ones.
    SharedLibrary,
    /// A build for debugging without what a debugger needs.
    NoDebugInfo,
    /// No licence.
    Licence,
    /// Modes that a package cannot keep or must not have.
    Mode,
    /// Links that lead nowhere, or out of the package.
    Link,
    /// Files where nobody looks for them.
    Place,
    /// Modules that no dependency provides.
    Requires,
}

impl Rule {
    /// All rules.
    pub const ALL: [Self; 13] = [
        Self::LibtoolArchive,
        Self::BuildPath,
        Self::AbsolutePath,
        Self::WrongMachine,
        Self::NotPic,
        Self::StaticLibrary,
        Self::SharedLibrary,
        Self::NoDebugInfo,
        Self::Licence,
        Self::Mode,
        Self::Link,
        Self::Place,
        Self::Requires,
    ];

    /// The name that recipes and messages use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::LibtoolArchive => "libtool-archive",
            Self::BuildPath => "build-path",
            Self::AbsolutePath => "absolute-path",
            Self::WrongMachine => "wrong-machine",
            Self::NotPic => "not-pic",
            Self::StaticLibrary => "static-library",
            Self::SharedLibrary => "shared-library",
            Self::NoDebugInfo => "no-debug-info",
            Self::Licence => "licence",
            Self::Mode => "mode",
            Self::Link => "link",
            Self::Place => "place",
            Self::Requires => "requires",
        }
    }

    /// What mends it.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::LibtoolArchive => "list the file in the recipe's `remove`",
            Self::BuildPath => {
                "archives have to be the same wherever they are built: patch what writes the path, or `remove` the file"
            }
            Self::AbsolutePath => {
                "the prefix is moved: write paths relative to ${pcfiledir} or ${CMAKE_CURRENT_LIST_DIR}, and name the \
                 system's libraries by -l"
            }
            Self::WrongMachine => {
                "let the build use the compiler that it is given: {cc}, $CC, CMAKE_C_COMPILER"
            }
            Self::NotPic => "compile it with -fPIC: --with-pic, CMAKE_POSITION_INDEPENDENT_CODE, {cflags}",
            Self::StaticLibrary => "pack the objects with {ar}; `remove` a library that has none",
            Self::SharedLibrary => {
                "build static libraries alone: --disable-shared, BUILD_SHARED_LIBS=OFF; or `remove` the shared ones"
            }
            Self::NoDebugInfo => {
                "let the build take the flags that it is given, which have -g: {cflags}, $CFLAGS"
            }
            Self::Licence => "name a text that is not empty in `license-files`",
            Self::Mode => "an archive keeps no more than 0644 and 0755: install the file with one of these",
            Self::Link => "install what the link leads to, or `remove` the link",
            Self::Place => "install into bin, include, lib, libexec or share of the prefix, or `remove` it",
            Self::Requires => {
                "name the package that provides the module in `dependencies`, or patch the .pc file"
            }
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// What a recipe excuses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Excuse {
    /// The rule.
    pub rule: Rule,
    /// The paths in the prefix, a pattern as in `remove`.
    pub path: String,
    /// The reason.
    pub why: String,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// The path in the prefix; for files outside of it, the path that they were installed under.
    pub path: PathBuf,
    /// What is wrong there.
    pub what: String,
}

/// A staged package.
#[derive(Debug, Clone)]
pub struct Package<'a> {
    /// The package's name.
    pub name: &'a str,
    /// The directory that stands for the root of the file system while a package is installed.
    pub stage: &'a Path,
    /// The prefix that the package was configured for, an absolute path.
    pub prefix: &'a str,
    /// The directory that it was built in.
    pub build: &'a Path,
    /// The prefix that holds its dependencies, which need not exist.
    pub dependencies: &'a Path,
    /// The machine that it is for.
    pub machine: &'a Host,
    /// Whether its compilers were told to write what debuggers need.
    pub debug: bool,
    /// What the recipe excuses.
    pub excuses: &'a [Excuse],
}

impl Package<'_> {
    /// All that is wrong and not excused, by rule and path.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn findings(&self) -> io::Result<Vec<Finding>> {
        let mut findings = Findings::default();
        let prefix = self.staged_prefix();
        let paths = walk(&prefix)?;
        self.check_tree(&paths, &mut findings)?;
        self.check_outside(&mut findings)?;
        self.check_licence(&mut findings)?;
        let modules = self.modules(&paths)?;
        let needles = self.build_paths();
        for path in &paths {
            let full = prefix.join(path);
            if !full.symlink_metadata()?.is_file() {
                continue;
            }
            let bytes = fs_err::read(&full)?;
            let mut report = |rule, what: String| findings.add(rule, path, what);
            contents::check(&bytes, &needles, &mut report);
            binary::check(path, &bytes, self.machine, self.debug, &mut report);
            if let Ok(text) = str::from_utf8(&bytes) {
                text::check(path, text, self.prefix, &modules, &mut report);
            }
        }
        let mut found = findings.0;
        found.retain(|finding| {
            let path = finding.path.to_string_lossy();
            let excused = |excuse: &Excuse| excuse.rule == finding.rule && glob::matches(&excuse.path, &path);
            !self.excuses.iter().any(excused)
        });
        found.sort();
        found.dedup();
        Ok(found)
    }

    fn staged_prefix(&self) -> PathBuf {
        self.stage.join(self.prefix.trim_start_matches('/'))
    }

    /// The names of the building directory, with and without symbolic links in them.
    fn build_paths(&self) -> Vec<Vec<u8>> {
        let named = self.build.as_os_str().as_encoded_bytes().to_vec();
        let mut paths = BTreeSet::from([named]);
        if let Ok(canonical) = fs_err::canonicalize(self.build) {
            paths.insert(canonical.as_os_str().as_encoded_bytes().to_vec());
        }
        paths.into_iter().collect()
    }
}

/// What has been found so far.
#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, rule: Rule, path: &Path, what: impl Into<String>) {
        self.0.push(Finding {
            rule,
            path: path.to_owned(),
            what: what.into(),
        });
    }
}

/// Lists findings by rule, with what mends them.
#[must_use]
pub fn describe(findings: &[Finding]) -> String {
    let mut text = String::new();
    let mut last = None;
    for finding in findings {
        if last != Some(finding.rule) {
            last = Some(finding.rule);
            text += &format!("\n{}: {}", finding.rule, finding.rule.advice());
        }
        text += &format!("\n  {}: {}", finding.path.display(), finding.what);
    }
    text
}

#[cfg(test)]
mod tests;
