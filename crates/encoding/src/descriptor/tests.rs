use consensus::{Network, Params};
use proptest::prelude::*;

use super::*;

const KEY: &str = "03a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd";
const UNCOMPRESSED: &str = "04a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd5b8dec5235a0fa8722476c7709c02559e3aa73aa03918ba2d492eea75abea235";
const WIF: &str = "L4rK1yDtCWekvXuE6oXD9jCYfFNV2cWRpVuPLBcCU2z8TrisoyY1";
const XPUB: &str = "xpub661MyMwAqRbcFW31YEwpkMuc5THy2PSt5bDMsktWQcFF8syAmRUapSCGu8ED9W6oDMSgv6Zz8idoc4a6mr8BDzTJY47LJhkJ8UB7WEGuduB";
const XPRV: &str = "xprvA1RpRA33e1JQ7ifknakTFpgNXPmW2YvmhqLQYMmrj4xJXXWYpDPS3xz7iAxn8L39njGVyuoseXzU6rcxFLJ8HFsTjSyQbLYnMpCqE2VbFWc";

fn main_chain() -> AddressParams {
    Params::new(Network::Main).address
}

fn parse(text: &str) -> Result<Descriptor, DescriptorError> {
    Descriptor::parse(text, &main_chain(), Checksum::Optional)
}

fn scripts(text: &str, index: u32) -> Option<Vec<String>> {
    let scripts = parse(text)
        .unwrap_or_else(|error| panic!("{text}: {error}"))
        .scripts(index)?;
    Some(scripts.iter().map(|script| script.to_hex_string()).collect())
}

/// Vectors of BIP 380 to 386.
#[test]
fn descriptors_stand_for_the_scripts_that_the_proposals_say() {
    let rows: &[(&str, &[&str])] = &[
        (
            &format!("pk({WIF})"),
            &["2103a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bdac"],
        ),
        (
            &format!("pkh([deadbeef/1/2'/3/4']{WIF})"),
            &["76a9149a1c78a507689f6f54b847ad1cef1e614ee23f1e88ac"],
        ),
        (
            &format!("wpkh({WIF})"),
            &["00149a1c78a507689f6f54b847ad1cef1e614ee23f1e"],
        ),
        (
            &format!("sh(wpkh({WIF}))"),
            &["a91484ab21b1b2fd065d4504ff693d832434b6108d7b87"],
        ),
        (
            &format!("pk({UNCOMPRESSED})"),
            &[
                "4104a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd5b8dec5235a0fa8722476c7709c02559e3aa73aa03918ba2d492eea75abea235ac",
            ],
        ),
        (
            &format!("pkh({UNCOMPRESSED})"),
            &["76a914b5bd079c4d57cc7fc28ecf8213a6b791625b818388ac"],
        ),
        (
            &format!("combo({WIF})"),
            &[
                "2103a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bdac",
                "76a9149a1c78a507689f6f54b847ad1cef1e614ee23f1e88ac",
                "00149a1c78a507689f6f54b847ad1cef1e614ee23f1e",
                "a91484ab21b1b2fd065d4504ff693d832434b6108d7b87",
            ],
        ),
        (
            &format!(
                "tr({})",
                "a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd"
            ),
            &["512077aab6e066f8a7419c5ab714c12c67d25007ed55a43cadcacb4d7a970a093f11"],
        ),
        ("raw(deadbeef)", &["deadbeef"]),
    ];
    for (text, expected) in rows {
        assert_eq!(scripts(text, 0).unwrap(), *expected, "{text}");
    }
}

#[test]
fn series_are_derived() {
    let text = format!("wpkh({XPUB}/0/*)");
    assert!(parse(&text).unwrap().is_range());
    let derived: Vec<_> = (0..3).map(|index| scripts(&text, index).unwrap()).collect();
    assert!(derived[0] != derived[1] && derived[1] != derived[2]);
    assert_eq!(scripts(&format!("wpkh({XPUB}/0/2)"), 7).unwrap(), derived[2]);
    // A private key is needed for the one, and there for the other.
    assert_eq!(scripts(&format!("wpkh({XPUB}/0h/*)"), 0), None);
    assert_eq!(scripts(&format!("wpkh({XPUB}/*h)"), 0), None);
    assert!(scripts(&format!("wpkh({XPRV}/0h/*h)"), 0).is_some());
    let (public, private) = (
        parse(&format!("pkh({XPRV}/1/*)")).unwrap(),
        format!("pkh({XPRV}/1/2)"),
    );
    assert_eq!(public.scripts(2), parse(&private).unwrap().scripts(0));
}

