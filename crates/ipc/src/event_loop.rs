//! The IPC thread, which owns every Cap'n Proto object of the process.
//!
//! Those objects cannot leave their thread. Others hold an [`EventLoop`], a number where they mean an object, and post
//! jobs. A job never blocks the thread: what it waits for, it awaits.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use foldhash::HashMap;
use futures::future::LocalBoxFuture;
use interfaces::Disconnection;
use tokio::runtime::LocalRuntime;
use tokio::sync::{mpsc, oneshot};

use crate::complaints::Complaints;
use crate::log;
use crate::metrics::{IpcInfo, ListenerInfo, Metrics};

/// The IPC thread's name, as Core has it.
const THREAD_NAME: &str = "b-capnp-loop";

/// How long connections may take to be flushed and closed when the thread ends.
const GRACE: Duration = Duration::from_secs(3);

/// A way to the IPC thread. Clones share it; the thread ends when all are gone, or at [`stop`](EventLoop::stop).
#[derive(Clone)]
pub struct EventLoop {
    shared: Arc<Shared>,
}

struct Shared {
    program: Arc<str>,
    jobs: mpsc::UnboundedSender<Job>,
    done: Mutex<Option<std::sync::mpsc::Receiver<()>>>,
    complaints: Arc<Complaints>,
    listeners: Mutex<Vec<Arc<ListenerInfo>>>,
}

enum Job {
    Run(Work),
    Stop,
}

type Work = Box<dyn FnOnce(&Rc<Local>) + Send>;

/// The number of an object on the IPC thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ObjectId(u64);

/// A listener's place in the list.
pub(crate) struct ListedListener {
    event_loop: EventLoop,
    info: Arc<ListenerInfo>,
}

/// Closes a connection when it is dropped, or when the IPC thread ends.
pub(crate) struct Closer {
    local: Rc<Local>,
    id: ObjectId,
}

/// What the IPC thread owns.
pub(crate) struct Local {
    pub(crate) program: Arc<str>,
    pub(crate) metrics: Metrics,
    pub(crate) complaints: Arc<Complaints>,
    objects: RefCell<HashMap<ObjectId, Box<dyn Any>>>,
    last_object: Cell<u64>,
    last_request: Cell<u64>,
}

impl EventLoop {
    /// Starts the thread. `program` is the name of the executable in the log.
    ///
    /// # Errors
    /// The system gives no thread or no event queue.
    pub fn start(program: &str) -> std::io::Result<Self> {
        let program: Arc<str> = Arc::from(program);
        let (jobs, posted) = mpsc::unbounded_channel();
        let (begun, begin) = std::sync::mpsc::channel();
        let (finished, done) = std::sync::mpsc::channel();
        let complaints = Arc::new(Complaints::default());
        let local = (Arc::clone(&program), Arc::clone(&complaints));
        std::thread::Builder::new()
            .name(THREAD_NAME.to_owned())
            .spawn(move || {
                // Whoever starts the thread waits for its beginning, and may not wait for its end.
                let runtime = match LocalRuntime::new() {
                    Ok(runtime) => runtime,
                    Err(error) => {
                        let _ = begun.send(Err(error));
                        return;
                    }
                };
                let _ = begun.send(Ok(()));
                run(&runtime, local, posted);
                let _ = finished.send(());
                // Objects may take longer to end. The runtime, which is dropped only now, waits for them.
                drop(runtime);
            })?;
        begin.recv().map_err(std::io::Error::other)??;
        Ok(Self {
            shared: Arc::new(Shared {
                program,
                jobs,
                done: Mutex::new(Some(done)),
                complaints,
                listeners: Mutex::default(),
            }),
        })
    }

    /// The name of the executable in the log.
    pub(crate) fn program(&self) -> &str {
        &self.shared.program
    }

    /// Closes all connections and waits for the thread's end, for a few seconds at most; not to be called on it.
    /// Calls made afterwards find themselves disconnected. Gives whether the thread ended.
    pub fn stop(&self) -> bool {
        self.post(Job::Stop);
        let done = self
            .shared
            .done
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        // Without a receiver, another caller has waited already.
        done.is_none_or(|done| {
            done.recv_timeout(2 * GRACE) != Err(std::sync::mpsc::RecvTimeoutError::Timeout)
        })
    }

    /// The thread's connections and the calls on them. None when the thread has ended.
    pub async fn info(&self) -> Option<IpcInfo> {
        let listeners = self.listeners().iter().map(|info| (**info).clone()).collect();
        let info = self.run(|local| Box::pin(async move { local.metrics.info(listeners) }));
        info.await.ok()
    }

    /// Tells of a listener as long as the result lives.
    pub(crate) fn list_listener(&self, info: ListenerInfo) -> ListedListener {
        let info = Arc::new(info);
        self.listeners().push(Arc::clone(&info));
        ListedListener {
            event_loop: self.clone(),
            info,
        }
    }

