//! What subscribers see of a publisher: raw bytes in, raw bytes out.

#![expect(clippy::unwrap_used, reason = "a test fails where its support does")]

use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use zmtp::{Endpoint, Publisher};

/// Longer than anything here takes, however busy the machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// A signature, version 3.1 and the mechanism `NULL`.
fn greeting() -> Vec<u8> {
    let mut greeting = vec![0; 64];
    greeting[..12].copy_from_slice(b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\x01");
    greeting[12..16].copy_from_slice(b"NULL");
    greeting
}

const READY_SUB: &[u8] = b"\x04\x19\x05READY\x0bSocket-Type\0\0\0\x03SUB";
const READY_PUB: &[u8] = b"\x04\x19\x05READY\x0bSocket-Type\0\0\0\x03PUB";

async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, work).await.unwrap()
}

async fn publisher(high_water_mark: usize) -> (Publisher, u16) {
    let endpoint = "tcp://127.0.0.1:*".parse().unwrap();
    let publisher = Publisher::bind(&endpoint, high_water_mark).await.unwrap();
    let Endpoint::Tcp { port, .. } = *publisher.endpoint() else {
        panic!("{:?}", publisher.endpoint());
    };
    (publisher, port)
}

struct Subscriber<S> {
    stream: S,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Subscriber<S> {
    async fn greet(mut stream: S) -> Self {
        stream.write_all(&greeting()).await.unwrap();
        stream.write_all(READY_SUB).await.unwrap();
        let mut theirs = vec![0; 64 + READY_PUB.len()];
        in_time(stream.read_exact(&mut theirs)).await.unwrap();
        let mut expected = greeting();
        expected[8] = 0;
        expected[11] = 0;
        expected.extend_from_slice(READY_PUB);
        assert_eq!(theirs, expected);
        Self { stream }
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Waits until everything that was sent before has been read.
    async fn settle(&mut self) {
        self.send(b"\x04\x09\x04PING\0\0ab").await;
        self.expect(b"\x04\x07\x04PONGab").await;
    }

    async fn expect(&mut self, expected: &[u8]) {
        let mut bytes = vec![0; expected.len()];
        in_time(self.stream.read_exact(&mut bytes)).await.unwrap();
        assert_eq!(bytes, expected);
    }

    async fn end(&mut self) -> io::Result<usize> {
        in_time(self.stream.read(&mut [0; 1])).await
    }
}

#[tokio::test]
async fn subscribers_hear_what_they_want_from_when_they_say_so() {
    let (publisher, port) = publisher(0).await;
    let mut first = Subscriber::greet(TcpStream::connect(("127.0.0.1", port)).await.unwrap()).await;
    let mut second = Subscriber::greet(TcpStream::connect(("127.0.0.1", port)).await.unwrap()).await;
    publisher.publish(&[b"apple", b"1"]);
    // In a message, as version 3.0 has it, and in a command.
    first.send(b"\x00\x03\x01ap").await;
    second.send(b"\x04\x0b\x09SUBSCRIBEb").await;
    first.settle().await;
    second.settle().await;
    publisher.publish(&[b"apple", b"2", b""]);
    publisher.publish(&[b"berry", b"3"]);
    first.expect(b"\x01\x05apple\x01\x012\x00\x00").await;
    second.expect(b"\x01\x05berry\x00\x013").await;
    first.send(b"\x00\x03\x00ap").await;
    first.send(b"\x00\x01\x01").await;
    first.settle().await;
    second.send(b"\x04\x08\x06CANCELb").await;
    second.settle().await;
    publisher.publish(&[b"berry"]);
    first.expect(b"\x00\x05berry").await;
    second.settle().await;
}

#[tokio::test]
async fn what_a_slow_subscriber_does_not_take_is_lost_to_it_alone() {
    const SENT: usize = 200;
    const MARK: usize = 3;
    // More than the system keeps for a connection.
    let body = vec![7; 1 << 20];
    let (publisher, port) = publisher(MARK).await;
    let mut slow = Subscriber::greet(TcpStream::connect(("127.0.0.1", port)).await.unwrap()).await;
    let mut quick = Subscriber::greet(TcpStream::connect(("127.0.0.1", port)).await.unwrap()).await;
    for subscriber in [&mut slow, &mut quick] {
        subscriber.send(b"\x00\x01\x01").await;
        subscriber.settle().await;
    }
    for number in 0..SENT {
        let number = u32::try_from(number).unwrap().to_le_bytes();
        publisher.publish(&[&number, &body]);
        let mut message = vec![0; 2 + 4 + 9 + body.len()];
        in_time(quick.stream.read_exact(&mut message)).await.unwrap();
        assert_eq!(message[2..6], number);
    }
    // What comes after the flood is lost too, until there is room again.
    let mut numbers = Vec::new();
    let mut message = vec![0; 2 + 4 + 9 + body.len()];
    slow.send(b"\x04\x09\x04PING\0\0ab").await;
    loop {
        in_time(slow.stream.read_exact(&mut message[..7])).await.unwrap();
        if message[..7] == b"\x04\x07\x04PONG"[..] {
            break;
        }
        in_time(slow.stream.read_exact(&mut message[7..])).await.unwrap();
        numbers.push(u32::from_le_bytes(message[2..6].try_into().unwrap()));
    }
    assert!(numbers.len() >= MARK && numbers.len() < SENT, "{}", numbers.len());
    assert_eq!(numbers[0], 0, "what came first is kept");
    assert!(numbers.is_sorted(), "{numbers:?}");
}

#[tokio::test]
async fn who_does_not_subscribe_is_let_go() {
    let (publisher, port) = publisher(0).await;
    let with = |place: usize, byte: u8| {
        let mut greeting = greeting();
        greeting[place] = byte;
        greeting
    };
    for (what, bytes) in [
        ("no signature", b"GET / HTTP/1.1\r\n\r\n".to_vec()),
        ("an old version", with(10, 1)),
        ("another mechanism", with(12, b'P')),
        ("a publisher", [greeting(), READY_PUB.to_vec()].concat()),
        ("no command", [greeting(), b"\x00\x01\x01".to_vec()].concat()),
        (
            "a frame that is too long",
            [
                greeting(),
                READY_SUB.to_vec(),
                b"\x02\0\0\0\0\0\x01\0\x01".to_vec(),
            ]
            .concat(),
        ),
    ] {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.write_all(&bytes).await.unwrap();
        // A connection with bytes that nobody has read ends in an error.
        _ = in_time(stream.read_to_end(&mut Vec::new())).await;
        publisher.publish(&[what.as_bytes()]);
    }
    let mut subscriber = Subscriber::greet(TcpStream::connect(("127.0.0.1", port)).await.unwrap()).await;
    subscriber.settle().await;
}

#[tokio::test]
async fn connections_end_with_the_publisher() {
    let (publisher, port) = publisher(0).await;
    let mut subscriber = Subscriber::greet(TcpStream::connect(("127.0.0.1", port)).await.unwrap()).await;
    assert!(
        Publisher::bind(publisher.endpoint(), 0).await.is_err(),
        "the port is taken"
    );
    drop(publisher);
    assert!(matches!(subscriber.end().await, Ok(0) | Err(_)));
    let again = Endpoint::Tcp {
        host: "127.0.0.1".to_owned(),
        port,
    };
    Publisher::bind(&again, 0).await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_socket_in_the_file_system_serves_as_a_port_does() {
    use tokio::net::UnixStream;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    // One that was left behind is in nobody's way.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let endpoint = Endpoint::Ipc(path.clone());
    let publisher = Publisher::bind(&endpoint, 0).await.unwrap();
    let second = Publisher::bind(&endpoint, 0).await.unwrap_err();
    assert_eq!(second.kind(), io::ErrorKind::AddrInUse);
    let mut subscriber = Subscriber::greet(UnixStream::connect(&path).await.unwrap()).await;
    subscriber.send(b"\x00\x01\x01").await;
    subscriber.settle().await;
    publisher.publish(&[b"a"]);
    subscriber.expect(b"\x00\x01a").await;
    drop(publisher);
    assert!(!path.exists());
}
