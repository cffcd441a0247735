//! The options that were given: command line and configuration file, and what they amount to.

mod command_line;
mod error;
mod files;
mod running;
mod stored;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

pub use crate::config_file::SyntaxError;
pub use crate::settings_file::{SettingsReadError, SettingsWriteError};
pub use error::{ArgsError, CommandLineError, ConfigFileError, NegationError};
pub use running::{RunningSettings, SettingsUpdateError, Written};

use crate::network::Network;
use crate::options::{OptionSpec, OptionTable};
use crate::program::{self, Program};
use crate::settings::{DefaultSection, Lookup, Settings};
use crate::settings_file::SettingsFile;
use crate::value::Value;

/// The name of the configuration file in the data directory.
pub const CONFIG_FILE_NAME: &str = "syscoin.conf";

/// The options as given. Cheap to clone; nothing changes after loading but by [`soft_set`](Self::soft_set), and in the copy
/// that [`RunningSettings`] has.
#[derive(Clone)]
pub struct Args(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    table: OptionTable,
    settings: Settings,
    network: Network,
    program_file: String,
    positional: Vec<String>,
    warnings: Vec<String>,
    include_warnings: Vec<String>,
    notices: Vec<String>,
    config_file: Option<PathBuf>,
    settings_file: Option<SettingsFile>,
}

impl Args {
    /// Reads a command line, the program's own name first, as [`std::env::args_os`] gives it.
    ///
    /// # Errors
    /// [`ArgsError`] for options that the table does not know or that may not be used so, and for a choice of several
    /// chains.
    pub fn parse(table: OptionTable, argv: impl IntoIterator<Item = OsString>) -> Result<Self, ArgsError> {
        let mut inner = Inner {
            table,
            settings: Settings::default(),
            network: Network::Main,
            program_file: String::new(),
            positional: Vec::new(),
            warnings: Vec::new(),
            include_warnings: Vec::new(),
            notices: Vec::new(),
            config_file: None,
            settings_file: None,
        };
        inner.read_command_line(argv)?;
        let network = inner.chosen_network();
        let mut args = Self(Arc::new(inner));
        // Who asks for help need not have the rest right.
        if !args.asks_for_text() {
            Arc::make_mut(&mut args.0).network = network?;
        }
        Ok(args)
    }

    /// Whether an argument of a command line is an option of the table's, or no option at all: for a program that hands
    /// the others on.
    pub fn knows(table: &OptionTable, argument: &OsStr) -> bool {
        command_line::is_known(table, argument)
    }

    /// Adds the configuration file and the files it includes.
    ///
    /// # Errors
    /// [`ArgsError`] when `-datadir` does not exist, a named file cannot be read, a file breaks the grammar, or the
    /// files choose another chain than the command line.
    pub fn with_config_file(mut self) -> Result<Self, ArgsError> {
        files::load(&mut self)?;
        Ok(self)
    }

    /// Refuses what stands in the file's default section without effect there. A daemon asks for this; a client, which
    /// reads the same file, does not mind.
    ///
    /// # Errors
    /// [`ArgsError::Misplaced`].
    pub fn check_sections(&self) -> Result<(), ArgsError> {
        files::check_sections(self)
    }

    /// The text that `-help`, `-help-debug` or `-version` asks for; a program prints it and leaves.
    pub fn requested_text(&self, program: &Program) -> Option<String> {
        if self.is_set("version") {
            return Some(program::version_text(program));
        }
        self.asks_for_text()
            .then(|| self.0.table.help_text(program, self.flag("help-debug", false)))
    }

    fn asks_for_text(&self) -> bool {
        ["version", "?", "h", "help", "help-debug"]
            .iter()
            .any(|name| self.is_set(name))
    }

    /// The chain.
    pub fn network(&self) -> Network {
        self.0.network
    }

    /// The option's value: the last on the command line, else the first in the file's section for the network, else
    /// the first in the default section. A negated option is `0`. Bytes that are not Unicode are replaced.
    pub fn text(&self, name: &str) -> Option<String> {
        self.0.single(name).map(|value| value.to_text())
    }

    /// [`text`](Self::text), byte for byte.
    pub fn os_text(&self, name: &str) -> Option<OsString> {
        self.0.single(name).map(|value| value.as_os_str().to_owned())
    }

    /// [`text`](Self::text), or the default.
    pub fn text_or(&self, name: &str, default: &str) -> String {
        self.text(name).unwrap_or_else(|| default.to_owned())
    }

    /// [`texts`](Self::texts), byte for byte.
    pub fn os_texts(&self, name: &str) -> Vec<OsString> {
        self.0
            .settings
            .list(name, self.0.lookup(name))
            .iter()
            .map(|value| value.as_os_str().to_owned())
            .collect()
    }

    /// All values of an option that may be given several times, those of the command line first.
    pub fn texts(&self, name: &str) -> Vec<String> {
        self.0
            .settings
            .list(name, self.0.lookup(name))
            .iter()
            .map(Value::to_text)
            .collect()
    }

    /// Empty and non-zero numbers are true, everything else is false.
    pub fn flag(&self, name: &str, default: bool) -> bool {
        self.0.single(name).map_or(default, |value| value.to_flag())
    }

