use super::*;

/// Constants of upstream's functional test of `signrawtransactionwithkey`.
const KEYS: [&str; 2] = [
    "cUeKHd5orzT3mz8P9pxyREHfsWtVfgsfDjiZZBcjUBAaGk1BTj7N",
    "cVKpPfVKSJxKqVpE9awvXNWuLHCa5j5tiE7K6zbUSptFpTEtiFrA",
];
const TXID: &str = "9b907ef1e3c26fc71fe4a4b3580bc75264112f95050014157059c736f0202e71";

fn outputs() -> [Value; 2] {
    [
        json!({"txid": TXID, "vout": 0, "scriptPubKey": "76a91460baa0f494b38ce3c940dea67f3804dc52d1fb9488ac"}),
        json!({
            "txid": "83a4f6a6b73660e13ee6cb3c6063fa3759c50c9b7521d0536022961898f4fb02",
            "vout": 0,
            "scriptPubKey": "76a914669b857c03a5ed269d5d85a1ffac9ed5d663072788ac",
        }),
    ]
}

async fn unsigned() -> Value {
    let inputs = outputs().map(|output| json!({"txid": output["txid"], "vout": output["vout"]}));
    call(
        "createrawtransaction",
        json!([inputs, {"mpLQjfK79b7CCV4VMJWEWAj5Mpx8Up5zxB": 0.1}]),
    )
    .await
    .unwrap()
}

#[tokio::test]
async fn transactions_are_signed_with_keys() {
    let unsigned = unsigned().await;
    for kind in ["ALL", "NONE|ANYONECANPAY", "DEFAULT"] {
        let signed = call(
            "signrawtransactionwithkey",
            json!([unsigned, KEYS, outputs(), kind]),
        )
        .await
        .unwrap();
        assert_eq!(
            (&signed["complete"], signed.get("errors")),
            (&json!(true), None),
            "{kind}"
        );
    }
    let signed = call(
        "signrawtransactionwithkey",
        json!([unsigned, [KEYS[0]], outputs()]),
    )
    .await
    .unwrap();
    assert_eq!(signed["complete"], false);
    let errors = signed["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1);
    assert_eq!(
        errors[0]["error"],
        "Unable to sign input, invalid stack size (possibly missing key)"
    );
    // Signing goes on where it ended.
    let signed = call(
        "signrawtransactionwithkey",
        json!([signed["hex"], [KEYS[1]], outputs()]),
    )
    .await
    .unwrap();
    assert_eq!(signed["complete"], true);

    let nothing_known = call("signrawtransactionwithkey", json!([unsigned, KEYS]))
        .await
        .unwrap();
    assert_eq!(
        nothing_known["errors"][0]["error"],
        "Input not found or already spent"
    );
    assert_eq!(nothing_known["hex"], unsigned);
}

#[tokio::test]
async fn witness_outputs_need_scripts_and_amounts() {
    let script = call("getdescriptorinfo", json!([format!("wsh(pk({}))", KEYS[0])]))
        .await
        .unwrap();
    let address = call("deriveaddresses", json!([script["descriptor"]]))
        .await
        .unwrap()[0]
        .clone();
    let output = call("validateaddress", json!([address])).await.unwrap()["scriptPubKey"].clone();
    let inner = script["descriptor"].as_str().unwrap();
    let key = &inner["wsh(pk(".len()..inner.find(')').unwrap()];
    let witness_script = format!("21{key}ac");
    let unsigned = call("createrawtransaction", json!([[{"txid": TXID, "vout": 1}], []]))
        .await
        .unwrap();
    let sign = async |extra: Value| {
        let mut previous = json!({"txid": TXID, "vout": 1, "scriptPubKey": output});
        previous
            .as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        call(
            "signrawtransactionwithkey",
            json!([unsigned, [KEYS[0]], [previous]]),
        )
        .await
    };
    for name in ["witnessScript", "redeemScript"] {
        let signed = sign(json!({name: witness_script, "amount": 1})).await.unwrap();
        assert_eq!(signed["complete"], true, "{signed}");
        let shown = call("decoderawtransaction", json!([signed["hex"]]))
            .await
            .unwrap();
        assert_eq!(shown["vin"][0]["txinwitness"][1], witness_script.as_str());
    }
    let start = &output.as_str().unwrap()[..30];
    for (extra, code, text) in [
        (
            json!({"amount": 1}),
            -8,
            "Missing redeemScript/witnessScript".to_owned(),
        ),
        (
            json!({"redeemScript": "51"}),
            -8,
            "redeemScript/witnessScript does not match scriptPubKey".to_owned(),
        ),
        (
            json!({"redeemScript": "51", "witnessScript": witness_script}),
            -8,
            "redeemScript does not correspond to witnessScript".to_owned(),
        ),
        (
            json!({"witnessScript": witness_script}),
            -3,
            format!("Missing amount for CTxOut(nValue=9999999999.99999999, scriptPubKey={start})"),
        ),
    ] {
        assert_eq!(
            sign(extra.clone()).await,
            Err(RpcError::new(code, text)),
            "{extra}"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_signed_is_refused() {
    let unsigned = unsigned().await;
    let [first, _] = outputs();
    let with = |name: &str, value: Value| {
        let mut output = first.clone();
        output[name] = value;
        json!([unsigned, KEYS, [output]])
    };
    check(
        "signrawtransactionwithkey",
        &[
            (
                json!(["00", KEYS]),
                Err((-22, "TX decode failed. Make sure the tx has at least one input.")),
            ),
            (json!([unsigned, ["x"]]), Err((-5, "Invalid private key"))),
            (
                json!([unsigned, KEYS, [], "all"]),
                Err((-8, "all is not a valid sighash parameter.")),
            ),
            (
                json!([unsigned, KEYS, ["x"]]),
                Err((-22, "expected object with {\"txid'\",\"vout\",\"scriptPubKey\"}")),
            ),
            (json!([unsigned, KEYS, [{}]]), Err((-3, "Missing txid"))),
            (
                with("vout", json!("x")),
                Err((
                    -3,
                    "JSON value of type string for field vout is not of expected type number",
                )),
            ),
            (with("vout", json!(-1)), Err((-22, "vout cannot be negative"))),
            (
                with("scriptPubKey", json!("x")),
                Err((-8, "scriptPubKey must be hexadecimal string (not 'x')")),
            ),
            (with("amount", json!("x")), Err((-3, "Invalid amount"))),
        ],
    )
    .await;
    check(
        "combinerawtransaction",
        &[
            (json!([[]]), Err((-22, "Missing transactions"))),
            (
                json!([[unsigned, "x"]]),
                Err((
                    -22,
                    "TX decode failed for tx 1. Make sure the tx has at least one input.",
                )),
            ),
            (
                json!([[unsigned]]),
                Err((-25, "Input not found or already spent")),
            ),
        ],
    )
    .await;
}
