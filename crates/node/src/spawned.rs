//! A node that another process has started, and is in charge of.
//!
//! It is a process that waits to be told what to do until its parent asks for a `Node`: only then does it have threads for
//! one, and only with the parent's arguments does it become one.

use std::ffi::OsString;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

#[cfg(not(unix))]
use anyhow::Context as _;
use app::{Args, DataDir, Logger, Shutdown};
use async_trait::async_trait;
use interfaces::{
    Chain, Echo, Handler, Init, InterfaceError, LocalEcho, MessageStyle, Mining, Node, NodeEvent, NodeEvents,
    Refusal, Rpc, Secret,
};
use tokio::runtime::{Handle, Runtime};
use tokio::sync::{oneshot, watch};

use crate::composition::Composition;
use crate::mining::Holdings;
use crate::run::{Occasion, Prepared, option_table, runtime, with_causes};
use crate::served;
use crate::user_interface::{Current, Events, OwnNode};

/// Options that make no sense for a process whose parent waits for it.
const OF_DAEMONS: [&str; 2] = ["daemon", "daemonwait"];

/// What a process serves that may become a node.
pub struct SpawnedNode(Arc<ToBecome>);

struct ToBecome {
    composition: Mutex<Option<Composition>>,
    logger: Arc<Logger>,
    spawned: OnceLock<Arc<Spawned>>,
    /// Templates that the parent holds.
    templates: Holdings,
}

impl SpawnedNode {
    /// Nothing is done until the parent asks for a node, which will have this composition and write to this log.
    pub fn new(composition: Composition, logger: Arc<Logger>) -> Self {
        Self(Arc::new(ToBecome {
            composition: Mutex::new(Some(composition)),
            logger,
            spawned: OnceLock::new(),
            templates: Holdings::default(),
        }))
    }

    /// What the parent can call.
    pub fn init(&self) -> Arc<dyn Init> {
        Arc::clone(&self.0) as Arc<dyn Init>
    }

    /// Stops the node if there is one, and gives what the process should exit with when everything is on disk.
    pub async fn finish(self) -> u8 {
        match self.0.spawned.get() {
            Some(spawned) => spawned.finish().await,
            None => 0,
        }
    }
}

impl ToBecome {
    /// The node, which is the same one however often it is asked for.
    fn spawned(&self) -> Result<&Arc<Spawned>, InterfaceError> {
        let mut composition = lock(&self.composition);
        if let Some(composition) = composition.take() {
            let runtime = runtime().map_err(|error| InterfaceError::Remote(with_causes(&error)))?;
            let spawned = Spawned::new(composition, Arc::clone(&self.logger), runtime);
            // Nobody else had the composition.
            _ = self.spawned.set(Arc::new(spawned));
        }
        drop(composition);
        self.spawned
            .get()
            .ok_or_else(|| InterfaceError::unsupported("Init.makeNode"))
    }

    /// What the node's other callers have, once it can be called.
    fn served(&self, method: &str) -> Result<Arc<dyn Init>, InterfaceError> {
        let running = self.spawned.get().and_then(|spawned| spawned.running().get());
        match running {
            Some(running) => {
                let templates = self.templates.clone();
                Ok(served::client(&running, app::cookie::COOKIE_USER, templates))
            }
            None => Err(InterfaceError::unsupported(method)),
        }
    }
}

#[async_trait]
impl Init for ToBecome {
    async fn make_echo(&self) -> Result<Arc<dyn Echo>, InterfaceError> {
        Ok(Arc::new(LocalEcho))
    }

    async fn make_node(&self) -> Result<Arc<dyn Node>, InterfaceError> {
        Ok(Arc::new(OwnNode::to_start(Arc::clone(self.spawned()?))))
    }

    async fn make_mining(&self) -> Result<Arc<dyn Mining>, InterfaceError> {
        self.served("Init.makeMining")?.make_mining().await
    }

