//! Random uses of objects on both sides, against the stock implementation and against this one.

mod misuse;

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::ops::Deref;
use std::rc::{Rc, Weak};
use std::time::Duration;

use capnp::capability::{
    Client, DispatchCallResult, FromClientHook, FromServer, Params, Promise, RemotePromise, Results, Server,
};
use capnp::private::capability::ClientHook;
use capnp::{Error, any_pointer};
use capnp_rpc::rpc_twoparty_capnp::Side as StockSide;
use capnp_rpc::{RpcSystem, new_client_from_rc, twoparty};
use proptest::prelude::*;
use tokio::io::DuplexStream;
use tokio::sync::{Notify, oneshot};
use tokio::task::{JoinHandle, LocalSet};
use tokio_util::compat::{TokioAsyncReadCompatExt as _, TokioAsyncWriteCompatExt as _};

use super::peer::{Path, Peer};
use super::queue::Expected;
use super::results::Outcome;
use super::{System, drive};
use crate::complaints::Complaints;
use crate::wire::Link;

/// Methods from here on are not numbers to be noted.
const MAKE: u16 = 60_000;
const GIVE: u16 = 60_001;
const HELD: u16 = 60_002;
const LATER: u16 = 60_003;
const TICK: u16 = 60_004;
const PASS_ON: u16 = 60_005;
const FAIL: u16 = 60_006;
const NEVER: u16 = 60_007;
const SLOW: u16 = 60_008;
const OPEN: u16 = 60_009;

/// What all objects of a test know of.
#[derive(Default)]
struct World {
    n_live: Cell<usize>,
    n_made: Cell<usize>,
    /// Which object was told which number, in order.
    journal: RefCell<Vec<(usize, u16)>>,
    objects: RefCell<Vec<Weak<Object>>>,
    /// Promises that are not kept yet.
    promises: RefCell<Vec<Rc<Expected>>>,
    /// What slow calls wait for.
    gate: Notify,
}

struct Object {
    world: Rc<World>,
    number: usize,
    held: RefCell<Option<Client>>,
}

impl World {
    fn object(self: &Rc<Self>) -> Client {
        self.n_live.set(self.n_live.get() + 1);
        self.n_made.set(self.n_made.get() + 1);
        let object = Object {
            world: Rc::clone(self),
            number: self.n_made.get(),
            held: RefCell::default(),
        };
        let object = Rc::new(object);
        self.objects.borrow_mut().push(Rc::downgrade(&object));
        new_client_from_rc::<Any, _>(object).0
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        self.world.n_live.set(self.world.n_live.get() - 1);
    }
}

/// A client of any object.
struct Any(Client);

impl FromClientHook for Any {
    fn new(hook: Box<dyn ClientHook>) -> Self {
        Self(Client::new(hook))
    }

    fn into_client_hook(self) -> Box<dyn ClientHook> {
        self.0.hook
    }

    fn as_client_hook(&self) -> &dyn ClientHook {
        &*self.0.hook
    }
}

impl FromServer<Object> for Any {
    type Dispatch = Dispatch;

    fn from_server(object: Rc<Object>) -> Dispatch {
        Dispatch(object)
    }
}

#[derive(Clone)]
struct Dispatch(Rc<Object>);

impl Deref for Dispatch {
    type Target = Object;

    fn deref(&self) -> &Object {
        &self.0
    }
}

impl Server for Dispatch {
    fn dispatch_call(
        self,
        _: u64,
        method: u16,
        params: Params<any_pointer::Owned>,
        mut results: Results<any_pointer::Owned>,
    ) -> DispatchCallResult {
        let promise = Promise::from_future(async move {
            let Object { world, number, held } = &*self.0;
            match method {
                MAKE => results.get().set_as_capability(world.object().hook),
                GIVE => *held.borrow_mut() = Some(params.get()?.get_as_capability()?),
                HELD => {
                    let held = held.borrow().clone();
                    let held = held.ok_or_else(|| Error::failed("there is none".to_owned()))?;
                    results.get().set_as_capability(held.hook);
                }
                LATER => {
                    let expected = Rc::<Expected>::default();
                    world.promises.borrow_mut().push(Rc::clone(&expected));
                    results.get().set_as_capability(expected.client(Path::new()));
                }
                TICK => {
                    let promises = world.promises.take();
                    // No promise, for that might turn out to be itself.
                    let held = held.borrow().clone();
                    let held = held.filter(|held| held.hook.when_more_resolved().is_none());
                    let kept = held.unwrap_or_else(|| world.object());
                    for promise in promises {
                        promise.come(Outcome::Root(kept.hook.add_ref()));
                    }
                }
                PASS_ON => {
                    let target: Client = params.get()?.get_as_capability()?;
                    // Later, and in a call of its own.
                    tokio::task::yield_now().await;
                    target
                        .new_call::<any_pointer::Owned, any_pointer::Owned>(0, MAKE, None)
                        .send()
                        .promise
                        .await?;
                }
                FAIL => return Err(Error::failed("as asked for".to_owned())),
                NEVER => std::future::pending().await,
                SLOW => {
                    world.gate.notified().await;
                    results.get().set_as_capability(world.object().hook);
                }
                OPEN => world.gate.notify_waiters(),
                told => {
                    world.journal.borrow_mut().push((*number, told));
                    if told % 3 == 0 {
                        tokio::task::yield_now().await;
                    }
                }
            }
            Ok(())
        });
        DispatchCallResult::new(promise, false)
    }

