//! The call that is being served, for the calls that its method makes back to the caller.
//!
//! The caller waits on one of its threads, which it named. A call back to it runs there, inside the wait; and while it
//! does, the thread here that serves the outer call is free for what the call back calls in turn.

use std::cell::Cell;
use std::rc::{Rc, Weak};

use tokio::task::futures::TaskLocalFuture;

use super::Connection;
use crate::event_loop::{EventLoop, Local, ObjectId};
use crate::schema::proxy_capnp::thread;
use crate::threads::Turn;

tokio::task_local! {
    static CURRENT: Serving;
}

/// A call from the peer whose method runs.
pub(crate) struct Current {
    connection: Weak<Connection>,
    local: Rc<Local>,
    turn: Turn,
    /// The peer's thread that waits for the call.
    waiting: Option<thread::Client>,
    calling_back: Cell<bool>,
    number: Cell<Option<ObjectId>>,
}

/// What the method's task carries.
struct Serving(Rc<Current>);

/// A call back, from within a call.
pub(crate) struct Nested {
    current: Rc<Current>,
    remote: thread::Client,
    callback: thread::Client,
}

impl Current {
    pub(crate) fn new(connection: &Rc<Connection>, turn: Turn, waiting: Option<thread::Client>) -> Rc<Self> {
        Rc::new(Self {
            connection: Rc::downgrade(connection),
            local: Rc::clone(&connection.local),
            turn,
            waiting,
            calling_back: Cell::new(false),
            number: Cell::new(None),
        })
    }

    /// Runs the method's future with this as the call that it serves.
    pub(crate) fn scope<F: Future>(self: Rc<Self>, method: F) -> impl Future<Output = F::Output> {
        let scoped: TaskLocalFuture<_, F> = CURRENT.scope(Serving(self), method);
        scoped
    }

    /// Takes the peer's waiting thread for a call to it. `None` where the call is to another process, where no thread
    /// waits, or where the method makes several calls at once and another has the thread.
    pub(super) fn nest(self: Rc<Self>, connection: &Rc<Connection>) -> Option<Nested> {
        let same = std::ptr::eq(self.connection.as_ptr(), Rc::as_ptr(connection));
        let remote = self.waiting.clone().filter(|_| same)?;
        if self.calling_back.replace(true) {
            return None;
        }
        let callback = self.turn.thread(&connection.threads);
        self.turn.pause();
        Some(Nested {
            current: self,
            remote,
            callback,
        })
    }
}

/// The number, at the IPC thread `event_loop`, of the call that the calling task serves.
pub(crate) fn calling(event_loop: &EventLoop) -> Option<ObjectId> {
    CURRENT
        .try_with(|Serving(current)| {
            let connection = current.connection.upgrade()?;
            if current.waiting.is_none() || !connection.event_loop.is(event_loop) {
                return None;
            }
            if current.number.get().is_none() {
                current.number.set(Some(current.local.insert(Rc::clone(current))));
            }
            current.number.get()
        })
        .ok()
        .flatten()
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(number) = self.0.number.get() {
            self.0.local.remove::<Rc<Current>>(number);
        }
    }
}

impl Nested {
    pub(super) fn remote(&self) -> &thread::Client {
        &self.remote
    }

    pub(super) fn callback(&self) -> &thread::Client {
        &self.callback
    }

    /// Goes on with the outer call, after what runs on its thread at the moment. A call back that is given up does not
    /// come here: its outer call goes on at once.
    pub(super) async fn end(self) {
        self.current.turn.resume().await;
    }
}

impl Drop for Nested {
    fn drop(&mut self) {
        self.current.calling_back.set(false);
    }
}
