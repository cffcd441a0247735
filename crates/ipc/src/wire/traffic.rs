//! Counts what goes over a stream.

use std::cell::{Cell, RefCell};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::link::Link;
use crate::metrics::Traffic;

/// The counters of one connection. Belongs to the IPC thread.
#[derive(Default)]
pub(crate) struct TrafficCounter(Cell<Traffic>);

impl TrafficCounter {
    /// As of now.
    pub(crate) fn get(&self) -> Traffic {
        self.0.get()
    }

    /// A message arrived.
    pub(super) fn receive_message(&self) {
        self.update(|traffic| traffic.messages_received += 1);
    }

    /// A message is sent.
    pub(super) fn send_message(&self) {
        self.update(|traffic| traffic.messages_sent += 1);
    }

    fn update(&self, change: impl FnOnce(&mut Traffic)) {
        let mut traffic = self.0.get();
        change(&mut traffic);
        self.0.set(traffic);
    }
}

/// A stream whose bytes are counted. Clones share it, so that one can be read from while another is written to.
pub(super) struct Counted<S> {
    stream: Rc<RefCell<S>>,
    link: Rc<Link>,
}

impl<S> Clone for Counted<S> {
    fn clone(&self) -> Self {
        Self {
            stream: Rc::clone(&self.stream),
            link: Rc::clone(&self.link),
        }
    }
}

impl<S> Counted<S> {
    pub(super) fn new(stream: S, link: &Rc<Link>) -> Self {
        Self {
            stream: Rc::new(RefCell::new(stream)),
            link: Rc::clone(link),
        }
    }

    fn written(&self, polled: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(count)) = polled {
            let traffic = self.link.traffic();
            traffic.update(|traffic| traffic.bytes_sent += count as u64);
        }
        polled
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut *self.stream.borrow_mut()).poll_read(context, buffer);
        let count = buffer.filled().len() - before;
        let traffic = self.link.traffic();
        traffic.update(|traffic| traffic.bytes_received += count as u64);
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut *self.stream.borrow_mut()).poll_write(context, bytes);
        self.written(polled)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut *self.stream.borrow_mut()).poll_write_vectored(context, slices);
        self.written(polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.borrow().is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream.borrow_mut()).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream.borrow_mut()).poll_shutdown(context)
    }
}
