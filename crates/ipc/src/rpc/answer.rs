//! Questions of the peer's: calls to what this side has.

use std::cell::{Cell, OnceCell};
use std::collections::hash_map::Entry;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use capnp::Error;
use capnp::any_pointer;
use capnp::capability::Promise;
use capnp::private::capability::{ClientHook, ParamsHook};
use capnp::traits::Imbue as _;
use capnp_rpc::new_broken_cap;
use capnp_rpc::rpc_capnp::{call, message};
use tokio::task::AbortHandle;

use super::ask::Question;
use super::peer::{Capabilities, Path, Peer, write_exception};
use super::queue::Expected;
use super::results::{Done, Filled, Outcome, Results, Sent};
use crate::wire::Incoming;

/// Calls that are not given up though the peer has let go of them, because there are calls for their results.
const MAX_LET_GO: usize = 256;

/// A question's entry in the table, until it is both answered and let go of.
pub(super) struct Answer {
    state: State,
    /// The capabilities of this side in the results.
    exports: Vec<u32>,
    /// Whether the peer passes the results on to a question of this side.
    is_redirected: bool,
}

enum State {
    /// The method has not ended.
    Running {
        call: Rc<Running>,
        /// What runs it, unless that is who reads messages.
        task: Option<AbortHandle>,
    },
    /// The answer was sent.
    Sent(Outcome),
}

/// A method that has not ended.
#[derive(Default)]
struct Running {
    /// Where it is among those whose question the peer has let go of. It is not told how they end.
    let_go: Cell<Option<usize>>,
    /// Those who wait for the results, if there are any.
    expected: OnceCell<Rc<Expected>>,
}

/// A call, as far as it is needed once its message is put away.
pub(super) struct Arrived {
    number: u32,
    interface: u64,
    method: u16,
    target: Box<dyn ClientHook>,
    capabilities: Capabilities,
    is_redirected: bool,
}

impl Answer {
    /// Stops the method, where it has not ended.
    pub(super) fn give_up(self, error: &Error) {
        if let State::Running { call, task } = self.state {
            if let Some(task) = task {
                task.abort();
            }
            call.fail(error);
        }
    }
}

impl Running {
    fn expected(&self) -> &Rc<Expected> {
        self.expected.get_or_init(Rc::default)
    }

    fn fail(&self, error: &Error) {
        if let Some(expected) = self.expected.get() {
            expected.come(Outcome::Failed(error.clone()));
        }
    }

    /// Whether somebody waits for the results, though the peer does not.
    fn is_expected(&self) -> bool {
        self.expected
            .get()
            .is_some_and(|expected| Rc::strong_count(expected) > 1)
    }
}

impl Peer {
    /// What a call is for.
    pub(super) fn arrived(&self, call: call::Reader<'_>) -> capnp::Result<Arrived> {
        let target = self.target(call.get_target()?)?;
        let is_redirected = match call.get_send_results_to().which()? {
            call::send_results_to::Caller(()) => false,
            call::send_results_to::Yourself(()) => true,
            call::send_results_to::ThirdParty(_) => {
                return Err(Error::failed("Unsupported `Call.sendResultsTo`.".to_owned()));
            }
        };
        Ok(Arrived {
            number: call.get_question_id(),
            interface: call.get_interface_id(),
            method: call.get_method_id(),
            target,
            capabilities: self.capabilities(call.get_params()?)?,
            is_redirected,
        })
    }

    /// Runs the method of a call as far as it comes without waiting, which is to its end for most, and the rest as a task.
    pub(super) fn serve(&self, arrived: Arrived, incoming: Incoming) -> capnp::Result<()> {
        let Arrived {
            number,
            interface,
            method,
            target,
            capabilities,
            is_redirected,
        } = arrived;
        let running = self.note(number, is_redirected)?;
        let params = Params {
            incoming,
            capabilities,
        };
        let (results, done) = Results::new(number);
        let mut serving = Serving {
            peer: self.rc(),
            number,
            running,
            promise: target.call(interface, method, Box::new(params), Box::new(results)),
            done,
        };
        drop(target);
        // It is polled again by the task, and then wakes that.
        let polled = Pin::new(&mut serving).poll(&mut Context::from_waker(Waker::noop()));
        if polled.is_pending() {
            let runs = tokio::task::spawn_local(serving).abort_handle();
            if let Some(Answer {
                state: State::Running { task, .. },
                ..
            }) = self.answers.borrow_mut().get_mut(&number)
            {
                *task = Some(runs);
            }
        }
        Ok(())
    }

