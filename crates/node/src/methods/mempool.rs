//! The methods about unconfirmed transactions.

mod entry;
mod info;
mod package;
mod priority;
mod relatives;
mod send;
mod test_accept;

use rpc::{Method, RpcError, code};
pub(crate) use send::{Most, send};

use crate::state::Node;

/// All of them.
pub(super) fn methods(node: &Node) -> Vec<Method> {
    let mut methods = info::methods(node);
    methods.extend(relatives::methods(node));
    methods.extend(priority::methods(node));
    methods.push(send::sendrawtransaction(node.clone()));
    methods.push(test_accept::testmempoolaccept(node.clone()));
    methods.push(package::submitpackage(node.clone()));
    methods
}

fn not_in_pool() -> RpcError {
    RpcError::new(code::INVALID_ADDRESS_OR_KEY, "Transaction not in mempool")
}
