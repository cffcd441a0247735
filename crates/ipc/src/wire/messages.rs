//! The two ends of a stream of messages, for the RPC protocol: one that is read from, and one that is written to.

use std::rc::Rc;

use capnp::message::{Builder, HeapAllocator, ReaderOptions};
use capnp::{Error, ErrorKind};
use capnp_rpc::rpc_capnp::{exception, message};
use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, BufReader};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::frame::{Frame, FrameError, MAX_MESSAGE_BYTES, read_frame};
use super::link::{Charge, Link};
use super::outbox::{Outbox, Queued, write_out};
use super::questions::Meaning;
use super::traffic::Counted;
use super::turns::Turns;
use crate::error::REMOTE;
use crate::log;

/// Words of a message's first segment: calls are small.
const FIRST_SEGMENT: u32 = 120;

/// Nesting as C++ readers allow it; a message may be walked a few times: to log it, to read it.
const READER_OPTIONS: ReaderOptions = ReaderOptions {
    traversal_limit_in_words: Some(4 * MAX_MESSAGE_BYTES / size_of::<capnp::Word>()),
    nesting_limit: 64,
};

/// Messages that are read one after the other before other tasks have their turn.
const AT_ONCE: u32 = 32;

/// A message that is made here.
pub(crate) type Message = Builder<HeapAllocator>;

/// A message without contents.
pub(crate) fn new_message() -> Message {
    Builder::new(HeapAllocator::new().first_segment_words(FIRST_SEGMENT))
}

/// Takes messages from a stream and puts messages into it.
pub(crate) fn open(
    link: &Rc<Link>,
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
) -> (Receiver, Sender, Writing) {
    let stream = Counted::new(stream, link);
    let outbox = Outbox::new();
    let (ended, end) = oneshot::channel();
    let writing = write_out(Rc::clone(&outbox), stream.clone());
    let failed = Rc::clone(link);
    let task = tokio::task::spawn_local(async move {
        if let Err(error) = writing.await {
            failed.fail(&error.to_string());
        }
        // Nobody may wait.
        let _ = ended.send(());
    });
    let receiver = Receiver {
        link: Rc::clone(link),
        stream: Box::new(BufReader::new(stream)),
        turns: Turns::default(),
        n_read: 0,
    };
    let sender = Sender {
        link: Rc::clone(link),
        outbox,
    };
    let writing = Writing {
        task: task.abort_handle(),
        end,
    };
    (receiver, sender, writing)
}

/// The writing to a stream, which stops when this is dropped.
pub(crate) struct Writing {
    task: AbortHandle,
    end: oneshot::Receiver<()>,
}

impl Writing {
    /// Waits until everything is written behind which the sender is [ended](Sender::end), or until that fails.
    pub(crate) async fn end(mut self) {
        // Without an end, the task is gone, and writes nothing either.
        let _ = (&mut self.end).await;
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Sends messages.
pub(crate) struct Sender {
    link: Rc<Link>,
    outbox: Rc<Outbox>,
}

impl Sender {
    /// Queues a message, unless the peer does not read: then the connection is lost.
    pub(crate) fn send(&self, message: Rc<Message>) {
        let link = &self.link;
        let enclosures = link.take_enclosed(&message.get_segments_for_output());
        let bytes = message.size_in_words() * size_of::<capnp::Word>() + enclosures.n_bytes();
        let body = message.get_root_as_reader();
        let Some(charge) = body.ok().and_then(|body| link.send(bytes, body)) else {
            return;
        };
        link.traffic().send_message();
        self.outbox.put(Queued {
            message,
            enclosures,
            _charge: charge,
        });
    }

    /// Counts a message that is kept, until the result is dropped. Where that is too much, the connection is lost.
    pub(crate) fn charge(&self, message: &Message) -> Option<Charge> {
        self.link.hold(message.size_in_words() * size_of::<capnp::Word>())
    }

    /// Sends nothing any more behind what is queued, because of this error.
    pub(crate) fn end(&self, error: &Error) {
        // Calls that are on their way are rejected with this same error; they find the link lost.
        if error.kind == ErrorKind::Disconnected {
            // One of the two sides leaves.
            self.link.lose(&error.to_string());
        } else {
            self.link.give_up(&error.to_string());
        }
        self.outbox.end();
    }
}

/// Receives messages.
pub(crate) struct Receiver {
    link: Rc<Link>,
    stream: Box<dyn AsyncBufRead + Unpin>,
    turns: Turns,
    n_read: u32,
}

impl Receiver {
    /// Waits for the next message, and until it is time to read it.
    ///
    /// # Errors
    /// There is none any more; the link says why.
    pub(crate) async fn receive(&mut self) -> Result<Incoming, Error> {
        let link = &self.link;
        link.turn_to_read().await;
        self.n_read = self.n_read.wrapping_add(1);
        if self.turns.has_others() || self.n_read.is_multiple_of(AT_ONCE) {
            tokio::task::yield_now().await;
        }
        let frame = match read_frame(&mut self.stream).await {
            Ok(Some(frame)) => frame,
            Ok(None) => {
                link.lose("the peer closed the connection");
                return Err(Error::disconnected("Peer disconnected.".to_owned()));
            }
            Err(error) => {
                match &error {
                    // The peer's end, at an unlucky moment.
                    FrameError::Read(_) => link.fail(&error.to_string()),
                    FrameError::Truncated => link.cut_off(&error.to_string()),
                    error => link.give_up(&error.to_string()),
                }
                return Err(Error::disconnected(error.to_string()));
            }
        };
        link.traffic().receive_message();
        self.turns.received();
        take_in(link, frame)
    }
}

/// Counts a message that arrived, unless it is one too many.
fn take_in(link: &Rc<Link>, frame: Frame) -> Result<Incoming, Error> {
    let bytes = frame.bytes();
    let message = capnp::message::Reader::new(frame, READER_OPTIONS);
    let kind = message.get_root::<message::Reader<'_>>()?.which();
    if let Ok(message::Abort(Ok(abort))) = kind {
        return Err(last_words(abort));
    }
    let charge = link.receive(bytes, &kind);
    match charge {
        Some(charge) => Ok(Incoming {
            message,
            _charge: charge,
        }),
        None => Err(Error::disconnected("the peer asks too much".to_owned())),
    }
}

/// Why the peer gives up. The words are its own, and as many as a message holds.
fn last_words(abort: exception::Reader<'_>) -> Error {
    let reason = abort.get_reason().ok().and_then(|reason| reason.to_str().ok());
    let reason = format!("{REMOTE}{}", log::excerpt_of_text(reason.unwrap_or_default()));
    match abort.get_type() {
        Ok(exception::Type::Disconnected) => Error::disconnected(reason),
        _ => Error::failed(reason),
    }
}

/// A message that arrived. It counts against its link until it is dropped.
pub(crate) struct Incoming {
    message: capnp::message::Reader<Frame>,
    _charge: Charge,
}

impl Incoming {
    /// What it is, and what it says.
    pub(crate) fn meaning(&self) -> Meaning<'_> {
        match self.body() {
            Ok(body) => body.which(),
            // It was read when it arrived.
            Err(_) => Err(capnp::NotInSchema(u16::MAX)),
        }
    }

    fn body(&self) -> capnp::Result<message::Reader<'_>> {
        self.message.get_root()
    }
}
