//! What one daemon consists of.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use app::{LogHandle, Program};
use interfaces::Init;

/// An executable's choice of implementations.
pub struct Composition {
    /// How the executable presents itself.
    pub program: &'static Program,
    /// Makes the interfaces.
    pub compose: Compose,
}

/// Makes the interfaces. It is called once, on the daemon's async runtime, when the log is open, and must not wait for
/// other processes.
pub type Compose = Box<dyn FnOnce(&LogHandle) -> anyhow::Result<Composed> + Send>;

/// The implementations of a running daemon.
pub struct Composed {
    /// Makes the interfaces.
    pub init: Arc<dyn Init>,
    /// Awaited at the end, when the daemon has dropped `init` and everything made by it; or, where calls go on for too
    /// long then, at the same time as these.
    pub finish: Finish,
}

/// What is left to do when nothing is in use any more, such as waiting for child processes.
pub type Finish = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Composed {
    /// An `Init` that leaves nothing to be done at the end.
    pub fn new(init: Arc<dyn Init>) -> Self {
        Self {
            init,
            finish: Box::pin(async {}),
        }
    }
}
