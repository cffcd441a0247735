//! Messages signed with the key of an address.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bitcoin::consensus::encode::Encodable as _;
use bitcoin::hashes::{Hash as _, sha256d};
use bitcoin::secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use bitcoin::secp256k1::{Message, Secp256k1};
use consensus::params::AddressParams;
use thiserror::Error;

use crate::{Address, SecretKey};

/// What is hashed before each message, so that nobody signs a transaction without knowing it.
const MAGIC: &str = "Syscoin Signed Message:\n";

/// Why a signature cannot be checked. One that is of another key or message is no error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MessageError {
    /// The address is none.
    #[error("Invalid address")]
    Address,
    /// The address is not of a public key's hash.
    #[error("Address does not refer to key")]
    NoKey,
    /// The signature is no base64.
    #[error("Malformed base64 encoding")]
    Signature,
}

fn hash(message: &str) -> Message {
    let mut engine = sha256d::Hash::engine();
    for text in [MAGIC, message] {
        text.to_owned()
            .consensus_encode(&mut engine)
            .expect("hashing does not fail");
    }
    Message::from_digest(sha256d::Hash::from_engine(engine).to_byte_array())
}

/// A message's signature, as base64.
#[must_use]
pub fn sign(key: &SecretKey, message: &str) -> String {
    let signature = Secp256k1::signing_only().sign_ecdsa_recoverable(&hash(message), &key.scalar);
    let (id, compact) = signature.serialize_compact();
    let form = if key.is_compressed { 31 } else { 27 };
    let mut bytes = vec![form + id.to_i32().to_le_bytes()[0]];
    bytes.extend(compact);
    STANDARD.encode(bytes)
}

/// Whether a signature is of this message, by the key of this address.
///
/// # Errors
/// [`MessageError`] if that cannot be said.
pub fn verify(
    address: &str,
    signature: &str,
    message: &str,
    chain: &AddressParams,
) -> Result<bool, MessageError> {
    let address = Address::decode(address, chain).map_err(|_| MessageError::Address)?;
    if !matches!(address, Address::PublicKeyHash(_)) {
        return Err(MessageError::NoKey);
    }
    let bytes = STANDARD.decode(signature).map_err(|_| MessageError::Signature)?;
    Ok(recover(&bytes, message).is_some_and(|key| Address::of_public_key(&key.to_bytes()) == address))
}

fn recover(signature: &[u8], message: &str) -> Option<bitcoin::PublicKey> {
    let (form, compact) = signature.split_first()?;
    let form = form.checked_sub(27).filter(|form| *form < 8)?;
    let id = RecoveryId::from_i32(i32::from(form & 3)).ok()?;
    let signature = RecoverableSignature::from_compact(compact, id).ok()?;
    let inner = Secp256k1::verification_only()
        .recover_ecdsa(&hash(message), &signature)
        .ok()?;
    Some(bitcoin::PublicKey {
        compressed: form & 4 != 0,
        inner,
    })
}

#[cfg(test)]
mod tests {
    use consensus::{Network, Params};
    use proptest::prelude::*;

    use super::*;

    fn chain() -> AddressParams {
        Params::new(Network::Regtest).address
    }

    fn key(is_compressed: bool) -> SecretKey {
        let key =
            SecretKey::decode("cUeKHd5orzT3mz8P9pxyREHfsWtVfgsfDjiZZBcjUBAaGk1BTj7N", &chain()).unwrap();
        SecretKey { is_compressed, ..key }
    }

    #[test]
    fn a_signature_that_cannot_be_checked_is_told() {
        let address =
            Address::of_public_key(&key(true).public_key(&Secp256k1::new()).to_bytes()).encode(&chain());
        let signature = sign(&key(true), "x");
        for (address, signature, expected) in [
            ("invalid_addr", signature.as_str(), Err(MessageError::Address)),
            (
                "2MzQwSSnBHWHqSAqtTVQ6v47XtaisrJa1Vc",
                &signature,
                Err(MessageError::NoKey),
            ),
            (&address, "invalid_sig", Err(MessageError::Signature)),
            (&address, "", Ok(false)),
            (&address, "QUJD", Ok(false)),
            (&address, &signature, Ok(true)),
        ] {
            assert_eq!(
                verify(address, signature, "x", &chain()),
                expected,
                "{address} {signature}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_signature_is_of_its_message_and_key_alone(message: String, other: String, is_compressed: bool) {
            let address = |key: SecretKey| Address::of_public_key(&key.public_key(&Secp256k1::new()).to_bytes()).encode(&chain());
            let signature = sign(&key(is_compressed), &message);
            prop_assert_eq!(verify(&address(key(is_compressed)), &signature, &message, &chain()), Ok(true));
            prop_assert_eq!(verify(&address(key(!is_compressed)), &signature, &message, &chain()), Ok(false));
            prop_assert_eq!(verify(&address(key(is_compressed)), &signature, &other, &chain()), Ok(message == other));
        }
    }
}
