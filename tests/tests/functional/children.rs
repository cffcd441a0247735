//! `syscoin-wallet` and `syscoin-node` as children: started with one end of a socket pair, or without.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use functional_tests::{Executable, Program, for_multiprocess};
use rustix::process::Signal;

for_multiprocess![
    a_child_ends_with_success_when_its_parent_hangs_up,
    a_child_ends_when_its_parent_hangs_up_in_the_middle_of_a_message,
    a_child_stays_for_its_parent_when_it_is_interrupted,
    a_child_refuses_unusable_descriptors,
    syscoin_wallet_says_that_it_does_nothing_by_itself,
];

/// Both executables that serve a parent.
const CHILDREN: [Executable; 2] = [Executable::SyscoinWallet, Executable::SyscoinNode];

/// Starts a child on descriptor 3, which is one end of a socket pair, and gives the other end.
fn start(executable: Executable) -> Result<(Program, UnixStream)> {
    let (ours, theirs) = UnixStream::pair()?;
    // The shell moves the descriptor: opened in this process without close-on-exec, every other child would inherit it.
    let mut command = Command::new("sh");
    command
        .args(["-c", "exec \"$0\" -ipcfd 3 3<&0 0</dev/null"])
        .arg(executable.path()?);
    command.stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)));
    Ok((Program::start_command(command)?, ours))
}

fn a_child_ends_with_success_when_its_parent_hangs_up() -> Result<()> {
    for executable in CHILDREN {
        let (program, ours) = start(executable)?;
        drop(ours);
        program
            .wait()?
            .check_success()
            .with_context(|| format!("{executable:?}"))?;
    }
    Ok(())
}

fn a_child_ends_when_its_parent_hangs_up_in_the_middle_of_a_message() -> Result<()> {
    // A frame of one segment of two words, of which one comes; a count of segments; and what is no frame at all.
    let rows: [&[u8]; 3] = [
        &[0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        &[0, 0],
        b"GET / HTTP/1.1\r\n\r\n",
    ];
    for executable in CHILDREN {
        for bytes in rows {
            let (program, mut ours) = start(executable)?;
            // It may hang up first.
            let _ = ours.write_all(bytes);
            drop(ours);
            let finished = program.wait()?;
            ensure!(
                finished.status.code().is_some(),
                "{executable:?} crashed on {bytes:?}: {finished:?}"
            );
        }
    }
    Ok(())
}

fn a_child_stays_for_its_parent_when_it_is_interrupted() -> Result<()> {
    for executable in CHILDREN {
        let (mut program, mut ours) = start(executable)?;
        answers(&mut ours, 0).with_context(|| format!("{executable:?}"))?;
        program.signal(Signal::INT)?;
        ensure!(
            answers(&mut ours, 1).is_ok() && program.is_running()?,
            "{executable:?} ended by an interrupt"
        );
        drop(ours);
        ensure!(program.wait()?.status.success(), "{executable:?}");
    }
    Ok(())
}

/// Asks for the bootstrap capability and waits for the answer, so that the child is known to serve.
fn answers(stream: &mut UnixStream, question: u8) -> Result<()> {
    /// A frame of one segment: an RPC message of kind bootstrap.
    const BOOTSTRAP: [u8; 48] = [
        0, 0, 0, 0, 5, 0, 0, 0, // one segment of five words
        0, 0, 0, 0, 1, 0, 1, 0, // root: a Message of one data word and one pointer
        8, 0, 0, 0, 0, 0, 0, 0, // its kind: bootstrap
        0, 0, 0, 0, 1, 0, 1, 0, // a Bootstrap of one data word and one pointer
        0, 0, 0, 0, 0, 0, 0, 0, // question id 0
        0, 0, 0, 0, 0, 0, 0, 0, // no deprecated object id
    ];
    /// Where its question id begins.
    const QUESTION: usize = 32;

    stream.set_read_timeout(Some(functional_tests::DEADLINE))?;
    let mut message = BOOTSTRAP;
    message[QUESTION] = question;
    stream.write_all(&message)?;
    let mut number = || -> Result<usize> {
        let mut bytes = [0; 4];
        stream.read_exact(&mut bytes)?;
        Ok(usize::try_from(u32::from_le_bytes(bytes))?)
    };
    // The head of a frame: the number of segments less one, their sizes in words, and padding to a whole word.
    let n_segments = number()? + 1;
    let mut n_words = 0;
    for _ in 0..n_segments {
        n_words += number()?;
    }
    if n_segments % 2 == 0 {
        number()?;
    }
    let mut body = vec![0; n_words * 8];
    Ok(stream.read_exact(&mut body)?)
}

fn a_child_refuses_unusable_descriptors() -> Result<()> {
    let rows: [&[&str]; 8] = [
        &["-ipcfd"],
        &["-ipcfd", ""],
        &["-ipcfd", "99"],
        &["-ipcfd", "-1"],
        &["-ipcfd", "three"],
        &["-ipcfd", "4294967299"],
        &["-ipcfd=99"],
        // Standard input is a file here, not a socket.
        &["-ipcfd", "0"],
    ];
    for executable in CHILDREN {
        for arguments in rows {
            let finished = Program::run(executable, arguments)?;
            let is_refused = finished.status.code().is_some_and(|code| code != 0);
            ensure!(
                is_refused && finished.stderr.starts_with("Error: ") && finished.stdout.is_empty(),
                "{executable:?} {arguments:?}: {finished:?}"
            );
        }
    }
    Ok(())
}

fn syscoin_wallet_says_that_it_does_nothing_by_itself() -> Result<()> {
    let finished = Program::run::<&str>(Executable::SyscoinWallet, &[])?;
    let is_error = finished.status.code() == Some(1) && finished.stdout.is_empty();
    ensure!(
        is_error && finished.stderr.starts_with("Error: syscoin-wallet "),
        "{finished:?}"
    );
    ensure!(finished.stderr.lines().count() == 1, "{finished:?}");
    Ok(())
}
