//! One HTTP request: whether it may be made, its body, its reply.

mod body;
mod head;
mod reply;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::AUTHORIZATION;
use hyper::{Method, StatusCode};

use crate::auth::Credentials;
use crate::config::Config;
use crate::route::{PageRequest, Routes};
use crate::service::{Caller, Refusal, Service};
use crate::subnet::Subnet;

/// The longest body of calls, 32 MiB.
pub(crate) const MAX_BODY: usize = 0x0200_0000;

/// The longest body of a request for a page, 1 MiB: it is read of whoever may connect.
const MAX_PAGE_BODY: usize = 1 << 20;

/// How long a client with a wrong password waits for the answer, so that guessing is slow.
const WRONG_PASSWORD_DELAY: Duration = Duration::from_millis(250);

pub(crate) type Response = hyper::Response<Full<Bytes>>;

/// Everything that a request is answered from.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) service: Arc<Service>,
    allow_ip: Vec<Subnet>,
    credentials: Credentials,
    patience: Duration,
    routes: Routes,
}

impl Endpoint {
    pub(crate) fn new(config: &Config, service: Arc<Service>) -> Self {
        Self {
            service,
            allow_ip: Subnet::loopback()
                .into_iter()
                .chain(config.allow_ip.iter().copied())
                .collect(),
            credentials: config.credentials.clone(),
            patience: config.server_timeout,
            routes: config.routes.clone(),
        }
    }

    pub(crate) fn allows(&self, peer: SocketAddr) -> bool {
        self.allow_ip.iter().any(|subnet| subnet.contains(peer.ip()))
    }

    /// Answers a request. Never fails: whatever is wrong with a request is in the reply.
    pub(crate) async fn answer(
        self: Arc<Self>,
        peer: SocketAddr,
        request: hyper::Request<Incoming>,
    ) -> Response {
        if !self.allows(peer) {
            tracing::debug!(
                target: "http",
                "HTTP request from {peer} rejected: Client network is not allowed RPC access"
            );
            return reply::empty(StatusCode::FORBIDDEN);
        }
        if let Err(status) = head::check(peer, &request) {
            return reply::empty(status);
        }
        // A wallet's path also serves the methods that need no wallet.
        let target = request.uri().to_string();
        if target == "/" || target.starts_with("/wallet/") {
            self.answer_calls(peer, request).await
        } else {
            self.answer_page(peer, &target, request).await
        }
    }

    async fn answer_page(
        &self,
        peer: SocketAddr,
        target: &str,
        request: hyper::Request<Incoming>,
    ) -> Response {
        let Some((handler, target)) = self.routes.find(target) else {
            return reply::empty(StatusCode::NOT_FOUND);
        };
        let body = match self.body(peer, request, MAX_PAGE_BODY).await {
            Ok(body) => body,
            Err(status) => return reply::closing(status),
        };
        match self.service.run(handler(PageRequest { target, body })).await {
            Ok(page) => reply::page(page),
            Err(refusal) => refused(refusal),
        }
    }

    async fn answer_calls(&self, peer: SocketAddr, request: hyper::Request<Incoming>) -> Response {
        if *request.method() != Method::POST {
            return reply::text(
                StatusCode::METHOD_NOT_ALLOWED,
                "JSONRPC server handles only POST requests",
            );
        }
        let user = match request.headers().get(AUTHORIZATION) {
            None => return self.unauthorized(request).await,
            Some(offered) => match self.credentials.authorize(offered.as_bytes()) {
                Some(user) => user,
                None => {
                    tracing::info!("ThreadRPCServer incorrect password attempt from {peer}");
                    tokio::time::sleep(WRONG_PASSWORD_DELAY).await;
                    return self.unauthorized(request).await;
                }
            },
        };
        let uri = request.uri().to_string();
        let body = match self.body(peer, request, MAX_BODY).await {
            Ok(body) => body,
            Err(status) => return reply::closing(status),
        };
        let caller = Caller {
            user,
            peer: Some(peer),
            uri,
        };
        match self.service.answer(body, caller).await {
            Ok(answer) => reply::answer(&answer),
            Err(refusal) => refused(refusal),
        }
    }

    async fn body(
        &self,
        peer: SocketAddr,
        request: hyper::Request<Incoming>,
        limit: usize,
    ) -> Result<Vec<u8>, StatusCode> {
        let body = body::read(request.into_body(), limit, self.patience).await;
        body.map_err(|error| {
            tracing::debug!(target: "http", "request from {peer} rejected: {error}");
            error.status()
        })
    }

    async fn unauthorized(&self, request: hyper::Request<Incoming>) -> Response {
        // With the body taken off the line the connection can serve the next attempt.
        let drained = body::drain(request.into_body(), self.patience).await;
        reply::unauthorized(drained)
    }
}

fn refused(refusal: Refusal) -> Response {
    match refusal {
        Refusal::Busy => reply::refusal(StatusCode::SERVICE_UNAVAILABLE, refusal),
        Refusal::Forbidden => reply::empty(StatusCode::FORBIDDEN),
        Refusal::GivenUp => reply::empty(StatusCode::INTERNAL_SERVER_ERROR),
    }
}
