//! `why` names the inputs that changed, whichever they are, and causes before what they cause.

use depends::tool::SearchPath;
use depends::why::{Difference, Why};

use crate::support::{Package, Run, World, assert_says, expect_success, told};

const PATCH: &str =
    "--- a/p.c\n+++ b/p.c\n@@ -1 +1 @@\n-int p(void) { return 1; }\n+int p(void) { return 2; }\n";

fn package() -> Package {
    Package::library("p", "int p(void) { return 1; }\n")
        .top("native-dependencies = [\"tool\"]")
        .top("dependencies = [\"d\"]")
        .top("options = [\"-DONE\"]")
        .patch("one.patch", PATCH)
}

fn world() -> World {
    World::new([
        package(),
        Package::library("d", "int d;\n").needs(&["e"]),
        Package::library("e", "int e;\n"),
        Package::library("tool", "int tool;\n"),
        Package::headers("more"),
    ])
}

fn why(run: &Run, name: &str) -> Why {
    expect_success(run.engine().why(name, None))
}

/// The answer in short: one line for each package and change, causes first.
fn lines(why: &Why) -> Vec<String> {
    let Some(comparison) = &why.comparison else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    for cause in comparison.causes_first() {
        for change in &cause.changes {
            let how = match &change.difference {
                Difference::Added(_) => "added".to_owned(),
                Difference::Removed(_) => "removed".to_owned(),
                Difference::Replaced { before, after } => format!("{before} -> {after}"),
                Difference::Members { removed, added } => {
                    format!("-{} +{}", removed.join(" "), added.join(" "))
                }
                Difference::Order { .. } => "order".to_owned(),
            };
            let is_digest = how.len() > 60;
            let how = if is_digest {
                "another digest".to_owned()
            } else {
                how
            };
            lines.push(format!("{}: {} {how}", cause.package, change.input));
        }
        for dependency in &cause.dependencies {
            let kind = if dependency.native { "native " } else { "" };
            let how = match (dependency.before, dependency.after) {
                (None, _) => "added",
                (_, None) => "removed",
                _ if dependency.why.is_none() => "unexplained",
                _ => "changed",
            };
            lines.push(format!(
                "{}: {kind}dependency {} {how}",
                cause.package, dependency.name
            ));
        }
    }
    lines
}

#[track_caller]
fn check(run: &Run, expected: &[&str]) {
    assert_eq!(lines(&why(run, "p")), expected, "{:?}", run.arguments);
}

#[test]
fn an_option_that_decides_the_result_is_named() {
    let world = world();
    world.run().install();
    let d = "p: dependency d changed";
    let e = "d: dependency e changed";
    let rows = [
        (
            ("CFLAGS", "-pipe -std=c11 -O0"),
            vec![
                "e: flags.c --O2 +-O0",
                "d: flags.c --O2 +-O0",
                e,
                "p: flags.c --O2 +-O0",
                d,
            ],
        ),
        (
            ("CXXFLAGS", "-pipe -std=c++20 -O2 -g"),
            vec![
                "e: flags.cxx - +-g",
                "d: flags.cxx - +-g",
                e,
                "p: flags.cxx - +-g",
                d,
            ],
        ),
        (
            ("CPPFLAGS", "-DX"),
            vec![
                "e: flags.cpp - +-DX",
                "d: flags.cpp - +-DX",
                e,
                "p: flags.cpp - +-DX",
                d,
            ],
        ),
        (
            ("LDFLAGS", "-s"),
            vec![
                "e: flags.ld - +-s",
                "d: flags.ld - +-s",
                e,
                "p: flags.ld - +-s",
                d,
            ],
        ),
        (
            ("C_STANDARD", "c17"),
            vec![
                "e: flags.c --std=c11 +-std=c17",
                "d: flags.c --std=c11 +-std=c17",
                e,
                "tool: flags.c --std=c11 +-std=c17",
                "p: flags.c --std=c11 +-std=c17",
                d,
                "p: native dependency tool changed",
            ],
        ),
        (
            ("HOST_ID_SALT", "pepper"),
            vec![
                "e: salt salt -> pepper",
                "d: salt salt -> pepper",
                e,
                "p: salt salt -> pepper",
                d,
            ],
        ),
        (
            ("BUILD_ID_SALT", "pepper"),
            vec!["tool: salt salt -> pepper", "p: native dependency tool changed"],
        ),
    ];
    for ((name, value), expected) in rows {
        check(&world.run().option(name, value), &expected);
    }
}

