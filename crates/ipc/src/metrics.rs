//! What is counted of connections and calls, and what a process tells of it.
//!
//! Counters are cells of the IPC thread: a call takes no lock and no memory. What there is of a connection goes with the
//! connection; methods, of which there are as many as the schemas have, are counted as long as the thread runs.

mod connection;
mod info;
mod method;
mod origin;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use crate::connection::Connection;
use crate::event_loop::Local;

pub(crate) use connection::{Account, Listed};
pub use info::{
    CallCounts, ConnectionInfo, Direction, IpcInfo, ListenerInfo, MethodInfo, Traffic, Transport,
};
pub use method::Latencies;
pub(crate) use method::Timing;
pub(crate) use origin::Origin;
pub use origin::Party;

use method::Methods;

/// The counters of an IPC thread.
#[derive(Default)]
pub(crate) struct Metrics {
    connections: RefCell<BTreeMap<u64, Weak<Connection>>>,
    last_connection: Cell<u64>,
    served: Methods,
    made: Methods,
}

impl Metrics {
    /// The next connection's number.
    pub(crate) fn next_connection(&self) -> u64 {
        self.last_connection.set(self.last_connection.get() + 1);
        self.last_connection.get()
    }

    /// Lists a connection as long as the result lives.
    pub(crate) fn list(local: &Rc<Local>, connection: &Rc<Connection>) -> Listed {
        let id = connection.account().id();
        let mut connections = local.metrics.connections.borrow_mut();
        connections.insert(id, Rc::downgrade(connection));
        Listed::new(local, id)
    }

    /// What there is to tell but of listeners, of which this thread does not know.
    pub(crate) fn info(&self, listeners: Vec<ListenerInfo>) -> IpcInfo {
        let connections = self.connections.borrow();
        IpcInfo {
            listeners,
            connections: connections
                .values()
                .filter_map(Weak::upgrade)
                .map(|connection| connection::info(&connection))
                .collect(),
            served: self.served.info(),
            made: self.made.info(),
        }
    }
}
