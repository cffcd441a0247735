//! Builds C++ programs with the libmultiprocess of the active profile. What they share lies beside this file.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use site_profile::SiteProfile;

/// What the generated code is made of, below the package's own directory.
const SCHEMAS: [File; 6] = [
    ("common.capnp", include_str!("../../../schema/common.capnp")),
    ("echo.capnp", include_str!("../../../schema/echo.capnp")),
    ("init.capnp", include_str!("../../../schema/init.capnp")),
    ("mining.capnp", include_str!("../../../schema/mining.capnp")),
    ("rpc.capnp", include_str!("../../../schema/rpc.capnp")),
    ("rust.capnp", include_str!("../../../schema/rust.capnp")),
];

/// What every program is made of, besides its own source and the schemas.
const SHARED: [File; 3] = [
    (
        "syscoin/ipc/interfaces.h",
        include_str!("../../../cpp/syscoin/ipc/interfaces.h"),
    ),
    (
        "syscoin/ipc/types.h",
        include_str!("../../../cpp/syscoin/ipc/types.h"),
    ),
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

/// A file, named and given.
pub(crate) type File = (&'static str, &'static str);

/// Builds a program, and gives its path. The first of its files is the source that includes the others; those whose names
/// end in `capnp` are schemas. `optimisation` is a flag of the compiler.
pub(crate) fn build(name: &str, files: &[File], optimisation: &str) -> PathBuf {
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
    let schemas = directory.join("syscoin/ipc/schema");
    fs_err::create_dir_all(&schemas).expect("the target directory can be written to");
    let is_schema = |(name, _): &&File| name.ends_with(".capnp");
    for (name, text) in SHARED.iter().chain(files.iter().filter(|file| !is_schema(file))) {
        fs_err::write(directory.join(name), text).expect("the target directory can be written to");
    }
    let all_schemas: Vec<File> = SCHEMAS
        .iter()
        .chain(files.iter().filter(is_schema))
        .copied()
        .collect();
    for (schema, text) in &all_schemas {
        fs_err::write(schemas.join(schema), text).expect("the target directory can be written to");
    }
    let mpgen = profile.tool("mpgen").expect("libmultiprocess brings it");
    for (schema, _) in all_schemas {
        let schema = schemas.join(schema);
        check_run(
            Command::new(&mpgen)
                .args([&directory, &directory, &schema])
                .current_dir(&directory),
        );
    }
    let program = directory.join(name);
    let compiler = std::env::var_os("CXX").unwrap_or_else(|| OsString::from("g++"));
    check_run(
        Command::new(compiler)
            .args(["-std=c++20", optimisation, "-I.", "-I"])
            .arg(prefix.join("include"))
            .args([files[0].0, "-o"])
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