    async fn make_rpc(&self) -> Result<Arc<dyn Rpc>, InterfaceError> {
        self.served("Init.makeRpc")?.make_rpc().await
    }

    async fn make_chain(&self) -> Result<Arc<dyn Chain>, InterfaceError> {
        self.served("Init.makeChain")?.make_chain().await
    }
}

/// A node whose life the parent is in charge of.
pub(crate) struct Spawned {
    stage: Mutex<Stage>,
    logger: Arc<Logger>,
    runtime: Mutex<Option<Runtime>>,
    handle: Handle,
    shutdown: Shutdown,
    events: Events,
    running: Current,
    /// What the process is to exit with, once the node has ended.
    status: watch::Sender<Option<u8>>,
    failure: Mutex<Option<String>>,
}

/// How far the parent has got.
enum Stage {
    Untouched(Composition),
    /// The node is initialised, or could not be.
    Initialized(Result<Box<Prepared>, Refusal>),
    /// A call is about to change it, or there is nothing left to do.
    Left,
}

/// No panic happens while one of these locks is held, so a poisoned one is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Spawned {
    fn new(composition: Composition, logger: Arc<Logger>, runtime: Runtime) -> Self {
        Self {
            stage: Mutex::new(Stage::Untouched(composition)),
            logger,
            handle: runtime.handle().clone(),
            runtime: Mutex::new(Some(runtime)),
            shutdown: Shutdown::new(),
            events: Events::default(),
            running: Current::default(),
            status: watch::Sender::new(None),
            failure: Mutex::default(),
        }
    }

    /// What can be called, once it can.
    pub(crate) fn running(&self) -> &Current {
        &self.running
    }

    /// What asks the node to stop.
    pub(crate) fn shutdown(&self) -> &Shutdown {
        &self.shutdown
    }

    /// What the process will exit with, once the node has ended.
    pub(crate) fn exit_status(&self) -> Option<u8> {
        *self.status.borrow()
    }

    /// Tells a listener of what happens from now on.
    pub(crate) fn follow(&self, listener: Arc<dyn NodeEvents>) -> Arc<dyn Handler> {
        self.events.follow(listener, &self.handle)
    }

    /// Reads the arguments, and takes the data directory.
    pub(crate) async fn initialize(
        &self,
        arguments: Vec<Secret>,
    ) -> Result<Result<(), Refusal>, InterfaceError> {
        let stage = std::mem::replace(&mut *lock(&self.stage), Stage::Left);
        let composition = match stage {
            Stage::Untouched(composition) => composition,
            stage => {
                *lock(&self.stage) = stage;
                return Ok(Err(Refusal::new("The node was initialised already.")));
            }
        };
        let events = self.events.clone();
        let preparing = self
            .handle
            .spawn_blocking(move || prepare(composition, &arguments, &events));
        let prepared = preparing
            .await
            .map_err(|error| InterfaceError::Remote(error.to_string()))?;
        let prepared = prepared.map_err(|error| Refusal::new(with_causes(&error)));
        let outcome = prepared.as_ref().map(|_| ()).map_err(Clone::clone);
        *lock(&self.stage) = Stage::Initialized(prepared.map(Box::new));
        Ok(outcome)
    }

    /// Starts the node, and waits until it has started.
    pub(crate) async fn start(self: &Arc<Self>) -> Result<Result<(), Refusal>, InterfaceError> {
        let stage = std::mem::replace(&mut *lock(&self.stage), Stage::Left);
        let prepared = match stage {
            Stage::Initialized(Ok(prepared)) => prepared,
            stage => {
                let refusal = match &stage {
                    Stage::Initialized(Err(refusal)) => refusal.clone(),
                    Stage::Untouched(_) => Refusal::new("The node is not initialised."),
                    Stage::Initialized(Ok(_)) | Stage::Left => Refusal::new("The node was started already."),
                };
                *lock(&self.stage) = stage;
                return Ok(Err(refusal));
            }
        };
        let runtime = lock(&self.runtime).take();
        let runtime = runtime.expect("it is there because a node is started once");
        let (sender, ready) = oneshot::channel();
        let this = Arc::clone(self);
        std::thread::Builder::new()
            .name("node".to_owned())
            .spawn(move || this.run(*prepared, runtime, sender))
            .map_err(|error| InterfaceError::Remote(format!("cannot start a thread: {error}")))?;
        tokio::select! {
            biased;
            Ok(()) = ready => return Ok(Ok(())),
            () = self.ended() => {}
        }
        let failure = lock(&self.failure).clone();
        Ok(Err(Refusal::new(failure.unwrap_or_else(|| {
            "The node was asked to stop before it had started.".to_owned()
        }))))
    }

    /// Runs the node to its end.
    fn run(&self, prepared: Prepared, runtime: Runtime, ready: oneshot::Sender<()>) {
        // Who leaves when, the parent decides; signals that ask for it are none of the node's concern.
        let reopening = runtime.block_on(async { app::reopen_log_on_hangup() });
        if let Err(error) = reopening {
            tracing::warn!("SIGHUP has no effect: {error}");
        }
        let occasion = Occasion {
            shutdown: self.shutdown.clone(),
            events: self.events.clone(),
            running: self.running.clone(),
            ready: Box::new(move || {
                // Nobody waits who has been dropped with the connection.
                _ = ready.send(());
            }),
        };
        let outcome = prepared.run(runtime, &self.logger, occasion);
        if let Err(error) = &outcome {
            *lock(&self.failure) = Some(with_causes(error));
        }
        self.status.send_replace(Some(u8::from(outcome.is_err())));
    }

    /// Waits for the node's end.
    async fn ended(&self) {
        let mut status = self.status.subscribe();
        // The sender is in self.
        _ = status.wait_for(Option::is_some).await;
    }

    /// Stops the node if it runs, and gives what the process should exit with.
    pub(crate) async fn finish(&self) -> u8 {
        self.shutdown.request();
        let has_run = lock(&self.runtime).is_none();
        if has_run {
            self.ended().await;
        }
        self.exit_status().unwrap_or(0)
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        // Whoever drops this may be on a thread that must not wait.
        if let Some(runtime) = lock(&self.runtime).take() {
            runtime.shutdown_background();
        }
    }
}

