//! Implementations to serve, and a client of the stock RPC library to call them.

use std::future::Future;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use capnp_rpc::rpc_twoparty_capnp::Side;
use capnp_rpc::{RpcSystem, twoparty};
use interfaces::{Echo, Init, InterfaceError};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, LocalSet};
use tokio_util::compat::{TokioAsyncReadCompatExt as _, TokioAsyncWriteCompatExt as _};

use crate::EventLoop;
use crate::schema::echo_capnp::echo;
use crate::schema::init_capnp::init;
use crate::schema::proxy_capnp::{thread, thread_map};

/// Fails a test that waits for what does not come.
pub(crate) async fn within<T>(waited: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), waited)
        .await
        .expect("it comes within the deadline")
}

/// What happened, in order.
#[derive(Clone, Default)]
pub(crate) struct Journal(Arc<Mutex<Vec<String>>>, Arc<tokio::sync::Notify>);

impl Journal {
    pub(crate) fn write(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
        self.1.notify_waiters();
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    /// Waits until this has happened.
    pub(crate) async fn wait_for(&self, expected: &str) {
        within(async {
            loop {
                let notified = self.1.notified();
                if self.lines().iter().any(|line| line == expected) {
                    return;
                }
                notified.await;
            }
        })
        .await;
    }
}

/// An implementation whose echoes wait for permits, and which keeps a journal.
#[derive(Clone)]
pub(crate) struct GatedInit {
    pub(crate) journal: Journal,
    pub(crate) gate: Arc<Semaphore>,
    made: Arc<Mutex<usize>>,
}

struct GatedEcho {
    number: usize,
    init: GatedInit,
}

impl GatedInit {
    /// `permits` echoes pass at once.
    pub(crate) fn new(permits: usize) -> Self {
        Self {
            journal: Journal::default(),
            gate: Arc::new(Semaphore::new(permits)),
            made: Arc::default(),
        }
    }

    pub(crate) fn open() -> Self {
        Self::new(Semaphore::MAX_PERMITS)
    }
}

#[async_trait]
impl Init for GatedInit {
    async fn make_echo(&self) -> Result<Arc<dyn Echo>, InterfaceError> {
        let mut made = self.made.lock().unwrap();
        *made += 1;
        Ok(Arc::new(GatedEcho {
            number: *made,
            init: self.clone(),
        }))
    }
}

#[async_trait]
impl Echo for GatedEcho {
    async fn echo(&self, text: String) -> Result<String, InterfaceError> {
        self.init.journal.write(format!("begin {text}"));
        assert!(text != "panic", "as asked for");
        self.init.gate.acquire().await.expect("never closed").forget();
        self.init.journal.write(format!("end {text}"));
        if text == "fail" {
            return Err(InterfaceError::Malformed("as asked for".to_owned()));
        }
        Ok(text)
    }
}

impl Drop for GatedEcho {
    fn drop(&mut self) {
        let place = match std::thread::current().name() {
            Some("b-capnp-loop") => " on the IPC thread",
            _ => "",
        };
        self.init.journal.write(format!("drop {}{place}", self.number));
    }
}

/// Serves `init` on an IPC thread of its own; gives the client's end of the socket pair.
pub(crate) fn serve(event_loop: &EventLoop, init: Arc<dyn Init>) -> UnixStream {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let event_loop = event_loop.clone();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(event_loop.serve(theirs, init, None)).unwrap();
    });
    ours
}

/// A client that is not ours.
pub(crate) struct StockClient {
    pub(crate) init: init::Client,
    system: JoinHandle<capnp::Result<()>>,
}

impl StockClient {
    pub(crate) fn connect(stream: UnixStream) -> Self {
        stream.set_nonblocking(true).unwrap();
        let stream = tokio::net::UnixStream::from_std(stream).unwrap();
        let (reader, writer) = stream.into_split();
        let network = twoparty::VatNetwork::new(
            reader.compat(),
            writer.compat_write(),
            Side::Client,
            Default::default(),
        );
        let mut system = RpcSystem::new(Box::new(network), None);
        let init = system.bootstrap(Side::Server);
        let system = tokio::task::spawn_local(system);
        Self { init, system }
    }

    /// Breaks the connection off.
    pub(crate) fn disconnect(self) {
        self.system.abort();
    }

    pub(crate) async fn threads(&self) -> thread_map::Client {
        let answer = within(self.init.construct_request().send().promise)
            .await
            .unwrap();
        answer.get().unwrap().get_thread_map().unwrap()
    }

    pub(crate) async fn thread(&self) -> thread::Client {
        make_thread(&self.threads().await, "stock").await.unwrap()
    }

    pub(crate) async fn make_echo(&self, thread: &thread::Client) -> echo::Client {
        let mut request = self.init.make_echo_request();
        request.get().init_context().set_thread(thread.clone());
        let answer = within(request.send().promise).await.unwrap();
        answer.get().unwrap().get_result().unwrap()
    }
}

pub(crate) async fn make_thread(threads: &thread_map::Client, name: &str) -> capnp::Result<thread::Client> {
    let mut request = threads.make_thread_request();
    request.get().set_name(name);
    let answer = within(request.send().promise).await?;
    answer.get()?.get_result()
}

/// Makes a call without waiting for it.
pub(crate) fn send_echo(
    echo: &echo::Client,
    text: &str,
    thread: Option<&thread::Client>,
) -> impl Future<Output = capnp::Result<String>> + use<> {
    let mut request = echo.echo_request();
    request.get().set_echo(text);
    let mut context = request.get().init_context();
    if let Some(thread) = thread {
        context.set_thread(thread.clone());
    }
    let promise = request.send().promise;
    async move {
        let answer = within(promise).await?;
        Ok(answer.get()?.get_result()?.to_string()?)
    }
}

/// Runs a test that holds capnp objects of its own.
pub(crate) fn local<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    LocalSet::new().block_on(&runtime, test)
}
