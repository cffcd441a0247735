//! What whoever composes the server decides.

use std::net::SocketAddr;
use std::time::Duration;

use crate::auth::Credentials;
use crate::route::Routes;
use crate::subnet::Subnet;
use crate::whitelist::Whitelist;

/// The server's settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// Addresses to listen on. The server starts when at least one of them can be bound. Port 0 lets the system choose.
    pub bind: Vec<SocketAddr>,
    /// Source networks that may connect beside loopback, which always may.
    pub allow_ip: Vec<Subnet>,
    /// Who may call.
    pub credentials: Credentials,
    /// How long a client may be silent, in the middle of a request or between two.
    pub server_timeout: Duration,
    /// Connections open at the same time; further ones wait to be accepted.
    pub max_connections: usize,
    /// How long [`Server::stop`](crate::Server::stop) lets running requests finish.
    pub stop_deadline: Duration,
    /// What is served beside calls.
    pub routes: Routes,
}

/// How requests are carried out, whichever way they come in.
#[derive(Debug, Clone)]
pub struct ServiceConfig {
    /// What users may call.
    pub whitelist: Whitelist,
    /// Whether log lines about calls show where they come from.
    pub log_peers: bool,
    /// Requests that may wait for a free [thread](Self::threads); one more is refused.
    pub work_queue: usize,
    /// Requests that run at the same time.
    pub threads: usize,
}

/// What the calls themselves need to know.
#[derive(Debug, Clone)]
pub struct DispatchConfig {
    /// The log's path as `getrpcinfo` shows it; empty without a log file.
    pub log_path: String,
    /// Whether each result is compared with its declaration, and a difference is an error.
    pub check_results: bool,
    /// Names for texts shown to users.
    pub naming: Naming,
}

/// Names that appear in help texts and in `stop`'s result.
#[derive(Debug, Clone)]
pub struct Naming {
    /// The product, as in `Syscoin Core stopping`.
    pub product: String,
    /// The product's version, as in reports of bugs.
    pub version: String,
    /// Where bugs are reported.
    pub bug_report: String,
    /// The command-line client, as in the examples of `help`.
    pub client: String,
    /// The port in the examples of `help`.
    pub port: u16,
}

impl Default for Config {
    /// Core's default limits, listening nowhere and letting nobody in.
    fn default() -> Self {
        Self {
            bind: Vec::new(),
            allow_ip: Vec::new(),
            credentials: Credentials::default(),
            server_timeout: Duration::from_secs(30),
            max_connections: 256,
            stop_deadline: Duration::from_secs(30),
            routes: Routes::default(),
        }
    }
}

impl Default for ServiceConfig {
    /// Core's default limits.
    fn default() -> Self {
        Self {
            whitelist: Whitelist::default(),
            log_peers: false,
            work_queue: 16,
            threads: 4,
        }
    }
}

impl Naming {
    /// The text for something that can only happen through a mistake in the program.
    pub fn internal_bug(&self, what: &str) -> String {
        let Self {
            product,
            version,
            bug_report,
            ..
        } = self;
        format!(
            "Internal bug detected: {what}\n{product} {version}\nPlease report this issue here: {bug_report}\n"
        )
    }

    #[cfg(test)]
    pub(crate) fn for_tests() -> Self {
        Self {
            product: "Product Core".to_owned(),
            version: "v1.2.3".to_owned(),
            bug_report: "https://product.example/issues".to_owned(),
            client: "product-cli".to_owned(),
            port: 8370,
        }
    }
}
