//! Objects of this process that another one calls.
//!
//! A method runs when its turn on its thread comes, and to its end once it has begun, whether or not the caller still
//! waits. An object is dropped when it is destroyed, when the peer releases it, or with the connection, last made first.

mod objects;
mod request;
mod root;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Weak};

use capnp_rpc::rpc_twoparty_capnp::Side;
use interfaces::Init;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::error::exception;
use crate::event_loop::Local;
use crate::log;
use crate::schema::process_capnp::child;
use crate::threads::Threads;
use crate::wire::{Link, drive, new_system};
use objects::{Key, Objects};
use request::Request;

pub(crate) use objects::MAX_OBJECTS;

/// What applies a parent's logging settings, (option, value) each.
pub type ConfigureLogging =
    Box<dyn FnOnce(&[(String, String)]) -> Result<(), Box<dyn std::error::Error + Send + Sync>> + Send>;

/// One connection whose peer calls objects here.
pub(crate) struct Connection {
    local: Rc<Local>,
    link: Rc<Link>,
    threads: Rc<Threads>,
    objects: Objects,
    configure_logging: RefCell<Option<ConfigureLogging>>,
}

/// An object that the peer may call.
pub(crate) struct Served<I: ?Sized + Send + Sync + 'static> {
    connection: Rc<Connection>,
    object: Weak<I>,
    key: Key,
}

/// Serves `init` on a stream until the peer leaves.
pub(crate) async fn serve(
    local: Rc<Local>,
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    init: Arc<dyn Init>,
    configure_logging: Option<ConfigureLogging>,
) {
    let link = Link::new();
    let connection = Rc::new(Connection {
        link: Rc::clone(&link),
        threads: Threads::new(&local.program),
        objects: Objects::default(),
        configure_logging: RefCell::new(configure_logging),
        local: Rc::clone(&local),
    });
    let root: child::Client = capnp_rpc::new_client(Served::new(&connection, init));
    let system = new_system(&link, stream, Side::Server, Some(root.client));
    let label = log::thread_label(&local.program);
    tracing::info!("ipc: {{{label}}} IPC server: socket connected.");
    let (_closer, closed) = local.closer();
    drive(system, link, closed).await;
    connection.objects.clear().await;
    tracing::info!("ipc: {{{label}}} IPC server: socket disconnected.");
}

impl Connection {
    /// Lets the peer call `object`, unless it holds too many already.
    pub(crate) fn serve<I: ?Sized + Send + Sync + 'static>(
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

    /// Takes a call in.
    pub(crate) fn receive(&self, method: &'static str, parameters: &dyn std::fmt::Debug) -> Request<'_> {
        Request::receive(self, method, parameters)
    }
}

impl<I: ?Sized + Send + Sync + 'static> Served<I> {
    fn new(connection: &Rc<Connection>, object: Arc<I>) -> Self {
        Self {
            connection: Rc::clone(connection),
            object: Arc::downgrade(&object),
            key: connection.objects.insert(object),
        }
    }

    pub(crate) fn connection(&self) -> &Rc<Connection> {
        &self.connection
    }

    /// The object, unless it was destroyed.
    pub(crate) fn object(&self) -> capnp::Result<Arc<I>> {
        self.object
            .upgrade()
            .ok_or_else(|| exception("the object was destroyed"))
    }

    /// Drops the object, off the IPC thread, and waits for that. Done twice, it does nothing.
    pub(crate) async fn drop_object(&self) {
        self.connection.objects.destroy(self.key).await;
    }
}

impl<I: ?Sized + Send + Sync + 'static> Drop for Served<I> {
    fn drop(&mut self) {
        let connection = Rc::clone(&self.connection);
        let key = self.key;
        tokio::task::spawn_local(async move {
            // A lost connection lets go of everything at once, and only then is known as lost. What it let go of has
            // its turn in the right order, with the connection's end.
            tokio::task::yield_now().await;
            if !connection.link.is_lost() {
                connection.objects.destroy(key).await;
            }
        });
    }
}
