//! The user interface's process: it starts a node in a process of its own, or connects to one that runs, and shows what
//! the node tells.
//!
//! There is no window yet: what there is to show are lines on the terminal. The node does all the work; nothing here reads
//! or writes its files.

mod connect;
mod options;
mod spawn;
mod terminal;

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

use anyhow::Context as _;
use app::{Args, LogConfig, Logger, Shutdown, data_dir, report};
use ipc::{ConnectAddress, Connected, EventLoop, NODE_SOCKET};

use options::PROGRAM;
use spawn::End;

/// What this process exits with when it has left its node to itself.
const ABANDONED: i32 = 1;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            report::error(format_args!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[OsString]) -> anyhow::Result<ExitCode> {
    let args = Args::parse(options::table(), options::own(arguments))?;
    if let Some(text) = args.requested_text(&PROGRAM) {
        print!("{text}");
        return Ok(ExitCode::SUCCESS);
    }
    let mut args = args.with_config_file()?;
    let text = args
        .os_text("ipcconnect")
        .unwrap_or_else(|| OsStr::new("0").to_owned());
    let address = ConnectAddress::parse(&text)?;
    // The terminal is for what the node tells.
    args.soft_set("printtoconsole", "0");
    let _logger = Logger::start(LogConfig::without_file(&args)?, [])?;
    let event_loop = EventLoop::start(PROGRAM.name).context("cannot start the IPC thread")?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the async runtime")?;
    let outcome = runtime.block_on(show(&event_loop, arguments, &args, &address));
    let outcome = match outcome {
        Ok(End::Abandoned) => {
            report::warning("the node is still there: it ends when it has written what it has to the disk");
            std::process::exit(ABANDONED)
        }
        Ok(End::Exit(code)) => Ok(code),
        Err(error) => Err(error),
    };
    // It ends or it does not, as the look-up of a host's name does; the process does.
    event_loop.stop();
    runtime.shutdown_background();
    outcome
}

/// Shows the node at the address, or one of its own, until that ends or the user has enough of it.
async fn show(
    event_loop: &EventLoop,
    arguments: &[OsString],
    args: &Args,
    address: &ConnectAddress,
) -> anyhow::Result<End> {
    let shutdown = Shutdown::new();
    shutdown
        .install_signal_handlers()
        .context("cannot install signal handlers")?;
    let directory = data_dir::network_directory(args);
    let connected = tokio::select! {
        connected = ipc::connect_within(spawn::ANSWER_WITHIN, event_loop, address, &directory) => connected,
        () = shutdown.requested() => return Ok(End::Exit(ExitCode::SUCCESS)),
    };
    let connected = connected.map_err(|error| match address.resolve(&directory, NODE_SOCKET) {
        Ok(Some(place)) => anyhow::anyhow!("cannot connect to the node at {place}: {error}"),
        Ok(None) | Err(_) => anyhow::anyhow!("{error}"),
    })?;
    let for_node = options::of_node(arguments);
    match connected {
        None => spawn::run(event_loop, arguments.first(), for_node, &shutdown).await,
        Some(Connected { init, place, ended }) => {
            // What it was started with is not changed from here.
            for option in options::unknown(&for_node) {
                report::warning(format_args!(
                    "{} has no effect: the node at {place} runs already",
                    option.display()
                ));
            }
            let outcome = connect::run(&*init, &place, ended, &shutdown).await;
            outcome.map(End::Exit)
        }
    }
}
