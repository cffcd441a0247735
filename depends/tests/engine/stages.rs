//! One package, or one package as far as a phase: what `<package>` and `<package>_<stage>` do.

use depends::observer::Phase;

use crate::support::{Package, World, assert_says, expect_success, told};

const PATCH: &str = "--- a/text\n+++ b/text\n@@ -1 +1 @@\n-original\n+patched\n";

fn world() -> World {
    World::new([
        Package::headers("d"),
        Package::headers("unrelated"),
        Package::phases(
            "p",
            "touch configured",
            "touch built",
            "cp {source}/text {build}/built $out",
        )
        .file("text", "original\n")
        .patch("fix.patch", PATCH)
        .needs(&["d"])
        .top("remove = [\"built\"]"),
    ])
}

#[test]
fn a_package_is_left_where_the_phase_left_it() {
    let stage = "stage/depends-prefix";
    // The last file that each phase makes, and the text of the source file then.
    let rows = [
        (Phase::Extract, "source/text", "original\n"),
        (Phase::Preprocess, "dependencies/include/d.h", "patched\n"),
        (Phase::Configure, "build/configured", "patched\n"),
        (Phase::Build, "build/built", "patched\n"),
        (Phase::Stage, &format!("{stage}/built"), "patched\n"),
        (
            Phase::Postprocess,
            &format!("{stage}/share/licenses/p/COPYING"),
            "patched\n",
        ),
    ];
    let world = world();
    let run = world.run();
    let directory = run.engine().layout().unit(&run.unit("p"));
    for (at, (phase, made, text)) in rows.iter().enumerate() {
        expect_success(run.engine().build_package("p", Some(*phase)));
        let read = fs_err::read_to_string(directory.join("source/text")).unwrap();
        assert_eq!(read, *text, "{phase:?}");
        assert!(directory.join(made).exists(), "{phase:?}");
        for (later, made, _) in &rows[at + 1..] {
            let expected = *later == Phase::Postprocess && *phase == Phase::Postprocess;
            assert_eq!(
                directory.join(made).exists(),
                expected,
                "{later:?} after {phase:?}"
            );
        }
        assert!(!run.cached("p", "tar.gz").exists(), "{phase:?}");
    }
    assert!(!directory.join(stage).join("built").exists());
    assert!(run.install().changed);
    assert!(!directory.exists());
}

#[test]
fn the_sources_alone_are_fetched_for_the_first_stage() {
    let world = world();
    let run = world.run();
    expect_success(run.engine().build_package("p", Some(Phase::Fetch)));
    assert!(world.path("base/sources/p-1.0.tar.gz").is_file());
    assert!(!run.engine().layout().unit(&run.unit("p")).exists());
    assert_eq!(run.recorder.built(), [""; 0]);
}

#[test]
fn one_package_is_built_with_what_it_needs_and_nothing_else() {
    for phase in [None, Some(Phase::Cache)] {
        let world = world();
        let run = world.run();
        expect_success(run.engine().build_package("p", phase));
        assert_eq!(run.recorder.built(), ["d", "p"]);
        assert!(run.cached("p", "tar.gz").is_file(), "{phase:?}");
        expect_success(run.engine().check_package("p"));
        assert!(!run.engine().layout().prefix("x86_64-pc-linux-gnu").exists());
    }
}

#[test]
fn several_packages_are_built_in_one_run_each_as_far_as_it_is_asked_for() {
    let world = world();
    let run = world.run();
    let packages = [
        ("d", Some(Phase::Stage)),
        ("p", Some(Phase::Build)),
        ("unrelated", None),
    ];
    expect_success(run.engine().build_packages(&packages));
    // What another package needs is in the cache as well.
    for (name, is_cached) in [("d", true), ("p", false), ("unrelated", true)] {
        assert_eq!(run.cached(name, "tar.gz").is_file(), is_cached, "{name}");
    }
    let directory = |name: &str| run.engine().layout().unit(&run.unit(name));
    assert!(directory("d").join("stage/depends-prefix/include/d.h").is_file());
    assert!(directory("p").join("build/built").is_file());
    let error = run
        .engine()
        .build_packages(&[("d", None), ("no", None)])
        .unwrap_err();
    assert_says(&told(&error), &["there is no package no"]);
}

#[test]
fn a_phase_of_a_package_that_is_in_the_cache_is_gone_through_all_the_same() {
    let world = world();
    let run = world.run();
    run.install();
    expect_success(run.engine().build_package("p", Some(Phase::Build)));
    let directory = run.engine().layout().unit(&run.unit("p"));
    assert!(directory.join("build/built").is_file());
    assert!(!world.run().install().changed);
}

#[test]
fn the_native_form_has_stages_too() {
    let world = World::new([
        Package::headers("a").needs_native(&["tool"]),
        Package::headers("tool"),
    ]);
    let run = world.run().option("DEBUG", "1");
    expect_success(run.engine().build_package("native_tool", Some(Phase::Stage)));
    let directory = run.engine().layout().unit(&run.unit("native_tool"));
    assert!(directory.join("stage/depends-prefix/include/tool.h").is_file());
    let error = run.engine().build_package("native_tol", None).unwrap_err();
    assert_says(&told(&error), &["did you mean tool?"]);
}
