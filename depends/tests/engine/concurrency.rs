//! Two runs at once on one base directory: both succeed, and nothing is built twice.

use std::sync::Barrier;

use crate::support::{Package, World, child};

/// Packages whose builds are counted in a file.
fn world() -> World {
    let world = World::new([Package::headers("a")]);
    let builds = world.path("builds");
    for (name, needs) in [("b", "a"), ("c", "b"), ("d", "a")] {
        let count = format!("echo {name} >> {}", builds.display());
        let package = Package::phases(name, "", &count, &format!("echo {name} > $out/{name}"));
        world.add(&package.needs(&[needs]).watched());
    }
    world
}

fn assert_built_once(world: &World) {
    let builds = fs_err::read_to_string(world.path("builds")).unwrap();
    let mut builds: Vec<&str> = builds.lines().collect();
    builds.sort_unstable();
    assert_eq!(builds, ["b", "c", "d"]);
    assert!(!world.run().install().changed);
}

#[test]
fn two_engines_in_one_process_share_the_work() {
    let world = world();
    let barrier = Barrier::new(3);
    let changed: Vec<bool> = std::thread::scope(|scope| {
        let run = || {
            let run = world.run();
            barrier.wait();
            let installed = run.install();
            assert!(installed.prefix.join("c").is_file());
            installed.changed
        };
        let threads = [scope.spawn(run), scope.spawn(run), scope.spawn(run)];
        threads.map(|thread| thread.join().unwrap()).to_vec()
    });
    assert!(changed.contains(&true));
    assert_built_once(&world);
}

#[test]
fn two_processes_share_the_work() {
    let world = world();
    std::thread::scope(|scope| {
        let run = || child::finish(child::install(&world.run(), "")).unwrap();
        for thread in [scope.spawn(run), scope.spawn(run)] {
            thread.join().unwrap();
        }
    });
    assert_built_once(&world);
}

#[test]
fn two_bases_that_share_sources_and_cache_do_not_disturb_each_other() {
    let world = world();
    let barrier = Barrier::new(2);
    std::thread::scope(|scope| {
        for base in ["one", "two"] {
            let (barrier, world) = (&barrier, &world);
            scope.spawn(move || {
                let run = world
                    .run()
                    .base(world.path(base))
                    .option("SOURCES_PATH", world.path("sources"))
                    .option("BASE_CACHE", world.path("cache"));
                barrier.wait();
                assert!(run.install().prefix.join("c").is_file());
                run.engine().check_packages().unwrap();
            });
        }
    });
}

#[test]
fn two_runs_with_other_options_do_not_disturb_each_other() {
    let world = World::new([Package::library("a", "int a(void) { return 1; }\n")]);
    let barrier = Barrier::new(2);
    std::thread::scope(|scope| {
        for debug in ["0", "1"] {
            let (barrier, world) = (&barrier, &world);
            scope.spawn(move || {
                let run = world.run().option("DEBUG", debug);
                barrier.wait();
                run.install();
            });
        }
    });
    for debug in ["0", "1"] {
        let run = world.run().option("DEBUG", debug);
        run.install();
        assert_eq!(run.recorder.built(), [""; 0]);
    }
}
