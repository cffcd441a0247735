//! Calling cargo from a program that cargo started.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use xshell::{Cmd, Shell};

/// What `cargo run` sets for the driver. Build scripts that watch such a variable would run again each time that
/// cargo is called from here instead of from a shell.
pub(crate) fn is_set_by_cargo_run(name: &str) -> bool {
    const PREFIXES: [&str; 3] = ["CARGO_PKG_", "CARGO_BIN_", "CARGO_MANIFEST_"];
    const NAMES: [&str; 5] = [
        "CARGO",
        "CARGO_CRATE_NAME",
        "CARGO_PRIMARY_PACKAGE",
        "OUT_DIR",
        "CARGO_TARGET_TMPDIR",
    ];
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// `program` as if it were called from a shell.
pub(crate) fn outside<'a>(shell: &'a Shell, program: impl AsRef<Path>) -> Cmd<'a> {
    let mut command = shell.cmd(program);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_set_by_cargo_run) {
            command = command.env_remove(name);
        }
    }
    command
}

/// Cargo, with the profile that its build scripts are to read.
pub(crate) fn cargo<'a>(shell: &'a Shell, profile: &Path) -> Cmd<'a> {
    outside(shell, "cargo").env(site_profile::CONFIG_SITE, profile)
}

/// An executable that cargo built.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Built {
    /// Of the target: of a binary the name of its file, of a benchmark its beginning.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) path: PathBuf,
}

/// The executables among what `cargo build --message-format=json` printed.
pub(crate) fn built(printed: &str) -> Vec<Built> {
    let messages = printed
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok())
        .filter(|message| message.reason == "compiler-artifact");
    messages
        .filter_map(|message| {
            let name = message.target?.name;
            message.executable.map(|path| Built { name, path })
        })
        .collect()
}

/// A line of what cargo tells machines, as far as it matters here.
#[derive(Deserialize)]
struct Message {
    reason: String,
    target: Option<Target>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cargo_run_sets_is_hidden_from_cargo() {
        for name in ["CARGO", "CARGO_PKG_NAME", "CARGO_MANIFEST_DIR", "CARGO_BIN_NAME"] {
            assert!(is_set_by_cargo_run(name), "{name}");
        }
        for name in [
            "CARGO_HOME",
            "CARGO_TARGET_DIR",
            "CARGO_BUILD_JOBS",
            "CARGO_NET_OFFLINE",
            "RUSTFLAGS",
            "PATH",
        ] {
            assert!(!is_set_by_cargo_run(name), "{name}");
        }
    }

    #[test]
    fn executables_are_picked_from_what_cargo_says() {
        let printed = r#"{"reason":"compiler-artifact","target":{"name":"ipc"},"executable":null}
not JSON
{"reason":"compiler-artifact","target":{"name":"calls"},"executable":"/t/calls-1f"}
{"reason":"build-finished","success":true}"#;
        let expected = Built {
            name: "calls".to_owned(),
            path: PathBuf::from("/t/calls-1f"),
        };
        assert_eq!(built(printed), [expected]);
    }
}
