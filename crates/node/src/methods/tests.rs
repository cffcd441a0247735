mod addresses;
mod descriptors;
mod locks;
mod psbts;
mod raw_transactions;
mod signing;

use std::sync::OnceLock;

use app::{LogConfig, Logger};
use async_trait::async_trait;
use interfaces::{Disconnection, Echo, InterfaceError, LocalInit};
use rpc::{Call, Dispatcher, Outcome, Params, RpcError, code};
use serde_json::{Value, json};

use super::*;
use crate::rpc_server::naming;

/// A process has one log.
pub(crate) fn log() -> LogHandle {
    static LOGGER: OnceLock<Logger> = OnceLock::new();
    LOGGER
        .get_or_init(|| Logger::start(LogConfig::from_settings(&[]).unwrap(), []).unwrap())
        .handle()
}

/// What carries out calls on a node.
fn dispatcher(init: &Arc<dyn Init>, node: &Node) -> Arc<Dispatcher> {
    let mut table = MethodTable::default();
    let rules = Arc::new(consensus::Params::new(consensus::Network::Regtest));
    register(&mut table, init, &log(), &rules, node).unwrap();
    let config = rpc::DispatchConfig {
        log_path: String::new(),
        check_results: true,
        naming: naming(),
    };
    let dispatcher = Dispatcher::new(config, table, || {}).unwrap();
    dispatcher.finish_warmup();
    dispatcher
}

async fn call_with(init: Arc<dyn Init>, method: &str, params: Params) -> Outcome {
    dispatcher(&init, &Node::default())
        .execute(
            Call {
                method: method.to_owned(),
                params,
            },
            "user",
        )
        .await
}

async fn call(method: &str, params: Value) -> Outcome {
    let params = match params {
        Value::Array(values) => Params::Positional(values),
        Value::Object(members) => Params::Named(members.into_iter().collect()),
        other => panic!("{other}"),
    };
    call_with(Arc::new(LocalInit), method, params).await
}

