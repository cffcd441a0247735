//! The keys of `-ipcbind=tcp`, and what becomes of clients without one.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream, ToSocketAddrs as _};

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use functional_tests::{
    DEADLINE, Daemon, DataDir, Executable, Finished, Node, Port, Program, for_multiprocess,
};

for_multiprocess![
    a_key_is_shown_authorized_and_revoked,
    a_key_is_trusted_and_forgotten,
    what_is_no_key_is_refused,
    help_is_given_before_and_behind_the_command,
    nothing_but_tls_is_spoken_over_tcp,
    a_host_is_listened_at_by_all_its_addresses,
];

fn ipc_key(data_dir: &DataDir, words: &[&str]) -> Result<Finished> {
    let mut arguments = vec![data_dir.option(), "-regtest".into(), "ipc-key".into()];
    arguments.extend(words.iter().map(Into::into));
    Program::run(Executable::SyscoinNode, &arguments)
}

/// What a command prints that goes well.
fn print(data_dir: &DataDir, words: &[&str]) -> Result<String> {
    let finished = ipc_key(data_dir, words)?;
    finished.check_success().with_context(|| format!("{words:?}"))?;
    Ok(finished.stdout)
}

fn own_key(data_dir: &DataDir) -> Result<String> {
    let key = print(data_dir, &["show"])?;
    let key = key.strip_suffix('\n').context("no line")?;
    ensure!(
        key.len() == 64 && key.bytes().all(|digit| digit.is_ascii_hexdigit()),
        "{key}"
    );
    Ok(key.to_owned())
}

fn a_key_is_shown_authorized_and_revoked() -> Result<()> {
    let (server, client) = (DataDir::new()?, DataDir::new()?);
    let key = own_key(&client)?;
    assert_eq!(own_key(&client)?, key);
    assert_ne!(own_key(&server)?, key);
    assert_eq!(print(&server, &["authorize", "ann", &key])?, "");
    assert_eq!(print(&server, &["list"])?, format!("authorized ann {key}\n"));
    print(&server, &["authorize", "ann", &key, "2999-12-31"])?;
    let dated = format!("ann {key} 2999-12-31\n");
    assert_eq!(print(&server, &["list"])?, format!("authorized {dated}"));
    ipc_key(&server, &["authorize", "ann", &key, "2001-01-01"])?.check_failure(
        "Error: 2001-01-01: this day is over; `ipc-key revoke ann` takes an authorisation away",
    )?;
    let path = server.regtest("ipc/authorized");
    assert_eq!(fs::read_to_string(&path)?, dated);
    fs::write(&path, dated.replace("2999", "2001"))?;
    assert_eq!(
        print(&server, &["list"])?,
        format!("authorized ann {key} 2001-12-31 (over)\n")
    );
    ipc_key(&server, &["authorize", "eve", &key])?
        .check_failure("Error: this key is authorised already, as ann")?;
    print(&server, &["revoke", "ann"])?;
    assert_eq!(print(&server, &["list"])?, "");
    ipc_key(&server, &["revoke", "ann"])?.check_failure("Error: no key is authorised as ann")
}

fn a_key_is_trusted_and_forgotten() -> Result<()> {
    let (server, client) = (DataDir::new()?, DataDir::new()?);
    let key = own_key(&server)?;
    print(&client, &["trust", "[::1]:8370", &key])?;
    assert_eq!(print(&client, &["list"])?, format!("trusted [::1]:8370 {key}\n"));
    print(&client, &["forget", "[::1]:8370"])?;
    ipc_key(&client, &["forget", "[::1]:8370"])?.check_failure("Error: no key is trusted at [::1]:8370")
}

fn help_is_given_before_and_behind_the_command() -> Result<()> {
    let data_dir = DataDir::new()?;
    for words in [
        &["-help"][..],
        &["-?"],
        &["-regtest", "-help"],
        &["-help", "show"],
    ] {
        let text = print(&data_dir, words)?;
        ensure!(
            text.contains("ipc-key authorize <name> <key>"),
            "{words:?}: {text}"
        );
    }
    let given = Program::run(Executable::SyscoinNode, &["-help", "ipc-key"])?;
    assert_eq!(given.stdout, print(&data_dir, &["-help"])?);
    Ok(())
}

