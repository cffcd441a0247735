//! The table of the executables, and what each needs.

use crate::features::Features;

/// A feature of the profile that executables depend on.
pub(crate) const MULTIPROCESS: &str = "multiprocess";
/// The feature that brings the wallet's process.
pub(crate) const WALLET: &str = "wallet";
/// The feature with which nodes publish.
pub(crate) const ZMQ: &str = "zmq";

/// An executable; its package has the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Executable {
    pub(crate) name: &'static str,
    /// The features that must all be on.
    pub(crate) needs: &'static [&'static str],
    /// What it can do more with a feature of the profile, as a feature of its package.
    pub(crate) gains: &'static [(&'static str, &'static str)],
}

/// All of them.
pub(crate) const EXECUTABLES: [Executable; 7] = [
    Executable {
        name: "syscoind",
        needs: &[],
        gains: &[(ZMQ, "zmq")],
    },
    Executable {
        name: "syscoin-cli",
        needs: &[],
        gains: &[(MULTIPROCESS, "ipc")],
    },
    Executable {
        name: "syscoin-tx",
        needs: &[],
        gains: &[],
    },
    Executable {
        name: "syscoin-util",
        needs: &[],
        gains: &[],
    },
    Executable {
        name: "syscoin-node",
        needs: &[MULTIPROCESS],
        gains: &[(ZMQ, "zmq")],
    },
    Executable {
        name: "syscoin-gui",
        needs: &[MULTIPROCESS],
        gains: &[],
    },
    Executable {
        name: "syscoin-wallet",
        needs: &[MULTIPROCESS, WALLET],
        gains: &[],
    },
];

impl Executable {
    /// The features that keep it from being built.
    pub(crate) fn lacks(&self, features: &Features) -> Vec<&'static str> {
        self.needs
            .iter()
            .copied()
            .filter(|feature| !features.is_on(feature))
            .collect()
    }

    /// What cargo is told to build it with, as `package/feature`.
    pub(crate) fn package_features(&self, features: &Features) -> Vec<String> {
        let gained = self.gains.iter().filter(|(feature, _)| features.is_on(feature));
        gained.map(|(_, gain)| format!("{}/{gain}", self.name)).collect()
    }

    /// Its file name on a host.
    pub(crate) fn file_name(&self, windows: bool) -> String {
        format!("{}{}", self.name, if windows { ".exe" } else { "" })
    }
}

/// Whether any executable needs the feature; the libraries of others are there for other trees.
pub(crate) fn need(feature: &str) -> bool {
    EXECUTABLES.iter().any(|executable| {
        let gains = executable.gains.iter().map(|(name, _)| name);
        executable.needs.iter().chain(gains).any(|name| *name == feature)
    })
}

/// All that executables can be built with, as cargo takes it.
pub(crate) fn every_package_feature() -> String {
    let gains = EXECUTABLES.iter().flat_map(|executable| {
        executable
            .gains
            .iter()
            .map(|(_, gain)| format!("{}/{gain}", executable.name))
    });
    gains.collect::<Vec<_>>().join(",")
}

/// Those that the features allow.
pub(crate) fn enabled(features: &Features) -> Vec<Executable> {
    EXECUTABLES
        .into_iter()
        .filter(|executable| executable.lacks(features).is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_decide_what_executables_can_do() {
        let with = |on: &[&str]| -> Vec<String> {
            let features = Features::of(on);
            let executables = EXECUTABLES.iter();
            executables
                .flat_map(|executable| executable.package_features(&features))
                .collect()
        };
        assert_eq!(with(&["wallet"]), [""; 0]);
        assert_eq!(with(&["multiprocess"]), ["syscoin-cli/ipc"]);
        assert_eq!(with(&["zmq"]), ["syscoind/zmq", "syscoin-node/zmq"]);
        assert_eq!(
            every_package_feature(),
            "syscoind/zmq,syscoin-cli/ipc,syscoin-node/zmq"
        );
    }

    #[test]
    fn features_decide_which_executables_are_built() {
        let rows: [(&[&str], &[&str]); 4] = [
            (&[], &["syscoind", "syscoin-cli", "syscoin-tx", "syscoin-util"]),
            (
                &["wallet"],
                &["syscoind", "syscoin-cli", "syscoin-tx", "syscoin-util"],
            ),
            (
                &["multiprocess"],
                &[
                    "syscoind",
                    "syscoin-cli",
                    "syscoin-tx",
                    "syscoin-util",
                    "syscoin-node",
                    "syscoin-gui",
                ],
            ),
            (
                &["multiprocess", "wallet"],
                &[
                    "syscoind",
                    "syscoin-cli",
                    "syscoin-tx",
                    "syscoin-util",
                    "syscoin-node",
                    "syscoin-gui",
                    "syscoin-wallet",
                ],
            ),
        ];
        for (on, expected) in rows {
            let names: Vec<_> = enabled(&Features::of(on))
                .iter()
                .map(|executable| executable.name)
                .collect();
            assert_eq!(names, expected, "{on:?}");
        }
    }
}
