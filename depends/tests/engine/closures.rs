//! A change moves the keys of exactly those packages that it reaches: what is built for the host, what is built for the
//! building machine, and what needs either.

use std::collections::BTreeMap;

use depends::digest::Digest;
use depends::tool::SearchPath;

use crate::support::{Package, Run, World, child, files};

/// The packages, for the host; what the building machine has of them begins with `native_`.
const UNITS: [&str; 9] = [
    "base",
    "lib",
    "user",
    "gen",
    "header",
    "other",
    "native_base",
    "native_gen",
    "native_header",
];

fn library(name: &str) -> Package {
    Package::library(name, &format!("int {name}(void) {{ return 1; }}\n"))
}

fn packages() -> [Package; 6] {
    [
        library("base").needs(&["header"]),
        library("lib").needs(&["base"]),
        library("user").needs(&["lib"]).needs_native(&["gen"]),
        library("gen").needs(&["base"]),
        Package::headers("header"),
        library("other"),
    ]
}

fn keys(run: &Run) -> BTreeMap<&'static str, Digest> {
    let plan = run.plan();
    let key = |name| (name, plan.units[plan.find(name).unwrap()].key);
    UNITS.into_iter().map(key).collect()
}

/// Checks which keys differ between the runs.
#[track_caller]
fn check(before: &BTreeMap<&'static str, Digest>, after: &Run, expected: &[&str], change: &str) {
    let after = keys(after);
    let moved: Vec<&str> = UNITS
        .into_iter()
        .filter(|name| before[name] != after[name])
        .collect();
    assert_eq!(moved, expected, "{change}");
}

const HOST: [&str; 5] = ["base", "lib", "user", "gen", "other"];

#[test]
fn an_option_moves_what_is_built_for_its_platform_and_what_needs_that() {
    let world = World::new(packages());
    let before = keys(&world.run());
    let salted = ["base", "lib", "user", "gen", "header", "other"];
    let native = ["user", "native_base", "native_gen", "native_header"];
    let rows: [(&str, &str, &[&str]); 17] = [
        ("CFLAGS", "-O0", &HOST),
        ("CXXFLAGS", "-O0", &HOST),
        ("CPPFLAGS", "-DX", &HOST),
        ("LDFLAGS", "-Wl,-O1", &HOST),
        ("DEBUG", "1", &HOST),
        ("LTO", "1", &HOST),
        ("CC", "gcc -DX", &HOST),
        ("CXX", "g++ -DX", &HOST),
        ("HOST_ID_SALT", "pepper", &salted),
        ("BUILD_ID_SALT", "pepper", &native),
        ("ALLOW_HOST_PACKAGES", "1", &[]),
        ("LOG", "1", &[]),
        ("V", "1", &[]),
        ("SANDBOX", "off", &[]),
        ("DOWNLOAD_RETRIES", "9", &[]),
        ("DOWNLOAD_CONNECT_TIMEOUT", "9", &[]),
        ("FALLBACK_DOWNLOAD_PATH", "https://example.org", &[]),
    ];
    for (name, value, expected) in rows {
        check(&before, &world.run().option(name, value), expected, name);
    }
    let all = ["base", "lib", "user", "gen", "other", "native_base", "native_gen"];
    for (name, value) in [("C_STANDARD", "c17"), ("CXX_STANDARD", "c++17")] {
        check(&before, &world.run().option(name, value), &all, name);
    }
}