#[test]
fn what_changed_in_a_recipe_is_named() {
    let world = world();
    world.run().install();
    let rows = [
        (
            package().version("1.1"),
            &["p: source.sha256 another digest", "p: version 1.0 -> 1.1"][..],
        ),
        (package().file("more.c", ""), &["p: source.sha256 another digest"]),
        (package().top("[flags]\nc = [\"-DX\"]"), &["p: flags.c - +-DX"]),
        (
            package().top("remove = [\"include/p.h\"]"),
            &["p: remove - +include/p.h"],
        ),
        (
            package().patch("two.patch", PATCH),
            &["p: patches.two.patch added"],
        ),
        (
            Package::library("p", "int p(void) { return 1; }\n")
                .top("native-dependencies = [\"tool\"]")
                .top("dependencies = [\"d\"]")
                .top("options = [\"-DONE\"]")
                .patch("one.patch", &PATCH.replace("return 2", "return 3")),
            &["p: patches.one.patch another digest"],
        ),
        (
            Package::library("p", "int p(void) { return 1; }\n")
                .top("dependencies = [\"d\", \"more\"]")
                .top("options = [\"-DTWO\"]"),
            &[
                "p: options --DONE +-DTWO",
                "p: patches.one.patch removed",
                "p: dependency more added",
                "p: native dependency tool removed",
            ],
        ),
    ];
    for (package, expected) in rows {
        world.add(&package);
        check(&world.run(), expected);
    }
}

#[test]
fn the_order_of_patches_is_told_from_their_contents() {
    let again = "--- a/p.h\n+++ b/p.h\n@@ -1 +1,2 @@\n int p(void);\n+int q;\n";
    let ordered = |names: [&str; 2]| {
        let text = |name: &str| if name == "a" { PATCH } else { again };
        let package = Package::library("p", "int p(void) { return 1; }\n");
        names
            .into_iter()
            .fold(package, |package, name| package.patch(name, text(name)))
    };
    let world = World::new([ordered(["a", "b"])]);
    world.run().install();
    world.add(&ordered(["b", "a"]));
    check(&world.run(), &["p: patches order"]);
}

#[test]
fn the_cause_in_a_dependency_of_a_dependency_is_told_first() {
    let world = world();
    world.run().install();
    world.add(&Package::library("e", "int e = 1;\n"));
    check(
        &world.run(),
        &[
            "e: source.sha256 another digest",
            "d: dependency e changed",
            "p: dependency d changed",
        ],
    );
    // Nobody remembers what the dependency was.
    fs_err::remove_dir_all(world.path("base/work/records")).unwrap();
    let cache = world
        .run()
        .engine()
        .layout()
        .cache
        .join(world.run().unit("e").machine.triplet.clone());
    fs_err::remove_dir_all(cache.join("e")).unwrap();
    check(
        &world.run(),
        &["d: dependency e unexplained", "p: dependency d changed"],
    );
}

#[test]
fn the_program_of_the_toolchain_that_changed_is_named() {
    let (world, system) = (world(), SearchPath::from_environment());
    for (option, program, part) in [("CC", "gcc", "cc"), ("AR", "ar", "ar"), ("CXX", "g++", "cxx")] {
        let text = format!(
            "#!/bin/sh\nexec {} \"$@\"\n",
            system.find(program).unwrap().display()
        );
        let wrapper = world.write_program("bin/wrapper", &text);
        let run = world.run().option(option, &wrapper);
        run.install();
        world.write_program("bin/wrapper", &format!("{text}# patched\n"));
        let told = lines(&why(&run, "p"));
        assert_eq!(told[0], format!("e: toolchain.{part} another digest"), "{told:?}");
        assert!(
            told.iter()
                .all(|line| !line.contains("toolchain") || line.contains(part)),
            "{told:?}"
        );
    }
}

