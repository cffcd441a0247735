//! A publisher and its audience.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{JoinHandle, JoinSet};

use crate::connection::serve;
use crate::endpoint::Endpoint;
use crate::frame;
use crate::subscriptions::Subscriptions;

/// Subscribers connected at the same time; further ones wait to be accepted.
const MAX_CONNECTIONS: usize = 256;

/// The pause after an accept that failed for want of descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Sends messages to whoever subscribes, until it is dropped. What is not sent then is lost.
#[derive(Debug)]
pub struct Publisher {
    endpoint: Endpoint,
    audience: Arc<Audience>,
    accepting: JoinHandle<()>,
    is_closed: AtomicBool,
}

impl Publisher {
    /// Listens. For a subscriber that does not keep up `high_water_mark` messages are kept, and further ones are lost to
    /// it; with 0 all are kept. To be called on an async runtime.
    ///
    /// # Errors
    /// The place cannot be listened at.
    pub async fn bind(endpoint: &Endpoint, high_water_mark: usize) -> io::Result<Self> {
        let audience = Arc::new(Audience {
            high_water_mark,
            subscribers: Mutex::default(),
        });
        let (listener, endpoint) = Listener::bind(endpoint).await?;
        let accepting = tokio::spawn(accept(listener, Arc::clone(&audience)));
        Ok(Self {
            endpoint,
            audience,
            accepting,
            is_closed: AtomicBool::new(false),
        })
    }

    /// Where it listens, with the port that the system chose.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Sends a message of several parts to those who want what begins like its first part. It never waits.
    pub fn publish(&self, parts: &[&[u8]]) {
        let topic = parts.first().copied().unwrap_or_default();
        let mut message: Option<Arc<[u8]>> = None;
        for subscriber in self.audience.subscribers().all.values() {
            if subscriber.subscriptions.want(topic) {
                let message = message.get_or_insert_with(|| frame::message(parts).into());
                subscriber.sender.send(message, self.audience.high_water_mark);
            }
        }
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.close();
    }
}

impl Publisher {
    /// Ends all connections, and listens no longer.
    pub fn close(&self) {
        if self.is_closed.swap(true, Ordering::Relaxed) {
            // By now another process may listen there.
            return;
        }
        // Connections live in this task, so that none outlives it.
        self.accepting.abort();
        if let Endpoint::Ipc(path) = &self.endpoint {
            // Nobody can connect there any more, whether it can be removed or not.
            _ = fs_err::remove_file(path);
        }
    }
}

enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Ipc(UnixListener),
}

impl Listener {
    /// Listens, and tells where.
    async fn bind(endpoint: &Endpoint) -> io::Result<(Self, Endpoint)> {
        match endpoint {
            Endpoint::Tcp { host, port } => {
                let bound = if host == "*" {
                    TcpListener::bind(SocketAddr::from(([0, 0, 0, 0], *port))).await?
                } else {
                    TcpListener::bind((host.as_str(), *port)).await?
                };
                let endpoint = Endpoint::Tcp {
                    host: host.clone(),
                    port: bound.local_addr()?.port(),
                };
                Ok((Self::Tcp(bound), endpoint))
            }
            Endpoint::Ipc(path) => Ok((Self::bind_ipc(path)?, endpoint.clone())),
        }
    }

    #[cfg(unix)]
    fn bind_ipc(path: &PathBuf) -> io::Result<Self> {
        use std::os::unix::fs::FileTypeExt as _;
        let is_socket =
            |path| fs_err::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
        if is_socket(path) {
            // One that is left of a process that was killed is in the way.
            match std::os::unix::net::UnixStream::connect(path) {
                Ok(_) => return Err(io::ErrorKind::AddrInUse.into()),
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs_err::remove_file(path)?,
                Err(error) => return Err(error),
            }
        }
        Ok(Self::Ipc(UnixListener::bind(path)?))
    }

    #[cfg(not(unix))]
    fn bind_ipc(_path: &PathBuf) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Accepts a subscriber and begins to serve it.
    async fn accept(
        &self,
        audience: &Arc<Audience>,
        open: &mut JoinSet<()>,
        room: &Arc<Semaphore>,
    ) -> io::Result<()> {
        let permit = Arc::clone(room).acquire_owned().await;
        let permit = permit.expect("the semaphore is open because nothing closes it");
        let audience = Arc::clone(audience);
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                prepare(&stream);
                open.spawn(async move {
                    let _permit = permit;
                    told(serve(stream, &audience).await, &peer);
                });
            }
            #[cfg(unix)]
            Self::Ipc(listener) => {
                let (stream, _) = listener.accept().await?;
                open.spawn(async move {
                    let _permit = permit;
                    told(serve(stream, &audience).await, &"a local subscriber");
                });
            }
        }
        Ok(())
    }
}

