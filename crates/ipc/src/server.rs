//! Objects of this process that another one calls.
//!
//! A method runs when its turn on its thread comes, and to its end once it has begun, whether or not the caller still
//! waits. An object is dropped when it is destroyed, when the peer releases it, or with the connection, last made first.

mod mining;
mod request;
mod root;

use std::rc::Rc;
use std::sync::{Arc, Weak};

use crate::connection::{Connection, Key, Servable};
use crate::error::exception;

pub(crate) use request::Request;

/// What applies a parent's logging settings, (option, value) each.
pub type ConfigureLogging =
    Box<dyn FnOnce(&[(String, String)]) -> Result<(), Box<dyn std::error::Error + Send + Sync>> + Send>;

/// An object that the peer may call.
pub(crate) struct Served<I: ?Sized + Send + Sync + 'static> {
    connection: Rc<Connection>,
    object: Weak<I>,
    key: Key,
}

impl<I: ?Sized + Servable> Served<I> {
    pub(crate) fn new(connection: &Rc<Connection>, object: Arc<I>) -> Self {
        Self {
            connection: Rc::clone(connection),
            object: Arc::downgrade(&object),
            key: connection.objects().insert(object),
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
        self.connection.objects().destroy(self.key).await;
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
            if !connection.link().is_lost() {
                connection.objects().destroy(key).await;
            }
        });
    }
}
