//! A socket that wakes its thread for what the thread waits for, and for nothing else.
//!
//! Usually a socket is watched both ways as long as it is open. Each time that the peer reads, its writer is woken then,
//! though there is nothing to write: that is a switch of processes, at both ends of each call. Here a socket is watched
//! for room only while it is full.

#![expect(
    unsafe_code,
    reason = "a descriptor is watched, and the system fills buffers that nobody has initialised"
)]

use std::io::{self, IoSlice, Write as _};
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};

/// The socket, on the thread that uses it.
pub(crate) struct Socket {
    stream: AsyncFd<UnixStream>,
    /// The same socket, watched for room: from when it was full until what is written is flushed.
    full: Option<AsyncFd<UnixStream>>,
}

impl Socket {
    /// Takes the place of a socket that is watched both ways.
    pub(crate) fn new(stream: tokio::net::UnixStream) -> io::Result<Self> {
        let stream = watch(stream.into_std()?, Interest::READABLE)?;
        Ok(Self { stream, full: None })
    }

    fn poll_write_with(
        &mut self,
        context: &mut Context<'_>,
        write: impl Fn(&UnixStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let stream = self.stream.get_ref();
        if self.full.is_none() {
            match write(stream) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
        }
        let full = match &mut self.full {
            Some(full) => full,
            // The system watches a descriptor in one way alone.
            none => none.insert(watch(stream.try_clone()?, Interest::WRITABLE)?),
        };
        loop {
            let mut room = ready!(full.poll_write_ready(context))?;
            if let Ok(result) = room.try_io(|stream| write(stream.get_ref())) {
                return Poll::Ready(result);
            }
        }
    }
}

fn watch(stream: UnixStream, interest: Interest) -> io::Result<AsyncFd<UnixStream>> {
    // SAFETY: the stream owns its descriptor, which stays the same and open as long as it is in there.
    Ok(unsafe { AsyncFd::register_with_interest(stream, interest) }?)
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let mut arrived = ready!(self.stream.poll_read_ready(context))?;
            // SAFETY: the system writes to it and nobody else does, so that what is initialised stays so.
            let unfilled = unsafe { buffer.unfilled_mut() };
            let room = unfilled.len();
            let count = match rustix::io::read(&self.stream, unfilled) {
                Ok((filled, _)) => filled.len(),
                Err(rustix::io::Errno::WOULDBLOCK) => {
                    arrived.clear_ready();
                    continue;
                }
                Err(error) => return Poll::Ready(Err(error.into())),
            };
            // Less than there is room for was all there is; the end comes by itself.
            if (1..room).contains(&count) {
                arrived.clear_ready();
            }
            // SAFETY: so many bytes were just filled.
            unsafe { buffer.assume_init(count) };
            buffer.advance(count);
            return Poll::Ready(Ok(()));
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_with(context, |mut stream| stream.write(bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_with(context, |mut stream| stream.write_vectored(slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.full = None;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.stream.get_ref().shutdown(std::net::Shutdown::Write))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{IoSlice, Read as _};
    use std::pin::pin;
    use std::time::Duration;

    use futures::FutureExt as _;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::UnixStream;
    use tokio::time::timeout;

    use super::Socket;

    const SOON: Duration = Duration::from_secs(10);

    fn pair() -> (Socket, std::os::unix::net::UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let theirs = theirs.into_std().unwrap();
        theirs.set_nonblocking(false).unwrap();
        (Socket::new(ours).unwrap(), theirs)
    }

    fn pattern(size: usize) -> Vec<u8> {
        (0..=u8::MAX).cycle().take(size).collect()
    }

    #[tokio::test]
    async fn more_than_a_socket_holds_arrives_whole_in_both_directions() {
        let (socket, mut peer) = pair();
        let sent = pattern(5 << 20);
        let (mut reader, mut writer) = tokio::io::split(socket);
        let size = sent.len();
        let peer = std::thread::spawn(move || {
            let mut received = vec![0; size];
            peer.read_exact(&mut received).unwrap();
            std::io::Write::write_all(&mut peer, &received).unwrap();
        });
        let writing = async {
            writer.write_all(&sent).await.unwrap();
            writer.flush().await.unwrap();
        };
        let reading = async {
            let mut received = Vec::new();
            reader.read_to_end(&mut received).await.unwrap();
            received
        };
        let both = async { tokio::join!(writing, reading) };
        let ((), received) = timeout(SOON, both).await.expect("nothing gets stuck");
        assert!(received == sent);
        peer.join().unwrap();
    }

    #[tokio::test]
    async fn it_is_watched_for_room_only_while_it_is_full() {
        let (mut socket, mut peer) = pair();
        assert_eq!(socket.write(b"word").await.unwrap(), 4);
        assert!(socket.full.is_none());
        peer.read_exact(&mut [0; 4]).unwrap();

        let sent = pattern(5 << 20);
        let mut n_sent = 0;
        while let Some(count) = socket.write(&sent[n_sent..]).now_or_never() {
            n_sent += count.unwrap();
        }
        assert!(socket.full.is_some());
        peer.read_exact(&mut vec![0; n_sent]).unwrap();
        let word = [IoSlice::new(b"wo"), IoSlice::new(b"rd")];
        let writing = timeout(SOON, socket.write_vectored(&word));
        assert_eq!(writing.await.expect("there is room again").unwrap(), 4);
        socket.flush().await.unwrap();
        assert!(socket.full.is_none());
    }

    #[tokio::test]
    async fn who_waits_for_bytes_is_woken_by_them_and_by_the_end() {
        let (mut socket, mut peer) = pair();
        let mut bytes = Vec::with_capacity(16);
        for word in [&b"one"[..], b"two", b""] {
            bytes.clear();
            let mut reading = pin!(socket.read_buf(&mut bytes));
            assert!(reading.as_mut().now_or_never().is_none());
            match word {
                b"" => peer.shutdown(std::net::Shutdown::Write).unwrap(),
                word => std::io::Write::write_all(&mut peer, word).unwrap(),
            }
            let count = timeout(SOON, reading).await.expect("it is woken").unwrap();
            assert_eq!(count, word.len());
            assert_eq!(bytes, word);
        }
    }

    #[tokio::test]
    async fn a_peer_that_is_gone_is_an_error_for_the_writer_and_the_end_for_the_reader() {
        let (mut socket, peer) = pair();
        drop(peer);
        assert!(socket.write(b"word").await.is_err());
        assert_eq!(socket.read(&mut [0; 4]).await.unwrap(), 0);
    }
}
