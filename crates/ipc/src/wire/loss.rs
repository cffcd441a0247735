//! The loss of a connection, for all who wait for it.
//!
//! Each call does, and nearly always in vain: it is answered first. So all that waiting takes is a place in a list.

use std::cell::RefCell;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::waiters::{Place, Waiters};

/// Whether a connection is lost, and why. Belongs to the IPC thread.
#[derive(Default)]
pub(super) struct Loss {
    reason: RefCell<Option<Arc<str>>>,
    waiters: Waiters,
}

/// Ends with the reason.
pub(crate) struct Waiting<'a> {
    loss: &'a Loss,
    place: Place<'a>,
}

impl Loss {
    pub(super) fn is_known(&self) -> bool {
        self.reason.borrow().is_some()
    }

    /// The first reason stays. Gives whether this is the first one.
    pub(super) fn set(&self, reason: &str) -> bool {
        if self.is_known() {
            return false;
        }
        self.reason.replace(Some(Arc::from(reason)));
        self.waiters.wake();
        true
    }

    pub(super) fn wait(&self) -> Waiting<'_> {
        Waiting {
            loss: self,
            place: self.waiters.place(),
        }
    }
}

impl Future for Waiting<'_> {
    type Output = Arc<str>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Arc<str>> {
        if let Some(reason) = &*self.loss.reason.borrow() {
            return Poll::Ready(Arc::clone(reason));
        }
        self.place.wait(context);
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::Loss;

    #[test]
    fn all_who_wait_are_given_the_first_reason() {
        let loss = Loss::default();
        let mut early = loss.wait();
        assert!((&mut early).now_or_never().is_none());
        assert!(!loss.is_known());
        assert!(loss.set("gone"));
        assert!(!loss.set("again"));
        for waiting in [early, loss.wait()] {
            assert_eq!(waiting.now_or_never().as_deref(), Some("gone"));
        }
    }
}
