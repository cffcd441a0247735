//! The network that `capnp-rpc` speaks over: one stream, two parties.

use std::cell::RefCell;
use std::panic::AssertUnwindSafe;
use std::rc::{Rc, Weak};
use std::time::Duration;

use capnp::any_pointer;
use capnp::capability::Promise;
use capnp::message::{Builder, HeapAllocator, ReaderOptions};
use capnp::{Error, ErrorKind};
use capnp_rpc::rpc_capnp::{exception, message};
use capnp_rpc::rpc_twoparty_capnp::Side;
use capnp_rpc::{RpcSystem, VatNetwork};
use futures::{FutureExt as _, TryFutureExt as _};
use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, BufReader};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::frame::{Frame, FrameError, MAX_MESSAGE_BYTES, read_frame};
use super::link::{Charge, Fault, Link};
use super::outbox::{Outbox, Queued, write_out};
use super::traffic::Counted;
use super::turns::Turns;
use crate::complaints::Complaints;
use crate::error::REMOTE;
use crate::log;

/// How long what is queued may take to be sent once the connection is closed.
const FLUSH: Duration = Duration::from_secs(2);

/// Words of a message's first segment at most: calls are small, and the library asks for 8 KiB of zeros for each.
const FIRST_SEGMENT: u32 = 120;

/// Nesting as C++ readers allow it; a message may be walked a few times: to log it, to read it.
const READER_OPTIONS: ReaderOptions = ReaderOptions {
    traversal_limit_in_words: Some(4 * MAX_MESSAGE_BYTES / size_of::<capnp::Word>()),
    nesting_limit: 64,
};

/// An RPC system over a stream, with the bootstrap capability that the peer gets.
pub(crate) fn new_system(
    link: &Rc<Link>,
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    side: Side,
    bootstrap: Option<capnp::capability::Client>,
) -> RpcSystem<Side> {
    RpcSystem::new(Box::new(Network::new(Rc::clone(link), stream, side)), bootstrap)
}

/// Runs the connection until the peer or an error ends it, or `close` fires or is dropped. Afterwards the link is
/// lost, and whoever still waits for an answer knows. What the peer did to be given up is a complaint.
pub(crate) async fn drive(
    mut system: RpcSystem<Side>,
    link: Rc<Link>,
    close: oneshot::Receiver<()>,
    complaints: &Complaints,
) -> Ended {
    let disconnector = system.get_disconnector();
    // A panic in the RPC implementation, which hostile messages might cause, costs the connection and no more.
    let mut running = AssertUnwindSafe(&mut system).catch_unwind().fuse();
    let ended = tokio::select! {
        biased;
        _ = &mut running => lost(&link),
        _ = link.lost() => lost(&link),
        _ = close => Ended::Closed,
    };
    if matches!(ended, Ended::GivenUp | Ended::CutOff) {
        complaints.give_up(&link.lost().await);
    }
    let flush = async {
        tokio::select! {
            _ = &mut running => {}
            _ = disconnector => {}
        }
    };
    if ended == Ended::Closed || link.is_lost() {
        // Too late is as good as done: the stream is closed either way.
        let _ = tokio::time::timeout(FLUSH, flush).await;
    }
    link.lose("the connection is closed");
    ended
}

fn lost(link: &Link) -> Ended {
    let n_open = link.n_open();
    match link.fault() {
        None => Ended::Lost { n_open },
        Some(Fault::Broken) => Ended::Broken { n_open },
        Some(Fault::GivenUp) => Ended::GivenUp,
        Some(Fault::CutOff) => Ended::CutOff,
    }
}

/// Why a connection is no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// This side closed it.
    Closed,
    /// The peer closed it.
    Lost {
        /// Questions of the peer's that were open: not answered, or answered and not let go of.
        n_open: usize,
    },
    /// Its stream failed: the peer is gone and has not read what it was sent.
    Broken {
        /// Questions of the peer's that were open: not answered, or answered and not let go of.
        n_open: usize,
    },
    /// This side did, because of what the peer sent, or did not read.
    GivenUp,
    /// It ended within a message: the peer died, or means harm.
    CutOff,
}

struct Network {
    connection: Option<Connection>,
    weak: Weak<Inner>,
    driver: futures::future::Shared<Promise<(), Error>>,
    side: Side,
}