/// Lets small messages go at once, and the system notice that a silent subscriber is gone. It works without, too.
fn prepare(stream: &tokio::net::TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(target: "zmq", "cannot send small messages at once: {error}");
    }
    #[cfg(unix)]
    if let Err(error) = rustix::net::sockopt::set_socket_keepalive(stream, true) {
        tracing::debug!(target: "zmq", "cannot look after a silent subscriber: {error}");
    }
}

fn told(ended: io::Result<()>, peer: &dyn std::fmt::Display) {
    match ended {
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
            tracing::debug!(target: "zmq", "connection from {peer} ended: {error}");
        }
        _ => {}
    }
}

async fn accept(listener: Listener, audience: Arc<Audience>) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut open = JoinSet::new();
    loop {
        if let Err(error) = listener.accept(&audience, &mut open, &room).await {
            tracing::warn!("cannot accept a subscriber: {error}");
            tokio::time::sleep(ACCEPT_PAUSE).await;
        }
        // Those that have ended are let go.
        while open.try_join_next().is_some() {}
    }
}

/// Who is connected.
#[derive(Debug)]
pub(crate) struct Audience {
    high_water_mark: usize,
    subscribers: Mutex<Subscribers>,
}

#[derive(Debug, Default)]
struct Subscribers {
    all: BTreeMap<u64, Subscriber>,
    next: u64,
}

#[derive(Debug)]
struct Subscriber {
    subscriptions: Subscriptions,
    sender: Sender,
}

impl Audience {
    fn subscribers(&self) -> MutexGuard<'_, Subscribers> {
        self.subscribers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A subscriber more, which wants nothing yet.
    pub(crate) fn join(self: &Arc<Self>) -> (Member, Sender, Queue) {
        let (messages, received) = mpsc::unbounded_channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let sender = Sender {
            messages,
            waiting: Arc::clone(&waiting),
        };
        let mut subscribers = self.subscribers();
        let number = subscribers.next;
        subscribers.next += 1;
        let subscriber = Subscriber {
            subscriptions: Subscriptions::default(),
            sender: sender.clone(),
        };
        subscribers.all.insert(number, subscriber);
        let member = Member {
            audience: Arc::clone(self),
            number,
        };
        (member, sender, Queue { received, waiting })
    }
}

/// A subscriber that is part of the audience as long as this lives.
#[derive(Debug)]
pub(crate) struct Member {
    audience: Arc<Audience>,
    number: u64,
}

impl Member {
    /// Changes what the subscriber wants.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Subscriptions) -> T) -> Option<T> {
        let mut subscribers = self.audience.subscribers();
        let subscriber = subscribers.all.get_mut(&self.number)?;
        Some(change(&mut subscriber.subscriptions))
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.audience.subscribers().all.remove(&self.number);
    }
}

/// Where messages for one subscriber go.
#[derive(Debug, Clone)]
pub(crate) struct Sender {
    messages: mpsc::UnboundedSender<Arc<[u8]>>,
    waiting: Arc<AtomicUsize>,
}

impl Sender {
    /// Lets a message wait for its turn, unless so many do already. 0 stands for any number.
    pub(crate) fn send(&self, message: &Arc<[u8]>, limit: usize) {
        if limit > 0 && self.waiting.load(Ordering::Relaxed) >= limit {
            return;
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        // A subscriber that has gone misses nothing.
        _ = self.messages.send(Arc::clone(message));
    }
}

/// Messages that wait for one subscriber.
#[derive(Debug)]
pub(crate) struct Queue {
    received: mpsc::UnboundedReceiver<Arc<[u8]>>,
    waiting: Arc<AtomicUsize>,
}

impl Queue {
    /// The next message; it counts as waiting until it is [sent](Self::sent).
    pub(crate) async fn next(&mut self) -> Option<Arc<[u8]>> {
        self.received.recv().await
    }

    /// The last message is sent.
    pub(crate) fn sent(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}
