//! Data directories that cannot be used: what is said, that nothing is changed, and that the way out that is named is
//! one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use bitcoin::hashes::siphash24;
use fs_err as fs;
use functional_tests::{Daemon, DataDir, Node, SmallDisk, for_each_daemon, wait_until};
use serde_json::json;

for_each_daemon![
    names_a_way_out_of_damaged_databases,
    names_a_way_out_of_databases_of_other_versions,
    names_a_way_out_of_damaged_files_of_blocks,
    does_not_begin_anew_where_a_part_is_missing,
    does_not_take_another_networks_directory,
    does_not_touch_a_directory_that_it_may_not_write,
    goes_on_without_small_files_that_are_damaged,
    does_not_write_over_damaged_addresses,
];

const INDEXES: [&str; 3] = ["-txindex", "-blockfilterindex", "-coinstatsindex"];

/// What lies in a directory, by where it is. The log goes on, and a store's file shows that it was opened.
fn contents(directory: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            let name = path.file_name().context("no name")?.to_owned();
            if path.is_dir() {
                found.insert(path.clone(), Vec::new());
                directories.push(path);
            } else if name != "debug.log" {
                let is_store = path.extension().is_some_and(|extension| extension == "redb");
                let bytes = if is_store { Vec::new() } else { fs::read(&path)? };
                found.insert(path, bytes);
            }
        }
    }
    Ok(found)
}

/// What a node says that must not start, and must change nothing.
fn refusal(daemon: Daemon, data_dir: &DataDir, options: &[&str]) -> Result<String> {
    let before = contents(&data_dir.regtest(""))?;
    let told = Node::spawn(daemon, data_dir, options)?.failure()?;
    ensure!(told.lines().count() == 1, "{told}");
    let after = contents(&data_dir.regtest(""))?;
    let is_new = |path: &&PathBuf| before.get(*path) != after.get(*path);
    let changed: Vec<_> = after.keys().chain(before.keys()).filter(is_new).collect();
    ensure!(changed.is_empty(), "{changed:?} changed although {told}");
    Ok(told)
}

/// A data directory with a chain of so many blocks and its indexes, and the tip.
fn with_chain(daemon: Daemon, count: u32) -> Result<(DataDir, String)> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &INDEXES)?;
    node.rpc()?.generate(count)?;
    let names = ["txindex", "basic block filter index", "coinstatsindex"];
    node.rpc()?.wait_until_synced(&names)?;
    let tip = node.rpc()?.tip()?;
    node.stop()?;
    Ok((data_dir, tip))
}

/// Starts a node with these options besides, waits until it has this tip, and stops it.
fn recover(daemon: Daemon, data_dir: &DataDir, option: &str, tip: &str) -> Result<()> {
    let options: Vec<_> = INDEXES.iter().copied().chain([option]).collect();
    let node = Node::start(daemon, data_dir, &options)?;
    let mut rpc = node.rpc()?;
    wait_until("the tip of before", || {
        let reply = rpc.request("getbestblockhash", json!([]))?;
        Ok((reply.result == tip).then_some(()))
    })?;
    ensure!(rpc.call("verifychain", json!([4, 0]))? == true);
    node.stop()
}

/// The stores of a node with all indexes.
const STORES: [&str; 5] = [
    "blocks/index/index.redb",
    "chainstate/coins.redb",
    "indexes/txindex/transactions.redb",
    "indexes/blockfilter/basic/filters.redb",
    "indexes/coinstats/statistics.redb",
];

fn names_a_way_out_of_damaged_databases(daemon: Daemon) -> Result<()> {
    let (data_dir, tip) = with_chain(daemon, 30)?;
    let spoil: [fn(&mut Vec<u8>); 4] = [
        |bytes| bytes.fill(b'x'),
        |bytes| bytes.clear(),
        |bytes| bytes.truncate(bytes.len() / 2),
        |bytes| {
            let marks = bytes.iter_mut().skip(600).step_by(4096);
            marks.for_each(|byte| *byte ^= 0xff);
        },
    ];
    for name in STORES {
        for (kind, spoil) in spoil.iter().enumerate() {
            let file = data_dir.regtest(name);
            let mut bytes = fs::read(&file)?;
            spoil(&mut bytes);
            fs::write(&file, bytes)?;
            let told = Node::spawn(daemon, &data_dir, &INDEXES)?.failure()?;
            let beginning = format!("Error: {} is damaged: ", file.display());
            ensure!(
                told.starts_with(&beginning)
                    && told.ends_with(". Please restart with -reindex to recover.\n")
                    && told.lines().count() == 1,
                "{name}, {kind}: {told}"
            );
            recover(daemon, &data_dir, "-reindex", &tip)?;
        }
    }
    Ok(())
}