#[derive(Clone)]
struct Connection {
    inner: Rc<Inner>,
}

struct Inner {
    link: Rc<Link>,
    side: Side,
    stream: Rc<RefCell<Option<Box<dyn AsyncBufRead + Unpin>>>>,
    outbox: Rc<Outbox>,
    turns: Rc<Turns>,
    dropped: Option<oneshot::Sender<()>>,
}

impl Network {
    fn new(link: Rc<Link>, stream: impl AsyncRead + AsyncWrite + Unpin + 'static, side: Side) -> Self {
        let stream = Counted::new(stream, &link);
        let outbox = Outbox::new();
        let writer = Writer::start(&link, write_out(Rc::clone(&outbox), stream.clone()));
        let (dropped, when_dropped) = oneshot::channel::<()>();
        let driver = Promise::from_future(async move {
            let written = writer.end().await;
            // The system is over when nobody holds the connection any more, not when the last byte is written.
            let _ = when_dropped.await;
            written
        })
        .shared();
        let inner = Rc::new(Inner {
            link,
            side,
            stream: Rc::new(RefCell::new(Some(Box::new(BufReader::new(stream))))),
            outbox,
            turns: Rc::default(),
            dropped: Some(dropped),
        });
        Self {
            weak: Rc::downgrade(&inner),
            connection: Some(Connection { inner }),
            driver,
            side,
        }
    }
}

/// Writes to the stream as a task of its own: a message that leaves does not have the whole system looked through for what
/// it may be that has to go on.
struct Writer {
    task: AbortHandle,
    written: oneshot::Receiver<capnp::Result<()>>,
}

impl Writer {
    fn start(link: &Rc<Link>, writing: impl Future<Output = capnp::Result<()>> + 'static) -> Self {
        let link = Rc::clone(link);
        let (ended, written) = oneshot::channel();
        let task = tokio::task::spawn_local(async move {
            let written = writing.await;
            if let Err(error) = &written {
                link.fail(&error.to_string());
            }
            // The system may be gone.
            let _ = ended.send(written);
        });
        Self {
            task: task.abort_handle(),
            written,
        }
    }

    /// Waits until everything is written, or an error ended the writing.
    async fn end(mut self) -> capnp::Result<()> {
        let written = (&mut self.written).await;
        written.unwrap_or_else(|_| Err(Error::disconnected("nothing is written any more".to_owned())))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(dropped) = self.dropped.take() {
            // The driver may be gone already.
            let _ = dropped.send(());
        }
    }
}

impl VatNetwork<Side> for Network {
    fn connect(&mut self, host: Side) -> Option<Box<dyn capnp_rpc::Connection<Side>>> {
        if host == self.side {
            return None;
        }
        let inner = self.weak.upgrade()?;
        Some(Box::new(Connection { inner }))
    }

    fn accept(&mut self) -> Promise<Box<dyn capnp_rpc::Connection<Side>>, Error> {
        match self.connection.take() {
            Some(connection) => Promise::ok(Box::new(connection)),
            None => Promise::from_future(futures::future::pending()),
        }
    }

    fn drive_until_shutdown(&mut self) -> Promise<(), Error> {
        Promise::from_future(self.driver.clone())
    }
}

impl capnp_rpc::Connection<Side> for Connection {
    fn get_peer_vat_id(&self) -> Side {
        self.inner.side
    }

    fn new_outgoing_message(&mut self, first_segment_words: u32) -> Box<dyn capnp_rpc::OutgoingMessage> {
        let words = first_segment_words.min(FIRST_SEGMENT);
        let allocator = HeapAllocator::new().first_segment_words(words);
        Box::new(Outgoing {
            message: Builder::new(allocator),
            inner: Rc::clone(&self.inner),
        })
    }

