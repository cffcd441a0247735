//! Private keys in wallet import format.

use bitcoin::base58;
use bitcoin::secp256k1::{self, Secp256k1, SecretKey as Scalar, Signing};
use consensus::params::AddressParams;
use thiserror::Error;

/// A private key, and the form of the public key that goes with it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SecretKey {
    /// The number.
    pub scalar: Scalar,
    /// Whether the public key is written with 33 bytes.
    pub is_compressed: bool,
}

/// The text is no private key of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("invalid private key")]
pub struct SecretKeyError;

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SecretKey(…)")
    }
}

impl SecretKey {
    /// Reads a key of a chain.
    ///
    /// # Errors
    /// [`SecretKeyError`] if the text is none.
    pub fn decode(text: &str, chain: &AddressParams) -> Result<Self, SecretKeyError> {
        let payload = base58::decode_check(text).map_err(|_| SecretKeyError)?;
        let (scalar, is_compressed) = match payload.as_slice() {
            [prefix, scalar @ .., 1] if *prefix == chain.secret_key && scalar.len() == 32 => (scalar, true),
            [prefix, scalar @ ..] if *prefix == chain.secret_key && scalar.len() == 32 => (scalar, false),
            _ => return Err(SecretKeyError),
        };
        let scalar = Scalar::from_slice(scalar).map_err(|_| SecretKeyError)?;
        Ok(Self {
            scalar,
            is_compressed,
        })
    }

    /// The text of the key on a chain.
    #[must_use]
    pub fn encode(&self, chain: &AddressParams) -> String {
        let mut payload = vec![chain.secret_key];
        payload.extend(self.scalar.secret_bytes());
        if self.is_compressed {
            payload.push(1);
        }
        base58::encode_check(&payload)
    }

    /// The public key.
    #[must_use]
    pub fn public_key<C: Signing>(&self, secp: &Secp256k1<C>) -> bitcoin::PublicKey {
        bitcoin::PublicKey {
            compressed: self.is_compressed,
            inner: secp256k1::PublicKey::from_secret_key(secp, &self.scalar),
        }
    }
}

#[cfg(test)]
mod tests {
    use consensus::{Network, Params};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn keys_are_read_as_they_are_written(bytes in any::<[u8; 32]>(), is_compressed: bool) {
            let scalar = Scalar::from_slice(&bytes);
            prop_assume!(scalar.is_ok());
            let key = SecretKey { scalar: scalar.unwrap(), is_compressed };
            let chain = |network| Params::new(network).address;
            let text = key.encode(&chain(Network::Regtest));
            prop_assert_eq!(SecretKey::decode(&text, &chain(Network::Regtest)), Ok(key));
            prop_assert_eq!(SecretKey::decode(&text, &chain(Network::Main)), Err(SecretKeyError));
        }
    }

    #[test]
    fn a_key_of_bitcoins_documents_is_read() {
        let chain = Params::new(Network::Main).address;
        let key = SecretKey::decode("5HpHagT65TZzG1PH3CSu63k8DbpvD8s5ip4nEB3kEsreAnchuDf", &chain).unwrap();
        assert!(!key.is_compressed);
        assert_eq!(key.scalar.secret_bytes()[31], 1);
        let zero = base58::encode_check(&[vec![128], vec![0; 32]].concat());
        assert_eq!(SecretKey::decode(&zero, &chain), Err(SecretKeyError));
        assert_eq!(SecretKey::decode("", &chain), Err(SecretKeyError));
        assert!(!format!("{key:?}").contains('1'));
    }
}
