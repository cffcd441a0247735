//! Messages that no implementation sends, or seldom.

use std::rc::Rc;

use capnp::message::{Builder, HeapAllocator, ReaderOptions};
use capnp::traits::ImbueMut as _;
use capnp_rpc::rpc_capnp::{call, message, return_};
use tokio::io::{AsyncWriteExt as _, BufReader, DuplexStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, LocalSet};

use super::{GIVE, HELD, OPEN, SLOW, World, within};
use crate::complaints::Complaints;
use crate::rpc::{Ended, System, drive};
use crate::wire::{Link, read_frame};

/// The number of the question for the root object.
const ROOT: u32 = 1_000_000;

/// A peer that writes messages by hand, and the side that it writes them to.
struct Raw {
    stream: BufReader<DuplexStream>,
    driving: JoinHandle<Ended>,
    _close: oneshot::Sender<()>,
}

type Filled = Builder<HeapAllocator>;

fn filled(fill: impl FnOnce(message::Builder<'_>)) -> Filled {
    let mut message = Builder::new_default();
    fill(message.init_root());
    message
}

/// A call of the root object, or of what is in the answer to a question.
fn call(number: u32, method: u16, of: Option<u32>, fill: impl FnOnce(call::Builder<'_>)) -> Filled {
    filled(|message| {
        let mut call = message.init_call();
        call.set_question_id(number);
        call.set_method_id(method);
        let mut target = call.reborrow().init_target().init_promised_answer();
        target.set_question_id(of.unwrap_or(ROOT));
        fill(call);
    })
}

fn finish(number: u32) -> Filled {
    filled(|message| message.init_finish().set_question_id(number))
}

/// Says that a promise is another one.
fn resolve(promise: u32, to: u32) -> Filled {
    filled(|message| {
        let mut resolve = message.init_resolve();
        resolve.set_promise_id(promise);
        resolve.init_cap().set_sender_promise(to);
    })
}

/// Passes a promise.
fn with_promise(number: u32) -> impl FnOnce(call::Builder<'_>) {
    move |call| {
        let mut params = call.init_params();
        let mut table = params.reborrow().init_cap_table(1);
        table.reborrow().get(0).set_sender_promise(number);
        // Which one it is, the table above says.
        let hook = capnp_rpc::new_broken_cap(capnp::Error::failed(String::new())).hook;
        let mut content = params.get_content();
        content.imbue_mut(Box::leak(Box::default()));
        content.set_as_capability(hook);
    }
}

impl Raw {
    async fn open(world: &Rc<World>) -> Self {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let system = System::new(&Link::new(), theirs, Some(world.object()));
        let (close, closed) = oneshot::channel();
        let driving = tokio::task::spawn_local(async move {
            let complaints = Complaints::default();
            drive(system, closed, &complaints).await
        });
        let mut raw = Self {
            stream: BufReader::new(ours),
            driving,
            _close: close,
        };
        raw.send(&[filled(|message| message.init_bootstrap().set_question_id(ROOT))])
            .await;
        raw
    }

    /// Writes messages at once.
    async fn send(&mut self, messages: &[Filled]) {
        let write = |message| capnp::serialize::write_message_to_words(message);
        let bytes: Vec<u8> = messages.iter().flat_map(write).collect();
        within("it is read", self.stream.write_all(&bytes))
            .await
            .expect("it is open");
    }

    /// Waits for the answer to a question, and says what it is.
    async fn answer(&mut self, number: u32) -> &'static str {
        let read = async {
            loop {
                let frame = read_frame(&mut self.stream).await.expect("it is well-formed");
                let frame = frame.expect("it is open");
                let message = capnp::message::Reader::new(frame, ReaderOptions::new());
                let message: message::Reader<'_> = message.get_root().expect("a message");
                if let Ok(message::Return(Ok(answer))) = message.which()
                    && answer.get_answer_id() == number
                {
                    return match answer.which() {
                        Ok(return_::Results(_)) => "results",
                        Ok(return_::Canceled(())) => "canceled",
                        Ok(return_::Exception(_)) => "exception",
                        _ => "something else",
                    };
                }
            }
        };
        within("the answer comes", read).await
    }
}

fn run<F: Future<Output = ()>>(test: impl FnOnce(Rc<World>) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let runtime = runtime.expect("the system has threads");
    LocalSet::new().block_on(&runtime, test(Rc::default()));
}

#[test]
fn a_promise_that_turns_out_to_be_itself_or_too_many_others_harms_nobody() {
    for rest in [
        vec![(1, 1)],
        vec![(1, 2), (2, 1)],
        (1..20_000).map(|promise| (promise, promise + 1)).collect(),
    ] {
        run(|world| async move {
            let mut raw = Raw::open(&world).await;
            raw.send(&[call(1, GIVE, None, with_promise(1))]).await;
            assert_eq!(raw.answer(1).await, "results");
            for part in rest.chunks(100) {
                let part: Vec<_> = part.iter().map(|(from, to)| resolve(*from, *to)).collect();
                raw.send(&part).await;
            }
            // What is held is passed back, and called.
            raw.send(&[
                call(2, HELD, None, |_| ()),
                call(3, 7, Some(2), |_| ()),
                call(4, 8, None, |_| ()),
            ])
            .await;
            // Two that turn out to be each other are the peer's to answer for.
            if rest.len() != 2 {
                assert_eq!(raw.answer(3).await, "exception");
            }
            assert_eq!(raw.answer(4).await, "results");
        });
    }
}

#[test]
fn calls_of_the_results_of_a_call_that_is_let_go_of_are_made_all_the_same() {
    run(|world| async move {
        let mut raw = Raw::open(&world).await;
        raw.send(&[
            call(1, SLOW, None, |_| ()),
            call(2, 7, Some(1), |_| ()),
            finish(1),
        ])
        .await;
        assert_eq!(raw.answer(1).await, "canceled");
        // The number is another call's now.
        raw.send(&[call(1, 8, None, |_| ()), call(3, OPEN, None, |_| ())])
            .await;
        assert_eq!(raw.answer(2).await, "results");
        let told: Vec<_> = world.journal.borrow().iter().map(|(_, number)| *number).collect();
        assert_eq!(told, [8, 7]);
    });
}

#[test]
fn calls_that_waited_for_their_target_come_before_those_that_come_when_it_is_there() {
    run(|world| async move {
        let mut raw = Raw::open(&world).await;
        let told = |number: u16| call(number.into(), number, Some(1), |_| ());
        let mut messages = vec![call(1, SLOW, None, |_| ())];
        messages.extend((100..110).map(told));
        // One that waits is let go of.
        messages.extend([finish(103), call(2, OPEN, None, |_| ())]);
        messages.extend((110..120).map(told));
        raw.send(&messages).await;
        assert_eq!(raw.answer(119).await, "results");
        let told: Vec<_> = world.journal.borrow().iter().map(|(_, number)| *number).collect();
        let expected: Vec<u16> = (100..120).collect();
        let without = |told: &[u16]| {
            told.iter()
                .copied()
                .filter(|number| *number != 103)
                .collect::<Vec<_>>()
        };
        assert_eq!(without(&told), without(&expected));
    });
}

#[test]
fn what_breaks_the_protocol_ends_the_connection() {
    let deep = |number: u32| {
        filled(|message| {
            let mut call = message.init_call();
            call.set_question_id(number);
            let mut target = call.init_target().init_promised_answer();
            target.set_question_id(ROOT);
            target.init_transform(1_000);
        })
    };
    let rows = [
        filled(|message| message.init_release().set_id(7)),
        filled(|message| {
            let mut release = message.init_release();
            release.set_id(0);
            release.set_reference_count(u32::MAX);
        }),
        filled(|message| message.init_return().set_answer_id(7)),
        filled(|message| message.init_return().set_take_from_other_question(7)),
        filled(|message| message.init_bootstrap().set_question_id(ROOT)),
        filled(|message| {
            let mut disembargo = message.init_disembargo();
            disembargo.reborrow().init_context().set_receiver_loopback(7);
        }),
        filled(|message| {
            let mut disembargo = message.init_disembargo();
            disembargo.reborrow().init_context().set_sender_loopback(7);
            disembargo
                .init_target()
                .init_promised_answer()
                .set_question_id(ROOT);
        }),
        resolve(7, 7),
        deep(5),
    ];
    for (row, message) in rows.into_iter().enumerate() {
        run(|world| async move {
            let mut raw = Raw::open(&world).await;
            raw.send(&[message]).await;
            // A promise that nobody knows of is let go of, whatever it turns out to be.
            if row == 7 {
                raw.send(&[call(1, 7, None, |_| ())]).await;
                assert_eq!(raw.answer(1).await, "results");
            } else {
                let ended = within("the connection ends", raw.driving)
                    .await
                    .expect("no panic");
                assert_eq!(ended, Ended::GivenUp, "{row}");
            }
        });
    }
}

#[test]
fn what_was_let_go_of_does_not_outlive_the_connection() {
    run(|world| async move {
        let mut raw = Raw::open(&world).await;
        for number in (10..2_000).step_by(2) {
            let messages = [
                call(number, SLOW, None, |_| ()),
                call(number + 1, 7, Some(number), |_| ()),
                finish(number),
                finish(number + 1),
            ];
            raw.send(&messages).await;
        }
        assert_eq!(raw.answer(11).await, "canceled");
        let Raw { stream, driving, .. } = raw;
        drop(stream);
        within("the connection ends", driving).await.expect("no panic");
        let gone = async {
            while world.n_live.get() > 0 {
                tokio::task::yield_now().await;
            }
        };
        within("what it held is gone", gone).await;
    });
}
