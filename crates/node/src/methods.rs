//! The node's RPC methods, a file for each group.

mod address;
mod blockchain;
mod descriptor;
mod echo;
mod fees;
mod index_info;
mod logging;
mod masternodes;
mod memory;
mod mempool;
mod message;
mod mining;
mod network;
mod raw_transaction;
mod scan_object;
mod time;

use std::sync::Arc;

use app::LogHandle;
use consensus::Params;
use interfaces::Init;
use rpc::{DuplicateMethod, MethodTable};

pub(crate) use blockchain::{describe_header, header_bytes, read_block_bytes, tip_of};
pub(crate) use mempool::{Most, send};
pub(crate) use raw_transaction::find_transaction;

use crate::state::Node;

/// Adds all of them.
pub(crate) fn register(
    table: &mut MethodTable,
    init: &Arc<dyn Init>,
    log: &LogHandle,
    params: &Arc<Params>,
    node: &Node,
) -> Result<(), DuplicateMethod> {
    let own = [
        address::createmultisig(Arc::clone(params)),
        address::validateaddress(Arc::clone(params)),
        descriptor::deriveaddresses(Arc::clone(params)),
        descriptor::getdescriptorinfo(Arc::clone(params)),
        message::signmessagewithprivkey(Arc::clone(params)),
        message::verifymessage(Arc::clone(params)),
        echo::echo("echo"),
        echo::echo("echojson"),
        echo::echoipc(Arc::clone(init)),
        index_info::getindexinfo(node.clone()),
        logging::logging(log.clone()),
        memory::getmemoryinfo(),
        #[cfg(feature = "zmq")]
        crate::zmq::getzmqnotifications(node.clone()),
    ];
    let groups = [
        raw_transaction::methods(params, node),
        blockchain::methods(node),
        fees::methods(node),
        masternodes::methods(node),
        mempool::methods(node),
        mining::methods(node),
        network::methods(node),
        time::methods(node),
    ];
    for method in own.into_iter().chain(groups.into_iter().flatten()) {
        table.register(method)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::log as test_log;
