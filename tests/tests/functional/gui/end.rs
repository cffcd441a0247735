//! How `syscoin-gui` and its node end, whoever wants it, and whatever state they are in.

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use functional_tests::{
    Daemon, DataDir, Executable, Node, Program, for_multiprocess, process_table, wait_until,
};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::json;

use super::{
    arguments, check_clean_end, check_order, foretell_blocks, generate, node_process, start_both,
    wait_for_line,
};

for_multiprocess![
    ends_the_node_before_itself_when_it_is_told_to,
    ends_in_order_when_a_terminal_interrupts_both,
    lets_a_signal_end_the_node,
    says_that_the_node_was_killed,
    does_not_keep_a_node_from_ending_in_order_when_it_is_killed_itself,
    lets_a_node_that_was_stopped_go_on_and_end,
    lets_a_node_go_on_that_was_stopped_while_it_stops,
    leaves_a_node_to_itself_when_it_is_told_to_leave_twice,
    hears_the_user_while_it_asks_a_node_that_was_stopped,
];

fn send(pid: u32, signal: Signal) -> Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    Ok(kill_process(pid.context("not a process id")?, signal)?)
}

/// Starts both in a group of their own, as a shell gives to what is started in a terminal: the system lets all processes
/// of a group go on that were stopped when it has lost its last tie to others.
fn start_apart<'a>(data_dir: &'a DataDir, options: &[&str]) -> Result<Node<'a>> {
    let mut command = Command::new(Executable::SyscoinGui.path()?);
    command.args(arguments(data_dir, options)).process_group(0);
    let mut gui = Node::adopt(Program::start_command(command)?, data_dir);
    gui.wait_for_rpc()?;
    wait_for_line(gui.program(), "Block ")?;
    Ok(gui)
}

fn wait_for_state(pid: u32, expected: char) -> Result<()> {
    wait_until("the process's state", || {
        Ok((process_table::state(pid)? == expected).then_some(()))
    })
}

/// An option for a node that does something when it stops, and a file that lets it.
fn at_the_end(data_dir: &DataDir, what: &str) -> (String, PathBuf) {
    let file = data_dir.outside().join("go on");
    let wait = format!(
        "while [ -d '{}' ] && [ ! -e '{}' ]; do sleep 0.02; done",
        data_dir.outside().display(),
        file.display()
    );
    (format!("-shutdownnotify={wait}; {what}"), file)
}

/// Waits for the end of a node that nobody waits for any more, and lets `daemon` find its block.
fn check_end_alone(data_dir: &DataDir, node: u32, daemon: Daemon) -> Result<()> {
    wait_until("the node's end", || {
        Ok(process_table::has_ended(node).then_some(()))
    })?;
    ensure!(data_dir.log().text()?.contains("Shutdown: done"));
    let again = Node::start(daemon, data_dir, &[])?;
    ensure!(again.rpc()?.call("getblockcount", json!([]))? == json!(1));
    again.stop()
}

fn ends_the_node_before_itself_when_it_is_told_to() -> Result<()> {
    let data_dir = DataDir::new()?;
    for (signal, height) in [(Signal::INT, 1), (Signal::TERM, 2)] {
        let gui = start_both(&data_dir, &[])?;
        let node = node_process(&gui)?;
        generate(&gui)?;
        gui.program().signal(signal)?;
        let finished = gui.wait()?;
        finished.check_success()?;
        check_order(&finished, &["Done loading", "Shutting down…"])?;
        check_clean_end(&data_dir, node)?;
        let again = Node::start(Daemon::Syscoind, &data_dir, &[])?;
        ensure!(again.rpc()?.call("getblockcount", json!([]))? == json!(height));
        again.stop()?;
    }
    Ok(())
}

fn ends_in_order_when_a_terminal_interrupts_both() -> Result<()> {
    let data_dir = DataDir::new()?;
    let gui = start_apart(&data_dir, &[])?;
    let node = node_process(&gui)?;
    let group = i32::try_from(gui.pid()?).ok().and_then(Pid::from_raw);
    kill_process_group(group.context("not a process id")?, Signal::INT)?;
    let finished = gui.wait()?;
    finished.check_success()?;
    ensure!(
        finished
            .stdout
            .contains("[syscoin-node] SIGINT received — waiting for parent to shut down.\n"),
        "{finished:?}"
    );
    check_clean_end(&data_dir, node)
}

fn lets_a_signal_end_the_node() -> Result<()> {
    let data_dir = DataDir::new()?;
    let gui = start_both(&data_dir, &[])?;
    let node = node_process(&gui)?;
    send(node, Signal::TERM)?;
    gui.wait()?.check_success()?;
    check_clean_end(&data_dir, node)
}

