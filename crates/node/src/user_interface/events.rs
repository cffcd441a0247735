//! What is told to those who follow the node: each hears one event after the other, at a pace of its own.
//!
//! The node never waits for a listener. What a slow one has not heard yet is replaced by what says the same with newer
//! values, and one that leaves too much unheard is told no more.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use interfaces::{Handler, InterfaceError, NodeEvent, NodeEvents};
use tokio::runtime::Handle;
use tokio::sync::watch;

/// What a listener may leave unheard.
const MOST_UNHEARD: usize = 1_000;

/// Titles of work that was begun that are remembered. Of more nobody is told the end, unless it comes.
const MOST_UNDER_WAY: usize = 100;

/// How long listeners may take to hear what there is to hear at the end.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Whether an event says what an earlier one did, with newer values.
fn replaces(event: &NodeEvent, earlier: &NodeEvent) -> bool {
    use NodeEvent::{Alert, Bans, BlockTip, HeaderTip, NetworkActive, Progress};
    match (event, earlier) {
        (Progress { title, .. }, Progress { title: earlier, .. }) => title == earlier,
        (NetworkActive(_), NetworkActive(_))
        | (Alert, Alert)
        | (Bans, Bans)
        | (BlockTip { .. }, BlockTip { .. })
        | (HeaderTip { .. }, HeaderTip { .. }) => true,
        _ => false,
    }
}

/// Those who follow the node. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Events(Arc<Mutex<Followers>>);

#[derive(Debug, Default)]
struct Followers {
    queues: Vec<Weak<Queue>>,
    /// The titles of work that was begun and has not ended.
    under_way: BTreeSet<String>,
}

/// What one listener has to hear.
#[derive(Debug)]
struct Queue {
    /// Shared with the others: a listener that hears nothing costs no copies.
    unheard: Mutex<VecDeque<Arc<NodeEvent>>>,
    state: watch::Sender<State>,
    /// Whether the listener is not even waited for any more.
    is_given_up: watch::Sender<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// So many events have come so far.
    Following(u64),
    /// Nothing more comes: what is unheard is the last.
    Ending,
    /// Nothing more is told.
    Closed,
}

impl Events {
    fn lock(&self) -> MutexGuard<'_, Followers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells everyone.
    pub(crate) fn send(&self, event: &NodeEvent) {
        let mut followers = self.lock();
        if let NodeEvent::Progress { title, percent, .. } = event {
            match percent {
                100.. => _ = followers.under_way.remove(title),
                _ if followers.under_way.len() < MOST_UNDER_WAY => {
                    _ = followers.under_way.insert(title.clone());
                }
                _ => {}
            }
        }
        let event = Arc::new(event.clone());
        followers.queues.retain(|queue| match queue.upgrade() {
            Some(queue) => {
                queue.push(Arc::clone(&event));
                true
            }
            None => false,
        });
    }

    /// Says of all work that was begun that it has ended.
    pub(crate) fn end_progress(&self) {
        let under_way = std::mem::take(&mut self.lock().under_way);
        for title in under_way {
            self.send(&NodeEvent::Progress {
                title,
                percent: 100,
                resume_possible: false,
            });
        }
    }

    /// Tells a listener of what happens from now on, on this runtime.
    pub(crate) fn follow(&self, listener: Arc<dyn NodeEvents>, runtime: &Handle) -> Arc<dyn Handler> {
        let queue = Arc::new(Queue {
            unheard: Mutex::default(),
            state: watch::Sender::new(State::Following(0)),
            is_given_up: watch::Sender::new(false),
        });
        self.lock().queues.push(Arc::downgrade(&queue));
        let ended = watch::Sender::new(false);
        let subscription = Arc::new(Subscription {
            state: queue.state.clone(),
            ended: ended.subscribe(),
        });
        runtime.spawn(async move {
            let mut given_up = queue.is_given_up.subscribe();
            tokio::select! {
                () = queue.tell(&*listener) => {}
                _ = given_up.wait_for(|is_given_up| *is_given_up) => {}
            }
            drop(listener);
            ended.send_replace(true);
        });
        subscription
    }

    /// Lets everyone hear what there is, and ends it. A listener that takes its time is given up: one that never answers
    /// would keep its connection open, and the process with it.
    pub(crate) async fn end(&self) {
        let queues = std::mem::take(&mut self.lock().queues);
        let ending: Vec<_> = queues.iter().filter_map(Weak::upgrade).collect();
        let closed: Vec<_> = ending.iter().map(|queue| queue.state.subscribe()).collect();
        for queue in &ending {
            queue.advance(State::Ending);
        }
        let all = async {
            for mut state in closed {
                // Who is gone hears nothing either.
                _ = state.wait_for(|state| *state == State::Closed).await;
            }
        };
        if tokio::time::timeout(LAST_WORDS, all).await.is_err() {
            tracing::debug!("a listener did not hear all that happened");
        }
        for queue in ending {
            queue.is_given_up.send_replace(true);
        }
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<NodeEvent>>> {
        self.unheard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, event: Arc<NodeEvent>) {
        let mut unheard = self.lock();
        match unheard.iter().position(|earlier| replaces(&event, earlier)) {
            Some(place) => unheard[place] = event,
            None if unheard.len() < MOST_UNHEARD => unheard.push_back(event),
            None => {
                tracing::warn!("a listener that has {MOST_UNHEARD} events to hear is told no more");
                self.advance(State::Closed);
            }
        }
        drop(unheard);
        self.state.send_if_modified(|state| match state {
            State::Following(count) => {
                *count += 1;
                true
            }
            State::Ending | State::Closed => false,
        });
    }

    /// Goes on to a later state.
    fn advance(&self, to: State) {
        self.state.send_if_modified(|state| {
            let is_later = *state != State::Closed && *state != to;
            if is_later {
                *state = to;
            }
            is_later
        });
    }

    /// Tells the listener of everything until it is over.
    async fn tell(&self, listener: &dyn NodeEvents) {
        let mut state = self.state.subscribe();
        loop {
            let now = *state.borrow_and_update();
            if now == State::Closed {
                break;
            }
            let event = self.lock().pop_front();
            let is_told = match event {
                Some(event) => Arc::unwrap_or_clone(event).tell(listener).await.is_ok(),
                None if now == State::Ending => false,
                None => state.changed().await.is_ok(),
            };
            if !is_told {
                break;
            }
        }
        self.advance(State::Closed);
    }
}

/// A listener's subscription.
struct Subscription {
    state: watch::Sender<State>,
    ended: watch::Receiver<bool>,
}

#[async_trait]
impl Handler for Subscription {
    async fn disconnect(&self) -> Result<(), InterfaceError> {
        self.state.send_replace(State::Closed);
        // A runtime that has ended tells nobody of anything either.
        _ = self.ended.clone().wait_for(|ended| *ended).await;
        Ok(())
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.state.send_replace(State::Closed);
    }
}

#[cfg(test)]
mod tests {
    use interfaces::MessageStyle;

