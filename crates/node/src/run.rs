//! A daemon's life, from its command line to its exit status.

mod live;
mod prepared;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use app::{Args, DataDir, Logger, OptionCategory, OptionSpec, OptionTable, Shutdown, options, report};
use tokio::runtime::Runtime;

pub(crate) use prepared::{Occasion, Prepared};

use crate::background::{self, Role};
use crate::composition::Composition;
use crate::user_interface::{Current, Events};
#[cfg(not(feature = "zmq"))]
use crate::without_zmq as zmq;
#[cfg(feature = "zmq")]
use crate::zmq;
use crate::{awaited, chain_params, indexes, load, mining, notify, pool, serialization};

/// Runs a daemon until it is asked to stop, by a client or a signal.
///
/// `argv` begins with the program's own name. Errors are on standard error, which is empty in a clean run.
pub fn run(composition: Composition, argv: impl IntoIterator<Item = OsString>) -> ExitCode {
    match start(composition, argv) {
        Ok(code) => code,
        Err(error) => {
            match error.downcast_ref::<load::RebuildNeeded>() {
                Some(needed) => report::untitled(needed),
                None => report::error(with_causes(&error)),
            }
            ExitCode::FAILURE
        }
    }
}

/// The error and its causes, without those that the text before them tells already.
pub fn with_causes(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

/// The node's own options.
pub(crate) fn option_table() -> OptionTable {
    OptionTable::new()
        .add(awaited::options())
        .add(options::general_options())
        .add(options::server_options())
        .add(background::options())
        .add(chain_params::options())
        .add(load::options())
        .add(pool::options())
        .add(serialization::options())
        .add(mining::options())
        .add(indexes::options())
        .add(notify::options())
        .add(zmq::options())
        .add([OptionSpec::new(
            "disablewallet",
            OptionCategory::Wallet,
            "Run without wallets, and do not start the process that they live in. There are none yet: the process has nothing \
             to do.",
        )])
}

/// What happens before there is a log.
fn start(composition: Composition, argv: impl IntoIterator<Item = OsString>) -> anyhow::Result<ExitCode> {
    let table = option_table().add(composition.options.iter().cloned());
    let args = Args::parse(table, argv)?;
    if let Some(text) = args.requested_text(composition.program) {
        // A reader that closes its end, as a pager does, is no error.
        _ = std::io::stdout().write_all(text.as_bytes());
        return Ok(ExitCode::SUCCESS);
    }
    let args = args.with_config_file()?;
    let data_dir = DataDir::resolve(&args)?;
    let mut args = args.with_settings_file(&data_dir)?;
    args.check_sections()?;
    let role = background::role(&args)?;
    match role {
        // Standard output leads to the launcher, which takes whatever comes for the sign that all is well.
        Role::Background => args.force("printtoconsole", "0"),
        Role::Foreground | Role::Launcher => report::option_warnings(&args),
    }
    let prepared = Prepared::new(composition, args, data_dir)?;
    if role == Role::Launcher {
        drop(prepared);
        return background::launch();
    }
    if role == Role::Background {
        background::detach(prepared.args())?;
    }
    let runtime = runtime()?;
    let shutdown = Shutdown::new();
    // Whoever sees the log, or anything later, can count on a clean stop.
    runtime
        .block_on(async { shutdown.install_signal_handlers() })
        .context("cannot install signal handlers")?;
    let logger = Logger::buffered()?;
    let occasion = Occasion {
        shutdown,
        events: Events::default(),
        running: Current::default(),
        ready: Box::new(move || background::report_ready(role)),
    };
    prepared
        .run(runtime, &logger, occasion)
        .map(|()| ExitCode::SUCCESS)
}

/// The threads that the node's work runs on.
pub(crate) fn runtime() -> anyhow::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("worker")
        .build()
        .context("cannot start the async runtime")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let inner = || anyhow::anyhow!("disk full");
        assert_eq!(
            with_causes(&inner().context("cannot start")),
            "cannot start: disk full"
        );
        assert_eq!(
            with_causes(&inner().context("cannot start: disk full")),
            "cannot start: disk full"
        );
    }
}