    /// Answers a question for the root object.
    pub(super) fn answer_with(&self, number: u32, root: Box<dyn ClientHook>) -> capnp::Result<()> {
        let running = self.note(number, false)?;
        let mut filled = Filled::new(number);
        filled.content()?.set_as_capability(root.add_ref());
        self.send_results(number, &running, filled, |_| Outcome::Root(root));
        Ok(())
    }

    fn note(&self, number: u32, is_redirected: bool) -> capnp::Result<Rc<Running>> {
        let mut answers = self.answers.borrow_mut();
        let Entry::Vacant(place) = answers.entry(number) else {
            let text = format!("Received a new call on in-use question id {number}");
            return Err(Error::failed(text));
        };
        let call = Rc::<Running>::default();
        place.insert(Answer {
            state: State::Running {
                call: Rc::clone(&call),
                task: None,
            },
            exports: Vec::new(),
            is_redirected,
        });
        Ok(call)
    }

    /// A capability in an answer, which need not be there yet.
    pub(super) fn pipelined(&self, number: u32, path: Path) -> Box<dyn ClientHook> {
        match self.answers.borrow().get(&number).map(|answer| &answer.state) {
            None => {
                let text = "Pipeline call on a request that returned no capabilities or was already closed.";
                new_broken_cap(Error::failed(text.to_owned())).hook
            }
            Some(State::Running { call, .. }) => {
                let expected = Rc::clone(call.expected());
                expected.client(path)
            }
            Some(State::Sent(outcome)) => outcome.capability(&path),
        }
    }

    /// The peer passed a call of this side's on to something here: the answer to `question` is that to its question
    /// `number`.
    pub(super) fn take_from(&self, number: u32, question: Rc<Question>) -> capnp::Result<()> {
        let answers = self.answers.borrow();
        let Some(answer) = answers.get(&number).filter(|answer| answer.is_redirected) else {
            let text =
                "Return.takeFromOtherQuestion is not of a call whose results are to be taken".to_owned();
            return Err(Error::failed(text));
        };
        match &answer.state {
            State::Running { call, .. } => {
                let expected = Rc::clone(call.expected());
                crate::event_loop::spawn(Box::pin(async move {
                    question.resolve(expected.outcome().await.answered());
                }));
            }
            State::Sent(outcome) => {
                let outcome = outcome.clone();
                drop(answers);
                question.resolve(outcome.answered());
            }
        }
        Ok(())
    }

    /// A method has ended.
    fn end(&self, number: u32, running: &Running, result: Result<Filled, Error>) {
        if let Some(error) = self.ended() {
            return running.fail(error);
        }
        if let Some(place) = running.let_go.take() {
            let answer = self.let_go.borrow_mut().try_remove(place);
            if let Some(expected) = running.expected.get() {
                expected.come(match result {
                    Ok(filled) => Outcome::Results(Rc::new(self.kept(filled))),
                    Err(error) => Outcome::Failed(error),
                });
            }
            return drop(answer);
        }
        match result {
            Ok(filled) => self.send_results(number, running, filled, Outcome::Results),
            Err(error) => self.send_failure(number, error),
        }
    }

    fn send_results(
        &self,
        number: u32,
        running: &Running,
        mut filled: Filled,
        outcome: impl FnOnce(Rc<Sent>) -> Outcome,
    ) {
        if self.is_redirected(number) {
            self.send_elsewhere(number);
            return self.sent(number, outcome(Rc::new(self.kept(filled))), Vec::new(), false);
        }
        let exports = match filled.write_capabilities(self) {
            Ok(exports) => exports,
            Err(error) => return self.send_failure(number, error),
        };
        let (message, capabilities) = filled.into_parts();
        let is_last = capabilities.is_empty();
        let message = self.send(message);
        let charge = if is_last && running.expected.get().is_none() {
            None
        } else {
            self.charge(&message)
        };
        let sent = Sent::new(message, capabilities, charge);
        self.sent(number, outcome(Rc::new(sent)), exports, is_last);
    }

