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
use serde_json::Value;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::auth::Credentials;
use crate::config::Config;
use crate::dispatch::Dispatcher;
use crate::document::Document;
use crate::envelope::{self, Body, Reply};
use crate::error::{RpcError, code};
use crate::subnet::Subnet;
use crate::whitelist::Whitelist;

/// The longest body, 32 MiB.
pub(crate) const MAX_BODY: usize = 0x0200_0000;

/// The most requests that can be set to run, or to wait, at a time.
const MAX_REQUESTS: u32 = 1 << 20;

/// How long a client with a wrong password waits for the answer, so that guessing is slow.
const WRONG_PASSWORD_DELAY: Duration = Duration::from_millis(250);

pub(crate) type Response = hyper::Response<Full<Bytes>>;

/// Everything that a request is answered from.
#[derive(Debug)]
pub(crate) struct Endpoint {
    dispatcher: Arc<Dispatcher>,
    allow_ip: Vec<Subnet>,
    credentials: Credentials,
    whitelist: Whitelist,
    log_peers: bool,
    patience: Duration,
    /// One permit for each request that is running or waiting to run.
    admission: Arc<Semaphore>,
    /// How many permits that are.
    capacity: u32,
    /// One permit for each request that is running.
    running: Arc<Semaphore>,
}

/// Who calls, and from where.
struct Caller {
    user: String,
    peer: SocketAddr,
}

impl Endpoint {
    pub(crate) fn new(config: &Config, dispatcher: Arc<Dispatcher>) -> Self {
        let limited = |count: usize| {
            u32::try_from(count)
                .unwrap_or(MAX_REQUESTS)
                .clamp(1, MAX_REQUESTS)
        };
        let threads = limited(config.threads);
        let capacity = threads + limited(config.work_queue);
        let semaphore = |permits: u32| Arc::new(Semaphore::new(permits as usize));
        Self {
            dispatcher,
            allow_ip: Subnet::loopback()
                .into_iter()
                .chain(config.allow_ip.iter().copied())
                .collect(),
            credentials: config.credentials.clone(),
            whitelist: config.whitelist.clone(),
            log_peers: config.log_peers,
            patience: config.server_timeout,
            admission: semaphore(capacity),
            capacity,
            running: semaphore(threads),
        }
    }

    /// Waits until no request is running, and admits none as long as the result lives.
    pub(crate) async fn close(&self) -> Option<SemaphorePermit<'_>> {
        self.admission.acquire_many(self.capacity).await.ok()
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
        let body = match body::read(request.into_body(), MAX_BODY, self.patience).await {
            Ok(body) => body,
            Err(error) => {
                tracing::debug!(target: "http", "request from {peer} rejected: {error}");
                return reply::closing(error.status());
            }
        };
        let Ok(admission) = Arc::clone(&self.admission).try_acquire_owned() else {
            tracing::warn!(
                "request rejected because http work queue depth exceeded, it can be increased with the \
                 -rpcworkqueue= setting"
            );
            return reply::text(StatusCode::SERVICE_UNAVAILABLE, "Work queue depth exceeded");
        };
        // A task of its own: when the client goes away, the request still counts until it is done.
        let work = tokio::spawn(async move {
            let _admission = admission;
            let _running = self.running.acquire().await;
            let caller = Caller { user, peer };
            self.work(&body, &caller).await
        });
        work.await
            .unwrap_or_else(|_| reply::empty(StatusCode::INTERNAL_SERVER_ERROR))
    }

    async fn unauthorized(&self, request: hyper::Request<Incoming>) -> Response {
        // With the body taken off the line the connection can serve the next attempt.
        let drained = body::drain(request.into_body(), self.patience).await;
        reply::unauthorized(drained)
    }

    async fn work(&self, body: &[u8], caller: &Caller) -> Response {
        let parsed = std::str::from_utf8(body)
            .map_err(|_| RpcError::new(code::PARSE_ERROR, "Parse error"))
            .and_then(Body::parse);
        match parsed {
            Err(error) => reply::single(&Reply::new(Value::Null, Err(error))),
            Ok(body) if !self.may_call(body.calls(), &caller.user) => reply::empty(StatusCode::FORBIDDEN),
            Ok(Body::Single(call)) => reply::single(&self.call(call, caller).await),
            Ok(Body::Batch(calls)) => {
                let mut replies = Vec::with_capacity(calls.len());
                for call in calls {
                    replies.push(self.call(call, caller).await);
                }
                reply::batch(&replies)
            }
        }
    }

    /// One method that the user may not call makes the whole request one that it may not make.
    fn may_call(&self, calls: &[Document], user: &str) -> bool {
        if !self.whitelist.knows(user) {
            tracing::info!("RPC User {user} not allowed to call any methods");
            return false;
        }
        let mut methods = calls.iter().filter_map(envelope::method_name);
        match methods.find(|method| !self.whitelist.allows(user, method)) {
            None => true,
            Some(method) => {
                let method = head::printable(method, head::SAFE_IN_TEXT);
                tracing::info!("RPC User {user} not allowed to call method {method}");
                false
            }
        }
    }

    async fn call(&self, document: Document, caller: &Caller) -> Reply {
        let (id, call) = envelope::read_call(document);
        let outcome = match call {
            Ok(call) => {
                let method = head::printable(&call.method, head::SAFE_IN_TEXT);
                let Caller { user, peer } = caller;
                let origin = if self.log_peers {
                    format!(" peeraddr={peer}")
                } else {
                    String::new()
                };
                tracing::debug!(target: "rpc", "ThreadRPCServer method={method} user={user}{origin}");
                self.dispatcher.execute(call, user).await
            }
            Err(error) => Err(error),
        };
        Reply::new(id, outcome)
    }
}
