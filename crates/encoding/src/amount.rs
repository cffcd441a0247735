//! Amounts of coins as decimal numbers.
//!
//! Owns the way from units to text and back. Binary fractions have no part in it.

use consensus::limits::{COIN, money_range};
use serde_json::{Number, Value};
use thiserror::Error;

/// Decimals of a coin.
const DECIMALS: u8 = 8;

/// The largest number that can be read, whatever it counts.
const UPPER_BOUND: i64 = 1_000_000_000_000_000_000 - 1;

/// Why a value is no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AmountError {
    /// It has another type.
    #[error("Amount is not a number or string")]
    WrongType,
    /// It is no number, or has too many decimals.
    #[error("Invalid amount")]
    Invalid,
    /// It is negative, or more than there can be.
    #[error("Amount out of range")]
    OutOfRange,
}

/// An amount with eight decimals.
#[must_use]
pub fn to_text(units: i64) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let units = units.unsigned_abs();
    format!("{sign}{}.{:08}", units / COIN, units % COIN)
}

/// An amount as a number with eight decimals.
///
/// # Panics
/// Never: the text is a number.
#[must_use]
pub fn to_json(units: i64) -> Value {
    let number: Number = to_text(units).parse().expect("digits and a point make a number");
    number.into()
}

/// An amount of units that cannot be negative as a number with eight decimals.
#[must_use]
pub fn unsigned_to_json(units: u64) -> Value {
    to_json(i64::try_from(units).unwrap_or(i64::MAX))
}

/// Reads an amount of at most `decimals` decimals from a number or its text.
///
/// # Errors
/// [`AmountError`] if there is none, or it is out of range.
pub fn from_json(value: &Value, decimals: u8) -> Result<u64, AmountError> {
    let units = match value {
        Value::Number(number) => parse_fixed_point(&number.to_string(), decimals),
        Value::String(text) => parse_fixed_point(text, decimals),
        _ => return Err(AmountError::WrongType),
    };
    let units = units.ok_or(AmountError::Invalid)?;
    u64::try_from(units)
        .ok()
        .filter(|units| money_range(*units))
        .ok_or(AmountError::OutOfRange)
}

/// Reads an amount of coins from a number or its text.
///
/// # Errors
/// [`AmountError`] if there is none, or it is out of range.
pub fn coins_from_json(value: &Value) -> Result<u64, AmountError> {
    from_json(value, DECIMALS)
}

/// Reads an amount as a command line has it: digits, a point, digits, and spaces around.
///
/// Upstream's `ParseMoney`.
#[must_use]
pub fn parse_money(text: &str) -> Option<u64> {
    let text = text.trim_matches([' ', '\u{c}', '\n', '\r', '\t', '\u{b}']);
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if text.is_empty()
        || !are_digits(whole)
        || !are_digits(decimals)
        || whole.len() > 10
        || decimals.len() > 8
    {
        return None;
    }
    let number = |text: &str| {
        if text.is_empty() {
            Some(0)
        } else {
            text.parse::<u64>().ok()
        }
    };
    let units = number(whole)? * COIN + number(&format!("{decimals:0<8}"))?;
    money_range(units).then_some(units)
}

/// The number times ten to the power of `decimals`, if that is whole and not too large.
#[must_use]
pub fn parse_fixed_point(text: &str, decimals: u8) -> Option<i64> {
    let (is_negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, rest) = split_digits(text);
    if whole.is_empty() || (whole.len() > 1 && whole.starts_with('0')) {
        return None;
    }
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => match split_digits(rest) {
            ("", _) => return None,
            split => split,
        },
        None => ("", rest),
    };
    let exponent = parse_exponent(rest)?;
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_end_matches('0');
    let trailing = i64::try_from(digits.len() - significant.len()).ok()?;
    let mantissa = if significant.is_empty() {
        0
    } else {
        significant
            .parse::<i64>()
            .ok()
            .filter(|number| *number <= UPPER_BOUND)?
    };
    let trailing = if mantissa == 0 { 0 } else { trailing };
    let fraction_length = i64::try_from(fraction.len()).ok()?;
    let exponent = exponent
        .checked_sub(fraction_length)?
        .checked_add(trailing + i64::from(decimals))?;
    let exponent = u32::try_from(if mantissa == 0 {
        exponent.clamp(0, 17)
    } else {
        exponent
    })
    .ok()
    .filter(|exponent| *exponent < 18)?;
    let number = 10_i64
        .checked_pow(exponent)
        .and_then(|factor| mantissa.checked_mul(factor))
        .filter(|number| *number <= UPPER_BOUND)?;
    Some(if is_negative { -number } else { number })
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

