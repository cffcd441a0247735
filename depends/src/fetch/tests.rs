use std::os::unix::fs::PermissionsExt as _;

use super::test_support::{CONTENT, FILE, Place, Reply, Server, archive, odd_name, source};
use super::*;
use crate::digest::Digest;
use crate::tree;

#[test]
fn a_file_that_is_there_needs_no_route() {
    let place = Place::new();
    place.write("sources/p-1.tar.gz", CONTENT);
    let read_only = std::fs::Permissions::from_mode(0o555);
    fs_err::set_permissions(&place.config.sources, read_only).unwrap();
    place.check(&source(vec![]));
    assert_eq!(place.observer.lines(), [format!("fetched p {FILE}")]);
    assert!(Fetcher::new(place.config).check("p", &source(vec![])).is_ok());
}

#[test]
fn every_archive_is_looked_for_before_anything_is_fetched() {
    let server = Server::new(&[("/f", &[Reply::ok()])]);
    let place = Place::new();
    let path = place.write("sources/p-1.tar.xz", "packed otherwise");
    let mut source = source(vec![server.route("/f")]);
    source
        .archives
        .push(archive("p-1.tar.xz", b"packed otherwise", vec![]));
    let expected = Fetched::Archive { path, archive: 1 };
    assert_eq!(place.fetch(&source).unwrap(), expected);
    assert_eq!(Fetcher::new(place.config).check("p", &source).unwrap(), expected);
    assert_eq!(server.n_requests("/f"), 0);
}

#[test]
fn a_wrong_file_is_named_and_replaced_and_does_not_stop_the_next_run() {
    let server = Server::new(&[("/f", &[Reply::status(404), Reply::ok()])]);
    let place = Place::new();
    place.write("sources/p-1.tar.gz", "mine");
    let source = source(vec![server.route("/f")]);
    let (expected, actual) = (Digest::of(CONTENT), Digest::of(b"mine"));
    let mismatch =
        format!("PLACE/sources/{FILE} has the wrong digest: expected sha256 {expected}, got {actual}");
    let help = format!("help: put the file {FILE} with sha256 {expected} into PLACE/sources");
    let url = server.url("/f");
    assert_eq!(
        place.check_fails(&source),
        format!(
            "p: no route leads to its source\n  sources directory: {mismatch}\n  {url}: the server answers 404 Not Found\n  {help}"
        )
    );
    assert_eq!(place.sources(), [FILE]);
    let error = Fetcher::new(place.config.clone())
        .check("p", &source)
        .unwrap_err();
    assert_eq!(
        error
            .to_string()
            .replace(&place.directory.path().display().to_string(), "PLACE"),
        format!("p: its source is not in PLACE/sources\n  sources directory: {mismatch}\n  {help}")
    );
    place.check(&source);
    assert_eq!(
        place.sources(),
        [FILE.to_owned(), format!("{FILE}.bad-{}", actual.short(11))]
    );
}

#[test]
fn the_fallback_is_tried_last() {
    let fallback = Server::new(&[("/mirror/p-1.tar.gz", &[Reply::ok()])]);
    for suffix in ["/mirror", "/mirror/"] {
        let mut place = Place::new();
        place.config.fallback = Some(fallback.url(suffix));
        place.check(&source(vec![Route::Path("none".into()), fallback.route("/none")]));
    }
    assert_eq!(fallback.n_requests("/none"), 2);
    let mut place = Place::new();
    place.write("mirror/p-1.tar.gz", CONTENT);
    place.config.fallback = Some(place.path("mirror").display().to_string());
    place.check(&source(vec![]));
}

#[test]
fn local_routes_are_files_directories_and_trees() {
    let place = Place::new();
    let odd = Path::new("mirror").join(odd_name());
    fs_err::create_dir_all(place.path("").join(&odd)).unwrap();
    fs_err::write(place.path("").join(&odd).join(FILE), CONTENT).unwrap();
    place.write("mirror/any name", CONTENT);
    let url = |path: &str| format!("file://{}/{path}", place.directory.path().display());
    for route in [
        Route::Path("mirror/any name".into()),
        Route::Path(odd),
        Route::Path(place.path("mirror/any name")),
        Route::Url(url("mirror/any%20name")),
        Route::Url(url("mirror/a%20b'%22$;%FF")),
        Route::Url(url("mirror/a%20b'%22$;%FF/p-1.tar.gz")),
    ] {
        place.check(&source(vec![route]));
        fs_err::remove_file(place.config.sources.join(FILE)).unwrap();
    }
    let wrong = place.write("mirror/wrong", "other");
    for (route, expected) in [
        (Route::Path("none".into()), "none: PLACE/none does not exist".to_owned()),
        (
            Route::Path("mirror".into()),
            format!("mirror: PLACE/mirror holds no {FILE}, and without tree-sha256 it cannot be the unpacked source itself"),
        ),
        (
            Route::Path("mirror/wrong".into()),
            format!(
                "mirror/wrong: PLACE/mirror/wrong has the wrong digest: expected sha256 {}, got {}",
                Digest::of(CONTENT),
                Digest::of_file(wrong).unwrap()
            ),
        ),
        (
            Route::Url("file://elsewhere/x".into()),
            "file://elsewhere/x: \"file://elsewhere/x\" is not a location: it names another machine, or no absolute path".to_owned(),
        ),
    ] {
        let error = place.check_fails(&source(vec![route]));
        assert_eq!(error.lines().nth(1), Some(format!("  {expected}").as_str()), "{error}");
    }
}

