//! Asking the system for a library: `pkg-config`, and vcpkg on Windows. Builds and installs nothing.

use site_profile::SystemPackage;

/// What the system has of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Probe {
    /// It serves; the version, where the system tells it.
    Found { version: Option<String> },
    /// It is there, and older than the lowest version that serves.
    TooOld { version: String },
    /// It is not there.
    Absent,
    /// The system cannot be asked.
    NoAnswer { reason: String },
}

/// Asks the system for `package`.
pub(crate) fn probe(package: &SystemPackage) -> Probe {
    if cfg!(windows) {
        ask_vcpkg(package)
    } else {
        ask_pkg_config(package)
    }
}

fn ask_pkg_config(package: &SystemPackage) -> Probe {
    let mut config = pkg_config::Config::new();
    // The driver is no build script: nobody reads directives for cargo.
    config
        .cargo_metadata(false)
        .env_metadata(false)
        .print_system_libs(false);
    let library = match config.probe(&package.pkg_config) {
        Ok(library) => library,
        Err(pkg_config::Error::Command { .. }) => {
            return Probe::NoAnswer {
                reason: "pkg-config is not installed".to_owned(),
            };
        }
        Err(pkg_config::Error::CrossCompilation) => {
            return Probe::NoAnswer {
                reason: "pkg-config describes this machine, not HOST".to_owned(),
            };
        }
        Err(_) => return Probe::Absent,
    };
    match config
        .atleast_version(&package.min_version)
        .probe(&package.pkg_config)
    {
        Ok(_) => Probe::Found {
            version: Some(library.version),
        },
        Err(_) => Probe::TooOld {
            version: library.version,
        },
    }
}

/// vcpkg tells no versions: what a port has is taken to serve.
fn ask_vcpkg(package: &SystemPackage) -> Probe {
    match vcpkg::Config::new()
        .cargo_metadata(false)
        .find_package(&package.vcpkg)
    {
        Ok(_) => Probe::Found { version: None },
        Err(vcpkg::Error::LibNotFound(_)) => Probe::Absent,
        Err(error) => Probe::NoAnswer {
            reason: error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_that_no_system_has_is_absent_or_cannot_be_asked_for() {
        let package = SystemPackage {
            feature: "x".to_owned(),
            pkg_config: "no-such-package-anywhere".to_owned(),
            min_version: "1".to_owned(),
            vcpkg: "no-such-port-anywhere".to_owned(),
            install: std::collections::BTreeMap::new(),
        };
        let found = probe(&package);
        assert!(
            matches!(found, Probe::Absent | Probe::NoAnswer { .. }),
            "{found:?}"
        );
    }
}
