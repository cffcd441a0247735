//! What is counted of one connection.

use std::cell::Cell;
use std::rc::Rc;
use std::time::SystemTime;

use super::info::{CallCounts, ConnectionInfo, Direction};
use super::method::Timing;
use super::origin::Origin;
use crate::connection::Connection;
use crate::event_loop::Local;

/// What a connection is, and its calls. Belongs to the IPC thread.
pub(crate) struct Account {
    local: Rc<Local>,
    id: u64,
    direction: Direction,
    origin: Origin,
    since: SystemTime,
    version: Cell<Option<u32>>,
    served: Rc<Tally>,
    made: Rc<Tally>,
    /// Objects of the peer's that this process holds.
    held: Cell<usize>,
}

/// Calls in one direction.
#[derive(Default)]
pub(super) struct Tally {
    begun: Cell<u64>,
    ended: Cell<u64>,
}

/// A connection's place in the list.
pub(crate) struct Listed {
    local: Rc<Local>,
    id: u64,
}

impl Account {
    /// Of a connection that is made now.
    pub(crate) fn open(local: &Rc<Local>, direction: Direction, origin: Origin) -> Self {
        Self {
            local: Rc::clone(local),
            id: local.metrics.next_connection(),
            direction,
            origin,
            since: SystemTime::now(),
            version: Cell::default(),
            served: Rc::default(),
            made: Rc::default(),
            held: Cell::default(),
        }
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Takes note of the version that was agreed on.
    pub(crate) fn set_version(&self, version: u32) {
        self.version.set(Some(version));
    }

    /// The version that was agreed on; none with a peer of another make.
    pub(crate) fn version(&self) -> Option<u32> {
        self.version.get()
    }

    /// The peer's call of a method begins.
    pub(crate) fn serve(&self, method: &'static str) -> Timing {
        Timing::begin(self.local.metrics.served.get(method), &self.served)
    }

    /// A call of one of the peer's methods begins.
    pub(crate) fn make(&self, method: &'static str) -> Timing {
        Timing::begin(self.local.metrics.made.get(method), &self.made)
    }

    /// One object of the peer's more.
    pub(crate) fn hold(&self) {
        self.held.set(self.held.get() + 1);
    }

    /// One object of the peer's less.
    pub(crate) fn let_go(&self) {
        self.held.set(self.held.get() - 1);
    }
}

/// What there is to tell of a connection.
pub(super) fn info(connection: &Connection) -> ConnectionInfo {
    let account = connection.account();
    ConnectionInfo {
        id: account.id,
        direction: account.direction,
        transport: account.origin.transport(),
        address: account.origin.address().map(str::to_owned),
        party: account.origin.party(),
        since: account.since,
        version: account.version(),
        traffic: connection.link().traffic().get(),
        served: account.served.counts(connection.objects().count()),
        made: account.made.counts(account.held.get()),
        threads: connection.threads().count(),
    }
}

impl Tally {
    pub(super) fn begin(&self) {
        self.begun.set(self.begun.get() + 1);
    }

    pub(super) fn end(&self) {
        self.ended.set(self.ended.get() + 1);
    }

    pub(super) fn counts(&self, objects: usize) -> CallCounts {
        CallCounts {
            calls: self.begun.get(),
            in_flight: self.begun.get() - self.ended.get(),
            objects,
        }
    }
}

impl Listed {
    pub(super) fn new(local: &Rc<Local>, id: u64) -> Self {
        Self {
            local: Rc::clone(local),
            id,
        }
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.local.metrics.connections.borrow_mut().remove(&self.id);
    }
}
