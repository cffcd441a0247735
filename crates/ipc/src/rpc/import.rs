//! What the peer has, and the clients for it.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use capnp::Error;
use capnp::MessageSize;
use capnp::any_pointer;
use capnp::capability::{Promise, RemotePromise, Request};
use capnp::private::capability::{ClientHook, ParamsHook, ResultsHook};
use capnp_rpc::new_broken_cap;
use capnp_rpc::rpc_capnp::{cap_descriptor, message_target, promised_answer, resolve};

use super::ask::{Asking, Question};
use super::peer::{Path, Peer, from_exception};
use crate::wire::Waiters;

/// Promises that may turn out to be another one in turn.
const MAX_DEPTH: u32 = 64;

/// An object of the peer's, or a promise of one, by its number.
pub(super) struct Imported {
    client: Weak<Remote>,
    /// The client of the promise, until that resolves.
    promise: Option<Weak<Remote>>,
}

/// What calls over the connection are made on.
pub(super) struct Remote {
    peer: Rc<Peer>,
    kind: Kind,
}

enum Kind {
    /// An object of the peer's.
    Import {
        number: u32,
        /// How often the peer has passed it, which it counts.
        times: Cell<u32>,
    },
    /// What will be in the answer to a question.
    Pipelined { question: Rc<Question>, path: Path },
    /// One of these at first, and what it turns out to be later.
    Promise(Promised),
}

struct Promised {
    now: RefCell<Box<dyn ClientHook>>,
    is_resolved: Cell<bool>,
    /// Whether something went to the peer on it.
    is_used: Cell<bool>,
    /// How many promises have turned out to be this one, each by way of the one before.
    depth: Cell<u32>,
    waiters: Waiters,
}

/// A reference to one.
pub(super) struct Client(pub(super) Rc<Remote>);

impl Imported {
    /// The promise that is to be resolved.
    pub(super) fn take_promise(&mut self) -> Option<Rc<Remote>> {
        self.promise.take()?.upgrade()
    }
}

impl Peer {
    /// The peer passes an object of its own.
    pub(super) fn import(&self, number: u32) -> Box<dyn ClientHook> {
        Box::new(Client(self.imported(number)))
    }

    /// The peer passes a promise.
    pub(super) fn import_promise(&self, number: u32) -> Box<dyn ClientHook> {
        let import = self.imported(number);
        let known = |imported: &Imported| imported.promise.as_ref().and_then(Weak::upgrade);
        let known = self.imports.borrow().get(&number).and_then(known);
        let promise = known.unwrap_or_else(|| {
            let promise = Remote::promise(&self.rc(), Box::new(Client(import)));
            if let Some(imported) = self.imports.borrow_mut().get_mut(&number) {
                imported.promise = Some(Rc::downgrade(&promise));
            }
            promise
        });
        Box::new(Client(promise))
    }

    fn imported(&self, number: u32) -> Rc<Remote> {
        let known = self
            .imports
            .borrow()
            .get(&number)
            .and_then(|imported| imported.client.upgrade());
        let import = known.unwrap_or_else(|| {
            let times = Cell::new(0);
            let import = Remote::new(&self.rc(), Kind::Import { number, times });
            let imported = Imported {
                client: Rc::downgrade(&import),
                promise: None,
            };
            self.imports.borrow_mut().insert(number, imported);
            import
        });
        if let Kind::Import { times, .. } = &import.kind {
            times.set(times.get().saturating_add(1));
        }
        import
    }

    /// A promise of the peer's turns out to be something.
    pub(super) fn resolved(&self, resolve: resolve::Reader<'_>) -> capnp::Result<()> {
        let resolution = match resolve.which()? {
            resolve::Cap(descriptor) => match self.capability(descriptor?)? {
                Some(capability) => Ok(capability),
                None => {
                    let text = "'Resolve' contained 'CapDescriptor.none'.".to_owned();
                    return Err(Error::failed(text));
                }
            },
            resolve::Exception(exception) => Err(from_exception(exception?)),
        };
        let mut imports = self.imports.borrow_mut();
        // Whoever had it may have let go of it.
        let Some(imported) = imports.get_mut(&resolve.get_promise_id()) else {
            drop(imports);
            return Ok(());
        };
        let Some(promise) = imported.promise.take() else {
            return Err(Error::failed(
                "Got 'Resolve' for a non-promise import.".to_owned(),
            ));
        };
        drop(imports);
        if let Some(promise) = promise.upgrade() {
            promise.resolve(resolution);
        }
        Ok(())
    }

