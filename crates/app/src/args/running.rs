//! The settings of a process that runs: what it was started with, and what was changed since.
//!
//! Nothing that was read from the options before learns of a change; what is stored counts at the next start.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value as Json;

use super::stored::values;
use super::{Args, Inner, SettingsWriteError};
use crate::options::OptionSpec;
use crate::settings_file::SettingsFile;
use crate::value::Value;

/// The settings, as whoever may change them sees them. Clones share them.
#[derive(Debug, Clone)]
pub struct RunningSettings(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Never held while a file is written: who asks does not wait for the disk.
    args: Mutex<Args>,
    /// Held by who changes them.
    changing: Mutex<()>,
}

/// A setting was not changed.
#[derive(Debug, thiserror::Error)]
pub enum SettingsUpdateError {
    /// There is no settings file (`-nosettings`). The text is Bitcoin Core's.
    #[error("Attempt to write settings file when dynamic settings are disabled.")]
    Disabled,
    /// An option cannot have a value that has parts of its own: the next start would be refused.
    #[error("The value of {name} is neither a text, a number, true, false, null nor a list of those")]
    Structured {
        /// The option.
        name: String,
    },
    /// The file cannot be written, and is as it was.
    #[error("{}", .error.with_reason())]
    Write {
        /// Which file, and what could not be done to it.
        error: SettingsWriteError,
    },
}

/// When a change is written to the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// At once.
    Now,
    /// With the next one that is.
    Later,
}

