//! One connection to another process, whichever side made it: both may call the other's objects.
//!
//! The side that connected asks the other for its root object, `Init`; apart from that the two are alike. An object that
//! is passed to a call is served on the same connection, and an object that is received becomes a handle.

mod current;
mod known;
mod lease;
mod objects;
mod setup;

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use capnp::capability::FromClientHook as _;
use capnp::capability::Promise;
use capnp::dynamic_value::Reader;
use interfaces::Init;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;

use crate::client::{Interface, Remote};
use crate::error::{REMOTE, exception};
use crate::event_loop::{Closer, EventLoop, Local};
use crate::log;
use crate::metrics::{Account, Direction, Metrics, Origin};
use crate::rpc::{Ended, System, drive};
use crate::schema::process_capnp::process;
use crate::schema::proxy_capnp::{thread, thread_map};
use crate::server::{ConfigureLogging, Request, Served};
use crate::threads::Threads;
use crate::wire::Link;

pub(crate) use current::{Current, calling};
pub(crate) use known::LOCAL;
pub(crate) use lease::Lease;
pub(crate) use objects::{Held, Key, MAX_OBJECTS, Servable};
pub(crate) use setup::VERSIONS;

use known::KnownThreads;
use lease::IdleThreads;
use objects::Objects;

/// How long the other process may take to drop an object before it is released regardless.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a client may take to do what it is still asked for when this side leaves.
const LEAVE_WITHIN: Duration = Duration::from_secs(2);

/// A connection, as seen from the IPC thread.
pub(crate) struct Connection {
    event_loop: EventLoop,
    local: Rc<Local>,
    account: Account,
    link: Rc<Link>,
    /// The threads here that the peer's calls run on.
    threads: Rc<Threads>,
    /// What the peer makes them with.
    thread_map: thread_map::Client,
    /// What the peer may call.
    objects: Objects,
    /// What makes threads there, once the peer has said so.
    remote_threads: RefCell<Option<thread_map::Client>>,
    idle_threads: IdleThreads,
    /// Those there that wait for calls made here.
    known_threads: KnownThreads,
    patience: Duration,
    keep: RefCell<Weak<Closer>>,
    configure_logging: RefCell<Option<ConfigureLogging>>,
}

/// Keeps a connection: it is closed when the last of these is dropped.
#[derive(Clone)]
pub(crate) struct Keep {
    _closer: Option<Rc<Closer>>,
}

impl Connection {
    /// Connects to the process at the other end of the stream, which may take `patience` to drop an object, and gives
    /// its root object. `ended` runs when the connection is over.
    pub(crate) fn open(
        event_loop: EventLoop,
        local: &Rc<Local>,
        stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
        origin: Origin,
        patience: Option<Duration>,
        ended: impl FnOnce() + 'static,
    ) -> (Rc<Self>, Keep, process::Client) {
        let patience = patience.unwrap_or(PATIENCE);
        let account = Account::open(local, Direction::Outbound, origin);
        let (connection, keep, closed) = Self::new(event_loop, account, local, patience, None);
        let system = System::new(&connection.link, stream, None);
        let root = process::Client::new(system.root().hook);
        let driving = Rc::clone(&connection).drive(system, closed);
        let label = log::thread_label(&local.program);
        tokio::task::spawn_local(async move {
            if driving.await != Ended::Closed {
                tracing::warn!("ipc: {{{label}}} IPC client: unexpected network disconnect.");
            }
            ended();
        });
        (connection, keep, root)
    }

    /// Serves `init` to the process at the other end of the stream until that leaves, or until `closing` ends and the
    /// connection is closed. Dropping the future closes the connection too, without waiting for it. Gives how it ended.
    pub(crate) async fn serve(
        event_loop: EventLoop,
        local: &Rc<Local>,
        stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
        origin: Origin,
        init: Arc<dyn Init>,
        configure_logging: Option<ConfigureLogging>,
        closing: impl Future<Output = ()>,
    ) -> Ended {
        let account = Account::open(local, Direction::Inbound, origin);
        let (connection, keep, closed) = Self::new(event_loop, account, local, PATIENCE, configure_logging);
        let root: process::Client = capnp_rpc::new_client(Served::new(&connection, init));
        let system = System::new(&connection.link, stream, Some(root.client));
        let label = log::thread_label(&local.program);
        tracing::info!("ipc: {{{label}}} IPC server: socket connected.");
        let closer = Rc::downgrade(&connection);
        let mut driving = tokio::task::spawn_local(async move {
            let ended = connection.drive(system, closed).await;
            tracing::info!("ipc: {{{label}}} IPC server: socket disconnected.");
            ended
        });
        let ended = tokio::select! {
            ended = &mut driving => ended,
            () = closing => {
                drop(keep);
                // Handles of the peer's objects keep it, and tell the peer to destroy those: it may not answer.
                match tokio::time::timeout(LEAVE_WITHIN, &mut driving).await {
                    Ok(ended) => ended,
                    Err(_) => {
                        if let Some(connection) = closer.upgrade() {
                            connection.close();
                        }
                        driving.await
                    }
                }
            }
        };
        // A panic would have been the connection's end.
        ended.unwrap_or(Ended::Lost { n_open: 0 })
    }

