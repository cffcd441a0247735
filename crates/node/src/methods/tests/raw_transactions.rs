use super::*;

const TXID: &str = "1d1d4e24ed99057e84c3f80fd8fbec79ed9e1acee37da269356ecea000000000";
const ADDRESS: &str = "bcrt1qtmp74ayg7p24uslctssvjm06q5phz4yrxucgnv";

/// Makes a transaction and shows what it is made of.
async fn made(params: Value) -> Value {
    let digits = call("createrawtransaction", params).await.unwrap();
    call("decoderawtransaction", json!([digits])).await.unwrap()
}

#[tokio::test]
async fn transactions_are_made_and_shown() {
    let shown = made(json!([[{"txid": TXID, "vout": 7}], {ADDRESS: "0.5", "data": "0102"}])).await;
    assert_eq!((&shown["version"], &shown["locktime"]), (&json!(2), &json!(0)));
    assert_eq!(
        shown["vin"],
        json!([{"txid": TXID, "vout": 7, "scriptSig": {"asm": "", "hex": ""}, "sequence": 4_294_967_293_u32}])
    );
    assert_eq!(shown["vout"][0]["value"].to_string(), "0.50000000");
    assert_eq!(shown["vout"][0]["scriptPubKey"]["address"], ADDRESS);
    assert_eq!(shown["vout"][0]["scriptPubKey"]["type"], "witness_v0_keyhash");
    assert_eq!(shown["vout"][1]["scriptPubKey"]["asm"], "OP_RETURN 513");
    assert_eq!(shown["vout"][1]["scriptPubKey"]["type"], "nulldata");
    assert_eq!(shown["vout"][1]["scriptPubKey"].get("address"), None);
}

#[tokio::test]
async fn sequence_numbers_follow_from_what_is_asked_for() {
    for (rest, expected) in [
        (json!([]), 0xffff_fffd_u32),
        (json!([0, true]), 0xffff_fffd),
        (json!([0, false]), 0xffff_ffff),
        (json!([9, false]), 0xffff_fffe),
        (json!([9]), 0xffff_fffd),
    ] {
        let mut params = json!([[{"txid": TXID, "vout": 0}], []]);
        params
            .as_array_mut()
            .unwrap()
            .extend(rest.as_array().unwrap().clone());
        assert_eq!(made(params).await["vin"][0]["sequence"], expected, "{rest}");
    }
    let shown = made(json!([[{"txid": TXID, "vout": 0, "sequence": 5}], []])).await;
    assert_eq!(shown["vin"][0]["sequence"], 5);
}

#[tokio::test]
async fn blank_transactions_and_such_of_tokens_are_made() {
    assert_eq!(
        call("createrawtransaction", json!([[], []])).await,
        Ok(json!("02000000000000000000"))
    );
    assert_eq!(
        call("createrawtransaction", json!([[], [{ADDRESS: 1}]])).await,
        Ok(json!(
            "02000000000100e1f505000000001600145ec3eaf488f0555e43f85c20c96dfa050371548300000000"
        ))
    );
    // One token of kind 7 at output 0.
    let tokens = json!([[], {"data": "0107010001", "data_version": 142, "data_amount": "0.1"}]);
    let shown = made(tokens).await;
    assert_eq!(
        (&shown["version"], &shown["systx"]["txtype"]),
        (&json!(142), &json!("assetallocationsend"))
    );
    assert_eq!(shown["vout"][0]["value"].to_string(), "0.10000000");
    assert_eq!(shown["vout"][0]["asset_guid"], 7);
}

