//! What fuzz targets need of the inside. No part of what the crate offers.

use std::pin::Pin;
use std::task::{Context, Poll};

use capnp::message::ReaderSegments as _;
use futures::FutureExt as _;
use tokio::io::{AsyncRead, BufReader, ReadBuf};

use crate::wire::read_frame;

/// What there was in a stream.
#[derive(Debug, PartialEq, Eq)]
pub struct Frames {
    /// The segments of each message.
    pub frames: Vec<Vec<Vec<u8>>>,
    /// Why there is no further message, unless the stream ends behind the last one.
    pub error: Option<String>,
}

/// Reads a stream that comes in pieces of so many bytes, to its end or to an error.
///
/// # Panics
/// When a read waits though there is something to read.
pub fn read_frames(bytes: &[u8], piece: usize) -> Frames {
    let mut stream = BufReader::new(Pieces { bytes, piece });
    let mut frames = Vec::new();
    let error = loop {
        let read = read_frame(&mut stream).now_or_never();
        match read.expect("memory is always ready") {
            Ok(Some(frame)) => {
                let segments = (0..).map_while(|number| frame.get_segment(number).map(<[u8]>::to_vec));
                frames.push(segments.collect());
            }
            Ok(None) => break None,
            Err(error) => break Some(error.to_string()),
        }
    };
    Frames { frames, error }
}

struct Pieces<'a> {
    bytes: &'a [u8],
    piece: usize,
}

impl AsyncRead for Pieces<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let count = self.piece.min(self.bytes.len()).min(buffer.remaining());
        let (now, later) = self.bytes.split_at(count);
        buffer.put_slice(now);
        self.bytes = later;
        Poll::Ready(Ok(()))
    }
}
