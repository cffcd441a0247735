use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bitcoin::bip32::{Fingerprint, KeySource};
use bitcoin::hashes::{Hash as _, hash160, ripemd160, sha256, sha256d};
use bitcoin::hex::{DisplayHex as _, FromHex as _};
use bitcoin::psbt::Psbt;
use bitcoin::psbt::raw::{Key, ProprietaryKey};
use bitcoin::secp256k1::Secp256k1;
use bitcoin::taproot::{LeafVersion, TapLeafHash, TaprootBuilder};
use bitcoin::{PublicKey, ScriptBuf, TxOut, Witness};
use encoding::transaction::{Form, from_hex};

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

const KEY: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

/// A transaction with something in each of its fields.
fn full() -> Psbt {
    let hash = "11".repeat(32);
    let spending = format!(
        "0200000001{hash}0000000000fdffffff0110270000000000001600147c9c7b7d2c9b3a9cbbd9e1e7e2bd7c5b6a8d9e0f00000000"
    );
    let mut psbt = Psbt::from_unsigned_tx(from_hex(&spending, Form::Either).unwrap()).unwrap();
    let source: KeySource = (
        Fingerprint::from([0xd3, 0x4d, 0xb3, 0x3f]),
        "m/84'/0'/5".parse().unwrap(),
    );
    let key: PublicKey = KEY.parse().unwrap();
    let x_only = key.inner.x_only_public_key().0;
    let script = ScriptBuf::from_hex("51").unwrap();
    let leaf = TapLeafHash::from_script(&script, LeafVersion::TapScript);
    let unknown = Key {
        type_value: 0x77,
        key: vec![1],
    };
    let proprietary = ProprietaryKey {
        prefix: b"abc".to_vec(),
        subtype: 5,
        key: vec![9],
    };
    psbt.unknown.insert(unknown.clone(), vec![2]);
    psbt.proprietary.insert(proprietary.clone(), vec![3]);
    let xpub = "tpubD6NzVbkrYhZ4WaWSyoBvQwbpLkojyoTZPRsgXELWz3Popb3qkjcJyJUGLnL4qHHoQvao8ESaAstxYSnhyswJ76uZPStJRJCTKvosUCJZL5B";
    psbt.xpub.insert(xpub.parse().unwrap(), source.clone());
    let input = &mut psbt.inputs[0];
    input.witness_utxo = Some(TxOut {
        value: bitcoin::Amount::from_sat(20_000),
        script_pubkey: ScriptBuf::new_p2wpkh(&key.wpubkey_hash().unwrap()),
    });
    let signature = "304402204e45e16932b8af514961a1d3a1a25fdf3f4f7732e9d624c6c61548ab5fb8cd410220181522ec8eca07de4860a4acdd12909d831cc56cbbac4622082221a8768d1d0901";
    let signature = bitcoin::ecdsa::Signature::from_slice(&Vec::from_hex(signature).unwrap()).unwrap();
    input.partial_sigs.insert(key, signature);
    input.sighash_type = Some(bitcoin::EcdsaSighashType::SinglePlusAnyoneCanPay.into());
    input.redeem_script = Some(script.clone());
    input.witness_script = Some(script.clone());
    input.bip32_derivation.insert(key.inner, source.clone());
    input.final_script_sig = Some(script.clone());
    input.final_script_witness = Some(Witness::from_slice(&[[7_u8; 2]]));
    input
        .ripemd160_preimages
        .insert(ripemd160::Hash::hash(&[4]), vec![4]);
    input.sha256_preimages.insert(sha256::Hash::hash(&[4]), vec![4]);
    input.hash160_preimages.insert(hash160::Hash::hash(&[4]), vec![4]);
    input.hash256_preimages.insert(sha256d::Hash::hash(&[4]), vec![4]);
    let schnorr = bitcoin::taproot::Signature::from_slice(&[1; 64]).unwrap();
    input.tap_key_sig = Some(schnorr);
    input.tap_script_sigs.insert((x_only, leaf), schnorr);
    let tree = TaprootBuilder::new()
        .add_leaf(1, script.clone())
        .and_then(|builder| builder.add_leaf(1, ScriptBuf::from_hex("52").unwrap()))
        .unwrap();
    let info = tree.clone().finalize(&Secp256k1::new(), x_only).unwrap();
    let both = (script.clone(), LeafVersion::TapScript);
    let control = info.control_block(&both).unwrap();
    input.tap_scripts.insert(control, both);
    input.tap_key_origins.insert(x_only, (vec![leaf], source.clone()));
    input.tap_internal_key = Some(x_only);
    input.tap_merkle_root = info.merkle_root();
    input.unknown.insert(unknown.clone(), vec![2]);
    input.proprietary.insert(proprietary.clone(), vec![3]);
    let output = &mut psbt.outputs[0];
    output.redeem_script = Some(script.clone());
    output.witness_script = Some(script);
    output.bip32_derivation.insert(key.inner, source.clone());
    output.tap_internal_key = Some(x_only);
    output.tap_tree = Some(tree.try_into_taptree().unwrap());
    output.tap_key_origins.insert(x_only, (vec![leaf], source));
    output.unknown.insert(unknown, vec![2]);
    output.proprietary.insert(proprietary, vec![3]);
    psbt
}

