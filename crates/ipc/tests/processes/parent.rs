//! What the parent sees of its children.

use std::fmt::Debug;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use interfaces::{Disconnection, Init, InterfaceError, suite};
use ipc::{Backoff, EventLoop, SpawnConfig, SpawningInit, Supervisor};
use tempfile::TempDir;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

pub(crate) const TESTS: [(&str, fn()); 13] = [
    (
        "spawned objects pass the suite and leave no child",
        spawned_objects_pass_the_suite,
    ),
    (
        "each object has a process of its own",
        each_object_has_its_own_process,
    ),
    (
        "a child is started with three arguments and one socket",
        a_child_gets_three_arguments_and_one_socket,
    ),
    (
        "a child is told where to log before all else",
        a_child_is_told_where_to_log,
    ),
    (
        "a child that crashes in a call is a lost connection",
        a_crash_is_a_lost_connection,
    ),
    (
        "a child that leaves at once is one that cannot be started",
        a_child_that_leaves_cannot_be_started,
    ),
    ("a missing executable is named", a_missing_executable_is_named),
    (
        "a child that does not answer is given up",
        a_silent_child_is_given_up,
    ),
    (
        "a child that does not leave is killed",
        a_stubborn_child_is_killed,
    ),
    (
        "children are dismissed though a call is under way",
        children_are_dismissed,
    ),
    (
        "a supervised child that is killed is started again",
        a_supervised_child_is_started_again,
    ),
    (
        "a supervisor waits for an executable that is not there",
        a_supervisor_waits_for_its_executable,
    ),
    (
        "a supervised child leaves with its supervisor, and is not started again after children are dismissed",
        a_supervised_child_leaves,
    ),
];

pub(crate) struct Parent {
    pub(crate) directory: TempDir,
    event_loop: EventLoop,
    pub(crate) init: Arc<SpawningInit>,
}

impl Parent {
    pub(crate) fn new(child: &'static str) -> Self {
        Self::with_deadlines(child, Duration::from_secs(30), Duration::from_secs(30))
    }

    fn with_deadlines(child: &'static str, answer_within: Duration, exit_within: Duration) -> Self {
        lines();
        let directory = tempfile::tempdir().unwrap();
        link(directory.path(), child);
        let event_loop = EventLoop::start("parent").unwrap();
        let settings = vec![
            (
                directory.path().join("settings").to_string_lossy().into_owned(),
                "₿".to_owned(),
            ),
            ("-debug".to_owned(), "ipc".to_owned()),
        ];
        let config = SpawnConfig {
            directory: directory.path().to_owned(),
            echo_program: child,
            log_settings: Box::new(move || settings.clone()),
            answer_within,
            exit_within,
        };
        let init = Arc::new(SpawningInit::new(event_loop.clone(), config));
        Self {
            directory,
            event_loop,
            init,
        }
    }

    /// Waits for the last child's exit.
    pub(crate) async fn finish(self) {
        within(self.init.children_exited()).await;
        let event_loop = self.event_loop;
        assert!(
            tokio::task::spawn_blocking(move || event_loop.stop())
                .await
                .unwrap()
        );
    }
}

pub(crate) fn link(directory: &Path, name: &str) {
    std::os::unix::fs::symlink(std::env::current_exe().unwrap(), directory.join(name)).unwrap();
}

pub(crate) fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(test);
}

pub(crate) async fn within<T>(waited: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), waited)
        .await
        .expect("it comes within the deadline")
}

/// Waits until a condition holds that no event announces.
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::yield_now();
    }
}

fn spawned_objects_pass_the_suite() {
    run(async {
        let parent = Parent::new("echo-child");
        let init: Arc<dyn Init> = parent.init.clone();
        within(suite::check_init(init)).await;
        parent.finish().await;
        let launched = count("Process echo-child pid ", " launched");
        assert_eq!(launched, 5);
        assert_eq!(
            count("Process echo-child pid ", " exited with status 0"),
            launched
        );
    });
}

fn each_object_has_its_own_process() {
    run(async {
        let parent = Parent::new("reporting-child");
        let first = within(parent.init.make_echo()).await.unwrap();
        let second = within(parent.init.make_echo()).await.unwrap();
        let pid = async |echo: &Arc<dyn interfaces::Echo>| within(echo.echo("pid".to_owned())).await.unwrap();
        let pids = [
            pid(&first).await,
            pid(&second).await,
            std::process::id().to_string(),
        ];
        assert!(
            pids[0] != pids[1] && pids[0] != pids[2] && pids[1] != pids[2],
            "{pids:?}"
        );
        drop(first);
        assert_eq!(pid(&second).await, pids[1]);
        drop(second);
        parent.finish().await;
        // Reaped, not only dead.
        assert!(!Path::new("/proc").join(&pids[0]).exists());
    });
}

