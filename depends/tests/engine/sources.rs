//! Sources: every byte is verified, every route is tried, and nothing wedges the next run.

use std::path::PathBuf;

use crate::support::{Package, World, assert_says, expect_success, files, told};

fn url(location: &str) -> String {
    format!("{{ url = {location:?} }}")
}

#[test]
fn a_wrong_digest_is_told_and_the_next_route_is_tried() {
    let world = World::new([]);
    let package = Package::headers("a");
    let (bad, good) = (world.server.url("/bad"), world.server.url(&package.route()));
    world.add(&package.clone().routes(&[url(&bad), url(&good)]));
    world.server.put("/bad", "something else");
    let run = world.run();
    assert!(run.install().changed);
    assert_says(
        &run.recorder.lines().join("\n"),
        &[
            &format!("fetching a from {bad}"),
            &format!(
                "a: {bad} failed: {bad} has the wrong digest: expected sha256 {}",
                package.sha256()
            ),
            &format!("got {}", depends::digest::Digest::of(b"something else")),
            &format!("fetching a from {good}"),
        ],
    );
    assert_eq!(
        files(&world.path("base/sources")),
        [PathBuf::from("a-1.0.tar.gz")]
    );
}

#[test]
fn a_source_that_was_wrong_leaves_nothing_and_is_fetched_again() {
    let package = Package::headers("a");
    let world = World::new([package.clone()]);
    for wrong in ["", "something else", "<html>not found</html>"] {
        world.server.put(&package.route(), wrong);
        let message = world.run().failure();
        assert_says(
            &message,
            &[
                "a was not built",
                "a: no route leads to its source",
                &world.server.url(&package.route()),
                &format!("expected sha256 {}", package.sha256()),
                &format!("got {}", depends::digest::Digest::of(wrong.as_bytes())),
            ],
        );
        assert_eq!(files(&world.path("base/sources")), Vec::<PathBuf>::new());
    }
    world.server.put(&package.route(), package.archive());
    assert!(world.run().install().changed);
}

#[test]
fn when_no_route_leads_to_the_source_each_is_named_with_its_cause() {
    let world = World::new([]);
    let package = Package::headers("a");
    let routes = [
        url(&world.server.url("/missing")),
        url(&world.server.url("/wrong")),
        "{ path = \"no/such/file\" }".to_owned(),
        url("file:///no/such/file"),
        url("http://127.0.0.1:1/refused"),
    ];
    world.add(&package.clone().routes(&routes));
    world.server.put("/wrong", "x");
    let run = world
        .run()
        .option("FALLBACK_DOWNLOAD_PATH", world.server.url("/fallback"));
    let message = run.failure();
    let at = |line: &str| {
        message
            .find(line)
            .unwrap_or_else(|| panic!("{line:?} in {message}"))
    };
    let places = [
        at(&format!(
            "{}: the server answers 404",
            world.server.url("/missing")
        )),
        at(&format!("{}: ", world.server.url("/wrong"))),
        at("no/such/file: "),
        at("file:///no/such/file: "),
        at("http://127.0.0.1:1/refused: "),
        at(&format!(
            "{}: the server answers 404",
            world.server.url("/fallback/a-1.0.tar.gz")
        )),
    ];
    assert!(places.is_sorted(), "{message}");
    assert_says(
        &message,
        &[&format!(
            "put the file a-1.0.tar.gz with sha256 {} into {}",
            package.sha256(),
            world.path("base/sources").display()
        )],
    );
    assert_eq!(files(&world.path("base/sources")), Vec::<PathBuf>::new());
}

#[test]
fn offline_only_what_is_on_this_machine_is_used() {
    let package = Package::headers("a");
    let world = World::new([package.clone()]);
    let message = world.run().offline().failure();
    assert_says(
        &message,
        &[
            "a: its source is not on this machine",
            "not tried, because the run is offline",
            "run without --offline, or put the file a-1.0.tar.gz",
        ],
    );
    assert_eq!(world.server.requests(), [""; 0]);

    fs_err::write(world.path("mirror.tar.gz"), package.archive()).unwrap();
    let local = package.routes(&[
        url(&world.server.url("/a")),
        url(&format!("file://{}", world.path("mirror.tar.gz").display())),
    ]);
    world.add(&local);
    assert!(world.run().offline().install().changed);
    assert_eq!(world.server.requests(), [""; 0]);
}

