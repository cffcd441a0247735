//! `getindexinfo`: how far the indexes are.

use rpc::{Kind, Method, Param, Shape, ShapeKind};
use serde_json::{Map, Value, json};

use crate::shapes;
use crate::state::{Node, blocking};

pub(super) fn getindexinfo(node: Node) -> Method {
    let one = shapes::object(vec![
        (
            "synced",
            shapes::flag(
                "Whether it was once up to the chain, as far as that is validated, which it follows from then on",
            ),
        ),
        (
            "best_block_height",
            shapes::number("The height up to which it is"),
        ),
    ]);
    Method::declare(
        "util",
        "getindexinfo",
        "Tells how far the indexes are, or one of them.",
    )
    .param(Param::optional("index_name", Kind::String, "The index's name"))
    .result(Shape::new(ShapeKind::Map("name", Box::new(one)), ""))
    .example("", "")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let name: Option<String> = request.arguments.optional("index_name")?;
            // No name and an empty one stand for all of them.
            let name = name.filter(|name| !name.is_empty());
            blocking(&node, move |node| {
                let mut told = Map::new();
                for index in node.indexes.all() {
                    if name.as_ref().is_some_and(|name| name != index.name()) {
                        continue;
                    }
                    let best = index.store().best();
                    let best = best.map_err(|error| node.fail(&error.into()))?;
                    let state = json!({
                        "synced": node.indexes.has_caught_up(index),
                        "best_block_height": best.map_or(0, |best| best.height),
                    });
                    told.insert(index.name().to_owned(), state);
                }
                Ok(Value::Object(told))
            })
            .await
        }
    })
}
