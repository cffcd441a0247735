//! Eight processes at once, for the same and for different hosts and options: all succeed, and each package is built
//! once for each key.

use std::collections::BTreeSet;

use crate::support::{Package, Run, World, child, expect_success};

const CROSS: [(&str, &str); 7] = [
    ("HOST", "aarch64-linux-gnu"),
    ("CC", "gcc -D__aarch64__=1"),
    ("CXX", "g++ -D__aarch64__=1"),
    ("AR", "ar"),
    ("RANLIB", "ranlib"),
    ("NM", "nm"),
    ("STRIP", "strip"),
];

/// Packages that write a line for each time that they are built: two for each platform, a tool, and what needs them.
fn world() -> World {
    let world = World::new([Package::headers("h")]);
    let builds = world.path("builds");
    for (name, needs, tools) in [
        ("one", &["h"][..], &[][..]),
        ("two", &["one"], &["tool"]),
        ("three", &["h"], &["tool"]),
        ("tool", &["h"], &[]),
    ] {
        let count = format!("echo {name} >> {}", builds.display());
        let package = Package::phases(name, "", &count, &format!("echo {name} > $out/{name}"));
        world.add(&package.needs(needs).needs_native(tools).watched());
    }
    world
}

/// Runs all at once, each in a process of its own.
fn run_at_once(runs: &[Run]) {
    std::thread::scope(|scope| {
        let threads: Vec<_> = runs
            .iter()
            .map(|run| scope.spawn(move || child::finish(child::install(run, ""))))
            .collect();
        for thread in threads {
            thread.join().unwrap().unwrap();
        }
    });
}

fn check(options: &[&[(&str, &str)]; 8]) {
    let world = world();
    let runs: Vec<Run> = options
        .iter()
        .map(|options| world.run().options(options))
        .collect();
    let mut expected = BTreeSet::new();
    for run in &runs {
        let units = run.plan().units.into_iter();
        expected.extend(units.map(|unit| (unit.name().to_owned(), unit.key)));
    }
    let mut expected: Vec<String> = expected
        .into_iter()
        .map(|(name, _)| name)
        .filter(|name| name != "h")
        .collect();
    run_at_once(&runs);
    let built = || {
        let builds = fs_err::read_to_string(world.path("builds")).unwrap();
        let mut built: Vec<String> = builds.lines().map(str::to_owned).collect();
        built.sort();
        built
    };
    expected.sort();
    assert_eq!(built(), expected);
    run_at_once(&runs);
    assert_eq!(built(), expected);
    for run in &runs {
        assert!(run.installed("two").starts_with("two"));
        expect_success(run.engine().check_packages());
    }
    assert_eq!(built(), expected);
}

#[test]
fn the_same_run_eight_times_at_once_builds_each_package_once() {
    check(&[&[]; 8]);
}

#[test]
fn eight_runs_for_other_hosts_and_options_at_once_build_each_package_once_for_each_key() {
    let debug = [CROSS.as_slice(), &[("DEBUG", "1")]].concat();
    check(&[
        &[],
        &[],
        &[("DEBUG", "1")],
        &[("DEBUG", "1")],
        &[("BUILD_ID_SALT", "pepper")],
        &CROSS,
        &CROSS,
        &debug,
    ]);
}
