//! The state of one connection: whether it stands, and how much it makes this process hold.
//!
//! A peer that does not read the answers to its calls is not read from either, until it does: its own reading is all
//! that it takes. Two sides do not come to wait for each other in this way, because a side that waits for an answer
//! itself goes on reading, and whoever has unread answers waits for them.
//!
//! A peer with very many calls that are not answered yet is read from slowly, so that reading does not outrun answering,
//! but not left alone, up to a limit at which it is given up: what makes one of its calls end may be the next message.
//! Whoever makes a call that no method can be run for is read from a little later, so that calls of that kind, which cost
//! the peer next to nothing to make, do not keep this process from its other peers.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use capnp::any_pointer;
use tokio::time::Instant;

use super::enclosed::{Enclosed, Enclosures};
use super::loss::{Loss, Waiting};
use super::questions::{Leaving, MAX_QUESTIONS, Meaning, Origin, Questions, TooMany};
use super::traffic::TrafficCounter;
use super::waiters::Waiters;

/// Bytes waiting to be sent beyond which no call is begun, neither one of ours nor one of the peer's.
const BUSY: usize = 8 << 20;

/// Answers waiting to be sent beyond which the peer is not read from; or as many as take [`BUSY`] bytes.
const UNREAD: usize = 1_000;

/// How long the peer may take to read before the log says so.
const PATIENCE: Duration = Duration::from_secs(1);

/// Calls of the peer not yet answered beyond which it is read from slowly: more than can be under way on all of its
/// threads.
const CROWD: usize = 2_000;

/// How long each further message has to wait for an answer to be sent.
const PACE: Duration = Duration::from_millis(1);

/// How long the message after a call that could not be run has to wait.
const GRUDGE: Duration = Duration::from_millis(2);

/// Bytes, waiting to be sent or received and not yet answered, beyond which the connection is given up.
const LIMIT: usize = 256 << 20;

/// Messages waiting to be sent beyond which the connection is given up: more than the answers to all calls that a peer
/// can have under way.
const MAX_QUEUED: usize = 10_000;

/// Shared by all who use one connection. Belongs to the IPC thread.
pub(crate) struct Link {
    questions: Questions,
    received: Cell<usize>,
    answers: Queue,
    others: Queue,
    /// Those who wait for something of all this to change.
    waiters: Waiters,
    has_been_slow: Cell<bool>,
    /// When the next message may be read, after a call that could not be run.
    grudge: Cell<Option<Instant>>,
    lost: Loss,
    fault: Cell<Option<Fault>>,
    traffic: TrafficCounter,
    /// Long values of the message that is about to be sent.
    enclosed: RefCell<Vec<Enclosed>>,
}

/// Messages that wait to be sent.
#[derive(Default)]
struct Queue {
    bytes: Cell<usize>,
    messages: Cell<usize>,
}

/// A message that counts against its link until it is dropped.
pub(crate) struct Charge {
    link: Rc<Link>,
    bytes: usize,
    counted: Counted,
}

/// What was wrong when a connection was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The stream failed.
    Broken,
    /// This side gave it up.
    GivenUp,
    /// The stream ended within a message.
    CutOff,
}

#[derive(Debug, Clone, Copy)]
enum Counted {
    Received,
    Queued(Origin),
}

impl Link {
    pub(crate) fn new() -> Rc<Self> {
        Rc::new(Self {
            questions: Questions::default(),
            received: Cell::new(0),
            answers: Queue::default(),
            others: Queue::default(),
            waiters: Waiters::default(),
            has_been_slow: Cell::new(false),
            grudge: Cell::default(),
            lost: Loss::default(),
            fault: Cell::new(None),
            traffic: TrafficCounter::default(),
            enclosed: RefCell::default(),
        })
    }

    /// What went over the connection.
    pub(crate) fn traffic(&self) -> &TrafficCounter {
        &self.traffic
    }

    /// Lets a value go with the message that its pointer is in, when that is sent.
    pub(crate) fn enclose(&self, enclosed: Enclosed) {
        self.enclosed.borrow_mut().push(enclosed);
    }

    /// Drops the values whose message will not be sent.
    pub(crate) fn discard_enclosed(&self) {
        self.enclosed.take();
    }

