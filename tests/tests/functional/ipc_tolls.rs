//! What clients that come again and again can cost a node: less and less, for as long as they do, and little to others.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use functional_tests::{
    Content, Daemon, DataDir, IpcClient, IpcEcho, IpcSocket, Kind, Node, for_multiprocess, wait_until,
};
use serde_json::json;

use crate::attack::{Target, withstand};

for_multiprocess![
    garbage_that_comes_again_is_said_once_and_has_to_wait,
    garbage_behind_a_message_has_to_wait_too,
    who_leaves_calls_behind_has_to_wait,
    nothing_is_made_ready_before_a_first_word,
    clients_come_in_so_many_at_a_time,
    the_last_words_of_clients_are_said_once_and_in_short,
];

/// Clients at a time, for which there is room.
const MANY: u32 = 60;

/// No categories, as most nodes run.
const QUIET: [&str; 1] = ["-debugexclude=ipc"];

const GIVEN_UP: [&str; 1] = ["a connection is given up"];

const WAITING: [&str; 1] = ["wait a moment before they are served"];

/// Lets many clients at the same time, which have said what they had to before, send what is no message.
fn send_garbage(mut clients: Vec<IpcClient>) -> Result<()> {
    for client in &mut clients {
        client.send(&[0xff; 64])?;
    }
    clients.iter_mut().try_for_each(IpcClient::wait_for_end)
}

/// Makes sure that a client that comes after such ones has to wait, gets in, and that the log says both once.
fn check_waiting(target: &Target<'_>, connect: impl Fn() -> Result<IpcClient>) -> Result<()> {
    wait_until("the next ones to have to wait", || {
        send_garbage((0..MANY).map(|_| connect()).collect::<Result<_>>()?)?;
        IpcEcho::connect(&target.path)?;
        Ok((target.count(&WAITING)? > 0).then_some(()))
    })?;
    for line in [GIVEN_UP, WAITING] {
        let count = target.count(&line)?;
        ensure!(count == 1, "{line:?} is said {count} times");
    }
    Ok(())
}

fn garbage_that_comes_again_is_said_once_and_has_to_wait() -> Result<()> {
    const TIMES: u32 = 5;
    /// Those that cost nothing, and some whose cost is not known yet when the next ones come.
    const FREE: u32 = 30;
    withstand(&QUIET, |target| {
        let connect = || target.client();
        let start = Instant::now();
        for _ in 0..TIMES {
            send_garbage((0..MANY).map(|_| connect()).collect::<Result<_>>()?)?;
        }
        let least = Duration::from_millis(2) * ((TIMES - 1) * MANY - FREE);
        ensure!(start.elapsed() >= least, "it took {:?}", start.elapsed());
        check_waiting(target, connect)
    })
}

fn bootstrap() -> Vec<u8> {
    Content::Struct(vec![0], vec![Content::Null]).framed(Kind::Bootstrap)
}

fn garbage_behind_a_message_has_to_wait_too() -> Result<()> {
    withstand(&QUIET, |target| {
        check_waiting(target, || {
            let mut client = target.client()?;
            client.send(&bootstrap())?;
            client.receive()?;
            Ok(client)
        })
    })
}

/// A client that has made calls and reads no answers.
fn make_calls(target: &Target<'_>) -> Result<IpcEcho> {
    const CALLS: usize = 100;
    let mut echo = IpcEcho::connect(&target.path)?;
    for _ in 0..CALLS {
        echo.send("left behind")?;
    }
    Ok(echo)
}

fn who_leaves_calls_behind_has_to_wait() -> Result<()> {
    withstand(&QUIET, |target| {
        wait_until("the next ones to have to wait", || {
            let clients = (0..MANY).map(|_| make_calls(target));
            drop(clients.collect::<Result<Vec<_>>>()?);
            IpcEcho::connect(&target.path)?;
            Ok((target.count(&WAITING)? > 0).then_some(()))
        })?;
        ensure!(target.count(&GIVEN_UP)? == 0, "one of them is given up");
        Ok(())
    })
}

fn nothing_is_made_ready_before_a_first_word() -> Result<()> {
    const CONNECTED: [&str; 1] = ["IPC server: socket connected"];
    let bytes = bootstrap();
    let (early, late) = bytes.split_at(7);
    let connections = |node: &Node<'_>| -> Result<usize> {
        let info = node.rpc()?.call("getipcinfo", json!([]))?;
        Ok(info["connections"].as_array().context("no connections")?.len())
    };
    withstand(&[], |target| {
        let before = connections(target.node)?;
        let said = target.count(&CONNECTED)?;
        let mut clients = Vec::new();
        for _ in 0..10 {
            let mut client = target.client()?;
            client.send(early)?;
            clients.push(client);
        }
        // It has come in after them, and is served.
        let _echo = IpcEcho::connect(&target.path)?;
        assert_eq!(connections(target.node)?, before + 1);
        assert_eq!(target.count(&CONNECTED)?, said + 1);
        for client in &mut clients {
            client.send(late)?;
            client.receive()?;
        }
        assert_eq!(connections(target.node)?, before + 11);
        Ok(())
    })
}

fn clients_come_in_so_many_at_a_time() -> Result<()> {
    const TIMES: u32 = 1_600;
    let data_dir = DataDir::new()?;
    let options = ["-ipcbind=unix", "-ipcmaxconnections=1", "-disablewallet"];
    let node = Node::start(Daemon::SyscoinNode, &data_dir, &options)?;
    let path = data_dir.regtest("node.sock");
    let mut only = IpcEcho::connect(&path)?;
    let start = Instant::now();
    for _ in 0..TIMES {
        IpcSocket::connect(&path)?.wait_for_end()?;
    }
    // 16 of them in 2 ms.
    let least = Duration::from_millis(2) * (TIMES / 16 - 1);
    ensure!(start.elapsed() >= least, "it took {:?}", start.elapsed());
    only.check("still here")?;
    drop(only);
    wait_until("room for another client", || Ok(IpcEcho::connect(&path).ok()))?;
    node.stop()
}

fn the_last_words_of_clients_are_said_once_and_in_short() -> Result<()> {
    const SAID: &str = "a connection is given up: Failed: remote exception: ";
    const FORGED: &str = "2000-01-01T00:00:00Z [error] forged";
    let last_words = [
        "so there".to_owned(),
        format!("x\n{FORGED}\n"),
        "and another thing".to_owned(),
        "₿".repeat(4 << 20),
    ];
    for (option, n_lines) in [("-debugexclude=ipc", 1), ("-debug=ipc", last_words.len())] {
        withstand(&[option], |target| {
            for words in &last_words {
                let mut client = target.client()?;
                client.bootstrap()?;
                let abort = Content::Struct(vec![0], vec![Content::Text(words.clone())]);
                client.send(&abort.framed(Kind::Abort))?;
                client.wait_for_end()?;
            }
            target.check_given_up("remote exception", n_lines)?;
            let text = target.node.log().text()?;
            ensure!(
                !text.lines().any(|line| line.starts_with(FORGED)),
                "a line is forged"
            );
            let of_them = text.lines().filter(|line| line.contains(SAID));
            let longest = of_them.map(|line| line.chars().count()).max();
            ensure!(
                longest.is_some_and(|longest| longest < 400),
                "{longest:?} characters"
            );
            Ok(())
        })?;
    }
    Ok(())
}