fn a_child_gets_three_arguments_and_one_socket() {
    // Left open for children by mistake.
    let (stray, _other) = UnixStream::pair().unwrap();
    rustix::io::fcntl_setfd(&stray, rustix::io::FdFlags::empty()).unwrap();
    run(async {
        let parent = Parent::new("reporting-child");
        let echo = within(parent.init.make_echo()).await.unwrap();
        let arguments = within(echo.echo("arguments".to_owned())).await.unwrap();
        let words: Vec<_> = arguments.split(' ').collect();
        assert_eq!(words.len(), 2, "{arguments}");
        assert_eq!(words[0], "-ipcfd");
        let descriptors = within(echo.echo("sockets and strays".to_owned())).await.unwrap();
        // The connection, and the two ends of the runtime's own signal pipe, which is a socket pair.
        let others: Vec<_> = descriptors
            .split(',')
            .filter(|name| !name.starts_with("socket:"))
            .collect();
        assert!(others.is_empty(), "{descriptors}");
        let stray = fs_err::read_link(format!(
            "/proc/self/fd/{}",
            std::os::fd::AsRawFd::as_raw_fd(&stray)
        ))
        .unwrap();
        assert!(!descriptors.contains(&*stray.to_string_lossy()), "{descriptors}");
        drop(echo);
        parent.finish().await;
    });
}

fn a_child_is_told_where_to_log() {
    run(async {
        let parent = Parent::new("echo-child");
        let echo = within(parent.init.make_echo()).await.unwrap();
        let path = parent.directory.path().join("settings");
        let told = fs_err::read_to_string(&path).unwrap();
        assert_eq!(told, format!("[({path:?}, \"₿\"), (\"-debug\", \"ipc\")]"));
        drop(echo);
        parent.finish().await;
    });
}

fn a_crash_is_a_lost_connection() {
    run(async {
        let parent = Parent::new("crashing-child");
        for _ in 0..2 {
            let echo = within(parent.init.make_echo()).await.unwrap();
            let error = within(echo.echo("crash".to_owned())).await.unwrap_err();
            assert!(matches!(
                error,
                InterfaceError::Disconnected(Disconnection::DuringCall)
            ));
            assert_eq!(
                error.to_string(),
                "IPC client method call interrupted by disconnect."
            );
            let error = within(echo.echo("again".to_owned())).await.unwrap_err();
            assert_eq!(error.to_string(), "IPC client method called after disconnect.");
        }
        parent.finish().await;
        assert_eq!(count("Process crashing-child pid ", " was killed by signal 6"), 2);
    });
}

fn a_child_that_leaves_cannot_be_started() {
    run(async {
        let parent = Parent::new("leaving-child");
        let error = within(parent.init.make_echo()).await.map(drop).unwrap_err();
        let InterfaceError::Spawn { source, .. } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(source.to_string(), "it exited with status 0 before it answered");
        parent.finish().await;
    });
}

fn a_missing_executable_is_named() {
    run(async {
        let parent = Parent::new("missing-child");
        let path = parent.directory.path().join("missing-child");
        fs_err::remove_file(&path).unwrap();
        let error = within(parent.init.make_echo()).await.map(drop).unwrap_err();
        let InterfaceError::Spawn { program, source } = error else {
            panic!("{error:?}");
        };
        assert_eq!(program, path);
        assert_eq!(source.kind(), std::io::ErrorKind::NotFound);
        parent.finish().await;
    });
}

fn a_silent_child_is_given_up() {
    run(async {
        let deadline = Duration::from_millis(300);
        let parent = Parent::with_deadlines("silent-child", deadline, Duration::from_secs(30));
        let error = within(parent.init.make_echo()).await.map(drop).unwrap_err();
        let InterfaceError::Unresponsive { peer, waited } = error else {
            panic!("{error:?}");
        };
        assert_eq!((peer.as_str(), waited), ("silent-child", deadline));
        parent.finish().await;
    });
}

fn a_stubborn_child_is_killed() {
    run(async {
        let parent = Parent::with_deadlines(
            "stubborn-child",
            Duration::from_secs(30),
            Duration::from_millis(100),
        );
        let killed = count("Process stubborn-child pid ", " was killed by signal 9");
        let echo = within(parent.init.make_echo()).await.unwrap();
        let sent = count(" IPC client send Echo.echo$Params", "");
        let call = {
            let echo = Arc::clone(&echo);
            tokio::spawn(async move { echo.echo("for ever".to_owned()).await })
        };
        wait_until("the call is sent", || {
            count(" IPC client send Echo.echo$Params", "") > sent
        });
        call.abort();
        assert!(call.await.is_err());
        drop(echo);
        parent.finish().await;
        assert_eq!(
            count("Process stubborn-child pid ", " was killed by signal 9"),
            killed + 1
        );
    });
}

