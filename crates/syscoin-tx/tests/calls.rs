//! Calls of the executable, with the constants of upstream's own tests (`test/util/data`, MIT licence).

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn call(words: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_syscoin-tx"))
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the executable is there");
    // A program that does not read may be gone already.
    _ = child
        .stdin
        .take()
        .expect("it is a pipe")
        .write_all(input.as_bytes());
    child.wait_with_output().expect("it ends")
}

#[track_caller]
fn check_with(words: &[&str], input: &str, expected: Result<&str, &str>) {
    let output = call(words, input);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (status, shown, complaint) = match expected {
        Ok(expected) => (0, format!("{expected}\n"), String::new()),
        Err(error) => (1, String::new(), format!("error: {error}\n")),
    };
    assert_eq!(text(&output.stderr), complaint, "{words:?}");
    assert_eq!(text(&output.stdout), shown, "{words:?}");
    assert_eq!(output.status.code(), Some(status), "{words:?}");
}

#[track_caller]
fn check(words: &[&str], expected: Result<&str, &str>) {
    check_with(words, "", expected);
}

const BLANK: &str = "02000000000000000000";
const ONE_INPUT: &str = "01000000011f5c38dfcf6f1a5f5a87c416076d392c87e6d41970d5ad5e477a02d66bde97580000000000fdffffff0180a81201000000001976a9141fc11f39be1729bf973a7ab6a615ca4729d6457488ac00000000";
const INPUT: &str = "in=5897de6bd6027a475eadd57019d4e6872c396d0716c4875a5f1a6fcfdf385c1f:0";
const KEYS: &str = "02a5613bd857b7048924264d1e70e08fb2a7e6527d32b7ab1bb993ac59964ff397:021ac43c7ff740014c3b33737ede99c967e4764553d1b2b83db77c83b8715fa72d:02df2089105c77f266fa11a9d33f05c735234075f2e8780824c6b709415f9fb485";
const UNCOMPRESSED: &str = "047d1368ba7ae01c94bc32293efd70bd7e3be7aa7912d07d0b1c659c1008d179b8642f5fb90f47580feb29f045e216ff5a4716d3a0fed36da414d332046303c44a";

#[test]
fn transactions_are_made_and_changed() {
    check(&["-create"], Ok(BLANK));
    check(&["-create", "nversion=1"], Ok("01000000000000000000"));
    check_with(&["-"], &format!("{BLANK}\n"), Ok(BLANK));
    check(
        &["-create", "outscript=0:"],
        Ok("02000000000100000000000000000000000000"),
    );
    check(
        &["02000000000100000000000000000000000000"],
        Ok("02000000000100000000000000000000000000"),
    );
    check(
        &[
            ONE_INPUT,
            "in=5897de6bd6027a475eadd57019d4e6872c396d0716c4875a5f1a6fcfdf385c1f:0:1",
        ],
        Ok(
            "01000000021f5c38dfcf6f1a5f5a87c416076d392c87e6d41970d5ad5e477a02d66bde97580000000000fdffffff1f5c38dfcf6f1a5f5a87c416076d392c87e6d41970d5ad5e477a02d66bde975800000000000100000001\
            80a81201000000001976a9141fc11f39be1729bf973a7ab6a615ca4729d6457488ac00000000",
        ),
    );
    check(&[ONE_INPUT, "delin=0", "delout=0", "nversion=2"], Ok(BLANK));
    check(&["-create", "locktime=317000"], Ok("02000000000048d60400"));
    let replaceable = "02000000011f5c38dfcf6f1a5f5a87c416076d392c87e6d41970d5ad5e477a02d66bde97580000000000fdffffff0000000000";
    check(&["-create", INPUT, "replaceable"], Ok(replaceable));
    check(&["-create", INPUT, "replaceable=0"], Ok(replaceable));
    // The first payment of Bitcoin's chain.
    let payment = "0100000001c997a5e56e104102fa209c6a852dd90660a20b2d9c352423edce25857fcd3704000000004847304402204e45e16932b8af514961a1d3a1a25fdf3f4f7732e9d624c6c61548ab5fb8cd410220181522ec8eca07de4860a4acdd12909d831cc56cbbac4622082221a8768d1d0901ffffffff0200ca9a3b00000000434104ae1a62fe09c5f51b13905f07f06b99a2f7159b2225f374cd378d71302fa28414e7aab37397f554a7df5f142c21c1b7303b8a0626f1baded5c72a704f7e6cd84cac00286bee0000000043410411db93e1dcdb8a016b49840f8c53bc1eb68a382e97b1482ecad7b148a6909a5cb2e0eaddfb84ccf9744464f82e160bfa9b8b64f9d4c03f999b8643f656b412a3ac00000000";
    check(
        &["-txid", payment],
        Ok("f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16"),
    );
}

