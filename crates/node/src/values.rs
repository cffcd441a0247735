//! Reading what methods are given further than the table of methods does: digits, hashes, amounts, fields of objects.

use bitcoin::hex::FromHex as _;
use encoding::amount;
use rpc::{FromArgument as _, RpcError, code};
use serde_json::{Map, Value};

/// The elements of an array.
pub(crate) fn array(value: &Value) -> Result<&[Value], RpcError> {
    let elements = value.as_array().map(Vec::as_slice);
    elements.ok_or_else(|| RpcError::wrong_type(value, "array"))
}

/// The members of an object.
pub(crate) fn object(value: &Value) -> Result<&Map<String, Value>, RpcError> {
    value
        .as_object()
        .ok_or_else(|| RpcError::wrong_type(value, "object"))
}

/// A text.
pub(crate) fn text(value: &Value) -> Result<&str, RpcError> {
    value
        .as_str()
        .ok_or_else(|| RpcError::wrong_type(value, "string"))
}

/// A number of 32 bits.
pub(crate) fn small_integer(value: &Value) -> Result<i32, RpcError> {
    i32::try_from(i64::from_argument(value)?).map_err(|_| RpcError::misc("JSON integer out of range"))
}

/// A member of an object, or null.
pub(crate) fn member<'a>(object: &'a Map<String, Value>, name: &str) -> &'a Value {
    object.get(name).unwrap_or(&Value::Null)
}

/// Which members an object may have beside those that are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OtherMembers {
    /// Any.
    Allowed,
    /// None.
    Refused,
}

/// Checks that an object has members of these types, with the texts that clients know.
pub(crate) fn check_members(
    object: &Map<String, Value>,
    expected: &[(&str, &str)],
    others: OtherMembers,
) -> Result<(), RpcError> {
    for (name, kind) in expected {
        let value = member(object, name);
        if value.is_null() {
            return Err(RpcError::new(code::TYPE_ERROR, format!("Missing {name}")));
        }
        check_member(name, value, kind)?;
    }
    let is_expected = |key: &str| expected.iter().any(|(name, _)| *name == key);
    match object.keys().find(|key| !is_expected(key)) {
        Some(key) if others == OtherMembers::Refused => {
            Err(RpcError::new(code::TYPE_ERROR, format!("Unexpected key {key}")))
        }
        _ => Ok(()),
    }
}

/// Checks that a member of an object is of a type.
pub(crate) fn check_member(name: &str, value: &Value, kind: &str) -> Result<(), RpcError> {
    let is_right = match kind {
        "string" => value.is_string(),
        _ => value.is_number(),
    };
    if is_right {
        return Ok(());
    }
    let found = RpcError::wrong_type(value, kind).message;
    let text = found.replacen(" is not", &format!(" for field {name} is not"), 1);
    Err(RpcError::new(code::TYPE_ERROR, text))
}

/// The bytes of digits, of which there must be some.
pub(crate) fn bytes(value: &Value, name: &str) -> Result<Vec<u8>, RpcError> {
    let digits = value.as_str().unwrap_or_default();
    let bytes = Vec::from_hex(digits).ok().filter(|bytes| !bytes.is_empty());
    bytes.ok_or_else(|| {
        RpcError::invalid_parameter(format!("{name} must be hexadecimal string (not '{digits}')"))
    })
}

/// A hash as it is shown, with its last byte first.
pub(crate) fn hash<T: std::str::FromStr>(value: &Value, name: &str) -> Result<T, RpcError> {
    let digits = text(value)?;
    if digits.len() != 64 {
        let length = digits.len();
        return Err(RpcError::invalid_parameter(format!(
            "{name} must be of length 64 (not {length}, for '{digits}')"
        )));
    }
    digits.parse().map_err(|_| {
        RpcError::invalid_parameter(format!("{name} must be hexadecimal string (not '{digits}')"))
    })
}

/// An amount of coins, in units.
pub(crate) fn amount(value: &Value) -> Result<u64, RpcError> {
    amount::coins_from_json(value).map_err(|error| RpcError::new(code::TYPE_ERROR, error.to_string()))
}