    use super::*;
    use crate::user_interface::listener::Listener;

    fn message(text: &str) -> NodeEvent {
        NodeEvent::InitMessage(text.to_owned())
    }

    fn progress(title: &str, percent: u8) -> NodeEvent {
        NodeEvent::Progress {
            title: title.to_owned(),
            percent,
            resume_possible: false,
        }
    }

    fn follow(events: &Events, listener: &Arc<Listener>) -> Arc<dyn Handler> {
        events.follow(Arc::clone(listener) as Arc<dyn NodeEvents>, &Handle::current())
    }

    #[tokio::test]
    async fn who_does_not_answer_at_the_end_is_given_up() {
        let events = Events::default();
        let listener = Listener::new(0);
        let _handler = events.follow(Arc::clone(&listener) as Arc<dyn NodeEvents>, &Handle::current());
        events.send(&message("one"));
        events.end().await;
        let given_up = async {
            while Arc::strong_count(&listener) > 1 {
                tokio::task::yield_now().await;
            }
        };
        assert!(
            tokio::time::timeout(Duration::from_secs(30), given_up)
                .await
                .is_ok()
        );
    }

    #[tokio::test]
    async fn a_listener_hears_all_in_order_from_its_subscription_to_its_end() {
        let events = Events::default();
        let listener = Listener::new(100);
        events.send(&message("before"));
        let handler = follow(&events, &listener);
        events.send(&message("one"));
        events.send(&NodeEvent::Message("two".to_owned(), MessageStyle::Warning));
        listener.has_heard(&["one", "Warning two"]).await;
        handler.disconnect().await.unwrap();
        events.send(&message("after"));
        handler.disconnect().await.unwrap();
        assert_eq!(*listener.heard.borrow(), ["one", "Warning two"]);
    }

    #[tokio::test]
    async fn a_slow_listener_hears_the_newest_of_what_says_the_same_and_all_else() {
        let events = Events::default();
        let listener = Listener::new(0);
        let _handler = follow(&events, &listener);
        for event in [
            message("a"),
            progress("x", 1),
            progress("y", 2),
            NodeEvent::Bans,
            message("b"),
            progress("x", 3),
            NodeEvent::Bans,
            NodeEvent::NetworkActive(false),
            NodeEvent::NetworkActive(true),
        ] {
            events.send(&event);
        }
        listener.permits.add_permits(100);
        listener
            .has_heard(&["a", "x 3", "y 2", "bans", "b", "active true"])
            .await;
    }

    #[tokio::test]
    async fn who_fails_or_leaves_too_much_unheard_is_told_no_more() {
        let events = Events::default();
        let (failing, lazy, sound) = (Listener::new(10), Listener::new(0), Listener::new(9_999));
        let first = follow(&events, &failing);
        events.send(&message("fail"));
        failing.has_heard(&["fail"]).await;
        let others = [&lazy, &sound].map(|listener| follow(&events, listener));
        for number in 0..=MOST_UNHEARD {
            events.send(&message(&number.to_string()));
            tokio::task::yield_now().await;
        }
        events.end().await;
        assert_eq!(*failing.heard.borrow(), ["fail"]);
        assert_eq!(*sound.heard.borrow().last().unwrap(), MOST_UNHEARD.to_string());
        lazy.permits.add_permits(9_999);
        for handler in [first].into_iter().chain(others) {
            handler.disconnect().await.unwrap();
        }
        assert!(lazy.heard.borrow().len() < 3, "it heard what was under way alone");
    }

    #[test]
    fn no_more_work_is_remembered_than_there_can_be() {
        let events = Events::default();
        for number in 0..10 * MOST_UNDER_WAY {
            events.send(&progress(&number.to_string(), 1));
        }
        assert_eq!(events.lock().under_way.len(), MOST_UNDER_WAY);
        events.send(&progress("0", 100));
        events.send(&progress("new", 1));
        assert!(events.lock().under_way.contains("new"));
    }

    #[tokio::test]
    async fn work_that_was_begun_ends() {
        let events = Events::default();
        let listener = Listener::new(100);
        let handler = follow(&events, &listener);
        for event in [progress("a", 1), progress("b", 2), progress("b", 100)] {
            events.send(&event);
        }
        events.end_progress();
        events.send(&NodeEvent::ShutdownRequested);
        events.end().await;
        assert_eq!(*listener.heard.borrow(), ["a 100", "b 100", "shutdown"]);
        drop(handler);
    }
}
