//! What one side knows of the other: its questions and answers, and the capabilities that went over.

use std::cell::{OnceCell, RefCell};
use std::rc::{Rc, Weak};

use capnp::capability::Client;
use capnp::private::capability::{ClientHook, PipelineOp};
use capnp::{Error, ErrorKind};
use capnp::{any_pointer, text};
use capnp_rpc::new_broken_cap;
use capnp_rpc::rpc_capnp::{
    cap_descriptor, disembargo, exception, message, message_target, payload, promised_answer,
};
use foldhash::HashMap;
use slab::Slab;

use super::answer::Answer;
use super::ask::{Answered, Asked, Outcome, Question};
use super::export::Exports;
use super::import::{Imported, Remote, innermost};
use super::queue::Expected;
use super::results;
use crate::error::REMOTE;
use crate::wire::{Charge, Incoming, Message, Sender, new_message};

/// The capabilities that a message names by their places.
pub(super) type Capabilities = Vec<Option<Box<dyn ClientHook>>>;

/// Capabilities in one message at most.
const MAX_CAPABILITIES: u32 = 4_000;

/// Steps of a path at most. Results are not so deep.
const MAX_STEPS: u32 = 64;

/// Pointer fields to follow from the root of an answer to a capability.
pub(super) type Path = Vec<u16>;

/// The peer of one connection. Belongs to the IPC thread.
pub(super) struct Peer {
    itself: Weak<Peer>,
    sender: Sender,
    /// What the peer gets when it asks for the root object.
    root: Box<dyn ClientHook>,
    pub(super) exports: RefCell<Exports>,
    /// Questions of this side, by their numbers.
    pub(super) questions: RefCell<Slab<Asked>>,
    /// The peer's, by theirs.
    pub(super) answers: RefCell<HashMap<u32, Answer>>,
    /// Those of the peer's that it has let go of, and whose results are waited for all the same.
    pub(super) let_go: RefCell<Slab<Answer>>,
    pub(super) imports: RefCell<HashMap<u32, Imported>>,
    /// The clients of what the peer has, by their [`ClientHook::get_ptr`].
    pub(super) clients: RefCell<HashMap<usize, Weak<Remote>>>,
    embargoes: RefCell<Slab<Embargo>>,
    end: OnceCell<Error>,
}

/// What a promise has turned out to be, for calls that wait until those that were made before have come back through the
/// peer.
struct Embargo {
    resolution: Box<dyn ClientHook>,
    expected: Rc<Expected>,
}

impl Peer {
    pub(super) fn new(sender: Sender, root: Option<Client>) -> Rc<Self> {
        Rc::new_cyclic(|itself| Self {
            itself: Weak::clone(itself),
            sender,
            root: root.map_or_else(
                || new_broken_cap(Error::failed("there is no root object".to_owned())).hook,
                |root| root.hook,
            ),
            exports: RefCell::default(),
            questions: RefCell::default(),
            answers: RefCell::default(),
            let_go: RefCell::default(),
            imports: RefCell::default(),
            clients: RefCell::default(),
            embargoes: RefCell::default(),
            end: OnceCell::new(),
        })
    }

    pub(super) fn rc(&self) -> Rc<Self> {
        self.itself
            .upgrade()
            .expect("whoever has a reference keeps what is referred to")
    }

    pub(super) fn weak(&self) -> &Weak<Self> {
        &self.itself
    }

