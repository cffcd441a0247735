//! The ways in: what is accepted at an address, and how it becomes a client that is known.

use std::collections::HashSet;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;

use interfaces::Init;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::Semaphore;

use super::socket::{self, BoundSocket, SocketError};
use crate::address::Place;
use crate::event_loop::EventLoop;
use crate::keys::Keys;
use crate::metrics::Origin;
use crate::peer::{self, Peer};
use crate::rpc::Ended;
use crate::tls::{self, Acceptor, ServerStream, TlsError};
use crate::wire::{FrameError, Opened, Opening};

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

/// A client that is known and has said nothing yet.
pub(super) enum Visitor {
    Unix(UnixStream),
    Tls(Box<ServerStream>),
}

/// A client that has begun to say what can be a message.
pub(super) enum Guest {
    Unix(std::os::unix::net::UnixStream, Opening),
    Tls(Box<Opened<ServerStream>>),
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
    /// Listens at a place: a host by each of its addresses. Gives what to call each of them, too.
    pub(super) fn open(place: &Place, keys: &Keys) -> Result<Vec<(String, Self)>, DoorError> {
        match place {
            Place::Unix(path) => {
                let (listener, socket) = socket::bind(path)?;
                let door = Self::Unix {
                    listener: UnixListener::from_std(listener)?,
                    _socket: socket,
                };
                Ok(vec![(place.to_string(), door)])
            }
            Place::Tcp(address) => {
                let acceptor = Acceptor::new(keys)?;
                let handshakes = Arc::new(Semaphore::new(MAX_HANDSHAKES));
                let addresses = (address.host(), address.port()).to_socket_addrs()?;
                let mut doors = Vec::new();
                for (address, listener) in bind_each(addresses)? {
                    listener.set_nonblocking(true)?;
                    let door = Self::Tcp {
                        listener: TcpListener::from_std(listener)?,
                        acceptor: acceptor.clone(),
                        handshakes: Arc::clone(&handshakes),
                    };
                    doors.push((tcp_name(address), door));
                }
                Ok(doors)
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

/// Listens at those of a host's addresses that can be had.
fn bind_each(
    addresses: impl Iterator<Item = SocketAddr>,
) -> io::Result<Vec<(SocketAddr, std::net::TcpListener)>> {
    let mut known = HashSet::new();
    let (mut bound, mut failed) = (Vec::new(), Vec::new());
    for address in addresses.filter(|address| known.insert(*address)) {
        match std::net::TcpListener::bind(address) {
            Ok(listener) => bound.push((address, listener)),
            Err(error) => failed.push((address, error)),
        }
    }
    if bound.is_empty() {
        let unknown = || io::Error::new(io::ErrorKind::AddrNotAvailable, "the host has no address");
        return Err(failed.into_iter().next().map_or_else(unknown, |(_, error)| error));
    }
    for (address, error) in failed {
        tracing::warn!("Unable to bind to IPC address '{}'. {error}", tcp_name(address));
    }
    Ok(bound)
}

/// As an address of `-ipcbind` is written.
fn tcp_name(address: SocketAddr) -> String {
    format!("tcp:{address}")
}

impl Stranger {
    /// Makes sure of who it is.
    pub(super) async fn identify(self) -> Result<(Visitor, Peer), Refused> {
        match self {
            Self::Unix(stream) => {
                let peer = peer::identify(&stream)?;
                Ok((Visitor::Unix(stream), peer))
            }
            Self::Tcp {
                stream,
                acceptor,
                handshakes,
            } => {
                let _place = handshakes.try_acquire().map_err(|_full| Refused::Crowd)?;
                let (stream, name) = acceptor.accept(stream).await?;
                Ok((Visitor::Tls(Box::new(stream)), Peer::Remote { name }))
            }
        }
    }
}

impl Visitor {
    /// Waits for its first word; `None` when it leaves without.
    pub(super) async fn open(self) -> Result<Option<Guest>, FrameError> {
        match self {
            Self::Unix(mut stream) => {
                let Some(opening) = Opening::read(&mut stream).await? else {
                    return Ok(None);
                };
                Ok(Some(Guest::Unix(stream.into_std()?, opening)))
            }
            Self::Tls(mut stream) => {
                let opening = Opening::read(&mut stream).await?;
                Ok(opening.map(|opening| Guest::Tls(Box::new(opening.before(*stream)))))
            }
        }
    }
}

impl Guest {
    /// Serves it, who came in at an address, until it leaves or `closing` ends. Gives how it ended.
    pub(super) async fn serve(
        self,
        event_loop: &EventLoop,
        address: Arc<str>,
        peer: &Peer,
        init: Arc<dyn Init>,
        closing: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<Ended> {
        match self {
            Self::Unix(stream, opening) => {
                let serving = event_loop.serve_client(stream, opening, address, init, closing);
                serving.await
            }
            Self::Tls(stream) => {
                let key = match peer {
                    Peer::Remote { name } => Some(name.clone()),
                    Peer::Local { .. } => None,
                };
                let origin = Origin::tcp(address, key);
                Ok(event_loop.serve_stream(*stream, origin, init, closing).await)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::net::SocketAddr;

    use super::bind_each;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_host_is_listened_at_by_each_of_its_addresses_that_can_be_had() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let addresses = |hosts: &[&str]| -> Vec<SocketAddr> {
            let addresses = hosts.iter().map(|host| format!("{host}:{port}").parse());
            addresses.map(Result::unwrap).collect()
        };
        // The last but one is nobody's: it is for examples.
        let hosts = ["127.0.0.1", "127.0.0.2", "127.0.0.2", "192.0.2.1", "127.0.0.3"];
        let bound = bind_each(addresses(&hosts).into_iter()).unwrap();
        let bound_to: Vec<_> = bound.iter().map(|(address, _)| *address).collect();
        assert_eq!(bound_to, addresses(&["127.0.0.2", "127.0.0.3"]));
        for (address, _) in &bound {
            std::net::TcpStream::connect(address).unwrap();
        }
        let error = bind_each(addresses(&["127.0.0.1", "192.0.2.1"]).into_iter()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn a_host_without_addresses_is_not_listened_at() {
        let error = bind_each(std::iter::empty()).unwrap_err();
        assert_eq!(error.to_string(), "the host has no address");
    }
}
