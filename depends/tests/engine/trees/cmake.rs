//! A tree with a CMakeLists.txt.

use std::path::Path;
use std::process::Command;

use super::{
    Seen, clean, compiler, library, module_of_the_system, moved, printed, succeed, world, world_with,
};
use crate::support::{World, assert_says};

const LISTS: &str = r#"
cmake_minimum_required(VERSION 3.16)
project(user C CXX)
include(CheckIncludeFile)
check_include_file(stdio.h HAVE_STDIO)
option(WITH_WALLET "" OFF)
set(WITH_GUI "yes" CACHE STRING "")
find_program(T t)
find_program(TOOL other)
find_library(K_LIBRARY k REQUIRED)
find_path(K_INCLUDE k.h REQUIRED)
find_library(OF_SYSTEM m)
find_package(PkgConfig REQUIRED)
pkg_check_modules(K REQUIRED IMPORTED_TARGET k)
pkg_check_modules(OUTSIDE outside)
pkg_check_modules(MODULE OFSYSTEM)
add_executable(user user.c)
target_include_directories(user PRIVATE "${K_INCLUDE}")
target_link_libraries(user "${K_LIBRARY}")
add_executable(bypkg EXCLUDE_FROM_ALL user.c)
target_link_libraries(bypkg PkgConfig::K)
add_library(other STATIC other.cpp)
set(seen "")
foreach(name CMAKE_SYSTEM_NAME CMAKE_SYSTEM_PROCESSOR BASE WITH_WALLET WITH_GUI T TOOL K_LIBRARY K_INCLUDE OF_SYSTEM OUTSIDE_FOUND MODULE_FOUND HAVE_STDIO CMAKE_CROSSCOMPILING
    CMAKE_C_COMPILER CMAKE_C_COMPILER_ARG1 CMAKE_AR CMAKE_C_FLAGS CMAKE_C_FLAGS_DEBUG CMAKE_C_FLAGS_RELWITHDEBINFO CMAKE_PREFIX_PATH
    CMAKE_FIND_ROOT_PATH)
  string(APPEND seen "${name}=${${name}}\n")
endforeach()
file(WRITE "${CMAKE_BINARY_DIR}/seen" "${seen}")
"#;

fn tree(world: &World) {
    world.write(
        "user/CMakeLists.txt",
        &LISTS.replace("OFSYSTEM", &module_of_the_system()),
    );
    world.write(
        "user/user.c",
        "#include <k.h>\nint main(void) { return k() == 42 ? 0 : 1; }\n",
    );
    world.write("user/other.cpp", "int other() { return 1; }\n");
}

/// `cmake --toolchain …`, in a fresh directory.
fn configure(world: &World, prefix: &Path) -> Command {
    tree(world);
    let _ = fs_err::remove_dir_all(world.path("build"));
    again(world, prefix)
}

fn again(world: &World, prefix: &Path) -> Command {
    let mut command = Command::new("cmake");
    clean(&mut command)
        .current_dir(world.path("user"))
        .args(["-S", ".", "-B", "../build"])
        .arg(format!(
            "-DCMAKE_TOOLCHAIN_FILE={}",
            prefix.join("toolchain.cmake").display()
        ));
    command
}

fn seen(world: &World) -> Seen {
    Seen::read(&world.path("build/seen"))
}

/// Builds and runs the program that is linked as CMake finds the library, and the one as pkg-config does.
fn build(world: &World) {
    build_targets(world, &["user", "bypkg"]);
}

fn build_targets(world: &World, targets: &[&str]) {
    for target in targets {
        let mut command = Command::new("cmake");
        succeed(
            command
                .arg("--build")
                .arg(world.path("build"))
                .args(["--target", target]),
        );
        succeed(&mut Command::new(world.path("build").join(target)));
    }
}

#[test]
fn a_moved_prefix_is_found_at_any_path_that_cmake_can_hold() {
    let world = world();
    let mut prefix = moved(&world, &world.run(), "plain");
    for name in ["ä b", "a'b", "a(b)", "a$b", "a#b", "a&b"] {
        let odd = world.path(name);
        fs_err::rename(&prefix, &odd).unwrap();
        prefix = odd;
        succeed(&mut configure(&world, &prefix));
        let path = |name: &str| prefix.join(name).display().to_string();
        seen(&world).says(&[
            ("BASE", prefix.to_str().unwrap()),
            ("WITH_WALLET", "ON"),
            ("WITH_GUI", "no, \"$HOME\" ${HOME} \\"),
            ("T", &path("native/bin/t")),
            ("TOOL", &path("native/bin/t")),
            ("K_LIBRARY", &path("lib/libk.a")),
            ("K_INCLUDE", &path("include")),
            ("HAVE_STDIO", "1"),
            ("CMAKE_CROSSCOMPILING", "FALSE"),
            ("CMAKE_AR", "ar"),
            ("CMAKE_PREFIX_PATH", prefix.to_str().unwrap()),
            ("CMAKE_FIND_ROOT_PATH", prefix.to_str().unwrap()),
        ]);
        // CMake does not undo what pkg-config escapes in such a path.
        build_targets(&world, &["user"]);
    }
}

#[test]
fn the_file_may_be_read_again() {
    let world = world();
    let prefix = world.run().option("ALLOW_HOST_PACKAGES", "1").install().prefix;
    let configure = |mut command: Command| {
        succeed(command.env("PKG_CONFIG_PATH", world.path("elsewhere")));
        seen(&world).0
    };
    let first = configure(self::configure(&world, &prefix));
    assert_eq!(configure(again(&world, &prefix)), first);
    assert_eq!(configure(again(&world, &prefix)), first);
}

