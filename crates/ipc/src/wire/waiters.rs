//! Those who wait for something to change, on one thread: each takes a place in a list, and no lock.

use std::cell::RefCell;
use std::future::poll_fn;
use std::task::{Context, Poll, Waker};

use slab::Slab;

/// Any number of tasks. Belongs to the IPC thread.
#[derive(Default)]
pub(crate) struct Waiters(RefCell<Slab<Waker>>);

/// One task's place among them, which it keeps until this is dropped.
pub(super) struct Place<'a> {
    waiters: &'a Waiters,
    number: Option<usize>,
}

impl Waiters {
    /// Wakes all who wait.
    pub(crate) fn wake(&self) {
        if !self.0.borrow().is_empty() {
            self.wake_some();
        }
    }

    #[cold]
    fn wake_some(&self) {
        let wakers: Vec<Waker> = self.0.borrow().iter().map(|(_, waker)| waker.clone()).collect();
        // A task may end when it is woken, and give up its place.
        wakers.into_iter().for_each(Waker::wake);
    }

    /// A place for whoever is to wait.
    pub(super) fn place(&self) -> Place<'_> {
        Place {
            waiters: self,
            number: None,
        }
    }

    /// Waits until something is so. It is looked at now, and each time that they are woken.
    pub(crate) async fn until(&self, is_so: impl Fn() -> bool) {
        let mut place = self.place();
        poll_fn(|context| {
            if is_so() {
                return Poll::Ready(());
            }
            place.wait(context);
            Poll::Pending
        })
        .await;
    }
}

impl Place<'_> {
    /// Lets the task be woken.
    pub(super) fn wait(&mut self, context: &Context<'_>) {
        let waker = context.waker();
        let mut waiters = self.waiters.0.borrow_mut();
        let replaced = match self.number {
            Some(number) if waiters[number].will_wake(waker) => None,
            Some(number) => Some(std::mem::replace(&mut waiters[number], waker.clone())),
            None => {
                self.number = Some(waiters.insert(waker.clone()));
                None
            }
        };
        // With a waker, a task may end that waits here itself.
        drop(waiters);
        drop(replaced);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let waker = self
            .number
            .map(|number| self.waiters.0.borrow_mut().remove(number));
        // As above.
        drop(waker);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Wake, Waker};

    use super::Waiters;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn all_who_wait_are_woken_until_they_stop_waiting() {
        let woken: [Arc<Woken>; 3] = Default::default();
        let wakers = woken.clone().map(Waker::from);
        let times = || woken.each_ref().map(|woken| woken.0.load(Ordering::Relaxed));
        let waiters = Waiters::default();
        let is_so = Cell::new(false);
        let mut first = pin!(waiters.until(|| is_so.get()));
        let mut second = Box::pin(waiters.until(|| is_so.get()));
        let mut poll_first = |waker: usize| {
            let mut context = Context::from_waker(&wakers[waker]);
            first.as_mut().poll(&mut context).is_ready()
        };
        assert!(!poll_first(0));
        assert!(
            second
                .as_mut()
                .poll(&mut Context::from_waker(&wakers[1]))
                .is_pending()
        );
        waiters.wake();
        assert_eq!(times(), [1, 1, 0]);
        // The first goes on somewhere else, and the second gives up.
        assert!(!poll_first(2));
        drop(second);
        waiters.wake();
        assert_eq!(times(), [1, 1, 1]);
        is_so.set(true);
        assert!(poll_first(2));
    }
}
