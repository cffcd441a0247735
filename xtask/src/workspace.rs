//! Where the checkout lies, and what lies where in it.

use std::path::{Path, PathBuf};

use ::depends::host::Host;

/// The top of the checkout.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the driver has a parent directory because it is a member of the workspace")
}

/// Where executables land, for all hosts.
pub(crate) fn build_directory() -> PathBuf {
    root().join("build")
}

/// Where the executables for a host land.
pub(crate) fn executables_directory(triplet: &str) -> PathBuf {
    build_directory().join(triplet).join("bin")
}

/// The GNU triplet of this machine; Rust's name for it where it is no known host.
pub(crate) fn this_machine() -> String {
    Host::current().map_or_else(
        || format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        |host| host.triplet.clone(),
    )
}

/// The profile that `cargo xtask depends` writes for this machine.
pub(crate) fn depends_profile() -> PathBuf {
    root()
        .join("depends")
        .join(this_machine())
        .join("share")
        .join(site_profile::FILE_NAME)
}