    /// The client that a hook is, where calls on it go to this peer.
    pub(super) fn own(&self, hook: &dyn ClientHook) -> Option<Rc<Remote>> {
        if hook.get_brand() != self.brand() {
            return None;
        }
        self.clients.borrow().get(&hook.get_ptr())?.upgrade()
    }
}

impl Remote {
    fn new(peer: &Rc<Peer>, kind: Kind) -> Rc<Self> {
        let remote = Rc::new(Self {
            peer: Rc::clone(peer),
            kind,
        });
        let mut clients = peer.clients.borrow_mut();
        clients.insert(remote.address(), Rc::downgrade(&remote));
        drop(clients);
        remote
    }

    fn promise(peer: &Rc<Peer>, now: Box<dyn ClientHook>) -> Rc<Self> {
        Self::new(
            peer,
            Kind::Promise(Promised {
                now: RefCell::new(now),
                is_resolved: Cell::new(false),
                is_used: Cell::new(false),
                depth: Cell::new(0),
                waiters: Waiters::default(),
            }),
        )
    }

    /// What will be at the end of a path through the answer to a question.
    pub(super) fn pipelined(question: &Rc<Question>, path: Path) -> Rc<Self> {
        let peer = question.peer();
        let question = Rc::clone(question);
        let pipelined = Self::new(peer, Kind::Pipelined { question, path });
        Self::promise(peer, Box::new(Client(pipelined)))
    }

    pub(super) fn peer(&self) -> &Rc<Peer> {
        &self.peer
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// What calls go to at the moment: something of the peer's, or something else, where a promise has resolved to that.
    pub(super) fn settled(self: &Rc<Self>) -> Result<Rc<Self>, Box<dyn ClientHook>> {
        let mut settled = Rc::clone(self);
        while let Kind::Promise(promised) = &settled.kind {
            promised.is_used.set(true);
            let now = promised.now.borrow().add_ref();
            settled = self.peer.own(&*now).ok_or(now)?;
        }
        Ok(settled)
    }

    /// Names this, which is settled, as what a message is for.
    pub(super) fn write_target(&self, mut target: message_target::Builder<'_>) {
        match &self.kind {
            Kind::Import { number, .. } => target.set_imported_cap(*number),
            Kind::Pipelined { question, path } => {
                write_promised(question, path, target.init_promised_answer());
            }
            Kind::Promise(_) => {}
        }
    }

    /// Names this, which is settled, as a capability that is passed back.
    pub(super) fn write_descriptor(&self, mut descriptor: cap_descriptor::Builder<'_>) {
        match &self.kind {
            Kind::Import { number, .. } => descriptor.set_receiver_hosted(*number),
            Kind::Pipelined { question, path } => {
                write_promised(question, path, descriptor.init_receiver_answer());
            }
            Kind::Promise(_) => {}
        }
    }

    /// What a promise turned out to be, unless that leads back to it, or never to an end.
    fn ends(
        &self,
        promised: &Promised,
        resolution: Box<dyn ClientHook>,
    ) -> capnp::Result<Box<dyn ClientHook>> {
        let resolution = innermost(resolution);
        let Some(own) = self.peer.own(&*resolution) else {
            return Ok(resolution);
        };
        if let Kind::Promise(next) = &own.kind {
            let depth = promised.depth.get() + 1;
            if own.address() == self.address() || depth > MAX_DEPTH {
                return Err(Error::failed(
                    "a promise turns out to be nothing but promises".to_owned(),
                ));
            }
            next.depth.set(depth.max(next.depth.get()));
            // What went to the peer on the one went to it on the other.
            if promised.is_used.get() {
                next.is_used.set(true);
            }
        }
        Ok(resolution)
    }

    /// Lets a promise be what it turned out to be. Calls that went to the peer on it come before those that go to something
    /// here from now on.
    pub(super) fn resolve(&self, resolution: Result<Box<dyn ClientHook>, Error>) {
        let Kind::Promise(promised) = &self.kind else {
            return;
        };
        let is_connected = self.peer.ended().is_none();
        let resolution = resolution.and_then(|resolution| self.ends(promised, resolution));
        let resolution = match resolution {
            Err(error) => new_broken_cap(error).hook,
            Ok(resolution) => {
                let is_here = resolution.get_brand() != self.peer.brand();
                let before = promised.now.borrow().add_ref();
                match self.peer.own(&*before) {
                    Some(before) if is_here && promised.is_used.get() && is_connected => {
                        self.peer.embargo(&before, resolution)
                    }
                    _ => resolution,
                }
            }
        };
        let before = promised.now.replace(resolution);
        promised.is_resolved.set(true);
        promised.waiters.wake();
        // Its end may send messages.
        drop(before);
    }
}

/// What a capability has turned out to be so far.
pub(super) fn innermost(mut hook: Box<dyn ClientHook>) -> Box<dyn ClientHook> {
    while let Some(resolved) = hook.get_resolved() {
        hook = resolved;
    }
    hook
}

fn write_promised(question: &Question, path: &[u16], mut answer: promised_answer::Builder<'_>) {
    answer.set_question_id(question.number());
    let length = u32::try_from(path.len()).expect("paths are as long as structures are deep");
    let mut steps = answer.init_transform(length);
    for (place, index) in (0..).zip(path) {
        steps.reborrow().get(place).set_get_pointer_field(*index);
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.peer.clients.borrow_mut().remove(&self.address());
        if let Kind::Import { number, times } = &self.kind {
            self.peer.imports.borrow_mut().remove(number);
            self.peer.tell(|message| {
                let mut release = message.init_release();
                release.set_id(*number);
                release.set_reference_count(times.get());
            });
        }
    }
}

impl ClientHook for Client {
    fn add_ref(&self) -> Box<dyn ClientHook> {
        Box::new(Self(Rc::clone(&self.0)))
    }

