//! A process that is started by hand, and serves the node that `-ipcconnect` names.
//!
//! It has no wallets to serve yet. What it does is to connect, to ask for the chain that wallets need and for its height,
//! and to stay for as long as the node does.

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use app::{Args, LogConfig, Logger, Shutdown, data_dir};
use interfaces::InterfaceError;
use ipc::{ConnectAddress, ConnectError, Connected, EventLoop, NODE_SOCKET};

use crate::options::PROGRAM;

/// How long a node may take to answer when it is connected to.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

const NOTHING_TO_DO: &str = "syscoin-wallet is started by syscoin-node, or connects to one with -ipcconnect, and does \
                             nothing by itself: this version has no wallets";

/// Serves the node. That this process is told to leave is no error; that the node leaves is one.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let text = args
        .os_text("ipcconnect")
        .unwrap_or_else(|| OsStr::new("0").to_owned());
    let address = ConnectAddress::parse(&text)?;
    if address == ConnectAddress::Off {
        bail!(NOTHING_TO_DO);
    }
    let _logger = Logger::start(LogConfig::without_file(args)?, [])?;
    let event_loop = EventLoop::start(PROGRAM.name).context("cannot start the IPC thread")?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the async runtime")?;
    let directory = data_dir::network_directory(args);
    let outcome = runtime.block_on(until_told_to_leave(serve(&event_loop, &address, &directory)));
    // It ends or it does not, as the look-up of a host's name does; the process does.
    event_loop.stop();
    runtime.shutdown_background();
    outcome
}

/// Runs to the end, or to the first signal.
async fn until_told_to_leave(serving: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let shutdown = Shutdown::new();
    shutdown
        .install_signal_handlers()
        .context("cannot install signal handlers")?;
    tokio::select! {
        outcome = serving => outcome,
        () = shutdown.requested() => {
            tracing::info!("Shutdown: done");
            Ok(())
        }
    }
}

/// Serves the node to its end.
async fn serve(event_loop: &EventLoop, address: &ConnectAddress, directory: &Path) -> anyhow::Result<()> {
    let connected = ipc::connect_within(ANSWER_WITHIN, event_loop, address, directory).await;
    let connected = connected.map_err(|error| explain(&error, address, directory))?;
    let Some(Connected { init, place, ended }) = connected else {
        bail!(NOTHING_TO_DO);
    };
    let refused = |error: InterfaceError| match error {
        InterfaceError::Disconnected(_) => anyhow!("the node at {place} ended the connection"),
        error => anyhow!("the node at {place} does not serve wallets: {error}"),
    };
    let chain = init.make_chain().await.map_err(refused)?;
    let height = chain.get_height().await.map_err(refused)?;
    let height = height.map_or_else(|| "no block".to_owned(), |height| format!("the height {height}"));
    tracing::info!("Connected to the node at {place}: its chain has {height}");
    ended.wait().await;
    bail!("the node at {place} ended the connection")
}

fn explain(error: &ConnectError, address: &ConnectAddress, directory: &Path) -> anyhow::Error {
    match address.resolve(directory, NODE_SOCKET) {
        Ok(Some(place)) => anyhow!("cannot connect to the node at {place}: {error}"),
        Ok(None) | Err(_) => anyhow!("{error}"),
    }
}
