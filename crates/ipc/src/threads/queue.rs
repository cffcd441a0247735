//! The order of the calls on one thread.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use tokio::sync::oneshot;

/// One call at a time: first in, first out, but those that come back to what they had begun go before all others.
#[derive(Default)]
pub(super) struct Queue {
    busy: Cell<bool>,
    waiting: RefCell<VecDeque<oneshot::Sender<Place>>>,
    returning: RefCell<Vec<oneshot::Sender<Place>>>,
}

/// The place at the head of a queue. Dropped, it goes to the next.
pub(super) struct Place {
    queue: Option<Rc<Queue>>,
}

impl Queue {
    /// Waits for its turn.
    pub(super) async fn enter(self: &Rc<Self>) -> Place {
        if !self.busy.replace(true) {
            return self.place();
        }
        let (sender, receiver) = oneshot::channel();
        self.waiting.borrow_mut().push_back(sender);
        Self::arrive(receiver).await
    }

    /// Waits for the call that runs at the moment.
    pub(super) async fn come_back(self: &Rc<Self>) -> Place {
        if !self.busy.replace(true) {
            return self.place();
        }
        let (sender, receiver) = oneshot::channel();
        self.returning.borrow_mut().push(sender);
        Self::arrive(receiver).await
    }

    async fn arrive(receiver: oneshot::Receiver<Place>) -> Place {
        receiver
            .await
            .expect("the queue lets go of a sender only by sending, and lives as long as a place in it")
    }

    fn place(self: &Rc<Self>) -> Place {
        Place {
            queue: Some(Rc::clone(self)),
        }
    }

    fn next(&self) -> Option<oneshot::Sender<Place>> {
        let returning = self.returning.borrow_mut().pop();
        returning.or_else(|| self.waiting.borrow_mut().pop_front())
    }

    /// Gives the place to the next that still wants it.
    fn pass_on(self: &Rc<Self>) {
        while let Some(next) = self.next() {
            match next.send(self.place()) {
                Ok(()) => return,
                Err(mut unwanted) => unwanted.queue = None,
            }
        }
        self.busy.set(false);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(queue) = self.queue.take() {
            queue.pass_on();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use futures::FutureExt as _;

    use super::Queue;

    #[test]
    fn those_who_wait_have_their_turn_in_order_and_those_who_gave_up_have_none() {
        let queue = Rc::new(Queue::default());
        let first = queue.enter().now_or_never().expect("nobody is there");
        let mut second = Box::pin(queue.enter());
        let mut third = Box::pin(queue.enter());
        let mut fourth = Box::pin(queue.enter());
        for waiting in [&mut second, &mut third, &mut fourth] {
            assert!(waiting.as_mut().now_or_never().is_none());
        }
        drop(second);
        drop(first);
        assert!(fourth.as_mut().now_or_never().is_none());
        let third = third.as_mut().now_or_never().expect("it is the next");
        drop(third);
        drop(fourth.as_mut().now_or_never().expect("it is the last"));
        assert!(queue.enter().now_or_never().is_some());
    }

    #[test]
    fn who_comes_back_goes_before_those_who_wait() {
        let queue = Rc::new(Queue::default());
        let outer = queue.enter().now_or_never().expect("nobody is there");
        let mut waiting = Box::pin(queue.enter());
        assert!(waiting.as_mut().now_or_never().is_none());
        let mut later = Box::pin(queue.enter());
        assert!(later.as_mut().now_or_never().is_none());
        drop(outer);
        let inner = waiting.as_mut().now_or_never().expect("it is free meanwhile");
        let mut back = Box::pin(queue.come_back());
        assert!(back.as_mut().now_or_never().is_none());
        drop(inner);
        assert!(later.as_mut().now_or_never().is_none());
        drop(back.as_mut().now_or_never().expect("it goes first"));
        assert!(later.as_mut().now_or_never().is_some());
    }
}
