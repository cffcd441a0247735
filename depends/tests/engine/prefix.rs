//! The prefix is composed at the end, and left untouched while it is what it should be.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::support::{Package, World, files};

/// Everything that shows whether somebody touched a file.
fn state(directory: &Path) -> Vec<(PathBuf, u64, i64, i64, i64)> {
    let look = |path: PathBuf| {
        let metadata = directory.join(&path).symlink_metadata().unwrap();
        let changed = metadata.ctime_nsec();
        (
            path,
            metadata.ino(),
            metadata.mtime(),
            metadata.mtime_nsec(),
            changed,
        )
    };
    let mut all = files(directory);
    all.push(PathBuf::new());
    all.into_iter().map(look).collect()
}

#[test]
fn a_second_run_touches_nothing() {
    let world = World::new([Package::headers("a"), Package::headers("b").needs_native(&["a"])]);
    let first = world.run().install();
    assert!(first.changed);
    let before = (state(&first.prefix), state(&world.path("base/built")));
    let rows = [
        world.run(),
        world.run().options(&[("V", "1"), ("LOG", "1")]).jobs(1),
        world.run().offline(),
    ];
    for run in rows {
        let second = run.install();
        assert!(!second.changed);
        assert_eq!(second.prefix, first.prefix);
        assert_eq!(run.recorder.lines(), [""; 0]);
    }
    assert_eq!((state(&first.prefix), state(&world.path("base/built"))), before);
    assert_eq!(world.server.requests().len(), 2);
}

#[test]
fn what_is_lost_or_changed_in_the_prefix_is_restored() {
    let world = World::new([Package::headers("a").needs_native(&["b"]), Package::headers("b")]);
    let prefix = world.run().install().prefix;
    let all = files(&prefix);
    for file in [
        "include/a.h",
        "native/include/b.h",
        "share/config.site.toml",
        "share/licenses/a/COPYING",
    ] {
        let text = fs_err::read(prefix.join(file)).unwrap();
        fs_err::remove_file(prefix.join(file)).unwrap();
        let run = world.run();
        assert!(run.install().changed, "{file}");
        assert_eq!(fs_err::read(prefix.join(file)).unwrap(), text);
        assert_eq!(run.recorder.built(), [""; 0]);

        fs_err::write(prefix.join(file), "changed").unwrap();
        assert!(world.run().install().changed, "{file}");
        assert_eq!(fs_err::read(prefix.join(file)).unwrap(), text);
    }
    fs_err::remove_dir_all(prefix.join("native")).unwrap();
    assert!(world.run().install().changed);
    assert_eq!(files(&prefix), all);
}

#[test]
fn what_is_no_longer_selected_goes() {
    let world = World::new([Package::headers("a"), Package::headers("b")]);
    let prefix = world.run().install().prefix;
    assert!(prefix.join("include/b.h").is_file());
    world.write("packages/selection.toml", "[feature.x]\npackages = [\"a\"]\n");
    let run = world.run();
    assert!(run.install().changed);
    assert!(prefix.join("include/a.h").is_file());
    assert!(!prefix.join("include/b.h").exists());
    assert_eq!(run.recorder.built(), [""; 0]);
}

#[test]
fn going_back_and_forth_between_release_and_debug_builds_nothing_again() {
    let world = World::new([Package::library("a", "int a(void) { return 1; }\n")]);
    let library = |debug: &str| {
        let run = world.run().option("DEBUG", debug);
        let installed = run.install();
        assert!(installed.changed);
        let bytes = fs_err::read(installed.prefix.join("lib/liba.a")).unwrap();
        (bytes, run.recorder.built().len())
    };
    let (release, n_built) = library("0");
    assert_eq!(n_built, 1);
    let (debug, n_built) = library("1");
    assert_eq!(n_built, 1);
    assert_ne!(release, debug);
    assert_eq!(library("0"), (release, 0));
    assert_eq!(library("1"), (debug, 0));
}

#[test]
fn a_failed_run_leaves_the_prefix_as_it_was() {
    let world = World::new([Package::headers("a")]);
    let prefix = world.run().install().prefix;
    let before = state(&prefix);
    world.add(&Package::script("b", "exit 1"));
    world.run().failure();
    assert_eq!(state(&prefix), before);
}

#[test]
fn two_packages_that_bring_one_file_are_refused() {
    let world = World::new([
        Package::script("one", "echo 1 > $out/same"),
        Package::script("two", "echo 2 > $out/same"),
    ]);
    let message = world.run().failure();
    crate::support::assert_says(
        &message,
        &[
            "cannot compose",
            "same is in ",
            "one-1.0",
            ", and also in ",
            "two-1.0",
        ],
    );
    assert_eq!(
        files(&world.base().join("x86_64-pc-linux-gnu")),
        Vec::<PathBuf>::new()
    );
}

#[test]
fn no_build_is_left_in_the_work_directory() {
    let world = World::new([Package::headers("a")]);
    world.run().install();
    assert_eq!(files(&world.path("base/work/build")), Vec::<PathBuf>::new());
}
