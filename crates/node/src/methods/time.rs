//! The node's time, which test rigs set.

use rpc::{Kind, Method, Param, RpcError, Shape, ShapeKind};
use serde_json::Value;

use crate::state::Node;

pub(super) fn methods(node: &Node) -> Vec<Method> {
    vec![setmocktime(node.clone())]
}

fn setmocktime(node: Node) -> Method {
    Method::declare(
        "hidden",
        "setmocktime",
        "Lets the node's time stand still (regtest only).",
    )
    .param(Param::required(
        "timestamp",
        Kind::Number,
        "The time in seconds since 1970; 0: the system's again",
    ))
    .result(Shape::new(ShapeKind::Null, ""))
    .example("1553040332", "1553040332")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let time: i64 = request.arguments.required("timestamp")?;
            let chain = &node.get()?.chain;
            if chain.params().network != consensus::Network::Regtest {
                return Err(RpcError::misc(
                    "setmocktime is for regression testing (-regtest mode) only",
                ));
            }
            let time = u64::try_from(time)
                .map_err(|_| RpcError::invalid_parameter(format!("Mocktime cannot be negative: {time}.")))?;
            chain.clock().set(time);
            Ok(Value::Null)
        }
    })
}
