use super::*;

const KEY: &str = "03789ed0bb717d88f7d321a368d905e7430207ebbd82bd342cf11ae157a7ace5fd";
const OTHER_KEY: &str = "03dbc6764b8884a92e871274b87583e6d5c2a58819473e17e107ef3f6aa5a61626";
const UNCOMPRESSED: &str = "0450863ad64a87ae8a2fe83c1af1a8403cb53f53e486d8511dad8a04887e5b23522cd470243453a299fa9e77237716103abc11a1df38855ed6f2ee187e9c582ba6";

#[tokio::test]
async fn addresses_are_told_from_what_is_none() {
    check(
        "validateaddress",
        &[
            (
                json!(["bcrt1qtmp74ayg7p24uslctssvjm06q5phz4yrxucgnv"]),
                Ok(json!({
                    "isvalid": true,
                    "address": "bcrt1qtmp74ayg7p24uslctssvjm06q5phz4yrxucgnv",
                    "scriptPubKey": "00145ec3eaf488f0555e43f85c20c96dfa0503715483",
                    "isscript": false,
                    "iswitness": true,
                    "witness_version": 0,
                    "witness_program": "5ec3eaf488f0555e43f85c20c96dfa0503715483",
                })),
            ),
            (
                json!(["2MzQwSSnBHWHqSAqtTVQ6v47XtaisrJa1Vc"]),
                Ok(json!({
                    "isvalid": true,
                    "address": "2MzQwSSnBHWHqSAqtTVQ6v47XtaisrJa1Vc",
                    "scriptPubKey": "a9144e9f39ca4688ff102128ea4ccda34105324305b087",
                    "isscript": true,
                    "iswitness": false,
                })),
            ),
            (
                json!(["bcrt1p424qxxyd0r"]),
                Ok(json!({
                    "isvalid": true,
                    "address": "bcrt1p424qxxyd0r",
                    "scriptPubKey": "5102aaaa",
                    "iswitness": true,
                    "witness_version": 1,
                    "witness_program": "aaaa",
                })),
            ),
            (
                json!(["bcrt1qax9suht3qv95sw33xavx8crpxduefdrsvgsklu"]),
                Ok(json!({"isvalid": false, "error_locations": [22, 43], "error": "Invalid Bech32 checksum"})),
            ),
            (
                json!(["mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJJfn"]),
                Ok(json!({
                    "isvalid": false,
                    "error_locations": [],
                    "error": "Invalid checksum or length of Base58 address (P2PKH or P2SH)",
                })),
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn addresses_of_several_keys_are_made() {
    let script = format!("5221{KEY}21{OTHER_KEY}52ae");
    let legacy = call("createmultisig", json!([2, [KEY, OTHER_KEY]]))
        .await
        .unwrap();
    assert_eq!(legacy["redeemScript"], script);
    assert!(
        legacy["descriptor"]
            .as_str()
            .unwrap()
            .starts_with(&format!("sh(multi(2,{KEY},{OTHER_KEY}))#"))
    );
    for (kind, function, start) in [
        ("p2sh-segwit", "sh(wsh(multi(2,", "2"),
        ("bech32", "wsh(multi(2,", "bcrt1q"),
        ("legacy", "sh(multi(2,", "2"),
    ] {
        let made = call("createmultisig", json!([2, [KEY, OTHER_KEY], kind]))
            .await
            .unwrap();
        assert!(
            made["descriptor"].as_str().unwrap().starts_with(function),
            "{made}"
        );
        assert!(made["address"].as_str().unwrap().starts_with(start), "{made}");
        assert_eq!(made.get("warnings"), None);
        let derived = call("deriveaddresses", json!([made["descriptor"]]))
            .await
            .unwrap();
        assert_eq!(derived[0], made["address"]);
    }
    let made = call("createmultisig", json!([1, [UNCOMPRESSED], "bech32"]))
        .await
        .unwrap();
    assert_eq!(
        made["warnings"],
        json!(["Unable to make chosen address type, please ensure no uncompressed public keys are present."])
    );
    assert!(made["address"].as_str().unwrap().starts_with('2'));
}

#[tokio::test]
async fn addresses_of_several_keys_that_cannot_be_are_refused() {
    let invalid = format!("02{}", "00".repeat(32));
    let many = vec![KEY; 21];
    let long = vec![KEY; 16];
    let invalid_text = format!("Invalid public key: {invalid}");
    check(
        "createmultisig",
        &[
            (
                json!([0, [KEY]]),
                Err((
                    -8,
                    "a multisignature address must require at least one key to redeem",
                )),
            ),
            (
                json!([2, [KEY]]),
                Err((
                    -8,
                    "not enough keys supplied (got 1 keys, but need at least 2 to redeem)",
                )),
            ),
            (
                json!([1, many]),
                Err((
                    -8,
                    "Number of keys involved in the multisignature address creation > 20\nReduce the number",
                )),
            ),
            (
                json!([1, long]),
                Err((-8, "redeemScript exceeds size limit: 547 > 520")),
            ),
            (json!([1, ["02"]]), Err((-5, "Invalid public key: 02\n."))),
            (json!([1, [invalid]]), Err((-5, &invalid_text))),
            (json!([1, [KEY], "x"]), Err((-5, "Unknown address type 'x'"))),
            (
                json!([1, [KEY], "bech32m"]),
                Err((-5, "createmultisig cannot create bech32m multisig addresses")),
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn messages_are_signed_and_verified() {
    let key = "cUeKHd5orzT3mz8P9pxyREHfsWtVfgsfDjiZZBcjUBAaGk1BTj7N";
    let descriptor = call("getdescriptorinfo", json!([format!("pkh({key})")]))
        .await
        .unwrap();
    let address = call("deriveaddresses", json!([descriptor["descriptor"]]))
        .await
        .unwrap();
    let signature = call(
        "signmessagewithprivkey",
        json!([key, "This is just a test message"]),
    )
    .await
    .unwrap();
    check(
        "verifymessage",
        &[
            (
                json!([address[0], signature, "This is just a test message"]),
                Ok(json!(true)),
            ),
            (json!([address[0], signature, "another"]), Ok(json!(false))),
            (
                json!(["invalid_addr", signature, "x"]),
                Err((-5, "Invalid address")),
            ),
            (
                json!(["2MzQwSSnBHWHqSAqtTVQ6v47XtaisrJa1Vc", signature, "x"]),
                Err((-3, "Address does not refer to key")),
            ),
            (
                json!([address[0], "invalid_sig", "x"]),
                Err((-3, "Malformed base64 encoding")),
            ),
        ],
    )
    .await;
    check(
        "signmessagewithprivkey",
        &[(json!(["invalid_key", "x"]), Err((-5, "Invalid private key")))],
    )
    .await;
}
