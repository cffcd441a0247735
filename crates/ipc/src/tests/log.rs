//! The lines under `-debug=ipc`, which people and rigs read.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, OnceLock};

use async_trait::async_trait;
use interfaces::{Echo, Init, InterfaceError, LocalInit, Rpc};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

use super::support::{GatedInit, serve, within};
use crate::EventLoop;

type Lines = Arc<Mutex<Vec<(Level, String, String)>>>;

struct Capture(Lines);

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

impl<S: Subscriber> Layer<S> for Capture {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        let metadata = event.metadata();
        let line = (*metadata.level(), metadata.target().to_owned(), message.0);
        self.0.lock().unwrap().push(line);
    }
}

/// The IPC thread needs the process's subscriber, which all tests share.
fn lines() -> &'static Lines {
    static LINES: OnceLock<Lines> = OnceLock::new();
    LINES.get_or_init(|| {
        let lines = Lines::default();
        let subscriber = tracing_subscriber::registry().with(Capture(Arc::clone(&lines)));
        tracing::subscriber::set_global_default(subscriber).unwrap();
        lines
    })
}

/// Numbers of processes, threads and requests, which differ between runs, become `N`.
fn normalised(line: &str) -> String {
    let mut normalised = String::new();
    for part in line.split_inclusive(|letter: char| !letter.is_ascii_digit()) {
        let digits = part.trim_end_matches(|letter: char| !letter.is_ascii_digit());
        if digits.is_empty() {
            normalised.push_str(part);
        } else {
            normalised.push('N');
            normalised.push_str(&part[digits.len()..]);
        }
    }
    normalised
}

#[tokio::test]
async fn calls_are_logged_as_core_logs_them() {
    let lines = lines();
    let server = EventLoop::start("log-server").unwrap();
    let client = EventLoop::start("log-client").unwrap();
    let init = client.connect(serve(&server, Arc::new(LocalInit))).await.unwrap();
    let echo = within(init.make_echo()).await.unwrap();
    within(echo.echo("logged".to_owned())).await.unwrap();
    within(echo.echo("long ".repeat(100_000))).await.unwrap();

    let lines = lines.lock().unwrap().clone();
    let calls: Vec<_> = lines
        .iter()
        .filter(|(_, target, _)| target == "ipc")
        .filter(|(_, _, line)| line.starts_with("{log-"))
        .map(|(level, _, line)| (*level, normalised(line)))
        .collect();
    let caller = "{log-client-N/tests::log::calls_are_logged_as_core_logs_them-N}";
    let expected = [
        "{log-client-N/b-capnp-loop-N} IPC client send Init.construct$Params".to_owned(),
        "{log-server-N/b-capnp-loop-N} IPC server recv request  #N Init.construct$Params".to_owned(),
        "{log-server-N/b-capnp-loop-N} IPC server send response #N Init.construct$Results".to_owned(),
        "{log-client-N/b-capnp-loop-N} IPC client recv Init.construct$Results".to_owned(),
        format!("{caller} IPC client send Init.makeEcho$Params"),
        "{log-server-N/b-capnp-loop-N} IPC server recv request  #N Init.makeEcho$Params".to_owned(),
        format!(
            "{{log-server-N/b-capnp-loop-N}} IPC server post request  #N {{log-server-N/N (from {})}}",
            &caller[1..caller.len() - 1]
        ),
        "{log-server-N/b-capnp-loop-N} IPC server send response #N Init.makeEcho$Results".to_owned(),
        format!("{caller} IPC client recv Init.makeEcho$Results"),
        format!("{caller} IPC client send Echo.echo$Params"),
        "{log-server-N/b-capnp-loop-N} IPC server recv request  #N Echo.echo$Params".to_owned(),
    ];
    for (index, expected) in expected.iter().enumerate() {
        assert_eq!(calls[index], (Level::DEBUG, expected.clone()), "line {index}");
    }

    let data: Vec<_> = lines
        .iter()
        .filter(|(level, target, _)| *level == Level::TRACE && target == "ipc")
        .map(|(_, _, line)| line.as_str())
        .collect();
    let context = "context = (thread = <external capability>, callbackThread = <external capability>)";
    assert!(
        data.contains(&&*format!("request data: ({context}, echo = \"logged\")")),
        "{data:?}"
    );
    assert!(data.contains(&"response data: (result = \"logged\")"), "{data:?}");
    let long = data
        .iter()
        .find(|line| line.starts_with("request data: ") && line.contains("long"))
        .unwrap();
    assert_eq!(long.chars().count(), "request data: ".len() + 200 + "...".len());
    assert!(long.ends_with("..."));

    let connected = lines
        .iter()
        .find(|(_, _, line)| line.contains("log-server") && line.contains("connected"))
        .unwrap();
    assert_eq!(connected.0, Level::INFO);
    assert_eq!(
        normalised(&connected.2),
        "ipc: {log-server-N/b-capnp-loop-N} IPC server: socket connected."
    );
}

