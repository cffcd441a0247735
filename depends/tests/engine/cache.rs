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
    type Damage = fn(&mut Vec<u8>);
    let flip_first: Damage = |bytes| bytes[0] ^= 1;
    let flip_middle: Damage = |bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x80;
    };
    let flip_last: Damage = |bytes| *bytes.last_mut().unwrap() ^= 1;
    let cut_last: Damage = |bytes| bytes.truncate(bytes.len() - 1);
    let cut_half: Damage = |bytes| bytes.truncate(bytes.len() / 2);
    let empty: Damage = Vec::clear;
    let lengthen: Damage = |bytes| bytes.push(0);
    let rows = [
        ("tar.gz", flip_first),
        ("tar.gz", flip_middle),
        ("tar.gz", flip_last),
        ("tar.gz", cut_last),
        ("tar.gz", cut_half),
        ("tar.gz", empty),
        ("tar.gz", lengthen),
        ("tar.gz.hash", flip_first),
        ("tar.gz.hash", flip_middle),
        ("tar.gz.hash", flip_last),
        ("tar.gz.hash", cut_half),
        ("tar.gz.hash", empty),
        ("key.json", flip_first),
        ("key.json", flip_middle),
        ("key.json", cut_last),
        ("key.json", empty),
    ];
    let world = world();
    for (row, (extension, damage)) in rows.into_iter().enumerate() {
        let run = world.run();
        let archive = run.cached("a", "tar.gz");
        let (whole, other) = (fs_err::read(&archive).unwrap(), inode(&run, "b"));
        let file = run.cached("a", extension);
        let mut bytes = fs_err::read(&file).unwrap();
        damage(&mut bytes);
        fs_err::write(&file, bytes).unwrap();
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
        assert_eq!(run.recorder.built(), ["a"], "{extension} in row {row}");
        assert_eq!(fs_err::read(&archive).unwrap(), whole);
        assert_eq!(inode(&run, "b"), other);
    }
    expect_success(world.run().engine().check_packages());
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