impl RunningSettings {
    /// What a process was started with.
    #[must_use]
    pub fn new(args: Args) -> Self {
        Self(Arc::new(Shared {
            args: Mutex::new(args),
            changing: Mutex::default(),
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Args> {
        self.0.args.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes them, all or nothing.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut Args) -> Result<T, SettingsUpdateError>,
    ) -> Result<T, SettingsUpdateError> {
        let _changing = self.0.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut args = self.lock().clone();
        let result = change(&mut args)?;
        *self.lock() = args;
        Ok(result)
    }

    /// The value of an option that counts, wherever it is set.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<Json> {
        self.lock().0.single(name).map(|value| value.to_document())
    }

    /// All values that count of an option that may be given several times.
    #[must_use]
    pub fn list(&self, name: &str) -> Vec<Json> {
        let args = self.lock();
        let values = args.0.settings.list(name, args.0.lookup(name));
        values.iter().map(Value::to_document).collect()
    }

    /// The value of an option that a later run finds too: that of the settings file, else of the configuration file.
    #[must_use]
    pub fn persistent(&self, name: &str) -> Option<Json> {
        let args = self.lock();
        // The file's members keep their form, and those that no option knows are there too.
        if let Some(stored) = args.0.settings_file.as_ref().and_then(|file| file.get(name)) {
            return Some(stored.clone()).filter(|value| !value.is_null());
        }
        let value = args.0.settings.persistent(name, args.0.lookup(name));
        value.map(|value| value.to_document())
    }

    /// What the settings file has, or will have when it is written.
    #[must_use]
    pub fn stored(&self, name: &str) -> Option<Json> {
        let args = self.lock();
        args.0.settings_file.as_ref()?.get(name).cloned()
    }

    /// Whether the command line names the option, which counts for more than what is stored.
    #[must_use]
    pub fn is_on_command_line(&self, name: &str) -> bool {
        self.lock().is_on_command_line(name)
    }

    /// Whether the values of an option are not for everybody's eyes.
    #[must_use]
    pub fn is_sensitive(&self, name: &str) -> bool {
        self.lock()
            .0
            .table
            .get(name)
            .is_some_and(OptionSpec::is_sensitive)
    }

    /// Stores a value, or removes what is stored, and writes the file.
    ///
    /// # Errors
    /// [`SettingsUpdateError`]: nothing is changed then.
    pub fn store(&self, name: &str, value: Option<Json>) -> Result<(), SettingsUpdateError> {
        self.change(|args| args.store(name, value, Written::Now))
    }

    /// As [`store`](Self::store), provided that what is stored is `expected`; tells whether it was.
    ///
    /// # Errors
    /// As there.
    pub fn store_if(
        &self,
        name: &str,
        expected: Option<&Json>,
        value: Option<Json>,
        written: Written,
    ) -> Result<bool, SettingsUpdateError> {
        self.change(|args| {
            let file = args.0.settings_file.as_ref();
            let file = file.ok_or(SettingsUpdateError::Disabled)?;
            if file.get(name) != expected {
                return Ok(false);
            }
            args.store(name, value, written).map(|()| true)
        })
    }

    /// Gives an option a value that stands above all others until the process ends, or takes that back. Of a list the last
    /// value is taken.
    ///
    /// # Errors
    /// [`SettingsUpdateError::Structured`].
    pub fn force(&self, name: &str, value: Option<Json>) -> Result<(), SettingsUpdateError> {
        let value = match value {
            Some(value) => checked(name, &value)?.pop(),
            None => None,
        };
        self.change(|args| {
            let settings = &mut args.inner().settings;
            match value {
                Some(value) => settings.force(name, value),
                None => settings.release(name),
            }
            Ok(())
        })
    }

    /// Removes all that is stored, and keeps what was in a file of the same name with `.bak`.
    ///
    /// # Errors
    /// [`SettingsUpdateError`]: all that was stored still is.
    pub fn reset(&self) -> Result<(), SettingsUpdateError> {
        self.change(|args| {
            let file = args.0.settings_file.as_ref();
            let file = file.ok_or(SettingsUpdateError::Disabled)?;
            file.back_up().map_err(failed)?;
            let empty = file.emptied();
            empty.write().map_err(failed)?;
            let inner = args.inner();
            inner.settings_file = Some(empty);
            inner.settings.clear_stored();
            Ok(())
        })
    }
}

impl Args {
    fn inner(&mut self) -> &mut Inner {
        Arc::make_mut(&mut self.0)
    }

    fn store(
        &mut self,
        name: &str,
        value: Option<Json>,
        written: Written,
    ) -> Result<(), SettingsUpdateError> {
        let values = match &value {
            // A member that no option knows is kept as it is, and means nothing.
            Some(value) if self.0.table.get(name).is_some() => checked(name, value)?,
            Some(_) | None => Vec::new(),
        };
        let file = self
            .0
            .settings_file
            .as_ref()
            .ok_or(SettingsUpdateError::Disabled)?;
        let mut file = SettingsFile::clone(file);
        file.set(name, value);
        if written == Written::Now {
            file.write().map_err(failed)?;
        }
        let inner = self.inner();
        inner.settings_file = Some(file);
        inner.settings.set_stored(name, values);
        Ok(())
    }
}

fn failed(error: SettingsWriteError) -> SettingsUpdateError {
    SettingsUpdateError::Write { error }
}

fn checked(name: &str, value: &Json) -> Result<Vec<Value>, SettingsUpdateError> {
    values(value).ok_or_else(|| SettingsUpdateError::Structured {
        name: name.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::json;
    use tempfile::TempDir;

    use super::*;
    use crate::data_dir::DataDir;
    use crate::options::{OptionCategory, OptionTable, general_options};

    /// A process whose files have this.
    fn running(stored: &str, options: &[&str]) -> (TempDir, PathBuf, RunningSettings) {
        let home = tempfile::tempdir().unwrap();
        let config = "regtest.list=c\nregtest.list=d\nregtest.one=config\n";
        fs_err::write(home.path().join("syscoin.conf"), config).unwrap();
        fs_err::create_dir(home.path().join("regtest")).unwrap();
        let file = home.path().join("regtest/settings.json");
        fs_err::write(&file, stored).unwrap();
        let datadir = format!("-datadir={}", home.path().display());
        let argv = ["syscoind", &datadir, "-regtest"].into_iter();
        let option = |name| OptionSpec::new(name, OptionCategory::General, "");
        let table = OptionTable::new().add(general_options()).add([
            option("list"),
            option("one"),
            option("secret").sensitive(),
        ]);
        let args = Args::parse(table, argv.chain(options.iter().copied()).map(Into::into)).unwrap();
        let args = args.with_config_file().unwrap();
        let data_dir = DataDir::resolve(&args).unwrap();
        let args = args.with_settings_file(&data_dir).unwrap();
        (home, file, RunningSettings::new(args))
    }

    fn text(file: &PathBuf) -> Json {
        serde_json::from_slice(&fs_err::read(file).unwrap()).unwrap()
    }

    #[test]
    fn values_are_told_as_they_count_and_as_the_files_have_them() {
        let stored = r#"{"list": ["s", 2], "other": {"a": 1}}"#;
        let (_home, _file, settings) = running(stored, &["-list=a", "-one=b", "-noone"]);
        assert_eq!(settings.value("list"), Some(json!("a")));
        assert_eq!(
            settings.list("list"),
            [json!("a"), json!("s"), json!(2), json!("c"), json!("d")]
        );
        assert_eq!(settings.value("one"), Some(json!(false)));
        assert_eq!(settings.value("secret"), None);
        assert_eq!(settings.persistent("list"), Some(json!(["s", 2])));
        assert_eq!(settings.persistent("one"), Some(json!("config")));
        assert_eq!(settings.persistent("other"), Some(json!({"a": 1})));
        assert_eq!(settings.persistent("secret"), None);
        assert_eq!(
            (settings.stored("one"), settings.stored("list")),
            (None, Some(json!(["s", 2])))
        );
        assert!(settings.is_on_command_line("one") && !settings.is_on_command_line("secret"));
        assert!(settings.is_sensitive("secret") && !settings.is_sensitive("one"));
    }

    #[test]
    fn what_is_stored_counts_at_once_and_is_in_the_file() {
        let (_home, file, settings) = running(r#"{"kept": [1]}"#, &[]);
        settings.store("one", Some(json!("stored"))).unwrap();
        assert_eq!(settings.value("one"), Some(json!("stored")));
        assert_eq!(text(&file), json!({"kept": [1], "one": "stored"}));
        settings.store("one", None).unwrap();
        assert_eq!(settings.value("one"), Some(json!("config")));
        assert_eq!(text(&file), json!({"kept": [1]}));
        let refused = settings.store("one", Some(json!({"a": 1}))).unwrap_err();
        assert!(
            refused
                .to_string()
                .starts_with("The value of one is neither a text"),
            "{refused}"
        );
        assert_eq!(text(&file), json!({"kept": [1]}));
    }

    #[test]
    fn a_change_to_what_is_not_expected_any_more_is_not_made() {
        let (_home, file, settings) = running(r#"{"list": ["a"]}"#, &[]);
        let both = Some(json!(["a", "b"]));
        let store = |expected: Option<Json>, value: &Option<Json>, written| {
            settings
                .store_if("list", expected.as_ref(), value.clone(), written)
                .unwrap()
        };
        assert!(!store(None, &both, Written::Now));
        assert!(!store(Some(json!("a")), &both, Written::Now));
        assert!(store(Some(json!(["a"])), &both, Written::Later));
        assert_eq!(text(&file), json!({"list": ["a"]}), "nothing is written yet");
        assert_eq!(settings.stored("list"), both);
        assert!(store(both, &None, Written::Now));
        assert_eq!(text(&file), json!({}));
    }

    #[test]
    fn a_forced_value_stands_above_all_others_until_it_is_taken_back() {
        let (_home, file, settings) = running("{}", &["-one=a"]);
        settings.force("one", Some(json!("forced"))).unwrap();
        assert_eq!(settings.value("one"), Some(json!("forced")));
        assert_eq!(settings.persistent("one"), Some(json!("config")));
        settings.force("one", None).unwrap();
        assert_eq!(settings.value("one"), Some(json!("a")));
        assert_eq!(text(&file), json!({}));
    }

    #[test]
    fn a_reset_keeps_what_there_was_beside_the_empty_file() {
        let (_home, file, settings) = running(r#"{"one": 1, "x": 2}"#, &[]);
        settings.reset().unwrap();
        assert_eq!(text(&file), json!({}));
        assert_eq!(
            text(&file.with_file_name("settings.json.bak")),
            json!({"one": 1, "x": 2})
        );
        assert_eq!(settings.value("one"), Some(json!("config")));
        assert_eq!(settings.stored("x"), None);
    }

    #[test]
    fn where_nothing_can_be_written_all_stays_as_it_was() {
        let (home, file, settings) = running(r#"{"one": 1}"#, &[]);
        // A directory that cannot be replaced by a file, for whoever it is that asks.
        fs_err::remove_file(&file).unwrap();
        fs_err::create_dir_all(file.join("x")).unwrap();
        let told = settings.store("one", Some(json!(2))).unwrap_err().to_string();
        assert!(
            told.starts_with("Failed renaming settings file ")
                && told.ends_with(": Is a directory (os error 21)"),
            "{told}"
        );
        assert_eq!(
            (settings.stored("one"), settings.value("one")),
            (Some(json!(1)), Some(json!(1)))
        );
        settings.reset().unwrap_err();
        assert_eq!(settings.stored("one"), Some(json!(1)));
        drop(home);
        let (_home, _file, settings) = running("{}", &["-nosettings"]);
        for refused in [
            settings.store("one", None),
            settings.reset(),
            settings.store_if("one", None, None, Written::Later).map(drop),
        ] {
            let told = refused.unwrap_err().to_string();
            assert_eq!(
                told,
                "Attempt to write settings file when dynamic settings are disabled."
            );
        }
    }
}
