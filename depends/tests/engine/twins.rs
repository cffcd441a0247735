//! A package that is needed for the host and for the building machine is built once when both forms are the same.

use crate::support::{Package, World};

fn world() -> World {
    let world = World::new([
        Package::library("d", "int d(void) { return 1; }\n"),
        Package::library("lib", "int lib(void) { return 1; }\n").needs(&["d"]),
        Package::headers("user").needs(&["lib"]).needs_native(&["lib"]),
    ]);
    world.write("packages/selection.toml", "[feature.x]\npackages = [\"user\"]\n");
    world
}

#[test]
fn twins_with_one_plan_are_built_once_and_installed_twice() {
    let world = world();
    let run = world.run();
    let prefix = run.install().prefix;
    assert_eq!(run.recorder.built(), ["d", "lib", "user"]);
    for file in [
        "lib/liblib.a",
        "native/lib/liblib.a",
        "include/d.h",
        "native/include/d.h",
    ] {
        assert!(prefix.join(file).is_file(), "{file}");
    }
    assert!(!prefix.join("native/include/user.h").exists());
    assert_eq!(run.unit("lib").key, run.unit("native_lib").key);
}

#[test]
fn twins_with_other_plans_are_built_apart() {
    for (option, value) in [("DEBUG", "1"), ("CFLAGS", "-O0"), ("HOST_ID_SALT", "x")] {
        let world = world();
        let run = world.run().option(option, value);
        run.install();
        assert_eq!(
            run.recorder.built(),
            ["d", "lib", "native_d", "native_lib", "user"],
            "{option}"
        );
        assert_ne!(run.unit("lib").key, run.unit("native_lib").key);
    }
}

#[test]
fn what_is_not_compiled_is_one_package_for_every_platform_compiler_and_variant() {
    let world = world();
    world.add(&Package::headers("d"));
    let first = world.run();
    first.install();
    let key = first.unit("d").key;
    let archive = first.cached("d", "tar.gz");
    assert!(archive.starts_with(world.path("base/built/any/d")), "{archive:?}");
    let compiler = world.write_program("bin/cc", "#!/bin/sh\nexec gcc \"$@\"\n");
    let options = [
        ("DEBUG", "1"),
        ("CFLAGS", "-O0"),
        ("CPPFLAGS", "-DX"),
        ("LTO", "1"),
        ("CXX_STANDARD", "c++17"),
        ("CC", compiler.to_str().unwrap()),
    ];
    for (option, value) in options {
        let run = world.run().option(option, value);
        run.install();
        assert!(!run.recorder.built().contains(&"d".to_owned()), "{option}");
        assert_eq!(run.unit("d").key, key);
        assert_eq!(run.unit("native_d").key, key);
        // What is compiled against it is another for each.
        assert_ne!(run.unit("lib").key, first.unit("lib").key, "{option}");
    }
    let salted = world.run().option("HOST_ID_SALT", "x");
    assert_ne!(salted.unit("d").key, key);
    assert_eq!(salted.unit("native_d").key, key);
}

#[test]
fn native_tools_are_not_built_again_for_other_flags_of_the_host() {
    let world = world();
    world.run().install();
    let run = world.run().option("DEBUG", "1");
    run.install();
    assert_eq!(run.recorder.built(), ["d", "lib", "user"]);
}

#[test]
fn the_compiler_that_the_user_chooses_for_the_host_does_not_build_native_tools() {
    let world = world();
    let native = world.run().unit("native_lib").key;
    let compiler = world.write_program("bin/cc", "#!/bin/sh\nexec gcc \"$@\"\n");
    let run = world.run().option("CC", compiler);
    assert_eq!(run.unit("native_lib").key, native);
    assert_ne!(run.unit("lib").key, native);
}
