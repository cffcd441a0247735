//! A request's body, read with limits on size and silence.

use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::StatusCode;
use hyper::body::{Body, Incoming};

/// The most that is read of a body nobody will look at.
const DRAIN_LIMIT: usize = 64 * 1024;
/// The most time that is spent on it.
const DRAIN_TIME: Duration = Duration::from_secs(2);

/// Why a body was not read to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    #[error("body of more than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("client was silent for {} s in the middle of a body", patience.as_secs())]
    Silent { patience: Duration },
    #[error("cannot read the body")]
    Broken(#[source] hyper::Error),
}

impl BodyError {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Silent { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::Broken(_) => StatusCode::BAD_REQUEST,
        }
    }
}

/// Reads a body of at most `limit` bytes, giving up when nothing arrives for `patience`.
pub(super) async fn read(mut body: Incoming, limit: usize, patience: Duration) -> Result<Vec<u8>, BodyError> {
    // A declared length is refused before a byte is read, and is not trusted for an allocation.
    if body.size_hint().lower() > u64::try_from(limit).unwrap_or(u64::MAX) {
        return Err(BodyError::TooLarge { limit });
    }
    let mut bytes = Vec::new();
    loop {
        let frame = tokio::time::timeout(patience, body.frame()).await;
        let frame = match frame.map_err(|_| BodyError::Silent { patience })? {
            None => return Ok(bytes),
            Some(frame) => frame.map_err(BodyError::Broken)?,
        };
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > limit {
            return Err(BodyError::TooLarge { limit });
        }
        bytes.extend_from_slice(&data);
    }
}

/// Takes a small body off the line; false when that did not work soon.
pub(super) async fn drain(body: Incoming, patience: Duration) -> bool {
    let time = patience.min(DRAIN_TIME);
    matches!(
        tokio::time::timeout(time, read(body, DRAIN_LIMIT, time)).await,
        Ok(Ok(_))
    )
}
