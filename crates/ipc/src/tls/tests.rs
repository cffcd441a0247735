//! Who is let in, and whom a client talks to.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{Acceptor, ClientStream, Refused, TlsError, connect};
use crate::address::TcpAddress;
use crate::keys::{Authorized, Date, Keys, Trusted};

const DEADLINE: Duration = Duration::from_secs(60);

/// A server's keys and a client's, which know each other.
struct Pair {
    _directories: [tempfile::TempDir; 2],
    server: Keys,
    client: Keys,
    listener: TcpListener,
    address: TcpAddress,
}

impl Pair {
    async fn new() -> Self {
        let directories = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let [server, client] = [0, 1].map(|index| Keys::new(directories[index].path()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: TcpAddress = listener.local_addr().unwrap().to_string().parse().unwrap();
        let pair = Self {
            _directories: directories,
            server,
            client,
            listener,
            address,
        };
        pair.authorize("ann", None);
        let key = pair.server.identity().unwrap().digest();
        pair.client
            .trust(Trusted::new(pair.address.clone(), key))
            .unwrap();
        pair
    }

    fn authorize(&self, name: &str, until: Option<Date>) {
        let key = self.client.identity().unwrap().digest();
        self.server
            .authorize(Authorized::new(name, key, until).unwrap())
            .unwrap();
    }

    /// Both sides of one connection, the client's after it has heard from the server.
    async fn meet(&self) -> (Result<String, Refused>, Result<std::io::Result<u8>, TlsError>) {
        let acceptor = Acceptor::new(&self.server).unwrap();
        let accepting = async {
            let (stream, _) = self.listener.accept().await.unwrap();
            let (mut stream, name) = acceptor.accept(stream).await?;
            stream.write_all(b"!").await.unwrap();
            Ok(name)
        };
        let connecting = async {
            let mut stream: ClientStream = connect(&self.client, &self.address).await?;
            Ok(stream.read_u8().await)
        };
        tokio::time::timeout(DEADLINE, async { tokio::join!(accepting, connecting) })
            .await
            .unwrap()
    }

    /// What the server says of a client that it does not let in, and does not send a byte.
    async fn refusal(&self) -> String {
        let (accepted, connected) = self.meet().await;
        // The client hears of it with what it reads first.
        assert!(connected.unwrap().is_err());
        accepted.unwrap_err().to_string()
    }
}

#[tokio::test]
async fn those_who_know_each_other_connect_under_the_keys_name() {
    let pair = Pair::new().await;
    for _ in 0..2 {
        let (accepted, connected) = pair.meet().await;
        assert_eq!(connected.unwrap().unwrap(), b'!');
        assert_eq!(accepted.unwrap(), "ann");
    }
}

#[tokio::test]
async fn a_key_is_refused_that_is_not_authorised_at_the_time() {
    let pair = Pair::new().await;
    let key = pair.client.identity().unwrap().digest();
    pair.server.revoke("ann").unwrap();
    assert!(
        pair.refusal()
            .await
            .contains(&format!("the key {key} is not authorised"))
    );
    pair.authorize("ann", Some("2001-01-01".parse().unwrap()));
    let over = format!("the authorisation of ann, whose key is {key}, is over");
    assert!(pair.refusal().await.contains(&over));
    pair.authorize("ann", Some("9999-12-31".parse().unwrap()));
    assert_eq!(pair.meet().await.0.unwrap(), "ann");
}

#[tokio::test]
async fn a_server_is_refused_that_shows_another_key_than_expected() {
    let pair = Pair::new().await;
    let shown = pair.server.identity().unwrap().digest();
    let expected = pair.client.identity().unwrap().digest();
    pair.client
        .trust(Trusted::new(pair.address.clone(), expected))
        .unwrap();
    let (accepted, connected) = pair.meet().await;
    assert!(accepted.is_err());
    let error = connected.unwrap_err();
    assert!(
        matches!(error, TlsError::Mismatch { shown: s, expected: e, .. } if (s, e) == (shown, expected)),
        "{error}"
    );
    pair.client.forget(&pair.address).unwrap();
    let (accepted, connected) = pair.meet().await;
    assert!(accepted.is_err());
    let error = connected.unwrap_err();
    assert!(
        matches!(error, TlsError::Unknown { shown: s, .. } if s == shown),
        "{error}"
    );
}

#[tokio::test]
async fn what_does_not_speak_tls_gets_nothing_but_an_end() {
    let pair = Pair::new().await;
    let bootstrap = [[0, 0, 0, 0, 5, 0, 0, 0], [0, 0, 0, 0, 1, 0, 1, 0]].concat();
    for bytes in [
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        bootstrap,
        vec![0x16, 3, 1, 255, 255],
    ] {
        let acceptor = Acceptor::new(&pair.server).unwrap();
        let mut stream = TcpStream::connect((pair.address.host(), pair.address.port()))
            .await
            .unwrap();
        stream.write_all(&bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let (accepted, _) = pair.listener.accept().await.unwrap();
        assert!(matches!(
            acceptor.accept(accepted).await,
            Err(Refused::Handshake(_))
        ));
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_client_is_not_waited_for_long() {
    let pair = Pair::new().await;
    let acceptor = Acceptor::new(&pair.server).unwrap();
    let _silent = TcpStream::connect((pair.address.host(), pair.address.port()))
        .await
        .unwrap();
    let (accepted, _) = pair.listener.accept().await.unwrap();
    assert!(matches!(acceptor.accept(accepted).await, Err(Refused::Slow)));
}
