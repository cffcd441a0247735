//! Very many clients at once, and clients that stop, die or wait while the node works for them.

use std::path::Path;
use std::process::Command;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use functional_tests::{
    Capability, Cli, Content, DataDir, Executable, IpcClient, IpcEcho, IpcSocket, Method, Node, Program,
    for_multiprocess, make_thread, process_table, wait_until, with_context,
};
use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};

use crate::attack::withstand;

for_multiprocess![
    a_thousand_clients_at_once_are_served_or_turned_away,
    a_thousand_clients_at_once_are_served_where_there_is_room,
    serves_more_clients_than_it_may_have_descriptors_at_first,
    clients_that_are_stopped_or_killed_in_the_middle_of_a_call_disturb_nobody,
    stops_soon_though_fifty_clients_wait_for_answers,
];

/// Lets this process have as many descriptors as it may.
fn raise_limit_of_descriptors() -> Result<()> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    Ok(setrlimit(
        Resource::Nofile,
        Rlimit {
            current: maximum,
            maximum,
        },
    )?)
}

/// Lets so many clients connect at the same moment; gives those that are served.
fn connect_at_once(path: &Path, n_clients: usize) -> Result<Vec<IpcSocket>> {
    const STACK: usize = 256 << 10;
    raise_limit_of_descriptors()?;
    let start = Barrier::new(n_clients);
    let connect = || -> Result<Option<IpcSocket>> {
        start.wait();
        let mut socket = IpcSocket::connect(path)?;
        Ok(socket.is_served()?.then_some(socket))
    };
    thread::scope(|scope| {
        let clients: Vec<_> = (0..n_clients)
            .map(|_| {
                thread::Builder::new()
                    .stack_size(STACK)
                    .spawn_scoped(scope, connect)
            })
            .collect::<Result<_, _>>()?;
        let mut served = Vec::new();
        for client in clients {
            let outcome = client
                .join()
                .expect("no client panics because each gives its failure as an error");
            served.extend(outcome?);
        }
        Ok(served)
    })
}

fn a_thousand_clients_at_once_are_served_or_turned_away() -> Result<()> {
    const LIMIT: usize = 100;
    /// Two are there before.
    const LEFT: usize = LIMIT - 2;
    withstand(&["-debugexclude=ipc", "-ipcmaxconnections=100"], |target| {
        let served = connect_at_once(&target.path, 1_000)?;
        ensure!(served.len() == LEFT, "{} of {LEFT} are served", served.len());
        ensure!(
            target.count(&["are turned away: as many as -ipcmaxconnections allows"])? == 1,
            "it is said again and again"
        );
        drop(served);
        wait_until("room for another client", || {
            Ok(IpcEcho::connect(&target.path).ok())
        })
        .map(drop)
    })
}

fn a_thousand_clients_at_once_are_served_where_there_is_room() -> Result<()> {
    const MANY: usize = 1_000;
    withstand(&["-debugexclude=ipc", "-ipcmaxconnections=2000"], |target| {
        let served = connect_at_once(&target.path, MANY)?;
        ensure!(served.len() == MANY, "{} are served", served.len());
        Ok(())
    })
}

fn serves_more_clients_than_it_may_have_descriptors_at_first() -> Result<()> {
    const MANY: usize = 200;
    let data_dir = DataDir::new()?;
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -S -n 100; exec \"$0\" \"$@\""]);
    command
        .arg(Executable::SyscoinNode.path()?)
        .arg(data_dir.option())
        .args(["-ipcbind=unix", "-ipcmaxconnections=1000", "-disablewallet"]);
    let mut node = Node::adopt(Program::start_command(command)?, &data_dir);
    node.wait_for_rpc()?;
    let served = connect_at_once(&data_dir.regtest("node.sock"), MANY)?;
    ensure!(served.len() == MANY, "{} are served", served.len());
    node.stop()
}

