//! Which characters of a text that is almost bech32 are likely to be wrong.
//!
//! Two kinds of checksum are tried (BIP 173 and BIP 350). Each finds up to two wrong characters: no two patterns of so
//! few leave the same remainder.

use std::collections::HashMap;

/// The longest text.
pub(super) const MAX_LENGTH: usize = 90;

/// The characters, in the order of the symbols that they stand for.
const CHARACTERS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// Characters of a checksum.
const CHECKSUM_LENGTH: usize = 6;

/// What a right text leaves, and what is said of a wrong one.
const KINDS: [(u32, &str); 2] = [
    (1, "Invalid Bech32 checksum"),
    (0x2bc8_30a3, "Invalid Bech32m checksum"),
];

/// What is wrong, and where.
pub(super) fn locate_errors(text: &str) -> (&'static str, Vec<usize>) {
    let bytes = text.as_bytes();
    if bytes.len() > MAX_LENGTH {
        return ("Bech32 string too long", (MAX_LENGTH..bytes.len()).collect());
    }
    let odd = odd_characters(bytes);
    if !odd.is_empty() {
        return ("Invalid character or mixed case", odd);
    }
    let Some(separator) = bytes.iter().rposition(|byte| *byte == b'1') else {
        return ("Missing separator", Vec::new());
    };
    if separator == 0 || separator + CHECKSUM_LENGTH >= bytes.len() {
        return ("Invalid separator position", vec![separator]);
    }
    let bytes = bytes.to_ascii_lowercase();
    let mut symbols = prefix_symbols(&bytes[..separator]);
    for (index, byte) in bytes.iter().enumerate().skip(separator + 1) {
        match CHARACTERS.iter().position(|character| character == byte) {
            Some(symbol) => symbols.push(symbol),
            None => return ("Invalid Base 32 character", vec![index]),
        }
    }
    locate_in_data(&symbols, bytes.len() - separator - 1, bytes.len())
}

fn locate_in_data(symbols: &[usize], data_length: usize, length: usize) -> (&'static str, Vec<usize>) {
    let patterns = Patterns::new(data_length);
    let mut best: (&str, Vec<usize>) = ("Invalid checksum", Vec::new());
    for (constant, message) in KINDS {
        let found = patterns.find(remainder(symbols) ^ constant);
        if !found.is_empty() && (best.1.is_empty() || found.len() < best.1.len()) {
            let locations = found.into_iter().map(|position| length - position - 1);
            best = (message, locations.collect());
        }
    }
    best
}

/// Characters that no text may hold, and letters of another case than those before.
fn odd_characters(bytes: &[u8]) -> Vec<usize> {
    let (mut has_lower, mut has_upper) = (false, false);
    let mut odd = Vec::new();
    for (index, byte) in bytes.iter().enumerate() {
        let is_odd = match byte {
            b'a'..=b'z' => {
                has_lower |= !has_upper;
                has_upper
            }
            b'A'..=b'Z' => {
                has_upper |= !has_lower;
                has_lower
            }
            33..=126 => false,
            _ => true,
        };
        if is_odd {
            odd.push(index);
        }
    }
    odd
}

/// What a prefix counts as in the checksum.
fn prefix_symbols(prefix: &[u8]) -> Vec<usize> {
    let high = prefix.iter().map(|byte| usize::from(byte >> 5));
    let low = prefix.iter().map(|byte| usize::from(byte & 31));
    high.chain([0]).chain(low).collect()
}

/// A remainder times `x`, and a symbol.
fn step(remainder: u32, symbol: usize) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let top = remainder >> 25;
    let shifted = (remainder & 0x01ff_ffff) << 5 ^ u32::try_from(symbol).unwrap_or(0);
    let taps = GENERATOR
        .iter()
        .enumerate()
        .filter(|(bit, _)| top >> bit & 1 == 1);
    taps.fold(shifted, |sum, (_, tap)| sum ^ tap)
}

fn remainder(symbols: &[usize]) -> u32 {
    symbols.iter().fold(1, |sum, symbol| step(sum, *symbol))
}

/// What each single wrong character adds to the remainder.
struct Patterns {
    /// The position from the end, by what is added.
    positions: HashMap<u32, usize>,
}

impl Patterns {
    fn new(length: usize) -> Self {
        let mut positions = HashMap::new();
        for symbol in 1..32 {
            let mut added = step(0, symbol);
            for position in 0..length {
                positions.insert(added, position);
                added = step(added, 0);
            }
        }
        Self { positions }
    }

    /// The positions from the end of one or two characters that explain a remainder, the leftmost first.
    fn find(&self, remainder: u32) -> Vec<usize> {
        if let Some(position) = self.positions.get(&remainder) {
            return vec![*position];
        }
        for (added, first) in &self.positions {
            if let Some(second) = self.positions.get(&(remainder ^ added)) {
                return vec![*first.max(second), *first.min(second)];
            }
        }
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, message: &str, locations: &[usize]) {
        assert_eq!(locate_errors(text), (message, locations.to_vec()), "{text}");
    }

    #[test]
    fn forms_that_cannot_be_are_told() {
        check("bcrt1\u{20}q", "Invalid character or mixed case", &[5]);
        check("BCRT1q", "Invalid character or mixed case", &[5]);
        check("bcrtq", "Missing separator", &[]);
        check("1qqqqqqq", "Invalid separator position", &[0]);
        check("bcrt1qqqqq", "Invalid separator position", &[4]);
        check("bcrt1qqqqqb", "Invalid Base 32 character", &[10]);
        let long = format!("bcrt1{}", "q".repeat(88));
        check(&long, "Bech32 string too long", &[90, 91, 92]);
    }

    #[test]
    fn up_to_two_wrong_characters_are_found() {
        let right = "bcrt1qtmp74ayg7p24uslctssvjm06q5phz4yrxucgnv";
        for first in 5..right.len() {
            for second in first..right.len() {
                let mut wrong = right.as_bytes().to_vec();
                let mut expected = vec![first];
                wrong[first] = if wrong[first] == b'q' { b'p' } else { b'q' };
                if second > first {
                    wrong[second] = if wrong[second] == b'z' { b'r' } else { b'z' };
                    expected.push(second);
                }
                let wrong = String::from_utf8(wrong).unwrap();
                check(&wrong, "Invalid Bech32 checksum", &expected);
            }
        }
    }
}