    fn as_ptr(&self) -> usize {
        Rc::as_ptr(&self.0).addr()
    }
}

/// One thing that the client does with what it has; numbers choose among that.
#[derive(Debug, Clone)]
enum Step {
    Tell(usize),
    Make(usize),
    Give(usize, usize),
    Held(usize),
    Later(usize),
    Tick(usize),
    PassOn(usize, usize),
    Fail(usize),
    /// Makes a call and gives it up.
    Abandon(usize),
    /// Makes an object of the client's own.
    Own,
    Drop(usize),
    /// Lets the other side go on.
    Pause,
    /// Waits until all calls so far have ended.
    Wait,
}

fn step() -> impl Strategy<Value = Step> {
    let any = 0_usize..1_000;
    prop_oneof![
        6 => any.clone().prop_map(Step::Tell),
        2 => any.clone().prop_map(Step::Make),
        3 => (any.clone(), any.clone()).prop_map(|(to, what)| Step::Give(to, what)),
        3 => any.clone().prop_map(Step::Held),
        2 => any.clone().prop_map(Step::Later),
        2 => any.clone().prop_map(Step::Tick),
        1 => (any.clone(), any.clone()).prop_map(|(to, what)| Step::PassOn(to, what)),
        1 => any.clone().prop_map(Step::Fail),
        1 => any.clone().prop_map(Step::Abandon),
        1 => Just(Step::Own),
        1 => any.prop_map(Step::Drop),
        1 => Just(Step::Pause),
        1 => Just(Step::Wait),
    ]
}

/// The client, as far as it has come. Each reference has a number.
struct Run {
    world: Rc<World>,
    references: Vec<(usize, Client)>,
    n_references: usize,
    /// Those to objects of the client's own.
    own: HashSet<usize>,
    /// The references that numbers were told to.
    told: Vec<usize>,
    calls: Vec<JoinHandle<()>>,
}

impl Run {
    fn new(world: &Rc<World>, root: Client) -> Self {
        Self {
            world: Rc::clone(world),
            references: vec![(0, root)],
            n_references: 1,
            own: HashSet::new(),
            told: Vec::new(),
            calls: Vec::new(),
        }
    }

    fn keep(&mut self, client: Client) {
        self.references.push((self.n_references, client));
        self.n_references += 1;
    }

    fn chosen(&self, choice: usize) -> (usize, Client) {
        self.references[choice % self.references.len()].clone()
    }

    /// Calls a method, and keeps what will be in its results where that is asked for.
    fn call(&mut self, target: usize, method: u16, with: Option<usize>, keeps: bool) {
        let (reference, _) = self.chosen(target);
        let is_own = self.own.contains(&reference);
        let sent = self.send(target, method, with);
        // A pipeline within the client is the stock implementation's, which may turn the order of its calls round.
        if keeps && !is_own {
            self.keep(Client::new(sent.pipeline.as_cap()));
        }
        self.calls.push(tokio::task::spawn_local(async move {
            // Some are to fail.
            let _ = sent.promise.await;
        }));
    }

    fn send(&self, target: usize, method: u16, with: Option<usize>) -> RemotePromise<any_pointer::Owned> {
        let (_, target) = self.chosen(target);
        let mut request = target.new_call::<any_pointer::Owned, any_pointer::Owned>(0, method, None);
        if let Some(with) = with {
            let (_, with) = self.chosen(with);
            request.get().set_as_capability(with.hook);
        }
        request.send()
    }

    async fn go(&mut self, step: &Step) {
        match *step {
            Step::Tell(to) => {
                let number = u16::try_from(self.told.len()).expect("few");
                self.told.push(self.chosen(to).0);
                self.call(to, number, None, false);
            }
            Step::Make(by) => self.call(by, MAKE, None, true),
            Step::Give(to, what) => self.call(to, GIVE, Some(what), false),
            Step::Held(by) => self.call(by, HELD, None, true),
            Step::Later(by) => self.call(by, LATER, None, true),
            Step::Tick(by) => self.call(by, TICK, None, false),
            Step::PassOn(by, what) => self.call(by, PASS_ON, Some(what), false),
            Step::Fail(by) => self.call(by, FAIL, None, true),
            Step::Abandon(by) => drop(self.send(by, NEVER, None)),
            Step::Own => {
                self.own.insert(self.n_references);
                self.keep(self.world.object());
            }
            Step::Drop(which) if self.references.len() > 1 => {
                self.references.swap_remove(which % self.references.len());
            }
            Step::Drop(_) => {}
            Step::Pause => tokio::task::yield_now().await,
            Step::Wait => self.wait().await,
        }
    }

