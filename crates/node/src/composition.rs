//! What one daemon consists of.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use app::{Args, DataDir, LogHandle, OptionSpec, Program};
use interfaces::Init;
use rpc::Method;

/// An executable's choice of implementations.
pub struct Composition {
    /// How the executable presents itself.
    pub program: &'static Program,
    /// Its options, besides the node's.
    pub options: Vec<OptionSpec>,
    /// Makes the interfaces.
    pub compose: Compose,
}

/// Makes the interfaces. It is called once, on the daemon's async runtime, when the log is open, and must not wait for
/// other processes.
pub type Compose = Box<dyn FnOnce(&Surroundings<'_>) -> anyhow::Result<Composed> + Send>;

/// What a composition can go by.
pub struct Surroundings<'a> {
    /// The options.
    pub args: &'a Args,
    /// The daemon's files.
    pub data_dir: &'a DataDir,
    /// The log.
    pub log: &'a LogHandle,
}

/// The implementations of a running daemon.
pub struct Composed {
    /// Makes the interfaces.
    pub init: Arc<dyn Init>,
    /// Its RPC methods, besides the node's.
    pub methods: Vec<Method>,
    /// Lets other processes call the node.
    pub serve: Serve,
    /// Awaited at the end, when the daemon has dropped `init` and everything made by it; or, where calls go on for too
    /// long then, at the same time as these.
    pub finish: Finish,
}

/// Lets other processes call the node. It is called once, on the daemon's async runtime, when the node has what it
/// serves; that it is still starting, its methods say themselves. It must not wait for other processes.
pub type Serve = Box<dyn FnOnce(Welcome) -> anyhow::Result<()> + Send>;

/// Gives the node's `Init` as the user of this name is served.
pub type Welcome = Arc<dyn Fn(&str) -> Arc<dyn Init> + Send + Sync>;

/// What is left to do when nothing is in use any more, such as waiting for child processes.
pub type Finish = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Composed {
    /// An `Init` that leaves nothing to be done at the end, in a process that no other one calls.
    pub fn new(init: Arc<dyn Init>) -> Self {
        Self {
            init,
            methods: Vec::new(),
            serve: Box::new(|_| Ok(())),
            finish: Box::pin(async {}),
        }
    }
}
