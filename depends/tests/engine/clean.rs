//! Cleaning removes what the engine made, and never a directory that the user supplied.

use std::path::PathBuf;

use crate::support::{Package, Run, World, expect_success, files};

fn installed(world: &World, run: &Run) -> PathBuf {
    let prefix = run.install().prefix;
    world.write("base/mine", "not the engine's");
    prefix
}

#[test]
fn clean_removes_all_but_the_sources_and_clean_all_these_too() {
    let world = World::new([Package::headers("a")]);
    let prefix = installed(&world, &world.run());
    let cleaned = expect_success(world.run().engine().clean(false));
    assert_eq!(cleaned.kept, Vec::<PathBuf>::new());
    assert!(cleaned.removed.contains(&prefix), "{cleaned:?}");
    assert_eq!(
        files(&world.base()),
        ["mine", "sources/a-1.0.tar.gz"].map(PathBuf::from)
    );
    assert!(world.run().offline().install().changed);

    expect_success(world.run().engine().clean(true));
    assert_eq!(files(&world.base()), [PathBuf::from("mine")]);
    let again = expect_success(world.run().engine().clean(true));
    assert!(again.removed.is_empty() && again.kept.is_empty(), "{again:?}");
}

#[test]
fn directories_that_the_user_supplied_stay() {
    let places = [
        ("their/cache", "their/sources"),
        // Wherever they are, also where the engine's own would be.
        ("base/built", "base/sources"),
        ("base/work/cache", "base/work/sources"),
        ("base/x86_64-pc-linux-gnu/cache", "base/built/sources"),
        ("base/sources/cache", "base/cache/sources"),
    ];
    for (cache, sources) in places {
        let world = World::new([Package::headers("a")]);
        let run = world
            .run()
            .option("BASE_CACHE", world.path(cache))
            .option("SOURCES_PATH", world.path(sources));
        let engine = run.engine();
        expect_success(engine.download(&[&engine.host().triplet]));
        expect_success(engine.build_package("a", None));
        let kept = [world.path(cache), world.path(sources)];
        let before = kept.clone().map(|directory| files(&directory));
        assert!(before.iter().all(|files| !files.is_empty()), "{cache} {sources}");
        for all in [false, true] {
            expect_success(engine.clean(all));
            let after = kept.clone().map(|directory| files(&directory));
            assert_eq!(after, before, "{cache} {sources} all: {all}");
        }
    }
}

#[test]
fn a_link_in_the_place_of_a_directory_is_not_followed() {
    let world = World::new([Package::headers("a")]);
    world.write("elsewhere/file", "x");
    fs_err::create_dir_all(world.base()).unwrap();
    fs_err::os::unix::fs::symlink(world.path("elsewhere"), world.path("base/built")).unwrap();
    let _ = world.run().engine().clean(true);
    assert!(world.path("elsewhere/file").is_file());
}
