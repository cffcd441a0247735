//! Clients of `-ipcbind` that are broken or hostile: the node stays, serves others in the meantime, and its memory too.

use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use functional_tests::{
    Capability, Content, IpcClient, IpcEcho, Kind, Method, Received, call, for_multiprocess, frame,
    make_thread, wait_until, with_context,
};

use crate::attack::{PATIENCE, withstand};

for_multiprocess![
    garbage_ends_its_own_connection,
    claims_of_large_messages_reserve_nothing,
    a_message_beyond_the_limit_ends_its_connection,
    idle_and_truncated_streams_disturb_nobody,
    impossible_pools_and_too_many_threads_are_refused,
    nesting_bombs_are_refused,
    long_chains_of_promises_are_survived,
    capabilities_of_another_connection_are_unknown,
    messages_that_make_no_sense_end_their_connection,
    clients_that_die_or_stop_in_the_middle_of_calls_disturb_nobody,
    calls_are_not_taken_in_while_their_answers_are_not_read,
    questions_that_stay_open_are_limited,
];

/// The head of a frame of segments of so many words.
fn head(lengths: &[u32]) -> Vec<u8> {
    let mut numbers = vec![u32::try_from(lengths.len()).expect("small") - 1];
    numbers.extend(lengths);
    if lengths.len().is_multiple_of(2) {
        numbers.push(0);
    }
    numbers.into_iter().flat_map(u32::to_le_bytes).collect()
}

fn garbage_ends_its_own_connection() -> Result<()> {
    let rows: [(Vec<u8>, &str); 5] = [
        (vec![0xff; 64], "claims 4294967296 segments"),
        (head(&[1; 513]), "claims 513 segments"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(), "segments"),
        (vec![0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 0x55], "segments"),
        (head(&[u32::MAX]), "claims 34359738360 bytes"),
    ];
    withstand(&[], |target| {
        for (bytes, reason) in rows {
            let before = target.count_given_up(reason)?;
            let mut client = target.client()?;
            client.send(&bytes)?;
            client.wait_for_end().with_context(|| reason.to_owned())?;
            target.check_given_up(reason, before + 1)?;
        }
        Ok(())
    })
}

fn claims_of_large_messages_reserve_nothing() -> Result<()> {
    const LARGEST: u32 = 64 << 17;
    withstand(&[], |target| {
        let mut clients = Vec::new();
        for lengths in [vec![LARGEST], vec![LARGEST / 512; 512]].iter().cycle().take(100) {
            let mut client = target.client()?;
            client.send(&head(lengths))?;
            client.send(&[0; 100])?;
            clients.push(client);
        }
        // They are all being read from now, because later ones are served.
        IpcEcho::connect(&target.path)?;
        Ok(())
    })
}

fn a_message_beyond_the_limit_ends_its_connection() -> Result<()> {
    withstand(&[], |target| {
        let mut client = target.client()?;
        client.bootstrap()?;
        client.send(&head(&[70 << 17]))?;
        let chunk = vec![0; 1 << 20];
        // The node hangs up before all of it is sent.
        let sent = (0..70).try_for_each(|_| client.send(&chunk));
        ensure!(sent.is_err(), "all of it was taken");
        client.wait_for_end()?;
        target.check_given_up("claims 73400320 bytes", 1)
    })
}

fn idle_and_truncated_streams_disturb_nobody() -> Result<()> {
    let bootstrap = Content::Struct(vec![0], vec![Content::Null]).framed(Kind::Bootstrap);
    withstand(&[], |target| {
        let mut idle = Vec::new();
        for cut in 0..bootstrap.len() {
            let mut client = target.client()?;
            client.send(&bootstrap[..cut])?;
            idle.push(client);
        }
        for (cut, client) in idle.iter_mut().enumerate().skip(1) {
            client.end()?;
            client.wait_for_end()?;
            target.check_given_up("ends within a message", cut)?;
        }
        Ok(())
    })
}

fn impossible_pools_and_too_many_threads_are_refused() -> Result<()> {
    const MANY: usize = 20_000;
    withstand(&["-debugexclude=ipc"], |target| {
        let mut client = target.client()?;
        let init = client.bootstrap()?;
        let (_, threads) = make_thread(&mut client, &init)?;
        for count in [u32::MAX, 0, 1 << 20] {
            let parameters = Content::Struct(vec![u64::from(count)], Vec::new());
            let question = client.call(&threads, Method::MAKE_POOL, &parameters, &[])?;
            let reason = client.answer(question)?.err().context("made")?;
            ensure!(reason.contains("a pool has 1 to"), "{reason}");
        }
        let name = Content::Struct(Vec::new(), vec![Content::Text("x".repeat(1_000))]);
        let mut n_made = 0;
        for _ in 0..MANY {
            let question = client.call(&threads, Method::MAKE_THREAD, &name, &[])?;
            match client.answer(question)? {
                Ok(_) => n_made += 1,
                Err(reason) => ensure!(reason.contains("threads already"), "{reason}"),
            }
        }
        ensure!(n_made < 1_000, "{n_made} were made");
        Ok(())
    })
}