    fn new(
        event_loop: EventLoop,
        account: Account,
        local: &Rc<Local>,
        patience: Duration,
        configure_logging: Option<ConfigureLogging>,
    ) -> (Rc<Self>, Keep, oneshot::Receiver<()>) {
        let (closer, closed) = local.closer();
        let closer = Rc::new(closer);
        let link = Link::new();
        let threads = Threads::new(&local.program, &link);
        let connection = Rc::new(Self {
            event_loop,
            local: Rc::clone(local),
            account,
            link,
            thread_map: threads.new_map(),
            threads,
            objects: Objects::default(),
            remote_threads: RefCell::default(),
            idle_threads: IdleThreads::default(),
            known_threads: KnownThreads::default(),
            patience,
            keep: RefCell::new(Rc::downgrade(&closer)),
            configure_logging: RefCell::new(configure_logging),
        });
        let keep = Keep {
            _closer: Some(closer),
        };
        (connection, keep, closed)
    }

    /// Runs the connection to its end, and lets go of what either side had on it.
    async fn drive(self: Rc<Self>, system: System, closed: oneshot::Receiver<()>) -> Ended {
        let listed = Metrics::list(&self.local, &self);
        let complaints = &self.local.complaints;
        let ended = drive(system, closed, complaints).await;
        drop(listed);
        self.remote_threads.take();
        self.idle_threads.clear();
        self.known_threads.clear();
        self.objects.clear().await;
        ended
    }

    /// Closes the connection: calls that are under way are interrupted.
    pub(crate) fn close(&self) {
        if let Some(closer) = self.keep.borrow().upgrade() {
            closer.close();
        }
    }

    /// What a handle holds on to. A connection that is closed already stays so.
    pub(crate) fn keep(&self) -> Keep {
        Keep {
            _closer: self.keep.borrow().upgrade(),
        }
    }

    pub(crate) fn event_loop(&self) -> &EventLoop {
        &self.event_loop
    }

    pub(crate) fn local(&self) -> &Rc<Local> {
        &self.local
    }

    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    pub(crate) fn link(&self) -> &Link {
        &self.link
    }

    pub(crate) fn threads(&self) -> &Rc<Threads> {
        &self.threads
    }

    pub(crate) fn thread_map(&self) -> thread_map::Client {
        self.thread_map.clone()
    }

    pub(crate) fn objects(&self) -> &Objects {
        &self.objects
    }

    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    /// The settings that a parent may still make.
    pub(crate) fn take_configure_logging(&self) -> Option<ConfigureLogging> {
        self.configure_logging.borrow_mut().take()
    }

    /// Lets the peer call `object`, unless it holds too many already.
    pub(crate) fn serve_object<I: ?Sized + Servable>(
        self: &Rc<Self>,
        object: Arc<I>,
    ) -> capnp::Result<Served<I>> {
        if self.objects.are_too_many() {
            objects::release(object);
            return Err(exception(format_args!(
                "this connection has {MAX_OBJECTS} objects already"
            )));
        }
        Ok(Served::new(self, object))
    }

    /// Remembers the peer's thread that waits for a call. Those of peers of another make are let go of with their calls:
    /// what they keep for a thread is theirs to say.
    pub(crate) fn know(&self, waiting: &thread::Client) {
        if self.account.version().is_some() {
            self.known_threads.hold(waiting);
        }
    }

    /// A handle of an object of the peer's.
    pub(crate) fn adopt<C: Interface>(self: &Rc<Self>, client: C) -> Arc<C::Object> {
        C::object(Remote::new(client, Rc::clone(self), self.keep()))
    }

    /// Takes a call in.
    pub(crate) fn receive<'a>(
        self: &Rc<Self>,
        method: &'static str,
        parameters: impl Into<Reader<'a>>,
    ) -> Request {
        Request::receive(Rc::clone(self), method, parameters)
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
}