#[test]
fn descriptors_are_shown_without_private_keys_and_otherwise_as_they_are() {
    let shown = |text: &str| parse(text).unwrap().to_string();
    let leaf = "a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd";
    for text in [
        format!("pk({KEY})"),
        format!("pkh([d34db33f/44'/0'/0']{XPUB}/1/*)"),
        format!("pkh([d34db33f/44h/0h/0h]{XPUB}/1/*h)"),
        format!("sh(sortedmulti(1,{KEY},{XPUB}/*))"),
        format!("wsh(multi(2,{KEY},{XPUB}))"),
        format!("sh(wsh(pkh({KEY})))"),
        format!("tr({leaf},{{pk({leaf}),{{multi_a(1,{leaf}),sortedmulti_a(1,{leaf})}}}})"),
        format!("tr({leaf},pk({leaf}))"),
        format!("rawtr({leaf})"),
        format!("wsh(and_v(v:pk({KEY}),older(144)))"),
        format!("tr({leaf},and_v(v:pk({leaf}),after(100)))"),
        "raw(00)".to_owned(),
        format!("addr({})", Address::PublicKeyHash([7; 20]).encode(&main_chain())),
    ] {
        assert_eq!(shown(&text), with_checksum(&text));
        let again = Descriptor::parse(&shown(&text), &main_chain(), Checksum::Required).unwrap();
        assert!(!again.has_private_keys());
        assert_eq!(again.scripts(3), parse(&text).unwrap().scripts(3));
    }
    assert_eq!(
        shown(&format!("wpkh({WIF})")),
        with_checksum(&format!("wpkh({KEY})"))
    );
    assert!(parse(&format!("wpkh({WIF})")).unwrap().has_private_keys());
    assert!(!shown(&format!("combo({XPRV}/*)")).contains("xprv"));
    assert!(!format!("{:?}", parse(&format!("combo({XPRV}/*)")).unwrap()).contains("xprv"));
    let policy = format!("wsh(and_v(v:pk({WIF}),older(144)))");
    assert_eq!(shown(&policy), shown(&policy.replace(WIF, KEY)));
    assert!(parse(&policy).unwrap().has_private_keys());
}

fn check_error(text: &str, expected: &str) {
    assert_eq!(parse(text).unwrap_err().to_string(), expected, "{text}");
}

