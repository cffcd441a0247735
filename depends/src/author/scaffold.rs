//! A first recipe for a package, from an archive of its source.

use std::path::{Path, PathBuf};

use super::inspect::{Inspection, inspect};
use super::{AuthorError, version};
use crate::digest::Digest;
use crate::extract::{ExtractError, extract};
use crate::fetch::Fetcher;
use crate::observer::Observer;
use crate::recipe::source::Route;
use crate::recipe::texts::{PLACEHOLDER, placeholders, quote};
use crate::recipe::{FILE_NAME, Recipe};

/// What a recipe is to be made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scaffold {
    /// The package's name.
    pub name: String,
    /// Where its source comes from.
    pub origin: Origin,
    /// Its version; by default, what the archive's name says.
    pub version: Option<String>,
    /// The directory in the archive that is the source; by default, the only one at its top.
    pub root: Option<String>,
    /// Its licence; by default, what is recognised.
    pub license: Option<String>,
    /// What it is; by default, what a crate says.
    pub description: Option<String>,
    /// Its web site; by default, what a crate says.
    pub homepage: Option<String>,
    /// Whether the recipe is only made and not written.
    pub dry_run: bool,
}

/// Where a source comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A location.
    Url(String),
    /// A Debian source package: its name, a suite, and the file, by default upstream's archive.
    Apt {
        /// The source package.
        source: String,
        /// The suite.
        suite: String,
        /// The file.
        file: Option<String>,
    },
    /// A crate, of exactly a version.
    Crate {
        /// The crate.
        name: String,
        /// The version.
        version: String,
    },
}

/// A recipe that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scaffolded {
    /// Where it is, or would be.
    pub path: PathBuf,
    /// What it says.
    pub text: String,
    /// The keys that somebody has yet to fill in. Until then the recipe is refused.
    pub unfilled: Vec<String>,
    /// What to know of it.
    pub notes: Vec<String>,
    /// The archive, in the scratch directory.
    pub(crate) archive: PathBuf,
    /// The archive's name and digest.
    pub(crate) source: (String, Digest),
}

impl Scaffold {
    /// Fetches the archive with `fetcher`, whose sources directory is a scratch directory, and makes the recipe for the
    /// directory `recipes`.
    pub(crate) fn make(
        &self,
        recipes: &Path,
        fetcher: &Fetcher,
        scratch: &Path,
        observer: &dyn Observer,
    ) -> Result<Scaffolded, AuthorError> {
        let path = recipes.join(&self.name).join(FILE_NAME);
        if path.exists() {
            return Err(AuthorError::Exists { path });
        }
        let (route, name) = self.route(fetcher, observer)?;
        let archive = fetcher
            .discover(&self.name, &name, &route, recipes, observer)
            .map_err(|source| AuthorError::Fetch {
                route: super::update::show(&route),
                source: Box::new(source),
            })?;
        let sha256 = Digest::of_file(&archive)?;
        let version = self.version.clone().or_else(|| self.guess_version(&name));
        let file = self.file_name(&name, version.as_deref());
        let tree = scratch.join("tree");
        let mut root = self.root.clone();
        if root.is_none() {
            match extract(&archive, None, &[], &tree) {
                Err(ExtractError::NoSingleRoot { .. }) => root = Some(String::new()),
                result => result?,
            }
        }
        if let Some(root) = &root {
            extract(&archive, Some(root), &[], &tree)?;
        }
        let inspection = inspect(&tree)?;
        let text = self.render(
            &Found {
                file: &file,
                sha256,
                root: root.as_deref(),
                route: &route,
                version: version.as_deref(),
            },
            &inspection,
        );
        let unfilled: Vec<String> = placeholders(&text).into_iter().map(|text| text.key).collect();
        if unfilled.is_empty() {
            Recipe::parse(&path, text.clone())?;
        }
        Ok(Scaffolded {
            path,
            text,
            unfilled,
            notes: inspection.notes,
            archive,
            source: (file, sha256),
        })
    }

