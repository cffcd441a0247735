//! The node's RPC methods, a file for each group.

mod echo;
mod logging;
mod memory;

use std::sync::Arc;

use app::LogHandle;
use interfaces::Init;
use rpc::{DuplicateMethod, MethodTable};

/// Adds all of them.
pub(crate) fn register(
    table: &mut MethodTable,
    init: &Arc<dyn Init>,
    log: &LogHandle,
) -> Result<(), DuplicateMethod> {
    for method in [
        echo::echo("echo"),
        echo::echo("echojson"),
        echo::echoipc(Arc::clone(init)),
        logging::logging(log.clone()),
        memory::getmemoryinfo(),
    ] {
        table.register(method)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
