//! Methods that give back what they are given, for rigs that test the way there and back.

use std::sync::Arc;

use interfaces::{Init, InterfaceError};
use rpc::{Kind, Method, Param, RpcError, Shape, ShapeKind};

use crate::rpc_server::naming;

/// The last argument with this text makes the method fail as if by a mistake in the program.
const TRIGGER: &str = "trigger_internal_bug";

/// `echo` and `echojson`, which differ only in what a command-line client makes of the arguments.
pub(super) fn echo(name: &'static str) -> Method {
    let mut declaration = Method::declare(
        "hidden",
        name,
        "Gives its arguments back, for tests.\n\nWith arg9='trigger_internal_bug' it fails with the report of an \
         internal bug.\n\nOnly a command-line client tells echo from echojson: it passes the arguments of echojson on \
         as JSON.",
    );
    for position in 0..10 {
        declaration =
            declaration.param(Param::optional(format!("arg{position}"), Kind::String, "").unchecked());
    }
    declaration
        .result(Shape::new(ShapeKind::Any, "The arguments"))
        .handle(async |request| {
            if request.arguments.value("arg9") == TRIGGER {
                let what = format!("request.params[9].get_str() != \"{TRIGGER}\"");
                return Err(RpcError::misc(naming().internal_bug(&what)));
            }
            Ok(request.arguments.into_values().into())
        })
}

/// `echoipc`: the way through an interface, in another process where the composition has one.
pub(super) fn echoipc(init: Arc<dyn Init>) -> Method {
    Method::declare(
        "hidden",
        "echoipc",
        "Gives its argument back, in a multiprocess build through a process that is started for it.\n\nFor tests.",
    )
    .param(Param::required("arg", Kind::String, "The text"))
    .result(Shape::new(ShapeKind::String, "The same text"))
    .example("\"Hello world\"", "\"Hello world\"")
    .handle(move |request| {
        let init = Arc::clone(&init);
        async move {
            let text = request.arguments.required("arg")?;
            let echo = init.make_echo().await.map_err(call_failed)?;
            let answer = echo.echo(text).await.map_err(call_failed)?;
            Ok(answer.into())
        }
    })
}

fn call_failed(error: InterfaceError) -> RpcError {
    RpcError::misc(format!("{:#}", anyhow::Error::new(error)))
}
