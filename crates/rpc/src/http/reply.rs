//! Replies.

use http_body_util::Full;
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use serde::Serialize;

use super::Response;
use crate::envelope::Reply;
use crate::error::code;

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

/// The reply to a call, with the status that its error has.
pub(super) fn single(reply: &Reply) -> Response {
    let status = match reply.error_code() {
        None => StatusCode::OK,
        Some(code::INVALID_REQUEST) => StatusCode::BAD_REQUEST,
        Some(code::METHOD_NOT_FOUND) => StatusCode::NOT_FOUND,
        Some(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    json(status, reply)
}

/// The replies to a batch.
pub(super) fn batch(replies: &[Reply]) -> Response {
    json(StatusCode::OK, replies)
}

fn json<T: Serialize + ?Sized>(status: StatusCode, value: &T) -> Response {
    let mut body =
        serde_json::to_vec(value).expect("writing JSON to memory cannot fail because keys are strings");
    body.push(b'\n');
    with_header(
        with_body(status, Bytes::from(body)),
        CONTENT_TYPE,
        "application/json",
    )
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
