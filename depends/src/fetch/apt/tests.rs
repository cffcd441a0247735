use std::env;

use super::*;
use crate::digest::Digest;
use crate::fetch::test_support::{CONTENT, FILE, Place, Reply, Server, archive, source};
use crate::fetch::{Fetched, Fetcher};
use crate::observer::Silent;
use crate::recipe::source::{Route, Source};

fn route(file: Option<&str>) -> Route {
    Route::Apt {
        source: "p".to_owned(),
        suite: "trixie".to_owned(),
        file: file.map(str::to_owned),
    }
}

/// A machine whose apt lists one file, at `uri`, and brings `given` when it is asked to transfer it itself.
fn machine(uri: &str, given: Option<&[u8]>) -> Place {
    let place = Place::new();
    place.write(
        "etc/sources.list.d/debian.sources",
        "Types: deb\nURIs: http://mirror/debian\nSuites: bookworm\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n",
    );
    place.write(
        "etc/sources.list",
        "deb http://third.party/packages bookworm main\n",
    );
    if let Some(given) = given {
        place.write("given", given);
    }
    place.install(
        "apt-config",
        "echo \"LIST='$PLACE/etc/sources.list'\"; echo \"PARTS='$PLACE/etc/sources.list.d/'\"",
    );
    let digest = Digest::of(CONTENT);
    place.install(
        "apt-get",
        &format!(
            "test ! -t 0\n\
             for word; do\n\
               case $word in Dir::Etc::sourceparts=*) parts=${{word#*=}};; -c) is_next=1;; *) test -z \"$is_next\" || {{ conf=$word; is_next=; }};; esac\n\
             done\n\
             case \"$*\" in\n\
             *update) echo update >>\"$PLACE/log\"; cat \"$parts\"/*.sources >\"$PLACE/lists\"; cat \"$conf\" >\"$PLACE/conf\";;\n\
             *--print-uris*source\\ p) echo print >>\"$PLACE/log\"; echo \"'{uri}' p_1.orig.tar.gz 31 SHA256:{digest}\";;\n\
             *source\\ p) echo download >>\"$PLACE/log\"; test ! -e \"$PLACE/given\" || cp \"$PLACE/given\" p_1.orig.tar.gz\n\
               echo 'E: Failed to fetch p_1.dsc 404' >&2; exit 100;;\n\
             *) echo \"E: Unable to find a source package\" >&2; exit 100;;\n\
             esac\n"
        ),
    );
    place
}

#[test]
fn a_source_package_comes_from_the_mirror_that_the_machine_uses() {
    let server = Server::new(&[("/f", &[Reply::ok()])]);
    let place = machine(&server.url("/f"), None);
    place.check(&source(vec![route(Some("p_1.orig.tar.gz"))]));
    let read = |name: &str| fs_err::read_to_string(place.path(name)).unwrap();
    assert_eq!(
        read("lists"),
        "Types: deb-src\nURIs: http://mirror/debian\nSuites: trixie\nComponents: main\n\
         Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n"
    );
    assert!(read("conf").contains("#clear APT::Update::Post-Invoke;\n"));
    assert_eq!(read("log"), "update\nprint\n");
}

#[test]
fn a_suite_is_read_once_for_all_packages() {
    let server = Server::new(&[("/f", &[Reply::ok()])]);
    let place = machine(&server.url("/f"), None);
    let fetcher = Fetcher::new(place.config.clone());
    let file = Some("p_1.orig.tar.gz");
    std::thread::scope(|scope| {
        for name in ["a", "b", "c"] {
            let (fetcher, directory) = (&fetcher, place.directory.path());
            scope.spawn(move || {
                let source = Source {
                    tree_sha256: None,
                    archives: vec![archive(name, CONTENT, vec![route(file)])],
                };
                fetcher.fetch(name, &source, directory, &Silent).unwrap();
            });
        }
    });
    let log = fs_err::read_to_string(place.path("log")).unwrap();
    assert_eq!(log.matches("update").count(), 1);
    assert_eq!(place.sources(), ["a", "b", "c"]);
}

