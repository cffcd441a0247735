//! Mistakes in recipes, rules and options are told before anything is fetched.

use crate::support::{Package, World, assert_says, told};

/// Options by name and value.
type Arguments<'a> = &'a [(&'a str, &'a str)];

/// Checks that nothing is fetched in `world`, and that the failure says `expected`, in which `PACKAGES` is the
/// recipes' directory.
#[track_caller]
fn check(world: &World, options: Arguments<'_>, expected: &[&str]) {
    let run = world.run().options(options);
    let message = match run.try_engine() {
        Ok(_) => panic!("this should have failed"),
        Err(error) => told(&error),
    };
    let message = message.replace(world.recipes().to_str().unwrap(), "PACKAGES");
    assert_says(&message, expected);
    assert!(run.try_install().is_err());
    assert_eq!(world.server.requests(), [""; 0], "{message}");
}

/// A world in which a right package comes first, with what a wrong recipe brings.
fn world(packages: impl IntoIterator<Item = Package>) -> World {
    World::new([Package::headers("aa")].into_iter().chain(packages))
}

#[test]
fn an_unknown_key_is_told_with_its_place() {
    let rows = [
        (
            Package::headers("b").top("dependancies = []"),
            "PACKAGES/b/package.toml:8:1: unknown field `dependancies`",
        ),
        (
            Package::headers("b").end("compiler = 1"),
            "PACKAGES/b/package.toml:15:1: unknown field `compiler`",
        ),
        (
            Package::headers("b").end("targets = []"),
            "PACKAGES/b/package.toml:15:11: build system headers has no key targets",
        ),
        (
            Package::headers("b").end("[when.'cfg(windows)']\ndependency = []"),
            "PACKAGES/b/package.toml:16:1: unknown field `dependency`",
        ),
        (
            Package::headers("b").end("[when.'cfg(widows)']"),
            "PACKAGES/b/package.toml:15:7: a condition cannot ask for \"widows\"; did you mean windows?",
        ),
        (
            Package::headers("b").routes(&["{ url = \"https://example.org/b\", mirror = \"x\" }".to_owned()]),
            "PACKAGES/b/package.toml:11:",
        ),
        (
            Package::headers("b").only(&["../b"]),
            "PACKAGES/b/package.toml:8:3: \"../b\" is no pattern of paths inside the source",
        ),
        (
            Package::headers("b").top("options = [\"{sources}\"]"),
            "PACKAGES/b/package.toml:8:11: {sources} is no variable",
        ),
        (
            Package::headers("b").top("name = \"c\""),
            "PACKAGES/b/package.toml:8:1: duplicate key",
        ),
    ];
    for (package, expected) in rows {
        check(&world([package]), &[], &[expected]);
    }
}

#[test]
fn a_name_that_is_taken_is_told_with_both_places() {
    let world = world([]);
    let recipe = Package::headers("aa").recipe(&world.server);
    world.write("packages/zz/package.toml", &recipe);
    check(
        &world,
        &[],
        &["PACKAGES/zz/package.toml:1:8: the name \"aa\" is taken by PACKAGES/aa/package.toml:1:8"],
    );
}

#[test]
fn a_dependency_that_does_not_exist_is_told_with_its_place() {
    let rows = [
        (
            Package::headers("bb").needs(&["aa", "ab"]),
            "PACKAGES/bb/package.toml:8:23: there is no package \"ab\"",
        ),
        (
            Package::headers("bb").needs_native(&["ab"]),
            "PACKAGES/bb/package.toml:8:24: there is no package \"ab\"",
        ),
        (
            Package::headers("bb").end("[when.'cfg(windows)']\ndependencies = [\"ab\"]"),
            "PACKAGES/bb/package.toml:16:17: there is no package \"ab\"",
        ),
    ];
    for (package, expected) in rows {
        check(&world([package]), &[], &[expected]);
    }
}

#[test]
fn a_cycle_is_told_as_a_path() {
    let rows = [
        (
            vec![
                Package::headers("b").needs(&["c"]),
                Package::headers("c").needs(&["d"]),
                Package::headers("d").needs(&["b"]),
            ],
            "PACKAGES/d/package.toml:8:17: the dependencies form a cycle: b -> c -> d -> b",
        ),
        (
            vec![Package::headers("b").needs(&["b"])],
            "PACKAGES/b/package.toml:8:17: the dependencies form a cycle: b -> b",
        ),
        (
            vec![
                Package::headers("b").needs_native(&["c"]),
                Package::headers("c").end("[when.'cfg(windows)']\ndependencies = [\"b\"]"),
            ],
            "PACKAGES/c/package.toml:16:17: the dependencies form a cycle: b -> c -> b",
        ),
    ];
    for (packages, expected) in rows {
        check(&world(packages), &[], &[expected]);
    }
}

#[test]
fn wrong_rules_and_options_are_told_as_recipes_are() {
    let rows: [(&str, Arguments<'_>, &[&str]); 5] = [
        (
            "[feature.x]\npackages = [\"ab\"]\n",
            &[],
            &["PACKAGES/selection.toml:2:13: there is no package \"ab\""],
        ),
        (
            "[feature.x]\nenabled_by = \"X\"\n",
            &[],
            &["PACKAGES/selection.toml:2:1: unknown field `enabled_by`"],
        ),
        (
            "",
            &[("HOTS", "x")],
            &["there is no option HOTS", "did you mean HOST?"],
        ),
        (
            "",
            &[("DOWNLOAD_RETRIES", "-1")],
            &["DOWNLOAD_RETRIES=-1: \"-1\" is no whole number"],
        ),
        (
            "",
            &[("HOST", "x86_64-linux-gnuu")],
            &[
                "there is no host \"x86_64-linux-gnuu\"",
                "x86_64-pc-linux-gnu",
                "aarch64-linux-gnu",
                "x86_64-w64-mingw32",
            ],
        ),
    ];
    for (rules, options, expected) in rows {
        let world = world([]);
        world.write("packages/selection.toml", rules);
        check(&world, options, expected);
    }
}

#[test]
fn two_source_files_of_one_name_are_told_with_both_places() {
    let world = world([Package::headers("b")]);
    let recipe = fs_err::read_to_string(world.path("packages/b/package.toml")).unwrap();
    let same_name = recipe.replace("file = \"b-1.0.tar.gz\"", "file = \"aa-1.0.tar.gz\"");
    assert_ne!(same_name, recipe);
    world.write("packages/b/package.toml", &same_name);
    check(
        &world,
        &[],
        &[
            "PACKAGES/b/package.toml:1:8: its source file aa-1.0.tar.gz is another one than that of PACKAGES/aa/package.toml:1:8",
        ],
    );
    // Two packages may be made from one file.
    let one = Package::headers("aa").recipe(&world.server);
    let two = one.replace("name = \"aa\"", "name = \"b\"");
    world.write(
        "packages/b/package.toml",
        &two.replace("include/aa.h", "include/b.h"),
    );
    assert!(world.run().install().changed);
}

#[test]
fn a_patch_that_is_not_there_is_told_with_its_place() {
    let world = world([Package::headers("b").patch("fix.patch", "")]);
    fs_err::remove_file(world.path("packages/b/patches/fix.patch")).unwrap();
    check(
        &world,
        &[],
        &["PACKAGES/b/package.toml:7:12: the patch PACKAGES/b/patches/fix.patch is not there"],
    );
}
