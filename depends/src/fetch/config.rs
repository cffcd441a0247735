//! What a fetcher is told once.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// How sources are fetched.
#[derive(Debug, Clone)]
pub struct FetchConfig {
    /// The directory that holds the sources' files. It is made when the first file arrives.
    pub sources: PathBuf,
    /// The start of the locations that are tried last, as `<fallback>/<file>`: a URL, or a directory.
    pub fallback: Option<String>,
    /// Whether only files that are on this machine may be used.
    pub offline: bool,
    /// How long to wait for a connection.
    pub connect_timeout: Duration,
    /// How long to wait for an answer, or for the next bytes of a file.
    pub stall_timeout: Duration,
    /// How many times a transfer is tried again after a failure that may pass.
    pub retries: u32,
    /// How long to wait before the first retry; the time doubles with each.
    pub backoff: Duration,
    /// A directory for the temporary state of apt and cargo.
    pub scratch: PathBuf,
    /// Where apt's programs and cargo are looked for; by default, in `PATH`.
    pub search_path: Option<OsString>,
    /// Cargo's home, whose registry cache the crates are taken from; by default, the user's.
    pub cargo_home: Option<PathBuf>,
}

impl FetchConfig {
    /// The defaults: online, 30 seconds for a connection, 60 for an answer, 3 retries.
    pub fn new(sources: impl Into<PathBuf>, scratch: impl Into<PathBuf>) -> Self {
        Self {
            sources: sources.into(),
            fallback: None,
            offline: false,
            connect_timeout: Duration::from_secs(30),
            stall_timeout: Duration::from_secs(60),
            retries: 3,
            backoff: Duration::from_millis(500),
            scratch: scratch.into(),
            search_path: None,
            cargo_home: None,
        }
    }
}