fn nesting_bombs_are_refused() -> Result<()> {
    /// Structures within structures: more than a reader follows.
    const DEPTH: usize = 200;
    let mut nested = Content::Null;
    for _ in 0..DEPTH {
        nested = Content::Struct(Vec::new(), vec![nested]);
    }
    // A pointer to a structure that it is itself the only word of.
    let loops = Content::Struct(
        Vec::new(),
        vec![
            Content::Raw(0xffff_fffc | 1 << 48),
            Content::Raw(0xffff_fffc | 1 << 48),
        ],
    );
    // A list of half a thousand million structures without a word, and one of as many nothings.
    let empty_list = Content::Struct(Vec::new(), vec![Content::Raw(1 | ((1 << 29) - 1) << 35)]);
    withstand(&[], |target| {
        for (what, content) in [("depth", &nested), ("a loop", &loops), ("nothings", &empty_list)] {
            let mut echo = IpcEcho::connect(&target.path)?;
            let capability = echo.capability().clone();
            let client = echo.client();
            // As the context, and as the text.
            for parameters in [
                Content::Struct(Vec::new(), vec![content.clone(), content.clone()]),
                content.clone(),
            ] {
                let question = client.call(&capability, Method::ECHO, &parameters, &[])?;
                // It is refused by itself, or with its connection.
                if let Ok(outcome) = client.answer(question) {
                    ensure!(outcome.is_err(), "{what} is taken for something: {outcome:?}");
                }
            }
        }
        // The message itself nests, outside of what a method sees.
        let mut messages: Vec<_> = [Kind::Call, Kind::Return, Kind::Resolve, Kind::Provide]
            .map(|kind| nested.framed(kind))
            .into();
        // Each word is a pointer to a structure that begins with the next one.
        messages.push(frame(&vec![1 << 48; 1 << 20]));
        for message in messages {
            let mut client = target.client()?;
            client.bootstrap()?;
            client.send(&message)?;
            client.end()?;
            client.wait_for_end()?;
        }
        Ok(())
    })
}

fn long_chains_of_promises_are_survived() -> Result<()> {
    const LENGTH: usize = 3_000;
    const FIELDS: usize = 50_000;
    withstand(&["-debugexclude=ipc"], |target| {
        // Each call goes to what the one before it will give, which is nothing that can be called.
        let mut client = target.client()?;
        let mut next = client.bootstrap()?;
        let nothing = Content::Struct(Vec::new(), Vec::new());
        let mut sender = client.sender()?;
        thread::scope(|scope| {
            let sending = scope.spawn(|| -> Result<()> {
                for _ in 0..LENGTH {
                    let question = sender.call(&next, Method::CONSTRUCT, &nothing, &[])?;
                    next = Capability::Answer(question, vec![0]);
                }
                Ok(())
            });
            let mut n_refused = 0;
            // All but the first one, which goes to what is there.
            while n_refused < LENGTH - 1 {
                if let Received::Answer(_, outcome) = client.receive()? {
                    n_refused += usize::from(outcome.is_err());
                }
            }
            sending
                .join()
                .expect("the sender does not panic because it gives its failure as an error")
        })?;

        // A path of very many steps through an answer.
        let mut client = target.client()?;
        let init = client.bootstrap()?;
        let question = client.call(&init, Method::CONSTRUCT, &nothing, &[])?;
        let far = Capability::Answer(question, vec![0; FIELDS]);
        let question = client.call(&far, Method::MAKE_THREAD, &nothing, &[])?;
        if let Ok(outcome) = client.answer(question) {
            ensure!(outcome.is_err(), "there is something at the end: {outcome:?}");
        }

        // A table of very many capabilities.
        let mut client = target.client()?;
        let init = client.bootstrap()?;
        let table = vec![init.clone(); FIELDS];
        let question = client.call(&init, Method::CONSTRUCT, &nothing, &table)?;
        if let Ok(outcome) = client.answer(question) {
            ensure!(outcome.is_ok(), "{outcome:?}");
        }
        Ok(())
    })
}

