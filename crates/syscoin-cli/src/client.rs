//! The connection to the node: which way it is reached, and waiting for a node that starts.

mod http;
mod target;
mod way;

#[cfg(feature = "ipc")]
mod ipc;

use std::time::{Duration, Instant};

use app::Args;
use serde_json::Value;

use crate::error::CliError;
use crate::reply::Reply;
use http::Http;
use way::Ipc;

/// Between two attempts with `-rpcwait`.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// What `-rpcclienttimeout=0` stands for.
const NO_TIMEOUT: Duration = Duration::from_secs(5 * 366 * 24 * 3600);

/// Calls the node.
#[derive(Debug)]
pub(crate) struct Client {
    http: Http,
    /// What is tried first, unless options or the build rule it out.
    ipc: Option<Ipc>,
    wait: Wait,
}

/// What `-rpcwait` asks for.
#[derive(Debug, Clone, Copy)]
enum Wait {
    No,
    For(Duration),
    Forever,
}

impl Client {
    /// Reads the options. A password from standard input stands above theirs.
    pub(crate) fn new(args: &Args, password: Option<String>) -> Result<Self, CliError> {
        let timeout = seconds(args.number("rpcclienttimeout", 900)).unwrap_or(NO_TIMEOUT);
        let wait = match (
            args.flag("rpcwait", false),
            seconds(args.number("rpcwaittimeout", 0)),
        ) {
            (false, _) => Wait::No,
            (true, None) => Wait::Forever,
            (true, Some(duration)) => Wait::For(duration),
        };
        Ok(Self {
            http: Http::new(args, password, timeout)?,
            ipc: way::choose(args, timeout)?,
            wait,
        })
    }

    /// Sends a request, or a batch of them, and lets the caller make one reply of what comes back. With `-rpcwait`
    /// it tries again while nobody listens or the node is starting.
    pub(crate) async fn call(
        &self,
        body: &Value,
        wallet: Option<&str>,
        understand: impl Fn(Value) -> Result<Reply, CliError>,
    ) -> Result<Reply, CliError> {
        let start = Instant::now();
        loop {
            let error = match self.post(body, wallet).await.and_then(&understand) {
                Ok(reply) if reply.is_warmup() && !matches!(self.wait, Wait::No) => CliError::Warmup,
                Ok(reply) => return Ok(reply),
                Err(error) if error.is_transient() => error,
                Err(error) => return Err(error),
            };
            let goes_on = match self.wait {
                Wait::No => false,
                Wait::For(duration) => start.elapsed() < duration,
                Wait::Forever => true,
            };
            if !goes_on {
                return Err(CliError::Transient(Box::new(error)));
            }
            tokio::time::sleep(RETRY_INTERVAL).await;
        }
    }

    async fn post(&self, body: &Value, wallet: Option<&str>) -> Result<Value, CliError> {
        let path = wallet.map_or_else(
            || "/".to_owned(),
            |wallet| format!("/wallet/{}", percent_encode(wallet)),
        );
        if let Some(ipc) = &self.ipc
            && let Some(reply) = ipc.post(body, &path).await?
        {
            return Ok(reply);
        }
        self.http.post(body, &path).await
    }
}

fn seconds(number: i64) -> Option<Duration> {
    u64::try_from(number)
        .ok()
        .filter(|number| *number > 0)
        .map(Duration::from_secs)
}

/// Everything but unreserved characters as `%XX`.
fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wallet_names_are_encoded_for_the_path() {
        for (name, expected) in [("", ""), ("a-b_c.d~", "a-b_c.d~"), ("a b/₿", "a%20b%2F%E2%82%BF")] {
            assert_eq!(percent_encode(name), expected);
        }
    }
}
