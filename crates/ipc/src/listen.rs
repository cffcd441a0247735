//! Sockets that other processes connect to, until they are closed.
//!
//! A client is identified before its first Cap'n Proto byte is read, and nothing is made ready for it before its first
//! word can be a message's. Clients beyond the limit are turned away at once: those that are there are not disturbed by
//! those that come.

mod crowd;
mod door;
mod socket;
mod toll;
mod trouble;

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use interfaces::Init;
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::address::{AddressError, BindAddress};
use crate::event_loop::{EventLoop, ListedListener};
use crate::keys::Keys;
use crate::metrics::ListenerInfo;
use crate::peer::Peer;
use crate::rpc::Ended;
use crate::scope::Scope;
use crate::wire::FrameError;
use crowd::Crowd;
use door::{Door, DoorError, Stranger};
use toll::Toll;
use trouble::Trouble;

/// The name of the node's socket in its data directory.
pub const NODE_SOCKET: &str = "node.sock";

/// The pause after an accept that failed for want of descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Questions that a client may leave open when it leaves, as one does that is interrupted. As many more count as a
/// connection that is given up.
const FEW_QUESTIONS: usize = 16;

/// Gives what a client is served, as far as the listener's scope allows it.
pub type Welcome = Arc<dyn Fn(&Peer) -> Arc<dyn Init> + Send + Sync>;

/// The listening sockets of a process. Dropped, they are closed like their connections.
pub struct Listeners {
    event_loop: EventLoop,
    welcome: Welcome,
    room: Arc<Semaphore>,
    toll: Arc<Toll>,
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
    /// Nobody can be let in there.
    #[error(transparent)]
    Door(#[from] DoorError),
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
            toll: Arc::default(),
            stopping: watch::Sender::new(false),
            listeners: Vec::new(),
        }
    }

    /// Listens at an address, which `directory`, the network's data directory, completes; at all addresses of a host that
    /// can be had. To be called on an async runtime, which then accepts.
    ///
    /// # Errors
    /// [`ListenError`].
    pub fn listen(&mut self, address: &BindAddress, directory: &Path) -> Result<(), ListenError> {
        let place = address.address.resolve(directory, NODE_SOCKET);
        let place = place.map_err(|error| ListenError {
            address: address.address.to_string(),
            source: error.into(),
        })?;
        let doors = Door::open(&place, &Keys::new(directory)).map_err(|error| ListenError {
            address: place.to_string(),
            source: error.into(),
        })?;
        for (name, door) in doors {
            let listed = self.event_loop.list_listener(ListenerInfo {
                address: name.clone(),
                scope: address.scope.clone(),
            });
            let listening = Listening {
                door,
                _listed: listed,
                name: Arc::from(name),
                scope: address.scope.clone(),
                event_loop: self.event_loop.clone(),
                welcome: Arc::clone(&self.welcome),
                trouble: Arc::default(),
                room: Arc::clone(&self.room),
                toll: Arc::clone(&self.toll),
                stopping: self.stopping.subscribe(),
            };
            tracing::info!("Listening for IPC requests on address {}", listening.name);
            self.listeners.push(tokio::spawn(listening.run()));
        }
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
    door: Door,
    _listed: ListedListener,
    name: Arc<str>,
    scope: Scope,
    event_loop: EventLoop,
    welcome: Welcome,
    trouble: Arc<Trouble>,
    room: Arc<Semaphore>,
    toll: Arc<Toll>,
    stopping: watch::Receiver<bool>,
}

impl Listening {
    async fn run(mut self) {
        let mut connections = JoinSet::new();
        let mut crowd = Crowd::default();
        loop {
            tokio::select! {
                biased;
                () = stopped(&mut self.stopping) => break,
                Some(_) = connections.join_next() => {}
                accepted = self.door.accept() => match accepted {
                    Ok(stranger) => {
                        self.trouble.accepted();
                        if self.room.available_permits() > 0 {
                            connections.spawn(self.serve(stranger));
                        } else {
                            self.trouble.full(&self.name);
                        }
                        crowd.passed().await;
                    }
                    Err(error) => {
                        self.trouble.accept_failed(&self.name, &error);
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        drop(self);
        while connections.join_next().await.is_some() {}
    }

    /// Lets a client in and serves it, until it leaves or the listeners are closed.
    fn serve(&self, stranger: Stranger) -> impl Future<Output = ()> + Send + use<> {
        let (name, trouble) = (Arc::clone(&self.name), Arc::clone(&self.trouble));
        let (scope, welcome) = (self.scope.clone(), Arc::clone(&self.welcome));
        let (event_loop, room) = (self.event_loop.clone(), Arc::clone(&self.room));
        let toll = Arc::clone(&self.toll);
        let mut stopping = self.stopping.clone();
        async move {
            let admitting = async {
                let (visitor, peer) = match stranger.identify().await {
                    Ok(identified) => identified,
                    Err(refused) => {
                        event_loop.complaints().turn_away(&name, &refused.to_string());
                        return None;
                    }
                };
                let place = trouble.room(&name, &room)?;
                if !toll.pay(&peer).await.is_zero() {
                    event_loop.complaints().wait(&name);
                }
                match visitor.open().await {
                    Ok(guest) => Some((guest?, peer, place)),
                    // It left, at an unlucky moment.
                    Err(FrameError::Read(_)) => None,
                    Err(error) => {
                        event_loop.complaints().give_up(&error.to_string());
                        toll.charge(&peer, 1);
                        None
                    }
                }
            };
            let admitted = tokio::select! {
                admitted = admitting => admitted,
                () = stopped(&mut stopping) => return,
            };
            let Some((guest, peer, _place)) = admitted else {
                return;
            };
            let init = scope.limit(welcome(&peer));
            let closing = async move { stopped(&mut stopping).await };
            let serving = guest.serve(&event_loop, Arc::clone(&name), &peer, init, closing);
            match serving.await {
                Ok(Ended::GivenUp | Ended::CutOff) => toll.charge(&peer, 1),
                Ok(Ended::Broken { n_open }) => toll.charge(&peer, 1 + n_open / FEW_QUESTIONS),
                Ok(Ended::Lost { n_open }) => toll.charge(&peer, n_open / FEW_QUESTIONS),
                Ok(Ended::Closed) => {}
                Err(error) => tracing::warn!("ipc: a client at {name} cannot be served: {error}"),
            }
        }
    }
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // The sender is gone only when the listeners are, which means the same.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}
