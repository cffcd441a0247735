//! The log as a whole.

use tempfile::TempDir;

use super::*;

struct Log {
    directory: TempDir,
    handle: LogHandle,
}

impl Log {
    fn waiting() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            handle: LogHandle {
                state: Arc::new(State::waiting()),
            },
        }
    }

    fn open(&self, settings: &[(&str, &str)]) {
        let path = self.directory.path().join("debug.log").display().to_string();
        let fixed = [("debuglogfile", path.as_str()), ("logtimestamps", "0")];
        let settings: Vec<(String, String)> = fixed
            .iter()
            .chain(settings)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let config = LogConfig::from_settings(&settings).unwrap();
        self.handle
            .state
            .open(config, ["an early line".to_owned()])
            .unwrap();
    }

    fn record(&self, events: impl FnOnce()) {
        let subscriber = tracing_subscriber::registry().with(LogLayer {
            state: self.handle.state.clone(),
        });
        tracing::subscriber::with_default(subscriber, events);
    }

    fn lines(&self) -> Vec<String> {
        let text = fs_err::read_to_string(self.directory.path().join("debug.log")).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

fn events() {
    tracing::error!("bad");
    tracing::warn!(target: "net", "odd");
    tracing::info!("plain {}", 1);
    tracing::info!(target: "ipc::server", peer = 7, name = "x", "ipc: connected");
    tracing::debug!(target: "ipc", "call");
    tracing::trace!(target: "ipc", "data");
    tracing::debug!(target: "rpc::server", "method");
    tracing::debug!(target: "elsewhere", "noise");
}

const IMPORTANT: [&str; 4] = [
    "[error] bad",
    "[net:warning] odd",
    "plain 1",
    "ipc: connected peer=7 name=x",
];

#[test]
fn categories_and_levels_decide_what_is_written() {
    type Row<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);
    let rows: [Row<'_>; 6] = [
        (&[], &[]),
        (&[("debug", "ipc")], &["[ipc] call"]),
        (
            &[("debug", "ipc"), ("loglevel", "ipc:trace")],
            &["[ipc] call", "[ipc:trace] data"],
        ),
        (&[("debug", "ipc"), ("loglevel", "info")], &[]),
        (&[("loglevel", "trace")], &[]),
        (&[("debug", "1")], &["[ipc] call", "[rpc] method"]),
    ];
    for (settings, expected) in rows {
        let log = Log::waiting();
        log.open(settings);
        log.record(events);
        let expected: Vec<&str> = ["an early line"]
            .iter()
            .chain(&IMPORTANT)
            .chain(expected)
            .copied()
            .collect();
        assert_eq!(log.lines(), expected, "{settings:?}");
    }
}

#[test]
fn events_wait_for_the_configuration_that_judges_them() {
    let log = Log::waiting();
    log.record(events);
    log.open(&[("debug", "rpc")]);
    let expected: Vec<&str> = ["an early line"]
        .iter()
        .chain(&IMPORTANT)
        .chain(&["[rpc] method"])
        .copied()
        .collect();
    assert_eq!(log.lines(), expected);
}

#[test]
fn categories_change_while_the_log_runs() {
    let log = Log::waiting();
    log.open(&[("debug", "net")]);
    let active = || -> Vec<&str> {
        log.handle
            .categories()
            .into_iter()
            .filter(|(_, active)| *active)
            .map(|(name, _)| name)
            .collect()
    };
    assert_eq!(active(), ["net"]);
    log.handle.enable("ipc").unwrap();
    log.handle.disable("net").unwrap();
    assert_eq!(active(), ["ipc"]);
    assert!(
        log.handle
            .settings()
            .contains(&("debug".to_owned(), "ipc".to_owned()))
    );
    log.handle.enable("all").unwrap();
    assert_eq!(active(), category_names());
    log.handle.disable("").unwrap();
    log.handle.enable("none").unwrap();
    assert!(active().is_empty());
    let unknown = log.handle.enable("abc").unwrap_err();
    assert_eq!(
        unknown,
        UnknownCategory {
            name: "abc".to_owned()
        }
    );
}

#[test]
fn threads_are_named() {
    let log = Log::waiting();
    log.open(&[("logthreadnames", "1")]);
    let named = std::thread::Builder::new().name("http".to_owned());
    std::thread::scope(|scope| {
        named
            .spawn_scoped(scope, || log.record(|| tracing::info!("hello")))
            .unwrap();
        scope
            .spawn(|| log.record(|| tracing::info!("nameless")))
            .join()
            .unwrap();
    });
    let lines = log.lines();
    assert!(
        lines.contains(&"[http] hello".to_owned()) && lines.contains(&"[unknown] nameless".to_owned()),
        "{lines:?}"
    );
}

#[test]
fn the_place_in_the_source_is_named() {
    let log = Log::waiting();
    log.open(&[("logsourcelocations", "1")]);
    log.record(|| tracing::info!("hello"));
    let line = log.lines().pop().unwrap();
    assert!(line.ends_with("] [app::logging::tests] hello"), "{line}");
    assert!(line.contains("/logging/tests.rs:"), "{line}");
}

#[test]
fn lines_of_many_threads_stay_whole() {
    let log = Log::waiting();
    log.open(&[]);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let log = &log;
            scope.spawn(move || {
                log.record(|| {
                    for _ in 0..50 {
                        tracing::info!("{}", thread.to_string().repeat(2000));
                    }
                });
            });
        }
    });
    let lines = log.lines();
    assert_eq!(lines.len(), 401);
    for line in &lines[1..] {
        assert!(line.len() == 2000 && line.bytes().all(|byte| byte == line.as_bytes()[0]));
    }
}
