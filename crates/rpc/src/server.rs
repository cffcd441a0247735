//! Listening, accepting, and stopping.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::config::Config;
use crate::http::{Endpoint, Response};
use crate::service::Service;
use crate::stall::StallGuard;

/// What is read of a head at most; heads beyond the smaller limit for requests get a reply that says so.
const HEAD_BUFFER: usize = 64 * 1024;

/// The longest patience that points in time can be reckoned with.
const LONGEST_PATIENCE: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// How long a client that may not connect is borne with.
const STRANGER_PATIENCE: Duration = Duration::from_secs(5);

/// How long the replies to the last requests may take to be written.
const LAST_REPLIES: Duration = Duration::from_secs(2);

/// The pause after an accept that failed for want of descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A server that listens until it is stopped or dropped.
#[derive(Debug)]
pub struct Server {
    addresses: Vec<SocketAddr>,
    stopping: watch::Sender<bool>,
    listeners: Vec<JoinHandle<()>>,
    endpoint: Arc<Endpoint>,
    stop_deadline: Duration,
}

/// The server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Not one of the addresses can be listened on.
    #[error("Unable to bind any endpoint for RPC server")]
    NoEndpoint,
}

impl Server {
    /// Listens on those of the configured addresses that are free, and logs those that are not.
    ///
    /// # Errors
    /// [`StartError::NoEndpoint`] when all are taken.
    pub async fn start(config: &Config, service: Arc<Service>) -> Result<Self, StartError> {
        let mut bound = Vec::new();
        for address in &config.bind {
            let (ip, port) = (address.ip(), address.port());
            tracing::info!("Binding RPC on address {ip} port {port}");
            if ip.is_unspecified() {
                tracing::warn!(
                    "the RPC server is not safe to expose to untrusted networks such as the public internet"
                );
            }
            match bind(*address).await {
                Ok(listener) => bound.push(listener),
                Err(error) => tracing::warn!("Binding RPC on address {ip} port {port} failed: {error}"),
            }
        }
        if bound.is_empty() {
            return Err(StartError::NoEndpoint);
        }
        let endpoint = Arc::new(Endpoint::new(config, service));
        let connections = Arc::new(Semaphore::new(
            config.max_connections.clamp(1, Semaphore::MAX_PERMITS),
        ));
        let (stopping, _) = watch::channel(false);
        let mut addresses = Vec::with_capacity(bound.len());
        let mut listeners = Vec::with_capacity(bound.len());
        for (listener, address) in bound {
            addresses.push(address);
            listeners.push(tokio::spawn(listen(Listening {
                listener,
                endpoint: Arc::clone(&endpoint),
                connections: Arc::clone(&connections),
                stopping: stopping.subscribe(),
                patience: config.server_timeout.min(LONGEST_PATIENCE),
            })));
        }
        Ok(Self {
            addresses,
            stopping,
            listeners,
            endpoint,
            stop_deadline: config.stop_deadline,
        })
    }

    /// Where the server listens, with the ports the system chose.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Accepts nothing more, lets running requests finish within the configured time, and closes all connections. A
    /// client that has sent half a request, or does not read its reply, is not waited for.
    pub async fn stop(mut self) {
        self.stopping.send_replace(true);
        let endpoint = Arc::clone(&self.endpoint);
        let closed = tokio::time::timeout(self.stop_deadline, endpoint.service.close()).await;
        if closed.is_err() {
            tracing::warn!(
                "RPC requests were still running after {} s",
                self.stop_deadline.as_secs()
            );
        }
        let deadline = tokio::time::Instant::now() + LAST_REPLIES;
        for listener in &mut self.listeners {
            if tokio::time::timeout_at(deadline, &mut *listener).await.is_err() {
                listener.abort();
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A connection lives in its listener's task, so that none outlives it.
        for listener in &self.listeners {
            listener.abort();
        }
    }
}

async fn bind(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// One address that is listened on.
struct Listening {
    listener: TcpListener,
    endpoint: Arc<Endpoint>,
    connections: Arc<Semaphore>,
    stopping: watch::Receiver<bool>,
    patience: Duration,
}

async fn listen(mut listening: Listening) {
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = stopped(&mut listening.stopping) => break,
            Some(_) = open.join_next() => {}
            accepted = accept(&listening.listener, &listening.connections) => match accepted {
                Ok((stream, peer, permit)) => {
                    let endpoint = Arc::clone(&listening.endpoint);
                    let stopping = listening.stopping.clone();
                    open.spawn(serve(stream, peer, permit, endpoint, stopping, listening.patience));
                }
                Err(error) => {
                    tracing::warn!("cannot accept an RPC connection: {error}");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listening.listener);
    while open.join_next().await.is_some() {}
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // The sender is gone only when the server is, which means the same.
    _ = stopping.wait_for(|stopping| *stopping).await;
}

/// The next connection, once there is room for it.
async fn accept(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(connections).acquire_owned().await;
    let permit = permit.expect("the semaphore is open because nothing closes it");
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, permit))
}

async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    permit: OwnedSemaphorePermit,
    endpoint: Arc<Endpoint>,
    mut stopping: watch::Receiver<bool>,
    patience: Duration,
) {
    let _permit = permit;
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(target: "http", "cannot send small replies to {peer} at once: {error}");
    }
    let known = endpoint.allows(peer);
    let patience = if known {
        patience
    } else {
        patience.min(STRANGER_PATIENCE)
    };
    let service = service_fn(move |request| {
        let answer = Arc::clone(&endpoint).answer(peer, request);
        async move { Ok::<Response, std::convert::Infallible>(answer.await) }
    });
    let io = TokioIo::new(StallGuard::new(stream, patience));
    let mut connection = std::pin::pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(patience)
            .half_close(true)
            .keep_alive(known)
            .max_buf_size(HEAD_BUFFER)
            .serve_connection(io, service)
    );
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(&mut stopping) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(target: "http", "connection from {peer} ended: {error}");
    }
}
