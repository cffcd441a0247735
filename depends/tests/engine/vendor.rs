//! A directory of sources serves a machine without a network.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::support::{Package, Run, World, assert_says, expect_success, files, told};

const HOST: &str = "x86_64-pc-linux-gnu";
const WINDOWS: &str = "x86_64-w64-mingw32";

/// Packages of which one is for Windows alone.
fn world() -> World {
    let here = "[when.'cfg(not(windows))']\nunsupported = \"it is for windows\"";
    World::new([
        Package::headers("a"),
        Package::headers("b").needs(&["a"]),
        Package::headers("w").end(here),
    ])
}

fn vendor(run: &Run, directory: &Path, hosts: &[&str]) -> Vec<String> {
    expect_success(run.engine().vendor(directory, hosts)).copied
}

fn failure(run: &Run, directory: &Path) -> String {
    told(&run.engine().vendor(directory, &[HOST]).unwrap_err())
}

#[test]
fn vendored_sources_build_offline_from_a_read_only_directory() {
    let world = world();
    let directory = world.path("vendored");
    assert_eq!(
        vendor(&world.run(), &directory, &[HOST]),
        ["a-1.0.tar.gz", "b-1.0.tar.gz"]
    );
    // The directory grows with the hosts.
    assert_eq!(
        vendor(&world.run(), &directory, &[HOST, WINDOWS]),
        ["w-1.0.tar.gz"]
    );
    assert_eq!(vendor(&world.run(), &directory, &[HOST]), [""; 0]);
    let sums = Command::new("sha256sum")
        .args(["--strict", "-c", "SHA256SUMS"])
        .current_dir(&directory)
        .output()
        .unwrap();
    assert!(sums.status.success(), "{sums:?}");
    assert_eq!(String::from_utf8_lossy(&sums.stdout).lines().count(), 3);
    assert_eq!(files(&directory).len(), 4);

    for name in ["a", "b", "w"] {
        world.server.remove(&format!("/{name}-1.0.tar.gz"));
    }
    for file in files(&directory) {
        fs_err::set_permissions(directory.join(file), std::fs::Permissions::from_mode(0o444)).unwrap();
    }
    fs_err::set_permissions(&directory, std::fs::Permissions::from_mode(0o555)).unwrap();
    let n_requests = world.server.requests().len();
    let by_path = world
        .run()
        .offline()
        .base(world.path("by path"))
        .option("SOURCES_PATH", &directory);
    let by_fallback = world.run().offline().base(world.path("by fallback")).option(
        "FALLBACK_DOWNLOAD_PATH",
        format!("file://{}", directory.display()),
    );
    for run in [by_path, by_fallback] {
        assert!(run.install().prefix.join("include/b.h").is_file());
    }
    assert_eq!(world.server.requests().len(), n_requests);
    assert_eq!(files(&directory).len(), 4);
    // So that the directory can go with the test.
    fs_err::set_permissions(&directory, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_different_file_is_never_replaced() {
    let world = world();
    let other = world.write("vendored/b-1.0.tar.gz", "mine");
    let text = failure(&world.run(), &world.path("vendored"));
    assert_says(&text, &["b-1.0.tar.gz", "is another file", "nothing was written"]);
    assert_eq!(fs_err::read_to_string(&other).unwrap(), "mine");
    assert_eq!(files(&world.path("vendored")).len(), 1);
    fs_err::remove_file(other).unwrap();

    let zeros = "0".repeat(64);
    for (sums, expected) in [
        (
            format!("{zeros}  a-1.0.tar.gz\n"),
            "gives a-1.0.tar.gz the digest 000",
        ),
        ("what\n".to_owned(), "\"what\" is no line"),
    ] {
        world.write("vendored/SHA256SUMS", &sums);
        assert_says(&failure(&world.run(), &world.path("vendored")), &[expected]);
        assert_eq!(files(&world.path("vendored")).len(), 1);
    }
    world.write("vendored/SHA256SUMS", &format!("{zeros}  elsewhere.tar.gz\n"));
    vendor(&world.run(), &world.path("vendored"), &[HOST]);
    let sums = fs_err::read_to_string(world.path("vendored/SHA256SUMS")).unwrap();
    assert_says(
        &sums,
        &["  elsewhere.tar.gz\n", "  a-1.0.tar.gz\n", "  b-1.0.tar.gz\n"],
    );
}

#[test]
fn nothing_is_written_when_a_source_cannot_be_had() {
    let world = world();
    world.server.remove("/b-1.0.tar.gz");
    assert_says(
        &failure(&world.run(), &world.path("vendored")),
        &["b-1.0.tar.gz", "404"],
    );
    assert!(!world.path("vendored").exists());
    let unknown = world.run().engine().vendor(&world.path("vendored"), &["pdp11"]);
    assert_says(&told(&unknown.unwrap_err()), &["pdp11"]);
}
