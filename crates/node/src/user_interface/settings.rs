//! What user interfaces may know and change of the settings.
//!
//! Who has started the node could have given it any option. Anybody else may store what upstream's user interface stores,
//! commands excepted: a caller must not become somebody who runs programs.

use app::RunningSettings;
use interfaces::{InterfaceError, Json};

use crate::served::failed;

/// What may be changed in a node that runs by itself.
const OF_INTERFACES: &[&str] = &[
    "dbcache",
    "lang",
    "listen",
    "natpmp",
    "onion",
    "onion-prev",
    "par",
    "proxy",
    "proxy-prev",
    "prune",
    "prune-prev",
    "server",
    "spendzeroconfchange",
    "upnp",
    "wallet",
];

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    /// Who has started the node.
    Parent,
    /// Anybody else.
    Other,
}

/// What the files have.
pub(super) fn persistent(
    settings: &RunningSettings,
    caller: Caller,
    name: &str,
) -> Result<Option<Json>, InterfaceError> {
    match caller == Caller::Other && settings.is_sensitive(name) {
        true => Err(InterfaceError::not_allowed("Node.getPersistentSetting")),
        false => Ok(settings.persistent(name)),
    }
}

/// Stores a value, or removes what is stored.
pub(super) fn store(
    settings: &RunningSettings,
    caller: Caller,
    name: &str,
    value: Option<Json>,
) -> Result<(), InterfaceError> {
    check(name, caller, "Node.updateRwSetting")?;
    settings.store(name, given(value)).map_err(failed)
}

/// Sets a value above all others, or takes that back.
pub(super) fn force(
    settings: &RunningSettings,
    caller: Caller,
    name: &str,
    value: Option<Json>,
) -> Result<(), InterfaceError> {
    check(name, caller, "Node.forceSetting")?;
    settings.force(name, given(value)).map_err(failed)
}

/// A value that is null is none.
fn given(value: Option<Json>) -> Option<Json> {
    value.filter(|value| !value.is_null())
}

fn check(name: &str, caller: Caller, method: &str) -> Result<(), InterfaceError> {
    match caller == Caller::Parent || OF_INTERFACES.contains(&name) {
        true => Ok(()),
        false => Err(InterfaceError::not_allowed(method)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::user_interface::tests::settings_of;

    fn said<T: std::fmt::Debug>(outcome: Result<T, InterfaceError>) -> String {
        outcome.unwrap_err().to_string()
    }

    #[test]
    fn who_has_not_started_the_node_changes_what_runs_no_programs() {
        let (directory, settings) = settings_of("{}");
        let value = || Some(json!("x"));
        for name in ["startupnotify", "blocknotify", "rpcauth", "datadir", "none"] {
            let (stored, forced) = (
                store(&settings, Caller::Other, name, value()),
                force(&settings, Caller::Other, name, value()),
            );
            assert_eq!(said(stored), "Node.updateRwSetting is not allowed here");
            assert_eq!(said(forced), "Node.forceSetting is not allowed here");
        }
        assert_eq!(
            said(persistent(&settings, Caller::Other, "rpcpassword")),
            "Node.getPersistentSetting is not allowed here"
        );
        store(&settings, Caller::Other, "prune", Some(json!(550))).unwrap();
        store(&settings, Caller::Parent, "startupnotify", value()).unwrap();
        assert_eq!(
            persistent(&settings, Caller::Other, "prune").unwrap(),
            Some(json!(550))
        );
        assert_eq!(
            persistent(&settings, Caller::Parent, "startupnotify").unwrap(),
            value()
        );
        let text = fs_err::read(directory.path().join("settings.json")).unwrap();
        let stored: Json = serde_json::from_slice(&text).unwrap();
        assert_eq!(stored, json!({"prune": 550, "startupnotify": "x"}));
        store(&settings, Caller::Other, "prune", Some(Json::Null)).unwrap();
        assert_eq!(persistent(&settings, Caller::Other, "prune").unwrap(), None);
    }

    #[test]
    fn a_forced_value_is_told_to_wallets_and_is_in_no_file() {
        let (_directory, settings) = settings_of(r#"{"dbcache": 5}"#);
        force(&settings, Caller::Other, "dbcache", Some(json!(7))).unwrap();
        assert_eq!(settings.value("dbcache"), Some(json!(7)));
        assert_eq!(
            persistent(&settings, Caller::Other, "dbcache").unwrap(),
            Some(json!(5))
        );
        force(&settings, Caller::Other, "dbcache", None).unwrap();
        assert_eq!(settings.value("dbcache"), Some(json!(5)));
    }
}