    fn receive_incoming_message(&mut self) -> Promise<Option<Box<dyn capnp_rpc::IncomingMessage>>, Error> {
        // Not the connection itself: it is over when nobody holds it any more, be something read or not.
        let link = Rc::clone(&self.inner.link);
        let slot = Rc::clone(&self.inner.stream);
        let turns = Rc::clone(&self.inner.turns);
        Promise::from_future(async move {
            link.turn_to_read().await;
            if turns.has_others() {
                tokio::task::yield_now().await;
            }
            // Taken out while it is read from: one read runs at a time.
            let Some(mut stream) = slot.borrow_mut().take() else {
                return Err(Error::disconnected("the stream is at its end".to_owned()));
            };
            let frame = match read_frame(&mut stream).await {
                Ok(Some(frame)) => frame,
                Ok(None) => {
                    link.lose("the peer closed the connection");
                    // Not the end of messages, which the library expects its connection's state to be there for: when
                    // both sides close at the same moment, it is gone.
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
            *slot.borrow_mut() = Some(stream);
            link.traffic().receive_message();
            turns.received();
            let incoming = take_in(&link, frame)?;
            Ok(Some(Box::new(incoming) as Box<dyn capnp_rpc::IncomingMessage>))
        })
    }

    fn shutdown(&mut self, result: capnp::Result<()>) -> Promise<(), Error> {
        // Calls that are on their way are rejected with this same error; they find the link lost.
        let link = &self.inner.link;
        match &result {
            Ok(()) => drop(link.lose("the connection is closed")),
            // One of the two sides leaves.
            Err(error) if error.kind == ErrorKind::Disconnected => drop(link.lose(&error.to_string())),
            Err(error) => link.give_up(&error.to_string()),
        }
        let ended = self.inner.outbox.end(result);
        Promise::from_future(ended.map_err(|_| Error::disconnected("the stream failed".to_owned())))
    }
}

/// Counts a message that arrived, unless it is one too many.
fn take_in(link: &Rc<Link>, frame: Frame) -> Result<Incoming, Error> {
    let bytes = frame.bytes();
    let message = capnp::message::Reader::new(frame, READER_OPTIONS);
    let body: any_pointer::Reader<'_> = message.get_root()?;
    // What is none counts for nothing: the implementation ends the connection for it.
    let kind = body.get_as::<message::Reader<'_>>()?.which();
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

/// Why the peer gives up. The words are its own, and as many as a message holds: the RPC implementation would copy all of
/// them several times, and send them back.
fn last_words(abort: exception::Reader<'_>) -> Error {
    let reason = abort.get_reason().ok().and_then(|reason| reason.to_str().ok());
    let reason = format!("{REMOTE}{}", log::excerpt_of_text(reason.unwrap_or_default()));
    match abort.get_type() {
        Ok(exception::Type::Disconnected) => Error::disconnected(reason),
        _ => Error::failed(reason),
    }
}

struct Incoming {
    message: capnp::message::Reader<Frame>,
    _charge: Charge,
}

impl capnp_rpc::IncomingMessage for Incoming {
    fn get_body(&self) -> capnp::Result<capnp::any_pointer::Reader<'_>> {
        self.message.get_root()
    }
}

struct Outgoing {
    message: Builder<HeapAllocator>,
    inner: Rc<Inner>,
}

impl capnp_rpc::OutgoingMessage for Outgoing {
    fn get_body(&mut self) -> capnp::Result<capnp::any_pointer::Builder<'_>> {
        self.message.get_root()
    }

    fn get_body_as_reader(&self) -> capnp::Result<capnp::any_pointer::Reader<'_>> {
        self.message.get_root_as_reader()
    }

    fn send(self: Box<Self>) -> (Promise<(), Error>, Rc<Builder<HeapAllocator>>) {
        let message = Rc::new(self.message);
        let enclosures = self.inner.link.take_enclosed(&message.get_segments_for_output());
        let bytes = message.size_in_words() * size_of::<capnp::Word>() + enclosures.n_bytes();
        let body = message.get_root_as_reader();
        let Some(charge) = body.ok().and_then(|body| self.inner.link.send(bytes, body)) else {
            let error = Error::disconnected("the peer does not read".to_owned());
            return (Promise::err(error), message);
        };
        self.inner.link.traffic().send_message();
        self.inner.outbox.put(Queued {
            message: Rc::clone(&message),
            enclosures,
            _charge: charge,
        });
        // Nobody asks when it is written.
        (Promise::ok(()), message)
    }

    fn take(self: Box<Self>) -> Builder<HeapAllocator> {
        self.message
    }

    fn size_in_words(&self) -> usize {
        self.message.size_in_words()
    }
}
