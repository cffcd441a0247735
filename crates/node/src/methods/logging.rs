//! `logging`: which categories the log shows.

use app::{LogHandle, UnknownCategory};
use rpc::{Kind, Method, Param, RpcError, Shape, ShapeKind};
use serde_json::{Map, Value};

pub(super) fn logging(log: LogHandle) -> Method {
    let names: Vec<_> = log.categories().into_iter().map(|(name, _)| name).collect();
    let description = format!(
        "Tells which categories of debug messages are logged, after changing that where arguments say so.\n\n\
         What include selects is added first, then what exclude selects is taken away: a category in both is not \
         logged.\n\nThe valid logging categories are: {}\n\nIn place of a category can stand\n  - \"all\" or \"1\": all \
         of them.\n  - \"none\" or \"0\": none of them, which changes nothing.",
        names.join(", ")
    );
    let categories =
        |name: &'static str| Kind::Array(vec![Param::optional(name, Kind::String, "A category")]);
    Method::declare("control", "logging", description)
        .param(Param::optional(
            "include",
            categories("include_category"),
            "Categories to log from now on",
        ))
        .param(Param::optional(
            "exclude",
            categories("exclude_category"),
            "Categories to log no longer",
        ))
        .result(Shape::new(
            ShapeKind::Map(
                "category",
                Box::new(Shape::new(ShapeKind::Boolean, "Whether it is logged")),
            ),
            "The categories",
        ))
        .example("'[\"all\"]' '[\"http\"]'", "[\"all\"], [\"libevent\"]")
        .handle(move |request| {
            let log = log.clone();
            async move {
                let include: Option<Vec<String>> = request.arguments.optional("include")?;
                let exclude: Option<Vec<String>> = request.arguments.optional("exclude")?;
                for name in include.unwrap_or_default() {
                    log.enable(&name).map_err(|error| unknown(&error))?;
                }
                for name in exclude.unwrap_or_default() {
                    log.disable(&name).map_err(|error| unknown(&error))?;
                }
                let shown = log
                    .categories()
                    .into_iter()
                    .map(|(name, is_logged)| (name.to_owned(), is_logged.into()));
                Ok(Value::Object(shown.collect::<Map<_, _>>()))
            }
        })
}

fn unknown(error: &UnknownCategory) -> RpcError {
    RpcError::invalid_parameter(error.to_string())
}
