//! Results of methods that run here.

use std::cell::Cell;
use std::rc::Rc;

use capnp::Error;
use capnp::any_pointer;
use capnp::capability::Promise;
use capnp::private::capability::{ClientHook, PipelineHook, PipelineOp, RequestHook, ResultsHook};
use capnp::traits::ImbueMut as _;
use capnp_rpc::new_broken_cap;
use capnp_rpc::rpc_capnp::{message, return_};

use super::ask::{Answered, results};
use super::peer::{Capabilities, Peer, follow};
use crate::wire::{Charge, Message, new_message};

/// How a method has ended.
#[derive(Clone)]
pub(super) enum Outcome {
    Root(Box<dyn ClientHook>),
    Results(Rc<Sent>),
    Failed(Error),
}

/// Results, as they were sent.
pub(super) struct Sent {
    message: Rc<Message>,
    capabilities: Capabilities,
    _charge: Option<Charge>,
}

impl Outcome {
    pub(super) fn capability(&self, path: &[u16]) -> Box<dyn ClientHook> {
        let found = match self {
            Self::Root(root) if path.is_empty() => Ok(root.add_ref()),
            Self::Root(_) => Err(Error::failed("Invalid pipeline transform.".to_owned())),
            Self::Results(sent) => sent.content().and_then(|content| follow(content, path)),
            Self::Failed(error) => Err(error.clone()),
        };
        found.unwrap_or_else(|error| new_broken_cap(error).hook)
    }

    /// What a question is answered with whose results these are.
    pub(super) fn answered(self) -> Result<Answered, Error> {
        match self {
            Self::Results(sent) => Ok(Answered::Here(sent)),
            Self::Failed(error) => Err(error),
            Self::Root(_) => Err(Error::failed("a root object is no call's result".to_owned())),
        }
    }
}

impl Sent {
    pub(super) fn new(message: Rc<Message>, capabilities: Capabilities, charge: Option<Charge>) -> Self {
        Self {
            message,
            capabilities,
            _charge: charge,
        }
    }

    pub(super) fn content(&self) -> capnp::Result<any_pointer::Reader<'_>> {
        let message = self.message.get_root_as_reader::<message::Reader<'_>>()?;
        results(message.which(), &self.capabilities)
    }
}

/// Results that are being filled in.
pub(super) struct Filled {
    message: Message,
    capabilities: Capabilities,
}

impl Filled {
    pub(super) fn new(number: u32) -> Self {
        let mut message = new_message();
        let mut answer = message.init_root::<message::Builder<'_>>().init_return();
        answer.set_answer_id(number);
        answer.set_release_param_caps(false);
        answer.init_results();
        Self {
            message,
            capabilities: Capabilities::new(),
        }
    }

    pub(super) fn into_parts(self) -> (Message, Capabilities) {
        (self.message, self.capabilities)
    }

    fn answer(&mut self) -> capnp::Result<return_::Builder<'_>> {
        match self.message.get_root::<message::Builder<'_>>()?.which() {
            Ok(message::Return(answer)) => answer,
            _ => Err(Error::failed("an answer is no longer one".to_owned())),
        }
    }

    pub(super) fn content(&mut self) -> capnp::Result<any_pointer::Builder<'_>> {
        let Self {
            message,
            capabilities,
        } = self;
        let Ok(message::Return(answer)) = message.get_root::<message::Builder<'_>>()?.which() else {
            return Err(Error::failed("an answer is no longer one".to_owned()));
        };
        let return_::Results(payload) = answer?.which()? else {
            return Err(Error::failed("results are no longer there".to_owned()));
        };
        let mut content = payload?.get_content();
        content.imbue_mut(capabilities);
        Ok(content)
    }

    /// Names the capabilities in the message, and gives the numbers of those that are of this side.
    pub(super) fn write_capabilities(&mut self, peer: &Peer) -> capnp::Result<Vec<u32>> {
        let capabilities = std::mem::take(&mut self.capabilities);
        let name =
            |capability: Option<Box<dyn ClientHook>>| capability.map(|capability| peer.as_named(capability));
        let capabilities: Capabilities = capabilities.into_iter().map(name).collect();
        let mut answer = self.answer()?;
        let exports = if capabilities.is_empty() {
            // There is nothing that the peer could call.
            answer.set_no_finish_needed(true);
            Vec::new()
        } else {
            let return_::Results(payload) = answer.which()? else {
                return Err(Error::failed("results are no longer there".to_owned()));
            };
            peer.write_capabilities(&capabilities, payload?)?
        };
        self.capabilities = capabilities;
        Ok(exports)
    }
}

/// What a method fills in. When it lets go of this, that is what is sent.
pub(super) struct Results {
    number: u32,
    filled: Option<Filled>,
    done: Rc<Cell<Option<Filled>>>,
}

/// Where they are then.
pub(super) struct Done(Rc<Cell<Option<Filled>>>);

impl Done {
    /// The results of a method that has ended.
    pub(super) fn take(&self) -> capnp::Result<Filled> {
        let filled = self.0.take();
        filled.ok_or_else(|| Error::failed("the method keeps its results".to_owned()))
    }
}

impl Results {
    pub(super) fn new(number: u32) -> (Self, Done) {
        let done = Rc::new(Cell::new(None));
        let results = Self {
            number,
            filled: None,
            done: Rc::clone(&done),
        };
        (results, Done(done))
    }
}

impl Drop for Results {
    fn drop(&mut self) {
        let filled = self.filled.take().unwrap_or_else(|| Filled::new(self.number));
        self.done.set(Some(filled));
    }
}

impl ResultsHook for Results {
    fn get(&mut self) -> capnp::Result<any_pointer::Builder<'_>> {
        let number = self.number;
        self.filled.get_or_insert_with(|| Filled::new(number)).content()
    }

    fn set_pipeline(&mut self) -> capnp::Result<()> {
        Err(Error::unimplemented(
            "results are there when the method ends".to_owned(),
        ))
    }

    fn allow_cancellation(&self) {}

    fn tail_call(self: Box<Self>, request: Box<dyn RequestHook>) -> Promise<(), Error> {
        let mut results = self;
        let promise = request.send().promise;
        Promise::from_future(async move {
            let response = promise.await?;
            results.get()?.set_as(response.get()?)
        })
    }

    fn direct_tail_call(
        self: Box<Self>,
        request: Box<dyn RequestHook>,
    ) -> (Promise<(), Error>, Box<dyn PipelineHook>) {
        let text = "results are there when the method ends".to_owned();
        (
            self.tail_call(request),
            Box::new(NoPipeline(Error::unimplemented(text))),
        )
    }
}

/// What no calls can be made on.
struct NoPipeline(Error);

impl PipelineHook for NoPipeline {
    fn add_ref(&self) -> Box<dyn PipelineHook> {
        Box::new(Self(self.0.clone()))
    }

    fn get_pipelined_cap(&self, _: &[PipelineOp]) -> Box<dyn ClientHook> {
        new_broken_cap(self.0.clone()).hook
    }
}
