//! Methods that make, show and sign transactions.

mod create;
mod decode;
mod decode_script;

use std::sync::Arc;

use consensus::Params;
use rpc::Method;

/// Those that need no chain.
pub(super) fn methods(params: &Arc<Params>) -> Vec<Method> {
    vec![
        create::createrawtransaction(Arc::clone(params)),
        decode::decoderawtransaction(Arc::clone(params)),
        decode_script::decodescript(Arc::clone(params)),
    ]
}
