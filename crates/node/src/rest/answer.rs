//! What requests are answered.

use rpc::{Page, PageStatus, RpcError, code};
use serde_json::Value;

/// What was asked for.
pub(super) enum Content {
    Bytes(Vec<u8>),
    Digits(String),
    Json(Value),
}

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure {
    status: PageStatus,
    text: String,
}

impl Failure {
    pub(super) fn bad(text: impl Into<String>) -> Self {
        Self::new(PageStatus::BadRequest, text)
    }

    pub(super) fn not_found(text: impl Into<String>) -> Self {
        Self::new(PageStatus::NotFound, text)
    }

    pub(super) fn failed(text: impl Into<String>) -> Self {
        Self::new(PageStatus::Failed, text)
    }

    /// The node does not answer yet.
    pub(super) fn unavailable(status: &str) -> Self {
        let text = format!("Service temporarily unavailable: {status}");
        Self::new(PageStatus::Unavailable, text)
    }

    fn new(status: PageStatus, text: impl Into<String>) -> Self {
        Self {
            status,
            text: text.into(),
        }
    }
}

impl From<RpcError> for Failure {
    fn from(error: RpcError) -> Self {
        match error.code {
            code::IN_WARMUP => Self::unavailable(&error.message),
            _ => Self::failed(error.message),
        }
    }
}

/// An answer as it is sent.
pub(super) fn page(answer: Result<Content, Failure>) -> Page {
    let found = |content_type, body| Page {
        status: PageStatus::Found,
        content_type,
        body,
    };
    match answer {
        Ok(Content::Bytes(bytes)) => found("application/octet-stream", bytes),
        Ok(Content::Digits(digits)) => found("text/plain", format!("{digits}\n").into_bytes()),
        Ok(Content::Json(value)) => found("application/json", format!("{value}\n").into_bytes()),
        Err(Failure { status, text }) => Page {
            status,
            content_type: "text/plain",
            body: format!("{text}\r\n").into_bytes(),
        },
    }
}