    /// The number at the value's beginning, 0 without one.
    pub fn number(&self, name: &str, default: i64) -> i64 {
        self.0.single(name).map_or(default, |value| value.to_number())
    }

    /// The value as a path, byte for byte, without `.` components and closing slashes. Neither a negated option nor an
    /// empty value is a path.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        let value = self.0.single(name)?;
        let is_path = !value.is_negated() && !value.as_os_str().is_empty();
        is_path.then(|| PathBuf::from(value.as_os_str()).components().collect())
    }

    /// Whether the option has a value from anywhere, be it a negation.
    pub fn is_set(&self, name: &str) -> bool {
        self.0.single(name).is_some()
    }

    /// Whether the command line names the option, be it to turn it off.
    pub fn is_on_command_line(&self, name: &str) -> bool {
        self.0.settings.is_on_command_line(name)
    }

    /// Whether the option was turned off by `-noname`.
    pub fn is_negated(&self, name: &str) -> bool {
        self.0.single(name).is_some_and(|value| value.is_negated())
    }

    /// Gives the option a value unless it has one; whether it was given.
    pub fn soft_set(&mut self, name: &str, value: &str) -> bool {
        let unset = !self.is_set(name);
        if unset {
            self.force(name, value);
        }
        unset
    }

    /// Gives the option a value that stands above all others.
    pub fn force(&mut self, name: &str, value: &str) {
        Arc::make_mut(&mut self.0)
            .settings
            .force(name, Value::Text(value.into()));
    }

    /// What the user should know, for standard error and the log.
    pub fn warnings(&self) -> &[String] {
        &self.0.warnings
    }

    /// Complaints about `includeconf` in included files, for standard error in exactly these words.
    pub fn include_warnings(&self) -> &[String] {
        &self.0.include_warnings
    }

    /// What belongs in the log and nowhere else, as unknown keys of the configuration file.
    pub fn notices(&self) -> &[String] {
        &self.0.notices
    }

    /// The command and its arguments behind the options.
    pub fn positional(&self) -> &[String] {
        &self.0.positional
    }

    /// The configuration file that is in use, or would be if it existed; none with `-noconf`.
    pub fn config_file(&self) -> Option<&std::path::Path> {
        self.0.config_file.as_deref()
    }

    /// The given options as the log shows them, sensitive values hidden.
    pub fn log_lines(&self) -> Vec<String> {
        let shown = |name: &str, value: &Value| {
            let option = self.0.table.get(name)?;
            Some(if option.is_sensitive() {
                "****".to_owned()
            } else {
                value.to_json()
            })
        };
        let config = self.0.settings.all_config().filter_map(|(section, name, value)| {
            let section = if section.is_empty() {
                String::new()
            } else {
                format!("[{section}] ")
            };
            Some(format!(
                "Config file arg: {section}{name}={}",
                shown(name, value)?
            ))
        });
        let stored = self.0.settings_file.iter().flat_map(SettingsFile::iter);
        let stored = stored.map(|(name, value)| {
            let is_sensitive = self.0.table.get(name).is_some_and(OptionSpec::is_sensitive);
            let shown = if is_sensitive {
                "****".to_owned()
            } else {
                value.to_string()
            };
            format!("Setting file arg: {name} = {shown}")
        });
        let command_line =
            self.0.settings.all_command_line().filter_map(|(name, value)| {
                Some(format!("Command-line arg: {name}={}", shown(name, value)?))
            });
        config.chain(stored).chain(command_line).collect()
    }
}

/// Shows what the log may show.
impl fmt::Debug for Args {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Args").field(&self.log_lines()).finish()
    }
}

impl Inner {
    fn lookup(&self, name: &str) -> Lookup<'static> {
        let ignored =
            self.network != Network::Main && self.table.get(name).is_some_and(OptionSpec::is_network_only);
        Lookup {
            section: self.network.section(),
            default_section: if ignored {
                DefaultSection::Ignored
            } else {
                DefaultSection::Counts
            },
        }
    }

    fn single(&self, name: &str) -> Option<Value> {
        self.settings.single(name, self.lookup(name))
    }

    /// The chain that the settings choose, of which there may be one at most.
    fn chosen_network(&self) -> Result<Network, ArgsError> {
        let flags = [
            ("regtest", Network::Regtest),
            ("signet", Network::Signet),
            ("testnet", Network::Testnet),
        ];
        let chosen: Vec<Network> = flags
            .into_iter()
            .filter(|(name, _)| self.settings.selects_chain(name))
            .map(|(_, network)| network)
            .collect();
        let lookup = Lookup {
            section: "",
            default_section: DefaultSection::Counts,
        };
        let chain = self.settings.single("chain", lookup).map(|value| value.to_text());
        if chosen.len() + usize::from(chain.is_some()) > 1 {
            return Err(ArgsError::SeveralChains);
        }
        match chain {
            Some(name) => Network::from_name(&name).ok_or(ArgsError::UnknownChain { name }),
            None => Ok(chosen.first().copied().unwrap_or(Network::Main)),
        }
    }
}

#[cfg(test)]
mod tests;
