//! The first word of what a peer sends, which is judged before anything is made ready for the rest.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};

use super::frame::{FrameError, WORD, check_opening, read_exact};

/// A first word that can be a message's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Opening([u8; WORD]);

/// A stream with its first word put back.
pub(crate) struct Opened<S> {
    word: [u8; WORD],
    n_read: usize,
    stream: S,
}

impl Opening {
    /// Takes the first word from a stream, and nothing behind it; `None` when the stream ends before it.
    pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Result<Option<Self>, FrameError> {
        let mut word = [0; WORD];
        let first = stream.read(&mut word).await?;
        if first == 0 {
            return Ok(None);
        }
        read_exact(stream, &mut word[first..]).await?;
        check_opening(word)?;
        Ok(Some(Self(word)))
    }

    /// Puts the word back where it was taken from.
    pub(crate) fn before<S>(self, stream: S) -> Opened<S> {
        Opened {
            word: self.0,
            n_read: 0,
            stream,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Opened<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.n_read == WORD {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let count = buffer.remaining().min(WORD - self.n_read);
        buffer.put_slice(&self.word[self.n_read..][..count]);
        self.n_read += count;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Opened<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use proptest::prelude::*;
    use tokio::io::AsyncReadExt as _;

    use super::super::frame::read_frame;
    use super::{Opening, WORD};

    /// A stream in memory is always ready, so that one poll is the whole of it.
    fn now<T>(future: impl Future<Output = T>) -> T {
        future.now_or_never().expect("memory is always ready")
    }

    fn check(bytes: &[u8], expected: &str) {
        let mut stream = bytes;
        let error = now(Opening::read(&mut stream)).expect_err(expected);
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn what_cannot_be_a_message_is_refused_by_its_first_word() {
        assert_eq!(now(Opening::read(&mut &[][..])).unwrap(), None);
        check(&[0; 7], "the stream ends within a message");
        check(
            b"GET / HTTP/1.1\r\n",
            "a message claims 542393672 segments; the limit is 512",
        );
        check(
            &[0, 0, 0, 0, 1, 0, 0x80, 0],
            "a message claims 67108872 bytes; the limit is 67108864",
        );
    }

    proptest! {
        #[test]
        fn a_stream_reads_the_same_with_its_first_word_put_back(
            bytes in proptest::collection::vec(any::<u8>(), 8..40),
            piece in 1_usize..20,
        ) {
            let bytes = [&[0, 0, 0, 0, bytes[4], bytes[5], 0, 0], &bytes[..]].concat();
            let mut stream = &bytes[..];
            let opening = now(Opening::read(&mut stream)).unwrap().expect("not empty");
            prop_assert_eq!(stream.len(), bytes.len() - WORD);
            let mut opened = opening.before(stream);
            let mut read = Vec::new();
            let mut buffer = vec![0; piece];
            loop {
                let count = now(opened.read(&mut buffer)).unwrap();
                if count == 0 {
                    break;
                }
                read.extend_from_slice(&buffer[..count]);
            }
            prop_assert_eq!(read, bytes);
        }

        #[test]
        fn what_is_refused_by_its_first_word_would_be_refused_later(
            count in prop_oneof![0_u32..600, any::<u32>()],
            length in prop_oneof![0_u32..40, (8_u32 << 20) - 2..(8 << 20) + 2, any::<u32>()],
        ) {
            let bytes = [count.to_le_bytes(), length.to_le_bytes()].concat();
            if let Err(early) = now(Opening::read(&mut &bytes[..])) {
                let late = now(read_frame(&mut &bytes[..])).unwrap_err();
                prop_assert_eq!(early.to_string(), late.to_string());
            } else {
                prop_assert!(count < 512 && length <= 8 << 20);
            }
        }
    }
}