    fn send_failure(&self, number: u32, error: Error) {
        if self.is_redirected(number) {
            self.send_elsewhere(number);
        } else {
            self.tell(|message| {
                let mut answer = message.init_return();
                answer.set_answer_id(number);
                answer.set_release_param_caps(false);
                write_exception(&error, answer.init_exception());
            });
        }
        self.sent(number, Outcome::Failed(error), Vec::new(), false);
    }

    /// Results that are not sent, but kept.
    fn kept(&self, filled: Filled) -> Sent {
        let (message, capabilities) = filled.into_parts();
        let charge = self.charge(&message);
        Sent::new(Rc::new(message), capabilities, charge)
    }

    fn is_redirected(&self, number: u32) -> bool {
        let answers = self.answers.borrow();
        answers.get(&number).is_some_and(|answer| answer.is_redirected)
    }

    fn send_elsewhere(&self, number: u32) {
        self.tell(|message| {
            let mut answer = message.init_return();
            answer.set_answer_id(number);
            answer.set_release_param_caps(false);
            answer.set_results_sent_elsewhere(());
        });
    }

    /// The answer was sent, and the peer may call what is in it unless it is the `last` that is heard of the question.
    fn sent(&self, number: u32, outcome: Outcome, exports: Vec<u32>, is_last: bool) {
        let mut answers = self.answers.borrow_mut();
        let Some(answer) = answers.get_mut(&number) else {
            // The connection is over.
            return;
        };
        answer.exports = exports;
        let before = std::mem::replace(&mut answer.state, State::Sent(outcome.clone()));
        let forgotten = is_last.then(|| answers.remove(&number));
        drop(answers);
        if let State::Running { call, .. } = before
            && let Some(expected) = call.expected.get()
        {
            expected.come(outcome);
        }
        drop(forgotten);
    }

    /// The peer lets go of a question. A method that has not ended is stopped, unless there are calls for its results.
    pub(super) fn finish(&self, number: u32, releases: bool) -> capnp::Result<()> {
        let answer = self.answers.borrow_mut().remove(&number);
        // The peer may not know that it need not say so.
        let Some(mut answer) = answer else {
            return Ok(());
        };
        let exports = std::mem::take(&mut answer.exports);
        match &answer.state {
            State::Sent(_) => drop(answer),
            State::Running { call, .. } => {
                let call = Rc::clone(call);
                let mut let_go = self.let_go.borrow_mut();
                if call.is_expected() && let_go.len() < MAX_LET_GO {
                    call.let_go.set(Some(let_go.insert(answer)));
                } else {
                    drop(let_go);
                    answer.give_up(&Error::failed("the call was given up".to_owned()));
                }
                self.tell(|message| {
                    let mut answer = message.init_return();
                    answer.set_answer_id(number);
                    answer.set_release_param_caps(false);
                    answer.set_canceled(());
                });
            }
        }
        if releases {
            self.release_all(&exports)?;
        }
        Ok(())
    }
}

/// Runs a method to its end, and answers.
struct Serving {
    peer: Rc<Peer>,
    number: u32,
    running: Rc<Running>,
    promise: Promise<(), Error>,
    done: Done,
}

impl Future for Serving {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let promise = Pin::new(&mut self.promise);
        // A panic costs the call and no more.
        let result = match catch_unwind(AssertUnwindSafe(|| promise.poll(context))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(result)) => result,
            Err(_) => Err(Error::failed("the call failed unexpectedly".to_owned())),
        };
        let result = result.and_then(|()| self.done.take());
        self.peer.end(self.number, &self.running, result);
        Poll::Ready(())
    }
}

struct Params {
    incoming: Incoming,
    capabilities: Capabilities,
}

impl ParamsHook for Params {
    fn get(&self) -> capnp::Result<any_pointer::Reader<'_>> {
        let Ok(message::Call(call)) = self.incoming.meaning() else {
            return Err(Error::failed("a call is no longer one".to_owned()));
        };
        let mut content = call?.get_params()?.get_content();
        content.imbue(&self.capabilities);
        Ok(content)
    }
}