/// Starts a node whose children take what they are sent and never answer, so that each `echoipc` is a call that waits.
fn start_with_silent_children(data_dir: &DataDir) -> Result<Node<'_>> {
    let directory = data_dir.outside().join("bin");
    fs::create_dir(&directory)?;
    let path = directory.join("syscoin-node");
    fs::copy(Executable::SyscoinNode.path()?, &path)?;
    let silent = directory.join("silent");
    fs::write(&silent, "#!/bin/sh\nexec cat >/dev/null\n")?;
    fs::set_permissions(&silent, fs::metadata(&path)?.permissions())?;
    let mut command = Command::new(&path);
    command
        .arg(data_dir.option())
        .args(["-ipcbind=unix", "-disablewallet", "-debug=ipc", "-rpcthreads=100"]);
    let mut node = Node::adopt(Program::start_command(command)?, data_dir);
    node.wait_for_rpc()?;
    fs::rename(silent, path)?;
    Ok(node)
}

/// Waits until the node works on so many calls that wait.
fn wait_for_calls(node: &Node<'_>, n_calls: usize) -> Result<()> {
    let pid = node.pid()?;
    wait_until("the calls to be under way", || {
        Ok((process_table::children(pid)?.len() == n_calls).then_some(()))
    })
}

fn clients_that_are_stopped_or_killed_in_the_middle_of_a_call_disturb_nobody() -> Result<()> {
    const MANY: usize = 5;
    let data_dir = DataDir::new()?;
    let node = start_with_silent_children(&data_dir)?;
    let mut bystander = IpcEcho::connect(&data_dir.regtest("node.sock"))?;
    let mut check = |what: &str| {
        (0..100)
            .try_for_each(|_| bystander.check("₿"))
            .context(what.to_owned())
    };
    let mut clients = (0..MANY)
        .map(|_| Cli::new(&data_dir).start(&["-ipcconnect=unix", "echoipc", "x"], ""))
        .collect::<Result<Vec<_>>>()?;
    wait_for_calls(&node, MANY)?;
    check("while they wait")?;
    for client in &clients {
        client.signal(Signal::STOP)?;
    }
    check("while they are stopped")?;
    for client in &mut clients {
        ensure!(client.is_running()?, "it got an answer");
        client.signal(Signal::KILL)?;
    }
    for client in clients {
        client.wait()?;
    }
    check("after they were killed")?;
    wait_until("the node to see that they are gone", || {
        let lines = node.log().lines()?;
        let n_gone = lines
            .iter()
            .filter(|line| line.message.contains("IPC server: socket disconnected"))
            .count();
        Ok((n_gone == MANY).then_some(()))
    })?;
    node.interrupt()
}

/// Asks for what waits, as any client of the node may.
fn ask_for_echoipc(client: &mut IpcClient) -> Result<()> {
    let init = client.bootstrap()?;
    let (thread, _) = make_thread(client, &init)?;
    let (parameters, capabilities) = with_context(&thread, None);
    let question = client.call(&init, Method::MAKE_RPC, &parameters, &capabilities)?;
    let request = r#"{"method":"echoipc","params":["x"],"id":1}"#;
    let context = Content::Struct(Vec::new(), vec![Content::Capability(0), Content::Null]);
    let texts = [request, "/", ""].map(|text| Content::Text(text.to_owned()));
    let mut pointers = vec![context];
    pointers.extend(texts);
    let rpc = Capability::Answer(question, vec![0]);
    let parameters = Content::Struct(Vec::new(), pointers);
    client
        .call(&rpc, Method::EXECUTE_RPC, &parameters, &[thread])
        .map(drop)
}

fn stops_soon_though_fifty_clients_wait_for_answers() -> Result<()> {
    const PATIENCE: Duration = Duration::from_secs(5);
    const MANY: usize = 50;
    let data_dir = DataDir::new()?;
    let node = start_with_silent_children(&data_dir)?;
    let path = data_dir.regtest("node.sock");
    let mut clients = Vec::new();
    for _ in 0..MANY {
        let mut client = IpcClient::connect(&path)?;
        ask_for_echoipc(&mut client)?;
        clients.push(client);
    }
    wait_for_calls(&node, MANY)?;
    let pid = node.pid()?;
    let start = Instant::now();
    node.program().signal(Signal::TERM)?;
    node.wait()?.check_success()?;
    ensure!(start.elapsed() < PATIENCE, "it took {:?}", start.elapsed());
    for client in &mut clients {
        client.wait_for_end()?;
    }
    ensure!(process_table::children(pid)?.is_empty(), "children are left");
    Ok(())
}