    /// The values that go with the message of these segments.
    pub(super) fn take_enclosed(&self, segments: &[&[u8]]) -> Enclosures {
        Enclosures::take(&mut self.enclosed.borrow_mut(), segments)
    }

    /// Counts a message that arrived. `None`, and the connection is lost, when the peer sends more than it is served.
    pub(super) fn receive(self: &Rc<Self>, bytes: usize, meaning: &Meaning<'_>) -> Option<Charge> {
        match self.questions.arrived(meaning) {
            Ok(held) => self.hold(bytes + held),
            Err(TooMany) => {
                self.give_up(&format!(
                    "the peer has {MAX_QUESTIONS} calls that are not answered or whose answers it does not let go of"
                ));
                None
            }
        }
    }

    pub(super) fn hold(self: &Rc<Self>, bytes: usize) -> Option<Charge> {
        let sum = self.received.get() + bytes;
        if sum > LIMIT {
            self.give_up("the peer sends more than it is served");
            return None;
        }
        self.received.set(sum);
        Some(self.charge(bytes, Counted::Received))
    }

    /// Counts a message to send. `None`, and the connection is lost, when the peer reads too slowly.
    pub(super) fn send(self: &Rc<Self>, bytes: usize, body: any_pointer::Reader<'_>) -> Option<Charge> {
        let Leaving {
            origin,
            says_unimplemented,
        } = self.questions.leaving(body);
        if says_unimplemented {
            self.begrudge();
        }
        // Now that this side waits for an answer, it has to read.
        self.waiters.wake();
        self.queue(bytes, origin)
    }

    pub(super) fn queue(self: &Rc<Self>, bytes: usize, origin: Origin) -> Option<Charge> {
        let n_messages = self.answers.messages.get() + self.others.messages.get();
        if self.queued_bytes() + bytes > LIMIT || n_messages == MAX_QUEUED {
            self.give_up("the peer does not read what it is sent");
            return None;
        }
        let queue = self.queue_of(origin);
        queue.bytes.set(queue.bytes.get() + bytes);
        queue.messages.set(queue.messages.get() + 1);
        Some(self.charge(bytes, Counted::Queued(origin)))
    }

    fn charge(self: &Rc<Self>, bytes: usize, counted: Counted) -> Charge {
        Charge {
            link: Rc::clone(self),
            bytes,
            counted,
        }
    }

    fn queue_of(&self, origin: Origin) -> &Queue {
        match origin {
            Origin::Peer => &self.answers,
            Origin::Here => &self.others,
        }
    }

    fn queued_bytes(&self) -> usize {
        self.answers.bytes.get() + self.others.bytes.get()
    }

    /// The peer made a call that no method can be run for: its next message has to wait.
    pub(crate) fn begrudge(&self) {
        self.grudge.set(Some(Instant::now() + GRUDGE));
    }

    /// Waits until there is little to send.
    pub(crate) async fn room(&self) {
        self.until(|| self.queued_bytes() < BUSY).await;
    }

    /// Waits until it is time to read the next message, which is at once where this side waits for an answer itself.
    pub(super) async fn turn_to_read(&self) {
        if let Some(over) = self.grudge.take() {
            let is_needed = self.until(|| self.questions.has_own());
            // Too late is time enough.
            let _ = tokio::time::timeout_at(over, is_needed).await;
        }
        let in_time = || self.questions.has_own() || self.questions.unanswered() < CROWD;
        if !in_time() {
            // Too late is time enough.
            let _ = tokio::time::timeout(PACE, self.until(in_time)).await;
        }
        let is_reading = || {
            let Queue { bytes, messages } = &self.answers;
            self.questions.has_own() || bytes.get() < BUSY && messages.get() < UNREAD
        };
        if !is_reading() {
            self.answers_read(is_reading).await;
        }
    }

    /// Waits until the peer reads its answers; the log says once when that takes its time.
    async fn answers_read(&self, is_reading: impl Fn() -> bool) {
        if tokio::time::timeout(PATIENCE, self.until(&is_reading))
            .await
            .is_ok()
        {
            return;
        }
        if !self.has_been_slow.replace(true) {
            tracing::warn!(
                "ipc: a connection is not read from until its peer reads the answers that it asked for"
            );
        }
        self.until(is_reading).await;
    }

