//! Scripts as words: what `asm` shows, and what `outscript=` takes.

mod names;

use bitcoin::script::{Instruction, PushBytesBuf};
use bitcoin::{Script, ScriptBuf};
use consensus::limits::MAX_SCRIPT_SIZE;
use thiserror::Error;

use crate::hex::to_hex;

/// The most bytes that an operation may push.
const MAX_PUSH: usize = 520;

/// Whether pushes that look like signatures show what they sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signatures {
    /// As they are.
    Raw,
    /// With the last byte as words.
    Decoded,
}

/// Why words are no script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ParseScriptError {
    /// A word is no operation.
    #[error("script parse error: unknown opcode")]
    UnknownOpcode,
    /// A number is too large.
    #[error("script parse error: decimal numeric value only allowed in the range -0xFFFFFFFF...0xFFFFFFFF")]
    NumberOutOfRange,
}

/// The words of a script.
#[must_use]
pub fn from_script(script: &Script, signatures: Signatures) -> String {
    let shows_signatures = signatures == Signatures::Decoded && !is_unspendable(script);
    let words = script.instructions().map(|instruction| match instruction {
        Ok(Instruction::PushBytes(bytes)) if bytes.len() <= 4 => small_number(bytes.as_bytes()).to_string(),
        Ok(Instruction::PushBytes(bytes)) if shows_signatures => signature(bytes.as_bytes()),
        Ok(Instruction::PushBytes(bytes)) => to_hex(bytes.as_bytes()),
        Ok(Instruction::Op(opcode)) => names::name(opcode.to_u8()),
        Err(_) => "[error]".to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

fn is_unspendable(script: &Script) -> bool {
    script.is_op_return() || script.len() > MAX_SCRIPT_SIZE
}

/// The number that up to four bytes stand for, whether or not they are the shortest way to say it.
fn small_number(bytes: &[u8]) -> i64 {
    let Some((last, rest)) = bytes.split_last() else {
        return 0;
    };
    let low = rest.iter().rev().fold(i64::from(last & 0x7f), |number, byte| {
        number << 8 | i64::from(*byte)
    });
    if last & 0x80 == 0 { low } else { -low }
}

fn signature(bytes: &[u8]) -> String {
    let kind = bytes.last().and_then(|last| sighash_name(*last));
    match kind {
        Some(kind) if is_signature(bytes) => format!("{}[{kind}]", to_hex(&bytes[..bytes.len() - 1])),
        _ => to_hex(bytes),
    }
}

/// The name of what a signature covers.
#[must_use]
pub fn sighash_name(kind: u8) -> Option<&'static str> {
    match kind {
        0x01 => Some("ALL"),
        0x02 => Some("NONE"),
        0x03 => Some("SINGLE"),
        0x81 => Some("ALL|ANYONECANPAY"),
        0x82 => Some("NONE|ANYONECANPAY"),
        0x83 => Some("SINGLE|ANYONECANPAY"),
        _ => None,
    }
}

/// Whether bytes are a signature in the only form that BIP 66 allows, with a byte after it.
fn is_signature(bytes: &[u8]) -> bool {
    let number = |bytes: &[u8]| -> Option<usize> {
        let [0x02, length, number @ ..] = bytes else {
            return None;
        };
        let number = number.get(..usize::from(*length))?;
        let is_shortest = match number {
            [] => false,
            [first, ..] if first & 0x80 != 0 => false,
            [0, second, ..] => second & 0x80 != 0,
            _ => true,
        };
        is_shortest.then_some(number.len() + 2)
    };
    let [0x30, length, numbers @ .., _] = bytes else {
        return false;
    };
    if usize::from(*length) != numbers.len() || !(9..=73).contains(&bytes.len()) {
        return false;
    }
    let Some(first) = number(numbers) else {
        return false;
    };
    number(&numbers[first..]).is_some_and(|second| first + second == numbers.len())
}

/// Whether all of a script can be read, and holds only operations that are known and pushes that are not too long.
#[must_use]
pub fn has_valid_operations(script: &Script) -> bool {
    script.instructions().all(|instruction| match instruction {
        Ok(Instruction::PushBytes(bytes)) => bytes.len() <= MAX_PUSH,
        Ok(Instruction::Op(opcode)) => opcode.to_u8() <= names::LAST_KNOWN,
        Err(_) => false,
    })
}

/// Reads a script from words: decimal numbers, `0x` and bytes as they stand in the script, text in single quotes that is
/// pushed, and operations by their names with or without `OP_`.
///
/// # Errors
/// [`ParseScriptError`] for a word that is none of these.
pub fn parse_script(text: &str) -> Result<ScriptBuf, ParseScriptError> {
    let mut script = Vec::new();
    for word in text.split([' ', '\t', '\n']).filter(|word| !word.is_empty()) {
        parse_word(word, &mut script)?;
    }
    Ok(script.into())
}

fn parse_word(word: &str, script: &mut Vec<u8>) -> Result<(), ParseScriptError> {
    let digits = word.strip_prefix('-').unwrap_or(word);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let limit = i64::from(u32::MAX);
        let number: Option<i64> = word
            .parse()
            .ok()
            .filter(|number| (-limit..=limit).contains(number));
        let number = number.ok_or(ParseScriptError::NumberOutOfRange)?;
        let pushed = ScriptBuf::builder().push_int(number).into_script();
        script.extend_from_slice(pushed.as_bytes());
    } else if let Some(bytes) = word
        .strip_prefix("0x")
        .and_then(decode_hex)
        .filter(|bytes| !bytes.is_empty())
    {
        script.extend_from_slice(&bytes);
    } else if word.len() >= 2 && word.starts_with('\'') && word.ends_with('\'') {
        let text = word.as_bytes()[1..word.len() - 1].to_vec();
        let text = PushBytesBuf::try_from(text).map_err(|_| ParseScriptError::UnknownOpcode)?;
        let pushed = ScriptBuf::builder().push_slice(text).into_script();
        script.extend_from_slice(pushed.as_bytes());
    } else {
        script.push(names::opcode(word).ok_or(ParseScriptError::UnknownOpcode)?);
    }
    Ok(())
}

/// The bytes of hexadecimal digits.
pub(crate) fn decode_hex(text: &str) -> Option<Vec<u8>> {
    <Vec<u8> as bitcoin::hex::FromHex>::from_hex(text).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(hex: &str, signatures: Signatures, expected: &str) {
        let script = ScriptBuf::from_hex(hex).unwrap();
        assert_eq!(from_script(&script, signatures), expected, "{hex}");
    }

    /// A signature of Bitcoin's chain, as upstream's tests of `decodescript` have it.
    const SIGNATURE: &str = "304502207fa7a6d1e0ee81132a269ad84e68d695483745cde8b541e3bf630749894e342a022100c1f7ab20e13e22fb95281a870f3dcf38d782e53023ee313d741ad0cfbc0c509001";

    #[test]
    fn operations_become_words() {
        let raw = Signatures::Raw;
        check("", raw, "");
        check("00", raw, "0");
        check("4f", raw, "-1");
        check("5160", raw, "1 16");
        check("0101", raw, "1");
        check("0181", raw, "-1");
        check("028000", raw, "128");
        check("020080", raw, "0");
        check("04ffffffff", raw, "-2147483647");
        check("050000000000", raw, "0000000000");
        check("76a9", raw, "OP_DUP OP_HASH160");
        check("ac05ff", raw, "OP_CHECKSIG [error]");
        check("babbff", raw, "OP_CHECKSIGADD OP_UNKNOWN OP_INVALIDOPCODE");
        check("4c06010203040506", raw, "010203040506");
    }

    #[test]
    fn signatures_say_what_they_sign_where_they_may() {
        let pushed = format!("48{SIGNATURE}");
        let body = &SIGNATURE[..SIGNATURE.len() - 2];
        check(&pushed, Signatures::Decoded, &format!("{body}[ALL]"));
        check(&pushed, Signatures::Raw, SIGNATURE);
        check(
            &format!("48{body}82"),
            Signatures::Decoded,
            &format!("{body}[NONE|ANYONECANPAY]"),
        );
        check(&format!("48{body}04"), Signatures::Decoded, &format!("{body}04"));
        check(
            &format!("6a{pushed}"),
            Signatures::Decoded,
            &format!("OP_RETURN {SIGNATURE}"),
        );
        let padded = SIGNATURE.replacen("022100c1", "02210041", 1);
        check(&format!("48{padded}"), Signatures::Decoded, &padded);
    }

    #[test]
    fn words_become_operations() {
        for (text, expected) in [
            ("", Ok("")),
            ("0 1 16 17 -1 -5 1000", Ok("0051600111 4f 0185 02e803")),
            ("4294967295", Ok("05ffffffff00")),
            ("4294967296", Err(ParseScriptError::NumberOutOfRange)),
            ("99999999999999999999", Err(ParseScriptError::NumberOutOfRange)),
            ("DUP OP_HASH160\t0x14 'az'\n", Ok("76a914 02617a")),
            ("0x", Err(ParseScriptError::UnknownOpcode)),
            ("0x0", Err(ParseScriptError::UnknownOpcode)),
            ("''", Ok("00")),
            ("'", Err(ParseScriptError::UnknownOpcode)),
            ("-", Err(ParseScriptError::UnknownOpcode)),
            ("RESERVED", Ok("50")),
            ("OP_1", Err(ParseScriptError::UnknownOpcode)),
        ] {
            let expected = expected.map(|hex| ScriptBuf::from_hex(&hex.replace(' ', "")).unwrap());
            assert_eq!(parse_script(text), expected, "{text}");
        }
    }

    #[test]
    fn operations_are_valid_up_to_the_last_that_has_a_meaning() {
        for (hex, expected) in [
            ("", true),
            ("b9", true),
            ("ba", false),
            ("ff", false),
            ("05", false),
            ("0105", true),
        ] {
            assert_eq!(
                has_valid_operations(&ScriptBuf::from_hex(hex).unwrap()),
                expected,
                "{hex}"
            );
        }
        let long = |length: u16| {
            let [low, high] = length.to_le_bytes();
            let mut script = vec![0x4d, low, high];
            script.resize(3 + usize::from(length), 0);
            ScriptBuf::from(script)
        };
        assert!(has_valid_operations(&long(520)));
        assert!(!has_valid_operations(&long(521)));
    }

    proptest! {
        #[test]
        fn any_script_can_be_shown_and_any_words_be_tried(bytes: Vec<u8>, text in "\\PC{0,40}") {
            let script = ScriptBuf::from(bytes);
            _ = from_script(&script, Signatures::Decoded);
            _ = has_valid_operations(&script);
            _ = parse_script(&text);
        }
    }
}
