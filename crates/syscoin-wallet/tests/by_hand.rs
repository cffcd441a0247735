//! The executable, started by hand beside something that offers a chain as a node would.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "all of it is a test")]

use std::ffi::OsStr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use interfaces::suite;
use ipc::{BindAddress, EventLoop, Listeners, NODE_SOCKET, Peer};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

async fn within<T>(waited: impl Future<Output = T>) -> T {
    let deadline = Duration::from_secs(30);
    tokio::time::timeout(deadline, waited)
        .await
        .expect("it comes within the deadline")
}

/// What is listened at, in a data directory of its own.
struct Node {
    directory: TempDir,
    listeners: Listeners,
}

impl Node {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let event_loop = EventLoop::start("node").unwrap();
        let mut listeners = Listeners::new(event_loop, 10, Arc::new(|_: &Peer| suite::recorder()));
        let address = BindAddress::parse(OsStr::new("unix")).unwrap();
        listeners.listen(&address, directory.path()).unwrap();
        Self { directory, listeners }
    }

    /// Its address, in full.
    fn place(&self) -> String {
        format!("unix:{}", self.directory.path().join(NODE_SOCKET).display())
    }

    /// Starts the executable beside it, and waits until that says that it is connected.
    async fn wallet(&self, address: &str) -> Wallet {
        let mut child = Command::new(env!("CARGO_BIN_EXE_syscoin-wallet"))
            .arg(format!("-datadir={}", self.directory.path().display()))
            .args([&format!("-ipcconnect={address}"), "-logtimestamps=0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = within(log.next_line()).await.unwrap();
        let expected = format!("Connected to the node at {}: its chain has ", self.place());
        assert!(first.as_deref().unwrap().starts_with(&expected), "{first:?}");
        Wallet { child, _log: log }
    }
}

/// The executable, and the rest of what it logs.
struct Wallet {
    child: Child,
    _log: Lines<BufReader<ChildStdout>>,
}

impl Wallet {
    fn signal(&self, signal: Signal) {
        let pid = self.child.id().unwrap().cast_signed();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// What it exits with, and what it leaves on standard error.
    async fn end(mut self) -> (Option<i32>, String) {
        let mut text = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        within(stderr.read_to_string(&mut text)).await.unwrap();
        (within(self.child.wait()).await.unwrap().code(), text)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_leaves_in_order_when_it_is_told_to() {
    let node = Node::start();
    for signal in [Signal::INT, Signal::TERM] {
        for address in ["unix", "auto", &node.place()] {
            let wallet = node.wallet(address).await;
            wallet.signal(signal);
            assert_eq!(
                wallet.end().await,
                (Some(0), String::new()),
                "{signal:?} {address}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_fails_when_the_node_ends() {
    let node = Node::start();
    let place = node.place();
    let wallet = node.wallet("unix").await;
    within(node.listeners.close()).await;
    let text = format!("Error: the node at {place} ended the connection\n");
    assert_eq!(wallet.end().await, (Some(1), text));
}
