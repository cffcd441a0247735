//! How much the node may send to others in a day.

use std::time::Duration;

use consensus::limits::MAX_BLOCK_SERIALIZED_SIZE;

/// How often a new block is expected when it is estimated what must be left for new ones.
const BLOCK_INTERVAL: Duration = Duration::from_secs(10 * 60);

/// The limit of `-maxuploadtarget`, of which nothing is used while nothing connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UploadTarget {
    bytes: u64,
}

/// The text is no number of bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Unable to parse -maxuploadtarget: '{0}'")]
pub(crate) struct UploadTargetError(String);

impl UploadTarget {
    /// The time for which the limit is.
    pub(crate) const CYCLE: Duration = Duration::from_secs(24 * 60 * 60);

    /// The limit that a text says: a number, with a unit behind it (k, m, g and t for powers of 1,000, K, M, G and T for
    /// those of 1,024) or of MiB; 0 is no limit.
    pub(crate) fn parse(text: &str) -> Result<Self, UploadTargetError> {
        let bytes = byte_units(text).ok_or_else(|| UploadTargetError(text.to_owned()))?;
        Ok(Self { bytes })
    }

    /// The limit in bytes; 0: none.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How long it is for, which begins with the first byte that is sent.
    pub(crate) fn time_left(&self) -> Duration {
        match self.bytes {
            0 => Duration::ZERO,
            _ => Self::CYCLE,
        }
    }

    /// Whether blocks are sent that are not new: what must be left for new ones is less than the limit.
    pub(crate) fn serves_old_blocks(&self) -> bool {
        let blocks = self.time_left().as_secs() / BLOCK_INTERVAL.as_secs();
        let kept = blocks.saturating_mul(u64::try_from(MAX_BLOCK_SERIALIZED_SIZE).unwrap_or(u64::MAX));
        self.bytes == 0 || kept < self.bytes
    }
}

fn byte_units(text: &str) -> Option<u64> {
    let (digits, factor) = match text.char_indices().last()? {
        (end, 'k') => (&text[..end], 1_000),
        (end, 'K') => (&text[..end], 1 << 10),
        (end, 'm') => (&text[..end], 1_000_000),
        (end, 'M') => (&text[..end], 1 << 20),
        (end, 'g') => (&text[..end], 1_000_000_000),
        (end, 'G') => (&text[..end], 1 << 30),
        (end, 't') => (&text[..end], 1_000_000_000_000),
        (end, 'T') => (&text[..end], 1 << 40),
        _ => (text, 1 << 20),
    };
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = digits.parse().ok().filter(|_| is_number)?;
    number.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_told_by_their_letter() {
        for (text, expected) in [
            ("0", Some(0)),
            ("1", Some(1 << 20)),
            ("0M", Some(0)),
            ("3k", Some(3_000)),
            ("3K", Some(3_072)),
            ("2m", Some(2_000_000)),
            ("2M", Some(2 << 20)),
            ("1g", Some(1_000_000_000)),
            ("1G", Some(1 << 30)),
            ("1t", Some(1_000_000_000_000)),
            ("1T", Some(1 << 40)),
            ("16777216T", None),
            ("17592186044416", None),
            ("", None),
            ("M", None),
            ("-1", None),
            ("+1", None),
            ("1.5M", None),
            ("1 M", None),
            ("1Mb", None),
            ("1₿", None),
        ] {
            assert_eq!(byte_units(text), expected, "{text:?}");
        }
        assert_eq!(
            UploadTarget::parse("₿").unwrap_err().to_string(),
            "Unable to parse -maxuploadtarget: '₿'"
        );
    }

    #[test]
    fn old_blocks_are_sent_where_enough_is_left_for_new_ones() {
        for (text, expected) in [("0", true), ("800M", false), ("4999M", false), ("6g", true)] {
            let target = UploadTarget::parse(text).unwrap();
            assert_eq!(target.serves_old_blocks(), expected, "{text}");
        }
    }
}
