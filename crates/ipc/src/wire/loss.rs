//! The loss of a connection, for all who wait for it.
//!
//! Each call does, and nearly always in vain: it is answered first. So all that waiting takes is a place in a list.

use std::cell::RefCell;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use slab::Slab;

/// Whether a connection is lost, and why. Belongs to the IPC thread.
#[derive(Default)]
pub(super) struct Loss {
    reason: RefCell<Option<Arc<str>>>,
    waiting: RefCell<Slab<Waker>>,
}

/// Ends with the reason.
pub(crate) struct Waiting<'a> {
    loss: &'a Loss,
    place: Option<usize>,
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
        for (_, waker) in self.waiting.take() {
            waker.wake();
        }
        true
    }

    pub(super) fn wait(&self) -> Waiting<'_> {
        Waiting {
            loss: self,
            place: None,
        }
    }
}

impl Future for Waiting<'_> {
    type Output = Arc<str>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Arc<str>> {
        let loss = self.loss;
        if let Some(reason) = &*loss.reason.borrow() {
            return Poll::Ready(Arc::clone(reason));
        }
        let waker = context.waker();
        let mut waiting = loss.waiting.borrow_mut();
        let replaced = match self.place {
            Some(place) if waiting[place].will_wake(waker) => None,
            Some(place) => Some(std::mem::replace(&mut waiting[place], waker.clone())),
            None => {
                self.place = Some(waiting.insert(waker.clone()));
                None
            }
        };
        // With a waker, a task may end that waits here itself.
        drop(waiting);
        drop(replaced);
        Poll::Pending
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let waker = self
            .place
            .and_then(|place| self.loss.waiting.borrow_mut().try_remove(place));
        // As above.
        drop(waker);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll, Wake, Waker};

    use super::Loss;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn all_who_wait_at_the_moment_are_woken_once_and_given_the_first_reason() {
        let loss = Loss::default();
        let woken: [Arc<Woken>; 4] = Default::default();
        let wakers = woken.clone().map(Waker::from);
        let [mut first, mut second, mut third] = [loss.wait(), loss.wait(), loss.wait()];
        let poll = |waiting: &mut super::Waiting<'_>, waker: usize| {
            Future::poll(
                std::pin::Pin::new(waiting),
                &mut Context::from_waker(&wakers[waker]),
            )
        };
        for (waiting, waker) in [(&mut first, 0), (&mut second, 1), (&mut third, 2)] {
            assert!(poll(waiting, waker).is_pending());
        }
        // It goes on somewhere else.
        assert!(poll(&mut third, 3).is_pending());
        drop(second);
        assert!(!loss.is_known());
        assert!(loss.set("gone"));
        assert!(!loss.set("again"));
        let times = woken.each_ref().map(|woken| woken.0.load(Ordering::Relaxed));
        assert_eq!(times, [1, 0, 0, 1]);
        for mut waiting in [first, third, loss.wait()] {
            let Poll::Ready(reason) = poll(&mut waiting, 0) else {
                panic!("it is lost");
            };
            assert_eq!(&*reason, "gone");
        }
        assert!(loss.waiting.borrow().is_empty());
    }
}
