//! The executable as a node that other processes call: what they leave with it, and what it tells them.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "all of it is a test")]

use std::ffi::OsStr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bitcoin::Transaction;
use interfaces::{
    BlockInfo, BlockLocator, Chain, ChainRole, EventListener, InterfaceError, Json, LocalAddress, NodeEvent,
    NodeEvents, Notifications, RemovalReason, RpcCommand, RpcFailure, RpcMethod, RpcRequest,
};
use ipc::{ConnectAddress, Connected, EventLoop};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::sync::watch;

async fn within<T>(waited: impl Future<Output = T>) -> T {
    let deadline = Duration::from_secs(30);
    tokio::time::timeout(deadline, waited)
        .await
        .expect("it comes within the deadline")
}

/// Looks again and again until there is what is looked for.
async fn until<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let mut often = tokio::time::interval(Duration::from_millis(20));
    within(async {
        loop {
            often.tick().await;
            if let Some(found) = look().await {
                return found;
            }
        }
    })
    .await
}

/// The executable, in a data directory of its own.
struct Daemon {
    directory: TempDir,
    child: Child,
}

/// A connection to it, on an IPC thread of its own.
struct Client {
    event_loop: EventLoop,
    connected: Connected,
}

impl Daemon {
    fn start(options: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_syscoin-node"))
            .arg(format!("-datadir={}", directory.path().display()))
            .args([
                "-regtest",
                "-server=0",
                "-disablewallet",
                "-printtoconsole=0",
                "-ipcbind=unix",
            ])
            .args(options)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self { directory, child }
    }

    /// Connects when it has started.
    async fn client(&self) -> Client {
        let event_loop = EventLoop::start("client").unwrap();
        let address = ConnectAddress::parse(OsStr::new("auto")).unwrap();
        let directory = self.directory.path().join("regtest");
        let connected = until(async || ipc::connect(&event_loop, &address, &directory).await.unwrap()).await;
        let node = connected.init.make_node().await.unwrap();
        until(async || node.get_num_blocks().await.ok()).await;
        until(async || {
            let told = node.execute_rpc("uptime".to_owned(), Json::Array(Vec::new()), "/".to_owned());
            told.await.unwrap().ok()
        })
        .await;
        Client {
            event_loop,
            connected,
        }
    }

    /// Waits for its end, which must be a good one.
    async fn ended(mut self) {
        let status = within(self.child.wait()).await.unwrap();
        assert!(status.success(), "{status}");
    }
}

impl Client {
    async fn chain(&self) -> Arc<dyn Chain> {
        self.connected.init.make_chain().await.unwrap()
    }

    /// Calls an RPC method that was sent to a wallet's path.
    async fn call(&self, method: &str, parameters: &str) -> Result<Json, RpcFailure> {
        let node = self.connected.init.make_node().await.unwrap();
        let (method, parameters) = (method.to_owned(), parameters.parse().unwrap());
        let calling = node.execute_rpc(method, parameters, "/wallet/w".to_owned());
        within(calling).await.unwrap()
    }

    async fn stop_node(&self) {
        let node = self.connected.init.make_node().await.unwrap();
        node.start_shutdown().await.unwrap();
    }
}

/// A method that tells what it was called with, or its help.
struct Teller;

#[async_trait]
impl RpcMethod for Teller {
    async fn call(&self, request: RpcRequest) -> Result<Result<Json, RpcFailure>, InterfaceError> {
        if request.help {
            return Ok(Ok("listwallets\n\nTells what it was called with.".into()));
        }
        let told = [request.uri, request.user, request.parameters.to_string()];
        Ok(Ok(told.map(Json::from).to_vec().into()))
    }
}