#[tokio::test]
async fn echo_gives_back_what_came() {
    for method in ["echo", "echojson"] {
        let rows = [
            (json!([]), json!([])),
            (json!([1, null, {"a": []}]), json!([1, null, {"a": []}])),
            (json!({"arg2": "x"}), json!([null, null, "x"])),
            (json!({"args": [1], "arg1": 2}), json!([1, 2])),
        ];
        for (params, expected) in rows {
            assert_eq!(call(method, params.clone()).await, Ok(expected), "{params}");
        }
        let error = call(method, json!({"arg9": "trigger_internal_bug"}))
            .await
            .unwrap_err();
        assert_eq!(error.code, code::MISC_ERROR);
        let first_line = error.message.lines().next().unwrap();
        assert_eq!(
            first_line,
            "Internal bug detected: request.params[9].get_str() != \"trigger_internal_bug\""
        );
        let too_many = json!([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        assert!(
            call(method, too_many)
                .await
                .unwrap_err()
                .message
                .starts_with(method)
        );
    }
}

#[tokio::test]
async fn echoipc_goes_through_the_interface() {
    assert_eq!(call("echoipc", json!(["₿"])).await, Ok(json!("₿")));
    assert_eq!(
        call("echoipc", json!([])).await.unwrap_err().code,
        code::MISC_ERROR
    );
    assert_eq!(
        call("echoipc", json!([1])).await.unwrap_err().code,
        code::TYPE_ERROR
    );
}

#[tokio::test]
async fn echoipc_tells_what_went_wrong_on_the_way() {
    struct Gone;

    #[async_trait]
    impl Init for Gone {
        async fn make_echo(&self) -> Result<Arc<dyn Echo>, InterfaceError> {
            Err(InterfaceError::Disconnected(Disconnection::DuringCall))
        }
    }

    let outcome = call_with(Arc::new(Gone), "echoipc", Params::Positional(vec!["x".into()])).await;
    assert_eq!(
        outcome,
        Err(RpcError::misc(
            "IPC client method call interrupted by disconnect."
        ))
    );
}

#[tokio::test]
async fn logging_changes_categories_and_tells_all_of_them() {
    let result = call("logging", json!([["qt", "zmq"], ["zmq"]])).await.unwrap();
    assert_eq!((&result["qt"], &result["zmq"]), (&json!(true), &json!(false)));
    let result = call("logging", json!({"exclude": ["qt"]})).await.unwrap();
    assert_eq!(result["qt"], json!(false));
    let names: Vec<_> = result.as_object().unwrap().keys().collect();
    assert!(names.is_sorted(), "{names:?}");
    for params in [json!([["x"]]), json!([[], ["x"]])] {
        let expected = RpcError::invalid_parameter("unknown logging category x");
        assert_eq!(call("logging", params).await, Err(expected));
    }
    assert_eq!(
        call("logging", json!([[1]])).await.unwrap_err().code,
        code::TYPE_ERROR
    );
    let help = call("help", json!(["logging"])).await.unwrap();
    let list: Vec<_> = names.iter().map(|name| name.as_str()).collect();
    assert!(
        help.as_str()
            .unwrap()
            .contains(&format!("valid logging categories are: {}", list.join(", ")))
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn getmemoryinfo_adds_up() {
    let result = call("getmemoryinfo", json!([])).await.unwrap();
    let figure = |name: &str| result["locked"][name].as_u64().unwrap();
    assert_eq!(figure("used") + figure("free"), figure("total"));
    for name in ["used", "free", "chunks_used", "chunks_free"] {
        assert!(figure(name) > 0, "{name}");
    }
    let expected = RpcError::invalid_parameter("unknown mode foobar");
    assert_eq!(
        call("getmemoryinfo", json!({"mode": "foobar"})).await,
        Err(expected)
    );
}

#[tokio::test]
async fn getmemoryinfo_describes_the_heap_or_says_that_it_cannot() {
    let outcome = call("getmemoryinfo", json!(["mallocinfo"])).await;
    if cfg!(all(target_os = "linux", target_env = "gnu")) {
        assert!(outcome.unwrap().as_str().unwrap().starts_with("<malloc version="));
    } else {
        assert_eq!(
            outcome,
            Err(RpcError::invalid_parameter("mallocinfo mode not available"))
        );
    }
}

#[tokio::test]
async fn help_hides_the_methods_for_rigs() {
    let help = call("help", json!([])).await.unwrap();
    let lines: Vec<&str> = help.as_str().unwrap().lines().collect();
    let titles: Vec<_> = lines.iter().filter(|line| line.starts_with("==")).collect();
    let mut expected = vec![
        "Blockchain",
        "Control",
        "Mining",
        "Network",
        "Rawtransactions",
        "Syscoin",
        "Util",
    ];
    if cfg!(feature = "zmq") {
        expected.push("Zmq");
    }
    let expected: Vec<_> = expected.iter().map(|title| format!("== {title} ==")).collect();
    assert_eq!(titles, expected.iter().collect::<Vec<_>>());
    for usage in [
        "getmemoryinfo ( \"mode\" )",
        "getblockstats hash_or_height ( stats )",
        "scantxoutset \"action\" ( [scanobjects,...] )",
    ] {
        assert!(lines.contains(&usage), "{usage}");
    }
    for hidden in [
        "echo",
        "generatetoaddress",
        "setmocktime",
        "waitforblock",
        "invalidateblock",
    ] {
        let is_listed = lines.iter().any(|line| line.split(' ').next() == Some(hidden));
        assert!(!is_listed, "{hidden}");
    }
}

#[tokio::test]
async fn what_a_node_without_masternodes_knows_of_them_is_told() {
    let none = Err((code::INTERNAL_ERROR, "Unable to find any chainlock"));
    check("getchainlocks", &[(json!([]), none)]).await;
    let none = Err((
        code::INTERNAL_ERROR,
        "Unable to find any BTC checkpoint attestation",
    ));
    check("getbtccheckpoints", &[(json!([]), none)]).await;
    let status = call("mnsync", json!(["status"])).await.unwrap();
    assert!(status["AssetStartTime"].is_u64());
    assert_eq!(status["AssetName"], "MASTERNODE_SYNC_BLOCKCHAIN");
    let no_peers = "Error: Peer-to-peer functionality missing or disabled";
    let next = (json!(["next"]), Err((code::CLIENT_P2P_DISABLED, no_peers)));
    check("mnsync", &[next, (json!(["x"]), Ok(json!("failure")))]).await;
    let shown = call("spork", json!(["show"])).await.unwrap();
    assert_eq!(shown["SPORK_9_SUPERBLOCKS_ENABLED"], 0);
    assert_eq!(shown["SPORK_19_CHAINLOCKS_ENABLED"], 4_070_908_800_u64);
    let unknown = Err((code::INVALID_PARAMETER, "Invalid spork name"));
    let refused = Ok(json!("failure"));
    check(
        "spork",
        &[(json!(["x", 1]), unknown), (json!(["SPORK_TEST", 1]), refused)],
    )
    .await;
}

/// What a call answers, or with which number and text it is refused.
type Expected<'a> = Result<Value, (i32, &'a str)>;

/// Checks what calls with these arguments answer, or with which number and text they are refused.
async fn check(method: &str, rows: &[(Value, Expected<'_>)]) {
    for (params, expected) in rows {
        let expected = expected.clone().map_err(|(code, text)| RpcError::new(code, text));
        assert_eq!(call(method, params.clone()).await, expected, "{method} {params}");
    }
}
