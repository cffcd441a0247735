//! RPC methods.

use crate::suite::objects::interface;
use crate::{Json, RpcFailure, RpcRequest};

interface! {
    Rpc in rpc, described by the first {
        execute_rpc(request: String, uri: String, user: String) -> String;
    }
}

interface! {
    RpcMethod in rpc_method, described by all {
        call(request: RpcRequest) -> Result<Json, RpcFailure>;
    }
}
