//! Moving a recipe to another version: all that says the version changes in its text, and nothing else does.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::{AuthorError, version};
use crate::digest::Digest;
use crate::extract::extract;
use crate::fetch::Fetcher;
use crate::observer::Observer;
use crate::patch;
use crate::recipe::Recipe;
use crate::recipe::source::{Archive, Route};
use crate::recipe::texts::{self, Text};
use crate::tree;

/// The version that a recipe is moved to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// The package.
    pub name: String,
    /// The version.
    pub version: String,
    /// The digest of its archive, where it is known beforehand.
    pub sha256: Option<Digest>,
    /// The version of the crate that carries it, where the source is in a crate with versions of its own.
    pub crate_version: Option<String>,
    /// The Debian suite that carries it, where it is another.
    pub suite: Option<String>,
    /// Whether the recipe is moved though its patches or licence files do not go with the new source.
    pub force: bool,
    /// Whether the recipe is not written.
    pub dry_run: bool,
}

/// A recipe that was moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Updated {
    /// The recipe.
    pub path: PathBuf,
    /// What it says now.
    pub text: String,
    /// The lines that changed.
    pub changes: Vec<Change>,
    /// What does not go with the new source; only where this was forced.
    pub misfits: Vec<String>,
    /// What to look at.
    pub notes: Vec<String>,
    /// The archives, in the scratch directory, with their names and digests.
    pub(crate) archives: Vec<(PathBuf, String, Digest)>,
}

/// A line that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its number, from 1.
    pub line: usize,
    /// What it said.
    pub old: String,
    /// What it says.
    pub new: String,
}

impl Update {
    /// Fetches the new archives with `fetcher`, whose sources directory is a scratch directory, and makes the recipe's
    /// new text.
    pub(crate) fn make(
        &self,
        recipe: &Recipe,
        fetcher: &Fetcher,
        scratch: &Path,
        observer: &dyn Observer,
    ) -> Result<Updated, AuthorError> {
        if recipe.version == self.version {
            return Err(AuthorError::SameVersion {
                name: self.name.clone(),
                version: self.version.clone(),
            });
        }
        let old = recipe.text();
        let mut edit = Edit::new(old);
        edit.set("version", &self.version);
        let n_archives = recipe.source.archives.len();
        if self.sha256.is_some() && n_archives != 1 {
            return Err(AuthorError::OneDigest { n_archives });
        }
        let mut archives = Vec::new();
        let mut notes = Vec::new();
        let mut trees: Vec<(String, Digest)> = Vec::new();
        let tree = |index: usize| scratch.join(format!("tree-{index}"));
        for (index, archive) in recipe.source.archives.iter().enumerate() {
            let moved = self.move_archive(index, archive, &recipe.version, &mut edit)?;
            let path = self.fetch(&moved, recipe, fetcher, observer, &mut notes)?;
            let sha256 = Digest::of_file(&path)?;
            if let Some(expected) = self.sha256.filter(|expected| *expected != sha256) {
                return Err(AuthorError::WrongDigest {
                    file: moved.file,
                    expected,
                    actual: sha256,
                });
            }
            edit.set(&format!("source.archive[{index}].sha256"), &sha256.to_string());
            extract(&path, moved.root.as_deref(), &moved.only, &tree(index))?;
            if recipe.source.tree_sha256.is_some() {
                trees.push((moved.file.clone(), tree::digest(&tree(index))?));
            }
            archives.push((path, moved.file, sha256));
        }
        if let Some((_, digest)) = trees.first() {
            if trees.iter().any(|(_, other)| other != digest) {
                return Err(AuthorError::DifferentTrees { trees });
            }
            edit.set("source.tree-sha256", &digest.to_string());
        }
        let misfits = misfits(recipe, &tree(0));
        if !misfits.is_empty() && !self.force {
            return Err(AuthorError::DoesNotFit { reasons: misfits });
        }
        let text = edit.finish();
        notes.extend(mentions(&text, &recipe.version));
        Ok(Updated {
            path: recipe.path().to_owned(),
            changes: changes(old, &text),
            text,
            misfits,
            notes,
            archives,
        })
    }

