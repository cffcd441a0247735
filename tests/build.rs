//! Decides which tests exist in this build: the multiprocess ones are marked as ignored when their executables were
//! not built.

/// Set to `0` by whoever built without multiprocess support.
const VARIABLE: &str = "FUNCTIONAL_MULTIPROCESS";

fn main() {
    println!("cargo:rustc-check-cfg=cfg(multiprocess)");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed={VARIABLE}");
    if std::env::var_os(VARIABLE).is_none_or(|value| value != "0") {
        println!("cargo:rustc-cfg=multiprocess");
    }
}