#[test]
fn outputs_of_all_kinds_are_added() {
    let output = |words: &str, script: &str| {
        let length = script.len() / 2;
        let expected = format!("01000000000100e1f50500000000{length:02x}{script}00000000");
        check(&["-create", words, "nversion=1"], Ok(&expected));
    };
    output(
        &format!("outmultisig=1:2:3:{KEYS}:WS"),
        "a9146edf12858999f0dae74f9c692e6694ee3621b2ac87",
    );
    output(
        &format!("outmultisig=1:2:3:{KEYS}:S"),
        "a9141c6fbaf46d64221e80cbae182c33ddf81b9294ac87",
    );
    output("outscript=1:OP_DUP 0x02ffff 'a' 5", "7602ffff016155");
    output(
        "outpubkey=1:02a5613bd857b7048924264d1e70e08fb2a7e6527d32b7ab1bb993ac59964ff397:W",
        "0014a2516e770582864a6a56ed21a102044e388c62e3",
    );
    output(
        "outpubkey=1:02a5613bd857b7048924264d1e70e08fb2a7e6527d32b7ab1bb993ac59964ff397:WS",
        "a914a5ab14c9804d0d8bf02f1aea4e82780733ad0a8387",
    );
    output("outdata=1:0102", "6a020102");
    // An address of the main chain.
    output(
        "outaddr=1:sys1qtmp74ayg7p24uslctssvjm06q5phz4yrxrtvqy",
        "00145ec3eaf488f0555e43f85c20c96dfa0503715483",
    );
}