    /// What the archive is in the new version; what changes is edited in the text as well.
    fn move_archive(
        &self,
        index: usize,
        archive: &Archive,
        old: &str,
        edit: &mut Edit<'_>,
    ) -> Result<Archive, AuthorError> {
        let key = format!("source.archive[{index}]");
        let mut crate_versions = None;
        let mut routes = Vec::new();
        for (number, route) in archive.routes.iter().enumerate() {
            let key = format!("{key}.route[{number}]");
            let mut put = |name: &str, text: &str| -> String {
                let moved = version::substitute(text, old, &self.version);
                edit.set(&format!("{key}.{name}"), &moved);
                moved
            };
            routes.push(match route {
                Route::Url(url) => Route::Url(put("url", url)),
                Route::Path(path) => Route::Path(put("path", &path.to_string_lossy()).into()),
                Route::Apt { source, suite, file } => {
                    let source = put("apt", source);
                    let file = file.as_ref().map(|file| put("file", file));
                    let suite = self.suite.clone().unwrap_or_else(|| suite.clone());
                    edit.set(&format!("{key}.suite"), &suite);
                    Route::Apt { source, suite, file }
                }
                Route::Crate { name, version } => {
                    let new = match &self.crate_version {
                        Some(new) => new.clone(),
                        None if version == old => self.version.clone(),
                        None => {
                            return Err(AuthorError::CrateVersion {
                                name: name.clone(),
                                version: version.clone(),
                            });
                        }
                    };
                    edit.set(&format!("{key}.version"), &new);
                    crate_versions = Some((version.clone(), new.clone()));
                    Route::Crate {
                        name: name.clone(),
                        version: new,
                    }
                }
            });
        }
        // A crate's version may have the package's within it, so that it goes first.
        let put = |text: &str| match &crate_versions {
            Some((from, to)) => text
                .split(from)
                .map(|part| version::substitute(part, old, &self.version))
                .collect::<Vec<_>>()
                .join(to),
            None => version::substitute(text, old, &self.version),
        };
        let file = put(&archive.file);
        let root = archive.root.as_deref().map(put);
        edit.set(&format!("{key}.file"), &file);
        if let Some(root) = &root {
            edit.set(&format!("{key}.root"), root);
        }
        if file == archive.file && routes == archive.routes {
            return Err(AuthorError::NoVersion {
                file,
                version: old.to_owned(),
            });
        }
        Ok(Archive {
            file,
            root,
            routes,
            ..archive.clone()
        })
    }

    /// Gets the archive through the first of its routes that leads to one.
    fn fetch(
        &self,
        archive: &Archive,
        recipe: &Recipe,
        fetcher: &Fetcher,
        observer: &dyn Observer,
        notes: &mut Vec<String>,
    ) -> Result<PathBuf, AuthorError> {
        let mut failures = Vec::new();
        for (number, route) in archive.routes.iter().enumerate() {
            match fetcher.discover(&self.name, &archive.file, route, recipe.directory(), observer) {
                Ok(path) => {
                    for route in &archive.routes[number + 1..] {
                        notes.push(format!("not tried: {}", show(route)));
                    }
                    notes.extend(failures);
                    return Ok(path);
                }
                Err(error) => failures.push(format!("{}: {error}", show(route))),
            }
        }
        Err(AuthorError::NoRoute {
            file: archive.file.clone(),
            failures,
        })
    }
}

/// A route in words.
pub(super) fn show(route: &Route) -> String {
    crate::fetch::route_name(route)
}

/// A recipe's text while it is changed.
struct Edit<'a> {
    text: &'a str,
    strings: BTreeMap<String, Text>,
    replacements: Vec<(Range<usize>, String)>,
}

impl<'a> Edit<'a> {
    fn new(text: &'a str) -> Self {
        let strings = texts::texts(text).expect("it is TOML because the recipe was read from it");
        Self {
            text,
            strings: strings.into_iter().map(|text| (text.key.clone(), text)).collect(),
            replacements: Vec::new(),
        }
    }

    /// Changes the string at `key`, unless it says so already or is not there.
    fn set(&mut self, key: &str, value: &str) {
        if let Some(text) = self.strings.get(key).filter(|text| text.value != value) {
            self.replacements.push((text.span.clone(), value.to_owned()));
        }
    }

    fn finish(self) -> String {
        texts::replace(self.text, self.replacements)
    }
}

/// What of the recipe does not go with the source in `tree`, to which the patches are applied.
fn misfits(recipe: &Recipe, tree: &Path) -> Vec<String> {
    let mut misfits = Vec::new();
    for name in &recipe.patches {
        let name = name.get_ref();
        if let Err(error) = patch::apply(&recipe.patch_path(name), tree) {
            misfits.push(format!("patch {name}: {error}"));
        }
    }
    for file in &recipe.license_files {
        if !tree.join(file).is_file() {
            misfits.push(format!("licence file {file}: the source has none"));
        }
    }
    misfits
}

/// The lines that differ between texts of as many lines.
fn changes(old: &str, new: &str) -> Vec<Change> {
    let lines = old.lines().zip(new.lines()).enumerate();
    lines
        .filter(|(_, (old, new))| old != new)
        .map(|(index, (old, new))| Change {
            line: index + 1,
            old: old.to_owned(),
            new: new.to_owned(),
        })
        .collect()
}

/// The lines that still say the old version.
fn mentions(text: &str, old: &str) -> Vec<String> {
    let mark = "\u{0}";
    text.lines()
        .enumerate()
        .filter(|(_, line)| version::substitute(line, old, mark).contains(mark))
        .map(|(index, line)| format!("line {} still says {old}: {}", index + 1, line.trim()))
        .collect()
}
