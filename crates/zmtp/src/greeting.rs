//! How a connection begins: who speaks which version, and who is what.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::frame::{self, Frame, violation};

/// A signature, the version 3.0, the mechanism `NULL`, and that this side is no server, which matters to others only.
const GREETING: [u8; 64] = {
    let mut bytes = [0; 64];
    bytes[0] = 0xff;
    bytes[9] = 0x7f;
    bytes[10] = 3;
    bytes[12] = b'N';
    bytes[13] = b'U';
    bytes[14] = b'L';
    bytes[15] = b'L';
    bytes
};

/// Where the mechanism stands.
const MECHANISM: std::ops::Range<usize> = 12..32;

/// What tells the kind of socket.
const SOCKET_TYPE: &[u8] = b"Socket-Type";

/// Greets a subscriber, and makes sure that it is one.
pub(crate) async fn greet(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<()> {
    stream.write_all(&GREETING).await?;
    let mut theirs = [0; GREETING.len()];
    // Who speaks an older version says no more than this before it is answered.
    stream.read_exact(&mut theirs[..11]).await?;
    if theirs[0] != 0xff || theirs[9] & 1 == 0 || theirs[10] < 3 {
        return Err(violation("a greeting of no version that is spoken here"));
    }
    stream.read_exact(&mut theirs[11..]).await?;
    if theirs[MECHANISM] != GREETING[MECHANISM] {
        return Err(violation("a mechanism that is not spoken here"));
    }
    let mut properties = Vec::new();
    append_property(&mut properties, SOCKET_TYPE, b"PUB");
    stream.write_all(&frame::command("READY", &properties)).await?;
    match Frame::read(stream).await? {
        Frame::Command { name, data } if name == b"READY" => match property(&data, SOCKET_TYPE) {
            Some(b"SUB" | b"XSUB") => Ok(()),
            _ => Err(violation("a socket that does not subscribe")),
        },
        _ => Err(violation("something else than READY")),
    }
}

fn append_property(bytes: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    let length = u8::try_from(name.len()).expect("names are short because they are written here");
    let value_length = u32::try_from(value.len()).expect("values are short because they are written here");
    bytes.push(length);
    bytes.extend_from_slice(name);
    bytes.extend_from_slice(&value_length.to_be_bytes());
    bytes.extend_from_slice(value);
}

/// A property of this name, whatever its case.
fn property<'a>(mut bytes: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    loop {
        let (length, rest) = bytes.split_first()?;
        let (found, rest) = rest.split_at_checked(usize::from(*length))?;
        let (length, rest) = rest.split_first_chunk()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (value, rest) = rest.split_at_checked(length)?;
        if found.eq_ignore_ascii_case(name) {
            return Some(value);
        }
        bytes = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_found_whatever_comes_before_them() {
        let mut bytes = Vec::new();
        append_property(&mut bytes, b"Identity", b"");
        append_property(&mut bytes, b"socket-TYPE", b"SUB");
        assert_eq!(property(&bytes, SOCKET_TYPE), Some(&b"SUB"[..]));
        assert_eq!(property(&bytes, b"Resource"), None);
        for end in 0..bytes.len() {
            assert_eq!(property(&bytes[..end], SOCKET_TYPE), None, "{end}");
        }
    }
}
