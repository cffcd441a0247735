//! Who may call: Basic authentication against the configured credentials.
//!
//! Comparisons take the same time whatever the client guessed, and no secret is ever shown by `Debug` or a log line.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// The accepted credentials; with none, nobody is let in.
#[derive(Clone, Default)]
pub struct Credentials {
    /// Digests of `user:password`: hashing first makes the comparison independent of lengths.
    pairs: Vec<[u8; 32]>,
    salted: Vec<SaltedCredential>,
}

#[derive(Clone)]
struct SaltedCredential {
    user: String,
    salt: String,
    /// None if the text is no hash, which no password fits.
    hash: Option<[u8; 32]>,
}

/// An `-rpcauth` value that is not `user:salt$hash`. The value itself is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("invalid -rpcauth argument")]
pub struct InvalidRpcAuth;

impl Credentials {
    /// Accepts this user with this password (the cookie, or `-rpcuser` with `-rpcpassword`).
    pub fn add_password(&mut self, user: &str, password: &str) {
        self.pairs.push(digest(&format!("{user}:{password}")));
    }

    /// Accepts the user of an `-rpcauth` value, `user:salt$hash`, the hash being HMAC-SHA256 of the password under
    /// the salt's text. As upstream, any text is taken for a hash; no password fits one that is none.
    ///
    /// # Errors
    /// [`InvalidRpcAuth`] when the value has another form.
    pub fn add_rpcauth(&mut self, value: &str) -> Result<(), InvalidRpcAuth> {
        let (user, rest) = value.split_once(':').ok_or(InvalidRpcAuth)?;
        let (salt, hash) = rest.split_once('$').ok_or(InvalidRpcAuth)?;
        if rest.contains(':') || hash.contains('$') {
            return Err(InvalidRpcAuth);
        }
        let hash = parse_hash(hash);
        self.salted.push(SaltedCredential {
            user: user.to_owned(),
            salt: salt.to_owned(),
            hash,
        });
        Ok(())
    }

    /// The user of an `Authorization` header's value, when one of the credentials fits it.
    pub(crate) fn authorize(&self, header: &[u8]) -> Option<String> {
        let encoded = header.strip_prefix(b"Basic ")?;
        let decoded = String::from_utf8(STANDARD.decode(encoded.trim_ascii()).ok()?).ok()?;
        let (user, password) = decoded.split_once(':')?;
        let offered = digest(&decoded);
        let mut fits = false;
        for pair in &self.pairs {
            fits |= equal(pair, &offered);
        }
        for salted in self.salted.iter().filter(|salted| salted.user == user) {
            let offered = salted_hash(&salted.salt, password);
            fits |= salted.hash.is_some_and(|hash| equal(&hash, &offered));
        }
        fits.then(|| user.to_owned())
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "Credentials({} passwords, {} salted)",
            self.pairs.len(),
            self.salted.len()
        )
    }
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

fn salted_hash(salt: &str, password: &str) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(salt.as_bytes())
        .expect("HMAC takes keys of any length because it hashes long ones");
    mac.update(password.as_bytes());
    mac.finalize().into_bytes().into()
}

/// Compares without an early exit.
fn equal(left: &[u8; 32], right: &[u8; 32]) -> bool {
    let difference = left
        .iter()
        .zip(right)
        .fold(0, |difference, (left, right)| difference | (left ^ right));
    std::hint::black_box(difference) == 0
}

fn parse_hash(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut hash = [0; 32];
    for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(text: &str) -> Vec<u8> {
        format!("Basic {}", STANDARD.encode(text)).into_bytes()
    }

    fn credentials() -> Credentials {
        let mut credentials = Credentials::default();
        credentials.add_password("__cookie__", "secret");
        // printf cA773lm788buwYe4g4WT+05pKyNruVKjQ25x3n0DQcM= | openssl dgst -sha256 -hmac 93648e835a54c573682c2eb19f882535
        credentials
            .add_rpcauth("rt:93648e835a54c573682c2eb19f882535$7681e9c5b74bdd85e78166031d2058e1069b3ed7ed967c93fc63abba06f31144")
            .unwrap();
        credentials
    }

    #[test]
    fn only_a_fitting_pair_is_let_in() {
        let rows = [
            ("__cookie__:secret", Some("__cookie__")),
            ("__cookie__:secret ", None),
            ("__cookie__:", None),
            ("__cookie__", None),
            (":secret", None),
            ("rt:cA773lm788buwYe4g4WT+05pKyNruVKjQ25x3n0DQcM=", Some("rt")),
            ("rt:cA773lm788buwYe4g4WT+05pKyNruVKjQ25x3n0DQcM", None),
            ("rt2:cA773lm788buwYe4g4WT+05pKyNruVKjQ25x3n0DQcM=", None),
            ("rt:secret", None),
        ];
        for (offered, expected) in rows {
            assert_eq!(
                credentials().authorize(&basic(offered)).as_deref(),
                expected,
                "{offered}"
            );
        }
    }

    #[test]
    fn other_headers_are_refused() {
        for header in ["", "Basic", "Basic ", "Basic !!!", "Bearer x", "basic Og=="] {
            assert_eq!(credentials().authorize(header.as_bytes()), None, "{header}");
        }
    }

    #[test]
    fn without_credentials_nobody_is_let_in() {
        assert_eq!(Credentials::default().authorize(&basic(":")), None);
    }

    #[test]
    fn malformed_rpcauth_values_are_refused() {
        for value in [
            "",
            "user",
            "user:salt",
            "user$salt:hash",
            "user:salt:hash",
            "user:salt$hash:",
            "user:salt$hash$hash",
        ] {
            assert_eq!(
                Credentials::default().add_rpcauth(value),
                Err(InvalidRpcAuth),
                "{value}"
            );
        }
    }

    #[test]
    fn no_password_fits_what_is_no_hash() {
        for hash in ["", "00", "zz", &"0".repeat(63), &format!("+{}", "0".repeat(63))] {
            let mut credentials = Credentials::default();
            credentials.add_rpcauth(&format!("user:salt${hash}")).unwrap();
            for offered in ["user:", "user:0", &format!("user:{hash}")] {
                assert_eq!(credentials.authorize(&basic(offered)), None, "{hash} {offered}");
            }
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        assert_eq!(
            format!("{:?}", credentials()),
            "Credentials(1 passwords, 1 salted)"
        );
    }
}
