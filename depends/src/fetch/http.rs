//! Transfers over HTTP. Everything that comes is compared with the recipe's digest, so a status or a length is only a
//! way to a better message.

use std::error::Error;
use std::io::{self, Read};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::{Attempt, Policy};
use reqwest::{StatusCode, Url};

use super::store::{DeliveryError, too_large};
use super::{FetchConfig, Job, Mismatch, RouteError};
use crate::observer::Event;

const N_REDIRECTS: usize = 10;
/// Fewer bytes than this within the stall time count as none.
const SLOWEST_BYTES: u64 = 1024;

/// A client, cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Client {
    inner: reqwest::blocking::Client,
    stall_timeout: Duration,
    retries: u32,
    backoff: Duration,
}

impl Client {
    pub(super) fn new(config: &FetchConfig) -> Result<Self, RouteError> {
        // That the process has a provider already is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let inner = reqwest::blocking::Client::builder()
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(config.connect_timeout)
            .timeout(config.stall_timeout.max(config.connect_timeout))
            .redirect(Policy::custom(redirect))
            .build()
            .map_err(|error| RouteError::Transport {
                reason: causes(&error),
            })?;
        Ok(Self {
            inner,
            stall_timeout: config.stall_timeout,
            retries: config.retries,
            backoff: config.backoff,
        })
    }

    /// Gets the file at `url`, again and again while its failures look as if they would pass.
    pub(super) fn fetch(&self, url: &str, job: &Job<'_>) -> Result<PathBuf, RouteError> {
        let mut backoff = self.backoff;
        let mut n_retries = 0;
        loop {
            let error = match self.try_once(url, job) {
                Ok(path) => return Ok(path),
                Err(TransferError::Passing(error)) if n_retries < self.retries => error,
                Err(TransferError::Passing(error) | TransferError::Final(error)) => return Err(error),
            };
            n_retries += 1;
            let message = format!("{}: {url}: {error}; trying again", job.package);
            job.observer.notice(&Event::Warning { message: &message });
            std::thread::sleep(backoff);
            backoff *= 2;
        }
    }

    fn try_once(&self, url: &str, job: &Job<'_>) -> Result<PathBuf, TransferError> {
        let response = self.inner.get(url).send().map_err(classify)?;
        let status = response.status();
        if !status.is_success() {
            let error = RouteError::Status {
                status: status.to_string(),
            };
            return Err(if may_pass(status) {
                TransferError::Passing(error)
            } else {
                TransferError::Final(error)
            });
        }
        let total = response.content_length();
        let is_page = response
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
        let place = response.url().to_string();
        let body = Watched::new(response, self.stall_timeout);
        job.delivery().receive(body, total).map_err(|error| match error {
            DeliveryError::Read { n_bytes, source } => TransferError::Passing(RouteError::Interrupted {
                n_bytes,
                reason: causes(&source),
            }),
            DeliveryError::Store(error) => TransferError::Final(RouteError::Store(error)),
            DeliveryError::TooLarge => TransferError::Final(too_large()),
            DeliveryError::Mismatch {
                expected,
                actual,
                n_bytes,
            } => TransferError::Final(RouteError::Mismatch(Mismatch {
                place,
                expected,
                actual,
                hint: if is_page {
                    Some("the server sent a web page".to_owned())
                } else {
                    Some(format!("{n_bytes} bytes"))
                },
            })),
        })
    }
}

/// A failure, and whether it is worth another try.
enum TransferError {
    Passing(RouteError),
    Final(RouteError),
}

fn redirect(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    match refusal(attempt.previous(), attempt.url()) {
        Some(reason) => attempt.error(reason),
        None => attempt.follow(),
    }
}

/// Why a redirection is not followed.
fn refusal(previous: &[Url], next: &Url) -> Option<String> {
    if previous.len() > N_REDIRECTS {
        return Some(format!("more than {N_REDIRECTS} redirections"));
    }
    let was_secure = previous.iter().any(|url| url.scheme() == "https");
    (was_secure && next.scheme() != "https").then(|| format!("redirected from https to {next}"))
}

fn may_pass(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::REQUEST_TIMEOUT
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::INTERNAL_SERVER_ERROR
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

fn classify(error: reqwest::Error) -> TransferError {
    let error = error.without_url();
    let reason = causes(&error);
    // Within the time for a connection, the system has itself tried several times; so has a resolver that gives up.
    let is_patient = error.is_connect() && (error.is_timeout() || reason.contains("dns error"));
    let is_final = is_patient || error.is_builder() || error.is_redirect() || is_certificate_error(&error);
    let error = RouteError::Transport { reason };
    if is_final {
        TransferError::Final(error)
    } else {
        TransferError::Passing(error)
    }
}

/// Whether the two ends do not agree how to encrypt, or one does not trust the other: that does not pass.
fn is_certificate_error(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if error.is::<rustls::Error>() || inner.is_some_and(<dyn Error + Send + Sync>::is::<rustls::Error>) {
            return true;
        }
        next = error.source();
    }
    false
}

/// An error with all its causes, each said once.
fn causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let cause = error.to_string();
        if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
        next = error.source();
    }
    text
}

/// A response body that may not trickle: reading it fails when hardly anything has come for the stall time.
struct Watched<R> {
    body: R,
    stall_timeout: Duration,
    since: Instant,
    n_bytes: u64,
}

impl<R: Read> Watched<R> {
    fn new(body: R, stall_timeout: Duration) -> Self {
        Self {
            body,
            stall_timeout,
            since: Instant::now(),
            n_bytes: 0,
        }
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n_bytes = self.body.read(buffer)?;
        self.n_bytes += n_bytes as u64;
        if n_bytes > 0 && self.since.elapsed() >= self.stall_timeout {
            if self.n_bytes < SLOWEST_BYTES {
                let message = format!("only {} bytes in {:?}", self.n_bytes, self.stall_timeout);
                return Err(io::Error::new(io::ErrorKind::TimedOut, message));
            }
            (self.since, self.n_bytes) = (Instant::now(), 0);
        }
        Ok(n_bytes)
    }
}

#[cfg(test)]
mod tests;
