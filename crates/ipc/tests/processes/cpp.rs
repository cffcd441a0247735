//! A C++ peer, built here with the libmultiprocess of the active profile: as the parent of our child, and as the child
//! of our parent.

#[path = "cpp/program.rs"]
mod program;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

use interfaces::{Disconnection, Init, InterfaceError, suite};

use super::parent::{Parent, count, link, run, within};

/// The tests; none where the active profile has no libmultiprocess to build a peer with.
pub(crate) fn tests() -> Vec<(&'static str, fn())> {
    if program::is_possible() {
        return vec![
            ("a C++ parent calls our child", a_cpp_parent_calls_our_child),
            ("our parent calls a C++ child", our_parent_calls_a_cpp_child),
        ];
    }
    Vec::new()
}

/// The peer's executable, built once.
fn peer() -> &'static Path {
    static PEER: OnceLock<PathBuf> = OnceLock::new();
    PEER.get_or_init(|| program::build("cpp-peer", ("peer.cpp", include_str!("cpp/peer.cpp")), "-O0"))
}

fn a_cpp_parent_calls_our_child() {
    let directory = tempfile::tempdir().unwrap();
    link(directory.path(), "panicking-child");
    let printed = program::check_run(Command::new(peer()).arg(directory.path().join("panicking-child")));
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
