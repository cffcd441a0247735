//! What a node does while there is a log and a runtime.

use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use app::{Args, DataDir, LogHandle, PidFile};
use interfaces::{MessageStyle, NodeEvent};

use super::prepared::Occasion;
use crate::composition::{Composed, Composition, Finish, Surroundings};
use crate::indexes::Wanted;
use crate::serving::{self, Serving, Ways};
use crate::startup::Startup;
use crate::state::{Node, NodeState};
use crate::user_interface::Running;
#[cfg(feature = "zmq")]
use crate::zmq;
use crate::{disk, indexes, load, notify, pool, user_interface, wallet_chain};

/// How long the composition may take to finish after everything else has stopped.
const FINISH_DEADLINE: Duration = Duration::from_secs(30);

/// How long calls that are running at the end are left alone.
const CALLS_DEADLINE: Duration = Duration::from_secs(2);

/// What happens while there is a log and a runtime. Everything made here is gone when it returns.
pub(super) async fn live(
    composition: Composition,
    (config, policy, wanted): (chain::Config, mempool::Config, Wanted),
    args: &Args,
    data_dir: &DataDir,
    log: &LogHandle,
    occasion: Occasion,
) -> anyhow::Result<()> {
    let Occasion {
        shutdown,
        events,
        running,
        ready,
    } = occasion;
    let _pid_file = PidFile::location(args, data_dir)
        .map(PidFile::create)
        .transpose()?;
    let surroundings = Surroundings { args, data_dir, log };
    let Composed {
        init,
        methods,
        serve: serve_processes,
        finish,
    } = (composition.compose)(&surroundings)?;
    let ways = Ways {
        init,
        methods,
        serve_processes,
    };

    let node = Node::default();
    let params = Arc::new(config.params.clone());
    let started = serving::start(&surroundings, &shutdown, ways, &params, &node, &events).await;
    let (serving, served) = match started {
        Ok(serving) => {
            running.set(Arc::clone(serving.running()));
            let open = (config, (policy, wanted, data_dir.network().to_owned()));
            let served = serve(&serving, open, ready).await;
            (Some(serving), served)
        }
        Err(error) => (None, Err(error)),
    };
    events.end().await;
    end(serving, wallet_chain::settled(&node), finish).await;
    let kept = keep(&node, args.flag("persistmempool", true)).await;
    #[cfg(feature = "zmq")]
    if let Ok(node) = node.get() {
        node.publications.stop();
    }
    served.and(kept)
}

/// Writes what is in memory to the disk: the chain, what is known of fees, and the unconfirmed transactions if they are wanted.
async fn keep(node: &Node, keeps_pool: bool) -> anyhow::Result<()> {
    let Ok(node) = node.get().map(Arc::clone) else {
        return Ok(());
    };
    let work = move || {
        node.chain.interrupt();
        node.pool.write_fees(pool::Occasion::Stop);
        node.network.save();
        match node.failure() {
            // What is in memory may not fit what is on disk any more.
            Some(text) => Err(anyhow::anyhow!(text)),
            None => {
                // One of the files may still have room where another has none.
                let flushed = node.chain.flush().map_err(|error| {
                    let told = node.fail(&error);
                    anyhow::anyhow!(node.failure().unwrap_or(told.message))
                });
                let saved = match keeps_pool && node.pool.is_loaded() {
                    true => pool::save(&node.pool, &node.pool_file)
                        .context("the unconfirmed transactions cannot be written"),
                    false => Ok(()),
                };
                flushed.and(saved)
            }
        }
    };
    tokio::task::spawn_blocking(work)
        .await
        .context("the chain was not written")?
}

