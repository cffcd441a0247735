//! Replies.

use http_body_util::Full;
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, WWW_AUTHENTICATE};

use super::Response;
use crate::envelope::Reply;
use crate::error::code;
use crate::route::{Page, PageStatus};
use crate::service::{Answer, Refusal, Replies};

pub(super) fn empty(status: StatusCode) -> Response {
    with_body(status, Bytes::new())
}

pub(super) fn text(status: StatusCode, text: &'static str) -> Response {
    with_body(status, Bytes::from_static(text.as_bytes()))
}

/// A reply after which the connection is of no more use.
pub(super) fn closing(status: StatusCode) -> Response {
    with_header(empty(status), CONNECTION, "close")
}

/// Asks for credentials. `reusable` tells whether the connection can serve another request.
pub(super) fn unauthorized(reusable: bool) -> Response {
    let reply = if reusable {
        empty(StatusCode::UNAUTHORIZED)
    } else {
        closing(StatusCode::UNAUTHORIZED)
    };
    with_header(reply, WWW_AUTHENTICATE, "Basic realm=\"jsonrpc\"")
}

/// What was refused, in words.
pub(super) fn refusal(status: StatusCode, refusal: Refusal) -> Response {
    with_body(status, Bytes::from(refusal.to_string()))
}

/// The replies to a request: to a single call with the status that its error has.
pub(super) fn answer(answer: &Answer) -> Response {
    let status = match &answer.0 {
        Replies::Single(reply) => status(reply),
        Replies::Batch(_) => StatusCode::OK,
    };
    let mut body = answer.to_json();
    body.push('\n');
    with_header(
        with_body(status, Bytes::from(body)),
        CONTENT_TYPE,
        "application/json",
    )
}

/// A page, with the status that it has.
pub(super) fn page(page: Page) -> Response {
    let status = match page.status {
        PageStatus::Found => StatusCode::OK,
        PageStatus::BadRequest => StatusCode::BAD_REQUEST,
        PageStatus::NotFound => StatusCode::NOT_FOUND,
        PageStatus::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        PageStatus::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    };
    with_header(
        with_body(status, Bytes::from(page.body)),
        CONTENT_TYPE,
        page.content_type,
    )
}

fn status(reply: &Reply) -> StatusCode {
    match reply.error_code() {
        None => StatusCode::OK,
        Some(code::INVALID_REQUEST) => StatusCode::BAD_REQUEST,
        Some(code::METHOD_NOT_FOUND) => StatusCode::NOT_FOUND,
        Some(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn with_body(status: StatusCode, body: Bytes) -> Response {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response
}

fn with_header(mut response: Response, name: HeaderName, value: &'static str) -> Response {
    response
        .headers_mut()
        .insert(name, HeaderValue::from_static(value));
    response
}
