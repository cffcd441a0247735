//! A build sees what its recipe declares, and nothing of whoever started it.

use crate::support::{Package, World, assert_says, child};

/// A package that compiles a file which includes `header`.
fn includes(header: &str) -> Package {
    let build =
        "system = \"cc\"\nsources = [\"p.c\"]\nlibrary = \"p\"\nheaders = []\npkg-config = { name = \"p\" }";
    let code = format!("#include <{header}.h>\nint p(void) {{ return {header}; }}\n");
    Package::new("p", build).file("p.c", &code)
}

#[test]
fn only_declared_dependencies_are_there() {
    let world = World::new([Package::headers("d"), Package::headers("other").needs(&["d"])]);
    world.add(&includes("d").needs(&["other"]));
    // What a dependency needs is there as well: its headers may include it.
    assert!(world.run().install().changed);

    world.add(&includes("d"));
    let message = world.run().failure();
    assert_says(&message, &["Build of p failed", "d.h"]);

    world.add(&includes("d").needs(&["d"]));
    assert!(world.run().install().changed);
}

#[test]
fn a_native_dependency_is_not_compiled_against() {
    let world = World::new([Package::headers("d")]);
    world.add(&includes("d").needs_native(&["d"]));
    assert_says(&world.run().failure(), &["Build of p failed", "d.h"]);
}

#[test]
fn a_native_tool_runs_from_the_native_prefix() {
    let tool = Package::script(
        "tool",
        "mkdir $out/bin; printf '#!/bin/sh\\necho made by tool\\n' > $out/bin/tool; chmod 755 $out/bin/tool",
    );
    let user = Package::script(
        "user",
        "tool > $out/on-path; {native}/bin/tool > $out/by-name; command -v tool | grep '^{native}/bin/tool$'",
    )
    .needs_native(&["tool"]);
    let world = World::new([tool, user]);
    world.write("packages/selection.toml", "[feature.x]\npackages = [\"user\"]\n");
    for file in ["on-path", "by-name"] {
        assert_eq!(world.run().installed(file), "made by tool\n");
    }
    let prefix = world.run().install().prefix;
    assert!(prefix.join("native/bin/tool").is_file());
    assert!(!prefix.join("bin/tool").exists());
    assert!(prefix.join("on-path").is_file());

    world.add(&Package::script("user", "tool > $out/on-path"));
    assert_says(
        &world.run().failure(),
        &["user was not built", "Stage of user failed"],
    );
}

#[test]
fn a_native_tool_comes_before_one_of_the_system() {
    let tool = Package::script(
        "tool",
        "mkdir $out/bin; printf '#!/bin/sh\\necho ours\\n' > $out/bin/ls; chmod 755 $out/bin/ls",
    );
    let user = Package::script("user", "ls > $out/told").needs_native(&["tool"]);
    let world = World::new([tool, user]);
    assert_eq!(world.run().installed("told"), "ours\n");
}

#[test]
fn nothing_of_the_callers_environment_reaches_a_build() {
    let world = World::new([Package::phases(
        "p",
        "env | sort > env; readlink /proc/self/fd/0 > stdin",
        "touch $TMPDIR/tmp; echo $HOME > home; echo $TMPDIR > tmp",
        "cd {build}; sed \"s,$(dirname {build}),WORK,g\" env > $out/env; cp stdin $out; \
         sed \"s,$(dirname {build}),WORK,g\" home tmp > $out/private",
    )]);
    let mut command = child::install(&world.run(), "");
    command
        .env("SECRET_OF_THE_CALLER", "1")
        .env("LD_LIBRARY_PATH", "/caller/lib")
        .env("CPATH", "/caller/include")
        .env("LIBRARY_PATH", "/caller/lib")
        .env("C_INCLUDE_PATH", "/caller/include")
        .env("PKG_CONFIG_PATH", "/caller/pkgconfig")
        .env("CMAKE_PREFIX_PATH", "/caller")
        .env("MAKEFLAGS", "--keep-going")
        .env("LC_ALL", "C.UTF-8")
        .env("TZ", "Asia/Tokyo")
        .env("HOME", "/caller/home")
        .env("TERM", "caller-term")
        .env("GCC_COLORS", "caller");
    child::finish(command).unwrap();
    let told = world.run().installed("env");
    for word in ["caller", "SECRET", "keep-going", "UTF-8", "Tokyo"] {
        assert!(!told.contains(word), "{word} in {told}");
    }
    assert_says(&told, &["LC_ALL=C\n", "TZ=UTC\n", "HOME=WORK/", "TMPDIR=WORK/"]);
    assert_eq!(world.run().installed("stdin"), "/dev/null\n");
    let private = world.run().installed("private");
    assert_eq!(
        private.lines().filter(|line| line.starts_with("WORK/")).count(),
        2,
        "{private}"
    );
}

#[test]
fn the_callers_environment_does_not_change_keys() {
    let world = World::new([Package::headers("p")]);
    let key = world.run().unit("p").key;
    let mut command = child::install(&world.run(), "");
    command
        .env("CPATH", world.base())
        .env("LANG", "de_DE.UTF-8")
        .env("GCC_EXEC_PREFIX", "/caller")
        .env("SOURCE_DATE_EPOCH", "5");
    child::finish(command).unwrap();
    assert!(world.run().cached("p", "tar.gz").is_file());
    assert_eq!(world.run().unit("p").key, key);
}
