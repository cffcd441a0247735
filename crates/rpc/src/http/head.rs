//! A request's head: its size and method.

use std::net::SocketAddr;

use hyper::{Method, Request, StatusCode};

use crate::printable::printable;

/// The longest head: target and headers together.
pub(crate) const MAX_HEAD: usize = 8192;

/// How much of a path is logged.
const LOGGED_PATH: usize = 100;

/// Punctuation of paths that is logged as it came.
const SAFE_IN_PATH: &str = "!*'();:@&=+$,/?#[]-_.~%";

/// Refuses a request by its head, before anything of its body is read.
pub(super) fn check<B>(peer: SocketAddr, request: &Request<B>) -> Result<(), StatusCode> {
    let path = request.uri().to_string();
    let headers = request.headers().iter();
    // Each header stands in a line with ": " and a line's end.
    let size = headers
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum::<usize>()
        + path.len();
    if size > MAX_HEAD {
        tracing::debug!(target: "http", "HTTP request from {peer} rejected: head of {size} bytes");
        return Err(StatusCode::BAD_REQUEST);
    }
    let method = request.method();
    if ![
        Method::GET,
        Method::POST,
        Method::HEAD,
        Method::PUT,
        Method::DELETE,
    ]
    .contains(method)
    {
        return Err(StatusCode::NOT_IMPLEMENTED);
    }
    if *method == Method::DELETE {
        tracing::debug!(target: "http", "HTTP request from {peer} rejected: Unknown HTTP request method");
        return Err(StatusCode::METHOD_NOT_ALLOWED);
    }
    tracing::debug!(target: "http", "Received a {method} request for {} from {peer}", logged(&path));
    Ok(())
}

fn logged(path: &str) -> String {
    let mut logged = printable(path, SAFE_IN_PATH);
    logged.truncate(LOGGED_PATH);
    logged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: &str, path: &str, header: usize, expected: Result<(), u16>) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("x", "y".repeat(header))
            .body(())
            .unwrap();
        let result = super::check("127.0.0.1:1".parse().unwrap(), &request);
        assert_eq!(
            result.map_err(|status| status.as_u16()),
            expected,
            "{method} {path:.20} {header}"
        );
    }

    #[test]
    fn methods_that_are_none_are_refused() {
        check("POST", "/", 0, Ok(()));
        check("GET", "/", 0, Ok(()));
        check("PUT", "/", 0, Ok(()));
        check("GET", &format!("/{}", "x".repeat(1000)), 0, Ok(()));
        check("DELETE", "/", 0, Err(405));
        check("OPTIONS", "/", 0, Err(501));
        check("NONSUCH", "/", 0, Err(501));
    }

    #[test]
    fn a_large_head_is_a_bad_request() {
        check("GET", &format!("/{}", "x".repeat(10_000)), 0, Err(400));
        check("POST", "/", MAX_HEAD, Err(400));
        check("POST", "/", MAX_HEAD - 10, Ok(()));
    }
}