#[test]
fn apt_transfers_what_the_client_cannot() {
    let server = Server::new(&[]);
    for uri in ["mirror+file:/etc/apt/mirrors/x", &server.url("/missing")] {
        let place = machine(uri, Some(CONTENT));
        place.check(&source(vec![route(Some("p_1.orig.tar.gz"))]));
        assert_eq!(
            fs_err::read_to_string(place.path("log")).unwrap(),
            "update\nprint\ndownload\n"
        );
    }
}

#[test]
fn what_goes_wrong_with_apt_is_told() {
    let check = |place: &Place, route: Route, expected: &str| {
        let error = place.check_fails(&source(vec![route]));
        let lines: Vec<&str> = error.lines().skip(1).collect();
        assert_eq!(
            lines[..lines.len() - 1].join("\n"),
            format!("  {expected}"),
            "{error}"
        );
    };
    let at = "apt source p (trixie):";
    let file = route(Some("p_1.orig.tar.gz"));
    check(
        &Place::new(),
        file.clone(),
        &format!("{at} apt-get is not on this machine (the route needs Debian or a system made from it)"),
    );
    let place = machine("mirror+file:/x", None);
    check(
        &place,
        file.clone(),
        &format!("{at} `apt-get source p` failed (exit status: 100)\n    E: Failed to fetch p_1.dsc 404"),
    );
    check(
        &place,
        route(None),
        &format!("{at} the source package has no {FILE}, but p_1.orig.tar.gz"),
    );
    let unknown = Route::Apt {
        source: "q".to_owned(),
        suite: "trixie".to_owned(),
        file: None,
    };
    check(
        &place,
        unknown,
        "apt source q (trixie): `apt-get source q` failed (exit status: 100)\n    E: Unable to find a source package",
    );
    let place = machine("mirror+file:/x", Some(b"other"));
    let error = place.check_fails(&source(vec![file.clone()]));
    assert!(
        error.contains("p_1.orig.tar.gz has the wrong digest: expected sha256 "),
        "{error}"
    );
    fs_err::remove_file(place.path("etc/sources.list.d/debian.sources")).unwrap();
    check(
        &place,
        file,
        &format!("{at} apt's source lists have no entry for Debian's own archive"),
    );
}

#[test]
fn a_package_that_debian_lists_with_other_bytes_is_not_transferred() {
    let server = Server::new(&[("/f", &[Reply::ok()])]);
    let place = machine(&server.url("/f"), None);
    let mut source = source(vec![route(Some("p_1.orig.tar.gz"))]);
    source.archives[0].sha256 = Digest::of(b"other");
    let error = place.check_fails(&source);
    assert!(
        error.contains("(as Debian lists it; nothing was transferred)"),
        "{error}"
    );
    assert_eq!(server.n_requests("/f"), 0);
}

#[test]
fn real_source_packages_are_fetched_where_the_network_may_be_used() {
    if env::var_os("DEPENDS_TEST_NETWORK").is_none_or(|value| value != "1") {
        return;
    }
    let mut place = Place::new();
    place.config.search_path = None;
    let route = Route::Apt {
        source: "capnproto".to_owned(),
        suite: "trixie".to_owned(),
        file: Some("capnproto_1.1.0.orig.tar.gz".to_owned()),
    };
    let mut archive = archive("capnproto-c++-1.1.0.tar.gz", b"", vec![route]);
    archive.sha256 = "07167580e563f5e821e3b2af1c238c16ec7181612650c5901330fa9a0da50939"
        .parse()
        .unwrap();
    let source = Source {
        tree_sha256: None,
        archives: vec![archive],
    };
    let fetched = Fetcher::new(place.config.clone())
        .fetch("p", &source, Path::new("."), &Silent)
        .unwrap();
    let Fetched::Archive { path, .. } = fetched else {
        panic!("{fetched:?}");
    };
    crate::extract::extract(&path, None, &[], &place.path("tree")).unwrap();
    assert!(place.path("tree/CMakeLists.txt").is_file());
}
