//! The settings file among the sources of options.

use std::ffi::OsString;
use std::sync::Arc;

use crate::args::{Args, ArgsError, SettingsReadError};
use crate::data_dir::DataDir;
use crate::settings_file::{SETTINGS_FILE_NAME, SettingsFile};
use crate::value::Value;

impl Args {
    /// Adds what the settings file has, which stands below the command line and above the configuration file; a file
    /// that is not there has nothing. With `-nosettings` no file is looked at. The chain is not chosen anew.
    ///
    /// # Errors
    /// [`ArgsError::SettingsRead`] for a file that is not as it must be.
    pub fn with_settings_file(mut self, data_dir: &DataDir) -> Result<Self, ArgsError> {
        if self.is_negated("settings") {
            return Ok(self);
        }
        let name = self.path("settings").unwrap_or_else(|| SETTINGS_FILE_NAME.into());
        let path = data_dir.network().join(name);
        let file = SettingsFile::read(path).map_err(ArgsError::SettingsRead)?;
        let inner = Arc::make_mut(&mut self.0);
        for (name, value) in file.iter() {
            if inner.table.get(name).is_none() {
                inner
                    .notices
                    .push(format!("Ignoring unknown rw_settings value {name}"));
                continue;
            }
            let values = values(value).ok_or_else(|| {
                ArgsError::SettingsRead(SettingsReadError::Structured {
                    name: name.to_owned(),
                    path: file.path().to_owned(),
                })
            })?;
            for value in values {
                inner.settings.push_stored(name, value);
            }
        }
        inner.settings_file = Some(file);
        Ok(self)
    }

    /// Writes the settings file anew as it was read, unless it is like that already. It is there as a whole or as it
    /// was, whatever happens meanwhile. Who calls this must be the only one to use the data directory.
    ///
    /// # Errors
    /// [`ArgsError::SettingsWrite`].
    pub fn write_settings_file(&self) -> Result<(), ArgsError> {
        match &self.0.settings_file {
            Some(file) => file.write().map_err(ArgsError::SettingsWrite),
            None => Ok(()),
        }
    }
}

/// The values that an entry gives an option: those of a list, or the one; none if it has parts of its own.
pub(super) fn values(value: &serde_json::Value) -> Option<Vec<Value>> {
    let one = |value: &serde_json::Value| match value {
        serde_json::Value::Null => Some(Value::Unset),
        serde_json::Value::Bool(true) => Some(Value::Affirmed),
        serde_json::Value::Bool(false) => Some(Value::Negated),
        serde_json::Value::Number(number) => Some(Value::Number(number.to_string())),
        serde_json::Value::String(text) => Some(Value::Text(OsString::from(text))),
        serde_json::Value::Array(_) | serde_json::Value::Object(_) => None,
    };
    match value {
        serde_json::Value::Array(values) => values.iter().map(one).collect(),
        value => one(value).map(|value| vec![value]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::{OptionCategory, OptionSpec, OptionTable, general_options};

    fn load(settings: &str, config: &str, options: &[&str]) -> Result<Args, ArgsError> {
        let home = tempfile::tempdir().unwrap();
        fs_err::write(home.path().join("syscoin.conf"), config).unwrap();
        fs_err::create_dir(home.path().join("regtest")).unwrap();
        fs_err::write(home.path().join("regtest/settings.json"), settings).unwrap();
        let datadir = format!("-datadir={}", home.path().display());
        let argv = ["syscoind", &datadir, "-regtest"].into_iter();
        let table = OptionTable::new().add(general_options()).add([
            OptionSpec::new("list", OptionCategory::General, "Repeatable."),
            OptionSpec::new("secret", OptionCategory::General, "Hidden.").sensitive(),
        ]);
        let args = Args::parse(table, argv.chain(options.iter().copied()).map(Into::into))?;
        let args = args.with_config_file()?;
        let data_dir = DataDir::resolve(&args).unwrap();
        args.with_settings_file(&data_dir)
    }

    #[test]
    fn entries_give_options_values() {
        let settings =
            r#"{"list": ["a", 1, true], "logips": 1, "debug": "net", "logtimestamps": false, "pid": null}"#;
        let config = "regtest.logtimestamps=1\nregtest.list=c\nregtest.pid=c\n";
        let args = load(settings, config, &["-debug=rpc"]).unwrap();
        assert_eq!(args.texts("list"), ["a", "1", "1", "c"]);
        assert_eq!(args.texts("debug"), ["rpc", "net"]);
        assert!(args.flag("logips", false));
        assert!(!args.flag("logtimestamps", true));
        assert_eq!(args.text("pid"), None, "the configuration file does not count");
    }

    #[test]
    fn entries_are_logged_and_secrets_are_not() {
        let args = load(r#"{"x": [6,7], "secret": "s", "a": null}"#, "", &[]).unwrap();
        let lines = args.log_lines();
        let stored: Vec<&str> = lines
            .iter()
            .filter_map(|line| line.strip_prefix("Setting file arg: "))
            .collect();
        assert_eq!(stored, ["a = null", "secret = ****", "x = [6,7]"]);
        assert_eq!(
            args.notices(),
            [
                "Ignoring unknown rw_settings value a",
                "Ignoring unknown rw_settings value x"
            ]
        );
    }

    #[test]
    fn values_with_parts_are_refused_where_an_option_would_take_them() {
        for value in ["{}", "[[]]", r#"["a", {}]"#] {
            let error = load(&format!(r#"{{"list": {value}}}"#), "", &[]).unwrap_err();
            let text = error.to_string();
            assert!(text.contains("The value of list in settings file "), "{text}");
            load(&format!(r#"{{"unknown": {value}}}"#), "", &[]).unwrap();
        }
    }

    #[test]
    fn without_settings_no_file_is_looked_at() {
        load("nonsense", "", &[]).unwrap_err();
        let args = load("nonsense", "", &["-nosettings"]).unwrap();
        args.write_settings_file().unwrap();
        load("nonsense", "regtest.nosettings=1\n", &[]).unwrap();
    }
}
