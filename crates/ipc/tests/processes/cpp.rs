//! A C++ peer, built here with the libmultiprocess of the active profile: as the parent of our child, and as the child
//! of our parent.

#[path = "cpp/callbacks.rs"]
mod callbacks;
#[path = "cpp/mining.rs"]
mod mining;
#[path = "cpp/program.rs"]
mod program;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use interfaces::{Disconnection, Init, InterfaceError, suite};
use ipc::Supervisor;

use super::parent::{Parent, QUICKLY, count, link, run, within};

/// The tests; none where the active profile has no libmultiprocess to build a peer with.
pub(crate) fn tests() -> Vec<(&'static str, fn())> {
    if program::is_possible() {
        return vec![
            ("a C++ parent calls our child", a_cpp_parent_calls_our_child),
            ("our parent calls a C++ child", our_parent_calls_a_cpp_child),
            (
                "our process mines with a C++ process",
                mining::our_process_mines_with_a_cpp_process,
            ),
            (
                "a C++ child calls back on the thread that waits",
                callbacks::a_cpp_child_calls_back,
            ),
            (
                "our child calls a C++ parent back on the thread that waits",
                callbacks::our_child_calls_a_cpp_parent_back,
            ),
        ];
    }
    Vec::new()
}

/// What it is made of.
const FILES: [program::File; 5] = [
    ("peer.cpp", include_str!("cpp/peer.cpp")),
    ("callbacks.h", include_str!("cpp/callbacks.h")),
    ("mining.h", include_str!("cpp/mining.h")),
    ("wallets.h", include_str!("cpp/wallets.h")),
    ("wallets.capnp", include_str!("cpp/wallets.capnp")),
];

/// The peer's executable, built once.
fn peer() -> &'static Path {
    static PEER: OnceLock<PathBuf> = OnceLock::new();
    PEER.get_or_init(|| program::build("cpp-peer", &FILES, "-O0"))
}

/// A parent of the peer, which is started under this name.
fn parent_of_peer(name: &'static str) -> Parent {
    let parent = Parent::new(name);
    let program = parent.directory.path().join(name);
    fs_err::remove_file(&program).unwrap();
    std::os::unix::fs::symlink(peer(), program).unwrap();
    parent
}

/// The [`Init`] of a peer that runs until the supervisor is dropped.
async fn supervise(parent: &Parent, name: &'static str) -> (Supervisor, Arc<dyn Init>) {
    let supervisor = Supervisor::start(Arc::clone(&parent.init), name, QUICKLY);
    let init = within(supervisor.init(Duration::from_secs(30))).await.unwrap();
    (supervisor, init)
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
    let parent = parent_of_peer("cpp-peer");
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