    /// Waits until something is so, or the connection is lost.
    async fn until(&self, is_so: impl Fn() -> bool) {
        self.waiters.until(|| is_so() || self.is_lost()).await;
    }

    /// Marks the connection as lost because of what the peer did; the first reason stays.
    pub(crate) fn give_up(&self, reason: &str) {
        if self.lose(reason) {
            self.fault.set(Some(Fault::GivenUp));
        }
    }

    /// Marks the connection as lost because the stream ended within a message; the first reason stays.
    pub(super) fn cut_off(&self, reason: &str) {
        if self.lose(reason) {
            self.fault.set(Some(Fault::CutOff));
        }
    }

    /// How many questions of the peer's are open.
    pub(crate) fn n_open(&self) -> usize {
        self.questions.n_open()
    }

    /// Marks the connection as lost because its stream failed, as it does when the peer left and did not read what it was
    /// sent; the first reason stays.
    pub(super) fn fail(&self, reason: &str) {
        if self.lose(reason) {
            self.fault.set(Some(Fault::Broken));
        }
    }

    /// What was wrong when the connection was lost; nothing when it was closed in order.
    pub(crate) fn fault(&self) -> Option<Fault> {
        self.fault.get()
    }

    /// Marks the connection as lost; the first reason stays. Gives whether this is the first one.
    pub(crate) fn lose(&self, reason: &str) -> bool {
        let is_first = self.lost.set(reason);
        self.waiters.wake();
        is_first
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.lost.is_known()
    }

