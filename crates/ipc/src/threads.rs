//! Threads as the wire has them: one side makes them in the other, and calls on one run first in, first out.
//!
//! Here a thread is a queue. A call holds its turn while its method runs, on the IPC thread or wherever the method
//! takes itself; so a thread costs a peer next to nothing to make, and this process next to nothing to have. While the
//! method waits for a call back to the caller, the thread is free, as libmultiprocess's are.

mod queue;

use std::cell::{Cell, RefCell};
use std::fmt::Display;
use std::rc::Rc;
use std::sync::Arc;

use capnp::Error;
use capnp_rpc::CapabilityServerSet;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::exception;
use crate::log;
use crate::schema::proxy_capnp::{context, thread, thread_map};
use crate::wire::Link;
use queue::{Place, Queue};

/// Threads that a peer may have at once on one connection.
pub(crate) const MAX_THREADS: usize = 1_000;

/// Bytes of a thread's name that are kept.
const MAX_NAME: usize = 256;

/// The threads of this side that one connection's peer made.
pub(crate) struct Threads {
    program: Arc<str>,
    link: Rc<Link>,
    served: RefCell<CapabilityServerSet<ServedThread, thread::Client>>,
    live: Rc<Cell<usize>>,
    pool: RefCell<Option<Arc<Semaphore>>>,
}

/// A thread that calls run on in turn.
pub(crate) struct ServedThread {
    name: Rc<str>,
    queue: Rc<Queue>,
    live: Rc<Cell<usize>>,
}

/// A call's turn on its thread, until it is dropped.
pub(crate) struct Turn {
    /// The thread, for the log.
    pub(crate) name: Rc<str>,
    on: On,
}

enum On {
    Thread {
        client: thread::Client,
        queue: Rc<Queue>,
        place: RefCell<Option<Place>>,
    },
    Pool {
        _permit: OwnedSemaphorePermit,
    },
}

impl Turn {
    /// The thread, for the peer to name in calls that it makes from within a call back.
    pub(crate) fn thread(&self, threads: &Threads) -> thread::Client {
        match &self.on {
            On::Thread { client, .. } => client.clone(),
            On::Pool { .. } => threads.make("pool"),
        }
    }

    /// Lets other calls run on the thread.
    pub(crate) fn pause(&self) {
        if let On::Thread { place, .. } = &self.on {
            drop(place.take());
        }
    }

    /// Waits until the thread is free again.
    pub(crate) async fn resume(&self) {
        if let On::Thread { queue, place, .. } = &self.on {
            let back = queue.come_back().await;
            place.replace(Some(back));
        }
    }
}

impl Threads {
    pub(crate) fn new(program: &Arc<str>, link: &Rc<Link>) -> Rc<Self> {
        Rc::new(Self {
            program: Arc::clone(program),
            link: Rc::clone(link),
            served: RefCell::default(),
            live: Rc::default(),
            pool: RefCell::default(),
        })
    }

    /// The capability with which a peer makes threads here.
    pub(crate) fn new_map(self: &Rc<Self>) -> thread_map::Client {
        capnp_rpc::new_client(ThreadMap {
            threads: Rc::clone(self),
        })
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.live.get()
    }

    /// Makes a thread; `from` is the peer's thread whose calls run on it.
    pub(crate) fn make(&self, from: &str) -> thread::Client {
        let name = log::served_thread_label(&self.program, &shortened(from));
        self.live.set(self.live.get() + 1);
        let mut served = self.served.borrow_mut();
        served.gc();
        served.new_client(ServedThread {
            name: name.into(),
            queue: Rc::default(),
            live: Rc::clone(&self.live),
        })
    }

