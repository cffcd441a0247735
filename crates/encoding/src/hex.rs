//! Bytes as hexadecimal digits, for whole blocks too. Reading them is the affair of what is read.

/// Two digits for each byte, letters in lower case.
#[must_use]
pub fn to_hex(bytes: &[u8]) -> String {
    // Without a branch or a table, so that the compiler takes many bytes at a time.
    let digit = |value: u8| value + b'0' + ((value + 6) >> 4) * (b'a' - b'9' - 1);
    let digits: Vec<[u8; 2]> = bytes
        .iter()
        .map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect();
    String::from_utf8(digits.into_flattened()).expect("digits are ASCII")
}

#[cfg(test)]
mod tests {
    use super::to_hex;

    #[test]
    fn each_byte_has_two_digits() {
        let all: Vec<u8> = (0..=255).collect();
        let expected: String = all.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(to_hex(&all), expected);
        assert_eq!(to_hex(&[]), "");
    }
}