fn says_that_the_node_was_killed() -> Result<()> {
    let data_dir = DataDir::new()?;
    let gui = start_both(&data_dir, &[])?;
    send(node_process(&gui)?, Signal::KILL)?;
    gui.wait()?
        .check_failure("Error: syscoin-node was killed by signal 9")
}

fn does_not_keep_a_node_from_ending_in_order_when_it_is_killed_itself() -> Result<()> {
    let data_dir = DataDir::new()?;
    let gui = start_both(&data_dir, &[])?;
    let node = node_process(&gui)?;
    generate(&gui)?;
    gui.program().signal(Signal::KILL)?;
    gui.wait()?;
    check_end_alone(&data_dir, node, Daemon::SyscoinNode)
}

fn lets_a_node_that_was_stopped_go_on_and_end() -> Result<()> {
    let data_dir = DataDir::new()?;
    let gui = start_apart(&data_dir, &[])?;
    let node = node_process(&gui)?;
    send(node, Signal::STOP)?;
    wait_for_state(node, 'T')?;
    gui.program().signal(Signal::INT)?;
    gui.wait()?.check_success()?;
    check_clean_end(&data_dir, node)
}

fn lets_a_node_go_on_that_was_stopped_while_it_stops() -> Result<()> {
    for is_told_by_user in [true, false] {
        let data_dir = DataDir::new()?;
        let (option, file) = at_the_end(&data_dir, "kill -STOP $PPID");
        let gui = start_apart(&data_dir, &[&option])?;
        let node = node_process(&gui)?;
        if is_told_by_user {
            gui.program().signal(Signal::INT)?;
        } else {
            gui.rpc()?.call("stop", json!([]))?;
        }
        // Now all that is left to be waited for is the node's end.
        wait_for_line(gui.program(), "Shutting down…")?;
        fs::write(&file, "")?;
        wait_for_state(node, 'T')?;
        if !is_told_by_user {
            gui.program().signal(Signal::INT)?;
        }
        gui.wait()?.check_success()?;
        check_clean_end(&data_dir, node)?;
    }
    Ok(())
}

fn leaves_a_node_to_itself_when_it_is_told_to_leave_twice() -> Result<()> {
    let data_dir = DataDir::new()?;
    let (option, file) = at_the_end(&data_dir, "true");
    let gui = start_both(&data_dir, &[&option])?;
    let node = node_process(&gui)?;
    generate(&gui)?;
    gui.program().signal(Signal::INT)?;
    wait_for_line(
        gui.program(),
        "Stopping syscoin-node: a second Ctrl-C leaves it to itself",
    )?;
    gui.program().signal(Signal::INT)?;
    let finished = gui.wait()?;
    ensure!(
        finished.status.code() == Some(1)
            && finished.stderr
                == "Warning: the node is still there: it ends when it has written what it has to the disk\n",
        "{finished:?}"
    );
    ensure!(process_table::exists(node), "it was not waited for");
    fs::write(&file, "")?;
    check_end_alone(&data_dir, node, Daemon::Syscoind)
}

fn hears_the_user_while_it_asks_a_node_that_was_stopped() -> Result<()> {
    const ASKS: &str = "IPC client send Node.getWarnings";
    let data_dir = DataDir::new()?;
    let gui = start_apart(&data_dir, &["-debug=ipc", "-printtoconsole"])?;
    let (node, process) = (node_process(&gui)?, gui.pid()?);
    let first = foretell_blocks(&gui)?;
    wait_for_line(gui.program(), "Block 1 is ")?;
    // All that was told before is answered when this is.
    gui.rpc()?.call("setban", json!(["192.0.2.1", "add"]))?;
    gui.log()
        .wait_for("IPC client recv NodeEvents.bannedListChanged")?;
    // The user interface finds the news when the node does not answer any more.
    gui.program().signal(Signal::STOP)?;
    wait_for_state(process, 'T')?;
    gui.rpc()?.call("invalidateblock", json!([first]))?;
    gui.log().wait_for("IPC client send NodeEvents.alertChanged")?;
    send(node, Signal::STOP)?;
    wait_for_state(node, 'T')?;
    let asked = gui.program().stdout()?.matches(ASKS).count();
    gui.program().signal(Signal::CONT)?;
    wait_until("the question", || {
        let shown = gui.program().stdout()?;
        Ok((shown.matches(ASKS).count() > asked).then_some(()))
    })?;
    gui.program().signal(Signal::INT)?;
    gui.wait()?.check_success()?;
    check_clean_end(&data_dir, node)
}
