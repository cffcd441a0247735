//! Clients of `-ipcbind` that are broken or hostile: the node stays, serves others in the meantime, and its memory too.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use functional_tests::{
    Capability, Content, Daemon, DataDir, IpcClient, IpcEcho, Kind, Method, Node, Received, call,
    for_multiprocess, frame, make_thread, process_table, wait_until, with_context,
};

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
];

/// How long another client may wait for one answer while the node is attacked on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(10);

/// How much more memory the node may hold at any time.
const GROWTH: u64 = 32 << 20;

/// A node that is attacked, seen by the attacker.
struct Target<'a> {
    node: &'a Node<'a>,
    path: PathBuf,
}

impl Target<'_> {
    fn client(&self) -> Result<IpcClient> {
        IpcClient::connect(&self.path)
    }

    /// How often the log says why a connection was given up, with this in the reason.
    fn count_given_up(&self, reason: &str) -> Result<usize> {
        let lines = self.node.log().lines()?;
        let is_one = |message: &str| message.contains("is given up") && message.contains(reason);
        Ok(lines.iter().filter(|line| is_one(&line.message)).count())
    }

    /// Makes sure that the log says so, so many times by now and not more.
    fn check_given_up(&self, reason: &str, times: usize) -> Result<()> {
        wait_until(&format!("the log to say why: {reason}"), || {
            Ok((self.count_given_up(reason)? >= times).then_some(()))
        })?;
        assert_eq!(self.count_given_up(reason)?, times, "{reason}");
        Ok(())
    }
}

/// Calls without a pause until it is told that all is over; gives how many calls were answered.
fn stand_by(echo: &mut IpcEcho, is_over: &AtomicBool) -> Result<usize> {
    echo.client().set_patience(PATIENCE)?;
    let mut n_calls = 0;
    while !is_over.load(Ordering::Relaxed) {
        echo.check("₿ still here")
            .context("another client is not served during the attack")?;
        n_calls += 1;
    }
    Ok(n_calls)
}

/// Attacks a node while another client uses it, and makes sure that neither notices much.
fn withstand(options: &[&str], attack: impl FnOnce(&Target<'_>) -> Result<()>) -> Result<()> {
    const WARM: usize = 200;
    let data_dir = DataDir::new()?;
    let all = [&["-ipcbind=unix"], options].concat();
    let node = Node::start(Daemon::SyscoinNode, &data_dir, &all)?;
    let path = data_dir.regtest("node.sock");
    let pid = node.pid()?;
    let mut early = IpcEcho::connect(&path)?;
    let mut bystander = IpcEcho::connect(&path)?;
    for _ in 0..WARM {
        early.check("warm")?;
    }
    let before = process_table::resident(pid)?;
    process_table::forget_peak(pid)?;
    let is_over = AtomicBool::new(false);
    let target = Target { node: &node, path };
    let path = &target.path;
    thread::scope(|scope| -> Result<()> {
        let bystander = scope.spawn(|| stand_by(&mut bystander, &is_over));
        let attacked = attack(&target);
        is_over.store(true, Ordering::Relaxed);
        let stood_by = bystander
            .join()
            .expect("the bystander does not panic because it gives its failure as an error");
        attacked?;
        ensure!(stood_by? > 0, "the bystander saw nothing");
        Ok(())
    })?;
    let growth = process_table::peak_resident(pid)?.saturating_sub(before);
    ensure!(growth <= GROWTH, "the node held {} KiB more", growth >> 10);
    early.check("after").context("a client from before the attack")?;
    IpcEcho::connect(path).context("a client from after the attack")?;
    node.stop()
}

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
    const LENGTH: usize = 5_000;
    const FIELDS: usize = 50_000;
    withstand(&["-debugexclude=ipc"], |target| {
        // Each call goes to what the one before it will give, which is nothing that can be called.
        let mut client = target.client()?;
        let mut next = client.bootstrap()?;
        let nothing = Content::Struct(Vec::new(), Vec::new());
        let mut last = 0;
        for _ in 0..LENGTH {
            last = client.call(&next, Method::CONSTRUCT, &nothing, &[])?;
            next = Capability::Answer(last, vec![0]);
        }
        ensure!(client.answer(last)?.is_err(), "a thread map is no Init");

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