/// A number with a fraction, in 16 significant digits as upstream writes it.
pub(crate) fn double(number: f64) -> Value {
    let scientific = format!("{number:.15e}");
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return Value::Null;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let text = if (-4..16).contains(&exponent) {
        let decimals = usize::try_from(15 - exponent).unwrap_or(0);
        let fixed = format!("{number:.decimals$}");
        match fixed.contains('.') {
            true => fixed.trim_end_matches('0').trim_end_matches('.').to_owned(),
            false => fixed,
        }
    } else {
        let digits = digits.trim_end_matches('0').trim_end_matches('.');
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
    };
    // It is a number, whatever its form.
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

/// The numbers of a series that a descriptor stands for: an end, or the two ends.
pub(crate) fn descriptor_range(value: &Value) -> Result<std::ops::RangeInclusive<u32>, RpcError> {
    let (begin, end) = match value {
        Value::Number(_) => (0, i64::from_argument(value)?),
        Value::Array(ends) if ends.len() == 2 && ends.iter().all(Value::is_number) => {
            (i64::from_argument(&ends[0])?, i64::from_argument(&ends[1])?)
        }
        _ => {
            return Err(RpcError::invalid_parameter(
                "Range must be specified as end or as [begin,end]",
            ));
        }
    };
    let refused = |text: &str| Err(RpcError::invalid_parameter(text));
    if value.is_array() && begin > end {
        return refused("Range specified as [begin,end] must not have begin after end");
    }
    let Ok(begin) = u32::try_from(begin) else {
        return refused(if begin < 0 {
            "Range should be greater or equal than 0"
        } else {
            "End of range is too high"
        });
    };
    match u32::try_from(end) {
        Ok(end) if end >> 31 == 0 => {
            if end - begin >= 1_000_000 {
                return refused("Range is too large");
            }
            Ok(begin..=end)
        }
        _ => refused("End of range is too high"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal<T>(outcome: Result<T, RpcError>) -> String {
        outcome.err().map_or_else(String::new, |error| error.to_string())
    }

    #[test]
    fn ranges_are_read_or_refused() {
        assert_eq!(descriptor_range(&json!(2)), Ok(0..=2));
        assert_eq!(descriptor_range(&json!([3, 3])), Ok(3..=3));
        assert_eq!(descriptor_range(&json!([5, 1_000_004])), Ok(5..=1_000_004));
        for (value, expected) in [
            (
                json!("0"),
                "Range must be specified as end or as [begin,end] (-8)",
            ),
            (
                json!([1]),
                "Range must be specified as end or as [begin,end] (-8)",
            ),
            (
                json!([2, 1]),
                "Range specified as [begin,end] must not have begin after end (-8)",
            ),
            (json!(-1), "End of range is too high (-8)"),
            (json!([-1, 1]), "Range should be greater or equal than 0 (-8)"),
            (json!([5, 1_000_005]), "Range is too large (-8)"),
            (json!(2_147_483_648_u32), "End of range is too high (-8)"),
        ] {
            assert_eq!(refusal(descriptor_range(&value)), expected, "{value}");
        }
    }

    #[test]
    fn fractions_have_sixteen_digits() {
        for (number, expected) in [
            (0.0, "0"),
            (1.0, "1"),
            (0.5, "0.5"),
            (4.656_542_373_906_924_7e-10, "4.656542373906925e-10"),
            (16_307.420_938_523_983, "16307.42093852398"),
            (1e20, "1e+20"),
            (0.000_1, "0.0001"),
            (f64::NAN, "null"),
        ] {
            assert_eq!(double(number).to_string(), expected);
        }
    }

    #[test]
    fn digits_are_read_or_refused() {
        assert_eq!(bytes(&json!("00aB"), "x"), Ok(vec![0, 0xab]));
        for value in [json!(""), json!("0"), json!("zz")] {
            let digits = value.as_str().unwrap();
            assert_eq!(
                refusal(bytes(&value, "Data")),
                format!("Data must be hexadecimal string (not '{digits}') (-8)")
            );
        }
        let digits = "00".repeat(31);
        assert_eq!(
            refusal(hash::<bitcoin::Txid>(&json!("a0"), "txid")),
            "txid must be of length 64 (not 2, for 'a0') (-8)"
        );
        assert_eq!(
            refusal(hash::<bitcoin::Txid>(&json!(format!("{digits}zz")), "txid")),
            format!("txid must be hexadecimal string (not '{digits}zz') (-8)")
        );
        assert!(
            hash::<bitcoin::Txid>(&json!(format!("{digits}ff")), "txid")
                .unwrap()
                .to_string()
                .ends_with("ff")
        );
    }
}