/// Writes another version into a store, which has it behind its other marks.
fn set_version(file: &Path, kind: &str, version: u8) -> Result<()> {
    let mut bytes = fs::read(file)?;
    let marks = format!("kindmagicversion{kind}");
    let marks = marks.as_bytes();
    let places: Vec<_> = bytes
        .windows(marks.len())
        .enumerate()
        .filter(|(_, part)| *part == marks)
        .map(|(place, _)| place + marks.len() + 4)
        .collect();
    ensure!(!places.is_empty(), "{} has no version", file.display());
    for place in places {
        bytes[place] = version;
        seal_page(&mut bytes, place);
    }
    Ok(fs::write(file, bytes)?)
}

/// Makes the seal of the page that holds this place good again, in a file that has one page of seals.
fn seal_page(bytes: &mut [u8], place: usize) {
    const PAGE: usize = 4096;
    // The header's page and that of the seals come first; the store itself knows nothing of the latter.
    let (page, number) = (place / PAGE * PAGE, place / PAGE - 2);
    let offset = page as u64 - PAGE as u64;
    let sum = siphash24::Hash::hash_to_u64_with_keys(offset, 0, &bytes[page..page + PAGE]);
    bytes[PAGE + 4 * number..][..4].copy_from_slice(&sum.to_le_bytes()[4..]);
}

fn names_a_way_out_of_databases_of_other_versions(daemon: Daemon) -> Result<()> {
    let (data_dir, tip) = with_chain(daemon, 30)?;
    for (name, kind, known) in [
        (STORES[0], "index", 1),
        (STORES[1], "coins", 3),
        (STORES[2], "transactions", 1),
    ] {
        let file = data_dir.regtest(name);
        for found in [known - 1, known + 1] {
            set_version(&file, kind, found)?;
            let told = refusal(daemon, &data_dir, &INDEXES)?;
            let age = if found < known { "an older" } else { "a newer" };
            let expected = format!(
                "Error: {} was written by {age} version of this program: it is of version {found}, and only version \
                 {known} can be read. Please restart with -reindex to recover.\n",
                file.display()
            );
            ensure!(told == expected, "{told}{expected}");
            set_version(&file, kind, known)?;
        }
        set_version(&file, kind, known + 1)?;
        recover(daemon, &data_dir, "-reindex", &tip)?;
    }
    Ok(())
}

fn names_a_way_out_of_damaged_files_of_blocks(daemon: Daemon) -> Result<()> {
    let (data_dir, tip) = with_chain(daemon, 30)?;
    // The files are longer than what is in them.
    let used = |bytes: &[u8]| bytes.iter().rposition(|byte| *byte != 0).unwrap_or(0) + 1;
    let spoil: [fn(&mut Vec<u8>, usize); 3] = [
        |bytes, used| bytes.truncate(used - 20),
        |bytes, used| bytes[used - 150..used].fill(b'x'),
        |bytes, _| bytes.clear(),
    ];
    for name in ["blocks/blk00000.dat", "blocks/rev00000.dat"] {
        let file = data_dir.regtest(name);
        let good = fs::read(&file)?;
        for (kind, spoil) in spoil.iter().enumerate() {
            let mut bytes = good.clone();
            spoil(&mut bytes, used(&good));
            fs::write(&file, bytes)?;
            let told = refusal(daemon, &data_dir, &[])?;
            ensure!(
                told.starts_with("Error: Corrupted block database detected: block ")
                    && told.ends_with(". Restart with -reindex to make the databases anew.\n"),
                "{name}, {kind}: {told}"
            );
        }
        if name.contains("rev") {
            recover(daemon, &data_dir, "-reindex", &tip)?;
        } else {
            fs::remove_file(&file)?;
            let told = refusal(daemon, &data_dir, &[])?;
            let place = file.display();
            ensure!(
                told.starts_with(&format!(
                    "Error: the file of blocks {place} is not there; restart with -reindex"
                )),
                "{told}"
            );
            fs::write(&file, good)?;
            recover(daemon, &data_dir, "-checkblocks=0", &tip)?;
        }
    }
    Ok(())
}