    /// Waits until the connection is lost and gives the reason.
    pub(crate) fn lost(&self) -> Waiting<'_> {
        self.lost.wait()
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        let link = &self.link;
        match self.counted {
            Counted::Received => link.received.set(link.received.get() - self.bytes),
            Counted::Queued(origin) => {
                let queue = link.queue_of(origin);
                queue.bytes.set(queue.bytes.get() - self.bytes);
                queue.messages.set(queue.messages.get() - 1);
                link.waiters.wake();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use capnp::message::{Builder, HeapAllocator};
    use capnp_rpc::rpc_capnp::{exception, message};
    use futures::FutureExt as _;

    use super::{BUSY, CROWD, Charge, GRUDGE, LIMIT, Link, MAX_QUEUED, Origin, PACE, PATIENCE, UNREAD};

    fn reason(link: &Link) -> Option<String> {
        link.lost().now_or_never().map(|reason| reason.to_string())
    }

    #[test]
    fn a_peer_that_does_not_read_loses_the_connection() {
        let rows = [(LIMIT / 4, 4), (1, MAX_QUEUED)];
        for (bytes, most) in rows {
            let link = Link::new();
            let held: Vec<_> = (0..most)
                .map(|_| link.queue(bytes, Origin::Here).expect("within the limit"))
                .collect();
            assert_eq!(reason(&link), None);
            assert!(link.queue(bytes, Origin::Peer).is_none());
            assert_eq!(
                reason(&link).as_deref(),
                Some("the peer does not read what it is sent")
            );
            drop(held);
        }
    }

    #[test]
    fn a_peer_that_floods_loses_the_connection() {
        let link = Link::new();
        let held = link.hold(LIMIT - 1).expect("within the limit");
        drop(link.hold(1).expect("within the limit"));
        assert!(link.hold(2).is_none());
        assert_eq!(
            reason(&link).as_deref(),
            Some("the peer sends more than it is served")
        );
        drop(held);
    }

    #[test]
    fn callers_wait_for_room_until_the_queue_drains() {
        let link = Link::new();
        let charge = link.queue(BUSY, Origin::Here);
        let mut room = Box::pin(link.room());
        assert!(room.as_mut().now_or_never().is_none());
        drop(charge);
        assert!(room.as_mut().now_or_never().is_some());
    }

    fn unread(link: &Rc<Link>, origin: Origin) -> Vec<Charge> {
        (0..UNREAD)
            .map(|_| link.queue(1, origin).expect("within the limit"))
            .collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_is_not_read_from_while_it_does_not_read_its_answers() {
        let link = Link::new();
        let many = unread(&link, Origin::Peer);
        let large = vec![link.queue(BUSY, Origin::Peer).expect("within the limit")];
        let mut reading = Box::pin(link.turn_to_read());
        // However long it takes.
        let waited = tokio::time::timeout(3 * PATIENCE, &mut reading).await;
        assert!(waited.is_err() && link.has_been_slow.get());
        drop(many);
        assert!(reading.as_mut().now_or_never().is_none());
        drop(large);
        assert!(reading.as_mut().now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_an_answer_goes_on_reading() {
        let link = Link::new();
        let _answers = unread(&link, Origin::Peer);
        let mut reading = Box::pin(link.turn_to_read());
        assert!(reading.as_mut().now_or_never().is_none());
        let question = message(|message| _ = message.init_call());
        let _question = link.send(1, question.get_root_as_reader().expect("a root"));
        assert!(reading.as_mut().now_or_never().is_some());
        let answer = message(|message| _ = message.init_return());
        let answer: message::Reader<'_> = answer.get_root_as_reader().expect("a root");
        let _answer = link.receive(1, &answer.which());
        assert!(Box::pin(link.turn_to_read()).now_or_never().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_with_very_many_calls_is_read_from_slowly_until_they_are_answered() {
        let link = Link::new();
        for number in (0..).take(CROWD) {
            assert!(link.turn_to_read().now_or_never().is_some());
            let call = message(|message| message.init_call().set_question_id(number));
            let call: message::Reader<'_> = call.get_root_as_reader().expect("a root");
            drop(link.receive(1, &call.which()));
        }
        let mut reading = Box::pin(link.turn_to_read());
        assert!(reading.as_mut().now_or_never().is_none());
        tokio::time::timeout(10 * PACE, reading)
            .await
            .expect("slowly, but it is");
        let mut reading = Box::pin(link.turn_to_read());
        assert!(reading.as_mut().now_or_never().is_none());
        let answer = message(|message| message.init_return().set_answer_id(7));
        drop(link.send(1, answer.get_root_as_reader().expect("a root")));
        assert!(reading.as_mut().now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn the_message_after_a_call_that_could_not_be_run_waits_unless_this_side_waits_itself() {
        let link = Link::new();
        link.begrudge();
        let mut reading = Box::pin(link.turn_to_read());
        assert!(reading.as_mut().now_or_never().is_none());
        tokio::time::advance(GRUDGE).await;
        assert!(reading.as_mut().now_or_never().is_some());
        drop(reading);
        assert!(link.turn_to_read().now_or_never().is_some());

        link.begrudge();
        tokio::time::advance(GRUDGE).await;
        assert!(link.turn_to_read().now_or_never().is_some());

        link.begrudge();
        let mut reading = Box::pin(link.turn_to_read());
        assert!(reading.as_mut().now_or_never().is_none());
        let question = message(|message| _ = message.init_call());
        let _question = link.send(1, question.get_root_as_reader().expect("a root"));
        assert!(reading.as_mut().now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn the_message_after_a_call_of_no_method_waits() {
        let rows = [
            (exception::Type::Unimplemented, true),
            (exception::Type::Failed, false),
        ];
        for (kind, waits) in rows {
            let link = Link::new();
            let answer = message(|message| message.init_return().init_exception().set_type(kind));
            drop(link.send(1, answer.get_root_as_reader().expect("a root")));
            assert_eq!(Box::pin(link.turn_to_read()).now_or_never().is_none(), waits);
        }
    }

    #[test]
    fn what_nobody_asked_for_does_not_keep_this_side_from_reading() {
        let link = Link::new();
        let _others = unread(&link, Origin::Here);
        assert!(link.turn_to_read().now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_on_a_lost_connection() {
        let link = Link::new();
        let _answers = unread(&link, Origin::Peer);
        let _large = link.queue(BUSY, Origin::Here);
        let mut waiting = Box::pin(async { tokio::join!(link.room(), link.turn_to_read()) });
        assert!(waiting.as_mut().now_or_never().is_none());
        link.lose("gone");
        assert!(waiting.as_mut().now_or_never().is_some());
    }

    fn message(fill: impl FnOnce(message::Builder<'_>)) -> Builder<HeapAllocator> {
        let mut builder = Builder::new_default();
        fill(builder.init_root());
        builder
    }
}
