use super::*;
use crate::digest::Digest;
use crate::fetch::test_support::{CONTENT, FILE, Place, archive, source};
use crate::fetch::{Fetched, Fetcher};
use crate::observer::Silent;
use crate::recipe::source::{Route, Source};

fn route() -> Route {
    Route::Crate {
        name: "zeromq-src".to_owned(),
        version: "0.3.6+4.3.5".to_owned(),
    }
}

#[test]
fn a_crate_is_fetched_by_exact_version_outside_any_workspace() {
    let place = Place::new();
    place.write("given", CONTENT);
    place.install(
        "cargo",
        "test ! -t 0 && cp Cargo.toml \"$PLACE/manifest\" && echo \"$@\" >\"$PLACE/arguments\"\n\
         cache=\"$CARGO_HOME/registry/cache/registry-1\"\nmkdir -p \"$cache\"\n\
         cp \"$PLACE/given\" \"$cache/zeromq-src-0.3.6+4.3.5.crate\"\n",
    );
    place.check(&source(vec![route()]));
    let read = |name: &str| fs_err::read_to_string(place.path(name)).unwrap();
    assert_eq!(read("arguments"), "fetch --manifest-path Cargo.toml\n");
    let manifest: toml::Table = read("manifest").parse().unwrap();
    assert_eq!(
        manifest["dependencies"]["zeromq-src"]["version"].as_str(),
        Some("=0.3.6")
    );
    assert!(manifest.contains_key("workspace"));
}

#[test]
fn a_crate_that_cargo_has_needs_no_network() {
    let place = Place::new();
    let crate_file = "zeromq-src-0.3.6+4.3.5.crate";
    place.write(&format!("cargo/registry/cache/mirror-1/{crate_file}"), "damaged");
    place.write(&format!("cargo/registry/cache/mirror-2/{crate_file}"), CONTENT);
    place.install("cargo", "exit 1");
    place.check(&source(vec![route()]));
    assert_eq!(place.sources(), [FILE]);
}

#[test]
fn what_goes_wrong_with_cargo_is_told() {
    let check = |script: Option<&str>, expected: &str| {
        let place = Place::new();
        if let Some(script) = script {
            place.install("cargo", script);
        }
        let error = place.check_fails(&source(vec![route()]));
        let start =
            format!("p: no route leads to its source\n  crate zeromq-src 0.3.6+4.3.5: {expected}\n  help: ");
        assert!(error.starts_with(&start), "{error}");
    };
    check(None, "cargo is not on this machine (it comes with Rust)");
    check(
        Some("echo quiet; echo 'error: no matching package' >&2; exit 101"),
        "`cargo fetch Cargo.toml` failed (exit status: 101)\n    error: no matching package",
    );
    check(
        Some("exit 0"),
        "cargo fetched it, but there is no zeromq-src-0.3.6+4.3.5.crate below PLACE/cargo/registry/cache",
    );
    let wrong = "mkdir -p \"$CARGO_HOME/registry/cache/r\"; echo other >\"$CARGO_HOME/registry/cache/r/zeromq-src-0.3.6+4.3.5.crate\"";
    let expected = format!(
        "PLACE/cargo/registry/cache/r/zeromq-src-0.3.6+4.3.5.crate has the wrong digest: expected sha256 {}, got {}",
        Digest::of(CONTENT),
        Digest::of(b"other\n")
    );
    check(Some(wrong), &expected);
}

#[test]
fn real_crates_are_fetched_where_the_network_may_be_used() {
    if env::var_os("DEPENDS_TEST_NETWORK").is_none_or(|value| value != "1") {
        return;
    }
    let mut place = Place::new();
    (place.config.search_path, place.config.cargo_home) = (None, None);
    let mut archive = archive("zeromq.crate", b"", vec![route()]);
    archive.sha256 = "d9a1c884770df9c1b3eb0a0ad01d7516234879e0ce144c505348550f2492923e"
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
    assert!(place.path("tree/vendor/CMakeLists.txt").is_file());
}
