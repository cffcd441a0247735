//! Both ends of a connection, over any stream.

use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::Arc;

use interfaces::{Init, InterfaceError};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;

use crate::connection::Connection;
use crate::event_loop::{EventLoop, Local};
use crate::metrics::Origin;
use crate::rpc;
use crate::server::ConfigureLogging;
use crate::wire::{Opening, Socket};

/// Bytes that the system is asked to keep for the peer to read. Linux makes it twice that, its own overhead included, so
/// that a message of 1 MiB passes in one turn, and where `net.core.wmem_max` is less as much as that allows.
const SEND_BUFFER: usize = 640 << 10;

/// Tells of the end of a connection, whatever ends it.
pub struct Ended(oneshot::Receiver<()>);

impl Ended {
    /// The connection is over when the sender is dropped.
    pub(crate) fn new() -> (oneshot::Sender<()>, Self) {
        let (sender, ended) = oneshot::channel();
        (sender, Self(ended))
    }

    /// Waits for it.
    pub async fn wait(self) {
        // The other end is never used, but dropped.
        let _ = self.0.await;
    }
}

impl EventLoop {
    /// Connects to the process at the other end of the stream and gives its [`Init`]. The connection is closed when
    /// that, and every object made with it, is dropped.
    ///
    /// # Errors
    /// The other process does not speak the protocol or is gone. A process that stays silent is waited for.
    pub async fn connect(&self, stream: UnixStream) -> Result<Arc<dyn Init>, InterfaceError> {
        Ok(self.connect_until(stream, None).await?.0)
    }

    /// [`connect`](Self::connect), and what tells of the connection's end. The stream was connected to a listener at an
    /// address, where there is one.
    pub(crate) async fn connect_until(
        &self,
        stream: UnixStream,
        address: Option<Arc<str>>,
    ) -> Result<(Arc<dyn Init>, Ended), InterfaceError> {
        let event_loop = self.clone();
        let connecting = self.run(move |local| {
            Box::pin(async move {
                let unusable =
                    |error| InterfaceError::Malformed(format!("the socket cannot be used: {error}"));
                let stream = to_tokio(stream).map_err(unusable)?;
                let origin = Origin::local(&stream, address);
                let stream = Socket::new(stream).map_err(unusable)?;
                set_up(event_loop, &local, stream, origin).await
            })
        });
        connecting
            .await
            .unwrap_or_else(|stopped| Err(InterfaceError::Disconnected(stopped)))
    }

    /// Serves `init` to the process at the other end of the stream until that leaves.
    ///
    /// # Errors
    /// The stream cannot be used.
    pub async fn serve(
        &self,
        stream: UnixStream,
        init: Arc<dyn Init>,
        configure_logging: Option<ConfigureLogging>,
    ) -> std::io::Result<()> {
        self.serve_until(stream, init, configure_logging).await.map(drop)
    }

    /// [`serve`](Self::serve), and how it ended.
    pub(crate) async fn serve_until(
        &self,
        stream: UnixStream,
        init: Arc<dyn Init>,
        configure_logging: Option<ConfigureLogging>,
    ) -> std::io::Result<rpc::Ended> {
        let event_loop = self.clone();
        let serving = self.run(move |local| {
            Box::pin(async move {
                let stream = to_tokio(stream)?;
                let origin = Origin::local(&stream, None);
                let closing = std::future::pending();
                let serving = Connection::serve(
                    event_loop,
                    &local,
                    Socket::new(stream)?,
                    origin,
                    init,
                    configure_logging,
                    closing,
                );
                Ok(serving.await)
            })
        });
        // A thread that has ended serves nobody.
        serving.await.unwrap_or(Ok(rpc::Ended::Closed))
    }

    /// Serves `init` to a client that came in by a listener's address, until it leaves, or until `closing` ends and the
    /// connection is closed. Gives how it ended.
    pub(crate) async fn serve_client(
        &self,
        stream: UnixStream,
        opening: Opening,
        address: Arc<str>,
        init: Arc<dyn Init>,
        closing: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<rpc::Ended> {
        let event_loop = self.clone();
        let serving = self.run(move |local| {
            Box::pin(async move {
                let stream = to_tokio(stream)?;
                let origin = Origin::local(&stream, Some(address));
                let stream = opening.before(Socket::new(stream)?);
                Ok(Connection::serve(event_loop, &local, stream, origin, init, None, closing).await)
            })
        });
        serving.await.unwrap_or(Ok(rpc::Ended::Closed))
    }

    /// [`connect_until`](Self::connect_until) over a stream that is ready for use on the IPC thread.
    pub(crate) async fn connect_stream(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        origin: Origin,
    ) -> Result<(Arc<dyn Init>, Ended), InterfaceError> {
        let event_loop = self.clone();
        let connecting =
            self.run(move |local| Box::pin(async move { set_up(event_loop, &local, stream, origin).await }));
        connecting
            .await
            .unwrap_or_else(|stopped| Err(InterfaceError::Disconnected(stopped)))
    }

    /// [`serve_client`](Self::serve_client) over a stream that is ready for use on the IPC thread.
    pub(crate) async fn serve_stream(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        origin: Origin,
        init: Arc<dyn Init>,
        closing: impl Future<Output = ()> + Send + 'static,
    ) -> rpc::Ended {
        let event_loop = self.clone();
        let serving = self.run(move |local| {
            Box::pin(async move {
                Connection::serve(event_loop, &local, stream, origin, init, None, closing).await
            })
        });
        serving.await.unwrap_or(rpc::Ended::Closed)
    }
}

/// The root object of the process at the other end of the stream.
async fn set_up(
    event_loop: EventLoop,
    local: &Rc<Local>,
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    origin: Origin,
) -> Result<(Arc<dyn Init>, Ended), InterfaceError> {
    let (sender, ended) = Ended::new();
    let (connection, _keep, root) =
        Connection::open(event_loop, local, stream, origin, None, || drop(sender));
    connection.set_up(&root).await?;
    Ok((connection.adopt(root), ended))
}

/// The stream for use on the calling thread, which is the IPC thread.
pub(crate) fn to_tokio(stream: UnixStream) -> std::io::Result<tokio::net::UnixStream> {
    stream.set_nonblocking(true)?;
    // A system that refuses leaves the socket as it was.
    let _ = rustix::net::sockopt::set_socket_send_buffer_size(&stream, SEND_BUFFER);
    tokio::net::UnixStream::from_std(stream)
}
