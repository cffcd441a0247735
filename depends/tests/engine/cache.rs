//! Built packages in the cache: read through before they are used, and rebuilt when they are damaged.

use std::os::unix::fs::MetadataExt as _;

use crate::support::{Package, Run, World, assert_says, expect_success, told};

fn world() -> World {
    let world = World::new([Package::headers("a"), Package::headers("b").needs(&["a"])]);
    world.run().install();
    world
}

fn inode(run: &Run, name: &str) -> u64 {
    run.cached(name, "tar.gz").metadata().unwrap().ino()
}

#[test]
fn a_damaged_archive_is_announced_and_rebuilt_and_no_other() {
    for (extension, damage) in [
        ("tar.gz", "damage"),
        ("tar.gz.hash", ""),
        ("tar.gz.hash", "0123  a"),
        ("key.json", "{}"),
    ] {
        let world = world();
        let run = world.run();
        let (archive, other) = (fs_err::read(run.cached("a", "tar.gz")).unwrap(), inode(&run, "b"));
        fs_err::write(run.cached("a", extension), damage).unwrap();
        fs_err::remove_dir_all(run.engine().layout().prefix("x86_64-pc-linux-gnu")).unwrap();

        let message = told(&run.engine().check_packages().unwrap_err());
        assert_says(&message, &["damaged packages in the cache", "a: "]);
        assert!(!message.contains("b: "), "{message}");

        assert!(run.install().changed);
        let warnings = run.recorder.warnings();
        let announced = warnings
            .matches("Checksum mismatch for a. Forcing rebuild")
            .count();
        assert_eq!(announced, 1, "{warnings}");
        assert_eq!(run.recorder.built(), ["a"], "{extension}");
        assert_eq!(fs_err::read(run.cached("a", "tar.gz")).unwrap(), archive);
        assert_eq!(inode(&run, "b"), other);
        expect_success(run.engine().check_packages());
    }
}

#[test]
fn a_cache_that_another_base_filled_is_used_without_fetching() {
    let world = World::new([Package::headers("a"), Package::headers("b").needs(&["a"])]);
    world.run().option("BASE_CACHE", world.path("cache")).install();
    let n_requests = world.server.requests().len();
    let run = world
        .run()
        .option("BASE_CACHE", world.path("cache"))
        .base(world.path("another"))
        .offline();
    assert!(run.install().changed);
    assert_eq!(run.recorder.built(), [""; 0]);
    assert_eq!(world.server.requests().len(), n_requests);
}

#[test]
fn packages_that_were_not_built_are_not_damaged() {
    let world = World::new([Package::headers("a")]);
    expect_success(world.run().engine().check_packages());
    assert_says(
        &told(&world.run().engine().check_package("a").unwrap_err()),
        &["a: it is not there"],
    );
}

#[test]
fn what_was_deleted_of_the_cache_is_not_needed_while_the_prefix_is_whole() {
    let world = world();
    fs_err::remove_dir_all(world.path("base/built")).unwrap();
    let run = world.run();
    assert!(!run.install().changed);
    assert_eq!(run.recorder.built(), [""; 0]);
}
