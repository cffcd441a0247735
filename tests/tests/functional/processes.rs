//! The processes that `syscoin-node` spawns: what they inherit, and who survives whom.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use functional_tests::{
    Daemon, DataDir, Executable, Node, Program, Reply, for_multiprocess, process_table, wait_until,
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

for_multiprocess![
    leaves_no_child_after_a_call,
    serves_calls_side_by_side,
    gives_a_child_exactly_three_arguments,
    gives_a_child_no_other_descriptors,
    survives_the_death_of_a_child_in_the_middle_of_a_call,
    takes_its_child_along_when_it_is_killed,
    ends_cleanly_in_the_middle_of_a_call,
    ends_soon_although_its_child_is_stopped,
    refuses_a_call_when_the_executable_is_gone,
    finds_the_executable_however_it_was_started,
];

fn start(data_dir: &DataDir) -> Result<Node<'_>> {
    Node::start(Daemon::SyscoinNode, data_dir, &[])
}

fn send(pid: u32, signal: Signal) -> Result<()> {
    let pid = i32::try_from(pid)
        .ok()
        .and_then(Pid::from_raw)
        .context("not a process id")?;
    Ok(kill_process(pid, signal)?)
}

/// Waits until the process is no more, or is a zombie that nobody buries because its parent was killed.
fn wait_for_end(pid: u32) -> Result<()> {
    wait_until("the end of the child", || {
        Ok(process_table::has_ended(pid).then_some(()))
    })
}

/// A child that is stopped in the middle of its work; dropping this lets it go on.
struct Caught {
    pid: u32,
}

impl Drop for Caught {
    fn drop(&mut self) {
        // It may be gone by now.
        let _ = send(self.pid, Signal::CONT);
    }
}

/// Stops the next child of `parent` that has begun to run its own program.
fn catch_child(parent: u32) -> Result<Caught> {
    wait_until("a child in the middle of a call", || {
        for pid in process_table::children(parent)? {
            let caught = Caught { pid };
            if send(pid, Signal::STOP).is_err() {
                continue;
            }
            let state =
                wait_until("the child to stop or to end", || {
                    Ok(process_table::state(pid)
                        .map_or(Some('Z'), |state| "TZ".contains(state).then_some(state)))
                })?;
            // Before it has become the new program, it still shows its parent's arguments.
            if state == 'T'
                && process_table::arguments(pid)?
                    .get(1)
                    .is_some_and(|argument| argument == "-ipcfd")
            {
                return Ok(Some(caught));
            }
        }
        Ok(None)
    })
}

/// Runs `work` with a caught child, while another thread calls `echoipc` over and over; gives the replies that were
/// no plain success.
fn with_caught_child(node: &Node<'_>, work: impl FnOnce(Caught) -> Result<()>) -> Result<Vec<Reply>> {
    let is_over = AtomicBool::new(false);
    let parent = node.pid()?;
    let mut rpc = node.rpc()?;
    thread::scope(|scope| {
        let caller = scope.spawn(|| {
            let mut refused = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                // The node may be killed or stopped in the meantime.
                let Ok(reply) = rpc.request("echoipc", json!(["echo"])) else {
                    break;
                };
                if reply.result != json!("echo") {
                    refused.push(reply);
                }
            }
            refused
        });
        let outcome = catch_child(parent).and_then(work);
        is_over.store(true, Ordering::Relaxed);
        let refused = caller
            .join()
            .expect("the caller does not panic because it only collects");
        outcome.map(|()| refused)
    })
}

fn leaves_no_child_after_a_call() -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = start(&data_dir)?;
    let parent = node.pid()?;
    for _ in 0..3 {
        node.rpc()?.call("echoipc", json!(["x"]))?;
        wait_until("the end of all children, zombies included", || {
            Ok(process_table::children(parent)?.is_empty().then_some(()))
        })?;
    }
    let count = |part: &str| -> Result<usize> {
        Ok(node
            .log()
            .lines()?
            .iter()
            .filter(|line| line.message.contains(part))
            .count())
    };
    assert_eq!((count(" launched")?, count(" exited with status 0")?), (3, 3));
    node.stop()
}