fn listwallets() -> RpcCommand {
    RpcCommand {
        category: "wallet".to_owned(),
        name: "listwallets".to_owned(),
        parameters: Vec::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_a_process_adds_is_called_there_until_that_is_gone() {
    let daemon = Daemon::start(&[]);
    let (wallet, caller) = (daemon.client().await, daemon.client().await);
    let chain = wallet.chain().await;
    let handler = chain.handle_rpc(listwallets(), Arc::new(Teller)).await.unwrap();
    let second = chain.handle_rpc(listwallets(), Arc::new(Teller)).await;
    let refused = second.map(drop).unwrap_err().to_string();
    assert_eq!(refused, "Chain.handleRpc is not allowed here");
    let told = caller.call("listwallets", r#"{"a": 1}"#).await.unwrap();
    assert_eq!(told, Json::from(vec!["/wallet/w", "__cookie__", r#"{"a":1}"#]));
    let help = caller.call("help", r#"["listwallets"]"#).await.unwrap();
    assert_eq!(help, "listwallets\n\nTells what it was called with.");
    handler.disconnect().await.unwrap();
    let gone = caller.call("listwallets", "[]").await.unwrap_err();
    assert_eq!((gone.code, &*gone.message), (-32601, "Method not found"));

    let _handler = chain.handle_rpc(listwallets(), Arc::new(Teller)).await.unwrap();
    caller.call("listwallets", "[]").await.unwrap();
    let Client {
        event_loop,
        connected,
    } = wallet;
    tokio::task::spawn_blocking(move || event_loop.stop())
        .await
        .unwrap();
    drop((connected, chain));
    until(async || {
        let gone = caller.call("listwallets", "[]").await;
        gone.err().filter(|gone| gone.code == -32601)
    })
    .await;
    caller.stop_node().await;
    daemon.ended().await;
}

/// Counts the blocks in the places up to which the chain is on the disk.
#[derive(Default)]
struct Observer(watch::Sender<Vec<usize>>);

#[async_trait]
impl Notifications for Observer {
    async fn transaction_added_to_mempool(&self, _transaction: Transaction) -> Result<(), InterfaceError> {
        Ok(())
    }

    async fn transaction_removed_from_mempool(
        &self,
        _transaction: Transaction,
        _reason: RemovalReason,
    ) -> Result<(), InterfaceError> {
        Ok(())
    }

    async fn block_connected(&self, _role: ChainRole, _block: BlockInfo) -> Result<(), InterfaceError> {
        Ok(())
    }

    async fn block_disconnected(&self, _block: BlockInfo) -> Result<(), InterfaceError> {
        Ok(())
    }

    async fn updated_block_tip(&self) -> Result<(), InterfaceError> {
        Ok(())
    }

    async fn chain_state_flushed(
        &self,
        role: ChainRole,
        locator: BlockLocator,
    ) -> Result<(), InterfaceError> {
        assert_eq!(role, ChainRole::Normal);
        self.0.send_modify(|flushed| flushed.push(locator.have.len()));
        Ok(())
    }
}

impl Observer {
    async fn has_heard(&self, expected: &[usize]) {
        let mut flushed = self.0.subscribe();
        let told = flushed.wait_for(|flushed| flushed.len() >= expected.len());
        assert_eq!(*within(told).await.unwrap(), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_the_chain_is_told_when_it_is_on_the_disk_and_last_when_the_node_leaves() {
    let daemon = Daemon::start(&[]);
    let client = daemon.client().await;
    let observer = Arc::new(Observer::default());
    let chain = client.chain().await;
    let notifications = Arc::clone(&observer) as Arc<dyn Notifications>;
    let _handler = chain.handle_notifications(notifications).await.unwrap();
    let generate = async |count: u32| {
        let parameters = format!(r#"[{count}, "raw(51)"]"#);
        client.call("generatetodescriptor", &parameters).await.unwrap()
    };
    generate(1).await;
    client.call("gettxoutsetinfo", "[]").await.unwrap();
    observer.has_heard(&[2]).await;
    generate(2).await;
    client.stop_node().await;
    observer.has_heard(&[2, 4]).await;
    within(client.connected.ended.wait()).await;
    daemon.ended().await;
}

/// Writes down which tips it hears of.
#[derive(Default)]
struct Tips(watch::Sender<Vec<String>>);

#[async_trait]
impl EventListener for Tips {
    async fn hear(&self, event: NodeEvent) -> Result<(), InterfaceError> {
        let told = match event {
            NodeEvent::BlockTip { tip, .. } => format!("block {}", tip.block.height),
            NodeEvent::HeaderTip { tip, .. } => format!("header {}", tip.block.height),
            NodeEvent::Bans => "bans".to_owned(),
            _ => return Ok(()),
        };
        self.0.send_modify(|heard| heard.push(told));
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_comes_alone_is_told_without_its_block() {
    let daemon = Daemon::start(&[]);
    let client = daemon.client().await;
    let tips = Arc::new(Tips::default());
    let node = client.connected.init.make_node().await.unwrap();
    let _handler = node
        .handle_events(Arc::clone(&tips) as Arc<dyn NodeEvents>)
        .await
        .unwrap();
    let made = client
        .call("generateblock", r#"["raw(51)", [], false]"#)
        .await
        .unwrap();
    let submitted = client.call("submitheader", &format!("[{}]", made["hex"])).await;
    assert_eq!(submitted, Ok(Json::Null));
    // Events come in their order.
    node.ban("192.0.2.1".to_owned(), None).await.unwrap().unwrap();
    let mut heard = tips.0.subscribe();
    let told = heard.wait_for(|heard| heard.contains(&"bans".to_owned()));
    assert_eq!(*within(told).await.unwrap(), ["header 1", "bans"]);
    client.stop_node().await;
    daemon.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_interface_is_told_of_the_addresses_that_the_node_was_given() {
    let daemon = Daemon::start(&["-externalip=1.2.3.4:5"]);
    let client = daemon.client().await;
    let node = client.connected.init.make_node().await.unwrap();
    let expected = LocalAddress {
        address: [1, 2, 3, 4].into(),
        port: 5,
        score: 4,
    };
    assert_eq!(node.get_net_local_addresses().await.unwrap(), [expected]);
    node.map_port(true).await.unwrap();
    client.stop_node().await;
    daemon.ended().await;
}
