//! The peer's threads that wait for calls made here.
//!
//! A peer names one with each call, usually the one that it named before. What is let go of after the call has to be told
//! so in a message of its own, and is offered anew with the next call; so some are held on to.

use std::cell::{Cell, RefCell};

use capnp::capability::FromClientHook as _;

use crate::schema::proxy_capnp::thread;

/// Threads that are held on to: as many as a process of this project makes calls on at a time.
const MOST: usize = 64;

/// The brand of capabilities that are no connection's.
pub(crate) const LOCAL: usize = 0;

/// The peer's threads of one connection.
#[derive(Default)]
pub(super) struct KnownThreads {
    threads: RefCell<Vec<thread::Client>>,
    /// Which one makes room for the next.
    oldest: Cell<usize>,
}

impl KnownThreads {
    /// Holds on to a thread, and lets go of the one that was first named longest ago when there are too many.
    pub(super) fn hold(&self, thread: &thread::Client) {
        let key = |thread: &thread::Client| thread.as_client_hook().get_ptr();
        let is_known = |known| key(known) == key(thread);
        if thread.as_client_hook().get_brand() == LOCAL || self.threads.borrow().iter().any(is_known) {
            return;
        }
        let mut threads = self.threads.borrow_mut();
        let released = if threads.len() < MOST {
            threads.push(thread.clone());
            None
        } else {
            let oldest = self.oldest.get();
            self.oldest.set((oldest + 1) % MOST);
            Some(std::mem::replace(&mut threads[oldest], thread.clone()))
        };
        // A capability's end sends a message.
        drop(threads);
        drop(released);
    }

    pub(super) fn clear(&self) {
        drop(self.threads.take());
    }
}