#[test]
fn a_directory_of_archives_is_a_route_relative_to_the_recipe() {
    let world = World::new([]);
    let package = Package::headers("a").routes(&["{ path = \"mirror\" }".to_owned()]);
    world.add(&package);
    world.write("packages/a/mirror/readme", "");
    fs_err::write(world.path("packages/a/mirror/a-1.0.tar.gz"), package.archive()).unwrap();
    assert!(world.run().offline().install().changed);
}

#[test]
fn the_fallback_is_asked_last() {
    let package = Package::headers("a");
    let world = World::new([package.clone()]);
    world.server.remove(&package.route());
    world.server.put("/fallback/a-1.0.tar.gz", package.archive());
    let fallback = world.server.url("/fallback/");
    world.run().option("FALLBACK_DOWNLOAD_PATH", fallback).install();
    assert_eq!(
        world.server.requests(),
        [package.route().as_str(), "/fallback/a-1.0.tar.gz"]
    );
}

#[test]
fn a_wrong_file_in_the_users_directory_is_told_kept_and_replaced() {
    let package = Package::headers("a");
    let world = World::new([package.clone()]);
    let file = world.write("mine/a-1.0.tar.gz", "my own");
    let run = world.run().option("SOURCES_PATH", world.path("mine"));
    run.install();
    let warnings = run.recorder.warnings();
    assert_says(
        &warnings,
        &[
            "a: ",
            file.to_str().unwrap(),
            &format!("expected sha256 {}", package.sha256()),
            &format!("got {}", depends::digest::Digest::of(b"my own")),
        ],
    );
    assert_eq!(fs_err::read(&file).unwrap(), package.archive());
    let kept = files(&world.path("mine"));
    assert!(
        kept.iter()
            .any(|name| fs_err::read(world.path("mine").join(name)).unwrap() == b"my own"),
        "{kept:?}"
    );
}

#[test]
fn a_wrong_file_in_the_users_directory_stays_while_no_right_one_comes() {
    let package = Package::headers("a");
    let world = World::new([package.clone()]);
    let file = world.write("mine/a-1.0.tar.gz", "my own");
    world.server.remove(&package.route());
    let run = world.run().option("SOURCES_PATH", world.path("mine"));
    assert_says(&run.failure(), &[file.to_str().unwrap(), "404"]);
    assert_eq!(fs_err::read(&file).unwrap(), b"my own");
    assert_eq!(files(&world.path("mine")), [PathBuf::from("a-1.0.tar.gz")]);
}

#[test]
fn a_source_that_is_there_is_not_fetched() {
    let package = Package::headers("a");
    let world = World::new([package.clone()]);
    fs_err::create_dir(world.path("mine")).unwrap();
    fs_err::write(world.path("mine/a-1.0.tar.gz"), package.archive()).unwrap();
    let run = world.run().option("SOURCES_PATH", world.path("mine"));
    run.install();
    assert_eq!(world.server.requests(), [""; 0]);
}

#[test]
fn after_a_download_everything_is_built_offline() {
    let world = World::new([
        Package::headers("a").end("[when.'cfg(release)']\ndependencies = [\"b\"]"),
        Package::headers("b").needs_native(&["c"]),
        Package::headers("c"),
        Package::headers("d").end("[when.'cfg(debug)']\ndependencies = [\"e\"]"),
        Package::headers("e"),
        Package::headers("unwanted"),
    ]);
    world.write(
        "packages/selection.toml",
        "[feature.x]\npackages = [\"a\", \"d\"]\n",
    );
    for (debug, expected) in [("", ["a", "b", "c", "d"].as_slice()), ("1", &["a", "d", "e"])] {
        let base = world.path(&format!("base{debug}"));
        let run = world.run().option("DEBUG", debug).base(&base);
        let engine = run.engine();
        let host = engine.host().triplet.clone();
        expect_success(engine.download(&[&host]));
        let names: Vec<_> = expected
            .iter()
            .map(|name| PathBuf::from(format!("{name}-1.0.tar.gz")))
            .collect();
        assert_eq!(files(&base.join("sources")), names, "DEBUG={debug}");
        assert!(run.offline().install().changed);
    }
}

