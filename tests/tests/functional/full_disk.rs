//! Disks without room: the node stops cleanly or goes on without what is not needed, says why, and loses nothing.
//!
//! The disks are made for it, which only root may do: for other users there is nothing to be seen here.

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use functional_tests::{Daemon, DataDir, Node, SmallDisk, for_each_daemon, wait_until};
use serde_json::{Value, json};

for_each_daemon![
    stops_cleanly_when_the_disk_is_full,
    stops_cleanly_when_the_disk_is_full_for_indexes,
    keeps_its_files_when_it_stops_on_a_full_disk,
    tells_why_it_does_not_start_on_a_full_disk,
    keeps_settings_that_it_cannot_write_anew,
    goes_on_without_a_log_that_has_no_room,
    neither_starts_nor_goes_on_with_little_room,
];

/// What the system says.
const FULL: &str = "No space left on device (os error 28)";

/// Enough for a chain, in KiB, and for a node to start.
const ROOM: u32 = 128 << 10;

/// Too little for a node to start, in KiB.
const LITTLE: u32 = 48 << 10;

/// A data directory whose part for regtest is on a disk of so many KiB.
fn small(kibibytes: u32) -> Result<Option<(SmallDisk, DataDir)>> {
    let data_dir = DataDir::new()?;
    let place = data_dir.regtest("");
    fs::create_dir(&place)?;
    let disk = SmallDisk::mount(&place, kibibytes)?;
    Ok(disk.map(|disk| (disk, data_dir)))
}

fn stops_cleanly_when_the_disk_is_full(daemon: Daemon) -> Result<()> {
    // The log would be what fills it.
    run_out_of_room(daemon, &["-fastprune", "-nodebug", "-debuglogfile=0"])
}

fn stops_cleanly_when_the_disk_is_full_for_indexes(daemon: Daemon) -> Result<()> {
    run_out_of_room(
        daemon,
        &[
            "-fastprune",
            "-txindex",
            "-blockfilterindex",
            "-coinstatsindex",
            "-nodebug",
            "-debuglogfile=0",
        ],
    )
}

fn run_out_of_room(daemon: Daemon, options: &[&str]) -> Result<()> {
    let Some((disk, data_dir)) = small(ROOM)? else {
        return Ok(());
    };
    let node = Node::start(daemon, &data_dir, options)?;
    disk.resize(10 << 10)?;
    let mut rpc = node.rpc()?;
    let mut height = 0;
    // Who fills it may be an index, which nobody waits for: the node is gone then when it is called.
    wait_until("the disk to be full", || {
        match rpc.request("generatetodescriptor", json!([100, "raw(51)"])) {
            Ok(reply) => match reply.error {
                // A node that is about to stop makes fewer than it is asked for.
                None => {
                    height += reply.result.as_array().map_or(0, Vec::len) as u64;
                    Ok(None)
                }
                Some(error) if error.message.starts_with("Disk space is too low!") => Ok(Some(())),
                // Calls may come in while it stops.
                Some(error) if error.message.contains("hutting down") => Ok(Some(())),
                Some(error) => anyhow::bail!("{error:?}"),
            },
            Err(_) => Ok(Some(())),
        }
    })?;
    let told = node.failure()?;
    ensure!(told == "Error: Disk space is too low!\n", "{told}");
    disk.resize(ROOM)?;
    let node = Node::start(daemon, &data_dir, options)?;
    let mut rpc = node.rpc()?;
    let count = rpc.call("getblockcount", json!([]))?;
    ensure!(
        count.as_u64().is_some_and(|count| count >= height),
        "{count} blocks are left of {height}"
    );
    ensure!(rpc.call("verifychain", json!([4, 50]))? == true);
    rpc.generate(10)?;
    if options.contains(&"-txindex") {
        rpc.wait_until_synced(&["txindex", "basic block filter index", "coinstatsindex"])?;
        let by_index = rpc.call("gettxoutsetinfo", json!(["muhash", null, true]))?;
        let by_coins = rpc.call("gettxoutsetinfo", json!(["muhash", null, false]))?;
        ensure!(by_index["muhash"] == by_coins["muhash"], "{by_index} {by_coins}");
    }
    node.stop()
}

/// What nodes keep beside the chain.
const SMALL_FILES: [&str; 4] = ["mempool.dat", "banlist.json", "peers.dat", "fee_estimates.dat"];