#[test]
fn a_program_behind_the_compiler_that_changed_is_named() {
    let (world, system) = (world(), SearchPath::from_environment());
    // A compiler that names another assembler as soon as there is one, and another version of the C library.
    let text = format!(
        "#!/bin/sh\nhere=$(dirname \"$0\")\ncase \"$*\" in\n\
         -print-prog-name=as) test ! -e $here/as || {{ echo $here/as; exit; }};;\n\
         *-dM*) test ! -e $here/as || echo '#define __GLIBC_MINOR__ 999';;\nesac\nexec {} \"$@\"\n",
        system.find("gcc").unwrap().display()
    );
    let wrapper = world.write_program("bin/wrapper", &text);
    let run = world.run().option("CC", &wrapper);
    run.install();
    world.write_program("bin/as", "#!/bin/sh\n");
    let told = expect_success(run.engine().why("e", None));
    let comparison = told.comparison.unwrap();
    let inputs: Vec<&str> = comparison
        .changes
        .iter()
        .map(|change| change.input.as_str())
        .collect();
    assert_eq!(inputs, ["toolchain.as", "toolchain.c macros"]);
    let Difference::Members { added, .. } = &comparison.changes[1].difference else {
        panic!("{comparison:?}");
    };
    assert!(added.contains(&"__GLIBC_MINOR__=999".to_owned()), "{added:?}");
}

#[test]
fn what_is_built_and_what_never_was_is_said() {
    let world = world();
    let run = world.run();
    let never = why(&run, "p");
    assert_eq!(
        (&never.archive, &never.against, &never.others),
        (&None, &None, &Vec::new())
    );
    run.install();
    let built = why(&run, "p");
    assert_eq!(built.archive, Some(run.cached("p", "tar.gz")));
    assert_eq!((built.against, built.comparison), (None, None));
    // A build for debugging is no earlier form of one for release.
    let debug = why(&world.run().option("DEBUG", "1"), "p");
    assert_eq!((&debug.against, debug.others.len()), (&None, 1));
    fs_err::remove_file(run.cached("p", "tar.gz.hash")).unwrap();
    assert_says(&why(&run, "p").damaged.unwrap(), &["digest is missing"]);
}

#[test]
fn a_failed_attempt_is_remembered() {
    let world = World::new([Package::script("p", "exit 3")]);
    world.run().failure();
    let told = why(&world.run(), "p");
    assert_says(&told.last_failure.unwrap(), &["p"]);
    assert_eq!(told.against, None);
}

#[test]
fn any_known_build_can_be_compared_with() {
    let world = world();
    world.run().install();
    let key = world.run().unit("p").key.to_string();
    let debug = world.run().option("DEBUG", "1");
    debug.install();
    let told = expect_success(debug.engine().why("p", Some(&key[..9])));
    assert!(
        lines(&told).contains(&"p: variant release -> debug".to_owned()),
        "{:?}",
        lines(&told)
    );
    let same = expect_success(world.run().engine().why("p", Some(&key.to_uppercase())));
    assert_eq!(lines(&same), [""; 0]);
    assert!(same.comparison.is_some());
    for (prefix, expected) in [("0123456789", "no key"), ("", "several keys"), ("xyz", "no key")] {
        let error = told_error(&debug, prefix);
        assert_says(&error, &[expected, "of p", &key[..16]]);
    }
}

fn told_error(run: &Run, prefix: &str) -> String {
    match run.engine().why("p", Some(prefix)) {
        Ok(why) => panic!("this should have failed: {why:?}"),
        Err(error) => told(&error),
    }
}

#[test]
fn a_build_that_is_gone_from_the_cache_is_compared_with_from_the_records() {
    let world = world();
    world.run().install();
    fs_err::remove_dir_all(world.path("base/built")).unwrap();
    world.add(&package().version("1.1"));
    let told = why(&world.run(), "p");
    assert_eq!(told.against.as_ref().unwrap().archive, None);
    assert_eq!(
        lines(&told),
        ["p: source.sha256 another digest", "p: version 1.0 -> 1.1"]
    );
}
