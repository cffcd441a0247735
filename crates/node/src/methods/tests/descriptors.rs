use super::*;

const KEY: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
const XPUB: &str = "tpubD6NzVbkrYhZ4WaWSyoBvQwbpLkojyoTZPRsgXELWz3Popb3qkjcJyJUGLnL4qHHoQvao8ESaAstxYSnhyswJ76uZPStJRJCTKvosUCJZL5B";

#[tokio::test]
async fn descriptors_are_described() {
    let text = format!("wpkh([d34db33f/84h/0h/0h]{KEY})");
    let described = call("getdescriptorinfo", json!([text])).await.unwrap();
    let checksum = described["checksum"].as_str().unwrap().to_owned();
    assert_eq!(
        described,
        json!({
            "descriptor": format!("{text}#{checksum}"),
            "checksum": checksum,
            "isrange": false,
            "issolvable": true,
            "hasprivatekeys": false,
        })
    );
    let again = call("getdescriptorinfo", json!([described["descriptor"]]))
        .await
        .unwrap();
    assert_eq!(again, described);
    let series = call("getdescriptorinfo", json!([format!("pkh({XPUB}/1/*)")]))
        .await
        .unwrap();
    assert_eq!(
        (&series["isrange"], &series["issolvable"]),
        (&json!(true), &json!(true))
    );
    let raw = call("getdescriptorinfo", json!(["raw(51)"])).await.unwrap();
    assert_eq!(raw["issolvable"], false);
    check(
        "getdescriptorinfo",
        &[
            (json!([""]), Err((-5, "'' is not a valid descriptor function"))),
            (
                json!(["pkh(x)#x"]),
                Err((-5, "Expected 8 character checksum, not 1 characters")),
            ),
        ],
    )
    .await;
}

/// The constants of upstream's functional test.
#[tokio::test]
async fn addresses_are_derived() {
    let single = "wpkh(tprv8ZgxMBicQKsPd7Uf69XL1XwhmjHopUGep8GuEiJDZmbQz6o58LninorQAfcKZWARbtRtfnLcJ5MQ2AtHcQJCCRUcMRvmDUjyEmNUWwx8UbK/1/1/0)#t6wfjs64";
    let series = "wpkh(tprv8ZgxMBicQKsPd7Uf69XL1XwhmjHopUGep8GuEiJDZmbQz6o58LninorQAfcKZWARbtRtfnLcJ5MQ2AtHcQJCCRUcMRvmDUjyEmNUWwx8UbK/1/1/*)#kft60nuy";
    let public = "wpkh(tpubD6NzVbkrYhZ4WaWSyoBvQwbpLkojyoTZPRsgXELWz3Popb3qkjcJyJUGLnL4qHHoQvao8ESaAstxYSnhyswJ76uZPStJRJCTKvosUCJZL5B/1/1/0)#s9ga3alw";
    let combo = "combo(tprv8ZgxMBicQKsPd7Uf69XL1XwhmjHopUGep8GuEiJDZmbQz6o58LninorQAfcKZWARbtRtfnLcJ5MQ2AtHcQJCCRUcMRvmDUjyEmNUWwx8UbK/1/1/0)#3ne3y67s";
    let hardened = "wpkh(tpubD6NzVbkrYhZ4WaWSyoBvQwbpLkojyoTZPRsgXELWz3Popb3qkjcJyJUGLnL4qHHoQvao8ESaAstxYSnhyswJ76uZPStJRJCTKvosUCJZL5B/1'/1/0)#s9ga3alw";
    let addresses = [
        "bcrt1qjqmxmkpmxt80xz4y3746zgt0q3u3ferr34acd5",
        "bcrt1qhku5rq7jz8ulufe2y6fkcpnlvpsta7rq4442dy",
        "bcrt1qpgptk2gvshyl0s9lqshsmx932l9ccsv265tvaq",
    ];
    check(
        "deriveaddresses",
        &[
            (json!([single]), Ok(json!([addresses[0]]))),
            (json!([public]), Ok(json!([addresses[0]]))),
            (json!([series, 2]), Ok(json!(addresses))),
            (json!([series, [1, 2]]), Ok(json!(addresses[1..]))),
            (
                json!([combo]),
                Ok(json!([
                    "mtfUoUax9L4tzXARpw1oTGxWyoogp52KhJ",
                    addresses[0],
                    "2NDvEwGfpEqJWfybzpKPHF2XH3jwoQV3D7x",
                ])),
            ),
            (
                json!([&single[..single.len() - 9]]),
                Err((-5, "Missing checksum")),
            ),
            (
                json!([single, [0, 2]]),
                Err((-8, "Range should not be specified for an un-ranged descriptor")),
            ),
            (
                json!([single, null]),
                Err((-8, "Range should not be specified for an un-ranged descriptor")),
            ),
            (json!([series, null]), Ok(json!([addresses[0]]))),
            (
                json!([series]),
                Err((-8, "Range must be specified for a ranged descriptor")),
            ),
            (
                json!([series, 10_000_000_000_i64]),
                Err((-8, "End of range is too high")),
            ),
            (
                json!([series, [1_000_000_000, 1_000_000_000_000_i64]]),
                Err((-8, "End of range is too high")),
            ),
            (
                json!([series, [2, 0]]),
                Err((-8, "Range specified as [begin,end] must not have begin after end")),
            ),
            (
                json!([series, [-1, 0]]),
                Err((-8, "Range should be greater or equal than 0")),
            ),
        ],
    )
    .await;
    let hardened = hardened.split('#').next().unwrap();
    let described = call("getdescriptorinfo", json!([hardened])).await.unwrap();
    check(
        "deriveaddresses",
        &[
            (
                json!([described["descriptor"]]),
                Err((-5, "Cannot derive script without private keys")),
            ),
            (
                json!(["raw(51)#8lvh9jxk"]),
                Err((-5, "Descriptor does not have a corresponding address")),
            ),
        ],
    )
    .await;
}