    /// Waits for a call's turn on the thread that its context names, or on the pool.
    pub(crate) async fn turn(&self, context: context::Reader<'_>) -> Result<Turn, Error> {
        if !context.has_thread() {
            return self.pool_turn().await;
        }
        // The peer need not have waited for the thread to be made.
        let client = capnp::capability::get_resolved_cap(context.get_thread()?).await;
        let thread = self.served.borrow().get_local_server_of_resolved(&client);
        let Some(thread) = thread else {
            return Err(exception("invalid thread handle"));
        };
        let place = thread.queue.enter().await;
        Ok(Turn {
            name: Rc::clone(&thread.name),
            on: On::Thread {
                client,
                queue: Rc::clone(&thread.queue),
                place: RefCell::new(Some(place)),
            },
        })
    }

    /// Says no to the peer, and minds it.
    fn refuse(&self, why: impl Display) -> Error {
        self.link.begrudge();
        exception(why)
    }

    /// Whether a call is of a client that knows the method as one without a context: then what is read as that is another
    /// parameter, if it is a structure at all. `has_others` is whether the call has the next one, too.
    pub(crate) fn has_no_context(
        &self,
        context: &capnp::Result<context::Reader<'_>>,
        has_others: bool,
    ) -> bool {
        match context {
            // Such clients know of no pools either.
            Ok(context) => !context.has_thread() && !has_others && self.pool.borrow().is_none(),
            Err(_) => true,
        }
    }

    async fn pool_turn(&self) -> Result<Turn, Error> {
        let pool = self.pool.borrow().clone();
        let Some(pool) = pool else {
            return Err(exception("no thread specified and no pool configured"));
        };
        let permit = pool
            .acquire_owned()
            .await
            .expect("nobody closes it, because the type's only owner is here");
        Ok(Turn {
            name: log::served_thread_label(&self.program, "pool").into(),
            on: On::Pool { _permit: permit },
        })
    }
}

fn shortened(name: &str) -> String {
    let mut end = name.len().min(MAX_NAME);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name[..end].to_owned()
}

impl Drop for ServedThread {
    fn drop(&mut self) {
        self.live.set(self.live.get() - 1);
    }
}

impl thread::Server for ServedThread {
    async fn get_name(
        self: Rc<Self>,
        _: thread::GetNameParams,
        mut results: thread::GetNameResults,
    ) -> Result<(), Error> {
        results.get().set_result(&self.name[..]);
        Ok(())
    }
}

struct ThreadMap {
    threads: Rc<Threads>,
}

impl thread_map::Server for ThreadMap {
    async fn make_thread(
        self: Rc<Self>,
        params: thread_map::MakeThreadParams,
        mut results: thread_map::MakeThreadResults,
    ) -> Result<(), Error> {
        if self.threads.live.get() >= MAX_THREADS {
            let why = format_args!("this connection has {MAX_THREADS} threads already");
            return Err(self.threads.refuse(why));
        }
        let name = params
            .get()
            .and_then(thread_map::make_thread_params::Reader::get_name);
        let from = name.and_then(|name| Ok(name.to_str()?));
        let from = from.inspect_err(|_| self.threads.link.begrudge())?;
        results.get().set_result(self.threads.make(from));
        Ok(())
    }

    async fn make_pool(
        self: Rc<Self>,
        params: thread_map::MakePoolParams,
        _: thread_map::MakePoolResults,
    ) -> Result<(), Error> {
        let count = params.get()?.get_count() as usize;
        if !(1..=MAX_THREADS).contains(&count) {
            let why = format_args!("a pool has 1 to {MAX_THREADS} threads, not {count}");
            return Err(self.threads.refuse(why));
        }
        let mut pool = self.threads.pool.borrow_mut();
        if pool.is_some() {
            let why = "makePool called on connection with existing pool";
            return Err(self.threads.refuse(why));
        }
        *pool = Some(Arc::new(Semaphore::new(count)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_NAME, shortened};

    #[test]
    fn long_names_are_cut_between_characters() {
        let rows = [("", ""), ("b-http", "b-http")];
        for (name, expected) in rows {
            assert_eq!(shortened(name), expected);
        }
        let cut = shortened(&"€".repeat(1_000));
        assert_eq!(cut.len(), MAX_NAME - MAX_NAME % 3);
    }
}
