//! The connection to another process, from the side that calls it.

use std::cell::RefCell;
use std::fmt::Debug;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use capnp::capability::Promise;
use capnp_rpc::rpc_twoparty_capnp::Side;
use interfaces::InterfaceError;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{REMOTE, from_capnp};
use crate::event_loop::{Closer, Local};
use crate::log;
use crate::schema::init_capnp::init;
use crate::schema::proxy_capnp::{context, thread, thread_map};
use crate::threads::Threads;
use crate::wire::{Ended, Link, drive, new_system};

/// Threads that a connection makes in the other process; further calls wait. C++ peers pay for each with a real one.
const MAX_REMOTE_THREADS: usize = 64;

/// The other process, as seen from the IPC thread. It is disconnected when nobody holds it.
pub(crate) struct Connection {
    link: Rc<Link>,
    local: Rc<Local>,
    threads: Rc<Threads>,
    remote_threads: RefCell<Option<thread_map::Client>>,
    idle: RefCell<Vec<ThreadPair>>,
    vacancies: Arc<Semaphore>,
    patience: Duration,
    closer: Closer,
}

/// A thread there that runs our calls, and one here that runs what they call back meanwhile.
struct ThreadPair {
    remote: thread::Client,
    callback: thread::Client,
}

impl Connection {
    /// Sets a connection up to the process at the other end of the stream, which may take `patience` to drop an object.
    /// `ended` runs when the connection is over.
    pub(crate) fn open(
        local: &Rc<Local>,
        stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
        patience: Duration,
        ended: impl FnOnce() + 'static,
    ) -> (Rc<Self>, init::Client) {
        let link = Link::new();
        let mut system = new_system(&link, stream, Side::Client, None);
        let bootstrap = system.bootstrap(Side::Server);
        let (closer, closed) = local.closer();
        let connection = Rc::new(Self {
            link: Rc::clone(&link),
            local: Rc::clone(local),
            threads: Threads::new(&local.program),
            remote_threads: RefCell::default(),
            idle: RefCell::default(),
            vacancies: Arc::new(Semaphore::new(MAX_REMOTE_THREADS)),
            patience,
            closer,
        });
        let label = log::thread_label(&local.program);
        tokio::task::spawn_local(async move {
            if drive(system, link, closed).await == Ended::Lost {
                tracing::warn!("ipc: {{{label}}} IPC client: unexpected network disconnect.");
            }
            ended();
        });
        (connection, bootstrap)
    }

    /// Closes the connection: calls that are under way are interrupted.
    pub(crate) fn close(&self) {
        self.closer.close();
    }

    /// Waits until there is little to send.
    pub(super) async fn room(&self) {
        self.link.room().await;
    }

    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    pub(super) fn is_lost(&self) -> bool {
        self.link.is_lost()
    }

    /// The first call: each side gets the other's threads.
    pub(crate) async fn construct(&self, init: &init::Client) -> Result<(), InterfaceError> {
        let mut request = init.construct_request();
        request.get().set_thread_map(self.threads.map());
        let label = log::thread_label(&self.local.program);
        log_send(&label, "Init.construct", &request.get().reborrow_as_reader());
        let remote_threads = async {
            let response = self.answer(request.send().promise).await?;
            let results = response.get()?;
            log_receive(&label, "Init.construct", &results);
            results.get_thread_map()
        }
        .await
        .map_err(|error| from_capnp("Init.construct", &error))?;
        *self.remote_threads.borrow_mut() = Some(remote_threads);
        Ok(())
    }

    /// Waits for an answer, or for the connection to be lost, which leaves calls unanswered at times.
    pub(crate) async fn answer<T>(&self, promise: Promise<T, capnp::Error>) -> capnp::Result<T> {
        tokio::select! {
            biased;
            answer = promise => answer.map_err(|error| {
                let remote = error.extra.starts_with(REMOTE);
                if self.link.is_lost() && !remote {
                    capnp::Error::disconnected(error.extra)
                } else {
                    error
                }
            }),
            reason = self.link.lost() => Err(capnp::Error::disconnected(reason.to_string())),
        }
    }

    /// A thread for one call, named after the caller's when it has to be made.
    pub(super) async fn lease(self: &Rc<Self>, caller: &str) -> Result<Lease, InterfaceError> {
        let vacancy = Arc::clone(&self.vacancies)
            .acquire_owned()
            .await
            .expect("nobody closes it, because the type's only owner is here");
        let idle = self.idle.borrow_mut().pop();
        let pair = match idle {
            Some(pair) => pair,
            None => self.make_thread(caller)?,
        };
        Ok(Lease {
            pair,
            _vacancy: vacancy,
        })
    }

    fn make_thread(&self, caller: &str) -> Result<ThreadPair, InterfaceError> {
        let remote_threads = self.remote_threads.borrow();
        let Some(remote_threads) = remote_threads.as_ref() else {
            return Err(InterfaceError::Malformed(
                "a call before Init.construct".to_owned(),
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

pub(super) fn log_send(caller: &str, method: &str, data: &dyn Debug) {
    log::message(
        || format!("{{{caller}}} IPC client send {method}$Params"),
        "send",
        data,
    );
}

pub(super) fn log_receive(caller: &str, method: &str, data: &dyn Debug) {
    log::message(
        || format!("{{{caller}}} IPC client recv {method}$Results"),
        "recv",
        data,
    );
}

/// A pair of threads that one call has to itself. Only a call that went well gives it back: the other process may
/// still be busy with what was abandoned, and what failed may have been the thread.
pub(super) struct Lease {
    pair: ThreadPair,
    _vacancy: OwnedSemaphorePermit,
}

impl Lease {
    pub(super) fn fill(&self, mut context: context::Builder<'_>) {
        context.set_thread(self.pair.remote.clone());
        context.set_callback_thread(self.pair.callback.clone());
    }

    pub(super) fn give_back(self, connection: &Connection) {
        connection.idle.borrow_mut().push(self.pair);
    }
}
