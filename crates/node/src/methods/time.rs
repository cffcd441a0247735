//! The node's time, which test rigs set.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rpc::{Kind, Method, Param, RpcError, Shape, ShapeKind};
use serde_json::Value;

use crate::state::Node;

pub(super) fn methods(node: &Node) -> Vec<Method> {
    vec![
        uptime(node.clone()),
        setmocktime(node.clone()),
        mockscheduler(node.clone()),
    ]
}

/// By the node's time, so that it runs on when that is moved.
fn uptime(node: Node) -> Method {
    let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let started = i64::try_from(started.as_secs()).unwrap_or(i64::MAX);
    Method::declare(
        "control",
        "uptime",
        "Tells for how long the server has been running.",
    )
    .result(Shape::new(ShapeKind::Number, "Seconds since the start"))
    .example("", "")
    .handle(move |_request| {
        let node = node.clone();
        async move {
            let now = i64::try_from(node.get()?.chain.clock().now()).unwrap_or(i64::MAX);
            Ok(now.saturating_sub(started).into())
        }
    })
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

/// How far the clock of regular work may be moved at once, in seconds.
const MOST: u64 = 60 * 60;

fn mockscheduler(node: Node) -> Method {
    Method::declare(
        "hidden",
        "mockscheduler",
        "Does at once what the node would do from time to time until so much later (regtest only).",
    )
    .param(Param::required(
        "delta_time",
        Kind::Number,
        "How much later, in seconds (1 - 3600)",
    ))
    .result(Shape::new(ShapeKind::Null, ""))
    .example("60", "60")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let node = node.get()?;
            if node.chain.params().network != consensus::Network::Regtest {
                return Err(RpcError::misc(
                    "mockscheduler is for regression testing (-regtest mode) only",
                ));
            }
            let seconds: i64 = request.arguments.required("delta_time")?;
            match u64::try_from(seconds) {
                Ok(seconds @ 1..=MOST) => {
                    node.scheduler.forward(Duration::from_secs(seconds));
                    Ok(Value::Null)
                }
                _ => Err(RpcError::misc(
                    "delta_time must be between 1 and 3600 seconds (1 hr)",
                )),
            }
        }
    })
}
