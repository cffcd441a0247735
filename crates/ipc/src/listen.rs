//! Sockets that other processes connect to, until they are closed.
//!
//! A client is identified before its first Cap'n Proto byte is read. Clients beyond the limit are turned away at once:
//! those that are there are not disturbed by those that come.

mod door;
mod socket;

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use interfaces::Init;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::address::{AddressError, BindAddress};
use crate::event_loop::{EventLoop, ListedListener};
use crate::keys::Keys;
use crate::metrics::ListenerInfo;
use crate::peer::Peer;
use crate::scope::Scope;
use door::{Door, DoorError, Stranger};

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
    stopping: watch::Receiver<bool>,
}

impl Listening {
    async fn run(mut self) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                () = stopped(&mut self.stopping) => break,
                Some(_) = connections.join_next() => {}
                accepted = self.door.accept() => match accepted {
                    Ok(stranger) => {
                        self.trouble.accepted();
                        connections.spawn(self.serve(stranger));
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
        let mut stopping = self.stopping.clone();
        async move {
            let identified = tokio::select! {
                identified = stranger.identify() => identified,
                () = stopped(&mut stopping) => return,
            };
            let (guest, peer) = match identified {
                Ok(identified) => identified,
                Err(refused) => return trouble.refused(&name, &refused.to_string()),
            };
            let Some(_room) = trouble.room(&name, &room) else {
                return;
            };
            let init = scope.limit(welcome(&peer));
            let closing = async move { stopped(&mut stopping).await };
            if let Err(error) = guest
                .serve(&event_loop, Arc::clone(&name), peer, init, closing)
                .await
            {
                tracing::warn!("ipc: a client at {name} cannot be served: {error}");
            }
        }
    }
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // The sender is gone only when the listeners are, which means the same.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// What is wrong at the moment, so that the log says it once.
#[derive(Default)]
struct Trouble {
    full: AtomicBool,
    refusing: AtomicBool,
    accepting: Mutex<Option<io::ErrorKind>>,
}

impl Trouble {
    fn room(&self, name: &str, room: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
        self.refusing.store(false, Ordering::Relaxed);
        let permit = Arc::clone(room).try_acquire_owned().ok();
        if !self.full.swap(permit.is_none(), Ordering::Relaxed) && permit.is_none() {
            tracing::warn!(
                "ipc: clients at {name} are turned away: as many as -ipcmaxconnections allows are connected"
            );
        }
        permit
    }

    /// The next one after this is a matter for those who look closely, until somebody is let in again.
    fn refused(&self, name: &str, reason: &str) {
        if self.refusing.swap(true, Ordering::Relaxed) {
            tracing::debug!(target: "ipc", "a client at {name} is turned away: {reason}");
        } else {
            tracing::warn!("ipc: a client at {name} is turned away: {reason}");
        }
    }

    fn accepted(&self) {
        *self.lock() = None;
    }

    fn accept_failed(&self, name: &str, error: &io::Error) {
        if self.lock().replace(error.kind()) != Some(error.kind()) {
            tracing::warn!("ipc: nobody can connect at {name} at the moment: {error}");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<io::ErrorKind>> {
        self.accepting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
