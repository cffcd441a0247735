//! The methods that speak of the server itself: `getrpcinfo`, `help`, `stop`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::config::Naming;
use crate::method::Method;
use crate::param::{Kind, Param};
use crate::shape::{Shape, ShapeKind};

/// A word that `help` takes for a rig that compares a client's conversion table with the declarations.
const DUMP_CONVERSIONS: &str = "dump_all_command_conversions";

pub(crate) fn methods(naming: &Naming) -> [Method; 3] {
    [getrpcinfo(), help(), stop(naming)]
}

fn getrpcinfo() -> Method {
    let call = ShapeKind::Object(vec![
        ("method", Shape::new(ShapeKind::String, "The method's name")),
        (
            "duration",
            Shape::new(
                ShapeKind::Number,
                "For how long it has been running, in microseconds",
            ),
        ),
    ]);
    let calls = ShapeKind::Array(vec![Shape::new(call, "A call")]);
    Method::declare("control", "getrpcinfo", "Tells what the RPC server is doing.")
        .result(Shape::new(
            ShapeKind::Object(vec![
                (
                    "active_commands",
                    Shape::new(calls, "The calls that are running, this one included"),
                ),
                (
                    "logpath",
                    Shape::new(ShapeKind::String, "The full path of the debug log"),
                ),
            ]),
            "",
        ))
        .example("", "")
        .handle(async |request| {
            let calls: Vec<Value> = request
                .dispatcher
                .active()
                .into_iter()
                .map(|(method, duration)| json!({ "method": method, "duration": microseconds(duration) }))
                .collect();
            Ok(json!({ "active_commands": calls, "logpath": request.dispatcher.config.log_path }))
        })
}

fn help() -> Method {
    Method::declare("control", "help", "Lists all commands, or explains one.")
        .param(Param::hinted(
            "command",
            Kind::String,
            "all commands",
            "The command to explain",
        ))
        .result(Shape::new(ShapeKind::String, "The text"))
        .result(Shape::new(ShapeKind::Any, ""))
        .handle(async |request| {
            let command: Option<String> = request.arguments.optional("command")?;
            let command = command.unwrap_or_default();
            let dispatcher = &request.dispatcher;
            if command == DUMP_CONVERSIONS {
                // What clients should make of an added method's arguments, nobody says.
                return Ok(dispatcher.table.conversions());
            }
            if let Some(added) = dispatcher.added.find(&command) {
                return Ok(dispatcher.help_of(&added, &request.user).await.into());
            }
            let (naming, added) = (&dispatcher.config.naming, dispatcher.added.all());
            Ok(dispatcher.table.help(&command, naming, &added).into())
        })
}

fn stop(naming: &Naming) -> Method {
    let answer = format!("{} stopping", naming.product);
    Method::declare(
        "control",
        "stop",
        format!("Asks {} to finish its work and exit.", naming.product),
    )
    .param(
        Param::optional(
            "wait",
            Kind::Number,
            "Milliseconds between the request to stop and the answer",
        )
        .hidden(),
    )
    .result(Shape::new(ShapeKind::String, format!("The text '{answer}'")))
    .handle(move |request| {
        let answer = answer.clone();
        async move {
            let wait: Option<i64> = request.arguments.optional("wait")?;
            request.dispatcher.request_stop();
            if let Some(wait) = wait.and_then(|wait| u64::try_from(wait).ok()) {
                tokio::time::sleep(Duration::from_millis(wait)).await;
            }
            Ok(answer.into())
        }
    })
}

/// Microseconds, at the largest number for times beyond 500,000 years.
fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
