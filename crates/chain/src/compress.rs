//! Upstream's short form of scripts that pay to a key or to a hash.

use bitcoin::hashes::Hash;
use bitcoin::opcodes::all::{
    OP_CHECKSIG, OP_DUP, OP_EQUAL, OP_EQUALVERIFY, OP_HASH160, OP_PUSHBYTES_20, OP_PUSHBYTES_33,
    OP_PUSHBYTES_65, OP_RETURN,
};
use bitcoin::secp256k1::PublicKey;
use bitcoin::{PubkeyHash, Script, ScriptBuf, ScriptHash};
use consensus::compact::{read_number, write_number};
use consensus::limits::MAX_SCRIPT_SIZE;

use crate::coin::CoinError;

/// How many short forms there are; another script's length is written with this added.
const N_FORMS: u64 = 6;

/// Appends a script in its shortest form.
pub(crate) fn write_script(script: &Script, bytes: &mut Vec<u8>) {
    if !write_short(script.as_bytes(), bytes) {
        write_number(script.len() as u64 + N_FORMS, bytes);
        bytes.extend_from_slice(script.as_bytes());
    }
}

/// Appends the short form of a script, if it has one.
fn write_short(script: &[u8], bytes: &mut Vec<u8>) -> bool {
    const HASH: u8 = OP_PUSHBYTES_20.to_u8();
    const SHORT_KEY: u8 = OP_PUSHBYTES_33.to_u8();
    const LONG_KEY: u8 = OP_PUSHBYTES_65.to_u8();
    const SIGNATURE: u8 = OP_CHECKSIG.to_u8();
    const TO_KEY_HASH: [u8; 3] = [OP_DUP.to_u8(), OP_HASH160.to_u8(), HASH];
    const KEY_HASH_END: [u8; 2] = [OP_EQUALVERIFY.to_u8(), SIGNATURE];
    const TO_SCRIPT_HASH: [u8; 2] = [OP_HASH160.to_u8(), HASH];
    const SCRIPT_HASH_END: [u8; 1] = [OP_EQUAL.to_u8()];

    let between = |start: &[u8], length: usize, end: &[u8]| {
        let data = script.strip_prefix(start)?.strip_suffix(end)?;
        (data.len() == length).then_some(data)
    };
    if let Some(hash) = between(&TO_KEY_HASH, 20, &KEY_HASH_END) {
        bytes.push(0);
        bytes.extend_from_slice(hash);
    } else if let Some(hash) = between(&TO_SCRIPT_HASH, 20, &SCRIPT_HASH_END) {
        bytes.push(1);
        bytes.extend_from_slice(hash);
    } else if let Some(key @ [2 | 3, ..]) = between(&[SHORT_KEY], 33, &[SIGNATURE]) {
        bytes.extend_from_slice(key);
    } else if let Some(key @ [4, ..]) = between(&[LONG_KEY], 65, &[SIGNATURE])
        && PublicKey::from_slice(key).is_ok()
    {
        bytes.push(4 | (key[64] & 1));
        bytes.extend_from_slice(&key[1..33]);
    } else {
        return false;
    }
    true
}

/// Reads a script, and cuts it off `data`. One that is too long to ever be spent becomes one that says so.
pub(crate) fn read_script(data: &mut &[u8]) -> Result<ScriptBuf, CoinError> {
    let form = read_number(data).ok_or(CoinError::Number)?;
    match form {
        0 => Ok(ScriptBuf::new_p2pkh(&PubkeyHash::from_byte_array(read_array(
            data,
        )?))),
        1 => Ok(ScriptBuf::new_p2sh(&ScriptHash::from_byte_array(read_array(
            data,
        )?))),
        2..=5 => {
            let x: [u8; 32] = read_array(data)?;
            read_key(form, &x)
        }
        _ => {
            let length = usize::try_from(form - N_FORMS).map_err(|_error| CoinError::End)?;
            let script = data.split_off(..length).ok_or(CoinError::End)?;
            if length > MAX_SCRIPT_SIZE {
                return Ok(ScriptBuf::from_bytes(vec![OP_RETURN.to_u8()]));
            }
            Ok(ScriptBuf::from_bytes(script.to_vec()))
        }
    }
}

