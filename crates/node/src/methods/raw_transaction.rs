//! Methods that make, show and sign transactions.

mod create;
mod decode;
mod decode_script;
mod get;
mod previous;
mod psbt;
mod sign;

use std::sync::Arc;

use consensus::Params;
pub(crate) use get::anywhere as find_transaction;
pub(super) use get::by_coin;
use rpc::Method;

use crate::coins;
use crate::state::Node;

/// All of them.
pub(super) fn methods(params: &Arc<Params>, node: &Node) -> Vec<Method> {
    let coins = &coins::of(node.clone());
    let own = vec![
        get::getrawtransaction(node.clone()),
        sign::combinerawtransaction(Arc::clone(coins)),
        create::createrawtransaction(Arc::clone(params)),
        decode::decoderawtransaction(Arc::clone(params)),
        decode_script::decodescript(Arc::clone(params)),
        sign::signrawtransactionwithkey(Arc::clone(params), Arc::clone(coins)),
    ];
    own.into_iter().chain(psbt::methods(params, node)).collect()
}