fn keeps_its_files_when_it_stops_on_a_full_disk(daemon: Daemon) -> Result<()> {
    let Some((disk, data_dir)) = small(ROOM)? else {
        return Ok(());
    };
    let node = Node::start(daemon, &data_dir, &["-nodebug"])?;
    let mut rpc = node.rpc()?;
    rpc.wait_until_loaded()?;
    let coins = rpc.mine_spendable(2)?;
    let spend = |number: usize| json!([{ "txid": coins[number], "vout": 0 }]);
    let first = rpc.spend(&spend(0), 49.999)?;
    let first = rpc.send_transaction(&first)?;
    rpc.call("setban", json!(["10.0.0.1", "add"]))?;
    node.stop()?;
    let read_all = || -> Result<Vec<Vec<u8>>> {
        let read = |name: &&str| Ok(fs::read(data_dir.regtest(name))?);
        SMALL_FILES.iter().map(read).collect()
    };
    let before = read_all()?;

    let node = Node::start(daemon, &data_dir, &["-nodebug"])?;
    let mut rpc = node.rpc()?;
    rpc.wait_until_loaded()?;
    rpc.generate(1)?;
    let second = rpc.spend(&spend(1), 49.999)?;
    let second = rpc.send_transaction(&second)?;
    let tip = rpc.tip()?;
    disk.fill()?;
    rpc.call("setban", json!(["10.0.0.2", "add"]))?;
    let banned = rpc.call("listbanned", json!([]))?;
    ensure!(
        banned.as_array().is_some_and(|banned| banned.len() == 2),
        "{banned}"
    );
    rpc.call("stop", json!({ "wait": 0 }))?;
    let told = node.failure()?;
    ensure!(told == "Error: Disk space is too low!\n", "{told}");
    for ((name, before), after) in SMALL_FILES.iter().zip(&before).zip(read_all()?) {
        // Closing its stores may give the system room back, in which the ban is written after all.
        let is_whole = *name == "banlist.json" && String::from_utf8_lossy(&after).contains("10.0.0.2");
        ensure!(
            *before == after || is_whole,
            "{name} is another one: {}",
            String::from_utf8_lossy(&after)
        );
    }
    for entry in fs::read_dir(data_dir.regtest(""))? {
        let name = entry?.file_name();
        ensure!(
            !name.to_string_lossy().ends_with(".new"),
            "{} is left",
            name.display()
        );
    }

    disk.clear()?;
    let node = Node::start(daemon, &data_dir, &["-nodebug"])?;
    let mut rpc = node.rpc()?;
    rpc.wait_until_loaded()?;
    ensure!(rpc.tip()? == tip, "a block is lost");
    let pool = rpc.call("getrawmempool", json!([]))?;
    ensure!(
        pool == json!([]),
        "{first} is in a block, and {second} could not be kept: {pool}"
    );
    // What could not be written when it was said is written when there is room.
    disk.fill()?;
    rpc.call("setban", json!(["10.0.0.3", "add"]))?;
    disk.clear()?;
    node.stop()?;
    let bans = fs::read_to_string(data_dir.regtest("banlist.json"))?;
    ensure!(bans.contains("10.0.0.1") && bans.contains("10.0.0.3"), "{bans}");
    Ok(())
}

fn tells_why_it_does_not_start_on_a_full_disk(daemon: Daemon) -> Result<()> {
    let Some((disk, data_dir)) = small(ROOM)? else {
        return Ok(());
    };
    let node = Node::start(daemon, &data_dir, &["-nodebug"])?;
    node.rpc()?.generate(20)?;
    let tip = node.rpc()?.tip()?;
    node.stop()?;
    let place = data_dir.regtest("");
    let place = place.display();
    let no_cookie = ["-nopid", "-rpcuser=a", "-rpcpassword=b"];
    let directory = data_dir.path().join("regtest");
    for (options, expected) in [
        (
            &[][..],
            format!("Error: Unable to create the PID file '{place}syscoind.pid': "),
        ),
        (
            &["-nopid"],
            format!("Error: Unable to write the authentication cookie {place}.cookie: "),
        ),
        (
            &no_cookie,
            format!("Error: Disk space is low for \"{}\"\n", directory.display()),
        ),
    ] {
        disk.fill()?;
        let told = Node::spawn(daemon, &data_dir, options)?.failure()?;
        ensure!(
            told.starts_with(&expected)
                && (told == expected || told.contains(FULL))
                && told.lines().count() == 1,
            "{options:?}: {told}"
        );
        for name in ["syscoind.pid", ".cookie", ".cookie.tmp"] {
            ensure!(!data_dir.regtest(name).exists(), "{name} is left");
        }
        disk.clear()?;
    }
    let node = Node::start(daemon, &data_dir, &["-nodebug"])?;
    ensure!(node.rpc()?.tip()? == tip, "a block is lost");
    node.stop()
}