fn serves_calls_side_by_side() -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = start(&data_dir)?;
    let callers: Vec<_> = (0..8)
        .map(|number| {
            let mut rpc = node.rpc()?;
            Ok(thread::spawn(move || -> Result<()> {
                for round in 0..5 {
                    let text = format!("{number} ₿ {round}");
                    ensure!(rpc.call("echoipc", json!([text]))? == json!(text), "mixed up");
                }
                Ok(())
            }))
        })
        .collect::<Result<_>>()?;
    for caller in callers {
        caller
            .join()
            .expect("no caller panics because each gives its failure as an error")?;
    }
    let parent = node.pid()?;
    wait_until("the end of all children", || {
        Ok(process_table::children(parent)?.is_empty().then_some(()))
    })?;
    node.stop()
}

fn gives_a_child_exactly_three_arguments() -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = start(&data_dir)?;
    let path = Executable::SyscoinNode.path()?;
    with_caught_child(&node, |caught| {
        let arguments = process_table::arguments(caught.pid)?;
        let [program, option, descriptor] = arguments.as_slice() else {
            anyhow::bail!("not three: {arguments:?}");
        };
        ensure!(Path::new(program) == path && option == "-ipcfd", "{arguments:?}");
        ensure!(descriptor.parse::<u32>().is_ok(), "{arguments:?}");
        Ok(())
    })?;
    node.stop()
}

fn gives_a_child_no_other_descriptors() -> Result<()> {
    let data_dir = DataDir::new()?;
    let inherited = data_dir.outside().join("inherited by the node");
    fs::write(&inherited, "")?;
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$0\" \"$1\" 9<\"$2\""]);
    command
        .arg(Executable::SyscoinNode.path()?)
        .arg(data_dir.option())
        .arg(&inherited);
    let mut node = Node::adopt(Program::start_command(command)?, &data_dir);
    node.wait_for_rpc()?;
    let of_parent = process_table::descriptors(node.pid()?)?;
    ensure!(
        of_parent.iter().any(|(_, target)| *target == inherited),
        "the node should have inherited it"
    );

    // A child needs a moment to get rid of what its parent had inherited; then it sets up its event queue.
    let of_child = wait_until("a child that serves", || {
        let mut descriptors = Vec::new();
        with_caught_child(&node, |caught| {
            descriptors = process_table::descriptors(caught.pid)?;
            Ok(())
        })?;
        let is_serving = descriptors
            .iter()
            .any(|(_, target)| target.ends_with("anon_inode:[eventpoll]"));
        Ok(is_serving.then_some(descriptors))
    })?;
    let has_identity = |target: &Path| {
        let target = target.to_string_lossy();
        target.starts_with("socket:") || target.starts_with("pipe:")
    };
    let of_parent = process_table::descriptors(node.pid()?)?;
    for (number, target) in of_child.iter().filter(|(number, _)| *number > 2) {
        let is_stray = *target == inherited
            || target.ends_with(".lock")
            || has_identity(target) && of_parent.iter().any(|(_, other)| other == target);
        ensure!(
            !is_stray,
            "{number} → {target:?} is the parent's: {of_parent:?} {of_child:?}"
        );
    }
    node.stop()
}

fn survives_the_death_of_a_child_in_the_middle_of_a_call() -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = start(&data_dir)?;
    let parent = node.pid()?;
    // A child that is caught after it has answered fails nobody: then the next one has to serve.
    let refused = wait_until("a call that fails with its child", || {
        let refused = with_caught_child(&node, |caught| {
            send(caught.pid, Signal::KILL)?;
            wait_until("the burial of the child", || {
                Ok((!process_table::exists(caught.pid)).then_some(()))
            })
        })?;
        Ok((!refused.is_empty()).then_some(refused))
    })?;
    let [reply] = refused.as_slice() else {
        anyhow::bail!("one death fails several calls: {refused:?}");
    };
    let (status, _, message) = reply.refusal()?;
    // It may be caught when it was called, or before it answers for the first time.
    let is_told =
        ["disconnect", "was killed by signal 9 before it answered"].map(|end| message.contains(end));
    ensure!(status == 500 && is_told.contains(&true), "{reply:?}");
    assert_eq!(node.rpc()?.call("echoipc", json!(["next"]))?, json!("next"));
    wait_until("the end of all children", || {
        Ok(process_table::children(parent)?.is_empty().then_some(()))
    })?;
    node.stop()
}

