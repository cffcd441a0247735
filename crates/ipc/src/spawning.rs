//! The [`Init`] whose objects live in child processes.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use interfaces::{Disconnection, Echo, Init, InterfaceError};
use tokio::sync::{oneshot, watch};

use crate::connection::{Connection, Keep};
use crate::endpoint::{Ended, to_tokio};
use crate::event_loop::{EventLoop, Local};
use crate::metrics::Origin;
use crate::process as executable;
use crate::schema::process_capnp::process;
use crate::wire::Socket;

/// How long a child that has closed its connection may take to exit, for its end to be told instead of that.
const EXPLAIN_WITHIN: Duration = Duration::from_secs(1);

/// How children are started and what they are given.
pub struct SpawnConfig {
    /// Where the executables are; see [`executable_directory`](executable::executable_directory).
    pub directory: PathBuf,
    /// The executable that serves [`Echo`].
    pub echo_program: &'static str,
    /// What a child is told of this process's log, (option, value) each; asked for at each start.
    pub log_settings: Box<dyn Fn() -> Vec<(String, String)> + Send + Sync>,
    /// How long a child may take until it answers its first calls.
    pub answer_within: Duration,
    /// How long a child may take to drop its object, and then to exit after its connection is closed. Then it is
    /// killed.
    pub exit_within: Duration,
}

/// A child that was started by its executable's name.
pub struct SpawnedChild {
    /// What it offers.
    pub init: Arc<dyn Init>,
    /// Tells of the connection's end.
    pub ended: Ended,
    /// Tells of the process's.
    pub exit: ChildExit,
}

/// Tells of the end of a child's process.
pub struct ChildExit(oneshot::Receiver<ExitStatus>);

impl ChildExit {
    /// Waits for it, and gives its status; `None` where the system does not tell it.
    pub async fn wait(self) -> Option<ExitStatus> {
        self.0.await.ok()
    }
}

/// Makes each [`Echo`] in a new child process, which lives as long as the object.
pub struct SpawningInit {
    event_loop: EventLoop,
    config: SpawnConfig,
    children: Children,
}

/// What the children and those who wait for them know of each other.
#[derive(Clone)]
struct Children {
    count: watch::Sender<usize>,
    dismissed: watch::Sender<bool>,
}

impl SpawningInit {
    /// Nothing is started yet.
    pub fn new(event_loop: EventLoop, config: SpawnConfig) -> Self {
        Self {
            event_loop,
            config,
            children: Children {
                count: watch::Sender::new(0),
                dismissed: watch::Sender::new(false),
            },
        }
    }

    /// Waits until no child is left. Each leaves after its object is dropped.
    pub async fn children_exited(&self) {
        let mut count = self.children.count.subscribe();
        count
            .wait_for(|count| *count == 0)
            .await
            .expect("it goes on because self holds a sender");
    }

    /// Closes the connections to all children, which interrupts calls that are under way, and waits until no child is
    /// left. Afterwards none is started.
    pub async fn dismiss_children(&self) {
        self.children.dismissed.send_replace(true);
        self.children_exited().await;
    }

    /// Whether no child is started any more.
    pub(crate) fn is_dismissed(&self) -> bool {
        *self.children.dismissed.borrow()
    }

    /// Waits until no child is started any more.
    pub(crate) async fn dismissed(&self) {
        let mut dismissed = self.children.dismissed.subscribe();
        dismissed
            .wait_for(|dismissed| *dismissed)
            .await
            .expect("it goes on because self holds a sender");
    }

    /// Starts a child that lies with the other executables. It is let go when what it offers is dropped.
    ///
    /// # Errors
    /// [`InterfaceError::Spawn`] where it cannot be started, and [`InterfaceError::Unresponsive`] and others where it
    /// does not answer as it should.
    pub async fn start_child(&self, program: &str) -> Result<SpawnedChild, InterfaceError> {
        let waited = self.config.answer_within;
        let starting = self.spawn(self.config.directory.join(program));
        match tokio::time::timeout(waited, starting).await {
            Ok(started) => started,
            Err(_late) => Err(InterfaceError::Unresponsive {
                peer: program.to_owned(),
                waited,
            }),
        }
    }

