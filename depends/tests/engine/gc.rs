//! Collecting removes what is old, large or left over, and nothing that anybody needs.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use depends::engine::{Collected, Collection, What};

use crate::support::{Package, Run, World, assert_says, expect_success, files, told};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn library() -> World {
    World::new([Package::library("a", "int a(void) { return 1; }\n")])
}

fn collect(run: &Run, collection: &Collection) -> Collected {
    expect_success(run.engine().collect(collection))
}

/// Everything that no root keeps.
fn all() -> Collection {
    Collection {
        max_size: Some(0),
        ..Collection::default()
    }
}

fn removed(collected: &Collected, what: What) -> Vec<PathBuf> {
    let removed = collected.removed.iter().filter(|removed| removed.what == what);
    removed.map(|removed| removed.path.clone()).collect()
}

/// Sets the time of an entry's last use.
fn age(archive: &Path, age: Duration) {
    let stamp = PathBuf::from(archive.to_str().unwrap().replace(".tar.gz", ".used"));
    for path in [archive, &stamp] {
        let file = fs_err::File::options().write(true).open(path).unwrap();
        file.into_parts().0.set_modified(SystemTime::now() - age).unwrap();
    }
}

/// Waits until a condition holds.
fn wait_for(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < deadline, "waited for too long");
        std::thread::yield_now();
    }
}

#[test]
fn keys_live_side_by_side_until_they_are_old() {
    let world = library();
    let (debug, release) = (world.run().option("DEBUG", "1"), world.run());
    debug.install();
    release.install();
    for run in [&debug, &release] {
        let again = Run {
            recorder: Default::default(),
            ..run.clone()
        };
        again.install();
        assert_eq!(again.recorder.built(), [""; 0]);
    }
    let (old, new) = (debug.cached("a", "tar.gz"), release.cached("a", "tar.gz"));
    let collection = Collection {
        older_than: Some(30 * DAY),
        ..Collection::default()
    };
    assert_eq!(collect(&release, &collection).n_kept, 2);
    for archive in [&old, &new] {
        age(archive, 31 * DAY);
    }
    let dry = Collection {
        dry_run: true,
        ..collection.clone()
    };
    let would = collect(&release, &dry);
    assert!(old.is_file());
    let collected = collect(&release, &collection);
    assert_eq!(collected, would);
    assert_eq!(removed(&collected, What::Package), std::slice::from_ref(&old));
    assert!(collected.removed_bytes() > 0);
    assert_eq!((collected.n_kept, collected.n_rooted), (1, 1));
    let left = files(old.parent().unwrap());
    let of_old = old.file_name().unwrap().to_str().unwrap().replace(".tar.gz", "");
    assert!(
        new.is_file()
            && !left
                .iter()
                .any(|file| file.to_str().unwrap().starts_with(&of_old))
    );
    debug.install();
}

#[test]
fn what_a_run_found_or_left_untouched_counts_as_used() {
    let world = library();
    let run = world.run();
    run.install();
    let (archive, stamp) = (run.cached("a", "tar.gz"), run.cached("a", "used"));
    let is_fresh = || {
        let modified = fs_err::metadata(&stamp).unwrap().modified().unwrap();
        modified.elapsed().unwrap() < DAY
    };
    age(&archive, 9 * DAY);
    assert!(!run.install().changed && is_fresh());
    age(&archive, 9 * DAY);
    expect_success(run.engine().build_package("a", None));
    assert!(is_fresh());
    // A cache that cannot be written serves as well.
    fs_err::remove_file(&stamp).unwrap();
    fs_err::create_dir(&stamp).unwrap();
    fs_err::remove_dir_all(run.install().prefix).unwrap();
    assert!(run.install().changed);
}

