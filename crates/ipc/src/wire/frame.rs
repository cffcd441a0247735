//! Reads one message's frame from a stream that nobody vouches for.

use std::ops::Range;

use capnp::Word;
use capnp::message::ReaderSegments;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _};

/// The largest message, in bytes: C++ readers accept no more and drop the connection.
pub(crate) const MAX_MESSAGE_BYTES: usize = 64 << 20;

/// The most segments that a message may have.
const MAX_SEGMENTS: u32 = 512;

/// What is reserved ahead of arrival, in bytes. It is not touched before it arrives.
const STEP: usize = 2 << 20;

pub(super) const WORD: usize = size_of::<Word>();

/// Why a stream holds no further message.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FrameError {
    /// The stream cannot be read.
    #[error("cannot read from the socket")]
    Read(#[from] std::io::Error),
    /// The stream ends within a message.
    #[error("the stream ends within a message")]
    Truncated,
    /// The header claims too many segments.
    #[error("a message claims {segments} segments; the limit is {MAX_SEGMENTS}")]
    TooManySegments {
        /// As claimed.
        segments: u64,
    },
    /// The header claims too many bytes.
    #[error("a message claims {bytes} bytes; the limit is {MAX_MESSAGE_BYTES}")]
    TooLarge {
        /// As claimed.
        bytes: u64,
    },
}

/// The segments of one message, aligned to words.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The message begins at the first byte that a word may begin at.
    bytes: Vec<u8>,
    /// The first segment's place in `bytes`.
    first: Range<usize>,
    /// Those of the others, which few messages have.
    others: Vec<Range<usize>>,
}

impl Frame {
    /// The memory that the message takes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.capacity() + self.others.capacity() * size_of::<Range<usize>>()
    }
}

impl ReaderSegments for Frame {
    fn get_segment(&self, index: u32) -> Option<&[u8]> {
        let range = match index.checked_sub(1) {
            None => &self.first,
            Some(other) => self.others.get(usize::try_from(other).ok()?)?,
        };
        Some(&self.bytes[range.clone()])
    }

    fn len(&self) -> usize {
        1 + self.others.len()
    }
}

/// Reads the next message; `None` when the stream ends before it.
///
/// Memory is reserved as bytes arrive: a first step, then at most as much again as has arrived, whatever the header
/// claims.
pub(crate) async fn read_frame(
    stream: &mut (impl AsyncBufRead + Unpin),
) -> Result<Option<Frame>, FrameError> {
    let arrived = stream.fill_buf().await?;
    if let Some((frame, n_read)) = whole_frame(arrived)? {
        stream.consume(n_read);
        return Ok(Some(frame));
    }
    let Some(lengths) = read_segment_lengths(stream).await? else {
        return Ok(None);
    };
    let total: usize = lengths.iter().map(|length| length * WORD).sum();
    let bytes = read_bytes(stream, total).await?;
    let mut end = bytes.len() - total;
    let mut segments = lengths.into_iter().map(|length| {
        let start = end;
        end += length * WORD;
        start..end
    });
    Ok(Some(Frame {
        first: segments.next().unwrap_or_default(),
        others: segments.collect(),
        bytes,
    }))
}

/// The first message of these bytes, and how many it takes, where it is there whole and in one segment, as most are.
fn whole_frame(bytes: &[u8]) -> Result<Option<(Frame, usize)>, FrameError> {
    let Some((header, body)) = bytes.split_first_chunk::<WORD>() else {
        return Ok(None);
    };
    if header[..4] != [0; 4] {
        return Ok(None);
    }
    check_opening(*header)?;
    let [_, _, _, _, length @ ..] = *header;
    let size = u32::from_le_bytes(length) as usize * WORD;
    let Some(body) = body.get(..size) else {
        return Ok(None);
    };
    let bytes = aligned(size, body);
    let end = bytes.len();
    let frame = Frame {
        bytes,
        first: end - size..end,
        others: Vec::new(),
    };
    Ok(Some((frame, WORD + size)))
}

