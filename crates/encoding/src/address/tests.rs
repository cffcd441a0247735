use consensus::{Network, Params};
use proptest::prelude::*;

use super::*;

fn chain(network: Network) -> AddressParams {
    Params::new(network).address
}

#[test]
fn addresses_are_read_as_upstream_reads_them() {
    for (text, script) in [
        (
            "bcrt1qtmp74ayg7p24uslctssvjm06q5phz4yrxucgnv",
            "00145ec3eaf488f0555e43f85c20c96dfa0503715483",
        ),
        (
            "BCRT1QTMP74AYG7P24USLCTSSVJM06Q5PHZ4YRXUCGNV",
            "00145ec3eaf488f0555e43f85c20c96dfa0503715483",
        ),
        ("bcrt1p424qxxyd0r", "5102aaaa"),
        ("bcrt1sw50qt2uwha", "6002751e"),
        (
            "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn",
            "76a914243f1394f44554f4ce3fd68649c19adc483ce92488ac",
        ),
        (
            "2MzQwSSnBHWHqSAqtTVQ6v47XtaisrJa1Vc",
            "a9144e9f39ca4688ff102128ea4ccda34105324305b087",
        ),
    ] {
        let address = Address::decode(text, &chain(Network::Regtest)).unwrap();
        assert_eq!(address.script().to_hex_string(), script, "{text}");
        let written = address.encode(&chain(Network::Regtest));
        assert!(written.eq_ignore_ascii_case(text), "{written}");
    }
}

/// The addresses of upstream's functional test of wrong ones.
#[test]
fn what_is_wrong_with_an_address_is_told_in_upstreams_words() {
    const ENCODING: &str = "Invalid or unsupported Segwit (Bech32) or Base58 encoding.";
    const CHECKSUM: &str = "Invalid checksum or length of Base58 address (P2PKH or P2SH)";
    let rows: &[(&str, &str, &[usize])] = &[
        (
            "bcrt1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqdmchcc",
            "Version 1+ witness address must use Bech32m checksum",
            &[],
        ),
        (
            "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7k35mrzd",
            "Version 0 witness address must use Bech32 checksum",
            &[],
        ),
        (
            "bcrt1s0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav25430mtr",
            "Invalid Bech32 address program size (41 bytes)",
            &[],
        ),
        (
            "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kqqq5k3my",
            "Invalid Bech32 v0 address program size (21 bytes), per BIP141",
            &[],
        ),
        (
            "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7k7grplx",
            ENCODING,
            &[],
        ),
        (
            "bcrt1q049edschfnwystcqnsvyfpj23mpsg3jcedq9xv049edschfnwystcqnsvyfpj23mpsg3jcedq9xv049edschfn",
            "Bech32 string too long",
            &[90, 91],
        ),
        (
            "bcrt1q049edschfnwystcqnsvyfpj23mpsg3jcedq9xv",
            "Invalid Bech32 checksum",
            &[9],
        ),
        (
            "BCRT1QPLMTZKC2XHARPPZDLNPAQL78RSHJ68U32RAH7R",
            "Invalid Bech32 checksum",
            &[38],
        ),
        (
            "bcrt1qax9suht3qv95sw33xavx8crpxduefdrsvgsklu",
            "Invalid Bech32 checksum",
            &[22, 43],
        ),
        (
            "bcrtq049ldschfnwystcqnsvyfpj23mpsg3jcedq9xv",
            "Missing separator",
            &[],
        ),
        (
            "bcrt1q04oldschfnwystcqnsvyfpj23mpsg3jcedq9xv",
            "Invalid Base 32 character",
            &[8],
        ),
        (
            "bcrt1qdg3myrgvzw7ml8q0ejxhlkyxn7vl9r56yzkfgvzclrf4hkpx9yfqhpsuks",
            "Invalid Bech32 checksum",
            &[19, 30],
        ),
        (
            "bcrt1ptmp74ayg7p24uslctssvjm06q5phz4yrxucgnv",
            "Invalid Bech32 checksum",
            &[5],
        ),
        ("bcrt12", "Invalid separator position", &[4]),
        (
            "17VZNX1SN5NtKa8UQFxwQbFeFc3iqRYhem",
            "Invalid or unsupported Base58-encoded address.",
            &[],
        ),
        ("mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJJfn", CHECKSUM, &[]),
        (
            "2VKf7XKMrp4bVNVmuRbyCewkP8FhGLP2E54LHDPakr9Sq5mtU2",
            CHECKSUM,
            &[],
        ),
        ("asfah14i8fajz0123f", ENCODING, &[]),
        ("1q049ldschfnwystcqnsvyfpj23mpsg3jcedq9xv", ENCODING, &[]),
    ];
    for (text, message, locations) in rows {
        let error = Address::decode(text, &chain(Network::Regtest)).unwrap_err();
        assert_eq!(
            (error.to_string().as_str(), error.locations()),
            (*message, *locations),
            "{text}"
        );
    }
}

#[test]
fn a_base_58_address_may_begin_as_others_do() {
    let main = chain(Network::Main);
    // Some hash whose address begins with the letters of the chain's bech32 prefix.
    let found = (0u32..)
        .map(|number| {
            let mut hash = [0; 20];
            hash[..4].copy_from_slice(&number.wrapping_mul(0x9e37_79b9).to_be_bytes());
            Address::PublicKeyHash(hash)
        })
        .find(|address| begins_with(&address.encode(&main), "sys"))
        .unwrap();
    assert_eq!(Address::decode(&found.encode(&main), &main), Ok(found));
}

fn any_address() -> impl Strategy<Value = Address> {
    prop_oneof![
        any::<[u8; 20]>().prop_map(Address::PublicKeyHash),
        any::<[u8; 20]>().prop_map(Address::ScriptHash),
        any::<[u8; 20]>().prop_map(Address::WitnessKeyHash),
        any::<[u8; 32]>().prop_map(Address::WitnessScriptHash),
        any::<[u8; 32]>().prop_map(Address::Taproot),
        (2u8..=16, prop::collection::vec(any::<u8>(), 2..=40))
            .prop_map(|(version, program)| Address::WitnessUnknown { version, program }),
    ]
}

proptest! {
    #[test]
    fn addresses_are_read_as_they_are_written_and_mains_on_no_other_chain(address in any_address()) {
        for network in Network::ALL {
            let text = address.encode(&chain(network));
            let decoded = Address::decode(&text, &chain(network));
            prop_assert_eq!(decoded.as_ref(), Ok(&address));
            if network == Network::Main {
                prop_assert!(Address::decode(&text, &chain(Network::Regtest)).is_err());
            }
        }
        prop_assert_eq!(Address::from_script(&address.script()), Some(address));
    }

    #[test]
    fn any_text_is_an_address_or_not(text in "\\PC{0,100}", rest in "[a-z0-9A-Z]{0,95}") {
        _ = Address::decode(&text, &chain(Network::Regtest));
        _ = Address::decode(&format!("bcrt1{rest}"), &chain(Network::Regtest));
    }
}
