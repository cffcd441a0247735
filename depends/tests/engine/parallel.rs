//! Packages are built side by side, under one budget of processes.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::{Package, World, assert_says};

/// Longer than anything here takes, however busy the machine. A script that waits in vain ends with it.
const DEADLINE: &str = "timeout 60";

fn make_fifo(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

/// A package whose build meets the other one's: each waits until the other is there.
fn meeting(name: &str, world: &World, mine: &str, other: &str) -> Package {
    let (mine, other) = (world.path(mine), world.path(other));
    let write = format!("echo {name} > {}", mine.display());
    let read = format!("cat {} > met", other.display());
    let script = format!("{DEADLINE} sh -c '{write} & {read}; wait'");
    Package::phases(
        name,
        "",
        &script,
        "cp {build}/met $out/met-{version}-$(cat {build}/met)",
    )
    .watched()
}

#[test]
fn independent_packages_are_built_at_the_same_time() {
    let world = World::new([]);
    make_fifo(&world.path("one"));
    make_fifo(&world.path("two"));
    world.add(&meeting("a", &world, "one", "two"));
    world.add(&meeting("b", &world, "two", "one"));
    let prefix = world.run().jobs(2).install().prefix;
    assert!(prefix.join("met-1.0-a").is_file());
    assert!(prefix.join("met-1.0-b").is_file());
}

#[test]
fn packages_that_are_named_together_are_built_at_the_same_time() {
    let world = World::new([]);
    make_fifo(&world.path("one"));
    make_fifo(&world.path("two"));
    world.add(&meeting("a", &world, "one", "two"));
    world.add(&meeting("b", &world, "two", "one"));
    let run = world.run().jobs(2);
    crate::support::expect_success(run.engine().build_packages(&[("a", None), ("b", None)]));
    assert_eq!(run.recorder.built(), ["a", "b"]);
}

#[test]
fn make_gets_the_processors_that_no_other_package_uses() {
    let world = World::new([]);
    make_fifo(&world.path("one"));
    make_fifo(&world.path("two"));
    let meet = |mine: &str, other: &str| {
        let (mine, other) = (world.path(mine), world.path(other));
        format!(
            "\t{DEADLINE} sh -c 'echo > {} & cat {} > /dev/null; wait'\n",
            mine.display(),
            other.display()
        )
    };
    let makefile = format!(
        "all: a b\na:\n{}b:\n{}install:\n\tmkdir -p $(DESTDIR)$(PREFIX)/share\n\techo '$(filter -j% --jobserver%,$(MAKEFLAGS))' > $(DESTDIR)$(PREFIX)/share/flags\n",
        meet("one", "two"),
        meet("two", "one")
    );
    world.add(
        &Package::new("m", "system = \"make\"")
            .file("Makefile", &makefile)
            .watched(),
    );
    let flags = world.run().jobs(2).installed("share/flags");
    assert_says(&flags, &["-j", "jobserver"]);
}

#[test]
fn no_more_processes_work_than_are_allowed() {
    let world = World::new([]);
    let (running, counts) = (world.path("running"), world.path("counts"));
    fs_err::create_dir(&running).unwrap();
    // Each target notes how many are at work, itself included, at its start and again after some work.
    let target = format!(
        "\t@mine=$$(mktemp -p {running}); for turn in 1 2 3 4 5; do ls {running} | wc -l >> {counts}; done; rm $$mine\n",
        running = running.display(),
        counts = counts.display()
    );
    let names = ["a1", "a2", "a3", "a4", "a5"];
    let targets: String = names.iter().map(|name| format!("{name}:\n{target}")).collect();
    let makefile = format!(
        "all: {}\n{targets}install:\n\tmkdir -p $(DESTDIR)$(PREFIX)/share/$(NAME)\n\ttouch $(DESTDIR)$(PREFIX)/share/$(NAME)/done\n",
        names.join(" ")
    );
    for name in ["p", "q", "r"] {
        let package = Package::new(name, "system = \"make\"")
            .file("Makefile", &makefile)
            .top(&format!("options = [\"NAME={name}\"]"))
            .watched();
        world.add(&package);
    }
    for jobs in [1, 2] {
        fs_err::write(&counts, "").unwrap();
        let salt = format!("{jobs}");
        world.run().jobs(jobs).option("HOST_ID_SALT", salt).install();
        let counts = fs_err::read_to_string(&counts).unwrap();
        let most = counts
            .lines()
            .map(|line| line.trim().parse::<usize>().unwrap())
            .max();
        assert!(most.unwrap() <= jobs, "{most:?} at work with {jobs} jobs");
        assert_eq!(counts.lines().count(), 75);
    }
}

#[test]
fn with_one_job_packages_that_depend_on_nothing_are_built_one_after_another() {
    let world = World::new([]);
    let script = format!(
        "mkdir {lock}; ls /usr/bin > /dev/null; rmdir {lock}",
        lock = world.path("lock").display()
    );
    for name in ["a", "b", "c", "d"] {
        let stage = "touch $out/$(basename $(dirname $(dirname {build})))";
        world.add(&Package::phases(name, "", &script, stage).watched());
    }
    assert!(world.run().jobs(1).install().changed);
}

#[test]
fn when_one_package_fails_nothing_of_the_others_runs_on() {
    let world = World::new([]);
    let (begun, never) = (world.path("begun"), world.path("never"));
    make_fifo(&begun);
    make_fifo(&never);
    // A grandchild of the engine waits, and holds its pipe open for as long as it lives.
    let waits = format!(
        "exec 3<> {}\necho > {}\nread line <&3\n",
        never.display(),
        begun.display()
    );
    let package = Package::new("waits", "system = \"make\"")
        .file("Makefile", "all:\n\tsh wait.sh\n")
        .file("wait.sh", &waits)
        .watched();
    world.add(&package);
    let fails = format!("{DEADLINE} cat {}; exit 3", begun.display());
    world.add(&Package::phases("fails", "", &fails, "touch $out/y").watched());
    let message = world.run().jobs(2).failure();
    assert_says(&message, &["fails was not built", "Build of fails failed"]);
    assert!(!message.contains("waits was not built"), "{message}");
    let begin = Instant::now();
    while let Ok(pipe) = open_for_writing(&never) {
        if begin.elapsed() > Duration::from_secs(10) {
            rustix::io::write(pipe, b"end\n").unwrap();
            panic!("a program of the other package still runs");
        }
        std::thread::yield_now();
    }
}

/// Opens a pipe that somebody holds open for reading.
fn open_for_writing(fifo: &Path) -> rustix::io::Result<std::os::fd::OwnedFd> {
    use rustix::fs::{Mode, OFlags, open};
    open(fifo, OFlags::WRONLY | OFlags::NONBLOCK, Mode::empty())
}
