//! The node whose interfaces live in processes of their own, and which other processes call.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use ipc::{Backoff, BindAddress, EventLoop, Listeners, Peer, SpawnConfig, SpawningInit, Supervisor};
use node::{Composed, Composition, Serve, Surroundings, Welcome};

use crate::get_ipc_info::get_ipc_info;
use crate::{PROGRAM, options};

/// How long a child may take to answer its first calls.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// How long a child may take to leave; less than the daemon waits for the composition at its own end.
const EXIT_WITHIN: Duration = Duration::from_secs(10);

/// The executable that wallets live in.
const WALLET_PROGRAM: &str = "syscoin-wallet";

/// The listening sockets, once there are any.
type Listening = Arc<Mutex<Option<Listeners>>>;

/// The composition. A process has one IPC thread: `parents` is the one that serves its parent, if it has any.
pub(crate) fn composition(argv0: Option<OsString>, parents: Option<EventLoop>) -> Composition {
    Composition {
        program: &PROGRAM,
        options: options::table(),
        compose: Box::new(move |surroundings| compose(argv0.as_deref(), parents, surroundings)),
    }
}

fn compose(
    argv0: Option<&OsStr>,
    parents: Option<EventLoop>,
    surroundings: &Surroundings<'_>,
) -> anyhow::Result<Composed> {
    let Surroundings { args, data_dir, log } = surroundings;
    let addresses = options::addresses(args)?;
    let is_own = parents.is_none();
    let event_loop = match parents {
        Some(event_loop) => event_loop,
        None => EventLoop::start(PROGRAM.name).context("cannot start the IPC thread")?,
    };
    let log = (*log).clone();
    let config = SpawnConfig {
        directory: ipc::executable_directory(argv0).context("cannot find the own executable")?,
        echo_program: PROGRAM.name,
        log_settings: Box::new(move || log.settings()),
        answer_within: ANSWER_WITHIN,
        exit_within: EXIT_WITHIN,
    };
    let has_wallet = config.directory.join(WALLET_PROGRAM).is_file();
    let init = Arc::new(SpawningInit::new(event_loop.clone(), config));
    let wallet = match (args.flag("disablewallet", false), has_wallet) {
        (true, _) => None,
        (false, true) => Some(Supervisor::start(
            Arc::clone(&init),
            WALLET_PROGRAM,
            Backoff::default(),
        )),
        (false, false) => {
            tracing::info!("There is no {WALLET_PROGRAM} beside this executable: running without it");
            None
        }
    };
    let listening = Listening::default();
    Ok(Composed {
        init: init.clone(),
        methods: vec![get_ipc_info(event_loop.clone())],
        serve: serve(
            addresses,
            data_dir.network(),
            options::max_connections(args),
            event_loop.clone(),
            Arc::clone(&listening),
        ),
        finish: Box::pin(async move {
            if let Some(listeners) = take(&listening) {
                listeners.close().await;
            }
            drop(wallet);
            init.dismiss_children().await;
            if is_own {
                // It ends or it does not; the process does.
                let _ = tokio::task::spawn_blocking(move || event_loop.stop()).await;
            }
        }),
    })
}

/// Listens at the addresses.
fn serve(
    addresses: Vec<BindAddress>,
    directory: &Path,
    max_connections: usize,
    event_loop: EventLoop,
    listening: Listening,
) -> Serve {
    let directory = directory.to_owned();
    Box::new(move |welcome: Welcome| {
        // Whoever has the rights of this user could read the cookie too.
        let welcome: ipc::Welcome = Arc::new(move |peer| match peer {
            Peer::Local { .. } => welcome(app::cookie::COOKIE_USER),
            Peer::Remote { name } => welcome(name),
        });
        let mut listeners = Listeners::new(event_loop, max_connections, welcome);
        for address in &addresses {
            listeners.listen(address, &directory)?;
        }
        *listening.lock().unwrap_or_else(PoisonError::into_inner) = Some(listeners);
        Ok(())
    })
}

fn take(listening: &Listening) -> Option<Listeners> {
    listening.lock().unwrap_or_else(PoisonError::into_inner).take()
}