/// Answers the calls that are running, settles what they changed, and lets the composition finish. Calls that other
/// processes keep waiting end when the composition does, so that it does not wait for them for ever.
async fn end(serving: Option<Serving>, settled: impl Future<Output = ()>, finish: Finish) {
    let mut stopped = pin!(async {
        if let Some(serving) = serving {
            serving.stop().await;
        }
    });
    let finished = async {
        settled.await;
        if tokio::time::timeout(FINISH_DEADLINE, finish).await.is_err() {
            tracing::warn!(
                "other processes were still running after {} s",
                FINISH_DEADLINE.as_secs()
            );
        }
    };
    if tokio::time::timeout(CALLS_DEADLINE, &mut stopped).await.is_ok() {
        finished.await;
    } else {
        tracing::warn!("calls are still running: what they wait for in other processes is given up");
        tokio::join!(stopped, finished);
    }
}

/// Loads the chain and answers calls until the process is asked to stop; the server still runs then.
async fn serve(
    serving: &Serving,
    open: (chain::Config, (mempool::Config, Wanted, PathBuf)),
    ready: Box<dyn FnOnce() + Send>,
) -> anyhow::Result<()> {
    let Running {
        args,
        shutdown,
        node,
        events,
        ..
    } = &**serving.running();
    let startup = Startup::new(Arc::clone(serving.dispatcher()), events.clone());
    let loaded = load_chain(serving.running(), &startup, open);
    tokio::select! {
        biased;
        loaded = loaded => loaded?,
        () = shutdown.requested() => {
            if let Ok(node) = node.get() {
                node.chain.interrupt();
            }
        }
    }
    let has_started = !shutdown.is_requested();
    if has_started {
        let scheduler = &node.get()?.scheduler;
        let (hourly, often) = (
            scheduler.every(load::FLUSH_EVERY),
            scheduler.every(disk::LOOK_EVERY),
        );
        startup.done();
        ready();
        notify::started(args);
        tokio::spawn(load::flush_regularly(node.clone(), hourly));
        tokio::spawn(disk::watch(node.clone(), often));
        let importing = Arc::clone(node.get()?);
        let (following, runtime) = (node.clone(), tokio::runtime::Handle::current());
        let args = args.clone();
        std::thread::Builder::new()
            .name("initload".to_owned())
            .spawn(move || {
                tracing::info!("initload thread start");
                load::import(&importing, &args, || {
                    startup.end_progress();
                    runtime.spawn(indexes::follow(following));
                });
                tracing::info!("initload thread exit");
            })
            .context("no thread can be started")?;
    }
    shutdown.requested().await;
    tracing::info!("Shutdown: In progress...");
    // Who waits for the start is told of it by that.
    if let Some(text) = node
        .get()
        .ok()
        .and_then(|node| node.failure())
        .filter(|_| has_started)
    {
        events.send(&NodeEvent::Message(text, MessageStyle::Error));
    }
    events.send(&NodeEvent::ShutdownRequested);
    if let Ok(node) = node.get() {
        node.chain.interrupt();
    }
    notify::stopping(args).await;
    Ok(())
}

/// Opens the chain and brings it up to what is on disk.
async fn load_chain(
    running: &Arc<Running>,
    startup: &Startup,
    (config, beside): (chain::Config, (mempool::Config, Wanted, PathBuf)),
) -> anyhow::Result<()> {
    let args = &running.args;
    let (opening, telling) = (Arc::clone(running), startup.clone());
    let open = move || load::open(config, beside, &opening.args, &telling, &opening.shutdown);
    let loaded: Arc<NodeState> = tokio::task::spawn_blocking(open)
        .await
        .context("the chain was not opened")??;
    running.node.set(Arc::clone(&loaded));
    notify::blocks(args, &loaded);
    user_interface::follow(&loaded, &running.events);
    notify::alerts(args, &loaded);
    #[cfg(feature = "zmq")]
    zmq::start(args, &loaded).await;
    let (verifying, telling) = (Arc::clone(running), startup.clone());
    tokio::task::spawn_blocking(move || load::verify(&loaded, &verifying.args, &telling))
        .await
        .context("the chain was not checked")??;
    startup.end_progress();
    Ok(())
}
