//! The log: `debug.log` and standard output in Core's format, fed by `tracing` events.
//!
//! Libraries emit events and never see this module. The target of DEBUG and TRACE events is the log category
//! (`tracing::debug!(target: "net", "…")`); events of INFO and above are always written, and show a category only when
//! their target is exactly one.

mod category;
mod config;
mod format;
mod layer;
mod sink;
mod state;

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use tracing_subscriber::layer::SubscriberExt as _;

pub(crate) use category::category_names;
pub use config::{LOG_FILE_NAME, LogConfig};

use category::{Category, CategorySet};
use layer::LogLayer;
use state::State;

static INSTALLED: OnceLock<LogHandle> = OnceLock::new();

/// The log cannot be had as asked for.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// `-debug` or `-debugexclude` with an unknown category.
    #[error("Unsupported logging category {option}={value}.")]
    UnsupportedCategory {
        /// With its dash.
        option: &'static str,
        /// As given.
        value: String,
    },
    /// `-loglevel` with an unknown level.
    #[error("Unsupported global logging level -loglevel={value}. Valid values: info, debug, trace.")]
    UnsupportedLevel {
        /// As given.
        value: String,
    },
    /// `-loglevel` with an unknown category or level.
    #[error(
        "Unsupported category-specific logging level -loglevel={value}. Expected -loglevel=<category>:<loglevel>. \
         Valid categories: {categories}. Valid loglevels: info, debug, trace."
    )]
    UnsupportedCategoryLevel {
        /// As given.
        value: String,
        /// All of them.
        categories: String,
    },
    /// A setting from the parent process that this version does not know.
    #[error("unknown log setting {name}")]
    UnknownSetting {
        /// As given.
        name: String,
    },
    /// The file cannot be opened.
    #[error("Could not open debug log file {path}", path = path.display())]
    Open {
        /// Absolute.
        path: PathBuf,
        /// Why; not the source, because rigs compare the whole message.
        cause: io::Error,
    },
    /// The process already has a log, or another subscriber.
    #[error("a log is already installed in this process")]
    AlreadyInstalled,
}

/// No log category has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown logging category {name}")]
pub struct UnknownCategory {
    /// As given.
    pub name: String,
}

/// The process's log.
#[derive(Debug)]
pub struct Logger {
    handle: LogHandle,
}

/// A way to the log for those who change it while it runs.
#[derive(Debug, Clone)]
pub struct LogHandle {
    state: Arc<State>,
}

impl Logger {
    /// Installs the log for the whole process, opens it, and writes the early lines first.
    ///
    /// # Errors
    /// [`LogError`] when the process has one already or the file cannot be opened.
    pub fn start(config: LogConfig, early: impl IntoIterator<Item = String>) -> Result<Self, LogError> {
        let logger = Self::buffered()?;
        logger.configure(config, early)?;
        Ok(logger)
    }

    /// Installs a log that keeps all events until [`configure`](Self::configure): for a child process that is told
    /// later how to log.
    ///
    /// # Errors
    /// [`LogError::AlreadyInstalled`].
    pub fn buffered() -> Result<Self, LogError> {
        let handle = LogHandle {
            state: Arc::new(State::waiting()),
        };
        let subscriber = tracing_subscriber::registry().with(LogLayer {
            state: handle.state.clone(),
        });
        tracing::subscriber::set_global_default(subscriber).map_err(|_| LogError::AlreadyInstalled)?;
        // Whoever installs the subscriber, of which there is one, comes here first.
        INSTALLED.get_or_init(|| handle.clone());
        Ok(Self { handle })
    }

    /// Opens the log: writes the early lines, then those kept events that the configuration wants.
    ///
    /// # Errors
    /// [`LogError::Open`].
    pub fn configure(
        &self,
        config: LogConfig,
        early: impl IntoIterator<Item = String>,
    ) -> Result<(), LogError> {
        self.handle.state.open(config, early)
    }

    /// A way to change the log while it runs.
    pub fn handle(&self) -> LogHandle {
        self.handle.clone()
    }
}

impl LogHandle {
    /// All categories in the order of their names, with whether they are written.
    pub fn categories(&self) -> Vec<(&'static str, bool)> {
        let enabled = self.state.enabled();
        Category::all()
            .map(|category| (category.name(), enabled.contains(category)))
            .collect()
    }

    /// Writes this category from now on; `all`, `1` and the empty name are all of them, `none` and `0` none.
    ///
    /// # Errors
    /// [`UnknownCategory`].
    pub fn enable(&self, category: &str) -> Result<(), UnknownCategory> {
        let set = selector(category)?;
        self.state.change_enabled(|enabled| enabled.with(set));
        Ok(())
    }

    /// Stops writing this category, by the names that [`enable`](Self::enable) takes.
    ///
    /// # Errors
    /// [`UnknownCategory`].
    pub fn disable(&self, category: &str) -> Result<(), UnknownCategory> {
        let set = selector(category)?;
        self.state.change_enabled(|enabled| enabled.without(set));
        Ok(())
    }

    /// How the log is configured now, for [`LogConfig::from_settings`] in a child process.
    pub fn settings(&self) -> Vec<(String, String)> {
        self.state.settings()
    }

    /// The log file.
    pub fn log_path(&self) -> Option<PathBuf> {
        self.state.path()
    }

    /// Opens the file by its name again, after it was moved away.
    pub fn reopen(&self) {
        self.state.reopen();
    }
}

/// The log of this process, once it is installed.
pub fn installed() -> Option<LogHandle> {
    INSTALLED.get().cloned()
}

fn selector(category: &str) -> Result<CategorySet, UnknownCategory> {
    CategorySet::from_selector(category).ok_or_else(|| UnknownCategory {
        name: category.to_owned(),
    })
}

#[cfg(test)]
mod tests;