#[tokio::test]
async fn a_call_that_fails_is_logged_on_both_ends_as_core_logs_it() {
    let lines = lines();
    let server = EventLoop::start("fail-server").unwrap();
    let client = EventLoop::start("fail-client").unwrap();
    let init = client
        .connect(serve(&server, Arc::new(GatedInit::open())))
        .await
        .unwrap();
    let echo = within(init.make_echo()).await.unwrap();
    within(echo.echo("fail".to_owned())).await.unwrap_err();

    let lines = lines.lock().unwrap().clone();
    let failed: Vec<_> = lines
        .iter()
        .filter(|(_, target, line)| {
            target == "ipc" && line.starts_with("{fail-") && line.contains("xception")
        })
        .map(|(level, _, line)| (*level, normalised(line)))
        .collect();
    let caller = "{fail-client-N/tests::log::a_call_that_fails_is_logged_on_both_ends_as_core_logs_it-N}";
    let why = "std::exception: malformed IPC message: as asked for";
    let expected = [
        format!(
            "{{fail-server-N/b-capnp-loop-N}} IPC server error request #N Echo.echo$Results kj::Exception: {why}"
        ),
        format!("{caller} IPC client exception kj::Exception: remote exception: {why}"),
    ];
    assert_eq!(failed, expected.map(|line| (Level::DEBUG, line)));
}

/// Answers with what it is told.
struct Parrot;

#[async_trait]
impl Init for Parrot {
    async fn make_echo(&self) -> Result<Arc<dyn Echo>, InterfaceError> {
        LocalInit.make_echo().await
    }

    async fn make_rpc(&self) -> Result<Arc<dyn Rpc>, InterfaceError> {
        Ok(Arc::new(Self))
    }
}

#[async_trait]
impl Rpc for Parrot {
    async fn execute_rpc(&self, request: String, _: String, _: String) -> Result<String, InterfaceError> {
        Ok(request)
    }
}

#[tokio::test]
async fn what_rpc_methods_are_told_and_tell_is_not_logged() {
    let lines = lines();
    let both = EventLoop::start("parrot").unwrap();
    let init = both.connect(serve(&both, Arc::new(Parrot))).await.unwrap();
    let rpc = within(init.make_rpc()).await.unwrap();
    let request = r#"{"method":"walletpassphrase","params":["hunter2",60]}"#;
    let answer = within(rpc.execute_rpc(request.to_owned(), "/".to_owned(), "me".to_owned())).await;
    assert_eq!(answer.unwrap(), request);

    let lines = lines.lock().unwrap().clone();
    assert!(lines.iter().all(|(_, _, line)| !line.contains("hunter2")));
    let shown = [
        r#"request = <secret>, uri = "/", user = "me")"#,
        "response data: (result = <secret>)",
    ];
    for shown in shown {
        assert!(
            lines.iter().any(|(_, _, line)| line.ends_with(shown)),
            "{lines:?}"
        );
    }
}
