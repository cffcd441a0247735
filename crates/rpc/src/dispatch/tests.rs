use serde_json::json;

use super::*;
use crate::config::Naming;
use crate::param::{Kind, Param};
use crate::shape::{Shape, ShapeKind};

fn dispatcher() -> Arc<Dispatcher> {
    let any = || Shape::new(ShapeKind::Any, "");
    let mut table = MethodTable::default();
    let methods = [
        Method::declare("test", "add", "Adds.")
            .param(Param::required("left", Kind::Number, "One"))
            .param(Param::optional("right|other", Kind::Number, "Another"))
            .result(Shape::new(ShapeKind::Number, "The sum"))
            .handle(async |request| {
                let left: i64 = request.arguments.required("left")?;
                let right: Option<i64> = request.arguments.optional("right")?;
                Ok((left + right.unwrap_or(0)).into())
            }),
        Method::declare("test", "liar", "Says a number, returns a text.")
            .result(Shape::new(ShapeKind::Number, ""))
            .handle(async |_| Ok("text".into())),
        Method::declare("hidden", "panic", "")
            .result(any())
            .handle(async |_| panic!("on purpose")),
    ];
    for method in methods {
        table.register(method).unwrap();
    }
    let config = DispatchConfig {
        log_path: "/x/debug.log".to_owned(),
        check_results: true,
        naming: Naming::for_tests(),
    };
    let dispatcher = Dispatcher::new(config, table, || {}).unwrap();
    dispatcher.finish_warmup();
    dispatcher
}

async fn check(method: &str, params: Params, expected: Result<Value, (i32, &str)>) {
    let outcome = dispatcher()
        .execute(
            Call {
                method: method.to_owned(),
                params,
            },
            "user",
        )
        .await;
    assert_eq!(
        outcome,
        expected.map_err(|(code, message)| RpcError::new(code, message)),
        "{method}"
    );
}

fn positional(values: &Value) -> Params {
    Params::Positional(values.as_array().unwrap().clone())
}

#[tokio::test]
async fn arguments_reach_the_handler_by_place_and_by_name() {
    check("add", positional(&json!([1, 2])), Ok(json!(3))).await;
    check("add", positional(&json!([1, null])), Ok(json!(1))).await;
    let named = vec![("other".to_owned(), json!(2)), ("left".to_owned(), json!(1))];
    check("add", Params::Named(named), Ok(json!(3))).await;
}

#[tokio::test]
async fn a_call_that_does_not_fit_its_declaration_never_reaches_the_handler() {
    let usage = "add left ( right )\n\nAdds.\n\nArguments:\n\
        1. left     (numeric, required) One\n\
        2. right    (numeric, optional) Another\n\nResult:\nn    (numeric) The sum\n";
    check("add", positional(&json!([])), Err((-1, usage))).await;
    check("add", positional(&json!([1, 2, 3])), Err((-1, usage))).await;
    let wrong = "Wrong type passed:\n{\n    \
        \"Position 1 (left)\": \"JSON value of type string is not of expected type number\",\n    \
        \"Position 2 (right|other)\": \"JSON value of type bool is not of expected type number\"\n}";
    check("add", positional(&json!(["1", true])), Err((-3, wrong))).await;
    check(
        "subtract",
        positional(&json!([])),
        Err((-32601, "Method not found")),
    )
    .await;
}

#[tokio::test]
async fn a_result_that_contradicts_its_declaration_is_a_bug() {
    let text = "Internal bug detected: RPC call \"liar\" returned incorrect type:\n\
        \"returned type is string, but declared as number in doc\"\nProduct Core v1.2.3\n\
        Please report this issue here: https://product.example/issues\n";
    check("liar", positional(&json!([])), Err((-1, text))).await;
}

#[tokio::test]
async fn a_handler_that_panics_fails_its_own_call_only() {
    let text = "Internal bug detected: panic panicked\nProduct Core v1.2.3\n\
        Please report this issue here: https://product.example/issues\n";
    check("panic", positional(&json!([])), Err((-32603, text))).await;
}

#[tokio::test]
async fn during_warm_up_every_call_hears_what_the_process_is_busy_with() {
    let config = DispatchConfig {
        log_path: String::new(),
        check_results: true,
        naming: Naming::for_tests(),
    };
    let dispatcher = Dispatcher::new(config, MethodTable::default(), || {}).unwrap();
    let call = || Call {
        method: "none".to_owned(),
        params: Params::Positional(Vec::new()),
    };
    for (status, expected) in [(None, "RPC server started"), (Some("Loading…"), "Loading…")] {
        if let Some(status) = status {
            dispatcher.set_warmup_status(status);
        }
        let error = dispatcher.execute(call(), "user").await.unwrap_err();
        assert_eq!(error, RpcError::new(code::IN_WARMUP, expected));
    }
    dispatcher.finish_warmup();
    dispatcher.set_warmup_status("too late");
    assert_eq!(
        dispatcher.execute(call(), "user").await.unwrap_err().code,
        code::METHOD_NOT_FOUND
    );
}

#[tokio::test]
async fn help_lists_what_is_not_hidden_and_explains_one() {
    let list =
        "== Control ==\ngetrpcinfo\nhelp ( \"command\" )\nstop\n\n== Test ==\nadd left ( right )\nliar";
    check("help", positional(&json!([])), Ok(json!(list))).await;
    check("help", positional(&json!([""])), Ok(json!(list))).await;
    check("help", positional(&json!(["panic"])), Ok(json!("panic\n\n\n"))).await;
    check(
        "help",
        positional(&json!(["nothing"])),
        Ok(json!("help: unknown command: nothing")),
    )
    .await;
    let conversions = json!([
        ["add", 0, "left", false],
        ["add", 1, "right", false],
        ["add", 1, "other", false],
        ["help", 0, "command", true],
        ["stop", 0, "wait", false],
    ]);
    check(
        "help",
        positional(&json!(["dump_all_command_conversions"])),
        Ok(conversions),
    )
    .await;
}

#[tokio::test]
async fn getrpcinfo_counts_itself_among_the_running_calls() {
    let dispatcher = dispatcher();
    let call = Call {
        method: "getrpcinfo".to_owned(),
        params: Params::Positional(Vec::new()),
    };
    let result = dispatcher.execute(call, "user").await.unwrap();
    assert_eq!(result["logpath"], "/x/debug.log");
    assert_eq!(result["active_commands"].as_array().unwrap().len(), 1);
    assert_eq!(result["active_commands"][0]["method"], "getrpcinfo");
    assert!(result["active_commands"][0]["duration"].is_u64());
    assert!(dispatcher.active().is_empty());
}

#[tokio::test]
async fn a_name_is_registered_once() {
    let mut table = MethodTable::default();
    table
        .register(Method::declare("control", "stop", "").handle(async |_| Ok(Value::Null)))
        .unwrap();
    let config = DispatchConfig {
        log_path: String::new(),
        check_results: true,
        naming: Naming::for_tests(),
    };
    let error = Dispatcher::new(config, table, || {}).unwrap_err();
    assert_eq!(error.to_string(), "the RPC method stop is registered twice");
}
