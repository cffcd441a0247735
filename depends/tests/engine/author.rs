//! First recipes, and recipes that are moved to another version.

use std::path::PathBuf;

use depends::author::{Origin, Scaffold, Update};
use depends::digest::Digest;

use crate::support::{Package, World, assert_says, expect_success, files, told};

const MIT: &str = "Permission is hereby granted, free of charge, to any person obtaining a copy of this software and \
                   associated documentation files. The above copyright notice and this permission notice shall stay.";

const MAKEFILE: &str =
    "all:\ninstall:\n\tmkdir -p $(DESTDIR)$(PREFIX)/include\n\tcp x.h $(DESTDIR)$(PREFIX)/include\n";

/// Gives an archive to the server, and says where it is.
fn serve(world: &World, package: &Package) -> String {
    world.server.put(&package.route(), package.archive());
    world.server.url(&package.route())
}

fn scaffold(name: &str, url: String) -> Scaffold {
    Scaffold {
        name: name.to_owned(),
        origin: Origin::Url(url),
        version: None,
        root: None,
        license: None,
        description: None,
        homepage: None,
        dry_run: false,
    }
}

#[test]
fn a_recipe_with_nothing_to_fill_in_builds_at_once() {
    let world = World::new([]);
    let package = Package::new("x", "")
        .file("COPYING", MIT)
        .file("Makefile", MAKEFILE)
        .file("x.h", "#define x 1\n");
    let wanted = Scaffold {
        description: Some("An \"x\"".to_owned()),
        homepage: Some("https://example.org".to_owned()),
        ..scaffold("x", serve(&world, &package))
    };
    let dry = Scaffold {
        dry_run: true,
        ..wanted.clone()
    };
    let would = expect_success(world.run().engine().scaffold(&dry));
    assert_eq!(files(&world.recipes()), [""; 0].map(PathBuf::from));
    let made = expect_success(world.run().engine().scaffold(&wanted));
    assert_eq!(made.text, would.text);
    assert_eq!(made.unfilled, [""; 0]);
    let sha256 = format!("sha256 = \"{}\"", package.sha256());
    assert_says(&made.text, &["version = \"1.0\"", "license = \"MIT\"", &sha256]);
    // The archive is at hand already.
    world.server.remove(&package.route());
    expect_success(world.run().engine().build_package("x", None));

    let again = world.run().engine().scaffold(&wanted).unwrap_err();
    assert_says(&told(&again), &["exists already", "update it"]);
}

#[test]
fn what_cannot_be_told_is_refused_until_it_is_filled_in() {
    let world = World::new([]);
    let package = Package::new("x", "")
        .file("meson.build", "")
        .file("COPYING", "Mine.");
    let made = expect_success(
        world
            .run()
            .engine()
            .scaffold(&scaffold("x", serve(&world, &package))),
    );
    assert_eq!(
        made.unfilled,
        ["license", "description", "homepage", "build.system"]
    );
    assert_says(&made.notes.join("\n"), &["meson, which is not supported"]);
    let mut text = made.text;
    for (key, value) in [
        ("license", "MIT"),
        ("description", "An x"),
        ("homepage", "https://example.org"),
        ("build.system", "headers"),
    ] {
        let error = told(&world.run().try_engine().err().unwrap());
        assert_says(
            &error,
            &["package.toml:", &format!("`{key}` is yet to be filled in")],
        );
        let start = text.find("\"FILL IN").unwrap();
        let end = start + text[start..].find("\"\n").unwrap() + 1;
        text.replace_range(start..end, &format!("{value:?}"));
        if key == "build.system" {
            text.push_str("headers = [{ from = \"COPYING\", to = \"include/x.h\" }]\n");
        }
        fs_err::write(&made.path, &text).unwrap();
    }
    expect_success(world.run().engine().build_package("x", None));
}

#[test]
fn build_systems_and_names_are_told_from_the_archive() {
    let rows: [(&str, &[&str], &str, &str); 5] = [
        (
            "cmake",
            &["CMakeLists.txt", "configure"],
            "system = \"cmake\"",
            "autotools too",
        ),
        (
            "autotools",
            &["configure", "meson.build"],
            "system = \"autotools\"",
            "meson, which it has too",
        ),
        ("make", &["GNUmakefile"], "system = \"make\"", ""),
        (
            "bare",
            &["configure.ac"],
            "system = \"FILL IN: cmake",
            "no configure script",
        ),
        ("none", &[], "system = \"FILL IN: cmake", ""),
    ];
    for (name, present, system, note) in rows {
        let world = World::new([]);
        let package = present
            .iter()
            .fold(Package::new(name, ""), |package, file| package.file(file, ""));
        let made = expect_success(
            world
                .run()
                .engine()
                .scaffold(&scaffold(name, serve(&world, &package))),
        );
        assert_says(&made.text, &[system, &format!("file = \"{name}-1.0.tar.gz\"")]);
        assert_says(&made.notes.join("\n"), &[note]);
    }
    let world = World::new([]);
    world
        .server
        .put("/archive/v2.5.tar.gz", Package::new("x", "").archive());
    let url = world.server.url("/archive/v2.5.tar.gz");
    let made = expect_success(world.run().engine().scaffold(&scaffold("x", url)));
    assert_says(&made.text, &["version = \"2.5\"", "file = \"x-2.5.tar.gz\""]);
}

