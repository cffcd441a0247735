//! What the machine lacks is found before any download, and named with what carries it.

use std::os::unix::fs::symlink;

use depends::tool::SearchPath;

use crate::support::{Package, World, assert_says, child};

#[test]
fn a_compiler_that_is_not_there_is_named_before_any_download() {
    let world = World::new([Package::headers("a")]);
    for (option, expected) in [
        ("CC", "CC (no-such-program), needed by host"),
        ("x86_64_linux_CC", "CC (no-such-program)"),
        ("linux_AR", "AR (no-such-program)"),
    ] {
        let message = world.run().option(option, "no-such-program").failure();
        assert_says(&message, &["programs that the build needs are missing", expected]);
    }
    assert_eq!(world.server.requests(), [""; 0]);
}

#[test]
fn everything_that_is_missing_is_named_at_once() {
    let world = World::new([
        Package::headers("a").top("tools = [\"no-such-tool\"]"),
        Package::headers("b").top("tools = [\"nor-this\"]"),
    ]);
    let run = world
        .run()
        .option("CC", "no-such-cc")
        .option("CXX", "no-such-cxx");
    assert_says(
        &run.failure(),
        &[
            "CC (no-such-cc)",
            "CXX (no-such-cxx)",
            "no-such-tool (no-such-tool), needed by package a",
            "nor-this (nor-this), needed by package b",
            "with apt: apt-get install --no-install-recommends g++ gcc",
            "with dnf: dnf install gcc gcc-c++",
            "with brew: brew install gcc",
        ],
    );
    let message = world.run().failure();
    assert_says(&message, &["no-such-tool", "nor-this"]);
    assert_eq!(world.server.requests(), [""; 0]);
}

#[test]
fn a_program_that_steps_call_is_looked_for_before_any_download() {
    let steps = |program: &str| {
        let build = format!("system = \"steps\"\nbuild = [[\"sh\"], [{program:?}, \"x\"]]\nstage = []");
        Package::new("a", &build)
    };
    let world = World::new([steps("no-such-program")]);
    assert_says(
        &world.run().failure(),
        &["no-such-program (no-such-program), needed by package a"],
    );
    assert_eq!(world.server.requests(), [""; 0]);
    // A native dependency may bring it, and a variable is not known before.
    for package in [
        steps("no-such-program").needs_native(&["n"]),
        steps("{source}/run"),
    ] {
        let world = World::new([package, Package::headers("n")]);
        assert!(world.run().engine().plan().is_ok());
    }
}

#[test]
fn a_missing_build_tool_is_named_with_what_carries_it() {
    let world = World::new([Package::new("a", "system = \"cmake\"")]);
    let bin = world.path("bin");
    fs_err::create_dir(&bin).unwrap();
    let system = SearchPath::from_environment();
    for program in ["gcc", "g++", "ar", "ranlib", "nm", "strip", "as", "ld", "sh"] {
        symlink(system.find(program).unwrap(), bin.join(program)).unwrap();
    }
    let mut command = child::install(&world.run(), "");
    command.env("PATH", &bin);
    let message = child::finish(command).unwrap_err();
    assert_says(
        &message,
        &[
            "cmake (cmake), needed by package a",
            "make (make or gmake), needed by package a",
            "with apt: apt-get install --no-install-recommends cmake make",
            "with dnf: dnf install cmake make",
            "with brew: brew install cmake make",
        ],
    );
    assert_eq!(world.server.requests(), [""; 0]);
}

#[test]
fn a_cross_compiler_that_is_not_there_is_named_with_what_carries_it() {
    let host = "powerpc64-linux-gnu";
    let system = SearchPath::from_environment();
    if system.find(&format!("{host}-gcc")).is_some() {
        return;
    }
    let world = World::new([Package::headers("a")]);
    assert_says(
        &world.run().option("HOST", host).failure(),
        &[
            "CC (powerpc64-linux-gnu-gcc)",
            "with apt: apt-get install --no-install-recommends g++-powerpc64-linux-gnu",
            "with dnf: dnf install gcc-c++-powerpc64-linux-gnu",
        ],
    );
    assert_eq!(world.server.requests(), [""; 0]);
}

#[test]
fn a_tool_that_only_a_cached_package_needed_is_not_missed() {
    let world = World::new([Package::headers("a").top("tools = [\"sh\"]")]);
    world.run().install();
    fs_err::remove_dir_all(world.run().install().prefix).unwrap();
    let recipe = fs_err::read_to_string(world.path("packages/a/package.toml")).unwrap();
    let recipe = recipe.replace("tools = [\"sh\"]", "tools = [\"no-such-tool\"]");
    world.write("packages/a/package.toml", &recipe);
    assert!(world.run().install().changed);
}

#[test]
fn what_does_not_work_as_a_compiler_is_named_before_any_download() {
    let world = World::new([Package::headers("a")]);
    let program = world.write_program("bin/cc", "#!/bin/sh\necho 'no licence' >&2\nexit 1\n");
    let message = world.run().option("CC", &program).failure();
    assert_says(
        &message,
        &[
            &format!("{} does not work as a compiler", program.display()),
            "no licence",
        ],
    );
    assert_eq!(world.server.requests(), [""; 0]);
}

#[test]
fn a_launcher_before_the_compiler_finds_it_as_the_user_does() {
    let world = World::new([Package::library("a", "int a(void) { return 1; }\n")]);
    let launcher = world.write_program(
        "bin/launcher",
        "#!/bin/sh\n/usr/bin/env | /usr/bin/grep -q ^PATH= || { echo no PATH >&2; exit 1; }\nexec \"$@\"\n",
    );
    let value = format!("{} gcc", launcher.display());
    assert!(world.run().option("CC", value).install().changed);
}
