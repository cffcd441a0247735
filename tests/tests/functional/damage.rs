//! Data directories that cannot be used, or not for long: what is said, and that the way out that is named is one.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use functional_tests::{Daemon, DataDir, Node, Program, for_each_daemon, wait_until};
use serde_json::json;

for_each_daemon![
    names_a_way_out_of_damaged_databases,
    does_not_take_another_networks_directory,
    stops_cleanly_when_the_disk_is_full,
];

fn names_a_way_out_of_damaged_databases(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    node.rpc()?.generate(30)?;
    let tip = node.rpc()?.tip()?;
    node.stop()?;
    let spoil: [fn(&mut Vec<u8>); 4] = [
        |bytes| bytes.fill(b'x'),
        |bytes| bytes.clear(),
        |bytes| bytes.truncate(bytes.len() / 2),
        |bytes| {
            let marks = bytes.iter_mut().skip(600).step_by(4096);
            marks.for_each(|byte| *byte ^= 0xff);
        },
    ];
    for name in ["blocks/index/index.redb", "chainstate/coins.redb"] {
        for (kind, spoil) in spoil.iter().enumerate() {
            let file = data_dir.regtest(name);
            let mut bytes = fs::read(&file)?;
            spoil(&mut bytes);
            fs::write(&file, bytes)?;
            let told = Node::spawn(daemon, &data_dir, &[])?.failure()?;
            let beginning = format!("Error: {} is damaged: ", file.display());
            ensure!(
                told.starts_with(&beginning)
                    && told.ends_with(". Please restart with -reindex to recover.\n")
                    && told.lines().count() == 1,
                "{name}, {kind}: {told}"
            );
            let node = Node::start(daemon, &data_dir, &["-reindex"])?;
            let mut rpc = node.rpc()?;
            wait_until("the tip of before", || {
                let reply = rpc.request("getbestblockhash", json!([]))?;
                Ok((reply.result == tip.as_str()).then_some(()))
            })?;
            node.stop()?;
        }
    }
    Ok(())
}

fn does_not_take_another_networks_directory(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    Node::start(daemon, &data_dir, &[])?.stop()?;
    // The chain is what is looked at here; other files say themselves of which network they are.
    fs::remove_file(data_dir.regtest("peers.dat"))?;
    fs::rename(data_dir.regtest(""), data_dir.path().join("signet"))?;
    data_dir.write_config("")?;
    let options = [data_dir.option(), "-signet".into(), "-printtoconsole=0".into()];
    let told = Node::spawn_with(daemon, &data_dir, &options)?.failure()?;
    ensure!(
        told.ends_with("Incorrect or no genesis block found. Wrong datadir for network?\n"),
        "{told}"
    );
    Ok(())
}

/// A small file system of its own at a place, as long as this value lives.
struct SmallDisk<'a> {
    place: &'a Path,
}

impl<'a> SmallDisk<'a> {
    /// Makes one, if this user may.
    fn mount(place: &'a Path) -> Result<Option<Self>> {
        let is_made = run("mount", &["-t", "tmpfs", "-o", "size=6m", "tmpfs"], place)?;
        Ok(is_made.then_some(Self { place }))
    }

    fn enlarge(&self) -> Result<()> {
        let is_done = run("mount", &["-o", "remount,size=64m"], self.place)?;
        ensure!(is_done, "the file system stays as it is");
        Ok(())
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        _ = run("umount", &[], self.place);
    }
}

fn run(program: &str, words: &[&str], place: &Path) -> Result<bool> {
    let mut command = Command::new(program);
    command.args(words).arg(place);
    match Program::start_command(command) {
        Ok(program) => Ok(program.wait()?.status.success()),
        Err(_) => Ok(false),
    }
}

fn stops_cleanly_when_the_disk_is_full(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let place = data_dir.regtest("");
    fs::create_dir(&place)?;
    let Some(disk) = SmallDisk::mount(&place)? else {
        // Only root can do this.
        return Ok(());
    };
    // The log would be what fills it.
    let options = ["-fastprune", "-nodebug", "-debuglogfile=0"];
    let node = Node::start(daemon, &data_dir, &options)?;
    let mut rpc = node.rpc()?;
    let mut height = 0;
    let refused = wait_until("the disk to be full", || {
        match rpc.request("generatetodescriptor", json!([100, "raw(51)"])) {
            Ok(reply) if reply.error.is_none() => {
                height += 100;
                Ok(None)
            }
            Ok(reply) => Ok(Some(reply)),
            Err(error) => Err(error.context("no answer")),
        }
    })?;
    let refused = refused.error.context("no error")?;
    ensure!(
        refused.message.starts_with("Disk space is too low!"),
        "{refused:?}"
    );
    let told = node.failure()?;
    ensure!(
        told.starts_with("Error: Disk space is too low!") && told.lines().count() == 1,
        "{told}"
    );
    disk.enlarge()?;
    let node = Node::start(daemon, &data_dir, &options)?;
    let mut rpc = node.rpc()?;
    let count = rpc.call("getblockcount", json!([]))?;
    ensure!(
        count.as_u64().is_some_and(|count| count >= height),
        "{count} blocks are left of {height}"
    );
    ensure!(rpc.call("verifychain", json!([4, 50]))? == true);
    rpc.generate(10)?;
    node.stop()
}
