//! The key moves with everything that decides a package, and with nothing else.

use depends::digest::Digest;
use depends::tool::SearchPath;

use crate::support::{Package, Run, World, assert_says};

const PATCH: &str =
    "--- a/p.c\n+++ b/p.c\n@@ -1 +1 @@\n-int p(void) { return 1; }\n+int p(void) { return 2; }\n";

fn package() -> Package {
    Package::library("p", "int p(void) { return 1; }\n")
        .top("native-dependencies = [\"tool\"]")
        .top("dependencies = [\"d\"]")
        .top("options = [\"-DONE\"]")
}

fn world() -> World {
    World::new([
        package(),
        Package::headers("d").needs(&["e"]),
        Package::headers("e"),
        Package::headers("tool"),
        Package::headers("unrelated"),
    ])
}

fn key(run: &Run) -> Digest {
    run.unit("p").key
}

#[test]
fn options_that_decide_the_result_change_the_key() {
    let world = world();
    let original = key(&world.run());
    let rows = [
        ("CFLAGS", "-O0"),
        ("CXXFLAGS", "-O0"),
        ("CPPFLAGS", "-DX"),
        ("LDFLAGS", "-Wl,-O1"),
        ("DEBUG", "1"),
        ("LTO", "1"),
        ("C_STANDARD", "c17"),
        ("CXX_STANDARD", "c++17"),
        ("HOST_ID_SALT", "pepper"),
        ("BUILD_ID_SALT", "pepper"),
        ("CC", "gcc -DX"),
    ];
    let mut keys = vec![original];
    for (name, value) in rows {
        let changed = key(&world.run().option(name, value));
        assert!(!keys.contains(&changed), "{name}={value}");
        keys.push(changed);
    }
}

#[test]
fn what_a_recipe_says_changes_the_key() {
    let world = world();
    let original = key(&world.run());
    let rows = [
        package().version("1.1"),
        package().file("more.c", "int more;\n"),
        package().only(&["COPYING", "p.c", "p.h"]),
        package().only(&["COPYING", "p.*"]),
        package().top("[flags]\nc = [\"-DX\"]"),
        package().top("[flags]\nld = [\"-DX\"]"),
        package().top("remove = [\"include/p.h\"]"),
        package().patch("one.patch", PATCH),
        package().patch("one.patch", &PATCH.replace("return 2", "return 3")),
        package().end("[when.'cfg(unix)']\noptions = [\"-DX\"]"),
        package().allows("place", "p"),
        package().watched(),
        Package::library("p", "int p(void) { return 1; }\n"),
    ];
    let mut keys = vec![original];
    for package in rows {
        world.add(&package);
        let changed = key(&world.run());
        assert!(!keys.contains(&changed), "{}", package.recipe(&world.server));
        keys.push(changed);
    }
    world.add(&package());
    assert_eq!(key(&world.run()), original);
}

#[test]
fn the_order_of_patches_changes_the_key() {
    let world = world();
    let mut keys = Vec::new();
    for names in [["a", "b"], ["b", "a"]] {
        let add = |package: Package, name: &str| package.patch(name, PATCH);
        world.add(&names.into_iter().fold(package(), add));
        keys.push(key(&world.run()));
    }
    assert_ne!(keys[0], keys[1]);
}

#[test]
fn what_a_dependency_is_made_of_changes_the_key() {
    let world = world();
    let original = key(&world.run());
    let changed = [
        Package::headers("d").needs(&["e"]).version("1.1"),
        Package::headers("e").file("more.h", ""),
        Package::headers("tool").version("2"),
    ];
    for package in changed {
        world.add(&package);
        assert_ne!(key(&world.run()), original, "{}", package.name());
        world.add(&Package::headers("d").needs(&["e"]));
        world.add(&Package::headers("e"));
        world.add(&Package::headers("tool"));
        assert_eq!(key(&world.run()), original);
    }
}

#[test]
fn a_compiler_with_other_contents_changes_the_key_whatever_its_version_says() {
    let (world, system) = (world(), SearchPath::from_environment());
    for (option, program) in [("CC", "gcc"), ("CXX", "g++"), ("AR", "ar"), ("RANLIB", "ranlib")] {
        let text = format!(
            "#!/bin/sh\nexec {} \"$@\"\n",
            system.find(program).unwrap().display()
        );
        let wrapper = world.write_program("bin/wrapper", &text);
        let run = world.run().option(option, &wrapper);
        let original = key(&run);
        // Longer, because a changed file is told from an unchanged one by its size and time.
        world.write_program("bin/wrapper", &format!("{text}# patched\n"));
        let changed = key(&run);
        assert_ne!(changed, original, "{option}");
        world.write_program("bin/wrapper", &text);
        assert_eq!(key(&run), original, "{option}");
        let moved = world.write_program("other-bin/wrapper", &text);
        assert_eq!(key(&world.run().option(option, moved)), original, "{option}");
    }
}