#[test]
fn a_download_gets_what_it_can_and_names_the_rest() {
    let package = Package::headers("a");
    let world = World::new([package.clone(), Package::headers("b")]);
    world.server.remove(&package.route());
    let run = world.run();
    let engine = run.engine();
    let message = told(&engine.download(&[&engine.host().triplet]).unwrap_err());
    assert_says(
        &message,
        &[
            "one package without its source",
            "a: no route leads to its source",
        ],
    );
    assert_eq!(
        files(&world.path("base/sources")),
        [PathBuf::from("b-1.0.tar.gz")]
    );
}

#[test]
fn checking_sources_fetches_nothing_and_names_what_is_wrong() {
    let world = World::new([Package::headers("a"), Package::headers("b")]);
    let run = world.run();
    let message = told(&run.engine().check_sources().unwrap_err());
    assert_says(&message, &["2 packages without", "a: its source is not in"]);
    assert_eq!(world.server.requests(), [""; 0]);

    run.install();
    expect_success(run.engine().check_sources());
    let file = world.write("base/sources/b-1.0.tar.gz", "damaged");
    let message = told(&run.engine().check_sources().unwrap_err());
    assert_says(
        &message,
        &[
            "one package without",
            file.to_str().unwrap(),
            "has the wrong digest",
        ],
    );
    assert_eq!(fs_err::read(&file).unwrap(), b"damaged");
}

#[test]
fn an_archive_that_does_not_unpack_is_named() {
    let world = World::new([]);
    let package = Package::headers("a");
    world.add(&package);
    let broken = &package.archive()[..40];
    world.server.put(&package.route(), broken);
    let recipe = package.recipe(&world.server).replace(
        &package.sha256(),
        &depends::digest::Digest::of(broken).to_string(),
    );
    world.write("packages/a/package.toml", &recipe);
    assert_says(&world.run().failure(), &["a was not built", "a-1.0.tar.gz"]);
    world.add(&package);
    world.server.put(&package.route(), package.archive());
    assert!(world.run().install().changed);
}

/// A recipe whose source comes in two archives; `tree` is the digest of the tree that they should hold.
fn in_two_archives(world: &World, package: &Package, archives: [&[u8]; 2], tree: &str) -> String {
    let digest = |bytes: &[u8]| depends::digest::Digest::of(bytes).to_string();
    let archive = |name: &str, bytes: &[u8]| {
        world.server.put(&format!("/{name}"), bytes.to_vec());
        format!(
            "[[source.archive]]\nfile = {name:?}\nsha256 = \"{}\"\nroute = [{}]\n",
            digest(bytes),
            url(&world.server.url(&format!("/{name}")))
        )
    };
    let recipe = package.recipe(&world.server);
    let (start, rest) = recipe.split_once("[[source.archive]]").unwrap();
    let (_, end) = rest.split_once("[build]").unwrap();
    format!(
        "{start}[source]\ntree-sha256 = \"{tree}\"\n{}{}[build]{end}",
        archive("one.tar.gz", archives[0]),
        archive("two.tar", archives[1])
    )
}

#[test]
fn of_differently_packed_archives_the_digest_of_the_tree_decides() {
    let package = Package::headers("a");
    let world = World::new([]);
    let packed = package.archive();
    let mut unpacked = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&packed[..]), &mut unpacked).unwrap();
    let wrong = Package::headers("a").file("a.h", "#define a 2\n").archive();
    fs_err::write(world.path("archive"), &packed).unwrap();
    depends::extract::extract(&world.path("archive"), None, &[], &world.path("tree")).unwrap();
    let tree = depends::tree::digest(&world.path("tree")).unwrap().to_string();
    let write = |archives| {
        let recipe = in_two_archives(&world, &package, archives, &tree);
        world.write("packages/a/package.toml", &recipe);
    };

    // Either archive serves, under one key.
    let mut keys = Vec::new();
    for (base, lost) in [("one", "/two.tar"), ("two", "/one.tar.gz")] {
        write([&packed, &unpacked]);
        world.server.remove(lost);
        let run = world.run().base(world.path(base));
        assert!(run.install().changed, "{base}");
        keys.push(run.unit("a").key);
    }
    assert_eq!(keys[0], keys[1]);

    // An archive whose own digest is right and whose tree is another is refused.
    write([&wrong, &unpacked]);
    let message = world.run().base(world.path("three")).failure();
    assert_says(&message, &["a was not built", &tree, "tree"]);
    assert_eq!(
        files(&world.path("three/built"))
            .iter()
            .filter(|file| file.ends_with("tar.gz"))
            .count(),
        0
    );
}