    /// What tells its capabilities from others.
    pub(super) fn brand(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Why nothing is sent and received any more.
    pub(super) fn ended(&self) -> Option<&Error> {
        self.end.get()
    }

    /// Sends a message that is complete, unless nothing is sent any more.
    pub(super) fn send(&self, message: Message) -> Rc<Message> {
        let message = Rc::new(message);
        if self.end.get().is_none() {
            self.sender.send(Rc::clone(&message));
        }
        message
    }

    /// Counts a message that is kept after it was sent. The connection is lost when that is too much.
    pub(super) fn charge(&self, message: &Message) -> Option<Charge> {
        self.sender.charge(message)
    }

    /// Sends a message that `fill` makes, unless nothing is sent any more.
    pub(super) fn tell(&self, fill: impl FnOnce(message::Builder<'_>)) {
        if self.end.get().is_none() {
            let mut message = new_message();
            fill(message.init_root());
            self.sender.send(Rc::new(message));
        }
    }

    /// Asks for the peer's root object.
    pub(super) fn bootstrap(&self) -> Box<dyn ClientHook> {
        if let Some(error) = self.ended() {
            return new_broken_cap(error.clone()).hook;
        }
        let question = Question::ask(&self.rc(), Vec::new());
        self.tell(|message| message.init_bootstrap().set_question_id(question.number()));
        Question::capability(&question, &[])
    }

    /// Does what a message says.
    pub(super) fn receive(&self, incoming: Incoming) -> capnp::Result<()> {
        match incoming.meaning() {
            Ok(message::Call(call)) => {
                let call = call?;
                let arrived = self.arrived(call)?;
                self.serve(arrived, incoming)
            }
            Ok(message::Return(answer)) => {
                let answer = answer?;
                let number = answer.get_answer_id();
                let no_finish = answer.get_no_finish_needed();
                let releases = answer.get_release_param_caps();
                let Some(question) = self.answered(number, no_finish, releases)? else {
                    return Ok(());
                };
                match self.outcome(answer)? {
                    Outcome::Results(capabilities) => {
                        question.resolve(Ok(Answered::arrived(incoming, capabilities)));
                    }
                    Outcome::Failed(error) => question.resolve(Err(error)),
                    Outcome::Elsewhere(number) => self.take_from(number, question)?,
                }
                Ok(())
            }
            Ok(message::Finish(finish)) => {
                let finish = finish?;
                self.finish(finish.get_question_id(), finish.get_release_result_caps())
            }
            Ok(message::Bootstrap(bootstrap)) => {
                self.answer_with(bootstrap?.get_question_id(), self.root.add_ref())
            }
            Ok(message::Resolve(resolve)) => self.resolved(resolve?),
            Ok(message::Release(release)) => {
                let release = release?;
                self.release(release.get_id(), release.get_reference_count())
            }
            Ok(message::Disembargo(disembargo)) => self.disembargo(disembargo?),
            Ok(message::Unimplemented(message)) => self.unimplemented(message?),
            Ok(message::Abort(abort)) => Err(from_exception(abort?)),
            Ok(
                message::Provide(_)
                | message::Accept(_)
                | message::Join(_)
                | message::ObsoleteSave(_)
                | message::ObsoleteDelete(_),
            )
            | Err(_) => {
                // Which one it was is not said: its peers know of no other answer, and it may be long.
                self.tell(|message| _ = message.init_unimplemented());
                Ok(())
            }
        }
    }

    /// What a call or an embargo is for.
    pub(super) fn target(&self, target: message_target::Reader<'_>) -> capnp::Result<Box<dyn ClientHook>> {
        match target.which()? {
            message_target::ImportedCap(number) => self
                .exported(number)
                .ok_or_else(|| Error::failed("Message target is not a current export ID.".to_owned())),
            message_target::PromisedAnswer(answer) => self.promised(answer?),
        }
    }

    /// A capability in an answer of this side, which need not be there yet.
    fn promised(&self, answer: promised_answer::Reader<'_>) -> capnp::Result<Box<dyn ClientHook>> {
        let mut path = Path::new();
        if answer.get_transform()?.len() > MAX_STEPS {
            return Err(Error::failed("Invalid pipeline transform.".to_owned()));
        }
        for step in answer.get_transform()? {
            match step.which()? {
                promised_answer::op::Noop(()) => {}
                promised_answer::op::GetPointerField(index) => path.push(index),
            }
        }
        Ok(self.pipelined(answer.get_question_id(), path))
    }

    /// The capabilities that a payload names.
    pub(super) fn capabilities(&self, payload: payload::Reader<'_>) -> capnp::Result<Capabilities> {
        if !payload.has_cap_table() {
            return Ok(Capabilities::new());
        }
        let table = payload.get_cap_table()?;
        if table.len() > MAX_CAPABILITIES {
            let text = format!(
                "a message passes {} capabilities; the limit is {MAX_CAPABILITIES}",
                table.len()
            );
            return Err(Error::failed(text));
        }
        table
            .iter()
            .map(|descriptor| self.capability(descriptor))
            .collect()
    }

    pub(super) fn capability(
        &self,
        descriptor: cap_descriptor::Reader<'_>,
    ) -> capnp::Result<Option<Box<dyn ClientHook>>> {
        Ok(match descriptor.which()? {
            cap_descriptor::None(()) => None,
            cap_descriptor::SenderHosted(number) => Some(self.import(number)),
            cap_descriptor::SenderPromise(number) => Some(self.import_promise(number)),
            cap_descriptor::ReceiverHosted(number) => Some(self.exported(number).unwrap_or_else(|| {
                new_broken_cap(Error::failed("invalid 'receiverHosted' export ID".to_owned())).hook
            })),
            cap_descriptor::ReceiverAnswer(answer) => Some(self.promised(answer?)?),
            cap_descriptor::ThirdPartyHosted(_) => {
                return Err(Error::unimplemented("there are two parties here".to_owned()));
            }
        })
    }

    fn disembargo(&self, disembargo: disembargo::Reader<'_>) -> capnp::Result<()> {
        match disembargo.get_context().which()? {
            disembargo::context::SenderLoopback(number) => {
                let target = innermost(self.target(disembargo.get_target()?)?);
                let settled = self.own(&*target).and_then(|own| own.settled().ok());
                let Some(settled) = settled else {
                    let text = "'Disembargo' of type 'senderLoopback' sent to an object that does not point back to \
                                the sender.";
                    return Err(Error::failed(text.to_owned()));
                };
                // Calls that came before went on when they arrived, or when their target was there.
                self.tell(|message| {
                    let mut disembargo = message.init_disembargo();
                    disembargo.reborrow().init_context().set_receiver_loopback(number);
                    settled.write_target(disembargo.init_target());
                });
                Ok(())
            }
            disembargo::context::ReceiverLoopback(number) => {
                let lifted = self.embargoes.borrow_mut().try_remove(number as usize);
                let Some(Embargo { resolution, expected }) = lifted else {
                    let text = "Invalid embargo ID in `Disembargo.context.receiverLoopback".to_owned();
                    return Err(Error::failed(text));
                };
                expected.come(results::Outcome::Root(resolution));
                Ok(())
            }
            disembargo::context::Accept(_) | disembargo::context::Provide(_) => {
                Err(Error::unimplemented("there are two parties here".to_owned()))
            }
        }
    }

    /// Sends an embargo after the calls that were made to `target`, and gives what calls of its resolution go to until it
    /// comes back.
    pub(super) fn embargo(&self, target: &Remote, resolution: Box<dyn ClientHook>) -> Box<dyn ClientHook> {
        let expected = Rc::<Expected>::default();
        let number = to_number(self.embargoes.borrow_mut().insert(Embargo {
            resolution,
            expected: Rc::clone(&expected),
        }));
        self.tell(|message| {
            let mut disembargo = message.init_disembargo();
            disembargo.reborrow().init_context().set_sender_loopback(number);
            target.write_target(disembargo.init_target());
        });
        expected.client(Path::new())
    }

    /// The peer does not know what a message was that this side sent.
    fn unimplemented(&self, sent: message::Reader<'_>) -> capnp::Result<()> {
        use capnp_rpc::rpc_capnp::resolve;
        let Ok(message::Resolve(resolve)) = sent.which() else {
            let text = "Peer did not implement required RPC message type.".to_owned();
            return Err(Error::failed(text));
        };
        if let resolve::Cap(descriptor) = resolve?.which()? {
            match descriptor?.which()? {
                cap_descriptor::SenderHosted(number) | cap_descriptor::SenderPromise(number) => {
                    self.release(number, 1)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Ends everything that is under way with this error, and tells the peer so. Only the first one counts.
    pub(super) fn finish_all(&self, error: &Error) {
        if self.end.set(error.clone()).is_err() {
            return;
        }
        // Each is taken out before it ends, because its end may come back here.
        for (_, asked) in self.questions.take() {
            if let Some(question) = asked.question.upgrade() {
                question.resolve(Err(error.clone()));
            }
        }
        let answers = self.answers.take().into_values();
        let let_go = self.let_go.take().into_iter().map(|(_, answer)| answer);
        for answer in answers.chain(let_go) {
            answer.give_up(error);
        }
        let exports = self.exports.take();
        drop(exports);
        let promises: Vec<_> = self
            .imports
            .borrow_mut()
            .values_mut()
            .filter_map(Imported::take_promise)
            .collect();
        for promise in promises {
            promise.resolve(Err(error.clone()));
        }
        for (_, embargo) in self.embargoes.take() {
            embargo.expected.come(results::Outcome::Failed(error.clone()));
        }
        let mut message = new_message();
        write_exception(error, message.init_root::<message::Builder<'_>>().init_abort());
        self.sender.send(Rc::new(message));
        self.sender.end(error);
    }
}

/// The number of an entry, as the protocol has it.
pub(super) fn to_number(place: usize) -> u32 {
    u32::try_from(place).expect("no table has so many entries")
}

/// The capability at the end of a path through an answer.
pub(super) fn follow(root: any_pointer::Reader<'_>, path: &[u16]) -> capnp::Result<Box<dyn ClientHook>> {
    let steps: Vec<_> = path
        .iter()
        .map(|index| PipelineOp::GetPointerField(*index))
        .collect();
    root.get_pipelined_cap(&steps)
}

/// The path that steps of a pipeline are.
pub(super) fn to_path(steps: &[PipelineOp]) -> Path {
    let field = |step: &PipelineOp| match step {
        PipelineOp::Noop => None,
        PipelineOp::GetPointerField(index) => Some(*index),
    };
    steps.iter().filter_map(field).collect()
}

/// Says what an error is.
pub(super) fn write_exception(error: &Error, mut exception: exception::Builder<'_>) {
    let (kind, reason) = match error.kind {
        ErrorKind::Failed => (exception::Type::Failed, None),
        ErrorKind::Overloaded => (exception::Type::Overloaded, None),
        ErrorKind::Disconnected => (exception::Type::Disconnected, None),
        ErrorKind::Unimplemented => (exception::Type::Unimplemented, None),
        ErrorKind::SettingDynamicCapabilitiesIsUnsupported => {
            (exception::Type::Unimplemented, Some(error.to_string()))
        }
        // The kind says something of its own.
        _ => (exception::Type::Failed, Some(error.to_string())),
    };
    exception.set_type(kind);
    exception.set_reason(reason.as_deref().unwrap_or(&error.extra));
}

/// What the peer says of an error.
pub(super) fn from_exception(exception: exception::Reader<'_>) -> Error {
    let kind = match exception.get_type() {
        Ok(exception::Type::Overloaded) => ErrorKind::Overloaded,
        Ok(exception::Type::Disconnected) => ErrorKind::Disconnected,
        Ok(exception::Type::Unimplemented) => ErrorKind::Unimplemented,
        Ok(exception::Type::Failed) | Err(_) => ErrorKind::Failed,
    };
    let reason = exception.get_reason().ok().map(text::Reader::to_str);
    let reason = match reason {
        Some(Ok(reason)) => reason,
        Some(Err(_)) => "<malformed utf-8 in error reason>",
        None => "(malformed error)",
    };
    Error {
        kind,
        extra: format!("{REMOTE}{reason}"),
    }
}
