//! Whatever stops the process or the writing, what is found afterwards is what was there after some step.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::steps::{Store, process, told};

/// How often the process is killed.
const N_KILLS: u32 = 100;

/// After how many kills it begins anew, so that checking does not take ever longer.
const N_KILLS_OF_ONE: u32 = 20;

/// The longest that it is let run, in microseconds, after the first step.
const LONGEST: u64 = 20_000;

/// Runs the process, kills it at some moment, and returns the last step that it said to be done.
fn kill_at_some_moment(directory: &Path) -> u32 {
    let mut child = process(directory, Path::new("/dev/null"), "exec \"$0\" \"$@\"")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let (sender, steps) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        for step in output.lines().filter_map(|line| told(&line.unwrap())) {
            sender.send(step).unwrap();
        }
    });
    let mut last = steps.recv().expect("a step is done before the process ends");
    let some = RandomState::new().hash_one(last) % LONGEST;
    let end = Instant::now() + Duration::from_micros(some);
    loop {
        match steps.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(step) => last = step,
            Err(RecvTimeoutError::Timeout) => break,
            Err(RecvTimeoutError::Disconnected) => panic!("the process ended by itself after step {last}"),
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let last = steps.iter().last().unwrap_or(last);
    reader.join().unwrap();
    last
}

#[test]
fn a_process_that_is_killed_at_any_moment_leaves_what_it_had_done() {
    for _turn in 0..N_KILLS / N_KILLS_OF_ONE {
        let directory = TempDir::new().unwrap();
        for _kill in 0..N_KILLS_OF_ONE {
            let done = kill_at_some_moment(directory.path());
            let found = Store::open(directory.path()).unwrap().check();
            assert!(
                found == done || found == done + 1,
                "{found} was found after {done}"
            );
        }
    }
}

/// Runs the process on a disk of `size` KiB until that is full, then checks that on a disk with room the work goes on.
/// Returns what it said, and how many steps it had done.
fn fill(size: usize) -> (String, u32) {
    let outside = TempDir::new().unwrap();
    let (disk, kept, report) = ["disk", "kept", "report"]
        .map(|name| outside.path().join(name))
        .into();
    fs_err::create_dir(&disk).unwrap();
    let script = format!(
        "set -e\nmount -t tmpfs -o size={size}k none '{disk}'\n\"$0\" \"$@\"\ncp -a '{disk}' '{kept}'",
        disk = disk.display(),
        kept = kept.display(),
    );
    let process = process(&disk, &report, &script);
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount"])
        .arg(process.get_program())
        .args(process.get_args())
        .envs(
            process
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .output()
        .unwrap();
    let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(output.status.success(), "{out}{err}");
    let done = out.lines().filter_map(told).next_back().unwrap_or(0);

    let mut store = Store::open(&kept).unwrap();
    let found = store.check();
    assert!(
        found == done || found == done + 1,
        "{found} was found after {done}"
    );
    for step in found + 1..found + 4 {
        store.step(step).unwrap();
    }
    drop(store);
    assert_eq!(Store::open(&kept).unwrap().check(), found + 3);
    (fs_err::read_to_string(report).unwrap(), done)
}

#[test]
fn a_full_disk_is_told_with_its_place_and_spoils_nothing() {
    // Where the disk is to be full, and whether something is to be kept by then.
    let mut missing = BTreeSet::from([
        ("blk0", true),
        ("rev0", true),
        ("index.", false),
        ("coins.redb", true),
    ]);
    for size in [16, 64].into_iter().chain((1200..12_000).step_by(253)) {
        let (told, done) = fill(size);
        let is_full = told.starts_with("full\n") && told.contains("No space left on device");
        let has_place = ["blocks", "chainstate"].iter().any(|place| told.contains(place));
        assert!(is_full && has_place, "{told}");
        missing.retain(|(place, is_kept)| !told.contains(place) || (*is_kept && done == 0));
        if missing.is_empty() {
            return;
        }
    }
    panic!("the disk was never full at {missing:?}");
}
