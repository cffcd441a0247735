//! `verify` builds packages again and finds the first byte that comes out otherwise.

use depends::digest::Digest;
use depends::verify::{Difference, MismatchKind, Verified};

use crate::support::{Package, Run, World, assert_says, expect_success, files, told};

fn verify(run: &Run, names: &[&str]) -> Vec<Verified> {
    expect_success(run.engine().verify(names))
}

fn labels(verified: &[Verified]) -> Vec<&str> {
    verified.iter().map(|verified| verified.label.as_str()).collect()
}

fn difference(verified: &[Verified]) -> &Difference {
    assert_eq!(verified.len(), 1, "{verified:?}");
    verified[0].difference.as_ref().unwrap()
}

/// The files of the cache with their contents.
fn cache(world: &World) -> Vec<(std::path::PathBuf, Digest)> {
    let directory = world.path("base/built");
    let digest = |file: std::path::PathBuf| (file.clone(), Digest::of_file(directory.join(file)).unwrap());
    files(&directory).into_iter().map(digest).collect()
}

#[test]
fn packages_that_come_out_the_same_are_said_to_and_leave_nothing_behind() {
    let world = World::new([
        Package::library("a", "int a(void) { return 1; }\n"),
        Package::library("b", "int b(void) { return 2; }\n").needs(&["a"]),
        Package::headers("c"),
    ]);
    let run = world.run();
    // What is not built yet is built first.
    let verified = verify(&run, &["b"]);
    assert_eq!(labels(&verified), ["b"]);
    assert_eq!(run.recorder.built(), ["a", "b", "b"]);
    run.install();
    let before = cache(&world);
    let run = world.run();
    let verified = verify(&run, &[]);
    assert_eq!(labels(&verified), ["a", "b", "c"]);
    for unit in &verified {
        assert_eq!(unit.difference, None);
        assert_eq!(unit.archive, world.run().cached(&unit.label, "tar.gz"));
    }
    assert_eq!(run.recorder.built(), ["a", "b", "c"]);
    assert_eq!(cache(&world), before);
    assert!(files(&world.path("base/work/verify")).is_empty());
    // What is built again is no build that `graph` and `why` should speak of.
    let records = run.engine().records();
    let built = records
        .list()
        .iter()
        .filter(|record| record.built_something())
        .count();
    assert_eq!(built, 2);
}

#[test]
fn a_package_that_differs_from_build_to_build_is_caught_with_the_file() {
    let world = World::new([
        Package::script(
            "a",
            "echo same > $out/a; mkdir $out/lib; date +%N > $out/lib/time",
        ),
        Package::headers("b"),
    ]);
    let run = world.run();
    run.install();
    let before = cache(&world);
    let verified = verify(&run, &["a"]);
    let found = difference(&verified);
    assert_eq!(found.first.path.to_str(), Some("lib/time"));
    assert_eq!(found.n_paths, 1);
    let MismatchKind::Content(content) = &found.first.kind else {
        panic!("{found:?}");
    };
    let shown = [&found.archived, &found.rebuilt].map(|tree| fs_err::read(tree.join("lib/time")).unwrap());
    assert_eq!([&content.archived, &content.rebuilt], [&shown[0], &shown[1]]);
    assert_eq!(cache(&world), before);
    // The trees stay until the package is verified again.
    world.add(&Package::script("a", "echo same > $out/a"));
    verify(&world.run(), &["b"]);
    assert!(found.rebuilt.is_dir());
}

#[test]
fn an_archive_that_was_exchanged_with_its_digest_is_caught() {
    let world = World::new([Package::library("a", "int a(void) { return 1; }\n")]);
    let run = world.run();
    run.install();
    let tree = world.path("tree");
    let archive = run.cached("a", "tar.gz");
    depends::archive::unpack(&archive, &tree).unwrap();
    let library = tree.join("lib/liba.a");
    let mut bytes = fs_err::read(&library).unwrap();
    let last = bytes.len() - 4;
    bytes[last] ^= 1;
    fs_err::write(&library, bytes).unwrap();
    depends::archive::pack(&tree, fs_err::File::create(&archive).unwrap()).unwrap();
    let name = archive.file_name().unwrap().to_str().unwrap();
    let digest = Digest::of_file(&archive).unwrap();
    fs_err::write(run.cached("a", "tar.gz.hash"), format!("{digest}  {name}\n")).unwrap();
    run.engine().check_packages().unwrap();
    let verified = verify(&run, &[]);
    let found = difference(&verified);
    assert_eq!(found.first.path.to_str(), Some("lib/liba.a"));
    let MismatchKind::Content(content) = &found.first.kind else {
        panic!("{found:?}");
    };
    assert_eq!(content.offset, last as u64);
    assert_eq!(content.member.as_ref().unwrap().0, "0-a.c.o");
    assert_eq!(Digest::of_file(&archive).unwrap(), digest);
}

#[test]
fn a_damaged_archive_is_left_as_it_is_and_named() {
    let world = World::new([Package::headers("a")]);
    let run = world.run();
    run.install();
    fs_err::write(run.cached("a", "tar.gz"), "damaged").unwrap();
    let before = cache(&world);
    let error = run.engine().verify(&[]).unwrap_err();
    assert_says(&told(&error), &["a: its archive has the digest"]);
    assert_eq!(cache(&world), before);
}

#[test]
fn a_package_that_cannot_be_built_again_is_an_error() {
    let world = World::new([Package::script("a", "echo a > $out/a")]);
    world.run().install();
    let error = world.run().engine().verify(&["b"]).unwrap_err();
    assert_says(&told(&error), &["there is no package b"]);
    fs_err::remove_dir_all(world.path("base/sources")).unwrap();
    let error = world.run().offline().engine().verify(&["a"]).unwrap_err();
    assert_says(&told(&error), &["a was not built"]);
}
