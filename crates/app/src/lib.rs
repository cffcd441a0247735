//! What every executable does before and after its real work: options and `syscoin.conf`, the data directory and the
//! files that mark it as in use, the log, signals, and a clean stop.
//!
//! The rules are Bitcoin Core v26's, so that command lines, configuration files and rigs written for `syscoind` keep
//! working. Deliberate absences: nothing here listens on or connects to a network, and nothing knows of blocks,
//! wallets or RPC methods; an executable adds its own options to an [`OptionTable`].
//!
//! A daemon's start, in order: [`Args::parse`], [`Args::requested_text`], [`Args::with_config_file`],
//! [`DataDir::resolve`], [`Args::with_settings_file`], [`Args::check_sections`], [`DataDir::lock`],
//! [`Args::write_settings_file`], [`Shutdown::install_signal_handlers`], [`Logger::start`], [`PidFile::create`],
//! [`cookie::write()`].

pub mod args;
mod config_file;
pub mod cookie;
pub mod data_dir;
pub mod descriptors;
pub mod json_text;
mod lock_file;
pub mod logging;
pub mod network;
pub mod options;
mod os_text;
pub mod pid_file;
pub mod program;
pub mod report;
mod settings;
mod settings_file;
pub mod shutdown;
mod value;

pub use args::{Args, ArgsError, RunningSettings, SettingsUpdateError};
pub use data_dir::{DataDir, DataDirError};
pub use lock_file::{LockError, LockFile};
pub use logging::{LogConfig, LogError, LogHandle, Logger, UnknownCategory};
pub use network::Network;
pub use options::{OptionCategory, OptionSpec, OptionTable};
pub use pid_file::PidFile;
pub use program::Program;
pub use shutdown::{Shutdown, reopen_log_on_hangup};
