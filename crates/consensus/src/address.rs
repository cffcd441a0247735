//! The texts of addresses, with each chain's own prefixes.
//!
//! A rule needs them: the NEVM names by its address who gets what comes from there. Reading addresses is no rule's matter.

use bitcoin::bech32::{Hrp, segwit};
use bitcoin::{Script, WitnessVersion, base58};

use crate::params::AddressParams;

/// The text of an address that stands for a hash of a key or of a script: base58 with a checksum.
#[must_use]
pub fn hash_address(prefix: u8, hash: &[u8; 20]) -> String {
    let mut bytes = [0; 21];
    bytes[0] = prefix;
    bytes[1..].copy_from_slice(hash);
    base58::encode_check(&bytes)
}

/// The text of an address that stands for a witness program (BIP 173, BIP 350).
///
/// `version` is at most 16, `program` from 2 to 40 bytes long.
#[must_use]
pub fn witness_address(version: u8, program: &[u8], chain: &AddressParams) -> String {
    let hrp = Hrp::parse_unchecked(&chain.hrp);
    let version = version.try_into().expect("versions are at most 16");
    let mut text = String::new();
    segwit::encode_lower_to_fmt_unchecked(&mut text, hrp, version, program)
        .expect("writing to a string does not fail");
    text
}

/// The address that a script pays to, if it has one: upstream's `ExtractDestination`. A bare public key has none.
#[must_use]
pub fn script_address(script: &Script, chain: &AddressParams) -> Option<String> {
    let bytes = script.as_bytes();
    if let Some(version) = script.witness_version() {
        let program = &bytes[2..];
        let is_known = version != WitnessVersion::V0 || matches!(program.len(), 20 | 32);
        return is_known.then(|| witness_address(version.to_num(), program, chain));
    }
    let hash = |place: usize| bytes[place..place + 20].try_into().expect("it is as long");
    if script.is_p2pkh() {
        return Some(hash_address(chain.public_key, &hash(3)));
    }
    script.is_p2sh().then(|| hash_address(chain.script, &hash(2)))
}

#[cfg(test)]
mod tests {
    use bitcoin::hex::FromHex as _;

    use super::*;
    use crate::network::Network;
    use crate::params::Params;

    fn check(script: &str, expected: Option<&str>) {
        let script = Vec::from_hex(script).unwrap();
        let chain = Params::new(Network::Test).address;
        let text = script_address(Script::from_bytes(&script), &chain);
        assert_eq!(text.as_deref(), expected);
    }

    #[test]
    fn scripts_of_known_forms_have_addresses() {
        // Paid to on the public test chain by a transaction of its NEVM.
        check(
            "001471e65102a498265ac0367b0100053cb0e6a84b80",
            Some("tsys1qw8n9zq4ynqn94spk0vqsqpfukrn2sjuqf5aecp"),
        );
        let hash = "71e65102a498265ac0367b0100053cb0e6a84b80";
        for (begin, end, prefix) in [("76a914", "88ac", 65), ("a914", "87", 196)] {
            let bytes = Vec::from_hex(&format!("{prefix:02x}{hash}")).unwrap();
            let expected = base58::encode_check(&bytes);
            check(&format!("{begin}{hash}{end}"), Some(&expected));
        }
        let program = [0x79; 32].as_slice();
        let chain = Params::new(Network::Test).address;
        check(
            &format!("5120{}", "79".repeat(32)),
            Some(&witness_address(1, program, &chain)),
        );
        check("60020102", Some(&witness_address(16, &[1, 2], &chain)));
    }

    #[test]
    fn other_scripts_have_none() {
        let key = format!("21{}ac", "02".repeat(33));
        let short = format!("0013{}", "01".repeat(19));
        for script in ["", "51", "6a", "6a020102", &key, &short] {
            check(script, None);
        }
    }
}
