//! How the node can be called: its methods, and the ways to them.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use app::cookie::CookieError;
use app::{RunningSettings, Shutdown, report};
use consensus::Params;
use interfaces::Init;
use rpc::{Dispatcher, Method, MethodTable, Routes, Service};
use tokio::runtime::Handle;

use crate::composition::{Serve, Surroundings};
use crate::rpc_server::{self, RpcServer, RpcServerError};
use crate::served::Calls;
use crate::state::Node;
use crate::user_interface::{Events, Running};
use crate::{methods, rest, served};

/// How long requests that are running at the end may take.
const REQUESTS_DEADLINE: Duration = Duration::from_secs(30);

/// What the composition brings for callers.
pub(crate) struct Ways {
    /// Makes what methods call.
    pub(crate) init: Arc<dyn Init>,
    /// Methods besides the node's.
    pub(crate) methods: Vec<Method>,
    /// Lets other processes call the node.
    pub(crate) serve_processes: Serve,
}

/// A node that answers.
pub(crate) struct Serving {
    running: Arc<Running>,
    server: Option<RpcServer>,
}

/// Lets other processes call the node, and HTTP clients unless options forbid it. Calls are refused until the
/// [dispatcher's](Serving::dispatcher) warm-up is finished.
///
/// # Errors
/// One of the ways cannot be had as the options ask for it.
pub(crate) async fn start(
    surroundings: &Surroundings<'_>,
    shutdown: &Shutdown,
    ways: Ways,
    params: &Arc<Params>,
    node: &Node,
    events: &Events,
) -> anyhow::Result<Serving> {
    let &Surroundings { args, data_dir, log } = surroundings;
    let mut table = MethodTable::default();
    methods::register(&mut table, &ways.init, log, params, node)?;
    for method in ways.methods {
        table.register(method)?;
    }
    let stop = shutdown.clone();
    let dispatcher = Dispatcher::new(rpc_server::dispatch_config(args, log), table, move || {
        stop.request();
    })?;
    let service = Service::new(&rpc_server::service_config(args), Arc::clone(&dispatcher));
    let running = Arc::new(Running {
        args: args.clone(),
        settings: RunningSettings::new(args.clone()),
        log: log.clone(),
        shutdown: shutdown.clone(),
        dispatcher: Arc::clone(&dispatcher),
        service: Arc::clone(&service),
        node: node.clone(),
        calls: Calls::default(),
        events: events.clone(),
        runtime: Handle::current(),
    });
    (ways.serve_processes)(served::welcome(&running))?;
    let server = if args.flag("server", true) {
        let routes = match args.flag("rest", false) {
            true => rest::routes(node, &dispatcher),
            false => Routes::default(),
        };
        let started = RpcServer::start(args, data_dir, Arc::clone(&service), routes).await;
        Some(started.map_err(|error| explain_start_failure(&error))?)
    } else {
        None
    };
    Ok(Serving { running, server })
}

/// The sentence that rigs match, after the cause where the user must mend an option.
fn explain_start_failure(error: &RpcServerError) -> anyhow::Error {
    if matches!(error, RpcServerError::AllowIp(_)) {
        report::error(error);
    }
    tracing::error!("{error}");
    if let RpcServerError::Cookie(cause @ CookieError::Write { source, .. }) = error
        && source.kind() == io::ErrorKind::StorageFull
    {
        // The log has no room to tell of it either.
        return anyhow::anyhow!("{cause}");
    }
    anyhow::anyhow!("Unable to start HTTP server. See debug log for details.")
}

impl Serving {
    /// What carries calls out; until its warm-up is finished, it refuses them.
    pub(crate) fn dispatcher(&self) -> &Arc<Dispatcher> {
        &self.running.dispatcher
    }

    /// What user interfaces call.
    pub(crate) fn running(&self) -> &Arc<Running> {
        &self.running
    }

    /// Answers what is running, from wherever it came, within some time.
    pub(crate) async fn stop(self) {
        if let Some(server) = self.server {
            server.stop().await;
        }
        let answered = async {
            drop(self.running.service.close().await);
            self.running.calls.answered().await;
        };
        if tokio::time::timeout(REQUESTS_DEADLINE, answered).await.is_err() {
            tracing::warn!(
                "RPC requests were still running after {} s",
                REQUESTS_DEADLINE.as_secs()
            );
        }
    }
}