#[test]
fn the_longest_unused_go_first_until_the_cache_fits() {
    let world = library();
    let salted = |salt: &str| world.run().option("HOST_ID_SALT", salt);
    for (salt, days) in [("one", 3), ("two", 5), ("three", 4)] {
        salted(salt).install();
        age(&salted(salt).cached("a", "tar.gz"), days * DAY);
    }
    world.run().install();
    let n_bytes = collect(&world.run(), &Collection::default()).kept_bytes;
    let collection = Collection {
        max_size: Some(n_bytes - n_bytes / 4 - 1),
        ..Collection::default()
    };
    let collected = collect(&world.run(), &collection);
    let expected = ["two", "three"].map(|salt| salted(salt).cached("a", "tar.gz"));
    assert_eq!(removed(&collected, What::Package), expected);
    assert!(collected.kept_bytes <= collection.max_size.unwrap());
}

#[test]
fn plans_prefixes_and_profiles_are_roots() {
    let world = library();
    let salted = |salt: &str| world.run().option("HOST_ID_SALT", salt);
    let profile = salted("one").install().profile;
    let kept = world.path("roots/release.toml");
    fs_err::create_dir(world.path("roots")).unwrap();
    fs_err::copy(&profile, &kept).unwrap();
    salted("two").install();
    salted("three").install();
    let rooted = |root: PathBuf| Collection {
        roots: vec![root],
        dry_run: true,
        ..all()
    };
    let archive = |salt: &str| salted(salt).cached("a", "tar.gz");
    for (run, collection, expected) in [
        (world.run(), all(), vec![archive("one"), archive("two")]),
        (salted("two"), all(), vec![archive("one")]),
        (world.run(), rooted(kept.clone()), vec![archive("two")]),
        (world.run(), rooted(world.path("roots")), vec![archive("two")]),
        (world.run(), rooted(profile), vec![archive("one"), archive("two")]),
    ] {
        let collection = Collection {
            dry_run: true,
            ..collection
        };
        let mut found = removed(&collect(&run, &collection), What::Package);
        let mut expected = expected;
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{:?}", collection.roots);
    }
    fs_err::write(&kept, "[not").unwrap();
    for root in [kept, world.path("absent"), world.path("base")] {
        let collection = Collection {
            dry_run: false,
            ..rooted(root.clone())
        };
        let error = world.run().engine().collect(&collection).unwrap_err();
        assert_says(&told(&error), &[root.to_str().unwrap(), "nothing was removed"]);
    }
    assert!(archive("one").is_file());
}

#[test]
fn a_run_keeps_what_it_found_until_it_ends() {
    let world = library();
    let (started, go) = (world.path("started"), world.path("go"));
    let wait = format!(
        "touch '{}'; while ! test -e '{}'; do sleep 0.05; done; echo b > $out/b",
        started.display(),
        go.display()
    );
    expect_success(world.run().engine().build_package("a", None));
    world.add(&Package::script("b", &wait).needs(&["a"]).watched());
    let archive = world.run().cached("a", "tar.gz");
    std::thread::scope(|scope| {
        let run = scope.spawn(|| world.run().install());
        wait_for(|| started.exists());
        let collected = collect(&world.run().option("HOST_ID_SALT", "other"), &all());
        // Whatever comes of this, the build must end.
        fs_err::write(&go, "").unwrap();
        assert_eq!(collected.in_use, [archive]);
        assert_eq!(removed(&collected, What::Scratch), [""; 0].map(PathBuf::from));
        assert_eq!(removed(&collected, What::Log), [""; 0].map(PathBuf::from));
        assert!(run.join().unwrap().prefix.join("include/a.h").is_file());
    });
    assert_eq!(world.run().recorder.built(), [""; 0]);
}

