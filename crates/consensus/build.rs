//! Compiles `native/prepared.cpp` against the headers that the crate `bitcoinconsensus` has, and a faster SHA-256 for both.
//!
//! That crate tells nobody where they are: cargo is asked for the place of its sources.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

const SHIM: &str = "native/prepared.cpp";

fn main() {
    println!("cargo:rerun-if-changed={SHIM}");
    // The crate's version, and so its place, may change.
    println!("cargo:rerun-if-changed=../../Cargo.lock");
    let headers = library().join("depend/bitcoin/src");
    let mut build = builder(&headers);
    build.file(SHIM);
    // Its assembly needs more registers than sanitizers leave, and pointers as long as they are.
    let has_instructions =
        variable("CARGO_CFG_TARGET_ARCH") == "x86_64" && variable("CARGO_CFG_TARGET_POINTER_WIDTH") == "64";
    let is_sanitized = env::var_os("CARGO_CFG_SANITIZE").is_some();
    if has_instructions && !is_sanitized && !build.get_compiler().is_like_msvc() {
        add_fast_hashes(&mut build, &headers);
    }
    build.compile("consensus_prepared");
}

/// Compiles what is of the library or uses it.
fn builder(headers: &Path) -> cc::Build {
    let mut build = cc::Build::new();
    build
        .cpp(true)
        .std("c++17")
        .include(headers)
        .include(headers.join("secp256k1/include"))
        .flag_if_supported("-Wno-unused-parameter")
        .flag_if_supported("-Wno-implicit-fallthrough");
    if variable("CARGO_CFG_TARGET_OS") == "windows" {
        build.define("WIN32", "1");
    }
    build
}

/// Compiles the library's SHA-256 as Core itself does: with the processor's instructions for it, which are used where they
/// are found at run time. The crate compiles the same file without them; linkers take the definitions that come first, and
/// those of a crate come before those of what it stands on.
fn add_fast_hashes(build: &mut cc::Build, headers: &Path) {
    let sources = headers.join("crypto");
    // Only what is behind a question to the processor may have the instructions.
    let with_instructions = builder(headers)
        .file(sources.join("sha256_x86_shani.cpp"))
        .define("ENABLE_X86_SHANI", None)
        .flag("-msse4")
        .flag("-msha")
        .compile_intermediates();
    build
        .define("USE_ASM", None)
        .define("ENABLE_X86_SHANI", None)
        .file(sources.join("sha256.cpp"))
        .file(sources.join("sha256_sse4.cpp"))
        .objects(with_instructions);
}

/// Where the sources of the library are.
fn library() -> PathBuf {
    let output = Command::new(variable("CARGO"))
        .args(["metadata", "--format-version=1", "--locked", "--filter-platform"])
        .arg(variable("TARGET"))
        .output()
        .expect("cargo runs this build script, and so can be run");
    assert!(
        output.status.success(),
        "cargo metadata: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("cargo writes its metadata as JSON");
    let packages = metadata["packages"].as_array().expect("there are packages");
    let manifest = packages
        .iter()
        .find(|package| package["name"] == "bitcoinconsensus")
        .and_then(|package| package["manifest_path"].as_str())
        .expect("this crate depends on bitcoinconsensus");
    PathBuf::from(manifest)
        .parent()
        .expect("a manifest is in a directory")
        .to_owned()
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name} for build scripts"))
}