fn takes_its_child_along_when_it_is_killed() -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = start(&data_dir)?;
    let mut child = 0;
    with_caught_child(&node, |caught| {
        child = caught.pid;
        node.program().signal(Signal::KILL)
    })?;
    node.wait()?;
    wait_for_end(child)?;
    // Nothing is left that would keep the lock or the port.
    Node::spawn(
        Daemon::SyscoinNode,
        &data_dir,
        &["-noserver", "-debuglogfile=second.log"],
    )
    .and_then(|node| {
        wait_until("the second node's start", || {
            let text = fs::read_to_string(data_dir.regtest("second.log")).unwrap_or_default();
            Ok(text.contains("Done loading").then_some(()))
        })?;
        node.interrupt()
    })
}

fn ends_cleanly_in_the_middle_of_a_call() -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = start(&data_dir)?;
    let mut child = 0;
    with_caught_child(&node, |caught| {
        child = caught.pid;
        node.program().signal(Signal::TERM)?;
        node.log().wait_for("Shutdown: In progress...")?;
        Ok(())
    })?;
    node.wait()?.check_success()?;
    wait_for_end(child)
}

fn ends_soon_although_its_child_is_stopped() -> Result<()> {
    /// Less than the node would wait for a call, and less than a rig waits for the node.
    const PATIENCE: Duration = Duration::from_secs(27);
    let data_dir = DataDir::new()?;
    let node = start(&data_dir)?;
    with_caught_child(&node, |caught| {
        let start = Instant::now();
        node.program().signal(Signal::TERM)?;
        node.log().wait_for("Shutdown: done")?;
        ensure!(start.elapsed() < PATIENCE, "it took {:?}", start.elapsed());
        wait_for_end(caught.pid)
    })?;
    node.wait()?.check_success()
}

/// A copy of `syscoin-node` in a directory of its own.
fn copied(data_dir: &DataDir) -> Result<PathBuf> {
    let directory = data_dir.outside().join("bin ₿ 🏃");
    fs::create_dir(&directory)?;
    let path = directory.join("syscoin-node");
    fs::copy(Executable::SyscoinNode.path()?, &path)?;
    Ok(path)
}

fn refuses_a_call_when_the_executable_is_gone() -> Result<()> {
    let data_dir = DataDir::new()?;
    let path = copied(&data_dir)?;
    let mut command = Command::new(&path);
    command.arg(data_dir.option());
    let mut node = Node::adopt(Program::start_command(command)?, &data_dir);
    node.wait_for_rpc()?;
    let away = path.with_file_name("elsewhere");
    for _ in 0..2 {
        fs::rename(&path, &away)?;
        let reply = node.rpc()?.request("echoipc", json!(["x"]))?;
        let (status, _, message) = reply.refusal()?;
        ensure!(status == 500 && !message.is_empty(), "{reply:?}");
        fs::rename(&away, &path)?;
        assert_eq!(node.rpc()?.call("echoipc", json!(["x"]))?, json!("x"));
    }
    node.stop()
}

fn finds_the_executable_however_it_was_started() -> Result<()> {
    let data_dir = DataDir::new()?;
    let path = copied(&data_dir)?;
    let directory = path.parent().context("no directory")?;
    let mut by_name = Command::new("syscoin-node");
    by_name.env("PATH", directory);
    let mut relative = Command::new("./syscoin-node");
    relative.current_dir(directory);
    let link = data_dir.outside().join("link");
    std::os::unix::fs::symlink(directory, &link)?;
    for mut command in [by_name, relative, Command::new(link.join("syscoin-node"))] {
        let program = command.get_program().to_owned();
        command.arg(data_dir.option());
        let mut node = Node::adopt(Program::start_command(command)?, &data_dir);
        node.wait_for_rpc()?;
        let echo = node
            .rpc()?
            .call("echoipc", json!(["x"]))
            .with_context(|| format!("as {program:?}"))?;
        assert_eq!(echo, json!("x"));
        node.stop()?;
    }
    Ok(())
}
