//! A C++ peer, built here with the libmultiprocess of the active profile: as the parent of our child, and as the child
//! of our parent.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

use interfaces::{Disconnection, Init, InterfaceError, suite};
use site_profile::SiteProfile;

use super::parent::{Parent, count, link, run, within};

const SOURCES: [(&str, &str); 5] = [
    ("echo.capnp", include_str!("cpp/echo.capnp")),
    ("init.capnp", include_str!("cpp/init.capnp")),
    ("interfaces.h", include_str!("cpp/interfaces.h")),
    ("types.h", include_str!("cpp/types.h")),
    ("peer.cpp", include_str!("cpp/peer.cpp")),
];

const LIBRARIES: [&str; 6] = [
    "-lmultiprocess",
    "-lcapnp-rpc",
    "-lcapnp",
    "-lkj-async",
    "-lkj",
    "-pthread",
];

/// The tests; none where the active profile has no libmultiprocess to build a peer with.
pub(crate) fn tests() -> Vec<(&'static str, fn())> {
    let profile = profile();
    if profile.profile().packages.contains_key("libmultiprocess") {
        return vec![
            ("a C++ parent calls our child", a_cpp_parent_calls_our_child),
            ("our parent calls a C++ child", our_parent_calls_a_cpp_child),
        ];
    }
    println!(
        "tests with a C++ peer are not applicable: {} has no libmultiprocess",
        profile.path().display()
    );
    Vec::new()
}

fn profile() -> SiteProfile {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    SiteProfile::active(&workspace).expect("the profile that this was built from is there")
}

/// The peer's executable, built once.
fn peer() -> &'static Path {
    static PEER: OnceLock<PathBuf> = OnceLock::new();
    PEER.get_or_init(|| build(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("cpp-peer")))
}

fn build(directory: &Path) -> PathBuf {
    let profile = profile();
    let prefix = profile
        .prefix()
        .expect("a profile that lists libmultiprocess has a prefix");
    let header = prefix.join("include/mp/proxy-io.h");
    assert!(
        header.is_file(),
        "{} lists libmultiprocess, but {} is missing",
        profile.path().display(),
        header.display()
    );
    fs_err::create_dir_all(directory).unwrap();
    for (name, text) in SOURCES {
        fs_err::write(directory.join(name), text).unwrap();
    }
    let mpgen = profile.tool("mpgen").unwrap();
    for schema in ["echo.capnp", "init.capnp"] {
        check_run(
            Command::new(&mpgen)
                .args([".", ".", schema])
                .current_dir(directory),
        );
    }
    let peer = directory.join("cpp-peer");
    let compiler = std::env::var_os("CXX").unwrap_or_else(|| OsString::from("g++"));
    check_run(
        Command::new(compiler)
            .args(["-std=c++20", "-O0", "-I.", "-I"])
            .arg(prefix.join("include"))
            .args(["peer.cpp", "-o"])
            .arg(&peer)
            .arg("-L")
            .arg(prefix.join("lib"))
            .args(LIBRARIES)
            .current_dir(directory),
    );
    peer
}

/// Runs a command that must succeed, and gives what it printed.
fn check_run(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", command.get_program().display()));
    assert!(
        output.status.success(),
        "{} ended with {}: {}",
        command.get_program().display(),
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn a_cpp_parent_calls_our_child() {
    let directory = tempfile::tempdir().unwrap();
    link(directory.path(), "panicking-child");
    let printed = check_run(Command::new(peer()).arg(directory.path().join("panicking-child")));
    // What C++ adds to the text is its own.
    let text = "remote exception: std::exception: Echo.echo failed unexpectedly\n";
    assert!(printed.contains(text), "{printed}");
    assert!(printed.ends_with("\nexit status 0\n"), "{printed}");
}

fn our_parent_calls_a_cpp_child() {
    let parent = Parent::new("cpp-peer");
    let program = parent.directory.path().join("cpp-peer");
    fs_err::remove_file(&program).unwrap();
    std::os::unix::fs::symlink(peer(), program).unwrap();
    run(async {
        let init: Arc<dyn Init> = parent.init.clone();
        within(suite::check_init(init)).await;

        let echo = within(parent.init.make_echo()).await.unwrap();
        let error = within(echo.echo("throw".to_owned())).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "remote exception: std::exception: as asked for"
        );
        let error = within(echo.echo("abort".to_owned())).await.unwrap_err();
        assert!(
            matches!(error, InterfaceError::Disconnected(Disconnection::DuringCall)),
            "{error:?}"
        );
        drop(echo);
        parent.finish().await;
        let exited = count("Process cpp-peer pid ", " exited with status 0");
        assert_eq!(exited + 1, count("Process cpp-peer pid ", " launched"));
        assert_eq!(count("Process cpp-peer pid ", " was killed by signal 6"), 1);
    });
}
