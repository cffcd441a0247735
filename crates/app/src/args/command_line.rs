//! From words to settings: the grammar of one option and of the command line.

use std::ffi::{OsStr, OsString};

use crate::args::Inner;
use crate::args::error::{ArgsError, CommandLineError, NegationError};
use crate::options::{OptionSpec, OptionTable};
use crate::os_text;
use crate::value::{Value, flag_from};

/// A key's parts: `section.noname`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) section: String,
    pub(super) name: String,
    pub(super) negated: bool,
}

impl Key {
    pub(super) fn parse(key: &str) -> Self {
        let (section, key) = key.split_once('.').unwrap_or(("", key));
        let (negated, name) = key.strip_prefix("no").map_or((false, key), |name| (true, name));
        Self {
            section: section.to_owned(),
            name: name.to_owned(),
            negated,
        }
    }

    /// The value that the key and what stands behind `=` give the option; with a notice where that is surprising.
    pub(super) fn value(
        &self,
        text: Option<&OsStr>,
        option: &OptionSpec,
        notices: &mut Vec<String>,
    ) -> Result<Value, NegationError> {
        if !self.negated {
            return Ok(Value::Text(text.unwrap_or_default().to_owned()));
        }
        if !option.is_negatable() {
            return Err(NegationError {
                name: self.name.clone(),
            });
        }
        match text.map(OsStr::to_string_lossy) {
            Some(text) if !flag_from(&text) => {
                let name = &self.name;
                notices.push(format!(
                    "Warning: parsed potentially confusing double-negative -{name}={text}"
                ));
                Ok(Value::Affirmed)
            }
            _ => Ok(Value::Negated),
        }
    }
}

impl Inner {
    pub(super) fn read_command_line(
        &mut self,
        argv: impl IntoIterator<Item = OsString>,
    ) -> Result<(), ArgsError> {
        let mut argv = argv.into_iter();
        let program = argv.next().unwrap_or_default();
        let file = std::path::Path::new(&program).file_name().unwrap_or_default();
        self.program_file = file.to_string_lossy().into_owned();
        while let Some(argument) = argv.next() {
            if argument == "-" {
                break;
            }
            if cfg!(target_os = "macos") && argument.to_string_lossy().starts_with("-psn_") {
                continue;
            }
            let (key, value) = os_text::split_assignment(&argument);
            let key = if cfg!(windows) { windows_key(&key) } else { key };
            let Some(key) = key.strip_prefix('-') else {
                let words = std::iter::once(argument).chain(argv);
                self.positional = words.map(|word| word.to_string_lossy().into_owned()).collect();
                break;
            };
            let key = Key::parse(key.strip_prefix('-').unwrap_or(key));
            self.push_option(&key, value.as_deref(), &argument)
                .map_err(ArgsError::CommandLine)?;
        }
        match self.settings.command_line_standing("includeconf").first() {
            Some(value) => Err(ArgsError::CommandLine(CommandLineError::IncludeConf {
                value: value.to_json(),
            })),
            None => Ok(()),
        }
    }

    fn push_option(
        &mut self,
        key: &Key,
        value: Option<&OsStr>,
        argument: &OsStr,
    ) -> Result<(), CommandLineError> {
        let option = self.table.get(&key.name).filter(|_| key.section.is_empty());
        let option = option.ok_or_else(|| CommandLineError::Unknown {
            argument: argument.to_string_lossy().into_owned(),
        })?;
        let value = key.value(value, option, &mut self.notices)?;
        self.settings.push_command_line(&key.name, value);
        Ok(())
    }
}

/// Whether the argument is an option of the table's, or no option at all.
pub(crate) fn is_known(table: &OptionTable, argument: &OsStr) -> bool {
    let (key, _value) = os_text::split_assignment(argument);
    let key = if cfg!(windows) { windows_key(&key) } else { key };
    match key.strip_prefix('-') {
        None | Some("") => true,
        Some(key) => {
            let key = Key::parse(key.strip_prefix('-').unwrap_or(key));
            key.section.is_empty() && table.get(&key.name).is_some()
        }
    }
}

/// Windows writes options in any case, and with a slash.
fn windows_key(key: &str) -> String {
    let key = key.to_lowercase();
    match key.strip_prefix('/') {
        Some(rest) => format!("-{rest}"),
        None => key,
    }
}
