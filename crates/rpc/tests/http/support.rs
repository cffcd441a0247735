//! A server on a free port of loopback and raw connections to it.

#![expect(clippy::unwrap_used, reason = "a test fails where its support does")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use rpc::{
    Config, Credentials, DispatchConfig, Dispatcher, Kind, Method, MethodTable, Naming, Param, Server,
    Service, ServiceConfig, Shape, ShapeKind,
};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// Longer than anything here takes, however busy the machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// A running server.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) server: Server,
    /// Each permit lets one call of `wait` end.
    pub(crate) gate: Arc<Semaphore>,
    /// Receives a permit for each call of `wait` that has begun.
    pub(crate) begun: Arc<Semaphore>,
}

/// The configuration of a test server, to be varied.
pub(crate) fn config() -> Config {
    let mut credentials = Credentials::default();
    credentials.add_password("user", "password");
    Config {
        bind: vec!["127.0.0.1:0".parse().unwrap()],
        credentials,
        ..Config::default()
    }
}

pub(crate) async fn start(config: &Config) -> Running {
    start_with(config, &ServiceConfig::default()).await
}

pub(crate) async fn start_with(config: &Config, service: &ServiceConfig) -> Running {
    let gate = Arc::new(Semaphore::new(0));
    let begun = Arc::new(Semaphore::new(0));
    let mut table = MethodTable::default();
    table.register(echo()).unwrap();
    table
        .register(wait(Arc::clone(&gate), Arc::clone(&begun)))
        .unwrap();
    let service = Service::new(service, dispatcher(table));
    let server = Server::start(config, service).await.unwrap();
    Running {
        address: server.addresses()[0],
        server,
        gate,
        begun,
    }
}

pub(crate) fn dispatcher(table: MethodTable) -> Arc<Dispatcher> {
    let naming = Naming {
        product: "Product Core".to_owned(),
        version: "v1".to_owned(),
        bug_report: "https://product.example".to_owned(),
        client: "product-cli".to_owned(),
        port: 1,
    };
    let config_of_calls = DispatchConfig {
        log_path: String::new(),
        check_results: true,
        naming,
    };
    let dispatcher = Dispatcher::new(config_of_calls, table, || {}).unwrap();
    dispatcher.finish_warmup();
    dispatcher
}

fn echo() -> Method {
    Method::declare("hidden", "echo", "Echoes.")
        .param(Param::optional("arg0", Kind::String, "").unchecked())
        .param(Param::optional("arg1", Kind::String, "").unchecked())
        .result(Shape::new(ShapeKind::Any, ""))
        .handle(async |request| Ok(request.arguments.into_values().into()))
}

fn wait(gate: Arc<Semaphore>, begun: Arc<Semaphore>) -> Method {
    Method::declare("hidden", "wait", "Waits.")
        .result(Shape::new(ShapeKind::Any, ""))
        .handle(move |_| {
            let (gate, begun) = (Arc::clone(&gate), Arc::clone(&begun));
            async move {
                begun.add_permits(1);
                gate.acquire().await.unwrap().forget();
                Ok(Value::Null)
            }
        })
}

pub(crate) fn authorization(pair: &str) -> String {
    format!(
        "Authorization: Basic {}\r\n",
        base64::engine::general_purpose::STANDARD.encode(pair)
    )
}

/// A request with the right password.
pub(crate) fn post(body: &str) -> String {
    let authorization = authorization("user:password");
    format!(
        "POST / HTTP/1.1\r\nHost: x\r\n{authorization}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A connection that reads whole responses.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    received: Vec<u8>,
}

/// A response: status, head and body.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self {
            stream: TcpStream::connect(address).await.unwrap(),
            received: Vec::new(),
        }
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// The next response.
    pub(crate) async fn response(&mut self) -> Response {
        let end = loop {
            if let Some(end) = self.received.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
            assert!(
                self.fill().await,
                "closed within a head: {:?}",
                String::from_utf8_lossy(&self.received)
            );
        };
        let head = String::from_utf8(self.received.drain(..end + 4).collect()).unwrap();
        let length = header(&head, "content-length").map_or(0, |length| length.parse().unwrap());
        while self.received.len() < length {
            assert!(self.fill().await, "closed within a body");
        }
        let body = String::from_utf8(self.received.drain(..length).collect()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Response { status, head, body }
    }

    /// Whether the server closes the connection without another byte.
    pub(crate) async fn is_closed(&mut self) -> bool {
        self.received.is_empty() && !self.fill().await
    }

    /// What comes until the server closes the connection.
    pub(crate) async fn until_closed(&mut self) -> String {
        while self.fill().await {}
        String::from_utf8_lossy(&self.received).into_owned()
    }

    async fn fill(&mut self) -> bool {
        let mut buffer = [0; 4096];
        let read = tokio::time::timeout(DEADLINE, self.stream.read(&mut buffer))
            .await
            .expect("an answer in time");
        // A reset is how a peer closes that has not read everything.
        let length = read.unwrap_or(0);
        self.received.extend_from_slice(&buffer[..length]);
        length > 0
    }
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    lines
        .filter(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
        .next()
}
