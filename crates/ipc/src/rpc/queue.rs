//! Calls of what is not known yet. They wait here, and begin in the order in which they came at the moment when it is known:
//! calls that come later cannot overtake them.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use capnp::any_pointer;
use capnp::capability::{Promise, RemotePromise, Request, Response};
use capnp::private::capability::{
    ClientHook, ParamsHook, PipelineHook, PipelineOp, RequestHook, ResultsHook,
};
use capnp::traits::{Imbue as _, ImbueMut as _};
use capnp::{Error, MessageSize};
use capnp_rpc::new_broken_cap;
use futures::channel::oneshot;
use tokio::task::AbortHandle;

use super::import::when_resolved;
use super::peer::{Capabilities, Path, to_path};
use super::results::{Outcome, Results, Sent};
use crate::connection::LOCAL;
use crate::wire::{Message, Waiters, new_message};

/// The results of a method that has not ended.
#[derive(Default)]
pub(super) struct Expected {
    outcome: OnceCell<Outcome>,
    /// Calls of what will be in them, in the order in which they came.
    calls: RefCell<BTreeMap<u64, Queued>>,
    n_calls: Cell<u64>,
    waiters: Waiters,
}

/// A call that waits for its target.
struct Queued {
    path: Path,
    interface: u64,
    method: u16,
    params: Box<dyn ParamsHook>,
    results: Box<dyn ResultsHook>,
    begun: oneshot::Sender<Promise<(), Error>>,
}

/// A call's place among those that wait. It holds on to what it waits for.
struct Waiting {
    expected: Rc<Expected>,
    number: u64,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let given_up = self.expected.calls.borrow_mut().remove(&self.number);
        // What was passed to it may hold on to others.
        drop(given_up);
    }
}

/// What will be at the end of a path through results.
struct Pipelined {
    expected: Rc<Expected>,
    path: Path,
}

/// A reference to that.
struct PipelinedClient(Rc<Pipelined>);

impl Expected {
    /// A client for what will be at the end of a path through them.
    pub(super) fn client(self: Rc<Self>, path: Path) -> Box<dyn ClientHook> {
        Box::new(PipelinedClient(Rc::new(Pipelined { expected: self, path })))
    }

    /// Waits until they are there.
    pub(super) async fn outcome(&self) -> Outcome {
        self.waiters.until(|| self.outcome.get().is_some()).await;
        match self.outcome.get() {
            Some(outcome) => outcome.clone(),
            None => unreachable!("it was waited for"),
        }
    }

    /// The results are there. Calls that waited for them begin now, before any that come later.
    pub(super) fn come(&self, outcome: Outcome) {
        if self.outcome.set(outcome).is_err() {
            return;
        }
        while let Some(queued) = self.take() {
            self.begin(queued);
        }
        self.waiters.wake();
    }

    fn take(&self) -> Option<Queued> {
        Some(self.calls.borrow_mut().pop_first()?.1)
    }

    fn begin(&self, queued: Queued) {
        let Queued {
            path,
            interface,
            method,
            params,
            results,
            begun,
        } = queued;
        if begun.is_canceled() {
            return;
        }
        let mut promise = self.capability(&path).call(interface, method, params, results);
        // It is polled again by whoever waits for it, and then wakes that.
        let polled = Pin::new(&mut promise).poll(&mut Context::from_waker(Waker::noop()));
        let promise = match polled {
            Poll::Ready(result) => Promise::from_future(std::future::ready(result)),
            Poll::Pending => promise,
        };
        // Whoever waited may have given up just now.
        let _ = begun.send(promise);
    }

    fn capability(&self, path: &[u16]) -> Box<dyn ClientHook> {
        match self.outcome.get() {
            Some(outcome) => outcome.capability(path),
            None => new_broken_cap(Error::failed("results are not there yet".to_owned())).hook,
        }
    }
}

impl Pipelined {
    fn resolved(&self) -> Option<Box<dyn ClientHook>> {
        let outcome = self.expected.outcome.get()?;
        Some(outcome.capability(&self.path))
    }
}

impl ClientHook for PipelinedClient {
    fn add_ref(&self) -> Box<dyn ClientHook> {
        Box::new(Self(Rc::clone(&self.0)))
    }

    fn new_call(
        &self,
        interface: u64,
        method: u16,
        _: Option<MessageSize>,
    ) -> Request<any_pointer::Owned, any_pointer::Owned> {
        Request::new(Box::new(Asking {
            target: self.add_ref(),
            interface,
            method,
            message: new_message(),
            capabilities: Capabilities::new(),
        }))
    }

