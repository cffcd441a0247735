//! The same inputs give the same bytes, wherever and by whomever they are built.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::support::{Package, Run, World, assert_says, child, files};

const C: &str = "#include <assert.h>\nint q(int x) { assert(x); return x; }\n\
                 const char *where(void) { return __FILE__ __DATE__ __TIME__; }\n";

fn packages() -> [Package; 4] {
    let makefile = "all:\n\t$(CC) $(CPPFLAGS) $(CFLAGS) -c m.c\n\
                    install:\n\tmkdir -p $(DESTDIR)$(PREFIX)/lib\n\tcp m.o $(DESTDIR)$(PREFIX)/lib\n";
    let cmake = "cmake_minimum_required(VERSION 3.5)\nproject(k C)\nadd_library(k k.c)\n\
                 install(TARGETS k EXPORT k)\ninstall(EXPORT k DESTINATION lib/cmake/k)\n";
    [
        Package::library("q", C),
        Package::new("m", "system = \"make\"")
            .file("Makefile", makefile)
            .file(
                "m.c",
                &format!("#include <q.h>\n{}", C.replace("int q(int x)", "int m(int x)")),
            )
            .needs(&["q"]),
        Package::new("k", "system = \"cmake\"")
            .file("CMakeLists.txt", cmake)
            .file("k.c", C)
            .needs(&["q"]),
        Package::script(
            "s",
            "umask > umask; mkdir -p $out/z/y $out/a; touch $out/z/y/file $out/a/file; chmod 600 $out/a/file\n\
             chmod 711 $out/a; printf '#!/bin/sh\\n' > $out/a/program; chmod 700 $out/a/program; ln -s a/file $out/link",
        ),
    ]
}

/// What lies in the cache, byte for byte.
fn cache(base: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let cache = base.join("built");
    let read = |file: PathBuf| {
        let bytes = fs_err::read(cache.join(&file)).unwrap();
        (file, bytes)
    };
    files(&cache).into_iter().map(read).collect()
}

#[track_caller]
fn assert_same_packages(one: &Run, other: &Run) {
    let (one, other) = (cache(&one.base), cache(&other.base));
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    assert!(one.keys().any(|file| file.to_string_lossy().ends_with(".tar.gz")));
    for (file, bytes) in &one {
        assert!(other[file] == *bytes, "{} differs", file.display());
    }
}

#[test]
fn neither_directory_nor_user_nor_machine_load_changes_an_archive() {
    let world = World::new(packages());
    for option in ["V", "DEBUG"] {
        let one = world
            .run()
            .option(option, "1")
            .base(world.path(&format!("one-{option}")))
            .jobs(1);
        let other = world
            .run()
            .option(option, "1")
            .base(world.path(&format!("another/and/deeper/place-{option}")))
            .jobs(4);
        child::finish(child::install(&one, "umask 022")).unwrap();
        let mut command = child::install(&other, "umask 077");
        command
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "Asia/Tokyo")
            .env("HOME", world.path("home"))
            .env("USER", "another");
        child::finish(command).unwrap();
        assert_same_packages(&one, &other);
    }
}

#[test]
fn a_macro_that_names_the_source_file_names_no_build_path() {
    let world = World::new([Package::library("q", C)]);
    let library = fs_err::read(world.run().install().prefix.join("lib/libq.a")).unwrap();
    let text = String::from_utf8_lossy(&library);
    assert_says(&text, &["/usr/src/q-1.0/source/q.c"]);
    assert!(!text.contains(world.base().to_str().unwrap()));
}

#[test]
fn a_header_of_a_dependency_found_by_pkg_config_names_no_build_path() {
    let header = "static inline const char *where(void) { return __FILE__; }\n";
    let makefile = "all:\n\t$(CC) $(CFLAGS) $$(pkg-config --cflags d) -c m.c\n\
                    install:\n\tmkdir -p $(DESTDIR)$(PREFIX)/lib\n\tcp m.o $(DESTDIR)$(PREFIX)/lib\n";
    let world = World::new([
        Package::library("d", "int d(void) { return 1; }\n").file("d.h", header),
        Package::new("m", "system = \"make\"")
            .file("Makefile", makefile)
            .file("m.c", "#include <d.h>\nconst char *m(void) { return where(); }\n")
            .needs(&["d"]),
    ]);
    assert!(world.run().install().changed);
}

#[test]
fn results_that_name_their_build_path_are_refused_and_named() {
    for (variable, directory) in [
        ("{build}", "build"),
        ("{source}", "source"),
        ("{dependencies}", "dependencies"),
        ("{native}", "native"),
    ] {
        let script =
            format!("mkdir $out/bin; printf 'x\\0{variable}' > $out/bin/where; echo > $out/bin/other");
        let world = World::new([Package::script("p", &script)]);
        let message = world.run().failure();
        assert_says(&message, &["p was not built", "bin/where"]);
        assert!(!message.contains("bin/other,"), "{directory}: {message}");
    }
}

#[test]
fn a_link_to_a_build_path_is_refused_and_named() {
    let world = World::new([Package::script("p", "ln -s {build}/x $out/link")]);
    assert_says(&world.run().failure(), &["p was not built", "link"]);
}