    async fn spawn(&self, program: PathBuf) -> Result<SpawnedChild, InterfaceError> {
        let event_loop = self.event_loop.clone();
        let settings = (self.config.log_settings)();
        let patience = self.config.exit_within;
        let children = self.children.clone();
        let starting = self.event_loop.run(move |local| {
            Box::pin(async move {
                let (sender, ended) = Ended::new();
                let (exited, exit) = oneshot::channel();
                let told = (sender, exited);
                let (name, dismissed) = (program.clone(), children.dismissed.subscribe());
                let (connection, _keep, root) = start(event_loop, &local, program, patience, children, told)?;
                let setting_up = async {
                    configure_logging(&connection, &root, &settings).await?;
                    connection.set_up(&root).await
                };
                match setting_up.await {
                    Err(error) if *dismissed.borrow() => return Err(error),
                    Err(error) => return Err(explain(error, name, exit).await),
                    Ok(()) => {}
                }
                Ok(SpawnedChild {
                    init: connection.adopt(root),
                    ended,
                    exit: ChildExit(exit),
                })
            })
        });
        starting
            .await
            .unwrap_or_else(|stopped| Err(InterfaceError::Disconnected(stopped)))
    }
}

#[async_trait]
impl Init for SpawningInit {
    async fn make_echo(&self) -> Result<Arc<dyn Echo>, InterfaceError> {
        let program = self.config.directory.join(self.config.echo_program);
        let waited = self.config.answer_within;
        let making = async { self.spawn(program).await?.init.make_echo().await };
        match tokio::time::timeout(waited, making).await {
            Ok(made) => made,
            Err(_late) => Err(InterfaceError::Unresponsive {
                peer: self.config.echo_program.to_owned(),
                waited,
            }),
        }
    }
}

/// Starts the process, connects to it, and leaves it to be seen off.
fn start(
    event_loop: EventLoop,
    local: &Rc<Local>,
    program: PathBuf,
    patience: Duration,
    children: Children,
    (ended, exited): (oneshot::Sender<()>, oneshot::Sender<ExitStatus>),
) -> Result<(Rc<Connection>, Keep, process::Client), InterfaceError> {
    if *children.dismissed.borrow() {
        return Err(InterfaceError::Disconnected(Disconnection::BeforeCall));
    }
    let failed = |source| InterfaceError::Spawn {
        program: program.clone(),
        source,
    };
    let (stream, child) = executable::spawn(&program).map_err(failed)?;
    let stream = to_tokio(stream).and_then(Socket::new).map_err(failed)?;
    let (disconnect, disconnected) = oneshot::channel();
    let origin = Origin::child(executable::name(&program), child.id());
    let (connection, keep, root) =
        Connection::open(event_loop, local, stream, origin, Some(patience), || {
            drop((disconnect, ended));
        });
    children.count.send_modify(|count| *count += 1);
    let until_dismissed = close_when_dismissed(children.dismissed.subscribe(), Rc::downgrade(&connection));
    tokio::task::spawn_local(async move {
        tokio::select! {
            status = executable::see_off(program, child, disconnected, patience) => {
                // Hardly anybody wants to know.
                let _ = status.map(|status| exited.send(status));
            }
            () = until_dismissed => {}
        }
        children.count.send_modify(|count| *count -= 1);
    });
    Ok((connection, keep, root))
}

/// Why there is no child: what one that has ended says by that, where its connection was lost.
async fn explain(
    error: InterfaceError,
    program: PathBuf,
    exit: oneshot::Receiver<ExitStatus>,
) -> InterfaceError {
    if !matches!(error, InterfaceError::Disconnected(_)) {
        return error;
    }
    match tokio::time::timeout(EXPLAIN_WITHIN, exit).await {
        Ok(Ok(status)) => InterfaceError::Spawn {
            program,
            source: io::Error::other(format!("it {} before it answered", executable::end(status))),
        },
        // It is still there, or nobody knows.
        Ok(Err(_)) | Err(_) => error,
    }
}

/// Never ends.
async fn close_when_dismissed(mut dismissed: watch::Receiver<bool>, connection: Weak<Connection>) {
    let dismissal = dismissed.wait_for(|dismissed| *dismissed).await.is_ok();
    if let (true, Some(connection)) = (dismissal, connection.upgrade()) {
        connection.close();
    }
    std::future::pending::<()>().await;
}

/// Makes the child log where this process does. A peer of another make does not know the method, and logs as it likes.
async fn configure_logging(
    connection: &Connection,
    root: &process::Client,
    settings: &[(String, String)],
) -> Result<(), InterfaceError> {
    let mut request = root.configure_logging_request();
    let count =
        u32::try_from(settings.len()).map_err(|error| InterfaceError::Malformed(error.to_string()))?;
    let mut list = request.get().init_settings(count);
    for (index, (name, value)) in (0..count).zip(settings) {
        let mut setting = list.reborrow().get(index);
        setting.set_name(&name[..]);
        setting.set_value(&value[..]);
    }
    match connection.answer(request.send().promise).await {
        Ok(_) => Ok(()),
        Err(error) if error.kind == capnp::ErrorKind::Unimplemented => Ok(()),
        Err(error) => Err(crate::error::from_capnp("Process.configureLogging", &error)),
    }
}