/// The script that pays to a key, of which `x` is written: with 2 or 3 as it is in the script, with 4 or 5 in full.
fn read_key(form: u64, x: &[u8; 32]) -> Result<ScriptBuf, CoinError> {
    let is_odd = form & 1 == 1;
    let mut key = Vec::with_capacity(65);
    key.push(2 | u8::from(is_odd));
    key.extend_from_slice(x);
    if form >= 4 {
        let point = PublicKey::from_slice(&key).map_err(|_error| CoinError::Key)?;
        key = point.serialize_uncompressed().to_vec();
    }
    // Upstream writes a key in the short form without asking whether it is one: it is bytes here.
    let push = if form >= 4 {
        OP_PUSHBYTES_65
    } else {
        OP_PUSHBYTES_33
    };
    let mut script = Vec::with_capacity(key.len() + 2);
    script.push(push.to_u8());
    script.extend_from_slice(&key);
    script.push(OP_CHECKSIG.to_u8());
    Ok(ScriptBuf::from_bytes(script))
}

fn read_array<const N: usize>(data: &mut &[u8]) -> Result<[u8; N], CoinError> {
    let (array, rest) = data.split_first_chunk().ok_or(CoinError::End)?;
    *data = rest;
    Ok(*array)
}

#[cfg(test)]
pub(crate) mod tests {
    use bitcoin::hex::FromHex;
    use proptest::prelude::*;

    use super::*;

    /// The generator of the curve.
    const X: &str = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    const Y: &str = "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";

    fn bytes(hex: &str) -> Vec<u8> {
        Vec::from_hex(hex).unwrap()
    }

    fn check(script: &str, expected: &str) {
        let script = ScriptBuf::from_bytes(bytes(script));
        let mut written = Vec::new();
        write_script(&script, &mut written);
        assert_eq!(written, bytes(expected), "{script}");
        let mut rest = &written[..];
        assert_eq!((read_script(&mut rest), rest), (Ok(script), &[][..]));
        for length in 0..written.len() {
            assert!(read_script(&mut &written[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn scripts_have_upstreams_forms() {
        let hash = "11".repeat(20);
        check(&format!("76a914{hash}88ac"), &format!("00{hash}"));
        check(&format!("a914{hash}87"), &format!("01{hash}"));
        check(&format!("2102{X}ac"), &format!("02{X}"));
        check(&format!("2103{X}ac"), &format!("03{X}"));
        check(&format!("4104{X}{Y}ac"), &format!("04{X}"));
        let other_y = "b7c52588d95c3b9aa25b0403f1eef75702e84bb7597aabe663b82f6f04ef2777";
        check(&format!("4104{X}{other_y}ac"), &format!("05{X}"));
        // Almost a key, but on no curve; a hybrid key; and what pays to a witness.
        check(&format!("4104{X}{X}ac"), &format!("494104{X}{X}ac"));
        check(&format!("4106{X}{Y}ac"), &format!("494106{X}{Y}ac"));
        check(&format!("0014{hash}"), &format!("1c0014{hash}"));
        check("", "06");
        check("51", "0751");
    }

    #[test]
    fn a_key_that_is_on_no_curve_is_refused() {
        let mut data = bytes(&format!("04{}", "ff".repeat(32)));
        assert_eq!(read_script(&mut &data[..]), Err(CoinError::Key));
        data[0] = 2;
        assert!(read_script(&mut &data[..]).is_ok());
    }

    #[test]
    fn a_script_that_is_too_long_to_be_spent_becomes_a_return() {
        for (length, is_kept) in [(10_000, true), (10_001, false)] {
            let script = ScriptBuf::from_bytes(vec![0x51; length]);
            let mut written = Vec::new();
            write_script(&script, &mut written);
            written.push(9);
            let mut rest = &written[..];
            let read = read_script(&mut rest).unwrap();
            assert_eq!(read.len(), if is_kept { length } else { 1 });
            assert_eq!(
                (read == script, read.is_op_return(), rest),
                (is_kept, !is_kept, &[9][..])
            );
        }
    }

    /// Scripts of all forms, and others.
    pub(crate) fn any_script() -> impl Strategy<Value = ScriptBuf> {
        let unknown = prop::collection::vec(any::<u8>(), 0..80);
        let written = (0_u8..6, any::<[u8; 32]>()).prop_filter_map("no key", |(form, data)| {
            let data = [&[form][..], &data].concat();
            read_script(&mut &data[..]).ok()
        });
        prop_oneof![unknown.prop_map(ScriptBuf::from_bytes), written]
    }

    proptest! {
        #[test]
        fn any_script_comes_back(script in any_script()) {
            let mut written = Vec::new();
            write_script(&script, &mut written);
            let mut rest = &written[..];
            prop_assert_eq!(read_script(&mut rest), Ok(script));
            prop_assert!(rest.is_empty());
        }
    }
}
