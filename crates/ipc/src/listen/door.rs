//! The ways in: what is accepted at an address, and how it becomes a client that is known.

use std::io;
use std::sync::Arc;

use interfaces::Init;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::Semaphore;

use super::socket::{self, BoundSocket, SocketError};
use crate::address::Place;
use crate::event_loop::EventLoop;
use crate::keys::Keys;
use crate::peer::{self, Peer};
use crate::tls::{self, Acceptor, ServerStream, TlsError};

/// Clients that may be in the middle of showing their keys; further ones are turned away.
const MAX_HANDSHAKES: usize = 32;

/// What clients come in by.
pub(super) enum Door {
    Unix {
        listener: UnixListener,
        _socket: BoundSocket,
    },
    Tcp {
        listener: TcpListener,
        acceptor: Acceptor,
        handshakes: Arc<Semaphore>,
    },
}

/// A client of which nothing is known yet.
pub(super) enum Stranger {
    Unix(UnixStream),
    Tcp {
        stream: TcpStream,
        acceptor: Acceptor,
        handshakes: Arc<Semaphore>,
    },
}

/// A client that was let in, before its first byte of what it came for.
pub(super) enum Guest {
    Unix(std::os::unix::net::UnixStream),
    Tls(Box<ServerStream>),
}

/// A client that is not let in.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error(transparent)]
    Unix(#[from] peer::Refused),
    #[error(transparent)]
    Tls(#[from] tls::Refused),
    #[error("too many show their keys at the same time")]
    Crowd,
    #[error("its socket cannot be used: {0}")]
    Socket(#[from] io::Error),
}

/// A place where there can be no door.
#[derive(Debug, thiserror::Error)]
pub(super) enum DoorError {
    #[error(transparent)]
    Socket(#[from] SocketError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("{0}")]
    System(#[from] io::Error),
}

impl Door {
    /// Listens at a place.
    pub(super) fn open(place: &Place, keys: &Keys) -> Result<Self, DoorError> {
        match place {
            Place::Unix(path) => {
                let (listener, socket) = socket::bind(path)?;
                Ok(Self::Unix {
                    listener: UnixListener::from_std(listener)?,
                    _socket: socket,
                })
            }
            Place::Tcp(address) => {
                let acceptor = Acceptor::new(keys)?;
                let listener = std::net::TcpListener::bind((address.host(), address.port()))?;
                listener.set_nonblocking(true)?;
                Ok(Self::Tcp {
                    listener: TcpListener::from_std(listener)?,
                    acceptor,
                    handshakes: Arc::new(Semaphore::new(MAX_HANDSHAKES)),
                })
            }
        }
    }

    /// The next client.
    pub(super) async fn accept(&self) -> io::Result<Stranger> {
        match self {
            Self::Unix { listener, .. } => Ok(Stranger::Unix(listener.accept().await?.0)),
            Self::Tcp {
                listener,
                acceptor,
                handshakes,
            } => Ok(Stranger::Tcp {
                stream: listener.accept().await?.0,
                acceptor: acceptor.clone(),
                handshakes: Arc::clone(handshakes),
            }),
        }
    }
}

impl Stranger {
    /// Makes sure of who it is.
    pub(super) async fn identify(self) -> Result<(Guest, Peer), Refused> {
        match self {
            Self::Unix(stream) => {
                let peer = peer::identify(&stream)?;
                Ok((Guest::Unix(stream.into_std()?), peer))
            }
            Self::Tcp {
                stream,
                acceptor,
                handshakes,
            } => {
                let _place = handshakes.try_acquire().map_err(|_full| Refused::Crowd)?;
                let (stream, name) = acceptor.accept(stream).await?;
                Ok((Guest::Tls(Box::new(stream)), Peer::Remote { name }))
            }
        }
    }
}

impl Guest {
    /// Serves it until it leaves or `closing` ends.
    pub(super) async fn serve(
        self,
        event_loop: &EventLoop,
        init: Arc<dyn Init>,
        closing: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        match self {
            Self::Unix(stream) => event_loop.serve_until(stream, init, None, closing).await,
            Self::Tls(stream) => {
                event_loop.serve_stream(*stream, init, closing).await;
                Ok(())
            }
        }
    }
}
