//! Where a package's source comes from: archives of one tree, each with the routes that lead to it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// The source of a package.
///
/// All archives unpack to the same tree. With one archive its own digest decides; with several, `tree-sha256` does.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Source {
    /// The digest of the unpacked tree (see [`crate::tree::digest`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree_sha256: Option<Digest>,
    /// The archives, the preferred one first.
    #[serde(rename = "archive")]
    pub archives: Vec<Archive>,
}

/// One packed form of the source.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Archive {
    /// The name it is kept under in the sources directory.
    pub file: String,
    /// The digest of the file.
    pub sha256: Digest,
    /// The directory inside the archive that becomes the source root; `""` is the top. By default, the archive's
    /// single top-level directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// What of the source is unpacked: patterns of paths below the root; everything where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// The ways to get it, tried in this order.
    #[serde(rename = "route")]
    pub routes: Vec<Route>,
}

/// One way to get an archive.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "RouteFields", into = "RouteFields")]
pub enum Route {
    /// An `https://`, `http://` or `file://` location.
    Url(String),
    /// A file of a Debian source package, through apt.
    Apt {
        /// The source package's name.
        source: String,
        /// The suite that carries it, such as `trixie`.
        suite: String,
        /// The file's name in the source package, where it is not the archive's `file`.
        file: Option<String>,
    },
    /// A crate's `.crate` file, through cargo.
    Crate {
        /// The crate's name.
        name: String,
        /// Its exact version, build metadata included.
        version: String,
    },
    /// A local file, a directory that holds `file`, or (with `tree-sha256`) an unpacked source tree.
    Path(PathBuf),
}

/// A route as it is written: one of `url`, `apt`, `crate` and `path`, with the keys that belong to it.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct RouteFields {
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    apt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suite: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(rename = "crate", skip_serializing_if = "Option::is_none")]
    krate: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<PathBuf>,
}

impl TryFrom<RouteFields> for Route {
    type Error = &'static str;

    fn try_from(fields: RouteFields) -> Result<Self, Self::Error> {
        match fields {
            RouteFields {
                url: Some(url),
                apt: None,
                suite: None,
                file: None,
                krate: None,
                version: None,
                path: None,
            } => {
                let known = ["https://", "http://", "file://"]
                    .iter()
                    .any(|scheme| url.starts_with(scheme));
                known
                    .then_some(Self::Url(url))
                    .ok_or("a url route begins with https://, http:// or file://")
            }
            RouteFields {
                url: None,
                apt: Some(source),
                suite: Some(suite),
                file,
                krate: None,
                version: None,
                path: None,
            } => Ok(Self::Apt { source, suite, file }),
            RouteFields {
                url: None,
                apt: None,
                suite: None,
                file: None,
                krate: Some(name),
                version: Some(version),
                path: None,
            } => Ok(Self::Crate { name, version }),
            RouteFields {
                url: None,
                apt: None,
                suite: None,
                file: None,
                krate: None,
                version: None,
                path: Some(path),
            } => Ok(Self::Path(path)),
            _ => Err("a route is one of { url }, { apt, suite, file? }, { crate, version } and { path }"),
        }
    }
}

impl From<Route> for RouteFields {
    fn from(route: Route) -> Self {
        match route {
            Route::Url(url) => Self {
                url: Some(url),
                ..Self::default()
            },
            Route::Apt { source, suite, file } => Self {
                apt: Some(source),
                suite: Some(suite),
                file,
                ..Self::default()
            },
            Route::Crate { name, version } => Self {
                krate: Some(name),
                version: Some(version),
                ..Self::default()
            },
            Route::Path(path) => Self {
                path: Some(path),
                ..Self::default()
            },
        }
    }
}
