//! Questions of this side: calls to what the peer has.

use std::cell::{Cell, OnceCell, RefCell};
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};

use capnp::Error;
use capnp::any_pointer;
use capnp::capability::{Promise, RemotePromise, Request, Response};
use capnp::private::capability::{ClientHook, PipelineHook, PipelineOp, RequestHook, ResponseHook};
use capnp::traits::{Imbue as _, ImbueMut as _};
use capnp_rpc::new_broken_cap;
use capnp_rpc::rpc_capnp::{call, message, return_};

use super::import::{Client, Remote};
use super::peer::{Capabilities, Path, Peer, follow, from_exception, to_number, to_path};
use super::results::Sent;
use crate::wire::{Incoming, Meaning, Message, new_message};

/// A question's entry in the table.
pub(super) struct Asked {
    /// What became of it is for whoever still has this.
    pub(super) question: Weak<Question>,
    /// What was passed to the call, to be released when the answer says so.
    exports: Vec<u32>,
    is_answered: bool,
}

/// A question. The peer keeps what belongs to it until this is dropped.
pub(super) struct Question {
    peer: Rc<Peer>,
    number: u32,
    answer: OnceCell<Result<Answered, Error>>,
    waiting: RefCell<Option<Waker>>,
    /// Clients of capabilities in the answer that were made before it came.
    promises: RefCell<Vec<(Weak<Remote>, Path)>>,
    /// Whether the peer has let go of it by itself.
    is_finished: Cell<bool>,
}

/// The results of a call.
pub(super) enum Answered {
    Arrived {
        incoming: Incoming,
        capabilities: Capabilities,
    },
    /// The peer passed the call on to something here.
    Here(Rc<Sent>),
}

/// What an answer says.
pub(super) enum Outcome {
    Results(Capabilities),
    Failed(Error),
    /// The results are those of the peer's question with this number.
    Elsewhere(u32),
}

impl Question {
    /// Takes a number for a question that is about to be sent.
    pub(super) fn ask(peer: &Rc<Peer>, exports: Vec<u32>) -> Rc<Self> {
        let mut questions = peer.questions.borrow_mut();
        let place = questions.vacant_entry();
        let question = Rc::new(Self {
            peer: Rc::clone(peer),
            number: to_number(place.key()),
            answer: OnceCell::new(),
            waiting: RefCell::default(),
            promises: RefCell::default(),
            is_finished: Cell::new(false),
        });
        place.insert(Asked {
            question: Rc::downgrade(&question),
            exports,
            is_answered: false,
        });
        question
    }

    pub(super) fn number(&self) -> u32 {
        self.number
    }

    pub(super) fn peer(&self) -> &Rc<Peer> {
        &self.peer
    }

    /// A capability in the answer, on which calls can be made before it comes.
    pub(super) fn capability(question: &Rc<Self>, path: &[u16]) -> Box<dyn ClientHook> {
        match question.answer.get() {
            Some(Ok(answered)) => answered
                .content()
                .and_then(|content| follow(content, path))
                .unwrap_or_else(|error| new_broken_cap(error).hook),
            Some(Err(error)) => new_broken_cap(error.clone()).hook,
            None => {
                let promise = Remote::pipelined(question, path.to_vec());
                let mut promises = question.promises.borrow_mut();
                promises.push((Rc::downgrade(&promise), path.to_vec()));
                Box::new(Client(promise))
            }
        }
    }

    /// The answer is there. Clients of what is in it hear of it before whoever made the call.
    pub(super) fn resolve(&self, answer: Result<Answered, Error>) {
        if self.answer.set(answer).is_err() {
            return;
        }
        for (promise, path) in self.promises.take() {
            let Some(promise) = promise.upgrade() else {
                continue;
            };
            promise.resolve(match self.answer.get() {
                Some(Ok(answered)) => answered.content().and_then(|content| follow(content, &path)),
                Some(Err(error)) => Err(error.clone()),
                None => unreachable!("it was set above"),
            });
        }
        let waiting = self.waiting.take();
        if let Some(waiting) = waiting {
            waiting.wake();
        }
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        let mut questions = self.peer.questions.borrow_mut();
        let Some(asked) = questions.get(self.number as usize) else {
            // The connection is over.
            return;
        };
        let is_answered = asked.is_answered;
        if is_answered {
            questions.remove(self.number as usize);
        }
        drop(questions);
        if !self.is_finished.get() {
            self.peer.tell(|message| {
                let mut finish = message.init_finish();
                finish.set_question_id(self.number);
                // What comes after all is not even looked at.
                finish.set_release_result_caps(!is_answered);
            });
        }
    }
}

