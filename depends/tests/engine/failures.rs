//! A build that fails says what, where and why, and is as if it had never been once its cause is gone.

use crate::support::{Package, World, assert_says};

#[test]
fn a_failure_names_package_phase_and_log() {
    let rows = [
        (
            Package::phases("p", "echo SAID; exit 1", "", "touch $out/x"),
            "Configure of p failed",
        ),
        (
            Package::phases("p", "", "echo SAID >&2; exit 1", "touch $out/x"),
            "Build of p failed",
        ),
        (
            Package::phases("p", "", "", "echo SAID; exit 1"),
            "Stage of p failed",
        ),
        (
            Package::new("p", "system = \"make\"").file("Makefile", "all:\n\t@echo SAID; exit 1\n"),
            "Build of p failed",
        ),
        (
            Package::new("p", "system = \"cmake\"").file("CMakeLists.txt", "message(FATAL_ERROR SAID)\n"),
            "Configure of p failed",
        ),
        (
            Package::new("p", "system = \"autotools\"").file("configure", "#!/bin/sh\necho SAID\nexit 1\n"),
            "Configure of p failed",
        ),
    ];
    for (package, expected) in rows {
        let world = World::new([package]);
        let message = world.run().failure();
        assert_says(
            &message,
            &[
                "p was not built",
                expected,
                "SAID",
                world.path("base/work").to_str().unwrap(),
                ".log",
            ],
        );
    }
}

#[test]
fn a_corrected_recipe_is_built_from_the_beginning() {
    let rows = [
        Package::phases("p", "exit 1", "", "touch $out/x"),
        Package::phases("p", "", "touch half; exit 1", "touch $out/x"),
        Package::phases("p", "", "touch half", "exit 1"),
        Package::script("p", "touch $out/{version}; echo {build} > $out/bad"),
        Package::script("p", "rm -r $out"),
    ];
    for package in rows {
        let world = World::new([package]);
        world.run().failure();
        world.add(&Package::phases(
            "p",
            "",
            "test ! -e half",
            "cp {source}/COPYING $out/x",
        ));
        assert_eq!(world.run().installed("x"), "Do as you like.\n");
    }
}

#[test]
fn what_failed_for_a_reason_outside_is_built_from_the_beginning_once_that_is_gone() {
    for phase in 0..3 {
        let world = World::new([]);
        let ready = world.path("ready");
        let scripts = [0, 1, 2].map(|at| {
            let wait = if at == phase {
                format!("test -e {}", ready.display())
            } else {
                String::new()
            };
            // A second run in the same directory would stumble over this.
            format!("mkdir {{build}}/begun-{at}\n{wait}\n")
        });
        let stage = format!("{}touch $out/x", scripts[2]);
        world.add(&Package::phases("p", &scripts[0], &scripts[1], &stage).watched());
        let key = world.run().unit("p").key;
        world.run().failure();
        world.write("ready", "");
        assert!(world.run().install().changed);
        assert_eq!(world.run().unit("p").key, key);
    }
}

#[test]
fn what_was_built_before_another_package_failed_is_kept() {
    let world = World::new([
        Package::headers("a"),
        Package::script("b", "exit 1").needs(&["a"]),
    ]);
    let run = world.run();
    let message = run.failure();
    assert_says(&message, &["one package not built", "b was not built"]);
    assert_eq!(run.recorder.built(), ["a", "b"]);
    world.add(&Package::script("b", "touch $out/b").needs(&["a"]));
    let run = world.run();
    run.install();
    assert_eq!(run.recorder.built(), ["b"]);
}

#[test]
fn what_a_recipe_promises_and_the_source_lacks_is_named() {
    let rows = [
        (
            Package::new(
                "p",
                "system = \"headers\"\nheaders = [{ from = \"none.h\", to = \"include/none.h\" }]",
            ),
            "the source of p has no none.h",
        ),
        (
            Package::new(
                "p",
                "system = \"headers\"\nheaders = [{ from = \"*.hpp\", to = \"include\" }]",
            ),
            "the source of p has no *.hpp",
        ),
        (
            Package::new(
                "p",
                "system = \"cc\"\nsources = [\"none.c\"]\nlibrary = \"p\"\nheaders = []\npkg-config = { name = \"p\" }",
            ),
            "the source of p has no none.c",
        ),
        (
            Package::new("p", "system = \"autotools\""),
            "the source of p has no configure",
        ),
        (Package::script("p", "rm -r $out"), "p installed nothing"),
    ];
    for (package, expected) in rows {
        let world = World::new([package]);
        assert_says(&world.run().failure(), &["p was not built", expected]);
    }
}

#[test]
fn logs_are_kept_beside_the_archives_when_asked_for() {
    for (value, kept) in [("0", false), ("1", true)] {
        let world = World::new([Package::phases("p", "", "echo SAID", "touch $out/x")]);
        let run = world.run().option("LOG", value);
        run.install();
        let log = run.cached("p", "log");
        assert_eq!(log.is_file(), kept, "LOG={value}");
        if kept {
            assert_says(&fs_err::read_to_string(log).unwrap(), &["SAID"]);
        }
    }
}
