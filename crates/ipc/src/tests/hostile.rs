//! Peers that send what is no message, or not what was asked for.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use interfaces::{Disconnection, InterfaceError, LocalInit};

use super::support::{serve, within};
use crate::EventLoop;
use crate::rpc::Ended;
use crate::wire::Opening;

/// Bytes that are no conversation, by what is wrong with them.
fn rows() -> Vec<(&'static str, Vec<u8>)> {
    let pointer_loop = [[0, 0, 0, 0, 1, 0, 0, 0], [0xfc, 0xff, 0xff, 0xff, 1, 0, 0, 0]].concat();
    let far = [
        [0, 0, 0, 0, 1, 0, 0, 0],
        [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
    ]
    .concat();
    vec![
        ("nothing", Vec::new()),
        ("half a header", vec![0, 0, 0]),
        ("too many segments", vec![0xff; 64]),
        ("too large", [[0, 0, 0, 0], [0xff; 4]].concat()),
        ("a claim without bytes", [[0, 0, 0, 0], [0, 0, 0x7f, 0]].concat()),
        ("no root", [[0, 0, 0, 0], [0, 0, 0, 0]].concat()),
        (
            "a null root",
            [[0, 0, 0, 0], [1, 0, 0, 0], [0; 4], [0; 4]].concat(),
        ),
        ("a pointer to itself", pointer_loop),
        ("a far pointer to nowhere", far),
        (
            "another protocol",
            b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_costs_its_own_connection_only() {
    let server = EventLoop::start("hostile-server").unwrap();
    let client = EventLoop::start("hostile-client").unwrap();
    let good = client.connect(serve(&server, Arc::new(LocalInit))).await.unwrap();
    let echo = within(good.make_echo()).await.unwrap();
    for (what, bytes) in rows() {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let serving = {
            let server = server.clone();
            tokio::spawn(async move { server.serve(theirs, Arc::new(LocalInit), None).await })
        };
        ours.write_all(&bytes).unwrap();
        ours.shutdown(std::net::Shutdown::Write).unwrap();
        within(serving).await.unwrap().unwrap();
        // The server says why, at most, and closes.
        let mut rest = Vec::new();
        ours.read_to_end(&mut rest).unwrap();
        assert_eq!(within(echo.echo(what.to_owned())).await.unwrap(), what);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_answers_with_garbage_is_a_lost_connection() {
    let client = EventLoop::start("hostile-answers").unwrap();
    for (what, bytes) in rows() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        theirs.write_all(&bytes).unwrap();
        theirs.shutdown(std::net::Shutdown::Write).unwrap();
        match within(client.connect(ours)).await {
            Err(InterfaceError::Disconnected(Disconnection::DuringCall)) => {}
            Err(error) => panic!("{what}: {error:?}"),
            Ok(_) => panic!("{what}: connected"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn random_bytes_never_stop_the_server() {
    let server = EventLoop::start("hostile-random").unwrap();
    // A small generator keeps the bytes the same in each run.
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut byte = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    for round in 0..300_u16 {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let serving = {
            let server = server.clone();
            tokio::spawn(async move { server.serve(theirs, Arc::new(LocalInit), None).await })
        };
        // A sound header, so that the bytes reach the RPC layer; few bits are set, as in real messages.
        let words = u8::try_from(round % 30).unwrap() + 1;
        let mut bytes = vec![0, 0, 0, 0, words, 0, 0, 0];
        for index in 0..usize::from(words) * 8 {
            let set = index % 4 == 0 || byte() % 8 == 0;
            bytes.push(if set { byte() % 8 } else { 0 });
        }
        // The server may close before all is written.
        let _ = ours.write_all(&bytes);
        let _ = ours.shutdown(std::net::Shutdown::Both);
        within(serving).await.unwrap().unwrap();
    }
    let client = EventLoop::start("hostile-after").unwrap();
    let init = client.connect(serve(&server, Arc::new(LocalInit))).await.unwrap();
    within(init.make_echo()).await.unwrap();
}

/// A message that asks for the bootstrap capability, as question 0.
fn bootstrap() -> Vec<u8> {
    let mut message = capnp::message::Builder::new_default();
    message
        .init_root::<capnp_rpc::rpc_capnp::message::Builder<'_>>()
        .init_bootstrap();
    capnp::serialize::write_message_to_words(&message)
}

/// How a server sees a client's connection end that sends this, does something, and leaves.
async fn end_of(bytes: &[u8], last: impl FnOnce(&mut UnixStream)) -> Ended {
    let server = EventLoop::start("hostile-ends").unwrap();
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    ours.write_all(bytes).unwrap();
    theirs.set_nonblocking(true).unwrap();
    let mut stream = tokio::net::UnixStream::from_std(theirs).unwrap();
    let opening = Opening::read(&mut stream).await.unwrap().unwrap();
    let theirs = stream.into_std().unwrap();
    let serving = tokio::spawn(async move {
        let forever = std::future::pending();
        let serving = server.serve_client(theirs, opening, Arc::from("here"), Arc::new(LocalInit), forever);
        serving.await.unwrap()
    });
    last(&mut ours);
    drop(ours);
    within(serving).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn how_a_client_left_is_told() {
    let read = |stream: &mut UnixStream| {
        let mut answer = [0; 8];
        stream.read_exact(&mut answer).unwrap();
    };
    let read_all = |stream: &mut UnixStream| {
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        _ = stream.read_to_end(&mut Vec::new()).unwrap();
    };
    let garbage = [&bootstrap()[..], &[0xff; 64]].concat();
    assert_eq!(end_of(&bootstrap(), read_all).await, Ended::Lost { n_open: 1 });
    // It leaves an answer that is there, unread.
    assert_eq!(end_of(&bootstrap(), read).await, Ended::Broken { n_open: 1 });
    assert_eq!(end_of(&garbage, read_all).await, Ended::GivenUp);
    let cut = [&bootstrap()[..], &[0, 0, 0, 0, 1]].concat();
    assert_eq!(end_of(&cut, read_all).await, Ended::CutOff);
}
