//! What a client shows to the RPC server, and the salted hashes that a server is told.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The value of an `Authorization` header for `user:password`.
#[must_use]
pub fn basic(credentials: &str) -> String {
    format!("Basic {}", STANDARD.encode(credentials))
}

/// The value of `-rpcauth` that lets `user` in with `password`.
#[must_use]
pub fn rpcauth(user: &str, password: &str, salt: &str) -> String {
    let mut hmac = Hmac::<Sha256>::new_from_slice(salt.as_bytes())
        .expect("a key may have any length because HMAC hashes it");
    hmac.update(password.as_bytes());
    let hash: String = hmac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{user}:{salt}${hash}")
}

#[cfg(test)]
mod tests {
    use super::rpcauth;

    #[test]
    fn rpcauth_is_what_upstreams_script_makes() {
        assert_eq!(
            rpcauth(
                "rt",
                "cA773lm788buwYe4g4WT+05pKyNruVKjQ25x3n0DQcM=",
                "93648e835a54c573682c2eb19f882535"
            ),
            "rt:93648e835a54c573682c2eb19f882535$\
             7681e9c5b74bdd85e78166031d2058e1069b3ed7ed967c93fc63abba06f31144"
        );
    }
}