#[test]
fn a_recipe_moves_itself_and_what_needs_it() {
    let world = World::new(packages());
    let before = keys(&world.run());
    let rows: [(&str, &[&str]); 6] = [
        (
            "base",
            &["base", "lib", "user", "gen", "native_base", "native_gen"],
        ),
        ("lib", &["lib", "user"]),
        ("user", &["user"]),
        ("gen", &["user", "gen", "native_gen"]),
        (
            "header",
            &[
                "base",
                "lib",
                "user",
                "gen",
                "header",
                "native_base",
                "native_gen",
                "native_header",
            ],
        ),
        ("other", &["other"]),
    ];
    let patch = |name: &str| {
        format!("--- a/{name}.h\n+++ b/{name}.h\n@@ -1 +1 @@\n-int {name}(void);\n+int {name}(void); \n")
    };
    for (name, expected) in rows {
        let mut all = packages().into_iter();
        let package = all.find(|package| package.name() == name).unwrap();
        let changes: [(&str, Package); 4] = [
            ("version", package.clone().version("1.1")),
            ("source", package.clone().file("more", "")),
            ("patch", package.clone().patch("one.patch", &patch(name))),
            ("remove", package.clone().top("remove = [\"share/doc\"]")),
        ];
        for (change, changed) in changes {
            world.add(&changed);
            check(&before, &world.run(), expected, &format!("{change} of {name}"));
        }
        world.add(&package);
        check(&before, &world.run(), &[], name);
    }
}

#[test]
fn a_compiler_that_is_replaced_moves_what_it_compiles_and_what_needs_that() {
    let world = World::new(packages());
    let system = SearchPath::from_environment();
    for (option, program) in [
        ("CC", "gcc"),
        ("CXX", "g++"),
        ("AR", "ar"),
        ("RANLIB", "ranlib"),
        ("NM", "nm"),
        ("STRIP", "strip"),
    ] {
        let text = |word: &str| {
            let real = system.find(program).unwrap();
            format!("#!/bin/sh\n# {word}\nexec {} \"$@\"\n", real.display())
        };
        let wrapper = world.write_program("bin/wrapper", &text("one"));
        let run = world.run().option(option, &wrapper);
        let before = keys(&run);
        // As long and as old as the other, and of the same version: only the bytes differ.
        for (word, expected) in [("two", HOST.as_slice()), ("one", &[])] {
            let modified = fs_err::metadata(&wrapper).unwrap().modified().unwrap();
            world.write_program("bin/wrapper", &text(word));
            let file = fs_err::File::options().append(true).open(&wrapper).unwrap();
            file.file().set_modified(modified).unwrap();
            // No program is started while somebody may write to it.
            drop(file);
            check(&before, &run, expected, option);
        }
    }
}

/// The names of the packages in the cache, once for each key.
fn archives(run: &Run) -> Vec<String> {
    let names = files(&run.base.join("built")).into_iter().filter_map(|file| {
        let name = file.parent()?.file_name()?.to_str()?.to_owned();
        file.to_str()?.ends_with(".tar.gz").then_some(name)
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn a_compiler_of_the_building_machine_that_is_replaced_moves_native_packages_and_what_needs_them() {
    let world = World::new(packages());
    let system = SearchPath::from_environment();
    let real = |program: &str| system.find(program).unwrap();
    let run = [
        ("CC", "gcc"),
        ("CXX", "g++"),
        ("AR", "ar"),
        ("RANLIB", "ranlib"),
        ("NM", "nm"),
        ("STRIP", "strip"),
    ]
    .into_iter()
    .fold(world.run(), |run, (option, program)| {
        run.option(option, real(program))
    });
    let path = format!(
        "{}:{}",
        world.path("bin").display(),
        std::env::var("PATH").unwrap()
    );
    let mut before = Vec::new();
    for (word, expected) in [
        (
            "one",
            ["base", "base", "gen", "gen", "header", "lib", "other", "user"].as_slice(),
        ),
        ("one", &[]),
        ("two", &["base", "gen", "user"]),
    ] {
        let text = format!("#!/bin/sh\n# {word}\nexec {} \"$@\"\n", real("gcc").display());
        world.write_program("bin/gcc", &text);
        let mut process = child::install(&run, "");
        process.env("PATH", &path);
        child::finish(process).unwrap();
        let mut made = archives(&run);
        for name in &before {
            let at = made.iter().position(|other| other == name).unwrap();
            made.remove(at);
        }
        assert_eq!(made, expected, "{word}");
        before = archives(&run);
    }
}
