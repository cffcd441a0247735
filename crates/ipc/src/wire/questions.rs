//! The questions that are open on a connection: not answered yet, or answered and not let go of.
//!
//! The RPC implementation keeps what belongs to each of the peer's, without a limit. Questions and answers are recognised
//! here on their way in and out. What makes no sense counts for nothing: the implementation ends the connection for it.

use std::cell::{Cell, RefCell};
use std::collections::hash_map::Entry;

use capnp::any_pointer;
use capnp_rpc::rpc_capnp::{exception, message, payload, return_};
use foldhash::HashMap;

/// Questions that a peer may have open on one connection.
pub(super) const MAX_QUESTIONS: usize = 4_000;

/// What a capability that is passed to a call counts for, in bytes, until the call is answered.
const CAPABILITY: usize = 4 << 10;

/// What a message is, and what it says.
pub(crate) type Meaning<'a> = Result<message::WhichReader<'a>, capnp::NotInSchema>;

/// Those of both sides.
#[derive(Default)]
pub(super) struct Questions {
    /// The peer's, by their numbers.
    open: RefCell<HashMap<u32, Half>>,
    /// How many of them are not answered.
    unanswered: Cell<usize>,
    /// Those of this side that are not answered.
    own: Cell<usize>,
}

/// Who wants a message to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The peer, which asked for it.
    Peer,
    /// This side.
    Here,
}

/// A message on its way to the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Leaving {
    pub(super) origin: Origin,
    /// It says of a call of the peer's that there is no such method.
    pub(super) says_unimplemented: bool,
}

/// What has happened of the two things that close a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    Neither,
    Answered,
    LetGo,
}

/// The peer asks one question too many.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooMany;

impl Questions {
    /// Takes note of a message that arrived, and gives how many bytes it makes this process hold besides its own.
    pub(super) fn arrived(&self, kind: &Meaning<'_>) -> Result<usize, TooMany> {
        match kind {
            Ok(message::Call(Ok(call))) => {
                self.ask(call.get_question_id())?;
                let table = call.get_params().and_then(payload::Reader::get_cap_table);
                Ok(table.map_or(0, |table| table.len() as usize * CAPABILITY))
            }
            Ok(message::Bootstrap(Ok(bootstrap))) => {
                self.ask(bootstrap.get_question_id())?;
                Ok(0)
            }
            Ok(message::Finish(Ok(finish))) => {
                self.close(finish.get_question_id(), Half::LetGo);
                Ok(0)
            }
            Ok(message::Return(answer)) => {
                self.own.set(self.own.get().saturating_sub(1));
                let results = answer.as_ref().ok().map(|answer| answer.which());
                let Some(Ok(return_::Results(Ok(results)))) = results else {
                    return Ok(0);
                };
                let table = results.get_cap_table();
                Ok(table.map_or(0, |table| table.len() as usize * CAPABILITY))
            }
            _ => Ok(0),
        }
    }

    /// Takes note of a message on its way to the peer.
    pub(super) fn leaving(&self, body: any_pointer::Reader<'_>) -> Leaving {
        let mut says_unimplemented = false;
        let origin = match body.get_as::<message::Reader<'_>>().map(message::Reader::which) {
            Ok(Ok(message::Return(Ok(answer)))) => {
                self.answer(answer);
                says_unimplemented = is_unimplemented(answer);
                Origin::Peer
            }
            Ok(Ok(message::Unimplemented(_) | message::Disembargo(_))) => Origin::Peer,
            Ok(Ok(message::Call(_) | message::Bootstrap(_))) => {
                self.own.set(self.own.get() + 1);
                Origin::Here
            }
            _ => Origin::Here,
        };
        Leaving {
            origin,
            says_unimplemented,
        }
    }

    /// How many questions of the peer's are open.
    pub(super) fn n_open(&self) -> usize {
        self.open.borrow().len()
    }

    /// How many questions of the peer's are not answered.
    pub(super) fn unanswered(&self) -> usize {
        self.unanswered.get()
    }

    /// Whether this side waits for an answer.
    pub(super) fn has_own(&self) -> bool {
        self.own.get() > 0
    }

    fn ask(&self, number: u32) -> Result<(), TooMany> {
        let mut open = self.open.borrow_mut();
        if open.len() >= MAX_QUESTIONS {
            return Err(TooMany);
        }
        if let Entry::Vacant(place) = open.entry(number) {
            place.insert(Half::Neither);
            self.unanswered.set(self.unanswered.get() + 1);
        }
        Ok(())
    }

    fn answer(&self, answer: return_::Reader<'_>) {
        let number = answer.get_answer_id();
        let before = self.close(number, Half::Answered);
        if before.is_some_and(|half| half != Half::Answered) {
            self.unanswered.set(self.unanswered.get() - 1);
        }
        if answer.get_no_finish_needed() {
            self.open.borrow_mut().remove(&number);
        }
    }

    /// Does one of the two things, and gives what had happened before.
    fn close(&self, number: u32, half: Half) -> Option<Half> {
        let mut open = self.open.borrow_mut();
        let before = *open.get(&number)?;
        if before == Half::Neither {
            open.insert(number, half);
        } else if before != half {
            open.remove(&number);
        }
        Some(before)
    }
}

fn is_unimplemented(answer: return_::Reader<'_>) -> bool {
    let Ok(return_::Exception(Ok(exception))) = answer.which() else {
        return false;
    };
    exception.get_type() == Ok(exception::Type::Unimplemented)
}

