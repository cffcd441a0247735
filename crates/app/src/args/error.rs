//! What can be wrong with options, in the words that rigs match.
//!
//! Rigs compare whole messages, so that a system error which Core does not tell is kept in a field `cause` and is not
//! the error's source, which programs print behind it.

use std::io;
use std::path::PathBuf;

use crate::config_file::SyntaxError;
use crate::settings_file::{SettingsReadError, SettingsWriteError};

/// Options that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ArgsError {
    /// On the command line.
    #[error("Error parsing command line arguments: {0}")]
    CommandLine(#[source] CommandLineError),
    /// A word without a dash for a program that takes none.
    #[error("Command line contains unexpected token '{token}', see {program} -h for a list of options.")]
    UnexpectedToken {
        /// The word.
        token: String,
        /// The program's file name.
        program: String,
    },
    /// The command line's `-datadir` is no directory.
    #[error("Specified data directory \"{path}\" does not exist.")]
    NoDataDirectory {
        /// As given.
        path: String,
    },
    /// In a configuration file.
    #[error("Error reading configuration file: {0}")]
    ConfigFile(#[source] ConfigFileError),
    /// More than one chain.
    #[error("Invalid combination of -regtest, -signet, -testnet and -chain. Can use at most one.")]
    SeveralChains,
    /// `-chain=` with another name than the four.
    #[error("Unknown chain {name}.")]
    UnknownChain {
        /// As given.
        name: String,
    },
    /// The file's default section sets options that count for one network alone.
    #[error("{message}")]
    Misplaced {
        /// Which options, a line each.
        message: String,
    },
    /// The settings file is not as it must be. It is left as it is.
    #[error("Settings file could not be read:\n- {0}")]
    SettingsRead(#[source] SettingsReadError),
    /// The settings file cannot be kept. It is left as it is.
    #[error("Settings file could not be written:\n- {0}")]
    SettingsWrite(#[source] SettingsWriteError),
    /// The data directory holds a configuration file beside the one in use.
    #[error("{message}")]
    IgnoredConfigFile {
        /// Which file is ignored, why, and what can be done.
        message: String,
    },
}

/// An option that the command line may not hold.
#[derive(Debug, thiserror::Error)]
pub enum CommandLineError {
    /// The program has no such option.
    #[error("Invalid parameter {argument}")]
    Unknown {
        /// As given.
        argument: String,
    },
    /// `-includeconf` belongs in the file.
    #[error("-includeconf cannot be used from commandline; -includeconf={value}")]
    IncludeConf {
        /// As JSON.
        value: String,
    },
    /// See there.
    #[error(transparent)]
    Negation(#[from] NegationError),
}

/// `-noname` for an option that cannot be off.
#[derive(Debug, thiserror::Error)]
#[error("Negating of -{name} is meaningless and therefore forbidden")]
pub struct NegationError {
    /// Without `no`.
    pub name: String,
}

/// A configuration file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigFileError {
    /// The file that `-conf` names.
    #[error("specified config file \"{path}\" could not be opened.", path = path.display())]
    Unreadable {
        /// Absolute.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// A directory stands in the file's place.
    #[error("Config file \"{path}\" is a directory.", path = path.display())]
    Directory {
        /// Absolute.
        path: PathBuf,
    },
    /// An included file.
    #[error("Failed to include configuration file {name}")]
    Include {
        /// As given.
        name: String,
        /// Why.
        cause: io::Error,
    },
    /// A line that the grammar does not allow.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// `conf=` inside a configuration file.
    #[error(
        "conf cannot be set in the configuration file; use includeconf= if you want to include additional config files"
    )]
    NestedConf,
    /// See there.
    #[error(transparent)]
    Negation(#[from] NegationError),
    /// The file's `datadir` is no directory.
    #[error("specified data directory \"{path}\" does not exist.")]
    NoDataDirectory {
        /// As given.
        path: String,
    },
}
