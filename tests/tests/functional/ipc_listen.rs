//! The sockets of `-ipcbind`: where they are, who may use them, and what is done about bad clients and bad places.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use functional_tests::{
    Daemon, DataDir, Executable, Finished, IpcSocket, Node, Program, for_multiprocess, wait_until,
};
use rustix::process::Signal;
use serde_json::json;

for_multiprocess![
    listens_at_every_address_and_cleans_up,
    listens_nowhere_unless_told,
    refuses_addresses_that_are_none,
    refuses_places_where_a_socket_would_be_in_the_way_or_in_danger,
    takes_over_the_socket_of_a_killed_node,
    leaves_a_socket_alone_that_another_node_listens_on,
    leaves_a_socket_alone_that_was_put_in_the_place_of_its_own,
    turns_clients_away_beyond_the_limit_without_disturbing_others,
    goes_on_when_it_ran_out_of_descriptors,
    turns_other_users_away_before_their_first_byte,
    stops_soon_with_many_clients,
    says_that_it_waits_for_a_directory_that_another_process_keeps_locked,
];

fn start<'a>(data_dir: &'a DataDir, options: &[&str]) -> Result<Node<'a>> {
    Node::start(Daemon::SyscoinNode, data_dir, options)
}

/// Runs a node that is expected not to start.
fn run_refused(data_dir: &DataDir, option: &str) -> Result<Finished> {
    Node::spawn(Daemon::SyscoinNode, data_dir, &[option])?.wait()
}

fn mode(path: &Path) -> Result<u32> {
    Ok(fs::symlink_metadata(path)?.permissions().mode() & 0o777)
}

fn count(node: &Node<'_>, part: &str) -> Result<usize> {
    let lines = node.log().lines()?;
    Ok(lines.iter().filter(|line| line.message.contains(part)).count())
}

fn bind_option(path: &Path) -> String {
    format!("-ipcbind=unix:{}", path.display())
}

fn listens_at_every_address_and_cleans_up() -> Result<()> {
    let data_dir = DataDir::new()?;
    let absolute = data_dir.outside().join("abs ₿.sock");
    let node = start(
        &data_dir,
        &[
            "-ipcbind=unix",
            "-ipcbind=unix:new/sub/o.sock",
            &bind_option(&absolute),
        ],
    )?;
    let paths = [
        data_dir.regtest("node.sock"),
        data_dir.regtest("new/sub/o.sock"),
        absolute,
    ];
    for path in &paths {
        assert_eq!(mode(path)?, 0o600, "{path:?}");
        node.log().wait_for(&format!(
            "Listening for IPC requests on address unix:{}",
            path.display()
        ))?;
        IpcSocket::connect_served(path)?;
    }
    for directory in ["new", "new/sub"] {
        assert_eq!(mode(&data_dir.regtest(directory))?, 0o700);
    }
    node.stop()?;
    assert!(paths.iter().all(|path| fs::symlink_metadata(path).is_err()));
    Ok(())
}

fn listens_nowhere_unless_told() -> Result<()> {
    let data_dir = DataDir::new()?;
    for options in [&[][..], &["-ipcbind=unix", "-noipcbind"]] {
        let node = start(&data_dir, options)?;
        ensure!(!data_dir.regtest("node.sock").exists(), "{options:?}");
        node.stop()?;
    }
    Ok(())
}

fn refuses_addresses_that_are_none() -> Result<()> {
    let data_dir = DataDir::new()?;
    let too_long = data_dir.regtest(&"x".repeat(108));
    let too_long = too_long.display();
    let rows = [
        ("x".to_owned(), "Unrecognized address 'x'".to_owned()),
        (String::new(), "Unrecognized address ''".to_owned()),
        (
            "unix,allow=all".to_owned(),
            "there is no interface 'all' to allow: there are chain, echo, mining, node, rpc, wallet"
                .to_owned(),
        ),
        (
            "unix:m.sock,alow=mining".to_owned(),
            "there is nothing like ',alow=mining' behind an address, which ends in ',allow=NAME+NAME' if anything"
                .to_owned(),
        ),
        (
            format!("unix:{too_long}"),
            format!("Unix address path \"{too_long}\" exceeded maximum socket path length of 107 bytes"),
        ),
    ];
    for (address, reason) in rows {
        let finished = run_refused(&data_dir, &format!("-ipcbind={address}"))?;
        finished.check_failure(&format!(
            "Error: Unable to bind to IPC address '{address}'. {reason}"
        ))?;
    }
    Ok(())
}

