//! Methods and those who change the node do not wait for each other, and find it in any state.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bitcoin::consensus::encode::serialize_hex;
use bitcoin::constants::genesis_block;
use bitcoin::{Amount, ScriptBuf, Transaction, TxIn, TxOut, absolute, transaction};
use chain::Rebuild;
use consensus::Network;
use tokio::runtime::Runtime;

use super::*;
use crate::mining::tests::{mine_one, miner, miner_with};

const METHODS: [&str; 9] = [
    "getbestblockhash",
    "getblockchaininfo",
    "getblockcount",
    "getchaintips",
    "getmempoolinfo",
    "getmininginfo",
    "getnetworkinfo",
    "getrawmempool",
    "gettxoutsetinfo",
];

async fn execute(dispatcher: &Arc<Dispatcher>, method: &str, params: Value) -> Outcome {
    let call = Call {
        method: method.to_owned(),
        params: match params {
            Value::Array(values) => Params::Positional(values),
            other => panic!("{other}"),
        },
    };
    dispatcher.execute(call, "user").await
}

#[test]
fn who_asks_for_pool_and_chain_waits_for_nobody_who_waits_for_him() {
    let runtime = Runtime::new().unwrap();
    let (_directory, mining) = runtime.block_on(async { miner() });
    runtime.block_on(mine_one(&mining));
    let dispatcher = dispatcher(&(Arc::new(LocalInit) as _), &mining.node);
    let node = Arc::clone(mining.node.get().unwrap());
    let header = {
        let tip = node.chain.tree().tip().unwrap();
        node.chain.read_block(tip).unwrap().header
    };
    let is_over = Arc::new(AtomicBool::new(false));
    let ends = Arc::clone(&is_over);
    // As transactions are taken, and the chain changes meanwhile.
    let working = std::thread::spawn(move || {
        while !ends.load(Ordering::Relaxed) {
            node.pool.with(|_pool| node.chain.accept_header(&header).unwrap());
        }
    });
    let all = async {
        for method in METHODS {
            for _ in 0..300 {
                execute(&dispatcher, method, json!([])).await.unwrap();
            }
        }
    };
    let answered = runtime.block_on(async { tokio::time::timeout(Duration::from_secs(60), all).await });
    // Threads that wait for each other are not waited for.
    runtime.shutdown_background();
    answered.expect("methods and the pool wait for each other");
    is_over.store(true, Ordering::Relaxed);
    working.join().unwrap();
}

#[tokio::test]
async fn a_chain_that_is_made_anew_breaks_no_method() {
    let params = consensus::Params::new(Network::Regtest);
    let (_directory, mining) = miner_with(params, Rebuild::Everything);
    assert!(mining.node.get().unwrap().chain.tree().is_empty());
    let dispatcher = dispatcher(&(Arc::new(LocalInit) as _), &mining.node);
    let transaction = serialize_hex(&Transaction {
        version: transaction::Version::TWO,
        lock_time: absolute::LockTime::ZERO,
        input: vec![TxIn::default()],
        output: vec![TxOut {
            value: Amount::ONE_BTC,
            script_pubkey: ScriptBuf::from_bytes(vec![0x51]),
        }],
    });
    let block = serialize_hex(&genesis_block(bitcoin::Network::Regtest));
    let hash = "11".repeat(32);
    let rows = [
        ("decoderawtransaction", json!([transaction])),
        ("dumptxoutset", json!(["coins.dat"])),
        ("estimaterawfee", json!([6])),
        ("estimatesmartfee", json!([6])),
        ("generateblock", json!(["raw(51)", []])),
        ("generatetodescriptor", json!([1, "raw(51)"])),
        ("getblock", json!([hash])),
        ("getblockfilter", json!([hash])),
        ("getblockhash", json!([0])),
        ("getblockheader", json!([hash])),
        ("getblockstats", json!([0])),
        ("getblocktemplate", json!([{ "rules": ["segwit"] }])),
        ("getchaintxstats", json!([])),
        ("getdeploymentinfo", json!([])),
        ("getdifficulty", json!([])),
        ("getindexinfo", json!([])),
        ("getnetworkhashps", json!([])),
        ("getrawtransaction", json!([hash])),
        ("gettxout", json!([hash, 0])),
        ("gettxoutproof", json!([[hash]])),
        ("gettxspendingprevout", json!([[{ "txid": hash, "vout": 0 }]])),
        ("invalidateblock", json!([hash])),
        ("preciousblock", json!([hash])),
        ("pruneblockchain", json!([1])),
        ("reconsiderblock", json!([hash])),
        ("scantxoutset", json!(["start", ["raw(51)"]])),
        ("sendrawtransaction", json!([transaction])),
        ("submitblock", json!([block])),
        ("submitheader", json!([block[..160]])),
        ("submitpackage", json!([[transaction]])),
        ("testmempoolaccept", json!([[transaction]])),
        ("verifychain", json!([])),
    ];
    let all = METHODS.map(|method| (method, json!([]))).into_iter().chain(rows);
    for (method, params) in all {
        if let Err(error) = execute(&dispatcher, method, params.clone()).await {
            assert!(!error.message.contains("panic"), "{method} {params}: {error:?}");
            assert_ne!(error.code, code::METHOD_NOT_FOUND, "{method}");
            assert_ne!(error.code, code::TYPE_ERROR, "{method} {params}: {error:?}");
            assert_ne!(
                error.code,
                code::DESERIALIZATION_ERROR,
                "{method} {params}: {error:?}"
            );
        }
    }
    assert!(mining.node.get().unwrap().failure().is_none());
}