#[test]
fn transactions_are_signed_as_upstream_signs_them() {
    let previous = r#"{"txid":"4d49a71ec9da436f71ec4ee231d04f292a29cd316f598bb7068feccabdc59485","vout":0,"scriptPubKey":"76a91491b24bf9f5288532960ac687abb035127b1d28a588ac"}"#;
    let previous = format!("set=prevtxs:[{previous}]");
    let key = r#"set=privatekeys:["5HpHagT65TZzG1PH3CSu63k8DbpvD8s5ip4nEB3kEsreAnchuDf"]"#;
    let signed = "01000000018594c5bdcaec8f06b78b596f31cd292a294fd031e24eec716f43dac91ea7494d000000008a4730440220131432090a6af42da3e8335ff110831b41a44f4e9d18d88f5d50278380696c7202200fc2e48938f323ad13625890c0ea926c8a189c08b8efc38376b20c8a2188e96e01410479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8ffffffff01a0860100000000001976a9145834479edbbe0539b31ffd3a8f8ebadc2165ed0188ac00000000";
    check(
        &[
            "-create",
            "nversion=1",
            "in=4d49a71ec9da436f71ec4ee231d04f292a29cd316f598bb7068feccabdc59485:0",
            key,
            &previous,
            "sign=ALL",
            "outscript=0.001:DUP HASH160 0x145834479edbbe0539b31ffd3a8f8ebadc2165ed01 EQUALVERIFY CHECKSIG",
        ],
        Ok(signed),
    );

    let segwit = "020000000001 01ffeeddccbbaa99887766554433221100ffeeddccbbaa998877665544332211000000000000ffffffff01a0860100000000001976a9145834479edbbe0539b31ffd3a8f8ebadc2165ed0188ac0247304402202e8d8677912f73909ffbdb3ee87d10cce41d398ee206e534fa18330b566ece34022004f944f018a03c9f5b4cf0e9b0ae4f14049b55e7b6810a6ac26cd67cb4dcb31f01210279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f8179800000000".replace(' ', "");
    let previous = |amount: &str| {
        format!(
            r#"set=prevtxs:[{{"txid":"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff","vout":0,"scriptPubKey":"0014751e76e8199196d454941c45d1b3a323f1433bd6"{amount}}}]"#
        )
    };
    let words = |previous: &str, expected| {
        check(
            &[
                "-create",
                "in=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff:0",
                r#"set=privatekeys:["KwDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU73sVHnoWn"]"#,
                previous,
                "sign=ALL",
                "outscript=0.001:DUP HASH160 0x145834479edbbe0539b31ffd3a8f8ebadc2165ed01 EQUALVERIFY CHECKSIG",
            ],
            expected,
        );
    };
    words(
        &previous(""),
        Err("Missing amount for CTxOut with scriptPubKey=0014751e76e8199196d454941c45d1b3a323f1433bd6"),
    );
    words(&previous(r#","amount":0"#), Ok(&segwit));
}

#[test]
fn transactions_are_shown_as_json() {
    let output = call(&["-json", "-regtest", "-create", "outdata=4:54"], "");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("{\n    \"txid\": \""), "{text}");
    assert!(text.contains("    \"vin\": [\n    ],\n"), "{text}");
    assert!(text.contains("\"value\": 4.00000000,\n"), "{text}");
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["vout"][0]["scriptPubKey"]["type"], "nulldata");
    assert_eq!(
        value["hex"],
        "02000000000100 84d717 00000000036a015400000000".replace(' ', "")
    );
}