#[test]
fn nothing_is_left_of_a_recipe_that_cannot_be_made() {
    let world = World::new([]);
    world.server.put("/page-1.0.tar.gz", "<html>not here</html>");
    for (path, expected) in [
        ("/absent-1.0.tar.gz", "404"),
        ("/page-1.0.tar.gz", "not a tar archive"),
    ] {
        let wanted = scaffold("x", world.server.url(path));
        let error = world.run().engine().scaffold(&wanted).unwrap_err();
        assert_says(&told(&error), &[expected]);
    }
    assert_eq!(files(&world.recipes()), [""; 0].map(PathBuf::from));
    assert_eq!(files(&world.base().join("sources")), [""; 0].map(PathBuf::from));
}

const PATCH: &str = "--- a/x.h\n+++ b/x.h\n@@ -1 +1 @@\n-#define x 1\n+#define x 2\n";

/// A package with a patch that goes with any version whose header says 1.
fn patched(version: &str) -> Package {
    Package::headers("x").version(version).patch("two.patch", PATCH)
}

fn update(version: &str) -> Update {
    Update {
        name: "x".to_owned(),
        version: version.to_owned(),
        sha256: None,
        crate_version: None,
        suite: None,
        force: false,
        dry_run: false,
    }
}

/// A world with version 1.0, whose recipe has comments and a layout of its own.
fn world() -> (World, PathBuf) {
    let world = World::new([patched("1.0")]);
    let path = world.path("packages/x/package.toml");
    let text = fs_err::read_to_string(&path).unwrap();
    let text = text.replace(
        "version = \"1.0\"",
        "# Not 1.0.1.\nversion   = '1.0' # the last but one",
    );
    fs_err::write(&path, text).unwrap();
    (world, path)
}

#[test]
fn a_recipe_is_moved_in_place_and_builds() {
    let (world, path) = world();
    let before = fs_err::read_to_string(&path).unwrap();
    let new = patched("1.1");
    serve(&world, &new);
    let dry = Update {
        dry_run: true,
        ..update("1.1")
    };
    let would = expect_success(world.run().engine().update(&dry));
    assert_eq!(fs_err::read_to_string(&path).unwrap(), before);
    let updated = expect_success(world.run().engine().update(&update("1.1")));
    assert_eq!(updated.text, would.text);
    let text = fs_err::read_to_string(&path).unwrap();
    assert_eq!(text, updated.text);
    let expected = before
        .replace("'1.0'", "'1.1'")
        .replace("x-1.0.tar.gz", "x-1.1.tar.gz")
        .replace(&patched("1.0").sha256(), &new.sha256());
    assert_eq!(text.replace("version   = \"1.1\"", "version   = '1.1'"), expected);
    let lines: Vec<&str> = updated.changes.iter().map(|change| change.new.trim()).collect();
    assert_eq!(lines.len(), 4, "{lines:?}");
    world.server.remove(&new.route());
    let prefix = world.run().install().prefix;
    assert_eq!(
        fs_err::read_to_string(prefix.join("include/x.h")).unwrap(),
        "#define x 2\n"
    );
    let again = world.run().engine().update(&update("1.1")).unwrap_err();
    assert_says(&told(&again), &["x has version 1.1 already"]);
}

#[test]
fn what_does_not_fit_changes_nothing_unless_it_is_forced() {
    let (world, path) = world();
    let before = fs_err::read_to_string(&path).unwrap();
    let new = patched("1.1").file("x.h", "#define x 9\n");
    serve(&world, &new);
    let wrong = Update {
        sha256: Some(Digest::of(b"other")),
        ..update("1.1")
    };
    for (update, expected) in [
        (update("1.1"), "patch two.patch: "),
        (wrong, "x-1.1.tar.gz has the digest"),
        (update("1.2"), "404"),
        (
            Update {
                name: "y".to_owned(),
                ..update("1.1")
            },
            "there is no package y",
        ),
    ] {
        let error = world.run().engine().update(&update).unwrap_err();
        assert_says(&told(&error), &[expected]);
        assert_eq!(fs_err::read_to_string(&path).unwrap(), before);
    }
    let sources = world.base().join("sources");
    assert_eq!(files(&sources), [""; 0].map(PathBuf::from));
    let forced = Update {
        force: true,
        sha256: Some(Digest::of(&new.archive())),
        ..update("1.1")
    };
    let updated = expect_success(world.run().engine().update(&forced));
    assert_says(&updated.misfits.join("\n"), &["patch two.patch: "]);
    assert_ne!(fs_err::read_to_string(&path).unwrap(), before);
}

#[test]
fn digests_of_trees_move_along_and_crates_need_their_own_version() {
    let world = World::new([]);
    let recipe = |version: &str| {
        let tree = world.path(&format!("tree-{version}"));
        let archive = world.path(&format!("{version}.tar.gz"));
        let package = Package::headers("x").version(version).file("VERSION", version);
        fs_err::write(&archive, package.archive()).unwrap();
        depends::extract::extract(&archive, None, &[], &tree).unwrap();
        let digest = depends::tree::digest(&tree).unwrap();
        (package, format!("tree-sha256 = \"{digest}\"\n"))
    };
    let ((old, old_tree), (new, new_tree)) = (recipe("1.0"), recipe("1.1"));
    world.add(&old.clone().top(&format!("[source]\n{old_tree}")));
    serve(&world, &new);
    assert_ne!(old_tree, new_tree);
    let updated = expect_success(world.run().engine().update(&update("1.1")));
    assert_says(&updated.text, &[&new_tree]);

    world.add(&old.routes(&["{ crate = \"x-sys\", version = \"0.3.0+1.0\" }".to_owned()]));
    let error = world.run().engine().update(&update("1.1")).unwrap_err();
    assert_says(&told(&error), &["the crate x-sys 0.3.0+1.0", "--crate-version"]);
}
