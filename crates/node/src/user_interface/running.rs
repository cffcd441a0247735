//! A node that can be called, for as long as it can.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use app::{Args, LogHandle, RunningSettings, Shutdown};
use interfaces::InterfaceError;
use rpc::{Dispatcher, Service};
use tokio::runtime::Handle;

use super::Events;
use crate::served::{self, Calls};
use crate::state::{Node, NodeState};

/// A node that can be called, though its chain may still be loading.
pub(crate) struct Running {
    /// What it was started with.
    pub(crate) args: Args,
    /// The same, and what was changed since.
    pub(crate) settings: RunningSettings,
    pub(crate) log: LogHandle,
    pub(crate) shutdown: Shutdown,
    pub(crate) dispatcher: Arc<Dispatcher>,
    pub(crate) service: Arc<Service>,
    pub(crate) node: Node,
    pub(crate) calls: Calls,
    pub(crate) events: Events,
    /// The runtime that calls are to run on: the caller's thread may be one that must not be kept busy.
    pub(crate) runtime: Handle,
}

impl Running {
    /// The node, once it has loaded its chain.
    pub(crate) fn loaded(&self) -> Result<Arc<NodeState>, InterfaceError> {
        served::loaded(&self.node)
    }

    /// Does what may take long on a thread that may wait.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&NodeState) -> Result<T, InterfaceError> + Send + 'static,
    ) -> Result<T, InterfaceError> {
        served::blocking(&self.runtime, self.loaded()?, work).await
    }
}

/// The node, for as long as there is one to call. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Current(Arc<Mutex<Option<Arc<Running>>>>);

impl Current {
    fn lock(&self) -> MutexGuard<'_, Option<Arc<Running>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set(&self, running: Arc<Running>) {
        *self.lock() = Some(running);
    }

    pub(crate) fn get(&self) -> Option<Arc<Running>> {
        self.lock().clone()
    }

    /// Lets the node go, whoever still holds this.
    pub(crate) fn clear(&self) {
        let running = self.lock().take();
        drop(running);
    }
}
