//! Numbers and truth values of the stack.

use crate::script::ScriptError;

/// How many bytes numbers may have that operations take.
pub(super) const NUMBER_SIZE: usize = 4;

/// How many bytes locks may have.
pub(super) const LOCK_SIZE: usize = 5;

/// How numbers must be encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Any,
    Shortest,
}

/// Reads a number: little-endian, with the sign in the highest bit of the last byte.
pub(super) fn read_number(bytes: &[u8], size: usize, encoding: Encoding) -> Result<i64, ScriptError> {
    let Some((&last, lower)) = bytes.split_last() else {
        return Ok(0);
    };
    if bytes.len() > size {
        return Err(ScriptError::Unknown);
    }
    let is_padded = last & 0x7f == 0 && lower.last().is_none_or(|byte| byte & 0x80 == 0);
    if encoding == Encoding::Shortest && is_padded {
        return Err(ScriptError::Unknown);
    }
    let magnitude = lower.iter().rev().fold(i64::from(last & 0x7f), |number, byte| {
        number << 8 | i64::from(*byte)
    });
    Ok(if last & 0x80 == 0 { magnitude } else { -magnitude })
}

/// A number as it is pushed.
pub(super) fn write_number(number: i64) -> Vec<u8> {
    let mut bytes: Vec<u8> = number.unsigned_abs().to_le_bytes().to_vec();
    while bytes.last() == Some(&0) {
        bytes.pop();
    }
    let sign = if number < 0 { 0x80 } else { 0 };
    match bytes.last_mut() {
        Some(last) if *last & 0x80 == 0 => *last |= sign,
        Some(_) => bytes.push(sign),
        None => (),
    }
    bytes
}

/// Whether an element counts as true: it is neither zero nor negative zero.
pub(super) fn is_true(bytes: &[u8]) -> bool {
    bytes
        .split_last()
        .is_some_and(|(last, lower)| last & 0x7f != 0 || lower.iter().any(|byte| *byte != 0))
}

/// A truth value as it is pushed.
pub(super) fn write_bool(value: bool) -> Vec<u8> {
    if value { vec![1] } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_have_the_sign_in_their_last_bit() {
        for (number, bytes) in [
            (0, &[][..]),
            (1, &[1]),
            (-1, &[0x81]),
            (127, &[0x7f]),
            (128, &[0x80, 0]),
            (-128, &[0x80, 0x80]),
            (255, &[0xff, 0]),
            (-255, &[0xff, 0x80]),
            (0x7fff_ffff, &[0xff, 0xff, 0xff, 0x7f]),
            (-0x7fff_ffff, &[0xff, 0xff, 0xff, 0xff]),
        ] {
            assert_eq!(write_number(number), bytes, "{number}");
            assert_eq!(read_number(bytes, NUMBER_SIZE, Encoding::Shortest), Ok(number));
        }
    }

    #[test]
    fn long_and_padded_numbers_are_refused() {
        for (bytes, any, shortest) in [
            (&[0][..], Ok(0), Err(ScriptError::Unknown)),
            (&[0x80], Ok(0), Err(ScriptError::Unknown)),
            (&[1, 0], Ok(1), Err(ScriptError::Unknown)),
            (&[1, 0x80], Ok(-1), Err(ScriptError::Unknown)),
            (&[0x80, 0], Ok(128), Ok(128)),
            (
                &[0, 0, 0, 0, 1],
                Err(ScriptError::Unknown),
                Err(ScriptError::Unknown),
            ),
        ] {
            assert_eq!(read_number(bytes, NUMBER_SIZE, Encoding::Any), any, "{bytes:?}");
            assert_eq!(
                read_number(bytes, NUMBER_SIZE, Encoding::Shortest),
                shortest,
                "{bytes:?}"
            );
        }
        assert_eq!(
            read_number(&[0, 0, 0, 0, 1], LOCK_SIZE, Encoding::Shortest),
            Ok(1 << 32)
        );
    }

    #[test]
    fn zero_is_false_with_any_length_and_sign() {
        for (bytes, value) in [
            (&[][..], false),
            (&[0], false),
            (&[0x80], false),
            (&[0, 0, 0x80], false),
            (&[0x80, 0], true),
            (&[0x81], true),
            (&[0, 1], true),
        ] {
            assert_eq!(is_true(bytes), value, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn numbers_are_read_as_they_were_written(number in -0x7f_ffff_ffff_i64..=0x7f_ffff_ffff) {
            prop_assert_eq!(read_number(&write_number(number), LOCK_SIZE, Encoding::Shortest), Ok(number));
        }
    }
}
