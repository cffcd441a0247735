//! HTTP over a bare socket, so that a test decides about every byte.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpStream};

use anyhow::{Context as _, Result, bail, ensure};

use crate::DEADLINE;

/// A connection to the RPC server, kept open between requests.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// The bytes of a POST request.
#[must_use]
pub fn post(path: &str, authorization: Option<&str>, body: &str) -> Vec<u8> {
    let authorization = authorization
        .map(|value| format!("Authorization: {value}\r\n"))
        .unwrap_or_default();
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{authorization}Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

impl Connection {
    /// Connects to this port of the loopback address.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn open(port: u16) -> Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .with_context(|| format!("cannot connect to port {port}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.set_write_timeout(Some(DEADLINE))?;
        Ok(Self {
            stream,
            received: Vec::new(),
        })
    }

    /// Sends these bytes.
    ///
    /// # Errors
    /// When the server has closed the connection.
    pub fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.stream
            .write_all(bytes)
            .context("the server closed the connection in the middle of a request")
    }

    /// Says that nothing more will be sent.
    ///
    /// # Errors
    /// When the server has closed the connection.
    pub fn finish_sending(&mut self) -> Result<()> {
        Ok(self.stream.shutdown(Shutdown::Write)?)
    }

    /// Waits for the next answer.
    ///
    /// # Errors
    /// When the connection ends before it, or it is not HTTP as the server should speak it.
    pub fn receive(&mut self) -> Result<Response> {
        let (mut response, body) = self.receive_bytes()?;
        response.body = String::from_utf8(body)?;
        Ok(response)
    }

    /// Waits for the next answer, whose body may be any bytes.
    fn receive_bytes(&mut self) -> Result<(Response, Vec<u8>)> {
        let head_end = loop {
            if let Some(position) = self.received.windows(4).position(|window| window == b"\r\n\r\n") {
                break position;
            }
            ensure!(
                self.receive_more()?,
                "the connection ended before an answer: {:?}",
                self.text()
            );
        };
        let head = String::from_utf8(self.received[..head_end].to_vec())?;
        let mut lines = head.split("\r\n");
        let status_line = lines.next().unwrap_or_default();
        let status = match status_line.split(' ').collect::<Vec<_>>().as_slice() {
            ["HTTP/1.1" | "HTTP/1.0", status, ..] => status.parse()?,
            _ => bail!("not a status line: {status_line:?}"),
        };
        let headers = lines
            .map(|line| {
                line.split_once(": ")
                    .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            })
            .collect::<Option<Vec<_>>>()
            .with_context(|| format!("not headers: {head:?}"))?;
        let response = Response {
            status,
            headers,
            body: String::new(),
        };
        let length: usize = response
            .header("content-length")
            .context("no content length")?
            .parse()?;
        let body_start = head_end + 4;
        while self.received.len() < body_start + length {
            ensure!(
                self.receive_more()?,
                "the connection ended in the middle of an answer: {:?}",
                self.text()
            );
        }
        let rest = self.received.split_off(body_start + length);
        let body = self.received.split_off(body_start);
        self.received = rest;
        Ok((response, body))
    }

    /// Sends a request and waits for its answer.
    ///
    /// # Errors
    /// As [`Connection::send`] and [`Connection::receive`].
    pub fn exchange(&mut self, request: &[u8]) -> Result<Response> {
        self.send(request)?;
        self.receive()
    }

    /// Sends a request and waits for its answer, whose body may be any bytes.
    ///
    /// # Errors
    /// As [`Connection::send`] and [`Connection::receive`].
    pub fn exchange_bytes(&mut self, request: &[u8]) -> Result<(Response, Vec<u8>)> {
        self.send(request)?;
        self.receive_bytes()
    }

    /// Waits for the server to close the connection without a further byte.
    ///
    /// # Errors
    /// When it sends something or keeps the connection.
    pub fn wait_for_end(&mut self) -> Result<()> {
        // A server may also cut a connection whose request it has not read to the end.
        let has_more = self.receive_more().unwrap_or(false);
        ensure!(
            !has_more && self.received.is_empty(),
            "instead of an end came {:?}",
            self.text()
        );
        Ok(())
    }

    fn receive_more(&mut self) -> Result<bool> {
        let mut buffer = [0; 65536];
        let count = loop {
            match self.stream.read(&mut buffer) {
                // A read with a time limit is not resumed by the system when the process was stopped meanwhile.
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                count => break count.context("no answer")?,
            }
        };
        self.received.extend_from_slice(&buffer[..count]);
        Ok(count > 0)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.received).into_owned()
    }
}

impl Response {
    /// The value of a header, its name given in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }
}
