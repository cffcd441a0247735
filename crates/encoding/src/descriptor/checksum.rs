//! The eight characters at a descriptor's end (BIP 380).

use super::{Checksum, DescriptorError};

/// The characters that a descriptor may hold, in three groups of 32.
const INPUT: &str =
    "0123456789()[],'/*abcdefgh@:$%{}IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~ijklmnopqrstuvwxyzABCDEFGH`#\"\\ ";

/// The characters of a checksum.
const OUTPUT: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

const GENERATOR: [u64; 5] = [
    0x00f5_dee5_1989,
    0x00a9_fdca_3312,
    0x001b_ab10_e32d,
    0x0037_06b1_677a,
    0x0064_4d62_6ffd,
];

/// The checksum of a descriptor without one; `None` if it holds a character that none may hold.
#[must_use]
pub fn checksum(payload: &str) -> Option<String> {
    let mut sum = 1;
    let (mut groups, mut count) = (0, 0);
    for character in payload.chars() {
        let position = u64::try_from(INPUT.find(character)?).ok()?;
        sum = step(sum, position & 31);
        groups = groups * 3 + (position >> 5);
        count += 1;
        if count == 3 {
            sum = step(sum, groups);
            (groups, count) = (0, 0);
        }
    }
    if count > 0 {
        sum = step(sum, groups);
    }
    sum = (0..8).fold(sum, |sum, _| step(sum, 0)) ^ 1;
    let characters = (0..8).map(|index| {
        let symbol = sum >> (5 * (7 - index)) & 31;
        char::from(OUTPUT[usize::try_from(symbol).expect("five bits fit")])
    });
    Some(characters.collect())
}

fn step(sum: u64, value: u64) -> u64 {
    let top = sum >> 35;
    let shifted = (sum & 0x0007_ffff_ffff) << 5 ^ value;
    let taps = GENERATOR
        .iter()
        .enumerate()
        .filter(|(bit, _)| top >> bit & 1 == 1);
    taps.fold(shifted, |sum, (_, tap)| sum ^ tap)
}

/// A descriptor of characters that may be there, and its checksum.
///
/// # Panics
/// It holds other characters.
#[must_use]
pub fn with_checksum(payload: &str) -> String {
    let checksum = checksum(payload).expect("descriptors that are written hold no other characters");
    format!("{payload}#{checksum}")
}

/// What comes before the checksum, if that is right.
pub(super) fn check(text: &str, rule: Checksum) -> Result<&str, DescriptorError> {
    let mut parts = text.split('#');
    let payload = parts.next().unwrap_or_default();
    let provided = parts.next();
    if parts.next().is_some() {
        return Err(DescriptorError::SeveralChecksums);
    }
    match provided {
        None if rule == Checksum::Required => return Err(DescriptorError::ChecksumMissing),
        Some(provided) if provided.len() != 8 => {
            return Err(DescriptorError::ChecksumLength(provided.len()));
        }
        _ => {}
    }
    let computed = checksum(payload).ok_or(DescriptorError::Characters)?;
    match provided {
        Some(provided) if provided != computed => Err(DescriptorError::ChecksumMismatch {
            provided: provided.to_owned(),
            computed,
        }),
        _ => Ok(payload),
    }
}