/// Reads the header: each segment's length in words. Their sum is within the limit.
async fn read_segment_lengths(
    stream: &mut (impl AsyncRead + Unpin),
) -> Result<Option<Vec<usize>>, FrameError> {
    let mut count = [0; 4];
    let first = stream.read(&mut count).await?;
    if first == 0 {
        return Ok(None);
    }
    read_exact(stream, &mut count[first..]).await?;
    let segments = segments(count)?;
    let mut lengths = Vec::new();
    let mut total: u64 = 0;
    for _ in 0..segments {
        let mut length = [0; 4];
        read_exact(stream, &mut length).await?;
        let length = u32::from_le_bytes(length);
        total += u64::from(length);
        check_words(total)?;
        lengths.push(length as usize);
    }
    // The header fills whole words.
    if segments.is_multiple_of(2) {
        read_exact(stream, &mut [0; 4]).await?;
    }
    Ok(Some(lengths))
}

/// Checks the first word of a message: how many segments there are, and how long the first one is.
pub(super) fn check_opening(word: [u8; WORD]) -> Result<(), FrameError> {
    let [count @ .., _, _, _, _] = word;
    let [_, _, _, _, length @ ..] = word;
    segments(count)?;
    check_words(u32::from_le_bytes(length).into())
}

/// How many segments a message has.
fn segments(count: [u8; 4]) -> Result<u64, FrameError> {
    let segments = u64::from(u32::from_le_bytes(count)) + 1;
    if segments > u64::from(MAX_SEGMENTS) {
        return Err(FrameError::TooManySegments { segments });
    }
    Ok(segments)
}

fn check_words(words: u64) -> Result<(), FrameError> {
    let bytes = words * WORD as u64;
    if bytes > MAX_MESSAGE_BYTES as u64 {
        return Err(FrameError::TooLarge { bytes });
    }
    Ok(())
}

/// Reads so many bytes, to be the last ones of what is returned, where the first is aligned to a word.
async fn read_bytes(stream: &mut (impl AsyncRead + Unpin), total: usize) -> Result<Vec<u8>, FrameError> {
    let mut room = total.min(STEP);
    let mut bytes = aligned(room, &[]);
    let mut arrived = 0;
    while arrived < total {
        if arrived == room {
            room += arrived.min(total - arrived);
            bytes = aligned(room, &bytes[bytes.len() - arrived..]);
        }
        let wanted = (room - arrived) as u64;
        let count = (&mut *stream).take(wanted).read_buf(&mut bytes).await?;
        if count == 0 {
            return Err(FrameError::Truncated);
        }
        arrived += count;
    }
    Ok(bytes)
}

/// Room for so many bytes, the first of which is aligned to a word, filled with these.
fn aligned(size: usize, filled: &[u8]) -> Vec<u8> {
    // Allocators align better than they must.
    let mut bytes: Vec<u8> = Vec::with_capacity(size + WORD - 1);
    let padding = bytes.as_ptr().align_offset(WORD);
    bytes.resize(padding, 0);
    bytes.extend_from_slice(filled);
    bytes
}

