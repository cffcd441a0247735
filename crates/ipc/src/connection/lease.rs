//! Threads of the other process for the calls that are made there.
//!
//! A call takes a thread in the other process for as long as it lasts, so that calls made at the same time run at the
//! same time there. Idle threads are kept for the next call. A call that an object makes back to the peer that is calling
//! it takes the thread that waits for it there instead, so that the two never wait for each other.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use interfaces::{Disconnection, InterfaceError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Connection;
use super::current::{Current, Nested};
use crate::schema::proxy_capnp::{context, thread};

/// Threads that a connection makes in the other process; further calls wait. C++ peers pay for each with a real one.
const MAX_REMOTE_THREADS: usize = 64;

/// The threads that no call has at the moment, and how many more there may be.
pub(super) struct IdleThreads {
    pairs: RefCell<Vec<ThreadPair>>,
    vacancies: Arc<Semaphore>,
}

/// A thread there that runs our calls, and one here that runs what they call back meanwhile.
struct ThreadPair {
    remote: thread::Client,
    callback: thread::Client,
}

/// The threads of one call.
pub(crate) enum Lease {
    /// A pair that the call has to itself.
    Own(OwnLease),
    /// Those of the call from the peer that this one is made in.
    Nested(Nested),
}

pub(crate) struct OwnLease {
    pair: ThreadPair,
    _vacancy: OwnedSemaphorePermit,
}

impl Default for IdleThreads {
    fn default() -> Self {
        Self {
            pairs: RefCell::default(),
            vacancies: Arc::new(Semaphore::new(MAX_REMOTE_THREADS)),
        }
    }
}

impl IdleThreads {
    pub(super) fn clear(&self) {
        self.pairs.take();
    }
}

impl Connection {
    /// Threads for one call, named after the caller's when they have to be made. `current` is the call that this one is
    /// made in.
    pub(crate) async fn lease(
        self: &Rc<Self>,
        caller: &str,
        current: Option<Rc<Current>>,
    ) -> Result<Lease, InterfaceError> {
        if let Some(nested) = current.and_then(|current| current.nest(self)) {
            return Ok(Lease::Nested(nested));
        }
        let vacancies = &self.idle_threads.vacancies;
        let vacancy = match Arc::clone(vacancies).try_acquire_owned() {
            Ok(vacancy) => vacancy,
            Err(_) => Arc::clone(vacancies)
                .acquire_owned()
                .await
                .expect("nobody closes it, because the type's only owner is here"),
        };
        let idle = self.idle_threads.pairs.borrow_mut().pop();
        let pair = match idle {
            Some(pair) => pair,
            None => self.make_thread(caller)?,
        };
        Ok(Lease::Own(OwnLease {
            pair,
            _vacancy: vacancy,
        }))
    }

    fn make_thread(&self, caller: &str) -> Result<ThreadPair, InterfaceError> {
        if self.link.is_lost() {
            return Err(InterfaceError::Disconnected(Disconnection::BeforeCall));
        }
        let remote_threads = self.remote_threads.borrow();
        let Some(remote_threads) = remote_threads.as_ref() else {
            return Err(InterfaceError::Malformed(
                "the peer gave no threads to call it on".to_owned(),
            ));
        };
        let mut request = remote_threads.make_thread_request();
        request.get().set_name(caller);
        // Not waited for: the calls that name the thread are queued behind its making.
        let remote = request.send().pipeline.get_result();
        Ok(ThreadPair {
            remote,
            callback: self.threads.make(caller),
        })
    }
}

impl Lease {
    /// Names the threads.
    pub(crate) fn fill(&self, mut context: context::Builder<'_>) {
        let (remote, callback) = match self {
            Self::Own(own) => (&own.pair.remote, &own.pair.callback),
            Self::Nested(nested) => (nested.remote(), nested.callback()),
        };
        context.set_thread(remote.clone());
        context.set_callback_thread(callback.clone());
    }

    /// Ends the call's use of them. Only a call that went well gives a pair back: the other process may still be busy
    /// with what was abandoned, and what failed may have been the thread.
    pub(crate) async fn end(self, connection: &Connection, well: bool) {
        match self {
            Self::Own(own) if well && !connection.link.is_lost() => {
                connection.idle_threads.pairs.borrow_mut().push(own.pair);
            }
            Self::Own(_) => {}
            Self::Nested(nested) => nested.end().await,
        }
    }
}