fn keeps_settings_that_it_cannot_write_anew(daemon: Daemon) -> Result<()> {
    let Some((disk, data_dir)) = small(ROOM)? else {
        return Ok(());
    };
    Node::start(daemon, &data_dir, &["-nodebug"])?.stop()?;
    // Not as a node writes it, so that it is to be written anew; more than fits into what the disk may have left.
    let file = data_dir.regtest("settings.json");
    let settings = json!({ "a": "b".repeat(100_000) });
    fs::write(&file, settings.to_string())?;
    disk.fill()?;
    let told = Node::spawn(daemon, &data_dir, &["-nodebug"])?.failure()?;
    let expected = format!(
        "Error: Settings file could not be written:\n- Error: Unable to write settings file {}.tmp: ",
        file.display()
    );
    ensure!(told.starts_with(&expected) && told.contains(FULL), "{told}");
    assert_eq!(fs::read_to_string(&file)?, settings.to_string());
    ensure!(
        !data_dir.regtest("settings.json.tmp").exists(),
        "half a file is left"
    );
    disk.clear()?;
    Node::start(daemon, &data_dir, &["-nodebug"])?.stop()?;
    let text = fs::read_to_string(&file)?;
    let before = settings.to_string();
    ensure!(text != before, "it is not written anew");
    assert_eq!(serde_json::from_str::<Value>(&text)?, settings);
    Ok(())
}

fn goes_on_without_a_log_that_has_no_room(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let place = data_dir.outside().join("log");
    fs::create_dir(&place)?;
    let Some(disk) = SmallDisk::mount(&place, 64)? else {
        return Ok(());
    };
    let log = place.join("debug.log");
    let option = format!("-debuglogfile={}", log.display());
    let node = Node::start(daemon, &data_dir, &[&option])?;
    let mut rpc = node.rpc()?;
    // All that is logged of them takes far more than there is.
    rpc.generate(200)?;
    let text = fs::read(&log)?;
    let is_told = |text: &[u8], height| {
        let told = format!(" height={height} ");
        text.windows(told.len()).any(|part| part == told.as_bytes())
    };
    // How far it got is not said: a node that takes long to start has told more by then of those who asked meanwhile.
    ensure!(!text.is_empty() && !is_told(&text, 200), "there was room");
    disk.resize(ROOM)?;
    rpc.generate(1)?;
    wait_until("the log to go on", || {
        Ok(is_told(&fs::read(&log)?, 201).then_some(()))
    })?;
    node.stop().context("a log is no reason to fail")
}

fn neither_starts_nor_goes_on_with_little_room(daemon: Daemon) -> Result<()> {
    let Some((disk, data_dir)) = small(ROOM)? else {
        return Ok(());
    };
    let options = ["-fastprune", "-debuglogfile=0"];
    let node = Node::start(daemon, &data_dir, &options)?;
    let mut rpc = node.rpc()?;
    rpc.generate(5)?;
    rpc.call("mockscheduler", json!([301]))?;
    rpc.generate(1)?;
    disk.resize(LITTLE)?;
    rpc.call("mockscheduler", json!([301]))?;
    node.wait()?.check_success()?;
    let told = Node::spawn(daemon, &data_dir, &options)?.failure()?;
    let shown = data_dir.path().join("regtest");
    ensure!(
        told == format!("Error: Disk space is low for \"{}\"\n", shown.display()),
        "{told}"
    );
    disk.resize(ROOM)?;
    let node = Node::start(daemon, &data_dir, &options)?;
    ensure!(node.rpc()?.call("getblockcount", json!([]))? == 6);
    node.stop()
}