impl Answered {
    pub(super) fn arrived(incoming: Incoming, capabilities: Capabilities) -> Self {
        Self::Arrived {
            incoming,
            capabilities,
        }
    }

    fn content(&self) -> capnp::Result<any_pointer::Reader<'_>> {
        match self {
            Self::Arrived {
                incoming,
                capabilities,
            } => results(incoming.meaning(), capabilities),
            Self::Here(sent) => sent.content(),
        }
    }
}

/// The results in a message that is an answer.
pub(super) fn results<'a>(
    meaning: Meaning<'a>,
    capabilities: &'a Capabilities,
) -> capnp::Result<any_pointer::Reader<'a>> {
    let Ok(message::Return(answer)) = meaning else {
        return Err(Error::failed("an answer is no longer one".to_owned()));
    };
    let return_::Results(payload) = answer?.which()? else {
        return Err(Error::failed("results are no longer there".to_owned()));
    };
    let mut content = payload?.get_content();
    content.imbue(capabilities);
    Ok(content)
}

impl Peer {
    /// The peer answers a question: which one, where somebody still wants to know.
    pub(super) fn answered(
        &self,
        number: u32,
        no_finish: bool,
        releases: bool,
    ) -> capnp::Result<Option<Rc<Question>>> {
        let mut questions = self.questions.borrow_mut();
        let Some(asked) = questions.get_mut(number as usize) else {
            let text = format!("Invalid question ID in Return message: {number}");
            return Err(Error::failed(text));
        };
        if std::mem::replace(&mut asked.is_answered, true) {
            return Err(Error::failed("Duplicate Return.".to_owned()));
        }
        let exports = std::mem::take(&mut asked.exports);
        let question = asked.question.upgrade();
        match &question {
            Some(question) => question.is_finished.set(no_finish),
            // The peer was told so before.
            None => drop(questions.remove(number as usize)),
        }
        drop(questions);
        if releases {
            self.release_all(&exports)?;
        }
        Ok(question)
    }

    /// What an answer says.
    pub(super) fn outcome(&self, answer: return_::Reader<'_>) -> capnp::Result<Outcome> {
        match answer.which()? {
            return_::Results(results) => Ok(Outcome::Results(self.capabilities(results?)?)),
            return_::Exception(exception) => Ok(Outcome::Failed(from_exception(exception?))),
            return_::TakeFromOtherQuestion(number) => Ok(Outcome::Elsewhere(number)),
            // Nobody asked for that.
            return_::Canceled(()) | return_::ResultsSentElsewhere(()) | return_::AcceptFromThirdParty(_) => {
                Err(Error::failed(
                    "a call is answered in a way that was not asked for".to_owned(),
                ))
            }
        }
    }
}

/// A call that is being filled in.
pub(super) struct Asking {
    peer: Rc<Peer>,
    target: Rc<Remote>,
    message: Message,
    capabilities: Capabilities,
}

impl Asking {
    pub(super) fn request(
        target: &Rc<Remote>,
        interface: u64,
        method: u16,
    ) -> Request<any_pointer::Owned, any_pointer::Owned> {
        let peer = target.peer();
        if let Some(error) = peer.ended() {
            return broken(error.clone());
        }
        let mut message = new_message();
        let mut call = message.init_root::<message::Builder<'_>>().init_call();
        call.set_interface_id(interface);
        call.set_method_id(method);
        Request::new(Box::new(Self {
            peer: Rc::clone(peer),
            target: Rc::clone(target),
            message,
            capabilities: Capabilities::new(),
        }))
    }