    fn call(
        &self,
        interface: u64,
        method: u16,
        params: Box<dyn ParamsHook>,
        results: Box<dyn ResultsHook>,
    ) -> Promise<(), Error> {
        let Pipelined { expected, path } = &*self.0;
        if let Some(resolved) = self.0.resolved() {
            return resolved.call(interface, method, params, results);
        }
        let (begun, beginning) = oneshot::channel();
        let number = expected.n_calls.get();
        expected.n_calls.set(number + 1);
        let queued = Queued {
            path: path.clone(),
            interface,
            method,
            params,
            results,
            begun,
        };
        expected.calls.borrow_mut().insert(number, queued);
        let waiting = Waiting {
            expected: Rc::clone(expected),
            number,
        };
        Promise::from_future(async move {
            let promise = beginning.await;
            drop(waiting);
            match promise {
                Ok(promise) => promise.await,
                Err(_) => Err(Error::failed("the call was given up".to_owned())),
            }
        })
    }

    fn get_brand(&self) -> usize {
        LOCAL
    }

    fn get_ptr(&self) -> usize {
        Rc::as_ptr(&self.0).addr()
    }

    fn get_resolved(&self) -> Option<Box<dyn ClientHook>> {
        self.0.resolved()
    }

    fn when_more_resolved(&self) -> Option<Promise<Box<dyn ClientHook>, Error>> {
        let this = Rc::clone(&self.0);
        Some(Promise::from_future(async move {
            let outcome = this.expected.outcome().await;
            Ok(outcome.capability(&this.path))
        }))
    }

    fn when_resolved(&self) -> Promise<(), Error> {
        when_resolved(self)
    }
}

/// A call from here, of what is not known yet, that is being filled in.
struct Asking {
    target: Box<dyn ClientHook>,
    interface: u64,
    method: u16,
    message: Message,
    capabilities: Capabilities,
}

/// One that is under way, until nobody waits for it any more.
struct Asked {
    expected: Rc<Expected>,
    task: Option<AbortHandle>,
}

impl Drop for Asked {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl RequestHook for Asking {
    fn get(&mut self) -> any_pointer::Builder<'_> {
        let root = self.message.get_root::<any_pointer::Builder<'_>>();
        let mut root = root.expect("what is written here is a message");
        root.imbue_mut(&mut self.capabilities);
        root
    }

    fn get_brand(&self) -> usize {
        LOCAL
    }

    fn send(self: Box<Self>) -> RemotePromise<any_pointer::Owned> {
        let Self {
            target,
            interface,
            method,
            message,
            capabilities,
        } = *self;
        let (results, done) = Results::new(0);
        let params = Box::new(Params {
            message,
            capabilities,
        });
        let mut called = target.call(interface, method, params, Box::new(results));
        let expected = Rc::<Expected>::default();
        let coming = Rc::clone(&expected);
        let mut running = Box::pin(async move {
            let result = (&mut called).await.and_then(|()| done.take());
            coming.come(match result {
                Ok(filled) => {
                    let (message, capabilities) = filled.into_parts();
                    Outcome::Results(Rc::new(Sent::new(Rc::new(message), capabilities, None)))
                }
                Err(error) => Outcome::Failed(error),
            });
        });
        // As for calls of the peer's: what follows comes later.
        let polled = running.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let task = polled
            .is_pending()
            .then(|| tokio::task::spawn_local(running).abort_handle());
        let asked = Rc::new(Asked { expected, task });
        let awaiting = Rc::clone(&asked);
        RemotePromise {
            promise: Promise::from_future(async move {
                let answered = awaiting.expected.outcome().await.answered()?;
                Ok(Response::new(Box::new(answered)))
            }),
            pipeline: any_pointer::Pipeline::new(Box::new(Pipeline(asked))),
        }
    }

    fn send_streaming(self: Box<Self>) -> Promise<(), Error> {
        let promise = self.send().promise;
        Promise::from_future(async move { promise.await.map(drop) })
    }

    fn tail_send(self: Box<Self>) -> Option<(u32, Promise<(), Error>, Box<dyn PipelineHook>)> {
        None
    }
}

struct Params {
    message: Message,
    capabilities: Capabilities,
}

impl ParamsHook for Params {
    fn get(&self) -> capnp::Result<any_pointer::Reader<'_>> {
        let mut root = self.message.get_root_as_reader::<any_pointer::Reader<'_>>()?;
        root.imbue(&self.capabilities);
        Ok(root)
    }
}

/// What calls can be made on before such a call has ended.
struct Pipeline(Rc<Asked>);

impl PipelineHook for Pipeline {
    fn add_ref(&self) -> Box<dyn PipelineHook> {
        Box::new(Self(Rc::clone(&self.0)))
    }

    fn get_pipelined_cap(&self, steps: &[PipelineOp]) -> Box<dyn ClientHook> {
        Rc::clone(&self.0.expected).client(to_path(steps))
    }
}