fn children_are_dismissed() {
    run(async {
        let parent = Parent::with_deadlines(
            "stubborn-child",
            Duration::from_secs(30),
            Duration::from_millis(100),
        );
        let killed = count("Process stubborn-child pid ", " was killed by signal 9");
        let echo = within(parent.init.make_echo()).await.unwrap();
        let sent = count(" IPC client send Echo.echo$Params", "");
        let call = {
            let echo = Arc::clone(&echo);
            tokio::spawn(async move { echo.echo("for ever".to_owned()).await })
        };
        wait_until("the call is sent", || {
            count(" IPC client send Echo.echo$Params", "") > sent
        });
        within(parent.init.dismiss_children()).await;
        let error = within(call).await.unwrap().unwrap_err();
        assert!(
            matches!(error, InterfaceError::Disconnected(Disconnection::DuringCall)),
            "{error:?}"
        );
        let error = within(parent.init.make_echo()).await.map(drop).unwrap_err();
        assert!(
            matches!(error, InterfaceError::Disconnected(Disconnection::BeforeCall)),
            "{error:?}"
        );
        parent.finish().await;
        assert_eq!(
            count("Process stubborn-child pid ", " was killed by signal 9"),
            killed + 1
        );
    });
}

pub(crate) const QUICKLY: Backoff = Backoff {
    first: Duration::from_millis(1),
    longest: Duration::from_millis(10),
    steady_after: Duration::from_secs(60),
};

/// The number of the process that `supervisor` has running.
async fn supervised_pid(supervisor: &Supervisor) -> Result<String, InterfaceError> {
    let init = supervisor.init(Duration::from_secs(30)).await?;
    init.make_echo().await?.echo("pid".to_owned()).await
}

fn a_supervised_child_is_started_again() {
    run(async {
        let parent = Parent::new("reporting-child");
        let supervisor = Supervisor::start(Arc::clone(&parent.init), "reporting-child", QUICKLY);
        let mut last = within(supervised_pid(&supervisor)).await.unwrap();
        for _ in 0..3 {
            let pid = rustix::process::Pid::from_raw(last.parse().unwrap()).unwrap();
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
            let next = async {
                loop {
                    // The old one's end may not have been noticed yet.
                    match supervised_pid(&supervisor).await {
                        Ok(pid) if pid != last => break pid,
                        _ => tokio::task::yield_now().await,
                    }
                }
            };
            last = within(next).await;
        }
        drop(supervisor);
        parent.finish().await;
        assert_eq!(
            count(
                "ipc: process reporting-child ended; it is started again in ",
                "ms"
            ),
            3
        );
    });
}

fn a_supervisor_waits_for_its_executable() {
    run(async {
        let parent = Parent::new("echo-child");
        let supervisor = Supervisor::start(Arc::clone(&parent.init), "late-child", QUICKLY);
        wait_until("two attempts", || {
            count("ipc: cannot start late-child: ", "ms") > 1
        });
        let error = supervisor.init(Duration::ZERO).await.map(drop).unwrap_err();
        assert!(matches!(error, InterfaceError::Unresponsive { .. }), "{error:?}");
        link(parent.directory.path(), "late-child");
        let init = within(supervisor.init(Duration::from_secs(30))).await.unwrap();
        within(suite::check_init(init)).await;
        drop(supervisor);
        parent.finish().await;
    });
}

fn a_supervised_child_leaves() {
    run(async {
        let parent = Parent::new("reporting-child");
        let supervisor = Supervisor::start(Arc::clone(&parent.init), "reporting-child", QUICKLY);
        let pid = within(supervised_pid(&supervisor)).await.unwrap();
        drop(supervisor);
        within(parent.init.children_exited()).await;
        assert!(!Path::new("/proc").join(pid).exists());

        let supervisor = Supervisor::start(Arc::clone(&parent.init), "reporting-child", QUICKLY);
        within(supervised_pid(&supervisor)).await.unwrap();
        within(parent.init.dismiss_children()).await;
        let over = async {
            loop {
                match supervised_pid(&supervisor).await {
                    // Only when there will be no other.
                    Err(InterfaceError::Disconnected(Disconnection::BeforeCall)) => break,
                    _ => tokio::task::yield_now().await,
                }
            }
        };
        within(over).await;
        drop(supervisor);
        parent.finish().await;
    });
}

type Lines = Arc<Mutex<Vec<String>>>;

struct Capture(Lines);

struct Message(String);

impl tracing::field::Visit for Message {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

impl<S: tracing::Subscriber> Layer<S> for Capture {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        self.0.lock().unwrap().push(message.0);
    }
}

fn lines() -> &'static Lines {
    static LINES: OnceLock<Lines> = OnceLock::new();
    LINES.get_or_init(|| {
        let lines = Lines::default();
        let subscriber = tracing_subscriber::registry()
            .with(Capture(Arc::clone(&lines)))
            .with(super::traces::Noting);
        tracing::subscriber::set_global_default(subscriber).unwrap();
        lines
    })
}

/// Log lines so far that have this beginning, perhaps after a prefix, and this end.
pub(crate) fn count(beginning: &str, end: &str) -> usize {
    let lines = lines().lock().unwrap();
    let matching = lines
        .iter()
        .filter(|line| line.contains(beginning) && line.ends_with(end));
    matching.count()
}