#[tokio::test]
async fn transactions_that_cannot_be_are_refused() {
    let input = |extra: Value| {
        let mut input = json!({"txid": TXID, "vout": 0});
        input
            .as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        json!([[input], {}])
    };
    let digits = TXID.replace('1', "Z");
    let not_hex = format!("txid must be hexadecimal string (not '{digits}')");
    let twice = format!("Invalid parameter, duplicated address: {ADDRESS}");
    // How a name is given that a client repeats.
    let repeated = format!("{ADDRESS}\0");
    check(
        "createrawtransaction",
        &[
            (
                json!([["x"], {}]),
                Err((-3, "JSON value of type string is not of expected type object")),
            ),
            (
                json!([[{}], {}]),
                Err((-3, "JSON value of type null is not of expected type string")),
            ),
            (
                json!([[{"txid": "foo"}], {}]),
                Err((-8, "txid must be of length 64 (not 3, for 'foo')")),
            ),
            (json!([[{"txid": digits}], {}]), Err((-8, &not_hex))),
            (
                json!([[{"txid": TXID}], {}]),
                Err((-8, "Invalid parameter, missing vout key")),
            ),
            (
                input(json!({"vout": "foo"})),
                Err((-8, "Invalid parameter, missing vout key")),
            ),
            (
                input(json!({"vout": -1})),
                Err((-8, "Invalid parameter, vout cannot be negative")),
            ),
            (
                input(json!({"vout": 4_294_967_296_u64})),
                Err((-1, "JSON integer out of range")),
            ),
            (
                input(json!({"sequence": -1})),
                Err((-8, "Invalid parameter, sequence number is out of range")),
            ),
            (
                input(json!({"sequence": 4_294_967_296_u64})),
                Err((-8, "Invalid parameter, sequence number is out of range")),
            ),
            (
                json!([[], "foo"]),
                Err((-3, "JSON value of type string is not of expected type array")),
            ),
            (
                json!([[], {"data": "foo"}]),
                Err((-8, "Data must be hexadecimal string (not 'foo')")),
            ),
            (json!([[], {"foo": 0}]), Err((-5, "Invalid Syscoin address: foo"))),
            (json!([[], {ADDRESS: "foo"}]), Err((-3, "Invalid amount"))),
            (json!([[], {ADDRESS: -1}]), Err((-3, "Amount out of range"))),
            (
                json!([[], {ADDRESS: true}]),
                Err((-3, "Amount is not a number or string")),
            ),
            (json!([[], [{ADDRESS: 1}, {ADDRESS: 1}]]), Err((-8, &twice))),
            (json!([[], {ADDRESS: 1, repeated: 1}]), Err((-8, &twice))),
            (
                json!([[], {"data": "99", "data\0": "99"}]),
                Err((-8, "Invalid parameter, duplicate key: data")),
            ),
            (
                json!([[], [{"data": "99"}, {"data": "99"}]]),
                Err((-8, "Invalid parameter, duplicate key: data")),
            ),
            (
                json!([[], [{"a": 1, "b": 2}]]),
                Err((
                    -8,
                    "Invalid parameter, key-value pair must contain exactly one key",
                )),
            ),
            (
                json!([[], [[]]]),
                Err((-8, "Invalid parameter, key-value pair not an object as expected")),
            ),
            (
                json!([[], {}, -1]),
                Err((-8, "Invalid parameter, locktime out of range")),
            ),
            (
                json!([[], {}, 4_294_967_296_u64]),
                Err((-8, "Invalid parameter, locktime out of range")),
            ),
            (
                json!([[{"txid": TXID, "vout": 0, "sequence": 4_294_967_294_u32}], {}, 0, true]),
                Err((
                    -8,
                    "Invalid parameter combination: Sequence number(s) contradict replaceable option",
                )),
            ),
        ],
    )
    .await;
    check(
        "decoderawtransaction",
        &[
            (json!(["x"]), Err((-22, "TX decode failed"))),
            // The second mark claims a witness, which none has.
            (
                json!(["0200000000010000000000", true]),
                Err((-22, "TX decode failed")),
            ),
        ],
    )
    .await;
    // The second mark says that nothing follows.
    let blank = call("decoderawtransaction", json!(["02000000000000000000", true])).await;
    let blank = blank.expect("upstream shows it");
    assert_eq!((&blank["vin"], &blank["vout"]), (&json!([]), &json!([])));
}

/// Constants of upstream's functional test of `decodescript`.
#[tokio::test]
async fn scripts_are_shown() {
    let key = "03b0da749730dc9b4b1f4a14d6902877a92541f5368778853d9c4a0cb7802dcfb2";
    let hash = "5dd1d3a048119c27b28293056724d9522f26d945";
    let described = |script: String| async move { call("decodescript", json!([script])).await.unwrap() };
    let public_key = described(format!("21{key}ac")).await;
    assert_eq!(public_key["asm"], format!("{key} OP_CHECKSIG"));
    assert_eq!(public_key["segwit"]["asm"], format!("0 {hash}"));
    assert!(public_key["p2sh"].as_str().unwrap().starts_with('2'));
    let key_hash = described(format!("76a914{hash}88ac")).await;
    assert_eq!(
        key_hash["asm"],
        format!("OP_DUP OP_HASH160 {hash} OP_EQUALVERIFY OP_CHECKSIG")
    );
    assert_eq!(key_hash["segwit"]["asm"], format!("0 {hash}"));
    let multisig = described(format!("5221{key}21{key}21{key}53ae")).await;
    assert_eq!(multisig["type"], "multisig");
    let inner = format!("wsh(multi(2,{key},{key},{key}))#");
    assert!(
        multisig["segwit"]["desc"].as_str().unwrap().starts_with(&inner),
        "{multisig}"
    );
    for (script, kind) in [
        (format!("a914{hash}87"), "scripthash"),
        (format!("6a14{hash}"), "nulldata"),
        (format!("5120{}", "00".repeat(32)), "witness_v1_taproot"),
    ] {
        let shown = described(script).await;
        assert_eq!(shown["type"], kind);
        assert_eq!((shown.get("p2sh"), shown.get("segwit")), (None, None));
    }
    let witness = described(format!("0014{hash}")).await;
    assert!(witness.get("p2sh").is_some() && witness.get("segwit").is_none());
    // An uncompressed key cannot be used in a witness.
    let long_key = format!("4104{}ac", "11".repeat(64));
    assert_eq!(described(long_key).await.get("segwit"), None);
    // What can be paid to neither way: operations without meaning, or not even that.
    for script in ["ba", "4c", "50ac", "6a"] {
        let shown = described(script.to_owned()).await;
        assert_eq!((shown.get("p2sh"), shown.get("segwit")), (None, None), "{script}");
    }
    assert_eq!(described(String::new()).await["asm"], "");
    check(
        "decodescript",
        &[(
            json!(["x"]),
            Err((-8, "argument must be hexadecimal string (not 'x')")),
        )],
    )
    .await;
}