/// Makes a node of the parent's arguments. Its terminal is the parent's, and it serves no HTTP unless it is told to.
fn prepare(composition: Composition, arguments: &[Secret], events: &Events) -> anyhow::Result<Prepared> {
    let table = option_table()
        .without(&OF_DAEMONS)
        .add(composition.options.iter().cloned());
    let arguments = arguments
        .iter()
        .map(argument)
        .collect::<anyhow::Result<Vec<_>>>()?;
    let argv = std::iter::once(OsString::from(composition.program.name)).chain(arguments);
    let args = Args::parse(table, argv)?.with_config_file()?;
    let data_dir = DataDir::resolve(&args)?;
    let mut args = args.with_settings_file(&data_dir)?;
    args.check_sections()?;
    args.soft_set("server", "0");
    args.soft_set("printtoconsole", "0");
    for warning in args.include_warnings().iter().chain(args.warnings()) {
        events.send(&NodeEvent::Message(warning.clone(), MessageStyle::Warning));
    }
    Prepared::new(composition, args, data_dir)
}

#[cfg(unix)]
fn argument(bytes: &Secret) -> anyhow::Result<OsString> {
    use std::os::unix::ffi::OsStringExt as _;
    Ok(OsString::from_vec(bytes.expose().to_vec()))
}

#[cfg(not(unix))]
fn argument(bytes: &Secret) -> anyhow::Result<OsString> {
    Ok(bytes.expose_text().context("an argument is no text")?.into())
}