fn refuses_places_where_a_socket_would_be_in_the_way_or_in_danger() -> Result<()> {
    let data_dir = DataDir::new()?;
    let path = data_dir.outside().join("s.sock");
    let check = |path: &Path, reason: &str| {
        let finished = run_refused(&data_dir, &bind_option(path))?;
        let address = format!("unix:{}", path.display());
        finished.check_failure(&format!(
            "Error: Unable to bind to IPC address '{address}'. {reason}"
        ))
    };
    let left_alone = |kind: &str| format!("{} is a {kind} and no socket; it is left alone", path.display());

    fs::write(&path, "precious")?;
    check(&path, &left_alone("file"))?;
    assert_eq!(fs::read_to_string(&path)?, "precious");
    fs::remove_file(&path)?;

    let target = data_dir.outside().join("target.sock");
    drop(UnixListener::bind(&target)?);
    symlink(&target, &path)?;
    check(&path, &left_alone("symbolic link"))?;
    ensure!(target.exists() && fs::symlink_metadata(&path)?.is_symlink());

    let shared = data_dir.outside().join("shared");
    fs::create_dir(&shared)?;
    fs::set_permissions(&shared, Permissions::from_mode(0o770))?;
    let shared_path = shared.display();
    check(
        &shared.join("s.sock"),
        &format!(
            "Other users can write to directory {shared_path}; take that right from them with: chmod go-w {shared_path}"
        ),
    )
}

fn takes_over_the_socket_of_a_killed_node() -> Result<()> {
    let data_dir = DataDir::new()?;
    let path = data_dir.regtest("node.sock");
    let node = start(&data_dir, &["-ipcbind=unix"])?;
    node.program().signal(Signal::KILL)?;
    node.wait()?;
    ensure!(path.exists());
    let node = start(&data_dir, &["-ipcbind=unix"])?;
    IpcSocket::connect_served(&path)?;
    node.stop()
}

fn leaves_a_socket_alone_that_another_node_listens_on() -> Result<()> {
    let (first_dir, second_dir) = (DataDir::new()?, DataDir::new()?);
    let path = first_dir.outside().join("shared.sock");
    let option = bind_option(&path);
    let node = start(&first_dir, &[&option])?;
    let finished = run_refused(&second_dir, &option)?;
    let path_shown = path.display();
    finished.check_failure(&format!(
        "Error: Unable to bind to IPC address 'unix:{path_shown}'. Address already in use: another process listens there"
    ))?;
    IpcSocket::connect_served(&path)?;
    node.stop()
}

fn leaves_a_socket_alone_that_was_put_in_the_place_of_its_own() -> Result<()> {
    let data_dir = DataDir::new()?;
    let path = data_dir.regtest("node.sock");
    let node = start(&data_dir, &["-ipcbind=unix"])?;
    fs::remove_file(&path)?;
    let _other = UnixListener::bind(&path)?;
    node.stop()?;
    ensure!(path.exists());
    Ok(())
}

fn turns_clients_away_beyond_the_limit_without_disturbing_others() -> Result<()> {
    const LIMIT: usize = 20;
    let data_dir = DataDir::new()?;
    let path = data_dir.regtest("node.sock");
    let node = start(
        &data_dir,
        &["-ipcbind=unix", &format!("-ipcmaxconnections={LIMIT}")],
    )?;
    let mut early = IpcSocket::connect(&path)?;
    let mut kept = Vec::new();
    let mut turned_away = 0;
    for _ in 0..1_000 {
        let mut socket = IpcSocket::connect(&path)?;
        if kept.len() + 1 < LIMIT {
            socket.check_served()?;
            kept.push(socket);
        } else {
            assert_eq!(socket.wait_for_end()?, 0);
            turned_away += 1;
        }
    }
    assert_eq!(turned_away, 1_001 - LIMIT);
    early.check_served()?;
    assert_eq!(
        count(&node, "are turned away: as many as -ipcmaxconnections allows")?,
        1
    );
    drop(kept);
    wait_until("room for another client", || {
        Ok(IpcSocket::connect_served(&path).ok())
    })?;
    node.stop()
}

