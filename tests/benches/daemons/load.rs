//! Calls of one kind without a pause, on several connections, at little cost to the processors that the server runs on:
//! one thread, and no look at what an answer says beyond the first one.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use functional_tests::{DEADLINE, post};
use serde_json::{Value, json};

/// The most that is read at a time.
const BUFFER: usize = 1 << 20;

/// Connections that call the same method again and again.
pub(crate) struct Load {
    streams: Vec<TcpStream>,
    request: Vec<u8>,
    /// Of an answer, head and body. Each has the same.
    length: usize,
    buffer: Vec<u8>,
}

impl Load {
    /// Connects, and makes sure of the first answer on each connection.
    pub(crate) fn open(
        port: u16,
        authorization: &str,
        (method, params): (&str, &Value),
        count: usize,
    ) -> Result<Self> {
        let body = json!({"id": 1, "method": method, "params": params}).to_string();
        let mut load = Self {
            streams: Vec::new(),
            request: post("/", Some(authorization), &body),
            length: 0,
            buffer: vec![0; BUFFER],
        };
        for _connection in 0..count {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(DEADLINE))?;
            stream.set_write_timeout(Some(DEADLINE))?;
            stream.write_all(&load.request)?;
            let length = first_answer(&mut stream, &mut load.buffer)?;
            ensure!(load.length == 0 || load.length == length, "answers differ");
            load.length = length;
            load.streams.push(stream);
        }
        Ok(load)
    }

    /// Calls for some time, and gives how many calls were answered in a second.
    pub(crate) fn run(&mut self, span: Duration) -> Result<f64> {
        let begin = Instant::now();
        let mut answered: u32 = 0;
        for stream in &mut self.streams {
            stream.write_all(&self.request)?;
        }
        while begin.elapsed() < span {
            for stream in &mut self.streams {
                skip(stream, self.length, &mut self.buffer)?;
                stream.write_all(&self.request)?;
                answered += 1;
            }
        }
        for stream in &mut self.streams {
            skip(stream, self.length, &mut self.buffer)?;
            answered += 1;
        }
        Ok(f64::from(answered) / begin.elapsed().as_secs_f64())
    }
}

/// Reads an answer that must be a success, and gives its length.
fn first_answer(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<usize> {
    let mut answer = Vec::new();
    loop {
        let count = stream.read(buffer)?;
        ensure!(count > 0, "the server closed the connection");
        answer.extend_from_slice(&buffer[..count]);
        let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        let head = std::str::from_utf8(&answer[..end])?.to_ascii_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .context("no content length")?;
        let whole = end + 4 + length.parse::<usize>()?;
        if answer.len() >= whole {
            ensure!(
                head.starts_with("http/1.1 200 ") && answer.ends_with(b"\"error\":null,\"id\":1}\n"),
                "not a success: {head}"
            );
            return Ok(whole);
        }
    }
}

/// Takes so many bytes off the line.
fn skip(stream: &mut TcpStream, length: usize, buffer: &mut [u8]) -> Result<()> {
    let mut left = length;
    while left > 0 {
        let most = left.min(buffer.len());
        let count = stream.read(&mut buffer[..most])?;
        ensure!(count > 0, "the server closed the connection");
        left -= count;
    }
    Ok(())
}
