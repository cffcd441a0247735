//! Requests, whichever way they come in: who may call what, how many run at a time, and what they are answered.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use tokio::sync::{Semaphore, SemaphorePermit};
use tracing::Instrument as _;

use crate::config::ServiceConfig;
use crate::dispatch::Dispatcher;
use crate::document::Document;
use crate::eager;
use crate::envelope::{self, Body, Reply};
use crate::error::{RpcError, code};
use crate::printable::{SAFE_IN_TEXT, printable};
use crate::whitelist::Whitelist;

/// The most requests that can be set to run, or to wait, at a time.
const MAX_REQUESTS: u32 = 1 << 20;

/// Carries requests out. All ways in share one, and with it the limits.
#[derive(Debug)]
pub struct Service {
    dispatcher: Arc<Dispatcher>,
    whitelist: Whitelist,
    log_peers: bool,
    /// One permit for each request that is running or waiting to run.
    admission: Arc<Semaphore>,
    /// How many permits that are.
    capacity: u32,
    /// One permit for each request that is running.
    running: Arc<Semaphore>,
}

/// Who makes a request. That it is true has been checked.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The user.
    pub user: String,
    /// Where the request comes from, when that is a place in a network.
    pub peer: Option<SocketAddr>,
    /// The path that the request was sent to: `/`, or `/wallet/NAME`.
    pub uri: String,
}

/// What a request is answered. Its errors are in it.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct Answer(pub(crate) Replies);

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Replies {
    Single(Reply),
    Batch(Vec<Reply>),
}

/// A request that is not carried out, and has no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// As many requests as may wait do so.
    #[error("Work queue depth exceeded")]
    Busy,
    /// The user may not call one of the methods.
    #[error("the user may not call this method")]
    Forbidden,
    /// A mistake in the program.
    #[error("the request was given up")]
    GivenUp,
}

/// Why a request is not carried out, for what its user may call.
enum Denial {
    Forbidden,
    /// It is not what can be looked up.
    Invalid(RpcError),
}

impl Service {
    /// A service that carries out what `dispatcher` knows.
    pub fn new(config: &ServiceConfig, dispatcher: Arc<Dispatcher>) -> Arc<Self> {
        let limited = |count: usize| {
            u32::try_from(count)
                .unwrap_or(MAX_REQUESTS)
                .clamp(1, MAX_REQUESTS)
        };
        let threads = limited(config.threads);
        let capacity = threads + limited(config.work_queue);
        let semaphore = |permits: u32| Arc::new(Semaphore::new(permits as usize));
        tracing::debug!(target: "http", "creating work queue of depth {}", config.work_queue);
        tracing::debug!(target: "http", "starting {} worker threads", config.threads);
        Arc::new(Self {
            dispatcher,
            whitelist: config.whitelist.clone(),
            log_peers: config.log_peers,
            admission: semaphore(capacity),
            capacity,
            running: semaphore(threads),
        })
    }

