//! A run that is killed at any moment leaves no process behind and nothing that the next run stumbles over.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use depends::digest::Digest;
use depends::engine::Collection;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::support::{Package, World, child, expect_success, files};

/// Packages of several kinds, one of them with a program that works for as long as it is let.
fn world(isolation: &str) -> World {
    let world = World::new([
        Package::headers("a"),
        Package::library("b", "int b(void) { return 2; }\n").needs(&["a"]),
    ]);
    let work = "sh -c 'for turn in 1 2 3; do sh -c \"ls /usr/bin > list\"; done' & wait";
    let mut package = Package::phases("c", work, work, "touch $out/c").needs(&["b"]);
    if isolation == "off" {
        package = package.end("[sandbox]\noff = \"another way out\"");
    }
    world.add(&package);
    world
}

/// What a run made, by names and digests.
fn made(world: &World) -> Vec<(String, Digest)> {
    let names = ["a", "b", "c"];
    names
        .iter()
        .map(|name| (*name).to_owned())
        .map(|name| {
            (
                name.clone(),
                Digest::of_file(world.run().cached(&name, "tar.gz")).unwrap(),
            )
        })
        .collect()
}

/// The processes whose command line or environment names a directory.
fn processes_of(directory: &Path) -> Vec<String> {
    let needle = directory.to_str().unwrap();
    let myself = std::process::id().to_string();
    let entries = fs_err::read_dir("/proc").unwrap().map(|entry| entry.unwrap());
    entries
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_str().unwrap();
            name != myself && name.bytes().all(|byte| byte.is_ascii_digit())
        })
        .filter_map(|entry| {
            let read = |file| fs_err::read(entry.path().join(file)).unwrap_or_default();
            let text = [read("cmdline"), read("environ")].concat();
            let text = String::from_utf8_lossy(&text).replace('\0', " ");
            text.contains(needle).then_some(text)
        })
        .collect()
}

fn assert_no_process_is_left(world: &World) {
    let begin = Instant::now();
    loop {
        let left = processes_of(&world.base());
        if left.is_empty() {
            return;
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "{left:?}");
        std::thread::yield_now();
    }
}

/// Starts a run and kills it, as `kill` does, after it told `n_events`; `false` if it told fewer.
fn kill_after(world: &World, isolation: &str, n_events: usize, kill: impl Fn(&Child)) -> bool {
    let events = world.path("events");
    let _ = fs_err::remove_file(&events);
    assert!(Command::new("mkfifo").arg(&events).status().unwrap().success());
    let run = world.run().option("SANDBOX", isolation);
    let mut child = child::start_group(child::install(&run, ""), &events);
    let lines = BufReader::new(fs_err::File::open(&events).unwrap()).lines();
    let n_heard = lines.take(n_events).filter(Result::is_ok).count();
    kill(&child);
    child.wait().unwrap();
    n_heard == n_events
}

fn kill_everywhere(isolation: &str, kill: impl Fn(&Child)) {
    let clean = world(isolation);
    clean.run().option("SANDBOX", isolation).install();
    let expected = made(&clean);
    let mut n_kills = 0;
    // The work of the killed runs stays: each begins where the one before was killed, and every second from nothing.
    for n_events in 1.. {
        let world = world(isolation);
        if !kill_after(&world, isolation, n_events, &kill) {
            break;
        }
        n_kills += 1;
        assert_no_process_is_left(&world);
        kill_after(&world, isolation, n_events + 1, &kill);
        assert_no_process_is_left(&world);
        world.run().option("SANDBOX", isolation).install();
        assert_eq!(made(&world), expected, "killed after {n_events} events");
        assert!(!world.run().option("SANDBOX", isolation).install().changed);
        // A run that was killed after a package was stored, and before its directory went, leaves that to `gc`.
        expect_success(world.run().engine().collect(&Collection::default()));
        assert_eq!(
            files(&world.path("base/work/build")),
            [""; 0].map(std::path::PathBuf::from)
        );
    }
    assert!(n_kills > 20, "{n_kills}");
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap()
}

#[test]
fn a_killed_process_group_leaves_no_orphan_and_the_next_run_is_clean() {
    kill_everywhere("auto", |child| {
        kill_process_group(pid(child), Signal::KILL).unwrap();
    });
}

#[test]
fn a_killed_engine_alone_takes_its_builds_with_it_even_without_a_sandbox() {
    kill_everywhere("off", |child| kill_process(pid(child), Signal::KILL).unwrap());
}
