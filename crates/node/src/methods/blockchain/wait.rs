//! Waiting for blocks.

use std::time::Duration;

use rpc::{Kind, Method, Outcome, Param, Request, Shape, ShapeKind};
use serde_json::{Value, json};

use super::named;
use crate::state::{Node, Tip};
use crate::{shapes, values};

pub(super) fn methods(node: &Node) -> Vec<Method> {
    vec![
        waitfornewblock(node.clone()),
        waitforblock(node.clone()),
        waitforblockheight(node.clone()),
        syncwithvalidationinterfacequeue(),
    ]
}

fn timeout_param() -> Param {
    Param::defaulted(
        "timeout",
        Kind::Number,
        0,
        "For how many milliseconds to wait; 0 for as long as it takes",
    )
}

fn block() -> Shape {
    shapes::object(vec![
        ("hash", shapes::hex("The tip's hash")),
        ("height", shapes::number("The tip's height")),
    ])
}

/// Waits until the tip is as it should be, the time is over or the node stops, and gives the tip.
async fn wait(node: &Node, request: &Request, is_awaited: impl Fn(&Tip) -> bool) -> Outcome {
    let timeout = match request.arguments.value("timeout") {
        Value::Null => 0,
        value => values::small_integer(value)?,
    };
    let node = node.get()?;
    let mut tips = node.tips();
    let reached = async {
        // The sender lives as long as the node.
        _ = tips.wait_for(|tip| tip.as_ref().is_some_and(&is_awaited)).await;
    };
    let over = async {
        match timeout {
            0 => std::future::pending().await,
            // A time below 0 is over at once.
            milliseconds => {
                let milliseconds = u64::try_from(milliseconds).unwrap_or(0);
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            }
        }
    };
    tokio::select! {
        () = reached => {}
        () = over => {}
        () = node.shutdown.requested() => {}
    }
    let tip = *node.tips().borrow();
    Ok(tip.map_or(
        Value::Null,
        |tip| json!({ "hash": tip.hash.to_string(), "height": tip.height }),
    ))
}

fn waitfornewblock(node: Node) -> Method {
    Method::declare("hidden", "waitfornewblock", "Waits until the tip is another one.")
        .param(timeout_param())
        .result(block())
        .example("1000", "1000")
        .handle(move |request| {
            let node = node.clone();
            async move {
                let before = *node.get()?.tips().borrow();
                wait(&node, &request, |tip| Some(*tip) != before).await
            }
        })
}

fn waitforblock(node: Node) -> Method {
    Method::declare("hidden", "waitforblock", "Waits until a block is the tip.")
        .param(Param::required("blockhash", Kind::Hex, "The block's hash"))
        .param(timeout_param())
        .result(block())
        .example("\"blockhash\" 1000", "\"blockhash\", 1000")
        .handle(move |request| {
            let node = node.clone();
            async move {
                let hash = named::hash(&request, "blockhash")?;
                wait(&node, &request, |tip| tip.hash == hash).await
            }
        })
}

fn waitforblockheight(node: Node) -> Method {
    Method::declare(
        "hidden",
        "waitforblockheight",
        "Waits until the tip has a height, or is above it.",
    )
    .param(Param::required("height", Kind::Number, "The height"))
    .param(timeout_param())
    .result(block())
    .example("100 1000", "100, 1000")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let height = values::small_integer(request.arguments.value("height"))?;
            wait(&node, &request, |tip| i64::from(tip.height) >= i64::from(height)).await
        }
    })
}

/// Whoever hears of a block does so before the call that brought it ends, so that there is nothing to wait for.
fn syncwithvalidationinterfacequeue() -> Method {
    Method::declare(
        "hidden",
        "syncwithvalidationinterfacequeue",
        "Waits until all that follows from the blocks so far has been done.",
    )
    .result(Shape::new(ShapeKind::Null, ""))
    .example("", "")
    .handle(async |_request| Ok(Value::Null))
}
