//! What a key is known by.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

/// The SHA-256 digest of a public key's `SubjectPublicKeyInfo` in DER, written as 64 hexadecimal digits.
///
/// `openssl pkey -pubin -outform der | sha256sum` makes the same of a public key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyDigest([u8; 32]);

/// A text that is no key's digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key is written as 64 hexadecimal digits")]
pub struct InvalidDigest;

impl KeyDigest {
    /// The digest of a key.
    pub(crate) fn of(public_key_info: &[u8]) -> Self {
        Self(Sha256::digest(public_key_info).into())
    }
}

impl FromStr for KeyDigest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut digest = [0; 32];
        if text.len() != 64 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(InvalidDigest);
        }
        for (index, byte) in digest.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).map_err(|_| InvalidDigest)?;
        }
        Ok(Self(digest))
    }
}

impl fmt::Display for KeyDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "KeyDigest({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{InvalidDigest, KeyDigest};

    #[test]
    fn a_digest_is_written_in_hexadecimal_digits() {
        let text = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(KeyDigest::of(b"").to_string(), text);
        assert_eq!(text.to_uppercase().parse(), Ok(KeyDigest::of(b"")));
        for wrong in [
            "",
            "e3b0",
            &text[1..],
            &format!("{text}0"),
            &format!("+{}", &text[1..]),
        ] {
            assert_eq!(wrong.parse::<KeyDigest>(), Err(InvalidDigest), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_digest_reads_what_it_writes(bytes: [u8; 32]) {
            prop_assert_eq!(KeyDigest(bytes).to_string().parse(), Ok(KeyDigest(bytes)));
        }

        #[test]
        fn any_text_is_a_digest_or_refused(text in "[0-9a-f₿]{62,66}") {
            prop_assert_eq!(text.parse::<KeyDigest>().is_ok(), text.len() == 64 && text.is_ascii());
        }
    }
}