    /// Waits until all calls have ended. Promises are kept, because some may wait for them.
    async fn wait(&mut self) {
        for call in std::mem::take(&mut self.calls) {
            within("all calls end", async {
                let mut call = call;
                while !call.is_finished() {
                    for promise in self.world.promises.take() {
                        promise.come(Outcome::Root(self.world.object().hook));
                    }
                    let _ = tokio::time::timeout(Duration::from_millis(1), &mut call).await;
                }
            })
            .await;
        }
    }

    /// Whatever was told to one reference arrived in that order.
    fn check_order(&self) {
        let journal = self.world.journal.borrow();
        let mut last = vec![None; self.n_references];
        for (_, number) in &*journal {
            let reference = self.told[usize::from(*number)];
            assert!(last[reference] < Some(*number), "{reference}: {journal:?}");
            last[reference] = Some(*number);
        }
    }
}

/// Which implementation a side has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Make {
    Ours,
    Stock,
}

/// One side of a connection.
struct Side {
    root: Client,
    peer: Option<Rc<Peer>>,
    close: oneshot::Sender<()>,
    driving: JoinHandle<()>,
}

impl Side {
    fn open(make: Make, stream: DuplexStream, serves: Option<Client>) -> Self {
        let (close, closed) = tokio::sync::oneshot::channel();
        match make {
            Make::Ours => {
                let system = System::new(&Link::new(), stream, serves);
                let peer = Rc::clone(&system.peer);
                let root = system.root();
                let driving = tokio::task::spawn_local(async move {
                    drive(system, closed, &Complaints::default()).await;
                });
                Self {
                    root,
                    peer: Some(peer),
                    close,
                    driving,
                }
            }
            Make::Stock => {
                let (reader, writer) = tokio::io::split(stream);
                let (here, there) = if serves.is_some() {
                    (StockSide::Server, StockSide::Client)
                } else {
                    (StockSide::Client, StockSide::Server)
                };
                let network = twoparty::VatNetwork::new(
                    reader.compat(),
                    writer.compat_write(),
                    here,
                    capnp::message::ReaderOptions::default(),
                );
                let mut system = RpcSystem::new(Box::new(network), serves);
                let root = system.bootstrap(there);
                let driving = tokio::task::spawn_local(async move {
                    tokio::select! {
                        _ = system => {}
                        _ = closed => {}
                    }
                });
                Self {
                    root,
                    peer: None,
                    close,
                    driving,
                }
            }
        }
    }
}

/// What a side still knows of the other.
fn left(peer: &Peer) -> [usize; 4] {
    [
        peer.exports.borrow().len(),
        peer.answers.borrow().len(),
        peer.imports.borrow().len(),
        peer.clients.borrow().len(),
    ]
}

async fn run(steps: &[Step], client: Make, server_make: Make) {
    let world = Rc::new(World::default());
    let (ours, theirs) = tokio::io::duplex(1 << 12);
    let server = Side::open(server_make, theirs, Some(world.object()));
    let Side {
        root,
        peer,
        close,
        driving,
    } = Side::open(client, ours, None);
    drop(server.root);
    let mut run = Run::new(&world, root);
    for step in steps {
        run.go(step).await;
    }
    run.wait().await;
    // As above, with calls that wait for a promise of the other side's.
    if (client, server_make) == (Make::Ours, Make::Ours) {
        run.check_order();
    }
    run.references.clear();
    // Objects may hold each other.
    let objects = world.objects.take();
    for object in objects.iter().filter_map(Weak::upgrade) {
        let held = object.held.take();
        drop(held);
    }
    for peer in [&peer, &server.peer].into_iter().flatten() {
        within("everything is let go of", async {
            while left(peer) != [0; 4] {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await;
    }
    drop(peer);
    drop(server.peer);
    drop(close);
    within("the client ends", driving).await.expect("no panic");
    drop(server.close);
    within("the server ends", server.driving).await.expect("no panic");
    // The stock implementation may keep what it was still doing.
    if (client, server_make) == (Make::Ours, Make::Ours) {
        within("all objects are dropped", async {
            while world.n_live.get() > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await;
    }
}

async fn within<T>(what: &str, waited: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(Duration::from_secs(10), waited).await;
    waited.unwrap_or_else(|_| panic!("{what} within the deadline"))
}

fn run_with(steps: &[Step], client: Make, server: Make) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("the system has threads");
    LocalSet::new().block_on(&runtime, run(steps, client, server));
}

proptest! {
    #[test]
    fn calls_arrive_in_order_and_nothing_is_left_whoever_is_at_the_other_end(
        steps in proptest::collection::vec(step(), 1..60),
        (client, server) in prop_oneof![
            Just((Make::Ours, Make::Ours)),
            Just((Make::Ours, Make::Stock)),
            Just((Make::Stock, Make::Ours)),
        ],
    ) {
        run_with(&steps, client, server);
    }
}
