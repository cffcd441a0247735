//! A subscriber of ZeroMQ, as far as the node's messages need one (ZMTP 3.0).

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use crate::{DEADLINE, wait_until};

/// A message of the node's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// What it is about.
    pub topic: String,
    /// What it says.
    pub body: Vec<u8>,
    /// How many of its kind came before it.
    pub number: u32,
}

/// A connection that is subscribed to topics.
#[derive(Debug)]
pub struct Subscriber<S> {
    stream: S,
}

impl Subscriber<TcpStream> {
    /// Subscribes at this port of the loopback address, as soon as somebody listens there.
    ///
    /// # Errors
    /// When nobody does, or it is no publisher.
    pub fn connect(port: u16, topics: &[&str]) -> Result<Self> {
        let stream = wait_until("a publisher", || {
            Ok(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok())
        })?;
        stream.set_read_timeout(Some(DEADLINE))?;
        Self::subscribe(stream, topics)
    }
}

impl Subscriber<UnixStream> {
    /// Subscribes at this socket, as soon as somebody listens there.
    ///
    /// # Errors
    /// When nobody does, or it is no publisher.
    pub fn connect_to(path: &Path, topics: &[&str]) -> Result<Self> {
        let stream = wait_until("a publisher", || Ok(UnixStream::connect(path).ok()))?;
        stream.set_read_timeout(Some(DEADLINE))?;
        Self::subscribe(stream, topics)
    }
}

impl<S: Read + Write> Subscriber<S> {
    fn subscribe(mut stream: S, topics: &[&str]) -> Result<Self> {
        let mut greeting = [0; 64];
        greeting[0] = 0xff;
        greeting[9..11].copy_from_slice(&[0x7f, 3]);
        greeting[12..16].copy_from_slice(b"NULL");
        stream.write_all(&greeting)?;
        stream.write_all(b"\x04\x19\x05READY\x0bSocket-Type\0\0\0\x03SUB")?;
        let mut theirs = [0; 64];
        stream.read_exact(&mut theirs).context("no greeting")?;
        ensure!(theirs == greeting, "{theirs:?}");
        let mut subscriber = Self { stream };
        let (flags, ready) = subscriber.frame()?;
        ensure!(
            flags == 4 && ready.ends_with(b"PUB"),
            "it is not ready to publish: {ready:?}"
        );
        for topic in topics {
            let length = u8::try_from(topic.len() + 1)?;
            subscriber.stream.write_all(&[0, length, 1])?;
            subscriber.stream.write_all(topic.as_bytes())?;
        }
        // The answer to a ping says that all before it was read.
        subscriber.stream.write_all(b"\x04\x07\x04PING\0\0")?;
        let (flags, pong) = subscriber.frame()?;
        ensure!(flags == 4 && pong == b"\x04PONG", "{pong:?}");
        Ok(subscriber)
    }

    /// Waits for the next message.
    ///
    /// # Errors
    /// When none comes, or it is not as the node's should be.
    pub fn receive(&mut self) -> Result<Published> {
        let (first, topic) = self.frame()?;
        let (second, body) = self.frame()?;
        let (third, number) = self.frame()?;
        let more = [first, second, third].map(|flags| flags & 1);
        ensure!(more == [1, 1, 0], "a message of other parts: {more:?}");
        Ok(Published {
            topic: String::from_utf8(topic)?,
            body,
            number: u32::from_le_bytes(number.as_slice().try_into()?),
        })
    }

    fn frame(&mut self) -> Result<(u8, Vec<u8>)> {
        let mut head = [0; 2];
        self.stream.read_exact(&mut head).context("no message")?;
        let length = if head[0] & 2 == 0 {
            usize::from(head[1])
        } else {
            let mut rest = [0; 8];
            rest[0] = head[1];
            self.stream.read_exact(&mut rest[1..])?;
            usize::try_from(u64::from_be_bytes(rest))?
        };
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok((head[0] & !2, body))
    }
}