fn capabilities_of_another_connection_are_unknown() -> Result<()> {
    withstand(&[], |target| {
        // What the other connection has by these numbers stands; here there is nothing by them.
        let mut rich = IpcEcho::connect(&target.path)?;
        for number in [1, 7, u32::MAX] {
            let mut client = target.client()?;
            client.bootstrap()?;
            let (parameters, capabilities) = with_context(&Capability::Imported(number), Some("stolen"));
            let foreign = Capability::Imported(number);
            let question = client.call(&foreign, Method::ECHO, &parameters, &capabilities)?;
            ensure!(
                !matches!(client.answer(question), Ok(Ok(_))),
                "export {number} of another connection is served"
            );
        }
        // A thread that is no thread of the node: the client's own, an object of another kind, none at all.
        let mut echo = IpcEcho::connect(&target.path)?;
        let capability = echo.capability().clone();
        for thread in [Capability::Own(5), capability.clone()] {
            let (parameters, capabilities) = with_context(&thread, Some("x"));
            let client = echo.client();
            let question = client.call(&capability, Method::ECHO, &parameters, &capabilities)?;
            let reason = client.answer(question)?.err().context("served")?;
            ensure!(reason.contains("invalid thread handle"), "{reason}");
        }
        // And a place in the table that is not there.
        let (parameters, _) = with_context(&capability, Some("x"));
        let client = echo.client();
        let question = client.call(&capability, Method::ECHO, &parameters, &[])?;
        ensure!(client.answer(question)?.is_err(), "served without a thread");
        rich.check("mine")
    })
}

/// Messages that no sound client sends at this point, after it asked for the first capability with question 0.
fn senseless() -> Vec<(&'static str, Vec<u8>)> {
    let of = |kind: Kind, data: &[u64], pointers: Vec<Content>| {
        Content::Struct(data.to_vec(), pointers).framed(kind)
    };
    let nothing = Content::Struct(Vec::new(), Vec::new());
    let init = Capability::Answer(0, Vec::new());
    let nowhere = Content::Struct(vec![99], vec![Content::Null]);
    vec![
        ("no root", frame(&[])),
        ("a null root", frame(&[0])),
        ("a kind that is none", frame(&[1 << 32 | 1 << 48, 0x4242, 0])),
        (
            "an answer to nothing",
            of(Kind::Return, &[77, 0], vec![Content::Null]),
        ),
        (
            "a resolution of nothing",
            of(Kind::Resolve, &[77], vec![Content::Null]),
        ),
        (
            "a release of nothing",
            of(Kind::Release, &[77 | 5 << 32], Vec::new()),
        ),
        (
            "too many releases",
            of(Kind::Release, &[u64::from(u32::MAX) << 32], Vec::new()),
        ),
        ("the end of nothing", of(Kind::Finish, &[77], Vec::new())),
        (
            "a question that is open",
            call(0, &init, Method::CONSTRUCT, &nothing, &[]),
        ),
        (
            "a promise of nothing",
            call(
                1,
                &Capability::Answer(88, Vec::new()),
                Method::CONSTRUCT,
                &nothing,
                &[],
            ),
        ),
        (
            "a promise of itself",
            call(
                1,
                &Capability::Answer(1, vec![0]),
                Method::CONSTRUCT,
                &nothing,
                &[],
            ),
        ),
        (
            "a parameter that is its own answer",
            call(
                1,
                &init,
                Method::CONSTRUCT,
                &nothing,
                &[Capability::Answer(1, vec![0])],
            ),
        ),
        (
            "a loopback of nothing",
            of(Kind::Disembargo, &[77], vec![nowhere.clone()]),
        ),
        (
            "the loopback's return of nothing",
            of(Kind::Disembargo, &[77 | 1 << 32], vec![nowhere.clone()]),
        ),
        (
            "a loopback that is none",
            of(Kind::Disembargo, &[77 | 9 << 32], vec![nowhere.clone()]),
        ),
        (
            "a third party",
            of(Kind::Provide, &[7], vec![nowhere.clone(), Content::Null]),
        ),
        (
            "from a third party",
            of(Kind::Accept, &[7, 0], vec![Content::Null]),
        ),
        ("a join", of(Kind::Join, &[7], vec![nowhere, Content::Null])),
        (
            "an abort",
            of(Kind::Abort, &[0], vec![Content::Text("so there".to_owned())]),
        ),
    ]
}