#[test]
fn what_does_not_decide_the_result_leaves_the_key() {
    let world = world();
    let original = key(&world.run());
    let runs = [
        world.run().jobs(7),
        world.run().offline(),
        world.run().base(world.path("elsewhere/deep")),
        world.run().options(&[("V", "1"), ("LOG", "1")]),
        world
            .run()
            .option("SOURCES_PATH", world.path("sources"))
            .option("BASE_CACHE", world.path("cache")),
        world
            .run()
            .option("FALLBACK_DOWNLOAD_PATH", "https://example.org"),
        world.run().option("DEBUG", "0"),
    ];
    for run in runs {
        assert_eq!(key(&run), original, "{:?}", run.arguments);
    }
}

#[test]
fn how_a_recipe_is_written_leaves_the_key() {
    let world = world();
    let original = key(&world.run());
    let recipe = package().recipe(&world.server);
    let lines: Vec<&str> = recipe.lines().collect();
    let (top, rest) = lines.split_at(10);
    let mut reversed = top.to_vec();
    reversed.reverse();
    let rows = [
        format!("# A comment\n\n{}", recipe.replace('\n', "  # more\n")),
        recipe.replace(" = ", "   =\t"),
        recipe.replace('\n', "\r\n"),
        format!("{}\n{}", reversed.join("\n"), rest.join("\n")),
        recipe.replace(&world.server.url("/"), "https://example.org/"),
    ];
    for text in rows {
        world.write("packages/p/package.toml", &text);
        assert_eq!(key(&world.run()), original, "{text}");
    }
    fs_err::rename(world.path("packages/p"), world.path("packages/renamed")).unwrap();
    assert_eq!(key(&world.run()), original);
}

#[test]
fn what_describes_a_package_changes_the_key_where_it_is_in_the_package() {
    let world = World::new([Package::headers("p"), Package::library("l", "int l;\n")]);
    let keys = || ["p", "l"].map(|name| world.run().unit(name).key);
    let original = keys();
    for (word, other) in [
        ("For a test", "Another"),
        ("https://example.org\"", "https://example.com\""),
    ] {
        for name in ["p", "l"] {
            let path = format!("packages/{name}/package.toml");
            let recipe = fs_err::read_to_string(world.path(&path)).unwrap();
            assert!(recipe.contains(word), "{recipe}");
            world.write(&path, &recipe.replace(word, other));
        }
        let changed = keys();
        // A library's .pc file has both.
        assert_eq!(
            (changed[0], changed[1] == original[1]),
            (original[0], false),
            "{word}"
        );
    }
}

#[test]
fn the_files_times_and_places_leave_the_key() {
    let world = world();
    world.add(&package().patch("one.patch", PATCH));
    let original = key(&world.run());
    for file in ["package.toml", "patches/one.patch"] {
        let file = fs_err::OpenOptions::new()
            .append(true)
            .open(world.path("packages/p").join(file))
            .unwrap();
        file.file().set_modified(std::time::UNIX_EPOCH).unwrap();
    }
    assert_eq!(key(&world.run()), original);
    fs_err::rename(world.recipes(), world.path("moved")).unwrap();
    let mut run = world.run();
    run.recipes = world.path("moved");
    assert_eq!(key(&run), original);
}

#[test]
fn the_preimage_lies_beside_the_archive_and_is_what_the_key_stands_for() {
    let world = world();
    let run = world.run();
    run.install();
    let preimage = fs_err::read(run.cached("p", "key.json")).unwrap();
    let key = Digest::of(&preimage);
    assert_eq!(key, run.unit("p").key);
    let printed = run.engine().variable("p_build_id").unwrap().unwrap();
    assert_eq!(printed, key.to_string()[..11]);
    let archive = run.cached("p", "tar.gz");
    assert!(
        archive
            .to_str()
            .unwrap()
            .ends_with(&format!("p/p-1.0-{printed}.tar.gz"))
    );
    assert_says(
        &String::from_utf8(preimage).unwrap(),
        &["-DONE", "-std=c11", "\"d\"", "\"tool\"", &package().sha256()],
    );
    let hash = fs_err::read_to_string(run.cached("p", "tar.gz.hash")).unwrap();
    let digest = Digest::of(&fs_err::read(&archive).unwrap()).to_string();
    assert_eq!(hash.split_whitespace().next(), Some(digest.as_str()));
}
