use super::*;

const TXID: &str = "1d1d4e24ed99057e84c3f80fd8fbec79ed9e1acee37da269356ecea000000000";

async fn psbt(vout: u32) -> Value {
    call(
        "createpsbt",
        json!([[{"txid": TXID, "vout": vout}], [{"data": "00"}]]),
    )
    .await
    .unwrap()
}

#[tokio::test]
async fn partially_signed_transactions_are_made() {
    let raw = call(
        "createrawtransaction",
        json!([[{"txid": TXID, "vout": 1}], [{"data": "00"}]]),
    )
    .await
    .unwrap();
    assert_eq!(call("converttopsbt", json!([raw])).await, Ok(psbt(1).await));
    assert_eq!(
        call("combinepsbt", json!([[psbt(1).await, psbt(1).await]])).await,
        Ok(psbt(1).await)
    );
    let joined = call("joinpsbts", json!([[psbt(1).await, psbt(2).await]]))
        .await
        .unwrap();
    let both = json!([[{"txid": TXID, "vout": 1}, {"txid": TXID, "vout": 2}], [{"data": "00"}]]);
    assert_ne!(Ok(joined.clone()), call("createpsbt", both).await);
    let finalized = call("finalizepsbt", json!([joined])).await.unwrap();
    assert_eq!(finalized, json!({"psbt": joined, "complete": false}));
    // Nothing is missing where there is nothing to sign.
    let empty = call("createpsbt", json!([[], [{"data": "00"}]])).await.unwrap();
    let complete = call("finalizepsbt", json!([empty])).await.unwrap();
    let raw = call("createrawtransaction", json!([[], [{"data": "00"}]]))
        .await
        .unwrap();
    assert_eq!(complete, json!({"hex": raw, "complete": true}));
    let kept = call("finalizepsbt", json!([empty, false])).await.unwrap();
    assert_eq!(kept, json!({"psbt": empty, "complete": true}));
}

#[tokio::test]
async fn what_is_no_partially_signed_transaction_is_refused() {
    let shared = format!("Input {TXID}:1 exists in multiple PSBTs");
    let signed = format!("0200000001{}000000000151000000000000000000", "11".repeat(32));
    check(
        "combinepsbt",
        &[
            (json!([[]]), Err((-8, "Parameter 'txs' cannot be empty"))),
            (json!([["x"]]), Err((-22, "TX decode failed invalid base64"))),
            (
                json!([[psbt(1).await, psbt(2).await]]),
                Err((-8, "PSBTs not compatible (different transactions)")),
            ),
        ],
    )
    .await;
    check(
        "joinpsbts",
        &[
            (
                json!([[psbt(1).await]]),
                Err((-8, "At least two PSBTs are required to join PSBTs.")),
            ),
            (json!([[psbt(1).await, psbt(1).await]]), Err((-8, &shared))),
        ],
    )
    .await;
    check(
        "converttopsbt",
        &[
            (json!(["x"]), Err((-22, "TX decode failed"))),
            (
                json!([signed]),
                Err((-22, "Inputs must not have scriptSigs and scriptWitnesses")),
            ),
        ],
    )
    .await;
    assert!(call("converttopsbt", json!([signed, true])).await.is_ok());
}
