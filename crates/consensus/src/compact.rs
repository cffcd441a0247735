//! Upstream's short forms of numbers and amounts, which assets of transactions, coins and undo data are written in.

/// Reads a number of seven bits a byte, the highest first, in which each byte but the last counts one more than it
/// shows, so that each number has one form.
///
/// What was read is cut off `data`. There is none if the bytes end before, or the number has more than 64 bits.
pub fn read_number(data: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    loop {
        let byte = *data.split_off_first()?;
        if number > u64::MAX >> 7 {
            return None;
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some(number);
        }
        number = number.checked_add(1)?;
    }
}

/// Appends a number as [`read_number`] reads it.
pub fn write_number(mut number: u64, bytes: &mut Vec<u8>) {
    let first = bytes.len();
    let mut more = 0;
    loop {
        // Seven bits always fit.
        bytes.push((number & 0x7f) as u8 | more);
        if number < 0x80 {
            break;
        }
        number = (number >> 7) - 1;
        more = 0x80;
    }
    bytes[first..].reverse();
}

/// A smaller number for an amount, the more zeros it ends with. Amounts above [`MAX_MONEY`](crate::limits::MAX_MONEY)
/// may not come back.
#[must_use]
pub fn compress_amount(amount: u64) -> u64 {
    if amount == 0 {
        return 0;
    }
    let mut mantissa = amount;
    let mut exponent = 0;
    while mantissa.is_multiple_of(10) && exponent < 9 {
        mantissa /= 10;
        exponent += 1;
    }
    let rest = if exponent < 9 {
        (mantissa / 10).wrapping_mul(9).wrapping_add(mantissa % 10 - 1)
    } else {
        mantissa - 1
    };
    rest.wrapping_mul(10).wrapping_add(exponent + 1)
}

/// The amount that [`compress_amount`] made into this number. What it never makes wraps, as upstream's does.
#[must_use]
pub fn decompress_amount(number: u64) -> u64 {
    let Some(number) = number.checked_sub(1) else {
        return 0;
    };
    let exponent = number % 10;
    let rest = number / 10;
    let mantissa = if exponent < 9 {
        (rest / 9).wrapping_mul(10).wrapping_add(rest % 9 + 1)
    } else {
        rest + 1
    };
    (0..exponent).fold(mantissa, |amount, _zero| amount.wrapping_mul(10))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::limits::MAX_MONEY;

    #[test]
    fn numbers_have_upstreams_forms() {
        for (number, expected) in [
            (0, &[0x00][..]),
            (0x7f, &[0x7f]),
            (0x80, &[0x80, 0x00]),
            (0x1234, &[0xa3, 0x34]),
            (0xffff, &[0x82, 0xfe, 0x7f]),
            (0x12_3456, &[0xc7, 0xe7, 0x56]),
            (0x8012_3456, &[0x86, 0xff, 0xc7, 0xe7, 0x56]),
            (0xffff_ffff, &[0x8e, 0xfe, 0xfe, 0xfe, 0x7f]),
            (
                u64::MAX,
                &[0x80, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0x7f],
            ),
        ] {
            let mut bytes = vec![7];
            write_number(number, &mut bytes);
            assert_eq!(&bytes[1..], expected, "{number}");
            let mut rest = &bytes[1..];
            assert_eq!((read_number(&mut rest), rest), (Some(number), &[][..]));
            assert_eq!(read_number(&mut &bytes[1..bytes.len() - 1]), None, "{number}");
        }
    }

    #[test]
    fn numbers_above_64_bits_are_refused() {
        for last in [0x00, 0x7f] {
            let bytes = [0x80, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xff, last];
            assert_eq!(read_number(&mut &bytes[..]), None);
        }
        assert_eq!(read_number(&mut &[0xff; 20][..]), None);
    }

    #[test]
    fn amounts_are_compressed_as_upstream_does() {
        for (amount, number) in [
            (0, 0),
            (1, 1),
            (1_000_000, 7),
            (100_000_000, 9),
            (5_000_000_000, 50),
            (2_100_000_000_000_000, 0x0140_6f40),
        ] {
            assert_eq!(compress_amount(amount), number, "{amount}");
            assert_eq!(decompress_amount(number), amount, "{number}");
        }
        assert_eq!(decompress_amount(10 * (1_000_000_000 - 1) + 10), MAX_MONEY + 1);
    }

    proptest! {
        #[test]
        fn any_number_comes_back(number: u64) {
            let mut bytes = Vec::new();
            write_number(number, &mut bytes);
            prop_assert_eq!(read_number(&mut &bytes[..]), Some(number));
        }

        #[test]
        fn any_amount_comes_back(amount in 0..=MAX_MONEY, zeros in 0_u32..19) {
            for amount in [amount, amount / 10_u64.pow(zeros) * 10_u64.pow(zeros)] {
                prop_assert_eq!(decompress_amount(compress_amount(amount)), amount);
            }
        }

        #[test]
        fn what_is_read_is_the_only_form(bytes: Vec<u8>) {
            let mut rest = &bytes[..];
            if let Some(number) = read_number(&mut rest) {
                let mut written = Vec::new();
                write_number(number, &mut written);
                prop_assert_eq!(&written[..], &bytes[..bytes.len() - rest.len()]);
            }
        }
    }
}
