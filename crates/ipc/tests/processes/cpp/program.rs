//! Builds C++ programs with the libmultiprocess of the active profile. What they share lies beside this file.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use site_profile::SiteProfile;

/// What every program is made of, besides its own source.
const SHARED: [(&str, &str); 5] = [
    ("echo.capnp", include_str!("echo.capnp")),
    ("init.capnp", include_str!("init.capnp")),
    ("interfaces.h", include_str!("interfaces.h")),
    ("types.h", include_str!("types.h")),
    ("process.h", include_str!("process.h")),
];

const LIBRARIES: [&str; 6] = [
    "-lmultiprocess",
    "-lcapnp-rpc",
    "-lcapnp",
    "-lkj-async",
    "-lkj",
    "-pthread",
];

/// Whether the active profile has a libmultiprocess; says so where it has none.
pub(crate) fn is_possible() -> bool {
    let profile = profile();
    let possible = profile.profile().packages.contains_key("libmultiprocess");
    if !possible {
        eprintln!(
            "no C++ programs: {} has no libmultiprocess",
            profile.path().display()
        );
    }
    possible
}

fn profile() -> SiteProfile {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    SiteProfile::active(&workspace).expect("the profile that this was built from is there")
}

/// Builds a program from one source, named and given, and gives its path. `optimisation` is a flag of the compiler.
pub(crate) fn build(name: &str, (file, text): (&str, &str), optimisation: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
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
    fs_err::create_dir_all(&directory).expect("the target directory can be written to");
    for (name, text) in SHARED.into_iter().chain([(file, text)]) {
        fs_err::write(directory.join(name), text).expect("the target directory can be written to");
    }
    let mpgen = profile.tool("mpgen").expect("libmultiprocess brings it");
    for schema in ["echo.capnp", "init.capnp"] {
        check_run(
            Command::new(&mpgen)
                .args([".", ".", schema])
                .current_dir(&directory),
        );
    }
    let program = directory.join(name);
    let compiler = std::env::var_os("CXX").unwrap_or_else(|| OsString::from("g++"));
    check_run(
        Command::new(compiler)
            .args(["-std=c++20", optimisation, "-I.", "-I"])
            .arg(prefix.join("include"))
            .args([file, "-o"])
            .arg(&program)
            .arg("-L")
            .arg(prefix.join("lib"))
            .args(LIBRARIES)
            .current_dir(&directory),
    );
    program
}

/// Runs a command that must succeed, and gives what it printed.
pub(crate) fn check_run(command: &mut Command) -> String {
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
    String::from_utf8_lossy(&output.stdout).into_owned()
}