fn what_is_no_key_is_refused() -> Result<()> {
    let data_dir = DataDir::new()?;
    let key = "0".repeat(64);
    let rows: [(&[&str], &str); 7] = [
        (
            &["authorize", "ann", "12"],
            "12: a key is written as 64 hexadecimal digits",
        ),
        (
            &["authorize", "__cookie__", &key],
            "__cookie__: a name has up to 64 letters, digits, dots, dashes and underscores, and does not begin with two \
             underscores",
        ),
        (
            &["authorize", "ann", &key, "2026-02-29"],
            "2026-02-29: a day is written as YYYY-MM-DD",
        ),
        (
            &["trust", "host", &key],
            "an address is written as HOST:PORT, not host: Unrecognized address 'host'",
        ),
        (
            &["trust", "host:1", "x"],
            "x: a key is written as 64 hexadecimal digits",
        ),
        (
            &["sign"],
            "syscoin-node ipc-key does not understand this; syscoin-node ipc-key -help tells what it does",
        ),
        (
            &[],
            "syscoin-node ipc-key does not understand this; syscoin-node ipc-key -help tells what it does",
        ),
    ];
    for (words, message) in rows {
        ipc_key(&data_dir, words)?
            .check_failure(&format!("Error: {message}"))
            .with_context(|| format!("{words:?}"))?;
    }
    assert_eq!(print(&data_dir, &["list"])?, "");
    let path = data_dir.regtest("ipc/authorized");
    print(&data_dir, &["authorize", "ann", &key])?;
    let text = fs::read_to_string(&path)?;
    fs::write(&path, format!("# friends\n{text}bob\n"))?;
    ipc_key(&data_dir, &["list"])?.check_failure(&format!(
        "Error: {}, line 3: expected NAME KEY [YYYY-MM-DD]",
        path.display()
    ))
}

fn nothing_but_tls_is_spoken_over_tcp() -> Result<()> {
    let data_dir = DataDir::new()?;
    let port = Port::reserve()?;
    let address = format!("127.0.0.1:{}", port.number());
    let node = Node::start(
        Daemon::SyscoinNode,
        &data_dir,
        &[&format!("-ipcbind=tcp:{address}")],
    )?;
    node.log()
        .wait_for(&format!("Listening for IPC requests on address tcp:{address}"))?;
    // What would be answered at a path: a message of one segment.
    let plain = [[0, 0, 0, 0, 1, 0, 0, 0], [0; 8]].concat();
    for bytes in [&plain[..], b"GET / HTTP/1.1\r\n\r\n", b""] {
        let mut stream = TcpStream::connect(&address)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.write_all(bytes)?;
        stream.shutdown(Shutdown::Write)?;
        let mut answer = Vec::new();
        // A reset is an end, too.
        let _ = stream.read_to_end(&mut answer);
        const ALERT: u8 = 21;
        ensure!(answer.first().is_none_or(|first| *first == ALERT), "{answer:?}");
    }
    node.log()
        .wait_for(&format!("a client at tcp:{address} is turned away"))?;
    ensure!(!node.log().text()?.contains("IPC server: socket connected"));
    node.stop()
}

fn a_host_is_listened_at_by_all_its_addresses() -> Result<()> {
    let data_dir = DataDir::new()?;
    let port = Port::reserve()?;
    let option = format!("-ipcbind=tcp:localhost:{}", port.number());
    let node = Node::start(Daemon::SyscoinNode, &data_dir, &[&option])?;
    let addresses: Vec<_> = ("localhost", port.number()).to_socket_addrs()?.collect();
    ensure!(!addresses.is_empty());
    for address in addresses {
        node.log()
            .wait_for(&format!("Listening for IPC requests on address tcp:{address}"))?;
        TcpStream::connect(address)?;
    }
    node.stop()
}