    /// The recipe's route, and the file's own name.
    fn route(&self, fetcher: &Fetcher, observer: &dyn Observer) -> Result<(Route, String), AuthorError> {
        Ok(match &self.origin {
            Origin::Url(url) => {
                let path = url.split(['?', '#']).next().unwrap_or(url);
                let name = path.rsplit('/').next().unwrap_or(path);
                (Route::Url(url.clone()), name.to_owned())
            }
            Origin::Crate { name, version } => {
                let route = Route::Crate {
                    name: name.clone(),
                    version: version.clone(),
                };
                (route, format!("{name}-{version}.crate"))
            }
            Origin::Apt { source, suite, file } => {
                let file = match file {
                    Some(file) => file.clone(),
                    None => fetcher.debian_archive(source, suite, observer).map_err(|cause| {
                        AuthorError::Fetch {
                            route: format!("apt source {source} ({suite})"),
                            source: Box::new(cause),
                        }
                    })?,
                };
                let route = Route::Apt {
                    source: source.clone(),
                    suite: suite.clone(),
                    file: None,
                };
                (route, file)
            }
        })
    }

    /// The version that the archive's name says. Crates that carry another program say its version after a `+`.
    fn guess_version(&self, name: &str) -> Option<String> {
        match &self.origin {
            Origin::Crate { version, .. } => version.rsplit('+').next().map(str::to_owned),
            Origin::Url(_) | Origin::Apt { .. } => version::guess(name),
        }
    }

    /// The name in the sources directory: the archive's own, unless it could be that of any package.
    fn file_name(&self, name: &str, version: Option<&str>) -> String {
        let (end, version) = (version::end(name), version.unwrap_or("0"));
        let is_anyones =
            name.starts_with('v') || !name.chars().any(|character| character.is_ascii_alphabetic());
        match (&self.origin, end) {
            (Origin::Url(_), Some(end)) if is_anyones && version::guess(name).is_some() => {
                format!("{}-{version}{end}", self.name)
            }
            _ => name.to_owned(),
        }
    }

    fn render(&self, found: &Found<'_>, inspection: &Inspection) -> String {
        let fill = |hint: &str| format!("{PLACEHOLDER}: {hint}");
        let version = found.version.map_or_else(|| fill("the version"), str::to_owned);
        let license = self
            .license
            .clone()
            .or_else(|| inspection.license.clone())
            .unwrap_or_else(|| fill(&format!("an SPDX expression; {}", inspection.license_hint)));
        let description = self
            .description
            .clone()
            .or_else(|| inspection.description.clone());
        let homepage = self.homepage.clone().or_else(|| inspection.homepage.clone());
        let license_files = match &inspection.license_files[..] {
            [] => quote(&fill("the file in the source that has the licence")),
            files => files
                .iter()
                .map(|file| quote(file))
                .collect::<Vec<_>>()
                .join(", "),
        };
        let system = inspection.system.map_or_else(
            || fill("cmake, autotools, make, cc, headers or steps"),
            str::to_owned,
        );
        let root = found
            .root
            .map_or_else(String::new, |root| format!("root = {}\n", quote(root)));
        let route = match found.route {
            Route::Url(url) => format!("url = {}\n", quote(url)),
            Route::Apt { source, suite, .. } => {
                format!("apt = {}\nsuite = {}\n", quote(source), quote(suite))
            }
            Route::Crate { name, version } => {
                format!("crate = {}\nversion = {}\n", quote(name), quote(version))
            }
            Route::Path(path) => format!("path = {}\n", quote(&path.to_string_lossy())),
        };
        format!(
            "name = {}\nversion = {}\nlicense = {}\ndescription = {}\nhomepage = {}\nlicense-files = [{license_files}]\n\
             \n[[source.archive]]\nfile = {}\nsha256 = \"{}\"\n{root}\n[[source.archive.route]]\n{route}\n\
             [build]\nsystem = {}\n",
            quote(&self.name),
            quote(&version),
            quote(&license),
            quote(&description.unwrap_or_else(|| fill("what it is, in one line"))),
            quote(&homepage.unwrap_or_else(|| fill("its web site"))),
            quote(found.file),
            found.sha256,
            quote(&system),
        )
    }
}

/// What is known of the archive.
struct Found<'a> {
    file: &'a str,
    sha256: Digest,
    root: Option<&'a str>,
    route: &'a Route,
    version: Option<&'a str>,
}