fn messages_that_make_no_sense_end_their_connection() -> Result<()> {
    withstand(&[], |target| {
        for (what, bytes) in senseless() {
            let attack = || -> Result<()> {
                let mut client = target.client()?;
                client.bootstrap()?;
                client.send(&bytes)?;
                client.end()?;
                client.wait_for_end()
            };
            attack().context(what)?;
        }
        // A thousand at once, which a node that fails on one of them would not get through.
        for (what, bytes) in senseless() {
            let mut client = target.client()?;
            client.bootstrap()?;
            // The node may hang up after the first one.
            let _ = client.send(&bytes.repeat(50));
            let _ = client.end();
            client.wait_for_end().context(what)?;
        }
        Ok(())
    })
}

fn clients_that_die_or_stop_in_the_middle_of_calls_disturb_nobody() -> Result<()> {
    const ROUNDS: usize = 50;
    withstand(&["-debugexclude=ipc"], |target| {
        // One that is stopped: it sends no more and reads nothing, with calls on their way.
        let mut stopped = IpcEcho::connect(&target.path)?;
        let mut questions = Vec::new();
        for _ in 0..100 {
            questions.push(stopped.send(&"stopped".repeat(100))?);
        }
        // Those that die: the system closes their sockets, with answers that nobody read.
        for _ in 0..ROUNDS {
            let mut dying = IpcEcho::connect(&target.path)?;
            for _ in 0..100 {
                dying.send("dying")?;
            }
        }
        // It goes on, and finds everything answered.
        let start = Instant::now();
        let mut n_answers = 0;
        while n_answers < questions.len() {
            if let Received::Answer(question, outcome) = stopped.client().receive()? {
                ensure!(
                    questions.contains(&question) && outcome.is_ok(),
                    "{question} {outcome:?}"
                );
                n_answers += 1;
            }
        }
        ensure!(start.elapsed() < PATIENCE, "it took {:?}", start.elapsed());
        Ok(())
    })
}

fn calls_are_not_taken_in_while_their_answers_are_not_read() -> Result<()> {
    const SAID: &str = "is not read from until its peer reads";
    let small = "unread".to_owned();
    let large = "x".repeat(1 << 20);
    for (n_calls, n_read, text) in [(100_000, 10_000, &small), (100, 100, &large)] {
        withstand(&["-debugexclude=ipc"], |target| {
            let mut echo = IpcEcho::connect(&target.path)?;
            let mut sender = echo.sender()?;
            thread::scope(|scope| {
                scope.spawn(move || {
                    // The socket is closed in the middle of the many.
                    let _ = (0..n_calls).try_for_each(|_| sender.send(text).map(drop));
                });
                wait_until("the log to say so", || {
                    Ok((target.count(&[SAID])? == 1).then_some(()))
                })?;
                // Nothing is lost: the rest follows when it is read.
                let mut n_answers = 0;
                while n_answers < n_read {
                    if let Received::Answer(_, outcome) = echo.client().receive()? {
                        ensure!(outcome.as_ref() == Ok(&Some(text.clone())), "{n_answers}");
                        n_answers += 1;
                    }
                }
                echo.client().end()
            })?;
            ensure!(target.count(&[SAID])? == 1, "it is said again and again");
            Ok(())
        })?;
    }
    Ok(())
}

/// Asks one question.
type Ask = fn(&mut IpcClient, &Capability) -> Result<()>;

fn questions_that_stay_open_are_limited() -> Result<()> {
    const MANY: usize = 100_000;
    let rows: [(&str, Ask); 3] = [
        ("answered, but never let go of", |client, _| {
            client.bootstrap().map(drop)
        }),
        ("failed, but never let go of", |client, echo| {
            let nothing = Content::Struct(Vec::new(), Vec::new());
            client.call(echo, Method::CONSTRUCT, &nothing, &[]).map(drop)
        }),
        ("on a thread that is yet to come", |client, echo| {
            let (parameters, capabilities) = with_context(&Capability::Promised(7), Some("x"));
            client
                .call(echo, Method::ECHO, &parameters, &capabilities)
                .map(drop)
        }),
    ];
    for (what, ask) in rows {
        withstand(&["-debugexclude=ipc"], |target| {
            let mut echo = IpcEcho::connect(&target.path)?;
            let capability = echo.capability().clone();
            let mut sender = echo.client().sender()?;
            thread::scope(|scope| {
                scope.spawn(move || {
                    // Until the node hangs up.
                    let _ = (0..MANY).try_for_each(|_| ask(&mut sender, &capability));
                });
                echo.client().wait_for_end()
            })?;
            target.check_given_up(
                "calls that are not answered or whose answers it does not let go of",
                1,
            )
        })
        .context(what)?;
    }
    Ok(())
}
