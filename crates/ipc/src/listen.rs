//! Sockets that other processes connect to, until they are closed.
//!
//! A client is identified before its first byte is read. Clients beyond the limit are turned away at once: those that
//! are there are not disturbed by those that come.

mod directory;
mod socket;

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use interfaces::Init;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::address::{AddressError, BindAddress, Place};
use crate::event_loop::EventLoop;
use crate::peer::{self, Peer};
use crate::scope::Scope;
use socket::{BoundSocket, SocketError};

/// The name of the node's socket in its data directory.
pub const NODE_SOCKET: &str = "node.sock";

/// The pause after an accept that failed for want of descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Gives what a client is served, as far as the listener's scope allows it.
pub type Welcome = Arc<dyn Fn(&Peer) -> Arc<dyn Init> + Send + Sync>;

/// The listening sockets of a process. Dropped, they are closed like their connections.
pub struct Listeners {
    event_loop: EventLoop,
    welcome: Welcome,
    room: Arc<Semaphore>,
    stopping: watch::Sender<bool>,
    listeners: Vec<JoinHandle<()>>,
}

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("Unable to bind to IPC address '{address}'. {source}")]
pub struct ListenError {
    address: String,
    source: Unusable,
}

/// What is wrong with an address.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    /// It is none.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// No socket can be put there.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// The system refuses.
    #[error("{0}")]
    System(#[from] io::Error),
}

impl ListenError {
    /// What is told of a value of `-ipcbind` that is no address.
    pub fn invalid(text: &OsStr, error: AddressError) -> Self {
        Self {
            address: text.to_string_lossy().into_owned(),
            source: error.into(),
        }
    }
}

impl Listeners {
    /// Nothing listens yet. `max_connections` is for all listeners in sum; `welcome` says what a client is served.
    pub fn new(event_loop: EventLoop, max_connections: usize, welcome: Welcome) -> Self {
        Self {
            event_loop,
            welcome,
            room: Arc::new(Semaphore::new(max_connections.min(Semaphore::MAX_PERMITS))),
            stopping: watch::Sender::new(false),
            listeners: Vec::new(),
        }
    }

    /// Listens at an address, which `directory`, the network's data directory, completes. To be called on an async
    /// runtime, which then accepts.
    ///
    /// # Errors
    /// [`ListenError`].
    pub fn listen(&mut self, address: &BindAddress, directory: &Path) -> Result<(), ListenError> {
        let place = address.address.resolve(directory, NODE_SOCKET);
        let place = place.map_err(|error| ListenError {
            address: address.address.to_string(),
            source: error.into(),
        })?;
        let name = place.to_string();
        let failed = |source| ListenError {
            address: name.clone(),
            source,
        };
        let Place::Unix(path) = place else {
            return Err(failed(AddressError::Unrecognized(name.clone()).into()));
        };
        let (listener, socket) = socket::bind(&path).map_err(|error| failed(error.into()))?;
        let listening = Listening {
            listener: UnixListener::from_std(listener).map_err(|error| failed(error.into()))?,
            _socket: socket,
            name,
            scope: address.scope.clone(),
            event_loop: self.event_loop.clone(),
            welcome: Arc::clone(&self.welcome),
            room: Arc::clone(&self.room),
            stopping: self.stopping.subscribe(),
        };
        tracing::info!("Listening for IPC requests on address {}", listening.name);
        self.listeners.push(tokio::spawn(listening.run()));
        Ok(())
    }

    /// Accepts nobody any more, removes the sockets, and closes all connections.
    pub async fn close(mut self) {
        self.stopping.send_replace(true);
        for listener in std::mem::take(&mut self.listeners) {
            // One that panicked has nothing left to close.
            let _ = listener.await;
        }
    }
}

impl Drop for Listeners {
    fn drop(&mut self) {
        self.stopping.send_replace(true);
    }
}

/// One listener.
struct Listening {
    listener: UnixListener,
    _socket: BoundSocket,
    name: String,
    scope: Scope,
    event_loop: EventLoop,
    welcome: Welcome,
    room: Arc<Semaphore>,
    stopping: watch::Receiver<bool>,
}

impl Listening {
    async fn run(mut self) {
        let mut connections = JoinSet::new();
        let mut trouble = Trouble::default();
        loop {
            tokio::select! {
                biased;
                () = stopped(&mut self.stopping) => break,
                Some(_) = connections.join_next() => {}
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        if let Some(room) = trouble.room(&self.name, &self.room) {
                            self.serve(stream, room, &mut connections);
                        }
                    }
                    Err(error) => {
                        trouble.accept_failed(&self.name, &error);
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        drop(self);
        while connections.join_next().await.is_some() {}
    }

    fn serve(&self, stream: UnixStream, room: OwnedSemaphorePermit, connections: &mut JoinSet<()>) {
        let peer = match peer::identify(&stream) {
            Ok(peer) => peer,
            Err(refused) => {
                tracing::warn!("ipc: a client at {} is turned away: {refused}", self.name);
                return;
            }
        };
        let init = self.scope.limit((self.welcome)(&peer));
        let event_loop = self.event_loop.clone();
        let mut stopping = self.stopping.clone();
        connections.spawn(async move {
            let _room = room;
            let serving = async { event_loop.serve(stream.into_std()?, init, None).await };
            tokio::select! {
                served = serving => if let Err(error) = served {
                    tracing::warn!("ipc: a client cannot be served: {error}");
                },
                () = stopped(&mut stopping) => {}
            }
        });
    }
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // The sender is gone only when the listeners are, which means the same.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// What is wrong at the moment, so that the log says it once.
#[derive(Default)]
struct Trouble {
    full: bool,
    accept: Option<io::ErrorKind>,
}

impl Trouble {
    fn room(&mut self, name: &str, room: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
        self.accept = None;
        let permit = Arc::clone(room).try_acquire_owned().ok();
        if permit.is_none() && !self.full {
            tracing::warn!(
                "ipc: clients at {name} are turned away: as many as -ipcmaxconnections allows are connected"
            );
        }
        self.full = permit.is_none();
        permit
    }

    fn accept_failed(&mut self, name: &str, error: &io::Error) {
        if self.accept.replace(error.kind()) != Some(error.kind()) {
            tracing::warn!("ipc: nobody can connect at {name} at the moment: {error}");
        }
    }
}