#[test]
fn what_is_wrong_is_told_in_upstreams_words() {
    check_error("", "'' is not a valid descriptor function");
    check_error("pk()", "pk(): No key provided");
    check_error(
        &format!("wpkh({UNCOMPRESSED})"),
        "wpkh(): Uncompressed keys are not allowed",
    );
    check_error(
        &format!("pk(06{})", &UNCOMPRESSED[2..]),
        "pk(): Hybrid public keys are not allowed",
    );
    check_error("pk(02)", "pk(): Pubkey '02' is invalid");
    check_error("pk(x)", "pk(): key 'x' is not valid");
    check_error(
        &format!("pk({XPUB}/a)"),
        "pk(): Key path value 'a' is not a valid uint32",
    );
    check_error(
        &format!("pk({XPUB}/2147483648)"),
        "pk(): Key path value 2147483648 is out of range",
    );
    check_error(
        &format!("pk([aa]{KEY})"),
        "pk(): Fingerprint is not 4 bytes (2 characters instead of 8 characters)",
    );
    check_error(
        &format!("pk([aaaaaaax]{KEY})"),
        "pk(): Fingerprint 'aaaaaaax' is not hex",
    );
    check_error(
        &format!("pk(]{KEY})"),
        "pk(): Key origin start '[ character expected but not found, got ']' instead",
    );
    check_error(
        &format!("pk(aaaaaaaa]{KEY})"),
        "pk(): Key origin start '[ character expected but not found, got 'a' instead",
    );
    check_error(
        &format!("pk([aaaaaaaa]]{KEY})"),
        "pk(): Multiple ']' characters found for a single pubkey",
    );
    check_error(&format!("sh(sh(pk({KEY})))"), "Can only have sh() at top level");
    check_error(
        &format!("wsh(wsh(pk({KEY})))"),
        "Can only have wsh() at top level or inside sh()",
    );
    check_error(
        &format!("wsh(wpkh({KEY}))"),
        "Can only have wpkh() at top level or inside sh()",
    );
    check_error(&format!("sh(combo({KEY}))"), "Can only have combo() at top level");
    check_error(&format!("sh(tr({KEY}))"), "Can only have tr at top level");
    check_error("sh(raw(00))", "Can only have raw() at top level");
    check_error("raw(0)", "Raw script is not hex");
    check_error("addr(x)", "Address is not valid");
    check_error(&format!("multi(a,{KEY})"), "Multi threshold 'a' is not valid");
    check_error(
        &format!("multi(0,{KEY})"),
        "Multisig threshold cannot be 0, must be at least 1",
    );
    check_error(
        &format!("multi(2,{KEY})"),
        "Multisig threshold cannot be larger than the number of keys; threshold is 2 but only 1 keys specified",
    );
    check_error(
        "multi(1)",
        "Cannot have 0 keys in multisig; must have between 1 and 20 keys, inclusive",
    );
    check_error(
        &format!("multi(1{})", format!(",{KEY}").repeat(4)),
        "Cannot have 4 pubkeys in bare multisig; only at most 3 pubkeys",
    );
    check_error(
        &format!("sh(multi(1{}))", format!(",{KEY}").repeat(16)),
        "P2SH script is too large, 547 bytes is larger than 520 bytes",
    );
    check_error(
        &format!("multi_a(1,{KEY})"),
        "Can only have multi_a/sortedmulti_a inside tr()",
    );
    check_error(
        &format!("tr({KEY},multi(1,{KEY}))"),
        "Can only have multi/sortedmulti at top level, in sh(), or in wsh()",
    );
    check_error(
        &format!("tr({KEY},{{pk({KEY}),pk({KEY}))"),
        "tr(): expected '}' after script expression",
    );
    check_error("sh(x)", "A function is needed within P2SH");
    check_error("wsh(x)", "A function is needed within P2WSH");
    check_error(
        &format!("sh(and_v(v:pk({KEY}),older(1)))"),
        "Miniscript expressions can only be used in wsh or tr.",
    );
    check_error(
        "wsh(older(1))",
        "older(1) is not sane: witnesses without signature exist",
    );
    check_error(
        &format!("wsh(or_i(pk({KEY}),pk({KEY})))"),
        &format!("or_i(pk({KEY}),pk({KEY})) is not sane: contains duplicate public keys"),
    );
    check_error(&format!("pk({KEY}),"), "");
    check_error(&format!("sh(pk({KEY}),)"), "");
}

/// Vectors of BIP 380.
#[test]
fn checksums_are_those_of_the_proposal() {
    assert!(Descriptor::parse("raw(deadbeef)#89f8spxm", &main_chain(), Checksum::Required).is_ok());
    let refused = |text: &str, rule| {
        Descriptor::parse(text, &main_chain(), rule)
            .unwrap_err()
            .to_string()
    };
    for (text, expected) in [
        ("raw(deadbeef)", "Missing checksum"),
        (
            "raw(deadbeef)#",
            "Expected 8 character checksum, not 0 characters",
        ),
        (
            "raw(deadbeef)#89f8spxmx",
            "Expected 8 character checksum, not 9 characters",
        ),
        (
            "raw(deadbeef)#89f8spx",
            "Expected 8 character checksum, not 7 characters",
        ),
        (
            "raw(dedbeef)#89f8spxm",
            "Provided checksum '89f8spxm' does not match computed checksum '",
        ),
        ("raw(deadbeef)##9f8spxm", "Multiple '#' symbols"),
        ("raw(Ü)#00000000", "Invalid characters in payload"),
    ] {
        let found = refused(text, Checksum::Required);
        assert!(found.starts_with(expected), "{text}: {found}");
    }
}