#[test]
fn a_directory_with_the_right_tree_is_the_source() {
    let place = Place::new();
    place.write("tree/src/a.c", "int a;");
    let mut source = source(vec![Route::Path("tree".into())]);
    source.tree_sha256 = Some(tree::digest(&place.path("tree")).unwrap());
    assert_eq!(place.fetch(&source).unwrap(), Fetched::Tree(place.path("tree")));
    place.write("tree/src/a.c", "int b;");
    let error = place.check_fails(&source);
    let actual = tree::digest(&place.path("tree")).unwrap();
    let expected = source.tree_sha256.unwrap();
    let line = format!(
        "  tree: PLACE/tree holds no {FILE}, nor is it the unpacked source: expected tree-sha256 {expected}, got {actual}"
    );
    assert_eq!(error.lines().nth(1), Some(line.as_str()), "{error}");
}

#[test]
fn offline_runs_stay_on_this_machine() {
    let server = Server::new(&[("/f", &[Reply::ok()])]);
    let mut place = Place::new();
    place.config.offline = true;
    place.config.fallback = Some(server.url(""));
    place.install("cargo", "touch \"$PLACE/cargo-ran\"");
    place.install("apt-get", "touch \"$PLACE/apt-ran\"");
    let routes = vec![
        server.route("/f"),
        Route::Apt {
            source: "p".to_owned(),
            suite: "trixie".to_owned(),
            file: None,
        },
        Route::Crate {
            name: "p".to_owned(),
            version: "1.0.0".to_owned(),
        },
    ];
    let error = place.check_fails(&source(routes.clone()));
    let url = server.url("");
    let reason = "not tried, because the run is offline";
    assert_eq!(
        error,
        format!(
            "p: its source is not on this machine\n  {url}/f: {reason}\n  apt source p (trixie): {reason}\n  \
             crate p 1.0.0: {reason}\n  {url}/{FILE}: {reason}\n  \
             help: run without --offline, or put the file {FILE} with sha256 {} into PLACE/sources",
            Digest::of(CONTENT)
        )
    );
    assert!(!place.path("cargo-ran").exists() && !place.path("apt-ran").exists());
    assert_eq!(
        (server.n_requests("/f"), server.n_requests("/p-1.tar.gz")),
        (0, 0)
    );
    place.write("mirror", CONTENT);
    let local = [routes, vec![Route::Path("mirror".into())]].concat();
    place.check(&source(local));
}

#[test]
fn errors_name_all_files_that_would_do() {
    let place = Place::new();
    let mut source = source(vec![]);
    source.archives.push(archive("p-1.tar.xz", b"x", vec![]));
    let (first, second) = (Digest::of(CONTENT), Digest::of(b"x"));
    assert_eq!(
        place.check_fails(&source),
        format!(
            "p: no route leads to its source\n  \
             help: put the file p-1.tar.gz with sha256 {first} into PLACE/sources,\n        \
             or the file p-1.tar.xz with sha256 {second} into PLACE/sources"
        )
    );
}

#[test]
fn a_sources_directory_that_cannot_be_written_ends_the_search() {
    let server = Server::new(&[("/f", &[Reply::ok()])]);
    let mut place = Place::new();
    place.config.sources = place.write("occupied", "a file");
    let error = place
        .fetch(&source(vec![server.route("/f"), server.route("/g")]))
        .unwrap_err();
    let error = error.to_string();
    assert!(
        error.starts_with("p: cannot keep its source: ") && error.contains("occupied"),
        "{error}"
    );
    assert_eq!(server.n_requests("/g"), 0);
}

#[test]
fn only_plain_names_are_kept_in_the_sources_directory() {
    for file in ["", ".", "..", "../x", "/etc/x", "a/b", "a/", "./a", "a\0b"] {
        let mut source = source(vec![]);
        source.archives[0].file = file.to_owned();
        let error = Place::new().fetch(&source).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("p: {file:?} cannot be the name of a source file")
        );
    }
}
