//! The state of one connection: whether it stands, and how much it makes this process hold.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::{Notify, watch};

/// Bytes waiting to be sent beyond which our own calls wait.
const BUSY: usize = 64 << 20;

/// Bytes, waiting to be sent or received and not yet answered, beyond which the connection is given up.
const LIMIT: usize = 256 << 20;

/// What a message costs besides its bytes.
const OVERHEAD: usize = 4 << 10;

/// Shared by all who use one connection. Belongs to the IPC thread.
pub(crate) struct Link {
    received: Cell<usize>,
    queued: Cell<usize>,
    room: Notify,
    lost: watch::Sender<Option<Arc<str>>>,
}

/// A message that counts against its link until it is dropped.
pub(crate) struct Charge {
    link: Rc<Link>,
    bytes: usize,
    direction: Direction,
}

#[derive(Clone, Copy)]
enum Direction {
    Received,
    Queued,
}

impl Link {
    pub(crate) fn new() -> Rc<Self> {
        Rc::new(Self {
            received: Cell::new(0),
            queued: Cell::new(0),
            room: Notify::new(),
            lost: watch::Sender::new(None),
        })
    }

    /// Counts a message that arrived. `None`, and the connection is lost, when the peer sends faster than it is
    /// served.
    pub(crate) fn receive(self: &Rc<Self>, bytes: usize) -> Option<Charge> {
        self.charge(
            bytes,
            Direction::Received,
            "the peer has too many calls outstanding",
        )
    }

    /// Counts a message to send. `None`, and the connection is lost, when the peer reads too slowly.
    pub(crate) fn queue(self: &Rc<Self>, bytes: usize) -> Option<Charge> {
        self.charge(bytes, Direction::Queued, "the peer does not read what it is sent")
    }

    fn charge(self: &Rc<Self>, bytes: usize, direction: Direction, reason: &str) -> Option<Charge> {
        let bytes = bytes + OVERHEAD;
        let counter = self.counter(direction);
        if counter.get() + bytes > LIMIT {
            self.give_up(reason);
            return None;
        }
        counter.set(counter.get() + bytes);
        Some(Charge {
            link: Rc::clone(self),
            bytes,
            direction,
        })
    }

    fn counter(&self, direction: Direction) -> &Cell<usize> {
        match direction {
            Direction::Received => &self.received,
            Direction::Queued => &self.queued,
        }
    }

    /// Waits until there is little to send.
    pub(crate) async fn room(&self) {
        loop {
            let notified = self.room.notified();
            if self.queued.get() < BUSY || self.is_lost() {
                return;
            }
            notified.await;
        }
    }

    /// Marks the connection as lost because of what the peer did, which the log says; the first reason stays.
    pub(crate) fn give_up(&self, reason: &str) {
        if self.lose(reason) {
            tracing::warn!("ipc: a connection is given up: {reason}");
        }
    }

    /// Marks the connection as lost; the first reason stays. Gives whether this is the first one.
    pub(crate) fn lose(&self, reason: &str) -> bool {
        let is_first = self.lost.send_if_modified(|lost| {
            let is_first = lost.is_none();
            if is_first {
                *lost = Some(Arc::from(reason));
            }
            is_first
        });
        self.room.notify_waiters();
        is_first
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.lost.borrow().is_some()
    }

    /// Waits until the connection is lost and gives the reason.
    pub(crate) async fn lost(&self) -> Arc<str> {
        let mut lost = self.lost.subscribe();
        match lost.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(reason)) => Arc::clone(reason),
            _ => unreachable!("the sender lives in self and the predicate holds"),
        }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        let counter = self.link.counter(self.direction);
        counter.set(counter.get() - self.bytes);
        self.link.room.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::{BUSY, LIMIT, Link};

    #[test]
    fn a_peer_that_does_not_read_loses_the_connection() {
        let link = Link::new();
        let half: Vec<_> = (0..3)
            .map(|_| link.queue(LIMIT / 4).expect("within the limit"))
            .collect();
        assert!(link.queue(LIMIT / 4).is_none());
        assert_eq!(
            link.lost().now_or_never().as_deref(),
            Some("the peer does not read what it is sent")
        );
        drop(half);
    }

    #[test]
    fn a_peer_that_floods_loses_the_connection() {
        let link = Link::new();
        let mut held = Vec::new();
        while let Some(charge) = link.receive(0) {
            held.push(charge);
        }
        assert!(held.len() >= 10_000, "small calls are cheap: {}", held.len());
        assert_eq!(
            link.lost().now_or_never().as_deref(),
            Some("the peer has too many calls outstanding")
        );
    }

    #[test]
    fn callers_wait_for_room_until_the_queue_drains() {
        let link = Link::new();
        let charge = link.queue(BUSY);
        let mut room = Box::pin(link.room());
        assert!(room.as_mut().now_or_never().is_none());
        drop(charge);
        assert!(room.as_mut().now_or_never().is_some());
    }
}
