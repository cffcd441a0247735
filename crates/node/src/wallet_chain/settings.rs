//! What wallets may know of the settings, which are those that are wallets' alone, and change of them, which is the list of
//! wallets to load: a wallet that was taken over by somebody must not become a way to the rest of the node, and some of
//! wallets' own settings name programs to run.

use app::RunningSettings;
use app::args::Written;
use interfaces::{InterfaceError, Json};

use crate::awaited;
use crate::served::failed;

/// What wallets of Bitcoin Core store, too.
const STORED_BY_WALLETS: &str = "wallet";

fn check(name: &str, method: &str) -> Result<(), InterfaceError> {
    match awaited::is_of_wallets(name) {
        true => Ok(()),
        false => Err(InterfaceError::not_allowed(method)),
    }
}

/// The value that counts.
pub(super) fn value(settings: &RunningSettings, name: &str) -> Result<Option<Json>, InterfaceError> {
    check(name, "Chain.getSetting")?;
    Ok(settings.value(name))
}

/// All values that count.
pub(super) fn list(settings: &RunningSettings, name: &str) -> Result<Vec<Json>, InterfaceError> {
    check(name, "Chain.getSettingsList")?;
    Ok(settings.list(name))
}

/// What is stored.
pub(super) fn stored(settings: &RunningSettings, name: &str) -> Result<Option<Json>, InterfaceError> {
    check(name, "Chain.getRwSetting")?;
    Ok(settings.stored(name))
}

/// Stores a value, or removes what is stored, provided that this is what is expected.
pub(super) fn store(
    settings: &RunningSettings,
    name: &str,
    expected: Option<&Json>,
    value: Option<Json>,
    write: bool,
) -> Result<bool, InterfaceError> {
    if name != STORED_BY_WALLETS {
        return Err(InterfaceError::not_allowed("Chain.updateRwSetting"));
    }
    let written = match write {
        true => Written::Now,
        false => Written::Later,
    };
    let value = value.filter(|value| !value.is_null());
    settings.store_if(name, expected, value, written).map_err(failed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::user_interface::tests::settings_of;

    #[test]
    fn a_wallet_changes_what_is_stored_of_wallets_if_it_knows_what_that_is() {
        let (directory, settings) = settings_of(r#"{"wallet": ["a"], "prune": 550}"#);
        let (one, two) = (json!(["a"]), json!(["a", "b"]));
        assert_eq!(stored(&settings, "wallet").unwrap(), Some(one.clone()));
        assert_eq!(list(&settings, "wallet").unwrap(), [json!("a")]);
        let change =
            |expected: Option<&Json>, write| store(&settings, "wallet", expected, Some(two.clone()), write);
        assert!(!change(None, true).unwrap());
        assert!(change(Some(&one), false).unwrap());
        assert_eq!(list(&settings, "wallet").unwrap(), [json!("a"), json!("b")]);
        assert!(change(Some(&two), true).unwrap());
        let text = fs_err::read(directory.path().join("settings.json")).unwrap();
        let file: Json = serde_json::from_slice(&text).unwrap();
        assert_eq!(file, json!({"prune": 550, "wallet": ["a", "b"]}));
        for name in ["prune", "rpcpassword", "startupnotify"] {
            let refused = stored(&settings, name).unwrap_err();
            assert_eq!(refused.to_string(), "Chain.getRwSetting is not allowed here");
        }
        for name in ["prune", "rpcpassword", "startupnotify", "walletnotify", "signer"] {
            let refused = store(&settings, name, None, None, true).unwrap_err();
            assert_eq!(refused.to_string(), "Chain.updateRwSetting is not allowed here");
        }
    }

    #[test]
    fn where_there_is_no_file_a_wallet_is_told_so() {
        let args = app::Args::parse(crate::run::option_table(), ["syscoind".into()]).unwrap();
        let refused = store(&RunningSettings::new(args), "wallet", None, None, true).unwrap_err();
        assert!(
            refused
                .to_string()
                .ends_with("when dynamic settings are disabled."),
            "{refused}"
        );
    }
}