fn parse_exponent(text: &str) -> Option<i64> {
    if text.is_empty() {
        return Some(0);
    }
    let rest = text.strip_prefix(['e', 'E'])?;
    let (is_negative, digits) = match rest.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, rest.strip_prefix('+').unwrap_or(rest)),
    };
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let exponent: i64 = is_number.then(|| digits.parse().ok())??;
    Some(if is_negative { -exponent } else { exponent })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn check(value: &str, expected: Result<u64, AmountError>) {
        let value: Value = serde_json::from_str(value).unwrap();
        assert_eq!(coins_from_json(&value), expected, "{value}");
        if value.is_number() {
            assert_eq!(coins_from_json(&json!(value.to_string())), expected, "{value}");
        }
    }

    #[test]
    fn amounts_are_read_exactly() {
        check("0", Ok(0));
        check("0.00000001", Ok(1));
        check("0.17622195", Ok(17_622_195));
        check("0.5", Ok(50_000_000));
        check("50", Ok(5_000_000_000));
        check("1e-8", Ok(1));
        check("0.1e-7", Ok(1));
        check("0.01e-6", Ok(1));
        check("10000000000e-18", Ok(1));
        check("0.00000000000000000000000000000000000001e+30", Ok(1));
        check("0.19e-6", Ok(19));
        check("20999999.9999999900000000", Ok(2_099_999_999_999_999));
        check("9999999999.99999999", Ok(999_999_999_999_999_999));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        check("-0.00000001", Err(AmountError::OutOfRange));
        check("0.000000001", Err(AmountError::Invalid));
        check("1e-9", Err(AmountError::Invalid));
        check("1e11", Err(AmountError::Invalid));
        check("10000000000", Err(AmountError::Invalid));
        check("92233720368.54775808", Err(AmountError::Invalid));
        check("true", Err(AmountError::WrongType));
        check("\"\"", Err(AmountError::Invalid));
        check("\"00.5\"", Err(AmountError::Invalid));
        check("\"1.\"", Err(AmountError::Invalid));
        check("\".5\"", Err(AmountError::Invalid));
        check("\" 1\"", Err(AmountError::Invalid));
        check("\"1e\"", Err(AmountError::Invalid));
        check("\"+1\"", Err(AmountError::Invalid));
        check("\"1 \"", Err(AmountError::Invalid));
    }

    #[test]
    fn amounts_are_written_with_eight_decimals() {
        for (units, text) in [
            (0, "0.00000000"),
            (1, "0.00000001"),
            (-1, "-0.00000001"),
            (5_000_000_000, "50.00000000"),
            (-184_467_440_737, "-1844.67440737"),
            (i64::MIN, "-92233720368.54775808"),
        ] {
            assert_eq!(to_text(units), text);
            assert_eq!(to_json(units).to_string(), text);
        }
    }

    #[test]
    fn a_command_line_may_leave_parts_out() {
        for (text, units) in [
            ("0", Some(0)),
            ("0.18", Some(18_000_000)),
            (" 1. ", Some(COIN)),
            (".5", Some(COIN / 2)),
            (".", Some(0)),
            ("", None),
            ("-1", None),
            ("1.123456789", None),
            ("12345678901", None),
            ("1 2", None),
            ("1e1", None),
        ] {
            assert_eq!(parse_money(text), units, "{text}");
        }
    }

    proptest! {
        #[test]
        fn amounts_are_read_as_they_are_written(units in 0..=consensus::limits::MAX_MONEY) {
            prop_assert_eq!(coins_from_json(&unsigned_to_json(units)), Ok(units));
            let text = unsigned_to_json(units).to_string();
            prop_assert_eq!(parse_money(&text), Some(units));
        }

        #[test]
        fn no_text_makes_reading_fail_otherwise(text in "\\PC{0,24}", decimals in 0u8..=8) {
            _ = parse_fixed_point(&text, decimals);
            _ = parse_money(&text);
        }
    }
}