fn goes_on_when_it_ran_out_of_descriptors() -> Result<()> {
    let data_dir = DataDir::new()?;
    let path = data_dir.regtest("node.sock");
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 60; exec \"$0\" \"$@\""]);
    command
        .arg(Executable::SyscoinNode.path()?)
        .arg(data_dir.option())
        .args(["-ipcbind=unix", "-ipcmaxconnections=1000"]);
    let mut node = Node::adopt(Program::start_command(command)?, &data_dir);
    node.wait_for_rpc()?;
    let mut early = IpcSocket::connect(&path)?;
    let sockets: Vec<_> = (0..100)
        .map(|_| IpcSocket::connect(&path))
        .collect::<Result<_>>()?;
    const SAID: &str = "nobody can connect at";
    node.log().wait_for(SAID)?;
    early.check_served()?;
    drop(sockets);
    let mut late = wait_until("descriptors to be free again", || {
        Ok(IpcSocket::connect(&path).ok())
    })?;
    late.check_served()?;
    ensure!(count(&node, SAID)? <= 3, "it is said again and again");
    node.stop()
}

/// Connects as a user without rights.
fn connect_as_nobody(path: PathBuf) -> Result<IpcSocket> {
    const NOBODY: u32 = 65_534;
    // The system keeps the user for each thread.
    let connecting = std::thread::spawn(move || {
        let nobody = rustix::process::Uid::from_raw(NOBODY);
        rustix::thread::set_thread_res_uid(nobody, nobody, nobody)?;
        IpcSocket::connect(&path)
    });
    connecting
        .join()
        .expect("the thread does not panic because it returns its errors")
}

fn turns_other_users_away_before_their_first_byte() -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        eprintln!("only root can connect as somebody else: nothing was tested");
        return Ok(());
    }
    let data_dir = DataDir::new()?;
    fs::set_permissions(data_dir.outside(), Permissions::from_mode(0o755))?;
    let directory = data_dir.outside().join("open");
    fs::create_dir(&directory)?;
    fs::set_permissions(&directory, Permissions::from_mode(0o755))?;
    let path = directory.join("node.sock");
    let node = start(&data_dir, &[&bind_option(&path)])?;
    connect_as_nobody(path.clone())
        .err()
        .context("the socket lets others in")?;
    // A user may open the door further than is good.
    fs::set_permissions(&path, Permissions::from_mode(0o666))?;
    assert_eq!(connect_as_nobody(path.clone())?.wait_for_end()?, 0);
    node.log().wait_for("is turned away: it belongs to user 65534")?;
    assert_eq!(count(&node, "IPC server: socket connected")?, 0);
    IpcSocket::connect_served(&path)?;
    node.stop()
}

fn stops_soon_with_many_clients() -> Result<()> {
    const PATIENCE: Duration = Duration::from_secs(5);
    let data_dir = DataDir::new()?;
    let path = data_dir.regtest("node.sock");
    let node = start(&data_dir, &["-ipcbind=unix"])?;
    let mut clients: Vec<_> = (0..50)
        .map(|number| {
            if number % 2 == 0 {
                IpcSocket::connect_served(&path)
            } else {
                IpcSocket::connect(&path)
            }
        })
        .collect::<Result<_>>()?;
    let start = Instant::now();
    node.rpc()?.call("stop", json!({"wait": 0}))?;
    for client in &mut clients {
        client.wait_for_end()?;
    }
    node.wait()?.check_success()?;
    ensure!(start.elapsed() < PATIENCE, "it took {:?}", start.elapsed());
    ensure!(!path.exists());
    Ok(())
}

fn says_that_it_waits_for_a_directory_that_another_process_keeps_locked() -> Result<()> {
    let data_dir = DataDir::new()?;
    let directory = data_dir.outside().join("shared");
    fs::create_dir(&directory)?;
    fs::set_permissions(&directory, Permissions::from_mode(0o755))?;
    let lock = fs::File::open(&directory)?;
    lock.lock()?;
    let path = directory.join("x.sock");
    let mut node = Node::spawn(Daemon::SyscoinNode, &data_dir, &[&bind_option(&path)])?;
    node.log().wait_for(&format!(
        "another process keeps directory {} locked",
        directory.display()
    ))?;
    drop(lock);
    node.wait_for_rpc()?;
    IpcSocket::connect_served(&path)?;
    node.stop()
}