    fn new_call(
        &self,
        interface: u64,
        method: u16,
        _: Option<MessageSize>,
    ) -> Request<any_pointer::Owned, any_pointer::Owned> {
        Asking::request(&self.0, interface, method)
    }

    fn call(
        &self,
        interface: u64,
        method: u16,
        params: Box<dyn ParamsHook>,
        mut results: Box<dyn ResultsHook>,
    ) -> Promise<(), Error> {
        let mut request = self.new_call(interface, method, None);
        let copied = params.get().and_then(|params| request.get().set_as(params));
        if let Err(error) = copied {
            return Promise::err(error);
        }
        let RemotePromise { promise, .. } = request.send();
        Promise::from_future(async move {
            let response = promise.await?;
            results.get()?.set_as(response.get()?)
        })
    }

    fn get_brand(&self) -> usize {
        self.0.peer.brand()
    }

    fn get_ptr(&self) -> usize {
        self.0.address()
    }

    fn get_resolved(&self) -> Option<Box<dyn ClientHook>> {
        match &self.0.kind {
            Kind::Promise(promised) if promised.is_resolved.get() => Some(promised.now.borrow().add_ref()),
            _ => None,
        }
    }

    fn when_more_resolved(&self) -> Option<Promise<Box<dyn ClientHook>, Error>> {
        let Kind::Promise(_) = &self.0.kind else {
            return None;
        };
        let remote = Rc::clone(&self.0);
        Some(Promise::from_future(async move {
            let Kind::Promise(promised) = &remote.kind else {
                unreachable!("it was one above");
            };
            promised.waiters.until(|| promised.is_resolved.get()).await;
            let now = promised.now.borrow().add_ref();
            Ok(now)
        }))
    }

    fn when_resolved(&self) -> Promise<(), Error> {
        when_resolved(self)
    }
}

/// Waits until a capability is no promise any more.
pub(super) fn when_resolved(hook: &dyn ClientHook) -> Promise<(), Error> {
    let Some(mut more) = hook.when_more_resolved() else {
        return Promise::ok(());
    };
    Promise::from_future(async move {
        loop {
            let resolved = more.await?;
            match resolved.when_more_resolved() {
                Some(next) => more = next,
                None => return Ok(()),
            }
        }
    })
}