    fn listeners(&self) -> MutexGuard<'_, Vec<Arc<ListenerInfo>>> {
        let listeners = self.shared.listeners.lock();
        listeners.unwrap_or_else(PoisonError::into_inner)
    }

    /// What the log says of connections that are given up.
    pub(crate) fn complaints(&self) -> &Complaints {
        &self.shared.complaints
    }

    /// Whether both are ways to the same thread.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Runs a job on the thread and gives its result, or says how far it came when the thread ended. Dropping the
    /// returned future drops the job's.
    pub(crate) async fn run<T, F>(
        &self,
        job: impl FnOnce(Rc<Local>) -> F + Send + 'static,
    ) -> Result<T, Disconnection>
    where
        T: Send + 'static,
        F: Future<Output = T> + 'static,
    {
        let (mut sender, receiver) = oneshot::channel();
        let posted = self.post(Job::Run(Box::new(move |local| {
            let running = job(Rc::clone(local));
            spawn(Box::pin(async move {
                tokio::select! {
                    biased;
                    result = running => {
                        // The caller may have given up just now.
                        let _ = sender.send(result);
                    }
                    () = sender.closed() => {}
                }
            }));
        })));
        if !posted {
            return Err(Disconnection::BeforeCall);
        }
        receiver.await.map_err(|_| Disconnection::DuringCall)
    }

    /// Runs a job on the thread that nobody waits for.
    pub(crate) fn run_detached(
        &self,
        job: impl FnOnce(Rc<Local>) -> LocalBoxFuture<'static, ()> + Send + 'static,
    ) {
        self.post(Job::Run(Box::new(move |local| spawn(job(Rc::clone(local))))));
    }

    /// Gives whether there is a thread to take the job. Without it its objects are gone too, and there is nothing left
    /// to do to them.
    fn post(&self, job: Job) -> bool {
        self.shared.jobs.send(job).is_ok()
    }
}

/// Runs a task on the IPC thread. All of them are of one type: the runtime's code is compiled anew for each type of task, and
/// there would be one for each method.
pub(crate) fn spawn(task: LocalBoxFuture<'static, ()>) {
    tokio::task::spawn_local(task);
}

impl Drop for ListedListener {
    fn drop(&mut self) {
        let mut listeners = self.event_loop.listeners();
        listeners.retain(|info| !Arc::ptr_eq(info, &self.info));
    }
}

impl std::fmt::Debug for EventLoop {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("EventLoop")
            .field("program", &self.shared.program)
            .finish_non_exhaustive()
    }
}

fn run(
    runtime: &LocalRuntime,
    (program, complaints): (Arc<str>, Arc<Complaints>),
    mut posted: mpsc::UnboundedReceiver<Job>,
) {
    let label = log::thread_label(&program);
    let local = Rc::new(Local {
        program,
        metrics: Metrics::default(),
        complaints,
        objects: RefCell::default(),
        last_object: Cell::new(0),
        last_request: Cell::new(0),
    });
    runtime.block_on(async {
        while let Some(Job::Run(job)) = posted.recv().await {
            job(&local);
        }
    });
    drop(posted);
    tracing::debug!(target: "ipc", "{{{label}}} EventLoop::loop done, cancelling event listeners.");
    // Letting go of the objects closes their connections; the tasks that see to it need their time.
    runtime.block_on(async {
        drop(local.objects.take());
        let _ = tokio::time::timeout(GRACE, tasks_ended()).await;
    });
    tracing::debug!(target: "ipc", "{{{label}}} EventLoop::loop bye.");
}

/// Waits until the thread has no tasks any more. The runtime tells nobody, so it is asked.
async fn tasks_ended() {
    let metrics = tokio::runtime::Handle::current().metrics();
    while metrics.num_alive_tasks() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

impl Closer {
    /// Closes the connection, now or already.
    pub(crate) fn close(&self) {
        self.local.remove::<oneshot::Sender<()>>(self.id);
    }
}

impl Drop for Closer {
    fn drop(&mut self) {
        self.close();
    }
}

impl Local {
    /// What closes a connection, and what tells the connection so.
    pub(crate) fn closer(self: &Rc<Self>) -> (Closer, oneshot::Receiver<()>) {
        let (close, closed) = oneshot::channel();
        let closer = Closer {
            local: Rc::clone(self),
            id: self.insert(close),
        };
        (closer, closed)
    }

    /// Keeps an object.
    pub(crate) fn insert(&self, object: impl Any) -> ObjectId {
        self.last_object.set(self.last_object.get() + 1);
        let id = ObjectId(self.last_object.get());
        self.objects.borrow_mut().insert(id, Box::new(object));
        id
    }

    /// A copy of an object that is kept.
    pub(crate) fn get<T: Any + Clone>(&self, id: ObjectId) -> Option<T> {
        self.objects.borrow().get(&id)?.downcast_ref().cloned()
    }

    /// Stops keeping an object.
    pub(crate) fn remove<T: Any>(&self, id: ObjectId) -> Option<T> {
        let object = self.objects.borrow_mut().remove(&id)?;
        Some(*object.downcast().ok()?)
    }

    /// The number of the next request that this process serves.
    pub(crate) fn next_request(&self) -> u64 {
        self.last_request.set(self.last_request.get() + 1);
        self.last_request.get()
    }
}