#[test]
fn what_is_wrong_is_told() {
    let garbage = "outaddr=1:13tuJJDR2RgArmgfv6JScSdreahzgc4T6o:garbage";
    let long = format!("outscript=0:{}", "NOP ".repeat(10_001));
    let wide = format!("outscript=0:{}:S", "NOP ".repeat(521));
    let pairs: &[(&[&str], &str)] = &[
        (&["-json"], "too few parameters"),
        (&["x"], "invalid transaction encoding"),
        (&["-create", "x=1"], "unknown command"),
        (&[ONE_INPUT, "delin=31"], "Invalid TX input index '31'"),
        (&[ONE_INPUT, "delin=-1"], "Invalid TX input index '-1'"),
        (&[ONE_INPUT, "delout=2"], "Invalid TX output index '2'"),
        (&[ONE_INPUT, "replaceable=1"], "Invalid TX input index '1'"),
        (
            &["-create", "nversion=1foo"],
            "Invalid TX version requested: '1foo'",
        ),
        (&["-create", "nversion=3"], "Invalid TX version requested: '3'"),
        (
            &["-create", "locktime=5000000000"],
            "Invalid TX locktime requested: '5000000000'",
        ),
        (&["-create", "in=00"], "TX input missing separator"),
        (&["-create", "in=00:0"], "invalid TX input txid"),
        (
            &["-create", &format!("{INPUT}111112")],
            "invalid TX input vout '0111112'",
        ),
        (
            &["-create", &format!("{INPUT}foo")],
            "invalid TX input vout '0foo'",
        ),
        (
            &["-create", &format!("{INPUT}:abcdef00")],
            "invalid TX sequence id 'abcdef00'",
        ),
        (
            &["-create", "outaddr=1"],
            "TX output missing or too many separators",
        ),
        (&["-create", garbage], "TX output missing or too many separators"),
        (&["-create", "outaddr=1:x"], "invalid TX output address"),
        (&["-create", "outaddr=x:x"], "invalid TX output value"),
        (
            &["-create", "outpubkey=0"],
            "TX output missing or too many separators",
        ),
        (&["-create", "outpubkey=0:02"], "invalid TX output pubkey"),
        (
            &["-create", &format!("outpubkey=0:{UNCOMPRESSED}:WS")],
            "Uncompressed pubkeys are not useable for SegWit outputs",
        ),
        (&["-create", "outmultisig=1:1"], "Not enough multisig parameters"),
        (
            &["-create", "outmultisig=1:1foo:1"],
            "invalid multisig required number '1foo'",
        ),
        (
            &["-create", "outmultisig=1:1:1foo"],
            "invalid multisig total number '1foo'",
        ),
        (
            &["-create", "outmultisig=1:1:1"],
            "incorrect number of multisig pubkeys",
        ),
        (
            &["-create", &format!("outmultisig=1:4:3:{KEYS}")],
            "multisig parameter mismatch. Required 4 of 3signatures.",
        ),
        (
            &["-create", &format!("outmultisig=1:2:3:{KEYS}:S:S")],
            "Too many parameters",
        ),
        (&["-create", "outdata=4:badhexdata"], "invalid TX output data"),
        (&["-create", "outdata=badhexdata"], "invalid TX output data"),
        (&["-create", "outdata=:00"], "TX output value not specified"),
        (&["-create", "outscript=0"], "TX output missing separator"),
        (
            &["-create", "outscript=0:123badscript"],
            "script parse error: unknown opcode",
        ),
        (
            &["-create", "outscript=0:999999999999999999999999999999"],
            "script parse error: decimal numeric value only allowed in the range -0xFFFFFFFF...0xFFFFFFFF",
        ),
        (&["-create", &long], "script exceeds size limit: 10001 > 10000"),
        (&["-create", &wide], "redeemScript exceeds size limit: 521 > 520"),
        (&["-create", "set=x"], "Register input requires NAME:VALUE"),
        (&["-create", "set=x:{"], "Cannot parse JSON for key x"),
        (&["-create", "load=x"], "Register load requires NAME:FILENAME"),
        (&["-create", "load=x:/nowhere"], "Cannot open file /nowhere"),
        (&["-create", "sign=x"], "unknown sighash flag/sign option"),
        (
            &["-create", "sign=ALL"],
            "privatekeys register variable must be set.",
        ),
        (
            &["-create", "set=privatekeys:[1]", "sign"],
            "privatekey not a std::string",
        ),
        (
            &["-create", "set=privatekeys:[\"1\"]", "sign"],
            "privatekey not valid",
        ),
        (
            &["-create", "set=privatekeys:[]", "sign"],
            "prevtxs register variable must be set.",
        ),
        (
            &["-create", "set=privatekeys:[]", "set=prevtxs:[1]", "sign"],
            "expected prevtxs internal object",
        ),
        (
            &["-create", "set=privatekeys:[]", "set=prevtxs:[{}]", "sign"],
            "prevtxs internal object typecheck fail",
        ),
    ];
    for (words, error) in pairs {
        check(words, Err(error));
    }
}

#[test]
fn registers_can_be_read_from_files() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("keys.json");
    fs_err::write(&file, "[]").unwrap();
    let load = format!("load=privatekeys:{}", file.display());
    check(&["-create", &load, "set=prevtxs:[]", "sign=ALL"], Ok(BLANK));
}

#[test]
fn options_are_checked_and_help_is_given() {
    let output = call(&["-x"], "");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap().trim(),
        "Error parsing command line arguments: Invalid parameter -x"
    );
    let output = call(&["-chain=moon", "-create"], "");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap().trim(),
        "Error: Unknown chain moon."
    );
    let output = call(&[], "");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap().trim(),
        "Error: too few parameters"
    );
    let help = call(&["-help"], "");
    assert!(help.status.success());
    let help = String::from_utf8(help.stdout).unwrap();
    for word in [
        "delin=N",
        "outmultisig=",
        "-create",
        "-regtest",
        "load=NAME:FILENAME",
    ] {
        assert!(help.contains(word), "{word}");
    }
}
