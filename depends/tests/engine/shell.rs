//! Working by hand in a package's build environment.

use std::ffi::OsString;
use std::process::ExitStatus;

use depends::observer::Phase;

use crate::support::{Package, World, assert_says, expect_success, told};

/// A package whose own commands, like those by hand, write down what they are given.
const REPORT: &str = "{ pwd; env; cat ../dependencies/include/a.h; } | grep -v '^_=\\|^SHLVL=\\|^MAKEFLAGS=\\|^CARGO_MAKEFLAGS=\\|^MFLAGS=' | sort";

fn world() -> World {
    let report = REPORT.replace('{', "{{").replace('}', "}}");
    World::new([
        Package::headers("a"),
        Package::phases("b", "", &format!("{report} > build-report"), "").needs(&["a"]),
    ])
}

fn run(world: &World, phase: Phase, command: &[&str]) -> ExitStatus {
    let words: Vec<OsString> = command.iter().map(OsString::from).collect();
    let engine = world.run().engine();
    expect_success(engine.shell("b", phase, |session| session.run(&words))).unwrap()
}

#[test]
fn a_command_by_hand_is_given_what_the_build_gives_its_own() {
    let world = world();
    let status = run(
        &world,
        Phase::Build,
        &["sh", "-c", &format!("{REPORT} > hand-report")],
    );
    assert!(status.success());
    let directory = world.run().engine().layout().unit(&world.run().unit("b"));
    let report = |name: &str| fs_err::read_to_string(directory.join("build").join(name)).unwrap();
    assert_eq!(report("build-report"), report("hand-report"));
    assert_says(&report("hand-report"), &["PKG_CONFIG_LIBDIR=", "#define a 1"]);
}

#[test]
fn the_exit_code_is_that_of_the_command_and_the_directory_stays() {
    let world = world();
    let status = run(&world, Phase::Preprocess, &["sh", "-c", "touch mine; exit 7"]);
    assert_eq!(status.code(), Some(7));
    let directory = world.run().engine().layout().unit(&world.run().unit("b"));
    assert!(directory.join("build/mine").is_file() && directory.join("source/COPYING").is_file());
    assert!(!directory.join("build/build-report").exists());
    // What somebody did by hand is no part of the package.
    world.run().install();
    assert!(!directory.exists());
}

#[test]
fn a_package_that_does_not_get_so_far_is_not_entered() {
    let world = World::new([Package::phases("b", "", "echo broken; exit 1", "")]);
    let engine = world.run().engine();
    let entered = engine.shell("b", Phase::Build, |_| -> Result<(), _> { panic!("entered") });
    assert_says(&told(&entered.unwrap_err()), &["Build of b failed", "broken"]);
}
