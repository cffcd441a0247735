//! Children that are started by hand, to do to them what a parent of ours does not.

use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::process::{Command, Stdio};

use ipc::EventLoop;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::parent::{link, run, wait_until, within};

pub(crate) const TESTS: [(&str, fn()); 5] = [
    ("a child ignores ctrl-c and says so", a_child_ignores_interrupts),
    (
        "a child leaves when its parent is killed",
        a_child_leaves_with_its_parent,
    ),
    (
        "a standard stream that is the socket is for calls only",
        a_socket_in_a_standard_streams_place_is_for_calls_only,
    ),
    (
        "useless descriptors are refused by name",
        useless_descriptors_are_refused,
    ),
    (
        "a parent that does not speak the protocol is told so",
        a_parent_that_speaks_something_else_is_told_so,
    ),
];

fn a_child_ignores_interrupts() {
    run(async {
        let directory = tempfile::tempdir().unwrap();
        link(directory.path(), "echo-child");
        let (ours, theirs) = UnixStream::pair().unwrap();
        let output = directory.path().join("output");
        let mut child = Command::new(directory.path().join("echo-child"))
            .args(["-ipcfd", "0"])
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(fs_err::File::create(&output).unwrap().into_file())
            .spawn()
            .unwrap();
        let event_loop = EventLoop::start("parent").unwrap();
        let init = within(event_loop.connect(ours)).await.unwrap();
        let echo = within(init.make_echo()).await.unwrap();
        kill_process(pid(child.id()), Signal::INT).unwrap();
        wait_until("the child says that it was interrupted", || {
            let text = fs_err::read_to_string(&output).unwrap();
            text == "[echo-child] SIGINT received — waiting for parent to shut down.\n"
        });
        assert_eq!(within(echo.echo("alive".to_owned())).await.unwrap(), "alive");
        drop((init, echo));
        assert!(child.wait().unwrap().success());
    });
}

fn a_child_leaves_with_its_parent() {
    // The parent in between is a shell, which keeps the socket open elsewhere: the connection's end does not tell.
    let directory = tempfile::tempdir().unwrap();
    link(directory.path(), "echo-child");
    let (ours, theirs) = UnixStream::pair().unwrap();
    let script = "exec 3<&0; ./echo-child -ipcfd 3 & echo $!; wait";
    let mut shell = Command::new("sh")
        .args(["-c", script])
        .current_dir(directory.path())
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut output = std::io::BufReader::new(shell.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut output, &mut line).unwrap();
    let child = pid(line.trim().parse().unwrap());
    run(async {
        let event_loop = EventLoop::start("parent").unwrap();
        let init = within(event_loop.connect(ours)).await.unwrap();
        within(init.make_echo()).await.map(drop).unwrap();
        shell.kill().unwrap();
        shell.wait().unwrap();
        wait_until("the orphan leaves", || {
            test_kill_process(child).is_err() || is_zombie(child)
        });
        drop(init);
    });
}

fn is_zombie(process: Pid) -> bool {
    let status = fs_err::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero()));
    status.is_ok_and(|status| status.contains(") Z "))
}

fn a_socket_in_a_standard_streams_place_is_for_calls_only() {
    let directory = tempfile::tempdir().unwrap();
    link(directory.path(), "reporting-child");
    for number in ["0", "1", "2"] {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let socket = Stdio::from(OwnedFd::from(theirs));
        let mut command = Command::new(directory.path().join("reporting-child"));
        command
            .args(["-ipcfd", number])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        match number {
            "0" => command.stdin(socket),
            "1" => command.stdout(socket),
            _ => command.stderr(socket),
        };
        let mut child = command.spawn().unwrap();
        // It keeps the child's end of the pair.
        drop(command);
        run(async {
            let event_loop = EventLoop::start("parent").unwrap();
            let init = within(event_loop.connect(ours)).await.unwrap();
            let echo = within(init.make_echo()).await.unwrap();
            for _ in 0..2 {
                assert_eq!(within(echo.echo("print".to_owned())).await.unwrap(), "done");
            }
        });
        assert!(child.wait().unwrap().success());
    }
}

fn useless_descriptors_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    link(directory.path(), "echo-child");
    let rows = [
        (
            "x",
            "Error: invalid -ipcfd argument 'x': not the number of a descriptor",
        ),
        (
            "+0",
            "Error: invalid -ipcfd argument '+0': not the number of a descriptor",
        ),
        (
            "-1",
            "Error: invalid -ipcfd argument '-1': not the number of a descriptor",
        ),
        (
            "99999999999",
            "Error: invalid -ipcfd argument '99999999999': not the number of a descriptor",
        ),
        (
            "77",
            "Error: invalid -ipcfd argument '77': the descriptor is not open",
        ),
        (
            "0",
            "Error: invalid -ipcfd argument '0': the descriptor is not a stream socket",
        ),
    ];
    let check = |argument: &str, input: Stdio, expected: &str| {
        let output = Command::new(directory.path().join("echo-child"))
            .args(["-ipcfd", argument])
            .stdin(input)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(String::from_utf8(output.stderr).unwrap(), format!("{expected}\n"));
    };
    for (argument, expected) in rows {
        check(argument, Stdio::null(), expected);
    }
    let (datagrams, _other) = UnixDatagram::pair().unwrap();
    check(
        "0",
        OwnedFd::from(datagrams).into(),
        "Error: invalid -ipcfd argument '0': the descriptor is not a stream socket",
    );
    let listening = UnixListener::bind(directory.path().join("socket")).unwrap();
    check(
        "0",
        OwnedFd::from(listening).into(),
        "Error: invalid -ipcfd argument '0': the descriptor is a socket that is not connected",
    );
}

fn a_parent_that_speaks_something_else_is_told_so() {
    let directory = tempfile::tempdir().unwrap();
    link(directory.path(), "echo-child");
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    ours.write_all(&[0xff; 64]).unwrap();
    let output = Command::new(directory.path().join("echo-child"))
        .args(["-ipcfd", "0"])
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "Error: the connection to the parent process is given up because of what that sent, or did not read\n"
    );
}

fn pid(number: u32) -> Pid {
    Pid::from_raw(i32::try_from(number).unwrap()).unwrap()
}
