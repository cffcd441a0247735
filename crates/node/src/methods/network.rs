//! The node among others: what it is, whom it should connect to, and whom it is connected to, which is nobody yet.

mod added;
mod addresses;
mod bans;
mod info;
mod peers;
mod single_peer;

use rpc::{Method, RpcError, code};

use crate::state::{Node, NodeState};

pub(super) fn methods(node: &Node) -> Vec<Method> {
    let groups = [
        info::methods(node),
        added::methods(node),
        peers::methods(node),
        single_peer::methods(node),
        bans::methods(node),
        addresses::methods(node),
    ];
    groups.into_iter().flatten().collect()
}

/// The node's time, in seconds since 1970.
fn now(node: &NodeState) -> i64 {
    i64::try_from(node.chain.clock().now()).unwrap_or(i64::MAX)
}

/// What is said where a connection would have to be made.
pub(super) fn no_connections() -> RpcError {
    RpcError::new(
        code::CLIENT_P2P_DISABLED,
        "Error: Peer-to-peer functionality missing or disabled",
    )
}