#[test]
fn a_path_that_cmake_cannot_hold_is_refused() {
    let world = world();
    let mut prefix = moved(&world, &world.run(), "plain");
    for name in ["a;b", "a[b", "a\"b"] {
        let odd = world.path(name);
        fs_err::rename(&prefix, &odd).unwrap();
        prefix = odd;
        let output = configure(&world, &prefix).output().unwrap();
        assert!(!output.status.success(), "{name}");
        assert_says(&printed(&output), &["CMake cannot use this path"]);
    }
}

#[test]
fn what_is_outside_the_prefix_is_found_only_with_allow_host_packages() {
    let world = world();
    for value in ["0", "1"] {
        let prefix = world.run().option("ALLOW_HOST_PACKAGES", value).install().prefix;
        let mut command = configure(&world, &prefix);
        succeed(command.env("PKG_CONFIG_PATH", world.path("elsewhere")));
        let seen = seen(&world);
        let found = [
            seen.value("OUTSIDE_FOUND") == "1",
            seen.value("MODULE_FOUND") == "1",
            seen.value("OF_SYSTEM").ends_with("libm.so"),
        ];
        assert_eq!(found, [value == "1"; 3], "{}", seen.0);
        build(&world);
    }
}

#[test]
fn the_users_choices_win_but_for_binary_tools() {
    let world = world();
    let prefix = world.run().option("NO_WALLET", "1").install().prefix;
    succeed(&mut configure(&world, &prefix));
    seen(&world).says(&[("WITH_WALLET", "OFF")]);

    let (first, second) = (compiler(&world, "first"), compiler(&world, "second"));
    let mut command = configure(&world, &prefix);
    command
        .args(["-DWITH_WALLET=ON", "-DWITH_GUI=qt", "-DTOOL=/bin/sh"])
        .env("CC", &first)
        .env("CFLAGS", "-O0")
        .env("AR", "/no/such/ar");
    succeed(&mut command);
    let seen_first = seen(&world);
    seen_first.says(&[
        ("WITH_WALLET", "ON"),
        ("WITH_GUI", "qt"),
        ("TOOL", "/bin/sh"),
        ("CMAKE_C_COMPILER", first.to_str().unwrap()),
        ("CMAKE_AR", "ar"),
    ]);
    assert!(
        seen_first.value("CMAKE_C_FLAGS").ends_with("-std=c11 -O0"),
        "{}",
        seen_first.0
    );
    build(&world);

    let mut command = configure(&world, &prefix);
    succeed(
        command
            .env("CC", &first)
            .arg(format!("-DCMAKE_C_COMPILER={}", second.display())),
    );
    seen(&world).says(&[("CMAKE_C_COMPILER", second.to_str().unwrap())]);
}

#[test]
fn compilers_and_flags_are_those_of_the_packages() {
    let world = world();
    let compiler = compiler(&world, "theircc");
    let run = world
        .run()
        .option("CC", format!("{} -DTHEIRS=1 -DMORE", compiler.display()));
    let prefix = run.install().prefix;
    succeed(&mut configure(&world, &prefix));
    let seen_default = seen(&world);
    seen_default.says(&[("CMAKE_C_COMPILER", compiler.to_str().unwrap())]);
    assert_says(
        seen_default.value("CMAKE_C_COMPILER_ARG1"),
        &["-DTHEIRS=1 -DMORE"],
    );
    assert_says(seen_default.value("CMAKE_C_FLAGS"), &["-pipe -std=c11"]);
    assert_says(seen_default.value("CMAKE_C_FLAGS_DEBUG"), &["-O1 -g"]);
    assert_says(seen_default.value("CMAKE_C_FLAGS_RELWITHDEBINFO"), &["-O2"]);
    build(&world);

    let prefix = run
        .option("CFLAGS", "-O1 -DX=\"$y\"")
        .option("DEBUG", "1")
        .install()
        .prefix;
    succeed(&mut configure(&world, &prefix));
    assert_says(
        seen(&world).value("CMAKE_C_FLAGS"),
        &["-D_GLIBCXX_DEBUG -D_GLIBCXX_DEBUG_PEDANTIC -O1 -DX=\"$y\""],
    );
}

#[test]
fn another_host_is_cross_compiled_for_with_native_programs() {
    let excuse =
        "lint.allow = [{ rule = \"wrong-machine\", path = \"lib/libk.a\", why = \"this compiler serves\" }]";
    let world = world_with(library().top(excuse));
    let mut run = world.run().option("HOST", "aarch64-linux-gnu");
    for (tool, program) in [
        ("CC", "gcc -D__aarch64__=1"),
        ("CXX", "g++ -D__aarch64__=1"),
        ("AR", "ar"),
        ("RANLIB", "ranlib"),
        ("NM", "nm"),
        ("STRIP", "strip"),
    ] {
        run = run.option(tool, program);
    }
    let prefix = run.install().prefix;
    succeed(&mut configure(&world, &prefix));
    seen(&world).says(&[
        ("CMAKE_CROSSCOMPILING", "TRUE"),
        ("CMAKE_SYSTEM_NAME", "Linux"),
        ("CMAKE_SYSTEM_PROCESSOR", "aarch64"),
        ("T", &prefix.join("native/bin/t").display().to_string()),
    ]);
}