#[tokio::test]
async fn each_field_is_shown() {
    let psbt = full();
    let text = STANDARD.encode(psbt.serialize());
    let shown = call("decodepsbt", json!([text])).await.unwrap();
    let x_only = &KEY[2..];
    let script = json!({ "asm": "1", "hex": "51", "type": "nonstandard" });
    let origin = json!([{ "pubkey": KEY, "master_fingerprint": "d34db33f", "path": "m/84h/0h/5" }]);
    let leaf = psbt.outputs[0].tap_key_origins.values().next().unwrap().0[0].to_string();
    let taproot_origin = json!([{
        "pubkey": x_only,
        "master_fingerprint": "d34db33f",
        "path": "m/84h/0h/5",
        "leaf_hashes": [leaf],
    }]);
    let proprietary =
        json!([{ "identifier": "616263", "subtype": 5, "key": "fc036162630509", "value": "03" }]);
    assert_eq!(shown["fee"].to_string(), "0.00010000");
    assert_eq!(shown["psbt_version"], 0);
    assert_eq!(shown["global_xpubs"][0]["path"], "m/84h/0h/5");
    assert!(
        shown["global_xpubs"][0]["xpub"]
            .as_str()
            .unwrap()
            .starts_with("tpubD6NzVbk")
    );
    let input = &shown["inputs"][0];
    assert_eq!(input["witness_utxo"]["amount"].to_string(), "0.00020000");
    assert_eq!(
        input["witness_utxo"]["scriptPubKey"]["type"],
        "witness_v0_keyhash"
    );
    assert!(
        input["partial_signatures"][KEY]
            .as_str()
            .unwrap()
            .ends_with("1d0901")
    );
    assert_eq!(input["sighash"], "SINGLE|ANYONECANPAY");
    assert_eq!(input["final_scriptSig"], json!({ "asm": "1", "hex": "51" }));
    assert_eq!(input["final_scriptwitness"], json!(["0707"]));
    let twice = sha256d::Hash::hash(&[4]).to_byte_array().to_lower_hex_string();
    assert_eq!(input["hash256_preimages"], json!({ twice: "04" }));
    for name in ["ripemd160_preimages", "sha256_preimages", "hash160_preimages"] {
        assert_eq!(input[name].as_object().unwrap().values().next().unwrap(), "04");
    }
    assert_eq!(input["taproot_key_path_sig"], "01".repeat(64));
    assert_eq!(
        input["taproot_script_path_sigs"],
        json!([{ "pubkey": x_only, "leaf_hash": leaf, "sig": "01".repeat(64) }])
    );
    let found = &input["taproot_scripts"][0];
    assert_eq!(
        (&found["script"], &found["leaf_ver"]),
        (&json!("51"), &json!(0xc0))
    );
    assert_eq!(found["control_blocks"].as_array().unwrap().len(), 1);
    let output = &shown["outputs"][0];
    assert_eq!(
        output["taproot_tree"],
        json!([
            { "depth": 1, "leaf_ver": 0xc0, "script": "51" },
            { "depth": 1, "leaf_ver": 0xc0, "script": "52" },
        ])
    );
    for side in [input, output] {
        assert_eq!(
            (&side["redeem_script"], &side["witness_script"]),
            (&script, &script)
        );
        assert_eq!(side["bip32_derivs"], origin);
        assert_eq!(side["taproot_bip32_derivs"], taproot_origin);
        assert_eq!(side["taproot_internal_key"], x_only);
    }
    for side in [&shown, input, output] {
        assert_eq!(side["proprietary"], proprietary);
        assert_eq!(side["unknown"], json!({ "7701": "02" }));
    }
}

#[tokio::test]
async fn what_is_missing_is_told_with_who_is_next() {
    let empty = psbt(1).await;
    let told = json!({
        "inputs": [{ "has_utxo": false, "is_final": false, "next": "updater" }],
        "next": "updater",
    });
    assert_eq!(call("analyzepsbt", json!([empty])).await, Ok(told));
    let mut psbt = full();
    let input = std::mem::take(&mut psbt.inputs[0]);
    psbt.inputs[0].witness_utxo = input.witness_utxo;
    let encode = |psbt: &Psbt| STANDARD.encode(psbt.serialize());
    let told = call("analyzepsbt", json!([encode(&psbt)])).await.unwrap();
    let id = hash160::Hash::hash(&Vec::from_hex(KEY).unwrap())
        .to_byte_array()
        .to_lower_hex_string();
    assert_eq!(told["inputs"][0]["missing"], json!({ "pubkeys": [id] }), "{told}");
    psbt.inputs[0].bip32_derivation = input.bip32_derivation;
    let told = call("analyzepsbt", json!([encode(&psbt)])).await.unwrap();
    assert_eq!(
        told["inputs"][0]["missing"],
        json!({ "signatures": [id] }),
        "{told}"
    );
    assert_eq!(
        (&told["next"], &told["estimated_vsize"]),
        (&json!("signer"), &json!(110))
    );
    assert_eq!(told["fee"].to_string(), "0.00010000");
    assert_eq!(told["estimated_feerate"].to_string(), "0.00090909");
    if let Some(output) = &mut psbt.inputs[0].witness_utxo {
        output.script_pubkey = ScriptBuf::from_hex("6a").unwrap();
    }
    let error = "PSBT is not valid. Input 0 spends unspendable output";
    assert_eq!(
        call("analyzepsbt", json!([encode(&psbt)])).await,
        Ok(json!({ "next": "creator", "error": error }))
    );
    for method in ["analyzepsbt", "decodepsbt", "finalizepsbt"] {
        let refused = call(method, json!(["cHNidP8="])).await.unwrap_err();
        assert!(
            refused.code == -22 && refused.message.starts_with("TX decode failed "),
            "{refused}"
        );
    }
}