#[cfg(test)]
mod tests {
    use capnp::message::{Builder, HeapAllocator};
    use capnp_rpc::rpc_capnp::message;
    use proptest::prelude::*;

    use super::{CAPABILITY, MAX_QUESTIONS, Origin, Questions, TooMany};

    fn message(fill: impl FnOnce(message::Builder<'_>)) -> Builder<HeapAllocator> {
        let mut builder = Builder::new_default();
        fill(builder.init_root());
        builder
    }

    fn arrived(questions: &Questions, fill: impl FnOnce(message::Builder<'_>)) -> Result<usize, TooMany> {
        let message = message(fill);
        {
            let message: message::Reader<'_> = message.get_root_as_reader().expect("a root");
            questions.arrived(&message.which())
        }
    }

    fn call(questions: &Questions, number: u32) -> Result<usize, TooMany> {
        arrived(questions, |message| message.init_call().set_question_id(number))
    }

    fn finish(questions: &Questions, number: u32) {
        let finish = |message: message::Builder<'_>| message.init_finish().set_question_id(number);
        assert_eq!(arrived(questions, finish), Ok(0));
    }

    fn answer(questions: &Questions, number: u32, no_finish_needed: bool) -> Origin {
        let message = message(|message| {
            let mut answer = message.init_return();
            answer.set_answer_id(number);
            answer.set_no_finish_needed(no_finish_needed);
        });
        questions
            .leaving(message.get_root_as_reader().expect("a root"))
            .origin
    }

    fn n_open(questions: &Questions) -> usize {
        questions.open.borrow().len()
    }

    #[test]
    fn one_question_too_many_is_refused_whether_or_not_others_are_answered() {
        let questions = Questions::default();
        for number in (0..).take(MAX_QUESTIONS) {
            assert_eq!(call(&questions, number), Ok(0));
            if number % 2 == 0 {
                answer(&questions, number, false);
            } else if number % 3 == 0 {
                finish(&questions, number);
            }
        }
        let bootstrap = |message: message::Builder<'_>| message.init_bootstrap().set_question_id(1 << 31);
        assert_eq!(arrived(&questions, bootstrap), Err(TooMany));
        assert_eq!(call(&questions, 1 << 31), Err(TooMany));
        finish(&questions, 0);
        assert_eq!(call(&questions, 1 << 31), Ok(0));
    }

    #[test]
    fn the_end_of_what_was_never_asked_makes_no_room() {
        let questions = Questions::default();
        call(&questions, 1).unwrap();
        for number in [0, 2, u32::MAX] {
            finish(&questions, number);
        }
        finish(&questions, 1);
        finish(&questions, 1);
        assert_eq!(n_open(&questions), 1);
        answer(&questions, 1, false);
        assert_eq!(n_open(&questions), 0);
    }

    #[test]
    fn capabilities_that_are_passed_count() {
        let questions = Questions::default();
        let with_table = |message: message::Builder<'_>| {
            message.init_call().init_params().init_cap_table(1_000);
        };
        assert_eq!(arrived(&questions, with_table), Ok(1_000 * CAPABILITY));
    }

    #[test]
    fn what_the_peer_asked_for_is_told_from_what_this_side_asks() {
        let questions = Questions::default();
        let rows: [(fn(message::Builder<'_>), Origin); 5] = [
            (|message| _ = message.init_call(), Origin::Here),
            (|message| _ = message.init_release(), Origin::Here),
            (|message| _ = message.init_finish(), Origin::Here),
            (|message| _ = message.init_return(), Origin::Peer),
            (|message| _ = message.init_disembargo(), Origin::Peer),
        ];
        for (fill, expected) in rows {
            let message = message(fill);
            let leaving = questions.leaving(message.get_root_as_reader().expect("a root"));
            assert_eq!(leaving.origin, expected);
        }
    }

    #[test]
    fn this_side_waits_until_all_its_questions_are_answered() {
        let questions = Questions::default();
        let bootstrap = message(|message| _ = message.init_bootstrap());
        let own_call = message(|message| _ = message.init_call());
        for question in [&bootstrap, &own_call] {
            questions.leaving(question.get_root_as_reader().expect("a root"));
        }
        for expected in [true, false, false] {
            arrived(&questions, |message| _ = message.init_return()).unwrap();
            assert_eq!(questions.has_own(), expected);
        }
    }

    proptest! {
        #[test]
        fn a_question_is_open_until_it_is_answered_and_let_go_of(
            events in proptest::collection::vec((0_u8..4, 0_u32..8), 0..100),
        ) {
            let questions = Questions::default();
            let mut expected = [None::<(bool, bool)>; 8];
            for (event, number) in events {
                let state = &mut expected[number as usize];
                match event {
                    0 => {
                        call(&questions, number).expect("few");
                        state.get_or_insert((false, false));
                    }
                    1 => {
                        finish(&questions, number);
                        *state = state.map(|(answered, _)| (answered, true));
                    }
                    2 => {
                        answer(&questions, number, false);
                        *state = state.map(|(_, finished)| (true, finished));
                    }
                    _ => {
                        answer(&questions, number, true);
                        *state = None;
                    }
                }
                if *state == Some((true, true)) {
                    *state = None;
                }
            }
            let open = expected.iter().flatten();
            prop_assert_eq!(n_open(&questions), open.clone().count());
            prop_assert_eq!(questions.unanswered(), open.filter(|(answered, _)| !answered).count());
        }
    }
}
