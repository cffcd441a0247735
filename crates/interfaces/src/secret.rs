//! Passphrases and private keys: told apart by type, so that no log ever shows them.

use std::fmt;
use std::str::Utf8Error;

use zeroize::Zeroizing;

/// Bytes that are shown to nobody by accident and overwritten when they are dropped.
///
/// It has no comparison and no display; [`Debug`](fmt::Debug) tells neither content nor length.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// The bytes, for whoever must use them.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The text, where the secret is one.
    ///
    /// # Errors
    /// The bytes are not UTF-8. The error says where, not what.
    pub fn expose_text(&self) -> Result<&str, Utf8Error> {
        std::str::from_utf8(&self.0)
    }

    /// Whether there is nothing in it. An empty passphrase is no passphrase.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(..)")
    }
}

impl From<Vec<u8>> for Secret {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn what_is_shown_tells_nothing_of_the_secret() {
        for secret in [Secret::from(String::new()), Secret::from("hunter2".to_owned())] {
            assert_eq!(format!("{secret:?}"), "Secret(..)");
            assert_eq!(format!("{:#?}", Some(&secret)), "Some(\n    Secret(..),\n)");
        }
    }

    #[test]
    fn the_secret_is_there_for_who_asks() {
        let secret = Secret::from("hunter2".to_owned());
        assert_eq!(secret.expose(), b"hunter2");
        assert_eq!(secret.expose_text(), Ok("hunter2"));
        assert!(!secret.is_empty());
        assert!(Secret::from(Vec::new()).is_empty());
        assert!(Secret::from(vec![0xff]).expose_text().is_err());
    }
}
