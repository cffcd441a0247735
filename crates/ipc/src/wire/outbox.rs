//! Messages on their way out. What was queued by the time that the stream takes more is written at once: a system call
//! costs as much as the making of a small message.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use capnp::message::{Builder, HeapAllocator};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use super::enclosed::Enclosures;
use super::frame::WORD;
use super::link::Charge;

/// Bytes of the longest segment that is copied to be written together with others.
const COPIED: usize = 8 << 10;

/// Bytes that are gathered before they are written.
const GATHERED: usize = 64 << 10;

/// The queue. Belongs to the IPC thread.
pub(super) struct Outbox {
    queue: RefCell<VecDeque<Queued>>,
    is_ended: Cell<bool>,
    /// Who writes, to be woken when there is something to do.
    writer: RefCell<Option<Waker>>,
    closed: Cell<bool>,
}

/// A message in the queue, which drops it once it is written.
pub(super) struct Queued {
    pub(super) message: Rc<Builder<HeapAllocator>>,
    /// What is sent with it from where it is.
    pub(super) enclosures: Enclosures,
    pub(super) _charge: Charge,
}

impl Outbox {
    pub(super) fn new() -> Rc<Self> {
        Rc::new(Self {
            queue: RefCell::default(),
            is_ended: Cell::new(false),
            writer: RefCell::default(),
            closed: Cell::new(false),
        })
    }

    /// Puts a message at the end of the queue, unless nothing is written any more.
    pub(super) fn put(&self, message: Queued) {
        if self.closed.get() {
            return;
        }
        self.queue.borrow_mut().push_back(message);
        self.wake_writer();
    }

    /// Lets the writing end when the queue is empty.
    pub(super) fn end(&self) {
        self.is_ended.set(true);
        self.wake_writer();
    }

    fn take(&self) -> Option<Queued> {
        self.queue.borrow_mut().pop_front()
    }

    fn wake_writer(&self) {
        if let Some(writer) = &*self.writer.borrow() {
            writer.wake_by_ref();
        }
    }

    /// Waits for a message, or for the end.
    fn poll_change(&self, context: &Context<'_>) -> Poll<()> {
        if !self.queue.borrow().is_empty() || self.is_ended.get() {
            return Poll::Ready(());
        }
        let waker = context.waker();
        let is_known = |known: &Waker| known.will_wake(waker);
        if !self.writer.borrow().as_ref().is_some_and(is_known) {
            let before = self.writer.replace(Some(waker.clone()));
            drop(before);
        }
        Poll::Pending
    }
}

/// Closes the queue when the writing is over, however that ends.
struct Writing(Rc<Outbox>);

impl Drop for Writing {
    fn drop(&mut self) {
        self.0.closed.set(true);
        self.0.queue.take();
        self.0.writer.take();
    }
}

/// Writes what is queued until the queue is ended or the stream fails.
pub(super) async fn write_out(outbox: Rc<Outbox>, mut stream: impl AsyncWrite + Unpin) -> io::Result<()> {
    let mut gathered = Vec::new();
    let writing = Writing(outbox);
    let outbox = &writing.0;
    // They count as queued until they are written.
    let mut messages = Vec::new();
    loop {
        while let Some(queued) = outbox.take() {
            let segments = queued.message.get_segments_for_output();
            let enclosures = &queued.enclosures;
            let lengths = segments.iter().map(|segment| segment.len() / WORD);
            add_header(&mut gathered, lengths.chain(enclosures.lengths()));
            for (index, segment) in segments.iter().enumerate() {
                if segment.len() > COPIED && enclosures.is_empty() {
                    write_all(&mut stream, [&gathered, segment]).await?;
                    gathered.clear();
                    // All of the messages before this one went with it.
                    messages.clear();
                } else {
                    let start = gathered.len();
                    gathered.extend_from_slice(segment);
                    enclosures.point(index, &mut gathered[start..], segments.len());
                }
            }
            gathered.extend(enclosures.pads(segments.len()));
            for (value, rest) in enclosures.values() {
                write_all(&mut stream, [&gathered, value, rest]).await?;
                gathered.clear();
                messages.clear();
            }
            drop(segments);
            messages.push(queued);
            if gathered.len() >= GATHERED {
                write_all(&mut stream, [&gathered]).await?;
                gathered.clear();
                messages.clear();
            }
        }
        if !messages.is_empty() {
            write_all(&mut stream, [&gathered]).await?;
            stream.flush().await?;
            gathered.clear();
            messages.clear();
            continue;
        }
        if outbox.is_ended.get() {
            return Ok(());
        }
        poll_fn(|context| outbox.poll_change(context)).await;
    }
}

/// The frame's header: the number of segments less one, each one's length in words, filled up to whole words.
fn add_header(bytes: &mut Vec<u8>, lengths: impl Iterator<Item = usize> + Clone) {
    let number = |number: usize| {
        u32::try_from(number)
            .expect("messages are far smaller because they are checked before they are sent")
            .to_le_bytes()
    };
    let n_segments = lengths.clone().count();
    bytes.extend(number(n_segments - 1));
    bytes.extend(lengths.flat_map(number));
    if n_segments.is_multiple_of(2) {
        bytes.extend([0; 4]);
    }
}

