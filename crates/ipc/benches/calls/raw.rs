//! What the system takes for the same way without any of this crate: a pair of sockets, blocking, and a peer that reads
//! and answers.

use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use crate::window::Window;

const WORD: usize = 8;
pub(crate) const MEGABYTE: usize = 1 << 20;

/// Microseconds for a word there and a word back.
pub(crate) fn call() -> f64 {
    exchange(WORD)
}

/// Microseconds for 1 MiB there and a word back.
pub(crate) fn megabyte() -> f64 {
    exchange(MEGABYTE)
}

fn exchange(size: usize) -> f64 {
    let (mut stream, theirs) = UnixStream::pair().expect("the system has sockets");
    let mut peer = Command::new(std::env::current_exe().expect("the system names it"))
        .arg("raw-peer")
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .spawn()
        .expect("this executable starts");
    let message = vec![0; size];
    let length = u64::try_from(size).expect("small").to_le_bytes();
    stream.write_all(&length).expect("the peer is there");
    let window = Window::open();
    window.fill(|| {
        stream.write_all(&message).expect("the peer is there");
        stream.read_exact(&mut [0; WORD]).expect("the peer answers");
    });
    drop(stream);
    assert!(peer.wait().expect("it is a child").success());
    window.microseconds_per_call()
}

/// Answers each message, whose size comes first, with a word, until the stream ends.
pub(crate) fn serve() {
    let socket = std::io::stdin()
        .as_fd()
        .try_clone_to_owned()
        .expect("descriptors are free");
    let mut stream = UnixStream::from(socket);
    let mut length = [0; WORD];
    stream.read_exact(&mut length).expect("the size comes first");
    let size = u64::from_le_bytes(length);
    let mut message = vec![0; usize::try_from(size).expect("small")];
    while stream.read_exact(&mut message).is_ok() {
        stream.write_all(&[0; WORD]).expect("the caller waits");
    }
}
