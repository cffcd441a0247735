//! What the log says of a listener's troubles: once when they begin.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What is wrong at the moment, so that the log says it once.
#[derive(Default)]
pub(super) struct Trouble {
    full: AtomicBool,
    accepting: Mutex<Option<io::ErrorKind>>,
}

impl Trouble {
    /// Takes room for a client; `None` when it is to be turned away.
    pub(super) fn room(&self, name: &str, room: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
        let permit = Arc::clone(room).try_acquire_owned().ok();
        if permit.is_none() {
            self.full(name);
        } else {
            self.full.store(false, Ordering::Relaxed);
        }
        permit
    }

    /// A client is turned away because there is no room.
    pub(super) fn full(&self, name: &str) {
        if !self.full.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "ipc: clients at {name} are turned away: as many as -ipcmaxconnections allows are connected"
            );
        }
    }

    /// Somebody could connect.
    pub(super) fn accepted(&self) {
        *self.lock() = None;
    }

    /// Nobody could connect.
    pub(super) fn accept_failed(&self, name: &str, error: &io::Error) {
        if self.lock().replace(error.kind()) != Some(error.kind()) {
            tracing::warn!("ipc: nobody can connect at {name} at the moment: {error}");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<io::ErrorKind>> {
        self.accepting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