#[test]
fn scripts_are_described_as_far_as_they_are_known() {
    let chain = main_chain();
    let shown = |text: &str, known: &Known| {
        let script = parse(text).unwrap().scripts(0).unwrap().remove(0);
        infer(&script, known, &chain)
    };
    let nothing = Known::default();
    for text in [
        format!("pk({KEY})"),
        format!("multi(1,{KEY},{UNCOMPRESSED})"),
        "raw(6a)".to_owned(),
    ] {
        assert_eq!(shown(&text, &nothing), with_checksum(&text));
    }
    assert!(shown(&format!("pkh({KEY})"), &nothing).starts_with("addr("));
    assert!(shown(&format!("tr({KEY})"), &nothing).starts_with("rawtr("));
    for text in [
        format!("pkh({KEY})"),
        format!("wpkh({KEY})"),
        format!("sh(wpkh({KEY}))"),
        format!("sh(multi(1,{KEY}))"),
        format!("sh(wsh(multi(1,{KEY})))"),
        format!("wsh(and_v(v:pk({KEY}),older(144)))"),
    ] {
        let expansion = parse(&text).unwrap().expand(0).unwrap();
        let known = Known {
            scripts: expansion.scripts,
            keys: vec![KEY.parse().unwrap()],
            ..Known::default()
        };
        assert_eq!(shown(&text, &known), with_checksum(&text));
    }
}

#[test]
fn what_a_descriptor_says_of_its_scripts_describes_them() {
    let chain = main_chain();
    let key = &KEY[2..];
    let inferred = |text: &str| {
        let expansion = parse(text).unwrap().expand(0).unwrap();
        let known = Known::of_expansion(&expansion);
        let outputs = expansion.outputs.iter();
        outputs
            .map(|script| infer(script, &known, &chain))
            .collect::<Vec<_>>()
    };
    let source = "[d34db33f/44h/0]";
    for text in [
        format!("pk({source}{KEY})"),
        format!("pkh({source}{KEY})"),
        format!("sh(wpkh({source}{KEY}))"),
        format!("sh(wsh(multi(1,{source}{KEY})))"),
        format!("wsh(and_v(v:pk({source}{KEY}),older(144)))"),
        format!("tr({source}{key})"),
        format!("rawtr({source}{key})"),
        "raw(6a)".to_owned(),
    ] {
        assert_eq!(inferred(&text), [with_checksum(&text)]);
    }
    let several = ["pk(@)", "pkh(@)", "wpkh(@)", "sh(wpkh(@))"];
    let several = several.map(|text| with_checksum(&text.replace('@', &format!("{source}{KEY}"))));
    assert_eq!(inferred(&format!("combo({source}{KEY})")), several);
    // The script is told where no function says more, whatever stands in it.
    let raw = format!("raw(51{KEY})");
    assert_eq!(inferred(&raw), [with_checksum(&raw)]);
}

proptest! {
    #[test]
    fn any_text_is_a_descriptor_or_not(text in "[a-z0-9(){},/*'\\[\\]#:]{0,60}", function in "(pk|wsh|tr|multi|sh|raw)") {
        _ = parse(&text);
        _ = parse(&format!("{function}({text})"));
        _ = parse(&format!("wsh(and_v(v:pk({KEY}),{text}))"));
        _ = parse(&format!("tr({KEY},{text})"));
    }

    #[test]
    fn a_checksum_tells_a_changed_character(text in "[a-z0-9(),]{1,40}", at: prop::sample::Index, to in "[A-Z]") {
        let right = with_checksum(&text);
        let at = at.index(text.len());
        let mut wrong = right.clone();
        wrong.replace_range(at..=at, &to);
        prop_assert!(super::checksum::check(&right, Checksum::Required).is_ok());
        prop_assert!(super::checksum::check(&wrong, Checksum::Required).is_err());
    }
}