    /// Makes the same call to something else.
    fn redirect(mut self, target: &dyn ClientHook) -> RemotePromise<any_pointer::Owned> {
        let call = match called(&mut self.message) {
            Ok(call) => call.into_reader(),
            Err(error) => return broken(error).send(),
        };
        let mut request = target.new_call(call.get_interface_id(), call.get_method_id(), None);
        let copied = request.get().set_as(self.get().into_reader());
        match copied {
            Ok(()) => request.send(),
            Err(error) => broken(error).send(),
        }
    }

    fn ask(mut self, target: &Remote) -> Result<Rc<Question>, Error> {
        let mut call = called(&mut self.message)?;
        let exports = self
            .peer
            .write_capabilities(&self.capabilities, call.reborrow().get_params()?)?;
        target.write_target(call.reborrow().init_target());
        let question = Question::ask(&self.peer, exports);
        call.set_question_id(question.number());
        self.peer.send(self.message);
        Ok(question)
    }
}

fn called(message: &mut Message) -> capnp::Result<call::Builder<'_>> {
    match message.get_root::<message::Builder<'_>>()?.which() {
        Ok(message::Call(call)) => call,
        _ => Err(Error::failed("a call is no longer one".to_owned())),
    }
}

/// A call that comes to nothing.
fn broken(error: Error) -> Request<any_pointer::Owned, any_pointer::Owned> {
    new_broken_cap(error).hook.new_call(0, 0, None)
}

impl RequestHook for Asking {
    fn get(&mut self) -> any_pointer::Builder<'_> {
        let params = called(&mut self.message).and_then(call::Builder::get_params);
        let mut content = params
            .expect("what is written here is a call with parameters")
            .get_content();
        content.imbue_mut(&mut self.capabilities);
        content
    }

    fn get_brand(&self) -> usize {
        self.peer.brand()
    }

    fn send(self: Box<Self>) -> RemotePromise<any_pointer::Owned> {
        if let Some(error) = self.peer.ended() {
            return broken(error.clone()).send();
        }
        let target = match self.target.settled() {
            Ok(target) => target,
            Err(elsewhere) => return self.redirect(&*elsewhere),
        };
        match self.ask(&target) {
            Ok(question) => RemotePromise {
                promise: Promise::from_future(Awaiting(Rc::clone(&question))),
                pipeline: any_pointer::Pipeline::new(Box::new(Pipeline(question))),
            },
            Err(error) => broken(error).send(),
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

/// Waits for the answer.
struct Awaiting(Rc<Question>);

impl Future for Awaiting {
    type Output = Result<Response<any_pointer::Owned>, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let question = &self.0;
        match question.answer.get() {
            Some(Ok(_)) => Poll::Ready(Ok(Response::new(Box::new(Results(Rc::clone(question)))))),
            Some(Err(error)) => Poll::Ready(Err(error.clone())),
            None => {
                let waker = context.waker();
                let is_known = |known: &Waker| known.will_wake(waker);
                if !question.waiting.borrow().as_ref().is_some_and(is_known) {
                    let before = question.waiting.replace(Some(waker.clone()));
                    // With a waker, a task may end that waits here itself.
                    drop(before);
                }
                Poll::Pending
            }
        }
    }
}

impl ResponseHook for Answered {
    fn get(&self) -> capnp::Result<any_pointer::Reader<'_>> {
        self.content()
    }
}

/// The results, as long as somebody looks at them.
struct Results(Rc<Question>);

impl ResponseHook for Results {
    fn get(&self) -> capnp::Result<any_pointer::Reader<'_>> {
        match self.0.answer.get() {
            Some(Ok(answered)) => answered.content(),
            _ => Err(Error::failed("there are no results".to_owned())),
        }
    }
}

/// What calls can be made on before the answer is there.
struct Pipeline(Rc<Question>);

impl PipelineHook for Pipeline {
    fn add_ref(&self) -> Box<dyn PipelineHook> {
        Box::new(Self(Rc::clone(&self.0)))
    }

    fn get_pipelined_cap(&self, steps: &[PipelineOp]) -> Box<dyn ClientHook> {
        Question::capability(&self.0, &to_path(steps))
    }
}
