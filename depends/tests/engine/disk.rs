//! A disk that is full at any moment is an error that says so, and spoils nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::support::{Package, World, assert_says, child, expect_success, files};

/// How much larger each disk is than the one before, in KiB.
const STEP: usize = 48;

/// Letters and digits that do not pack well.
fn noise(n_bytes: usize) -> String {
    let mut state = 1_u64;
    let letter = |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        char::from(b'@' + u8::try_from(state >> 58).unwrap())
    };
    (0..n_bytes).map(letter).collect()
}

/// A package that needs more room with every phase, and two that need it in the prefix.
fn world() -> World {
    let large =
        |name: &str| Package::script(name, &format!("printf '%200000s' {name} > $out/{name}")).needs(&["a"]);
    World::new([
        Package::phases(
            "a",
            "",
            "cp {source}/data {build}/data",
            "cp {build}/data $out/data",
        )
        .file("data", &noise(100_000)),
        large("b"),
        large("c"),
    ])
}

/// All files of a cache and what is in them.
fn contents(cache: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let read = |file: PathBuf| {
        let bytes = fs_err::read(cache.join(&file)).unwrap();
        (file, bytes)
    };
    files(cache).into_iter().map(read).collect()
}

/// What was being done when the disk was full.
fn stage(message: &str) -> &'static str {
    let told = [
        ("cannot keep its source", "fetch"),
        ("Build of ", "build"),
        ("Stage of ", "stage"),
        ("cannot store the package", "store"),
        ("cannot compose", "compose"),
        ("/.unpack-", "extract"),
    ];
    let found = told.iter().find(|(words, _)| message.contains(words));
    found.map_or("other", |(_, stage)| *stage)
}

/// Runs on a disk of `size` KiB, then again on the same with room enough, and keeps what the cache had each time below
/// `kept`; returns what the first run said.
fn run_twice(world: &World, size: usize, kept: &Path) -> String {
    fs_err::create_dir_all(kept).unwrap();
    let (base, cache, report) = (world.base(), world.path("base/built"), kept.join("report"));
    fs_err::create_dir_all(&base).unwrap();
    let script = format!(
        "set -e\nmount -t tmpfs -o size={size}k none '{base}'\n{variable}='{report}' \"$0\" \"$@\"\n\
         if test -d '{cache}'; then cp -a '{cache}' '{kept}/first'; fi\nmount -o remount,size=64m '{base}'\n\"$0\" \"$@\"\n\
         cp -a '{cache}' '{kept}/second'\nexit 0",
        base = base.display(),
        cache = cache.display(),
        report = report.display(),
        kept = kept.display(),
        variable = child::REPORT,
    );
    let process = child::install(&world.run().jobs(1), &script);
    let namespaces = ["--user", "--map-root-user", "--mount"];
    child::finish(child::unshare(&namespaces, &process)).unwrap();
    fs_err::read_to_string(report).unwrap()
}

#[test]
fn a_full_disk_is_told_with_its_place_and_the_next_run_with_room_is_clean() {
    let clean = world();
    clean.run().install();
    let expected = contents(&clean.path("base/built"));
    let mut stages = BTreeSet::new();
    let world = world();
    for size in (1..).map(|turn| turn * STEP) {
        let kept = world.path(&format!("kept-{size}"));
        let message = run_twice(&world, size, &kept);
        if message == "installed" {
            break;
        }
        let stage = stage(&message);
        stages.insert(stage);
        let full = match stage {
            "build" | "stage" => "is full; what was built before is kept",
            _ => "No space left on device",
        };
        assert_says(&message, &[full, world.base().to_str().unwrap()]);

        // What the first run left is whole, and the second made the rest and nothing else.
        let found = world
            .run()
            .base(world.path("another"))
            .option("BASE_CACHE", kept.join("first"));
        expect_success(found.engine().check_packages());
        let second = contents(&kept.join("second"));
        assert_eq!(
            second.keys().collect::<Vec<_>>(),
            expected.keys().collect::<Vec<_>>(),
            "{size} KiB: {message}"
        );
        assert!(second == expected, "{size} KiB: {message}");
    }
    for stage in ["fetch", "extract", "build", "stage", "store", "compose"] {
        assert!(stages.contains(stage), "{stage} is missing in {stages:?}");
    }
}
