//! Methods about partially signed transactions (BIP 174).

mod analyze;
mod combine;
mod create;
mod decode;
mod process;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bitcoin::psbt::Psbt;
use consensus::Params;
use rpc::{Method, RpcError, code};

use crate::state::Node;

/// All of them.
pub(super) fn methods(params: &Arc<Params>, node: &Node) -> Vec<Method> {
    vec![
        analyze::analyzepsbt(node.clone()),
        combine::combinepsbt(),
        combine::finalizepsbt(),
        combine::joinpsbts(),
        create::converttopsbt(),
        create::createpsbt(Arc::clone(params)),
        decode::decodepsbt(Arc::clone(params)),
        process::descriptorprocesspsbt(node.clone()),
        process::utxoupdatepsbt(node.clone()),
    ]
}

/// Reads a partially signed transaction from base64.
fn read(text: &str) -> Result<Psbt, RpcError> {
    let refused = |why: &str| RpcError::new(code::DESERIALIZATION_ERROR, format!("TX decode failed {why}"));
    let bytes = STANDARD.decode(text).map_err(|_| refused("invalid base64"))?;
    signing::psbt::read(&bytes).map_err(|error| refused(&error.to_string()))
}

/// A partially signed transaction in base64.
fn write(psbt: &Psbt) -> String {
    STANDARD.encode(signing::psbt::write(psbt))
}
