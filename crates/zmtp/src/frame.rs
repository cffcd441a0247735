//! Frames: the parts of messages, and commands.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// More follows in the same message.
const MORE: u8 = 1;
/// The length has eight bytes.
const LONG: u8 = 2;
/// It is a command.
const COMMAND: u8 = 4;

/// The longest frame that is taken from a subscriber, in bytes.
pub(crate) const MAX_FRAME: u64 = 64 * 1024;

/// What a subscriber sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Frame {
    /// A part of a message.
    Part(Vec<u8>),
    /// A command.
    Command {
        /// Its name.
        name: Vec<u8>,
        /// What it says.
        data: Vec<u8>,
    },
}

/// What was sent is not in the protocol.
pub(crate) fn violation(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl Frame {
    /// Reads the next frame.
    pub(crate) async fn read(reader: &mut (impl AsyncRead + Unpin)) -> io::Result<Self> {
        let flags = reader.read_u8().await?;
        if flags & !(MORE | LONG | COMMAND) != 0 || flags & (MORE | COMMAND) == MORE | COMMAND {
            return Err(violation("a frame with flags that there are not"));
        }
        let length = match flags & LONG {
            0 => reader.read_u8().await?.into(),
            _ => reader.read_u64().await?,
        };
        if length > MAX_FRAME {
            return Err(violation("a frame that is too long"));
        }
        let mut body = vec![0; usize::try_from(length).map_err(|_| violation("a frame that is too long"))?];
        reader.read_exact(&mut body).await?;
        if flags & COMMAND == 0 {
            return Ok(Self::Part(body));
        }
        let (length, rest) = body
            .split_first()
            .ok_or_else(|| violation("a command without a name"))?;
        let (name, data) = rest
            .split_at_checked(usize::from(*length))
            .ok_or_else(|| violation("a command with half a name"))?;
        Ok(Self::Command {
            name: name.to_vec(),
            data: data.to_vec(),
        })
    }
}

/// A message as it is sent.
pub(crate) fn message(parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let flags = if index + 1 < parts.len() { MORE } else { 0 };
        append(&mut bytes, flags, part.len());
        bytes.extend_from_slice(part);
    }
    bytes
}

/// A command as it is sent.
pub(crate) fn command(name: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    append(&mut bytes, COMMAND, 1 + name.len() + data.len());
    bytes.push(u8::try_from(name.len()).expect("names are short because they are written here"));
    bytes.extend_from_slice(name.as_bytes());
    bytes.extend_from_slice(data);
    bytes
}

fn append(bytes: &mut Vec<u8>, flags: u8, length: usize) {
    match u8::try_from(length) {
        Ok(length) => bytes.extend_from_slice(&[flags, length]),
        Err(_) => {
            bytes.push(flags | LONG);
            bytes.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> io::Result<Vec<Frame>> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut rest = bytes;
            let mut frames = Vec::new();
            while !rest.is_empty() {
                frames.push(Frame::read(&mut rest).await?);
            }
            Ok(frames)
        })
    }

    #[test]
    fn messages_and_commands_are_written_as_specified() {
        assert_eq!(message(&[b"ab", b"c"]), b"\x01\x02ab\x00\x01c");
        assert_eq!(command("PONG", b"x"), b"\x04\x06\x04PONGx");
        let long = [7; 256];
        let expected = [&b"\x02\0\0\0\0\0\0\x01\0"[..], &long].concat();
        assert_eq!(message(&[&long]), expected);
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        for (bytes, kind) in [
            (&b"\x08\x00"[..], io::ErrorKind::InvalidData),
            (b"\x05\x00", io::ErrorKind::InvalidData),
            (b"\x04\x00", io::ErrorKind::InvalidData),
            (b"\x04\x02\x02a", io::ErrorKind::InvalidData),
            (b"\x02\0\0\0\0\0\x01\0\x01", io::ErrorKind::InvalidData),
            (
                b"\x02\xff\xff\xff\xff\xff\xff\xff\xff",
                io::ErrorKind::InvalidData,
            ),
            (b"\x00\x02a", io::ErrorKind::UnexpectedEof),
            (b"\x00", io::ErrorKind::UnexpectedEof),
        ] {
            assert_eq!(read(bytes).unwrap_err().kind(), kind, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..600), 1..4), data: Vec<u8>) {
            let slices: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            let mut bytes = message(&slices);
            bytes.extend(command("NAME", &data));
            let mut expected: Vec<Frame> = parts.into_iter().map(Frame::Part).collect();
            expected.push(Frame::Command { name: b"NAME".to_vec(), data });
            prop_assert_eq!(read(&bytes).unwrap(), expected);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            _ = read(&bytes);
        }
    }
}