    /// Waits until no request is running, and admits none as long as the result lives.
    pub async fn close(&self) -> Closed<'_> {
        Closed {
            _admission: self.admission.acquire_many(self.capacity).await.ok(),
        }
    }

    /// Carries out a request, which is the text of a call or of several. It counts, and runs, until it is done, also
    /// when the caller goes away.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn answer(self: &Arc<Self>, body: Vec<u8>, caller: Caller) -> Result<Answer, Refusal> {
        let service = Arc::clone(self);
        self.run(async move { service.work(&body, &caller).await })
            .await?
    }

    /// Does the work of a request, of whatever kind: it waits its turn, counts, and runs until it is done.
    pub(crate) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Refusal> {
        let Ok(admission) = Arc::clone(&self.admission).try_acquire_owned() else {
            tracing::warn!(
                "request rejected because http work queue depth exceeded, it can be increased with the \
                 -rpcworkqueue= setting"
            );
            return Err(Refusal::Busy);
        };
        let service = Arc::clone(self);
        let work = async move {
            let _admission = admission;
            let _running = service.running.acquire().await;
            work.await
        };
        let work = eager::finish(work.in_current_span());
        work.await.map_err(|_lost| Refusal::GivenUp)
    }

    async fn work(&self, body: &[u8], caller: &Caller) -> Result<Answer, Refusal> {
        let parsed = std::str::from_utf8(body)
            .map_err(|_| RpcError::new(code::PARSE_ERROR, "Parse error"))
            .and_then(Body::parse);
        let replies = match parsed.map(|body| self.admit(body, &caller.user)) {
            Err(error) | Ok(Err(Denial::Invalid(error))) => {
                Replies::Single(Reply::new(Value::Null, Err(error)))
            }
            Ok(Err(Denial::Forbidden)) => return Err(Refusal::Forbidden),
            Ok(Ok(Body::Single(call))) => Replies::Single(self.call(call, caller).await),
            Ok(Ok(Body::Batch(calls))) => {
                let mut replies = Vec::with_capacity(calls.len());
                for call in calls {
                    replies.push(self.call(call, caller).await);
                }
                Replies::Batch(replies)
            }
        };
        Ok(Answer(replies))
    }

    /// One method that the user may not call makes the whole request one that it may not make. In a batch, so does what
    /// cannot be looked up in the user's list.
    fn admit(&self, body: Body, user: &str) -> Result<Body, Denial> {
        if !self.whitelist.knows(user) {
            tracing::info!("RPC User {user} not allowed to call any methods");
            return Err(Denial::Forbidden);
        }
        if !self.whitelist.lists(user) {
            return Ok(body);
        }
        let is_batch = matches!(body, Body::Batch(_));
        for call in body.calls() {
            let method = match envelope::method_name(call) {
                Ok(method) => method,
                Err(error) if is_batch => return Err(Denial::Invalid(error)),
                // Nothing is called, and the reply says why.
                Err(_) => continue,
            };
            if !self.whitelist.allows(user, method) {
                let method = printable(method, SAFE_IN_TEXT);
                tracing::info!("RPC User {user} not allowed to call method {method}");
                return Err(Denial::Forbidden);
            }
        }
        Ok(body)
    }

    /// Where the caller is, for the log, if that is wanted there.
    fn origin(&self, caller: &Caller) -> String {
        match caller.peer {
            Some(peer) if self.log_peers => format!(" peeraddr={peer}"),
            _ => String::new(),
        }
    }

    async fn call(&self, document: Document, caller: &Caller) -> Reply {
        let (id, call) = envelope::read_call(document);
        let outcome = match call {
            Ok(call) => {
                let user = &caller.user;
                tracing::debug!(
                    target: "rpc",
                    "ThreadRPCServer method={} user={user}{}",
                    printable(&call.method, SAFE_IN_TEXT),
                    self.origin(caller),
                );
                self.dispatcher.execute_at(&caller.uri, call, user).await
            }
            Err(error) => Err(error),
        };
        Reply::new(id, outcome)
    }
}

/// A service that carries out nothing as long as this lives.
#[derive(Debug)]
#[must_use]
pub struct Closed<'a> {
    _admission: Option<SemaphorePermit<'a>>,
}

impl Refusal {
    /// The refusal as the reply to a call, for those that are told in no other way.
    pub fn to_json(self) -> String {
        let error = RpcError::new(code::INTERNAL_ERROR, self.to_string());
        Answer(Replies::Single(Reply::new(Value::Null, Err(error)))).to_json()
    }
}

impl Answer {
    /// The answer as JSON, without a line's end.
    pub fn to_json(&self) -> String {
        let long = match &self.0 {
            Replies::Single(reply) => reply.with_long_text(),
            Replies::Batch(_) => None,
        };
        long.unwrap_or_else(|| {
            serde_json::to_string(self).expect("writing JSON to memory cannot fail because keys are strings")
        })
    }
}
