//! Clients that connect to listeners: what they are served, and how long.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use interfaces::{Init, InterfaceError, LocalInit};

use super::support::within;
use crate::{
    Authorized, BindAddress, ConnectAddress, ConnectError, EventLoop, Keys, Listeners, Peer, Service,
    TcpAddress, Transport, Trusted, connect,
};

/// A process that listens, and one that connects.
struct Sides {
    server: tempfile::TempDir,
    client: tempfile::TempDir,
    listeners: Listeners,
    seen: Arc<Mutex<Vec<Peer>>>,
    /// The server's.
    serving: EventLoop,
    /// The client's.
    event_loop: EventLoop,
}

impl Sides {
    fn new() -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&seen);
        let welcome = move |peer: &Peer| -> Arc<dyn Init> {
            noted.lock().unwrap().push(peer.clone());
            Arc::new(LocalInit)
        };
        let serving = EventLoop::start("socket-server").unwrap();
        Self {
            server: tempfile::tempdir().unwrap(),
            client: tempfile::tempdir().unwrap(),
            listeners: Listeners::new(serving.clone(), 10, Arc::new(welcome)),
            seen,
            serving,
            event_loop: EventLoop::start("socket-client").unwrap(),
        }
    }

    fn listen(&mut self, address: &str) {
        let address = BindAddress::parse(OsStr::new(address)).unwrap();
        self.listeners.listen(&address, self.server.path()).unwrap();
    }

    async fn connect(&self, directory: &Path, address: &str) -> Result<Arc<dyn Init>, ConnectError> {
        let address = ConnectAddress::parse(OsStr::new(address)).unwrap();
        let connected = within(connect(&self.event_loop, &address, directory)).await?;
        Ok(connected.expect("somebody listens").init)
    }

    /// Lets the two know each other, at a port that is free.
    fn introduce(&self) -> TcpAddress {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let address: TcpAddress = port.to_string().parse().unwrap();
        let (server, client) = (Keys::new(self.server.path()), Keys::new(self.client.path()));
        let key = client.identity().unwrap().digest();
        server
            .authorize(Authorized::new("ann", key, None).unwrap())
            .unwrap();
        let key = server.identity().unwrap().digest();
        client.trust(Trusted::new(address.clone(), key)).unwrap();
        address
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_is_served_over_a_socket_at_a_path() {
    let mut sides = Sides::new();
    sides.listen("unix");
    let init = sides.connect(sides.server.path(), "auto").await.unwrap();
    within(interfaces::suite::check_init(init)).await;
    assert!(matches!(sides.seen.lock().unwrap()[..], [Peer::Local { .. }]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_is_served_over_tcp_by_the_name_of_its_key() {
    let mut sides = Sides::new();
    let address = sides.introduce();
    sides.listen(&format!("tcp:{address}"));
    let init = sides
        .connect(sides.client.path(), &format!("tcp:{address}"))
        .await
        .unwrap();
    within(interfaces::suite::check_init(init)).await;
    let ann = Peer::Remote {
        name: "ann".to_owned(),
    };
    assert_eq!(*sides.seen.lock().unwrap(), [ann]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_not_let_in_is_told_what_to_do_and_served_nothing() {
    let mut sides = Sides::new();
    let address = sides.introduce();
    sides.listen(&format!("tcp:{address}"));
    Keys::new(sides.server.path()).revoke("ann").unwrap();
    let own = Keys::new(sides.client.path()).identity().unwrap().digest();
    let refused = sides
        .connect(sides.client.path(), &format!("tcp:{address}"))
        .await;
    let text = refused.err().unwrap().to_string();
    assert!(
        text.contains(&format!("`ipc-key authorize NAME {own}`")),
        "{text}"
    );
    assert_eq!(*sides.seen.lock().unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_a_limited_listener_get_nothing_else() {
    let mut sides = Sides::new();
    sides.listen("unix,allow=mining");
    let init = sides.connect(sides.server.path(), "unix").await.unwrap();
    match within(init.make_echo()).await {
        Err(InterfaceError::NotAllowed { method }) => assert_eq!(method, "Init.makeEcho"),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("made"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_the_listeners_ends_all_connections() {
    let mut sides = Sides::new();
    let address = sides.introduce();
    sides.listen("unix");
    sides.listen(&format!("tcp:{address}"));
    let local = sides.connect(sides.server.path(), "unix").await.unwrap();
    let remote = sides
        .connect(sides.client.path(), &format!("tcp:{address}"))
        .await
        .unwrap();
    let echoes = [
        within(local.make_echo()).await.unwrap(),
        within(remote.make_echo()).await.unwrap(),
    ];
    within(sides.listeners.close()).await;
    for echo in echoes {
        let error = within(echo.echo("late".to_owned())).await.unwrap_err();
        assert!(matches!(error, InterfaceError::Disconnected(_)), "{error}");
    }
    assert!(!sides.server.path().join(crate::NODE_SOCKET).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn listeners_and_who_came_in_by_them_are_told() {
    let mut sides = Sides::new();
    let address = sides.introduce();
    sides.listen("unix,allow=echo");
    sides.listen(&format!("tcp:{address}"));
    let _local = sides.connect(sides.server.path(), "unix").await.unwrap();
    let _remote = sides
        .connect(sides.client.path(), &format!("tcp:{address}"))
        .await
        .unwrap();
    let path = format!("unix:{}", sides.server.path().join(crate::NODE_SOCKET).display());
    let addresses = [path, format!("tcp:{address}")];
    let transports = [Transport::Unix, Transport::Tcp];

    let there = sides.serving.info().await.unwrap();
    let listeners = there.listeners.iter().zip(&addresses);
    for ((listener, address), allows_rpc) in listeners.zip([false, true]) {
        assert_eq!(&listener.address, address);
        assert!(listener.scope.allows(Service::Echo));
        assert_eq!(listener.scope.allows(Service::Rpc), allows_rpc);
    }
    let keys = [None, Some("ann".to_owned())];
    let here = sides.event_loop.info().await.unwrap();
    for (info, keys) in [(there, keys), (here, [None, None])] {
        assert_eq!(info.connections.len(), 2);
        for (index, connection) in info.connections.into_iter().enumerate() {
            assert_eq!(connection.address.as_ref(), Some(&addresses[index]));
            assert_eq!(
                (connection.transport, &connection.party.key),
                (transports[index], &keys[index])
            );
            assert_eq!(
                connection.party.pid.is_some(),
                index == 0 && cfg!(target_os = "linux")
            );
        }
    }

    within(sides.listeners.close()).await;
    let there = sides.serving.info().await.unwrap();
    assert!(there.listeners.is_empty() && there.connections.is_empty());
}