#[test]
fn runs_succeed_while_their_cache_is_collected_again_and_again() {
    let world = library();
    world.add(&Package::script("b", "echo b > $out/b").needs(&["a"]));
    let ended = AtomicBool::new(false);
    let shared = |base: &str| {
        world
            .run()
            .base(world.path(base))
            .option("BASE_CACHE", world.path("cache"))
    };
    std::thread::scope(|scope| {
        let collector = scope.spawn(|| {
            let run = shared("other").option("HOST_ID_SALT", "other");
            let mut n_removed = 0;
            while !ended.load(Ordering::SeqCst) {
                n_removed += removed(&collect(&run, &all()), What::Package).len();
            }
            n_removed
        });
        let installed = scope.spawn(|| {
            for _ in 0..15 {
                let installed = shared("base").install();
                assert!(installed.prefix.join("include/a.h").is_file());
                fs_err::remove_dir_all(installed.prefix).unwrap();
            }
        });
        let result = installed.join();
        ended.store(true, Ordering::SeqCst);
        assert!(collector.join().unwrap() > 0);
        result.unwrap();
    });
}

#[test]
fn leftovers_go_and_files_of_others_stay() {
    let world = World::new([Package::headers("a"), Package::phases("b", "", "exit 1", "")]);
    let run = world.run();
    run.failure();
    expect_success(run.engine().build_package("a", None));
    let archive = run.cached("a", "tar.gz");
    let host = run.engine().host().triplet.clone();
    let name = archive.file_name().unwrap().to_str().unwrap();
    let in_cache = |file: &str| archive.with_file_name(file).to_str().unwrap().to_owned();
    let stem = name.replace(".tar.gz", "");
    for file in [
        in_cache(&format!(".{stem}.Ab12Cd")),
        in_cache(".tmpAb12Cd"),
        in_cache("a-0.9-0123456789a.key.json"),
        in_cache("a-0.9-0123456789a.tar.gz.hash"),
        "base/work/fetch/crate-Ab12Cd/Cargo.toml".to_owned(),
        format!("base/.{host}-Ab12Cd/lib/liba.a"),
    ] {
        world.write(&file, "x");
    }
    // A prefix is composed under a lock, which the first composition makes.
    world.write(&format!("base/work/locks/{host}.lock"), "");
    let others = [
        in_cache("notes.txt"),
        in_cache(".hidden"),
        in_cache("a-0.8-0123456789b.tar.gz"),
        in_cache("a-0.8-0123456789b.tar.gz.hash"),
        in_cache("a-0.7-0123456789c.tar.gz.hash"),
        "base/mine/file".to_owned(),
        "base/sources/.a-1.0.tar.gz.Ab12Cd.part".to_owned(),
    ];
    for file in &others {
        world.write(file, "x");
    }
    let collected = collect(&run, &Collection::default());
    assert_eq!(removed(&collected, What::Leftover).len(), 4, "{collected:?}");
    assert_eq!(removed(&collected, What::Log).len(), 1, "{collected:?}");
    // The build that failed, the fetch and the prefix.
    assert_eq!(removed(&collected, What::Scratch).len(), 3, "{collected:?}");
    assert!(collected.removed.iter().all(|removed| !removed.path.exists()));
    assert!(others.iter().all(|file| world.path(file).exists()));
    assert!(archive.is_file());
    assert_eq!(collect(&run, &Collection::default()).removed, []);
}

#[test]
fn sources_that_no_recipe_names_go_when_asked_for() {
    let world = World::new([Package::headers("a")]);
    world.run().install();
    let old = world.write("base/sources/a-0.9.tar.gz", "old");
    let collection = Collection {
        sources: true,
        ..Collection::default()
    };
    collect(&world.run(), &Collection::default());
    assert!(old.is_file());
    let sources = world.path("base/sources");
    let collected = collect(&world.run().option("SOURCES_PATH", &sources), &collection);
    assert_eq!(collected.kept_sources.as_ref(), Some(&sources));
    assert!(old.is_file());
    let collected = collect(&world.run(), &collection);
    assert_eq!(removed(&collected, What::Source), [old]);
    assert!(world.path("base/sources/a-1.0.tar.gz").is_file());
}
