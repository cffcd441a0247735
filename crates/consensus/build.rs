//! Compiles `native/prepared.cpp` against the headers that the crate `bitcoinconsensus` has.
//!
//! That crate tells nobody where they are: cargo is asked for the place of its sources.

use std::env;
use std::path::PathBuf;
use std::process::Command;

const SHIM: &str = "native/prepared.cpp";

fn main() {
    println!("cargo:rerun-if-changed={SHIM}");
    // The crate's version, and so its place, may change.
    println!("cargo:rerun-if-changed=../../Cargo.lock");
    let headers = library().join("depend/bitcoin/src");
    let mut build = cc::Build::new();
    build
        .cpp(true)
        .std("c++17")
        .file(SHIM)
        .include(&headers)
        .include(headers.join("secp256k1/include"))
        .flag_if_supported("-Wno-unused-parameter")
        .flag_if_supported("-Wno-implicit-fallthrough");
    if variable("CARGO_CFG_TARGET_OS") == "windows" {
        build.define("WIN32", "1");
    }
    build.compile("consensus_prepared");
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