async fn write_all<const N: usize>(
    stream: &mut (impl AsyncWrite + Unpin),
    pieces: [&[u8]; N],
) -> io::Result<()> {
    let mut slices = pieces.map(IoSlice::new);
    let mut slices = &mut slices[..];
    // Those that are empty are left out.
    IoSlice::advance_slices(&mut slices, 0);
    while !slices.is_empty() {
        let written = stream.write_vectored(slices).await?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        IoSlice::advance_slices(&mut slices, written);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::io;
    use std::pin::Pin;
    use std::rc::Rc;
    use std::task::{Context, Poll};

    use capnp::message::{Builder, HeapAllocator, ReaderOptions};
    use capnp::raw::get_list_bytes;
    use futures::FutureExt as _;
    use proptest::prelude::*;
    use tokio::io::AsyncWrite;

    use super::super::enclosed::{Enclosed, Enclosures, Kind};
    use super::super::frame::{WORD, read_frame};
    use super::super::link::Link;
    use super::super::questions::Origin;
    use super::{GATHERED, Outbox, Queued, write_out};

    fn message(link: &Rc<Link>, text: &str, first_segment: u32) -> Queued {
        let allocator = HeapAllocator::new().first_segment_words(first_segment);
        let mut message = Builder::new(allocator);
        message.set_root::<capnp::text::Owned>(text).expect("fits");
        Queued {
            message: Rc::new(message),
            enclosures: Enclosures::default(),
            _charge: link.queue(text.len(), Origin::Here).expect("within the limit"),
        }
    }

    /// Writes everything into a stream that never fills up.
    fn written(messages: impl IntoIterator<Item = Queued>) -> Vec<u8> {
        let outbox = Outbox::new();
        for message in messages {
            outbox.put(message);
        }
        outbox.end();
        let mut bytes = Vec::new();
        write_out(outbox, &mut bytes)
            .now_or_never()
            .expect("memory is always ready")
            .expect("memory takes everything");
        bytes
    }

    proptest! {
        #[test]
        fn messages_are_framed_as_capnp_frames_them(
            texts in proptest::collection::vec((".{0,40}", 1_usize..4_000, 1_u32..8), 1..40),
        ) {
            let link = Link::new();
            let messages: Vec<_> = texts
                .iter()
                .map(|(text, times, first_segment)| message(&link, &text.repeat(*times), *first_segment))
                .collect();
            let expected: Vec<u8> = messages
                .iter()
                .flat_map(|queued| capnp::serialize::write_message_to_words(&*queued.message))
                .collect();
            prop_assert_eq!(written(messages), expected);
        }
    }

    /// A message of these values, of which those that are `long` are sent from where they are.
    fn message_of(link: &Rc<Link>, values: &[(Vec<u8>, Kind, bool)], first_segment: u32) -> Queued {
        let allocator = HeapAllocator::new().first_segment_words(first_segment);
        let mut message = Builder::new(allocator);
        let n_values = u32::try_from(values.len()).expect("few");
        let root: capnp::any_pointer::Builder<'_> = message.get_root().expect("a root");
        let mut list = root.initn_as::<capnp::any_pointer_list::Builder<'_>>(n_values);
        let pointers = get_list_bytes(list.reborrow().into_reader()).as_ptr().addr();
        for (index, (bytes, kind, is_long)) in (0..).zip(values) {
            if *is_long {
                link.enclose(Enclosed {
                    pointer: pointers + index as usize * WORD,
                    bytes: bytes.clone(),
                    kind: *kind,
                });
                continue;
            }
            let mut place = list.reborrow().get(index);
            match kind {
                Kind::Data => place.set_as::<capnp::data::Owned>(&bytes[..]),
                Kind::Text => place.set_as::<capnp::text::Owned>(capnp::text::Reader(bytes)),
            }
            .expect("fits");
        }
        let enclosures = link.take_enclosed(&message.get_segments_for_output());
        Queued {
            message: Rc::new(message),
            enclosures,
            _charge: link.queue(0, Origin::Here).expect("within the limit"),
        }
    }

    proptest! {
        #[test]
        fn who_reads_a_message_cannot_tell_what_was_sent_from_where_it_is(
            messages in proptest::collection::vec(
                (
                    proptest::collection::vec(
                        (
                            proptest::collection::vec(any::<u8>(), 0..100),
                            prop_oneof![Just(Kind::Text), Just(Kind::Data)],
                            any::<bool>(),
                        ),
                        1..9,
                    ),
                    1_u32..40,
                ),
                1..5,
            ),
        ) {
            let link = Link::new();
            let queued: Vec<_> = messages
                .iter()
                .map(|(values, first_segment)| message_of(&link, values, *first_segment))
                .collect();
            let bytes = written(queued);
            let mut stream = &bytes[..];
            for (values, _) in &messages {
                let frame = read_frame(&mut stream).now_or_never().expect("memory is ready");
                let frame = frame.expect("it is well-formed").expect("it is there");
                let reader = capnp::message::Reader::new(frame, ReaderOptions::new());
                let list: capnp::any_pointer_list::Reader<'_> = reader.get_root().expect("a list");
                prop_assert_eq!(list.len() as usize, values.len());
                for (value, (bytes, kind, _)) in list.iter().zip(values) {
                    let value = value.expect("it is there");
                    let read = match kind {
                        Kind::Data => value.get_as::<&[u8]>().expect("data"),
                        Kind::Text => value.get_as::<capnp::text::Reader<'_>>().expect("text").as_bytes(),
                    };
                    prop_assert_eq!(read, &bytes[..]);
                }
            }
            prop_assert!(stream.is_empty());
        }
    }

    #[test]
    fn a_value_waits_for_the_message_that_its_pointer_is_in() {
        let link = Link::new();
        let values = [(b"value".to_vec(), Kind::Text, true)];
        let allocator = HeapAllocator::new().first_segment_words(16);
        let mut message = Builder::new(allocator);
        let root: capnp::any_pointer::Builder<'_> = message.get_root().expect("a root");
        let list = root.initn_as::<capnp::any_pointer_list::Builder<'_>>(1);
        link.enclose(Enclosed {
            pointer: get_list_bytes(list.into_reader()).as_ptr().addr(),
            bytes: b"value".to_vec(),
            kind: Kind::Text,
        });
        assert!(!message_of(&link, &values, 16).enclosures.is_empty());
        let enclosures = link.take_enclosed(&message.get_segments_for_output());
        assert_eq!(enclosures.n_bytes(), (2 + 1) * WORD);
        assert!(link.take_enclosed(&message.get_segments_for_output()).is_empty());
    }

    /// A stream that remembers what each write brought, and takes nothing while it is full.
    #[derive(Default)]
    struct Recorder {
        is_full: Rc<Cell<bool>>,
        writes: Rc<RefCell<Vec<Vec<u8>>>>,
        /// The bytes that fill it up.
        room: Option<usize>,
    }

    impl AsyncWrite for Recorder {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            if self.is_full.get() {
                return Poll::Pending;
            }
            self.writes.borrow_mut().push(bytes.to_vec());
            if let Some(room) = self.room {
                let left = room.saturating_sub(bytes.len());
                self.room = Some(left);
                self.is_full.set(left == 0);
            }
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn what_is_queued_together_is_written_at_once_and_kept_until_then() {
        let link = Link::new();
        let outbox = Outbox::new();
        let recorder = Recorder::default();
        recorder.is_full.set(true);
        let (is_full, writes) = (Rc::clone(&recorder.is_full), Rc::clone(&recorder.writes));
        let mut writing = Box::pin(write_out(Rc::clone(&outbox), recorder));
        let queued: Vec<_> = ["one", "two", "three"]
            .into_iter()
            .map(|text| message(&link, text, 16))
            .collect();
        let messages: Vec<_> = queued.iter().map(|queued| Rc::clone(&queued.message)).collect();
        let expected: Vec<u8> = messages
            .iter()
            .flat_map(|message| capnp::serialize::write_message_to_words(&**message))
            .collect();
        for queued in queued {
            outbox.put(queued);
        }
        for (full, owners) in [(true, 2), (false, 1)] {
            is_full.set(full);
            assert!(writing.as_mut().now_or_never().is_none());
            for message in &messages {
                assert_eq!(Rc::strong_count(message), owners);
            }
        }
        assert_eq!(*writes.borrow(), [expected]);
    }

    #[test]
    fn a_large_message_no_longer_counts_when_it_is_written_though_the_queue_never_empties() {
        let link = Link::new();
        let outbox = Outbox::new();
        let text = "x".repeat(GATHERED);
        let queued: Vec<_> = (0..3).map(|_| message(&link, &text, 16)).collect();
        let messages: Vec<_> = queued.iter().map(|queued| Rc::clone(&queued.message)).collect();
        for queued in queued {
            outbox.put(queued);
        }
        // The stream fills up with the second message.
        let recorder = Recorder {
            room: Some(GATHERED + GATHERED / 2),
            ..Recorder::default()
        };
        let mut writing = Box::pin(write_out(Rc::clone(&outbox), recorder));
        assert!(writing.as_mut().now_or_never().is_none());
        let owners: Vec<_> = messages.iter().map(Rc::strong_count).collect();
        assert_eq!(owners[0], 1, "{owners:?}");
        assert_eq!(owners[2], 2, "{owners:?}");
    }

    #[test]
    fn a_stream_that_takes_no_more_is_an_error() {
        let link = Link::new();
        let outbox = Outbox::new();
        outbox.put(message(&link, "text", 16));
        outbox.end();
        let (ours, theirs) = tokio::io::duplex(GATHERED);
        drop(theirs);
        let outcome = write_out(Rc::clone(&outbox), ours).now_or_never().expect("ready");
        assert!(outcome.is_err());
        outbox.put(message(&link, "late", 16));
        assert!(outbox.take().is_none());
    }
}