pub(super) async fn read_exact(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &mut [u8],
) -> Result<(), FrameError> {
    match stream.read_exact(buffer).await {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Err(FrameError::Truncated),
        Err(error) => Err(FrameError::Read(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use capnp::message::{Builder, HeapAllocator, ReaderSegments as _};
    use futures::FutureExt as _;
    use proptest::prelude::*;
    use tokio::io::{AsyncRead, BufReader, ReadBuf};

    use super::{Frame, FrameError, MAX_MESSAGE_BYTES, Range, STEP, WORD, read_frame};

    /// A stream in memory is always ready, so that one poll is the whole of it.
    fn read(mut bytes: &[u8]) -> Result<Option<Frame>, FrameError> {
        read_frame(&mut bytes)
            .now_or_never()
            .expect("memory is always ready")
    }

    fn header(lengths: &[u32]) -> Vec<u8> {
        let count = u32::try_from(lengths.len()).expect("small") - 1;
        let mut bytes = count.to_le_bytes().to_vec();
        for length in lengths {
            bytes.extend(length.to_le_bytes());
        }
        if lengths.len().is_multiple_of(2) {
            bytes.extend([0; 4]);
        }
        bytes
    }

    fn check_error(bytes: &[u8], expected: &str) {
        let error = read(bytes).expect_err(expected);
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_stream_that_ends_between_messages_is_the_end() {
        assert_eq!(read(&[]).unwrap(), None);
    }

    #[test]
    fn hostile_headers_are_refused_by_name() {
        let truncated = "the stream ends within a message";
        check_error(&[0], truncated);
        check_error(&header(&[1]), truncated);
        check_error(&header(&[1, 1])[..12], truncated);
        check_error(
            &[0xff; 64],
            "a message claims 4294967296 segments; the limit is 512",
        );
        check_error(
            &header(&[0; 513]),
            "a message claims 513 segments; the limit is 512",
        );
        check_error(
            &header(&[8 << 20, 1]),
            "a message claims 67108872 bytes; the limit is 67108864",
        );
        check_error(
            &header(&[u32::MAX; 512])[..8],
            "a message claims 34359738360 bytes; the limit is 67108864",
        );
    }

    /// A stream that falls silent, and remembers the largest buffer that it was to fill.
    struct Silent<'a> {
        bytes: &'a [u8],
        largest: usize,
    }

    impl AsyncRead for Silent<'_> {
        fn poll_read(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<std::io::Result<()>> {
            self.largest = self.largest.max(buffer.remaining());
            if self.bytes.is_empty() {
                return Poll::Pending;
            }
            Pin::new(&mut self.bytes).poll_read(context, buffer)
        }
    }

    #[test]
    fn a_claim_reserves_no_more_than_has_arrived() {
        let claim = header(&[u32::try_from(MAX_MESSAGE_BYTES / WORD).expect("small")]);
        for arrived in [0, 1, STEP, 5 * STEP] {
            let bytes = [&claim[..], &vec![0; arrived]].concat();
            let stream = Silent {
                bytes: &bytes,
                largest: 0,
            };
            let mut stream = BufReader::with_capacity(WORD, stream);
            assert!(read_frame(&mut stream).now_or_never().is_none());
            let stream = stream.into_inner();
            assert!(
                stream.largest <= STEP.max(arrived),
                "{arrived}: {}",
                stream.largest
            );
        }
    }

    #[test]
    fn the_largest_header_that_is_allowed_is_read() {
        let mut bytes = header(&[1; 512]);
        bytes.extend([7; 512 * 8]);
        let frame = read(&bytes).unwrap().unwrap();
        assert_eq!(frame.len(), 512);
        assert_eq!(frame.get_segment(511), Some(&[7; 8][..]));
        assert_eq!(frame.get_segment(512), None);
        // Many small segments cost more than they hold.
        assert!(frame.bytes() >= 512 * WORD + 511 * size_of::<Range<usize>>());
    }

    proptest! {
        #[test]
        fn any_bytes_end_in_a_message_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }

        #[test]
        fn any_header_is_within_the_limits_or_refused(lengths in proptest::collection::vec(0_u32..40, 1..600)) {
            let total: u32 = lengths.iter().sum();
            let mut bytes = header(&lengths);
            bytes.extend(vec![1; total as usize * 8]);
            match read(&bytes) {
                Ok(frame) => {
                    let frame = frame.expect("not empty");
                    prop_assert!(lengths.len() <= 512);
                    for (index, length) in lengths.iter().enumerate() {
                        let segment = frame.get_segment(u32::try_from(index).expect("small"));
                        prop_assert_eq!(segment.map(<[u8]>::len), Some(*length as usize * 8));
                    }
                }
                Err(error) => {
                    let too_many = matches!(error, FrameError::TooManySegments { .. });
                    prop_assert!(too_many);
                    prop_assert!(lengths.len() > 512);
                }
            }
        }

        #[test]
        fn what_capnp_writes_comes_back(text in ".{0,3000}", first_segment in 1_u32..8, cut in any::<prop::sample::Index>()) {
            let allocator = HeapAllocator::new().first_segment_words(first_segment);
            let mut message = Builder::new(allocator);
            message.set_root::<capnp::text::Owned>(&text[..]).expect("fits");
            let bytes = capnp::serialize::write_message_to_words(&message);
            let frame = read(&bytes).unwrap().expect("not empty");
            let reader = capnp::message::Reader::new(frame, capnp::message::ReaderOptions::new());
            let root: capnp::text::Reader<'_> = reader.get_root().expect("a text");
            prop_assert_eq!(root.to_str().expect("UTF-8"), &text);

            let cut = cut.index(bytes.len());
            let outcome = read(&bytes[..cut]);
            if cut == 0 {
                prop_assert!(matches!(outcome, Ok(None)));
            } else {
                prop_assert!(matches!(outcome, Err(FrameError::Truncated)));
            }
        }
    }
}