fn does_not_begin_anew_where_a_part_is_missing(daemon: Daemon) -> Result<()> {
    let (data_dir, tip) = with_chain(daemon, 30)?;
    let (blocks, aside) = (data_dir.regtest("blocks"), data_dir.outside().join("aside"));
    let coins = data_dir.regtest("chainstate/coins.redb");
    for missing in [blocks.clone(), blocks.join("index")] {
        fs::rename(&missing, &aside)?;
        let told = refusal(daemon, &data_dir, &[])?;
        let expected = format!(
            "Error: {} is not there, though {} is; restart with -reindex to make both anew\n",
            blocks.join("index/index.redb").display(),
            coins.display()
        );
        ensure!(told == expected, "{told}{expected}");
        fs::rename(&aside, &missing)?;
        recover(daemon, &data_dir, "-checkblocks=0", &tip)?;
    }
    // What is named helps where the files are there.
    fs::remove_dir_all(blocks.join("index"))?;
    recover(daemon, &data_dir, "-reindex", &tip)?;
    // Coins can be made of blocks.
    fs::remove_dir_all(data_dir.regtest("chainstate"))?;
    recover(daemon, &data_dir, "-checkblocks=0", &tip)
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

fn does_not_touch_a_directory_that_it_may_not_write(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let place = data_dir.regtest("");
    fs::create_dir(&place)?;
    let Some(disk) = SmallDisk::mount(&place, 128 << 10)? else {
        // Only root can do this.
        return Ok(());
    };
    let node = Node::start(daemon, &data_dir, &[])?;
    node.rpc()?.generate(10)?;
    let tip = node.rpc()?.tip()?;
    node.stop()?;
    disk.protect(true)?;
    let told = refusal(daemon, &data_dir, &[])?;
    let expected = format!(
        "Error: Cannot write to data directory '{}'; check permissions.",
        data_dir.path().join("regtest").display()
    );
    ensure!(told.starts_with(&expected), "{told}");
    disk.protect(false)?;
    let node = Node::start(daemon, &data_dir, &[])?;
    ensure!(node.rpc()?.tip()? == tip);
    node.stop()
}

/// Files that a node can do without, and what its log says of each when it is damaged.
const SMALL_FILES: [(&str, &str); 3] = [
    ("mempool.dat", "Failed to deserialize mempool data on disk: "),
    ("banlist.json", "Cannot parse banlist "),
    ("fee_estimates.dat", "Failed to read estimates from "),
];

fn goes_on_without_small_files_that_are_damaged(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    node.rpc()?.call("setban", json!(["10.0.0.1", "add"]))?;
    node.rpc()?.wait_until_loaded()?;
    node.stop()?;
    let spoil: [fn(&mut Vec<u8>); 3] = [
        |bytes| bytes.truncate(bytes.len() / 2),
        |bytes| bytes.fill(b'x'),
        |bytes| bytes.clear(),
    ];
    for (name, told) in SMALL_FILES {
        for spoil in spoil {
            let file = data_dir.regtest(name);
            let mut bytes = fs::read(&file)?;
            ensure!(!bytes.is_empty(), "{name} is empty");
            spoil(&mut bytes);
            fs::write(&file, bytes)?;
            fs::remove_file(data_dir.regtest("debug.log"))?;
            let node = Node::start(daemon, &data_dir, &[])?;
            node.rpc()?.wait_until_loaded()?;
            node.log().wait_for(told)?;
            node.rpc()?
                .call("setban", json!(["10.0.0.1", "add"]))
                .or_else(|_| {
                    // It is banned still.
                    node.rpc()?.call("listbanned", json!([]))
                })?;
            // They are written anew.
            node.stop()?;
        }
    }
    Ok(())
}

fn does_not_write_over_damaged_addresses(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    Node::start(daemon, &data_dir, &[])?.stop()?;
    let file = data_dir.regtest("peers.dat");
    let good = fs::read(&file)?;
    let mut other = good.clone();
    other[10] ^= 1;
    for bytes in [&good[..good.len() / 2], &other[..], &[]] {
        fs::write(&file, bytes)?;
        let told = refusal(daemon, &data_dir, &[])?;
        ensure!(
            told.starts_with("Error: Invalid or corrupt peers.dat ("),
            "{told}"
        );
    }
    fs::remove_file(&file)?;
    Node::start(daemon, &data_dir, &[])?.stop()
}
