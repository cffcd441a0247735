//! Calling cargo from a program that cargo started.

use std::path::Path;

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
}
